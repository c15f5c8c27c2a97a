//! Times forests and boosting on a CSV table and scores them over folds.
//!
//! `trees TABLE TARGET KIND FOLDS [DROP=a,b] [GROUP=column] [THREADS=n] [SEED=n] [name=value ...]`: KIND is `forest` or
//! `boosting`, FOLDS the number of folds (of shuffled rows or shuffled groups), `name=value` a parameter.
//! Columns whose every value reads as a number are numbers, an empty cell is missing; a target of up to 30 distinct
//! whole numbers is taken as classes.

use std::time::Instant;

use esker_core::{Codes, Column, Context, Prediction, Rng, Samples, Setting, Settings, Support, Values};
use esker_models::Kind;

fn column(name: &str, cells: &[Option<&str>], target: bool) -> Column {
    let numbers: Option<Vec<f64>> = cells.iter().map(|c| c.map_or(Some(f64::NAN), |t| t.parse().ok())).collect();
    let Some(numbers) = numbers else { return Column::class(name, Codes::from_labels(cells)) };
    let mut distinct = numbers.clone();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    if target && distinct.len() <= 30 && distinct.iter().all(|x| x.fract() == 0.0) {
        return Column::class(name, Codes::from_labels(cells));
    }
    Column::real(name, "", numbers)
}

fn score(truth: &Values, said: &Prediction) -> (f64, f64) {
    match truth {
        Values::Real(y) => {
            let centre = said.centre().expect("numbers were asked for");
            let mean = y.iter().sum::<f64>() / y.len() as f64;
            let left: f64 = y.iter().zip(centre).map(|(a, b)| (a - b).powi(2)).sum();
            (left, y.iter().map(|a| (a - mean).powi(2)).sum())
        }
        Values::Class(c) => {
            let classes = said.classes().expect("classes were asked for");
            let right = classes.iter().zip(c.codes()).filter(|(a, b)| a == b).count();
            (right as f64, c.len() as f64)
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [table, target, kind, folds, rest @ ..] = words.as_slice() else {
        return Err("usage: trees TABLE TARGET KIND FOLDS [DROP=a,b] [GROUP=column] [THREADS=n] [SEED=n] [name=value ...]".into());
    };
    let (mut drop, mut group, mut threads, mut seed) = (Vec::new(), None, 1usize, 7);
    let kind = Kind::parse(kind).ok_or("no such kind")?;
    let parameters = kind.parameters();
    let mut settings = Settings::defaults(&parameters);
    for word in rest {
        let (name, value) = word.split_once('=').ok_or("name=value is wanted")?;
        match name {
            "DROP" => drop = value.split(',').collect(),
            "GROUP" => group = Some(value),
            "THREADS" => threads = value.parse()?,
            "SEED" => seed = value.parse()?,
            _ => {
                let value = value.parse().map(Setting::Integer).or_else(|_| value.parse().map(Setting::Real))?;
                settings = settings.set(&parameters, name, value).map_err(|e| e.to_string())?;
            }
        }
    }
    let text = std::fs::read_to_string(table)?;
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().ok_or("an empty table")?.split(',').collect();
    let cells: Vec<Vec<&str>> = lines.map(|l| l.split(',').collect()).collect();
    let of = |j: usize| -> Vec<Option<&str>> { cells.iter().map(|row| row.get(j).copied().filter(|t| !t.is_empty())).collect() };
    let columns: Vec<Column> = names
        .iter()
        .enumerate()
        .filter(|(_, n)| !drop.contains(n) && Some(**n) != group)
        .map(|(j, n)| column(n, &of(j), n == target))
        .collect();
    let rows = cells.len();
    let samples = Samples::new(columns, Support::bare(rows), None).map_err(|e| e.to_string())?;
    let folds: usize = folds.parse()?;
    let units = group.and_then(|g| names.iter().position(|n| *n == g)).map(|j| Codes::from_labels(&of(j)));
    let count = units.as_ref().map_or(rows, |u| u.levels().len());
    let mut order: Vec<usize> = (0..count).collect();
    Rng::new(seed).shuffle(&mut order);
    let fold: Vec<usize> = (0..rows).map(|r| order[units.as_ref().map_or(r, |u| u.codes()[r] as usize)] % folds).collect();
    println!("{rows} rows, {} features, {folds} folds", samples.columns().len() - 1);
    let (mut fit, mut predict, mut sums, mut scores) = (0.0, 0.0, (0.0, 0.0), Vec::new());
    for k in 0..folds {
        let pick = |test: bool| (0..rows).filter(|&r| (fold[r] == k) == test).collect::<Vec<_>>();
        let (train, test) = (samples.select(&pick(false)), samples.select(&pick(true)));
        let cx = Context::new(1, threads);
        let begin = Instant::now();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        let model = pool.install(|| kind.estimator(&settings).fit(&train, target, &cx)).map_err(|e| e.to_string())?;
        fit += begin.elapsed().as_secs_f64();
        let begin = Instant::now();
        let said = pool.install(|| model.predict(&test)).map_err(|e| e.to_string())?;
        predict += begin.elapsed().as_secs_f64();
        let (a, b) = score(&test.column(target).map_err(|e| e.to_string())?.values, &said);
        sums = (sums.0 + a, sums.1 + b);
        scores.push(a / b);
    }
    let real = samples.column(target).map_err(|e| e.to_string())?.reals().is_ok();
    let each: Vec<f64> = scores.iter().map(|s| if real { 1.0 - s } else { *s }).collect();
    let pooled = if real { 1.0 - sums.0 / sums.1 } else { sums.0 / sums.1 };
    let (name, n) = (if real { "R2" } else { "accuracy" }, folds as f64);
    println!("folds: {}", each.iter().map(|s| format!("{s:.3}")).collect::<Vec<_>>().join(" "));
    println!("{name} pooled {pooled:.4}, mean of folds {:.4}", each.iter().sum::<f64>() / n);
    println!("a fit {:.3} s, a prediction {:.4} s, {threads} threads", fit / n, predict / n);
    Ok(())
}
