//! Area of applicability and nearest-neighbour distance matching on arrays in a folder, timed, for benches/validation:
//! `validation aoa|lpd|knndm|nndm FOLDER [TIMES]`. Arrays are little-endian doubles, column after column; answers are written beside them, and a line of
//! JSON says seconds and peak memory. With TIMES the new rows of an area of applicability are measured so many times, block by block from disk.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Instant;

use esker_core::{Column, Crs, Error, Fold, Places, Result, Rng, Splitter, Support};
use esker_evaluate::applicability::Applicability;
use esker_evaluate::split::{Aim, Clusters, Knndm, Nndm, Space, distances};
use serde_json::{Value, json};

/// Rows of a block.
const BLOCK: usize = 1 << 17;

fn failed(path: &Path, error: impl std::fmt::Display) -> Error {
    Error::data(path.display().to_string()).got(error.to_string())
}

fn numbers(bytes: &[u8]) -> Vec<f64> {
    bytes.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect()
}

fn read(path: &Path) -> Result<Vec<f64>> {
    Ok(numbers(&std::fs::read(path).map_err(|e| failed(path, e))?))
}

fn write(path: &Path, values: &[f64]) -> Result<()> {
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    std::fs::write(path, bytes).map_err(|e| failed(path, e))
}

/// Rows `from` to `to` of a file of columns.
fn block(path: &Path, columns: usize, from: usize, to: usize) -> Result<Vec<Column>> {
    let go = || -> std::io::Result<Vec<Column>> {
        let mut file = File::open(path)?;
        let rows = file.metadata()?.len() / 8 / columns as u64;
        let mut bytes = vec![0; (to - from) * 8];
        (0..columns)
            .map(|j| {
                file.seek(SeekFrom::Start(8 * (j as u64 * rows + from as u64)))?;
                file.read_exact(&mut bytes)?;
                Ok(Column::real(format!("f{j}"), "", numbers(&bytes)))
            })
            .collect()
    };
    go().map_err(|e| failed(path, e))
}

fn aoa(folder: &Path, density: bool, times: Option<usize>) -> Result<Value> {
    let (weights, fold) = (read(&folder.join("weights"))?, read(&folder.join("fold"))?);
    let (features, path) = (weights.len(), folder.join("cells"));
    let train = block(&folder.join("train"), features, 0, fold.len())?;
    let rows = std::fs::metadata(&path).map_err(|e| failed(&path, e))?.len() as usize / 8 / features;
    let all = if times.is_none() { block(&path, features, 0, rows)? } else { Vec::new() };
    let mut of_fold: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    fold.iter().enumerate().for_each(|(row, f)| of_fold.entry(*f as u64).or_default().push(row));
    let others = |test: &[usize]| (0..fold.len()).filter(|row| !test.contains(row)).collect();
    let folds: Vec<Fold> = of_fold
        .into_iter()
        .map(|(f, test)| Fold { label: format!("fold {f}"), train: others(&test), test, left_out: Vec::new() })
        .collect();
    let start = Instant::now();
    let (area, _) = Applicability::fit(&train.iter().collect::<Vec<_>>(), &weights, Some(&folds))?;
    let Some(times) = times else {
        let (index, counts) = if density {
            let said = area.measure(&all)?;
            (said.dissimilarity, said.density)
        } else {
            (area.dissimilarity(&all)?, Vec::new())
        };
        let seconds = start.elapsed().as_secs_f64();
        write(&folder.join("esker-DI"), &index)?;
        write(&folder.join("esker-LPD"), &counts)?;
        return Ok(json!({"seconds": seconds, "threshold": area.threshold()}));
    };
    let mut inside = 0.0;
    for _ in 0..times {
        for from in (0..rows).step_by(BLOCK) {
            inside += area.measure(&block(&path, features, from, rows.min(from + BLOCK))?)?.inside.iter().sum::<f64>();
        }
    }
    Ok(json!({"seconds": start.elapsed().as_secs_f64(), "cells": times * rows, "inside": inside / (times * rows) as f64}))
}

fn support(path: &Path) -> Result<Support> {
    let mut x = read(path)?;
    let y = x.split_off(x.len() / 2);
    Ok(Support { rows: x.len(), place: Some(Places::new(x, y, Crs::Projected("EPSG:3035".into()))?), ..Support::default() })
}

fn match_distances(folder: &Path, folds: Option<usize>) -> Result<Value> {
    let (at, wanted) = (support(&folder.join("samples"))?, support(&folder.join("wanted"))?);
    let aim = Aim { wanted: Some(wanted), features: None };
    let start = Instant::now();
    if let Some(folds) = folds {
        let design = Knndm { folds, maxp: 0.5, space: Space::Place, clusters: Clusters::Hierarchical, aim };
        let matched = design.matched(&at, &mut Rng::new(1))?;
        let seconds = start.elapsed().as_secs_f64();
        write(&folder.join("esker-fold"), &matched.fold_of_row.iter().map(|f| *f as f64).collect::<Vec<_>>())?;
        return Ok(json!({"seconds": seconds, "W": matched.w, "clusters": matched.clusters}));
    }
    let made = Nndm { phi: f64::INFINITY, min_train: 0.5, space: Space::Place, aim: aim.clone() }.folds(&at, &mut Rng::new(1))?;
    let seconds = start.elapsed().as_secs_f64();
    let out: Vec<f64> = made.iter().map(|f| f.left_out.len() as f64).collect();
    write(&folder.join("esker-out"), &out)?;
    Ok(json!({"seconds": seconds, "W": distances(Space::Place, &at, &aim, &made)?.w_folds()}))
}

/// Most memory held at once, in MiB.
fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kib| kib / 1024.0)
}

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let folder = PathBuf::from(words.get(1).map_or(".", String::as_str));
    let mut said = match words.first().map(String::as_str) {
        Some(what @ ("aoa" | "lpd")) => aoa(&folder, what == "lpd", words.get(2).and_then(|w| w.parse().ok()))?,
        Some("knndm") => match_distances(&folder, Some(10))?,
        Some("nndm") => match_distances(&folder, None)?,
        _ => return Err(Error::usage("arguments").rule("validation aoa|lpd|knndm|nndm FOLDER [TIMES]")),
    };
    said["peak_mib"] = json!(peak());
    println!("{said}");
    Ok(())
}
