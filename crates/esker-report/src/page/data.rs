//! The data card and the provenance: what was read, used and dropped, every column, and how to make the page again.

use esker_core::record::ColumnCard;

use super::html::Html;
use super::number::{THIN, count, decimals, fixed, percent, unit_text};
use super::reading::Reading;
use super::table::{Sheet, number, text};
use super::words::{plural, sentence};

/// Levels of a class column that are shown.
const MOST_LEVELS: usize = 8;

/// Rows, extent, period, groups, weights, credit, and the table of columns.
pub fn card(r: Reading<'_>, h: &mut Html) {
    let d = &r.record.data;
    h.with("dl", &[("class", "facts")], |h| {
        fact(h, "Rows", &rows_text(r));
        for x in d.dropped.iter().filter(|x| x.rows > 0) {
            fact(h, "Left out", &format!("{}: {}", plural(x.rows, "row", "rows"), x.reason));
        }
        if let Some(locked) = &d.locked {
            fact(h, "Locked", &super::last::rows(locked));
            if locked.left_out > 0 {
                fact(h, "Left out", &format!("{} beside the locked ones", plural(locked.left_out, "row", "rows")));
            }
        }
        if let Some((column, n)) = &d.groups {
            fact(h, "Groups", &format!("{} of {column}", plural(*n, "group", "groups")));
        }
        if let Some(e) = d.extent {
            fact(h, "Extent", &extent(e, d.crs.as_deref()));
        }
        if let Some(crs) = &d.crs {
            fact(h, "Reference system", crs);
        }
        if let Some([from, to]) = &d.period {
            fact(h, "Period", &if from == to { from.clone() } else { format!("{from} to {to}") });
        }
        if let Some(weights) = &d.weights {
            fact(h, "Weights", weights);
        }
        if let Some(credit) = &d.credit {
            fact(h, "Credit and licence", credit);
        }
    });
    columns(r, h);
}

fn rows_text(r: Reading<'_>) -> String {
    let d = &r.record.data;
    if d.rows_used == d.rows_read {
        format!("{} read, all used", count(d.rows_read))
    } else {
        format!("{} read, {} used", count(d.rows_read), count(d.rows_used))
    }
}

/// Degrees with their hemisphere, metres without.
fn extent([west, south, east, north]: [f64; 4], crs: Option<&str>) -> String {
    let geographic =
        crs.is_none_or(|c| c == "EPSG:4326") && west.abs() <= 360.0 && east.abs() <= 360.0 && south.abs() <= 90.0 && north.abs() <= 90.0;
    if !geographic {
        let metres = |v: f64| fixed(v, 0);
        return format!("x {} to {}{THIN}m, y {} to {}{THIN}m", metres(west), metres(east), metres(south), metres(north));
    }
    let side = |v: f64, plus: char, minus: char| format!("{}°{THIN}{}", fixed(v.abs(), 2), if v < 0.0 { minus } else { plus });
    format!("{} to {}, {} to {}", side(west, 'E', 'W'), side(east, 'E', 'W'), side(south, 'N', 'S'), side(north, 'N', 'S'))
}

fn columns(r: Reading<'_>, h: &mut Html) {
    let d = &r.record.data;
    let (numeric, classes): (Vec<&ColumnCard>, Vec<&ColumnCard>) = d.columns.iter().partition(|c| c.summary.is_some());
    if !numeric.is_empty() {
        let mut sheet = Sheet::new("Columns of numbers, among the rows used")
            .words("Column")
            .words("Unit")
            .words("Role")
            .numbers("missing")
            .numbers("min")
            .numbers("median")
            .numbers("mean")
            .numbers("max")
            .numbers("sd");
        for c in numeric {
            let Some(s) = &c.summary else { continue };
            let n = decimals([s.min, s.median, s.mean, s.max, s.sd]).min(4);
            let unit = unit_text(&c.unit);
            let mut cells =
                vec![text(c.name.as_str()), text(if unit.is_empty() { "not stated".to_owned() } else { unit }), text(c.role.as_str())];
            cells.push(number(missing(c, d.rows_used)));
            cells.extend([s.min, s.median, s.mean, s.max, s.sd].map(|v| number(fixed(v, n))));
            sheet.row(cells);
        }
        sheet.write(h);
    }
    if !classes.is_empty() {
        let mut sheet = Sheet::new("Columns of classes and names, among the rows used")
            .words("Column")
            .words("Role")
            .numbers("missing")
            .words("Most frequent (rows)");
        for c in classes {
            let mut shown: Vec<String> =
                c.levels.iter().filter(|l| l.1 > 0).take(MOST_LEVELS).map(|(l, n)| format!("{l} ({})", count(*n))).collect();
            if c.levels.len() > MOST_LEVELS {
                shown.push("…".to_owned());
            }
            let shown = if shown.is_empty() { "—".to_owned() } else { shown.join(", ") };
            sheet.row(vec![text(c.name.as_str()), text(c.role.as_str()), number(missing(c, d.rows_used)), text(shown)]);
        }
        sheet.write(h);
    }
}

fn missing(c: &ColumnCard, rows: usize) -> String {
    if c.missing == 0 || rows == 0 {
        return count(c.missing);
    }
    let share = c.missing as f64 / rows as f64;
    if share < 0.0005 { count(c.missing) } else { format!("{} ({})", count(c.missing), percent(share)) }
}

/// What made the page, from what, and how to make it again.
pub fn provenance(r: Reading<'_>, h: &mut Html) {
    let p = &r.record.provenance;
    h.with("dl", &[("class", "facts")], |h| {
        fact(h, "Made by", &format!("Esker {}", p.esker));
        fact(h, "Seed", &p.seed.to_string());
        fact(h, "Data file", &p.data_file);
        code_fact(h, "SHA-256 of the data", &p.data_sha256);
        code_fact(h, "SHA-256 of the recipe", &p.recipe_sha256);
        fact(h, "Shape of the record", &format!("format {}", r.record.format));
    });
    h.with("p", &[], |h| {
        h.text("To make it again: keep the recipe below as ");
        h.element("code", &[], "recipe.toml");
        h.text(" where its data path points to the file named here, and run");
    });
    h.with("pre", &[("tabindex", "0"), ("aria-label", "Command")], |h| {
        h.element("code", &[], &format!("esker run recipe.toml --seed {}", p.seed));
    });
    h.element("p", &[], "The same version, data, recipe and seed give the same numbers, whatever the number of threads.");
    h.with("details", &[("class", "keep")], |h| {
        h.element("summary", &[], "The recipe");
        h.with("pre", &[("tabindex", "0"), ("aria-label", "Text of the recipe")], |h| h.element("code", &[], &p.recipe));
    });
    if let Some(m) = r.chosen() {
        let settings = super::methods::settings_text(&r.record.chosen.settings);
        if !settings.is_empty() {
            h.element("p", &[], &sentence(&format!("settings of the final fit of {}: {settings}", m.name)));
        }
    }
}

fn fact(h: &mut Html, name: &'static str, value: &str) {
    h.with("div", &[], |h| {
        h.element("dt", &[], name);
        h.element("dd", &[], value);
    });
}

fn code_fact(h: &mut Html, name: &'static str, value: &str) {
    h.with("div", &[], |h| {
        h.element("dt", &[], name);
        h.with("dd", &[], |h| h.element("code", &[("class", "hash")], value));
    });
}
