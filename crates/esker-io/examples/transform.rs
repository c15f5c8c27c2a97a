//! Transforms points between two systems for comparison with peers: `transform FROM TO < points > points`, with x, y pairs as
//! little-endian f64. Definitions are anything [`esker_io::crs::parse`] reads. Notes and accuracy go to standard error.

use std::io::{Read, Write};

use esker_io::crs::{Transform, parse};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (from, to) = (args.next().ok_or("FROM")?, args.next().ok_or("TO")?);
    let way = parse(&from).and_then(|from| Transform::between(&from, &parse(&to)?)).map_err(|e| e.to_string())?;
    eprintln!("accuracy {:?}", way.accuracy_m());
    for note in &way.notes {
        eprintln!("{}: {}", note.code, note.text);
    }
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes)?;
    let values: Vec<f64> = bytes.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect();
    let mut x: Vec<f64> = values.iter().step_by(2).copied().collect();
    let mut y: Vec<f64> = values.iter().skip(1).step_by(2).copied().collect();
    way.apply(&mut x, &mut y).map_err(|e| e.to_string())?;
    let mut out = std::io::stdout().lock();
    for (x, y) in x.iter().zip(&y) {
        out.write_all(&x.to_le_bytes())?;
        out.write_all(&y.to_le_bytes())?;
    }
    Ok(())
}
