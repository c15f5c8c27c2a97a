//! Prints what Esker reads from a vector file as JSON, for comparison with peers: `dump_vector FILE [LAYER]`; with `--write OUT` writes it
//! as GeoJSON or GeoPackage instead.

use esker_core::Values;
use esker_io::{Data, ReadOptions, centroid, crs, geometry_table, open, write_geojson, write_geopackage};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let path = std::path::Path::new(args.first().ok_or("FILE")?);
    let layer = args.get(1).filter(|a| !a.starts_with("--")).cloned();
    let (format, data) = open(path, &ReadOptions { layer, ..ReadOptions::default() }).map_err(|e| e.to_string())?;
    let Data::Features(features) = data else { return Err("no features".into()) };
    if let Some(at) = args.iter().position(|a| a == "--write") {
        let out = std::path::Path::new(args.get(at + 1).ok_or("OUT")?);
        let write = if out.extension().is_some_and(|e| e == "gpkg") { write_geopackage } else { write_geojson };
        return write(out, &features).map_err(|e| e.to_string().into());
    }
    let number = |v: f64| if v.is_finite() { json!(v) } else { Value::Null };
    let table = geometry_table(&features).map_err(|e| e.to_string())?;
    let columns: Vec<Value> = table
        .columns()
        .iter()
        .map(|c| {
            let values: Vec<Value> = match &c.values {
                Values::Real(v) => v.iter().map(|&x| number(x)).collect(),
                Values::Class(codes) => (0..codes.len()).map(|r| codes.label(r).map_or(Value::Null, Value::from)).collect(),
            };
            json!({"name": c.name, "unit": c.unit.as_str(), "class": matches!(c.values, Values::Class(_)), "values": values})
        })
        .collect();
    let geometries: Vec<Value> = features
        .geometries
        .iter()
        .map(|g| {
            let Some(g) = g else { return Value::Null };
            let points = || g.parts.iter().flatten();
            let least = |i: usize| points().map(|p| p[i]).fold(f64::INFINITY, f64::min);
            let most = |i: usize| points().map(|p| p[i]).fold(f64::NEG_INFINITY, f64::max);
            json!({
                "shape": format!("{:?}", g.shape),
                "parts": g.parts.len(),
                "points": points().count(),
                "centroid": centroid(g),
                "bounds": [least(0), least(1), most(0), most(1)],
            })
        })
        .collect();
    let notes: Vec<Value> = features.table.notes.iter().map(|n| json!([n.code, n.text])).collect();
    let system = features.crs.as_ref().map(|c| json!({"name": c.name(), "proj": crs::to_proj(c).ok()}));
    println!("{}", json!({"format": format.name(), "crs": system, "columns": columns, "geometries": geometries, "notes": notes}));
    Ok(())
}
