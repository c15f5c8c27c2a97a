//! What `open` prints of the final hold-out.

use std::fmt::Write as _;
use std::path::Path;

use esker::Opening;
use serde_json::json;

use crate::show::{notes, number, paint, pretty, table};

/// What the locked rows said, for people.
pub fn opened(opening: &Opening, run: &Path) -> String {
    let mut text = paint(&esker::final_verdict(opening), "1");
    if let Some(spoiled) = esker::spoiled(opening) {
        let _ = write!(text, "\n{}: {spoiled}", paint("alarm", "1;31"));
    }
    let noticed = notes(&opening.notes);
    if !noticed.is_empty() {
        let _ = write!(text, "\n{noticed}");
    }
    let mut rows = vec![["", "locked rows", "cross-validated", "difference"].map(str::to_owned).to_vec()];
    for s in &opening.scores {
        let show = |v: Option<f64>| v.map_or_else(|| "–".to_owned(), number);
        let unit = if s.unit.is_empty() { String::new() } else { format!(" ({})", s.unit) };
        rows.push(vec![format!("  {}{unit}", s.title), show(s.locked), show(s.held_out), show(s.difference)]);
    }
    let _ = write!(text, "\n\n{}", table(&rows));
    if let Some(c) = &opening.coverage {
        let [level, locked, held_out] = [c.level, c.locked, c.held_out].map(|v| 100.0 * v);
        let _ = writeln!(text, "\nintervals at {level:.0} % hold {locked:.1} % of the locked observations ({held_out:.1} % by folds)");
    }
    let (rows, left_out) = (opening.locked.rows, opening.locked.left_out);
    let beside = if left_out == 0 { String::new() } else { format!(", {left_out} left out beside them") };
    let _ = write!(text, "\n{rows} locked rows{beside}: {}\n", opening.locked.description);
    let _ = write!(text, "opened at {} (number {}); {}", opening.at, opening.number, run.join("final.json").display());
    text
}

/// The same for programs.
pub fn opened_json(opening: &Opening, run: &Path) -> String {
    pretty(&json!({ "ok": true, "folder": run.display().to_string(), "opening": opening, "spoiled": esker::spoiled(opening) }))
}

/// What a run of an opened model says.
pub fn opened_before(opening: &Opening) -> String {
    format!("the final hold-out was opened for this very model at {} (number {})", opening.at, opening.number)
}
