//! Degree-days, and snow and rain, row by row.

use esker_core::{Column, Error, Note, Result, Table, Unit};
use esker_math::melt::{degrees_above, snow_share};

use super::{Done, Scene, add};
use crate::columns::unknown_column;
use crate::recipe::{DegreeDays, SnowRain};

/// Degrees Celsius of a column of temperatures, with a note where they were converted or only assumed.
pub(super) fn celsius(values: &[f64], unit: &Unit, name: &str, notes: &mut Vec<Note>) -> Result<Vec<f64>> {
    let wanted = Unit::new("degC");
    if unit.is_empty() {
        notes.push(Note::warning("unit-assumed", format!("'{name}' has no unit and was taken for degC.")));
        return Ok(values.to_vec());
    }
    let way = unit
        .to(&wanted)
        .ok_or_else(|| Error::data(format!("temperature '{name}'")).got(format!("the unit '{unit}'")).rule("degC, K or degF are wanted"))?;
    if !way.is_none() {
        notes.push(Note::info("unit-converted", format!("'{name}' was converted from {unit} to degC.")));
    }
    Ok(values.iter().map(|v| way.apply(*v)).collect())
}

fn temperatures(table: &Table, name: &str, notes: &mut Vec<Note>) -> Result<Vec<f64>> {
    let column = find(table, name)?;
    celsius(column.reals()?, &column.unit, name, notes)
}

fn find<'t>(table: &'t Table, name: &str) -> Result<&'t Column> {
    table.columns().iter().find(|c| c.name == name).ok_or_else(|| unknown_column(table, name, "no such column in the table"))
}

pub(super) fn degree_days(step: &DegreeDays, scene: &Scene<'_>, mut table: Table) -> Result<Done> {
    if step.below <= step.above {
        return Err(Error::recipe("'below'")
            .got(format!("{} degC", step.below))
            .rule(format!("it is above the threshold of {} degC", step.above)));
    }
    let mut notes = Vec::new();
    let t = temperatures(&table, &step.of, &mut notes)?;
    // What lies beyond the upper temperature is not counted.
    let worth = |t: f64| {
        let over = degrees_above(t, step.above, step.sd);
        if step.below.is_finite() { over - degrees_above(t, step.below, step.sd) } else { over }
    };
    let values = scene.each(t.len(), |row| worth(t[row]) * step.days)?;
    let mut text = format!("'{}' is degrees above {} degC times {} d", step.name, step.above, step.days);
    if step.below.is_finite() {
        text += &format!(", none beyond {} degC", step.below);
    }
    if step.sd > 0.0 {
        text += &format!(", with {} K of single days about each temperature (Calov and Greve 2005)", step.sd);
    }
    notes.push(Note::info("degree-days", text + "."));
    add(&mut table, vec![Column::real(step.name.as_str(), "degC d", values)])?;
    Ok(Done::new(table, notes))
}

pub(super) fn snow_rain(step: &SnowRain, scene: &Scene<'_>, mut table: Table) -> Result<Done> {
    let mut notes = Vec::new();
    let t = temperatures(&table, &step.temperature, &mut notes)?;
    let water = find(&table, &step.of)?;
    let (unit, values) = (water.unit.clone(), water.reals()?.to_vec());
    let share: Vec<f64> = scene.each(t.len(), |row| snow_share(t[row], step.snow, step.rain))?;
    let snow: Vec<f64> = values.iter().zip(&share).map(|(p, s)| p * s).collect();
    let rain = values.iter().zip(&share).map(|(p, s)| p * (1.0 - s)).collect();
    notes.push(Note::info(
        "snow-rain",
        format!("'{}' is snow up to {} degC and rain from {} degC on, linear between.", step.of, step.snow, step.rain),
    ));
    let [snow_name, rain_name] = &step.names;
    add(&mut table, vec![Column::real(snow_name.as_str(), unit.as_str(), snow), Column::real(rain_name.as_str(), unit.as_str(), rain)])?;
    Ok(Done::new(table, notes))
}
