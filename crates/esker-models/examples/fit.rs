//! Fits and asks a model on arrays of floats, for the benchmarks: `fit FOLDER MODEL TASK [THREADS=n] [REPEATS=n] [SEED=n] [EXPLAIN=false] [CLASSES=j,k] [name=value ...]`.
//!
//! FOLDER holds `shape` (training rows, features, held-out rows) and little-endian f64 arrays: `x.f64` and `xt.f64`, feature after
//! feature, NaN for missing, `y.f64` and `yt.f64`. TASK is `regression` or `classes`; CLASSES names the features (from 0) whose numbers are classes. Prints one line of JSON: seconds of fitting, of predicting
//! the training rows, of one row, of the contributions of features in at most 10,000 held-out rows, of interactions in 1,000 of them, of five
//! permutations of each feature in 10,000, of partial dependence at 50 values of each feature, the held-out loss, memory beyond the data.

use std::path::Path;
use std::time::Instant;

use esker_core::{Codes, Column, Context, Model, Prediction, Rng, Samples, Setting, Settings, Support};
use esker_models::Kind;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn floats(path: &Path) -> Outcome<Vec<f64>> {
    let bytes = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(bytes.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap_or_default())).collect())
}

fn labels(values: &[f64]) -> Codes {
    Codes::from_labels(&values.iter().map(|v| (!v.is_nan()).then(|| v.to_string())).collect::<Vec<_>>())
}

fn samples(folder: &Path, which: &str, rows: usize, (classes, among): (bool, &[usize])) -> Outcome<Samples> {
    let x = floats(&folder.join(format!("x{which}.f64")))?;
    let mut columns: Vec<Column> = x
        .chunks_exact(rows)
        .enumerate()
        .map(|(j, values)| {
            let name = format!("x{j:03}");
            if among.contains(&j) { Column::class(name, labels(values)) } else { Column::real(name, "", values.to_vec()) }
        })
        .collect();
    let y = floats(&folder.join(format!("y{which}.f64")))?;
    columns.push(if classes { Column::class("y", labels(&y)) } else { Column::real("y", "", y) });
    Samples::new(columns, Support::bare(rows), None).map_err(|e| e.to_string().into())
}

/// Root mean square error, or mean negative log probability of the true class.
fn loss(said: &Prediction, truth: &[f64]) -> f64 {
    let n = truth.len() as f64;
    match said {
        Prediction::Class { levels, probability, .. } => {
            let of = |row: &[f64], y: &f64| levels.iter().zip(row).find(|(l, _)| **l == y.to_string()).map_or(0.0, |(_, p)| *p);
            probability.chunks_exact(levels.len()).zip(truth).map(|(row, y)| -of(row, y).max(1e-15).ln()).sum::<f64>() / n
        }
        _ => {
            let centre = said.centre().unwrap_or_default();
            (centre.iter().zip(truth).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / n).sqrt()
        }
    }
}

/// Answers with each feature's values in another order, five times.
fn permute(model: &dyn Model, at: &Samples, names: &[String]) -> esker_core::Result<usize> {
    let sets: Vec<&[String]> = names.chunks(1).collect();
    let mut rng = Rng::new(1);
    let mut order: Vec<usize> = (0..at.rows()).collect();
    (0..5).try_fold(0, |sum, _| {
        rng.shuffle(&mut order);
        Ok(sum + model.predict_shuffled(at, &order, &sets)?.len())
    })
}

fn memory(key: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with(key)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
}

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [folder, model, task, rest @ ..] = words.as_slice() else {
        return Err("usage: fit FOLDER MODEL regression|classes [THREADS=n] [REPEATS=n] [SEED=n] [EXPLAIN=false] [name=value ...]".into());
    };
    let kind = Kind::parse(model).ok_or("no such model")?;
    let parameters = kind.parameters();
    let mut settings = Settings::defaults(&parameters);
    let (mut threads, mut repeats, mut seed, mut explain) = (2, 1, 1, true);
    let mut among = Vec::new();
    for word in rest {
        let (name, value) = word.split_once('=').ok_or("name=value is wanted")?;
        match name {
            "THREADS" => threads = value.parse()?,
            "REPEATS" => repeats = value.parse()?,
            "SEED" => seed = value.parse()?,
            "EXPLAIN" => explain = value.parse()?,
            "CLASSES" => among = value.split(',').map(str::parse).collect::<Result<Vec<usize>, _>>()?,
            _ => {
                let number = value.parse().map(Setting::Integer).or_else(|_| value.parse().map(Setting::Real));
                let value = number.unwrap_or_else(|_| value.parse().map_or_else(|_| Setting::Text(value.to_owned()), Setting::Flag));
                settings = settings.set(&parameters, name, value).map_err(|e| e.to_string())?;
            }
        }
    }
    let folder = Path::new(folder);
    let shape: Vec<usize> = std::fs::read_to_string(folder.join("shape"))?.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let (train, test) =
        (samples(folder, "", shape[0], (task == "classes", &among))?, samples(folder, "t", shape[2], (task == "classes", &among))?);
    let truth = floats(&folder.join("yt.f64"))?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let (mut fits, mut asks, mut singles, mut told, mut said) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), f64::NAN);
    let (mut pairs, mut permuted, mut partial) = (Vec::new(), Vec::new(), Vec::new());
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let before = memory("VmRSS");
    let mut peak = f64::NAN;
    let (one, some) = (test.select(&[0]), test.select(&(0..test.rows().min(10_000)).collect::<Vec<_>>()));
    let few = some.select(&(0..some.rows().min(1000)).collect::<Vec<_>>());
    let fifty: Vec<usize> = (0..50.min(test.rows())).collect();
    let grids: Vec<Column> = test.features("y").map(|c| c.select(&fifty)).collect();
    let names: Vec<String> = test.features("y").map(|c| c.name.clone()).collect();
    for _ in 0..repeats {
        let cx = Context::new(seed, threads);
        let begin = Instant::now();
        let model = pool.install(|| kind.estimator(&settings).fit(&train, "y", &cx)).map_err(|e| e.to_string())?;
        fits.push(begin.elapsed().as_secs_f64());
        peak = memory("VmHWM") - before;
        said = loss(&pool.install(|| model.predict(&test)).map_err(|e| e.to_string())?, &truth);
        let begin = Instant::now();
        pool.install(|| model.predict(&train)).map_err(|e| e.to_string())?;
        asks.push(begin.elapsed().as_secs_f64());
        let begin = Instant::now();
        for _ in 0..50 {
            model.predict(&one).map_err(|e| e.to_string())?;
        }
        singles.push(begin.elapsed().as_secs_f64() / 50.0);
        if explain {
            let begin = Instant::now();
            pool.install(|| model.contributions(&some)).map_err(|e| e.to_string())?;
            told.push(begin.elapsed().as_secs_f64());
            let begin = Instant::now();
            pool.install(|| model.interactions(&few)).map_err(|e| e.to_string())?;
            pairs.push(begin.elapsed().as_secs_f64());
            let begin = Instant::now();
            pool.install(|| permute(&*model, &some, &names)).map_err(|e| e.to_string())?;
            permuted.push(begin.elapsed().as_secs_f64());
            let begin = Instant::now();
            pool.install(|| model.dependence(&some, &grids)).map_err(|e| e.to_string())?;
            partial.push(begin.elapsed().as_secs_f64());
        }
    }
    let list = |v: &[f64]| v.iter().map(|x| format!("{x:.6}")).collect::<Vec<_>>().join(", ");
    println!(
        "{{\"fit\": [{}], \"predict\": [{}], \"one\": [{}], \"contributions\": [{}], \"interactions\": [{}], \"permutation\": [{}], \"dependence\": [{}], \"loss\": {said:.6}, \"extra_mib\": {peak:.1}}}",
        list(&fits),
        list(&asks),
        list(&singles),
        list(&told),
        list(&pairs),
        list(&permuted),
        list(&partial)
    );
    Ok(())
}
