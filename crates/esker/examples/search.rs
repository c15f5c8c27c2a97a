//! Tunes boosting on arrays of floats, for the benchmark: `search FOLDER [THREADS=n] [METHOD=random|tpe] [HALVING=true|false] [TRIALS=n] [FOLDS=n]`.
//!
//! FOLDER holds `shape` (rows and features first) and little-endian f64 arrays: `x.f64`, feature after feature, NaN for missing, and `y.f64`.
//! Prints one line of JSON: seconds, the inner score of the best candidate and of the untuned settings, candidates and fits.

use std::path::Path;
use std::time::Instant;

use esker::{Context, Plan, Recipe, Table};
use esker_core::Column;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const RECIPE: &str = r#"
[data]
source = "arrays"
[roles]
target = "y"
[validate]
design = "random"
inner = FOLDS
[[model]]
kind = "boosting"
trees = 100
tune = { trials = TRIALS, method = "METHOD", halving = HALVING, search = { rate = [0.03, 0.3], leaves = [8, 63], min_leaf = [5, 99], lambda = [1e-3, 10.0] } }
columns = 1.0
rows = 1.0
"#;

fn floats(path: &Path) -> Outcome<Vec<f64>> {
    let bytes = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(bytes.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap_or_default())).collect())
}

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [folder, rest @ ..] = words.as_slice() else { return Err("usage: search FOLDER [NAME=value ...]".into()) };
    let given = |name: &str, default: &str| {
        let found = rest.iter().find_map(|w| w.split_once('=').filter(|(key, _)| *key == name));
        found.map_or_else(|| default.to_owned(), |(_, value)| value.to_owned())
    };
    let mut text = RECIPE.to_owned();
    for (name, default) in [("TRIALS", "20"), ("METHOD", "random"), ("HALVING", "false"), ("FOLDS", "5")] {
        text = text.replace(name, &given(name, default));
    }
    let folder = Path::new(folder);
    let rows: usize = std::fs::read_to_string(folder.join("shape"))?.split_whitespace().next().ok_or("no shape")?.parse()?;
    let x = floats(&folder.join("x.f64"))?;
    let mut columns: Vec<Column> =
        x.chunks_exact(rows).enumerate().map(|(j, values)| Column::real(format!("x{j:03}"), "", values.to_vec())).collect();
    columns.push(Column::real("y", "", floats(&folder.join("y.f64"))?));
    let plan = Plan::new(Recipe::parse("search.toml", &text)?, Table::new(columns).map_err(|e| e.to_string())?, None)?;
    let cx = Context::new(given("SEED", "1").parse()?, given("THREADS", "2").parse()?);
    let from = Instant::now();
    let found = plan.tune("boosting", &cx).map_err(|e| e.to_string())?.ok_or("nothing was tuned")?;
    let seconds = from.elapsed().as_secs_f64();
    println!(
        "{{\"search\": {seconds}, \"score\": {}, \"own\": {}, \"trials\": {}, \"fits\": {}}}",
        found.score, found.default_score, found.trials, found.fits
    );
    Ok(())
}
