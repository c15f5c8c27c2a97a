//! Draws every figure about real places with invented scores, to look at: `gallery TABLE.csv X Y GROUP CRS FOLDER`.
//!
//! `X`, `Y` and `GROUP` name columns. With a seventh word, `classes`, a classification is drawn instead of a regression.

#[path = "../tests/common/mod.rs"]
mod common;

use std::error::Error;
use std::time::Instant;

use common::Spot;
use esker_report::{figure, png};

fn spots(path: &str, columns: [&str; 3]) -> Result<Vec<Spot>, Box<dyn Error>> {
    let text = std::fs::read_to_string(path)?;
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let place = |name: &str| header.iter().position(|h| *h == name).ok_or_else(|| format!("no column '{name}' in {path}"));
    let (x, y, group) = (place(columns[0])?, place(columns[1])?, place(columns[2])?);
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let number = |i: usize| cells.get(i).and_then(|c| c.parse().ok()).unwrap_or(f64::NAN);
            Ok(Spot { x: number(x), y: number(y), group: cells.get(group).copied().unwrap_or_default().to_owned() })
        })
        .collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [table, x, y, group, crs, folder, rest @ ..] = words.as_slice() else {
        return Err("usage: gallery TABLE.csv X Y GROUP CRS FOLDER [classes]".into());
    };
    let spots = spots(table, [x, y, group])?;
    let (record, rows) = if rest.is_empty() { common::regression(&spots, Some(crs)) } else { common::classification(&spots, Some(crs)) };
    std::fs::create_dir_all(folder)?;
    let begun = Instant::now();
    let figures = figure::all(&record, &rows);
    println!("{} figures in {:.0} ms", figures.len(), begun.elapsed().as_secs_f64() * 1e3);
    for f in &figures {
        let begun = Instant::now();
        let picture = png::render(&f.svg, figure::PNG_WIDTH)?;
        println!(
            "{:20} {:4} kB svg, {:4} kB png in {:.0} ms",
            f.name,
            f.svg.len() / 1000,
            picture.len() / 1000,
            begun.elapsed().as_secs_f64() * 1e3
        );
        std::fs::write(format!("{folder}/{}.svg", f.name), &f.svg)?;
        std::fs::write(format!("{folder}/{}-inline.svg", f.name), &f.inline)?;
        std::fs::write(format!("{folder}/{}.png", f.name), &picture)?;
        std::fs::write(format!("{folder}/{}.txt", f.name), format!("{}\n\n{}\n\n{}\n", f.title, f.caption, f.alt))?;
    }
    Ok(())
}
