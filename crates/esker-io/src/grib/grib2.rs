//! Headers of GRIB edition 2 (WMO Manual on Codes, FM 92-XIV).

use esker_core::Result;

use super::levels;
use super::message::{Data, Index, Message, Parameter, Span, days, later, uint};
use crate::source::Source;

/// The longest header section that is read.
const LONGEST: u64 = 1 << 24;

/// Sections that hold until they are given anew.
#[derive(Default)]
struct Held {
    identification: Vec<u8>,
    grid: Option<(usize, usize)>,
    product: Vec<u8>,
    representation: Option<Span>,
    bitmap: Option<Span>,
    /// The last bitmap that was written out.
    earlier: Option<Span>,
}

/// Reads the headers of the message at `start`; gives where the next one may begin.
pub(super) fn message(source: &Source, start: u64, length: u64, discipline: u8, index: &mut Index) -> Result<u64> {
    let cut = |at: u64| source.damaged(format!("a message at byte {start} that breaks off at byte {at}"), "the file is cut off or damaged");
    let end = start.checked_add(length).filter(|&e| e <= source.size && length >= 20).ok_or_else(|| cut(source.size))?;
    let mut held = Held::default();
    let mut at = start + 16;
    while at + 4 < end {
        let head = source.bytes(at, 5)?;
        let (size, number) = (uint(&head[..4]), head[4]);
        if &head[..4] == b"7777" {
            break;
        }
        if size < 5 || at + size > end {
            return Err(cut(at));
        }
        let span = Span { at, len: size };
        if matches!(number, 1 | 3 | 4) && size > LONGEST {
            return Err(source.damaged(format!("a header of {size} bytes at byte {at}"), "headers have at most 16 MiB"));
        }
        match number {
            1 => held.identification = source.bytes(at, size)?,
            3 => {
                let bytes = source.bytes(at, size)?;
                held.grid = Some(if size >= 14 {
                    let grid = index.grids.two(&bytes);
                    (grid, index.grids.points(grid))
                } else {
                    return Err(cut(at));
                });
            }
            4 => held.product = source.bytes(at, size)?,
            5 => held.representation = Some(span),
            6 => held.bitmap(source, span)?,
            7 => match held.message(span, discipline) {
                Ok(message) => index.messages.push(message),
                Err(reason) => index.leave(format!("the message at byte {start}: {reason}")),
            },
            _ => {}
        }
        at += size;
    }
    Ok(end)
}

impl Held {
    fn bitmap(&mut self, source: &Source, span: Span) -> Result<()> {
        let indicator = source.bytes(span.at, span.len.min(6))?.get(5).copied();
        self.bitmap = match indicator {
            Some(0) => {
                self.earlier = Some(span);
                Some(span)
            }
            Some(254) if self.earlier.is_some() => self.earlier,
            Some(255) => None,
            other => {
                return Err(source.damaged(
                    format!("a bitmap of kind {}", other.unwrap_or(0)),
                    "bitmaps kept at the centre, not in the file, cannot be read",
                ));
            }
        };
        Ok(())
    }

    fn message(&self, data: Span, discipline: u8) -> std::result::Result<Message, String> {
        let (Some((grid, points)), Some(representation)) = (self.grid, self.representation) else {
            return Err("no grid or no representation before the data".into());
        };
        let (id, p) = (&self.identification, &self.product);
        if id.len() < 19 || p.len() < 11 {
            return Err("no identification or no product before the data".into());
        }
        let year = uint(&id[12..14]);
        let reference =
            days(year, id[14], id[15], [id[16], id[17], id[18]]).ok_or_else(|| format!("no such date: {year}-{}-{}", id[14], id[15]))?;
        let template = uint(&p[7..9]);
        let shift = match template {
            0..=15 | 51 | 60 | 61 => 0,
            40..=43 => 2,
            44..=49 => return Err(format!("product template {template} (aerosols) is not read")),
            _ => return Err(format!("product template {template} is not read")),
        };
        if p.len() < 34 + shift {
            return Err(format!("a product section of {} bytes", p.len()));
        }
        let q = &p[shift..];
        let step = later(reference, q[17], super::message::signed(&q[18..22]), 2)
            .ok_or_else(|| format!("steps in an unknown unit of time ({})", q[17]))?;
        let interval = interval(template, q);
        Ok(Message {
            parameter: Parameter::Two { centre: uint(&id[5..7]) as u16, discipline, category: p[9], number: p[10] },
            level: levels::two(&q[22..34]),
            reference,
            valid: interval.map_or(step, |(end, _)| end),
            step: interval.map_or("instant", |(_, statistic)| statistic_name(statistic)),
            statistic: interval.map(|(_, statistic)| statistic),
            number: matches!(template, 1 | 11 | 41 | 43 | 60 | 61).then(|| q.get(35).map(|&n| i64::from(n))).flatten(),
            derived: derived(template, q),
            grid,
            points,
            data: Data::Two { representation, bitmap: self.bitmap, data },
        })
    }
}

/// The end of the interval of a statistic over time, and which one.
fn interval(template: u64, q: &[u8]) -> Option<(f64, u8)> {
    let at = match template {
        8 => 34,
        9 => 47,
        10 => 35,
        11 | 61 => 37,
        12 => 36,
        42 => 34,
        43 => 37,
        _ => return None,
    };
    let t = q.get(at..at + 13)?;
    let end = days(uint(&t[..2]), t[2], t[3], [t[4], t[5], t[6]])?;
    Some((end, t[12]))
}

/// Table 4.10 in ecCodes' words.
fn statistic_name(code: u8) -> &'static str {
    match code {
        0 => "avg",
        1 => "accum",
        2 => "max",
        3 => "min",
        4 => "diff",
        5 => "rms",
        6 => "sd",
        7 => "cov",
        8 => "sdiff",
        9 => "ratio",
        10 => "stdanom",
        11 => "sum",
        _ => "other",
    }
}

fn derived(template: u64, q: &[u8]) -> Option<String> {
    let code = *q.get(34)?;
    match template {
        2 | 3 | 4 | 12 | 13 | 14 => Some(match code {
            0 | 1 => "mean".to_owned(),
            2 | 3 => "sd".to_owned(),
            4 => "spread".to_owned(),
            5 => "anomaly".to_owned(),
            8 => "min".to_owned(),
            9 => "max".to_owned(),
            other => format!("derived_{other}"),
        }),
        5 | 9 => Some("probability".to_owned()),
        6 | 10 => Some(format!("p{code}")),
        _ => None,
    }
}
