//! Names and units of parameters, from the definitions of ecCodes (see `make_parameters.py`).

use std::collections::HashMap;

use super::message::{Message, Parameter};

/// Names that ecCodes gives parameters; 200 kB of text that is searched once a parameter and file.
const TABLE: &str = include_str!("parameters.tsv");

/// What a parameter is called.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Named {
    /// ecCodes' short name: `2t`.
    pub short: String,
    /// The name that cfgrib gives the variable: `t2m`.
    pub name: String,
    pub unit: String,
    pub title: String,
}

/// The table by edition, table and number.
pub(super) struct Names(HashMap<[&'static str; 3], Vec<[&'static str; 5]>>);

impl Names {
    /// Reads the table.
    pub fn new() -> Self {
        let mut map: HashMap<_, Vec<_>> = HashMap::new();
        for line in TABLE.lines().skip(1) {
            let mut cells = line.split('\t');
            let mut next = || cells.next().unwrap_or_default();
            let key = [next(), next(), next()];
            map.entry(key).or_default().push([next(), next(), next(), next(), next()]);
        }
        Self(map)
    }

    /// The name of a message's parameter; one that is not known is `param_…` by its numbers, without a unit.
    pub fn of(&self, message: &Message) -> Named {
        let (edition, tables, number) = match message.parameter {
            Parameter::One { centre, table, number } => {
                // The tables above 127 belong to their centres; ECMWF's are used by others too.
                let tables = match centre {
                    98 => vec![format!("ecmf.{table}"), format!("*.{table}"), "*.2".into()],
                    7 => vec![format!("kwbc.{table}"), format!("*.{table}"), "*.2".into()],
                    _ => vec![format!("*.{table}"), format!("ecmf.{table}"), "*.2".into()],
                };
                let keep = if (1..=3).contains(&table) { 3 } else { 2 };
                (
                    "1",
                    // Numbers from 128 on of the common tables are local: no other centre's names for them.
                    if table < 128 && number > 127 { tables[..1].to_vec() } else { tables[..keep].to_vec() },
                    number.to_string(),
                )
            }
            Parameter::Two { centre, discipline, category, number } => {
                let own = match centre {
                    98 => Some("ecmf"),
                    7 => Some("kwbc"),
                    _ => None,
                };
                let local = number >= 192 || category >= 192;
                let mut tables: Vec<String> = own.iter().map(|c| format!("{c}.{discipline}")).collect();
                tables.push(format!("*.{discipline}"));
                if !local {
                    tables.extend(["kwbc", "ecmf"].map(|c| format!("{c}.{discipline}")));
                }
                ("2", tables, format!("{category}.{number}"))
            }
        };
        let found = tables.iter().find_map(|table| {
            let lines = self.0.get(&[edition, table.as_str(), number.as_str()])?;
            conditions(message).iter().find_map(|c| lines.iter().find(|l| l[0] == c))
        });
        match found {
            Some(l) => Named { short: l[1].into(), name: l[2].into(), unit: l[3].into(), title: l[4].into() },
            None => {
                let name = match message.parameter {
                    Parameter::One { table, number, .. } => format!("param_{table}_{number}"),
                    Parameter::Two { discipline, category, number, .. } => format!("param_{discipline}_{category}_{number}"),
                };
                Named { short: name.clone(), name, unit: String::new(), title: String::new() }
            }
        }
    }
}

/// The conditions that a message meets, narrowest first.
fn conditions(message: &Message) -> Vec<String> {
    let (code, value) = (message.level.code, message.level.value);
    let surfaces = [format!("surface={code}:{value}"), format!("surface={code}")];
    let mut all = Vec::new();
    if let Some(statistic) = message.statistic {
        all.extend(surfaces.iter().map(|s| format!("{s} step={statistic}")));
        all.push(format!("step={statistic}"));
    }
    all.extend(surfaces);
    all.push(String::new());
    all
}
