//! What stands for missing: texts that always do, texts the caller declared, and sentinel numbers that lie far outside a column.

use std::collections::BTreeMap;

use esker_core::Note;

/// Texts that always mean missing, besides the empty cell and runs of `*` (a Fortran field that overflowed).
const MARKERS: [&str; 15] = ["NA", "N/A", "n/a", "NaN", "nan", "NAN", "-nan", "null", "NULL", "-", "--", "---", "#N/A", "<NA>", "NaT"];

/// Numbers that agencies and formats write for missing. They count only where they lie far outside the column's other values.
/// -999.25 is the null of well logs (LAS 2.0), 9.96921e36 the default fill value of NetCDF, -3.4028235e38 the no-data of rasters.
const SENTINELS: [f64; 18] = [
    -99.9,
    -99.99,
    -999.0,
    -999.25,
    -999.9,
    -999.99,
    -9999.0,
    -9999.25,
    -9999.9,
    -9999.99,
    -32768.0,
    -99_999.0,
    -999_999.0,
    1e20,
    -1e30,
    1e30,
    9.969_209_968_386_869e36,
    -3.402_823_466_385_288_6e38,
];

/// Whether a text always means missing.
pub(crate) fn is_marker(text: &[u8]) -> bool {
    match text {
        [] => true,
        [b'*', rest @ ..] => rest.iter().all(|&b| b == b'*'),
        [b'N' | b'n' | b'-' | b'#' | b'<', ..] => MARKERS.iter().any(|m| m.as_bytes() == text),
        _ => false,
    }
}

/// The sentinel a number is, within the digits that writers keep of it (six).
fn sentinel(value: f64) -> Option<f64> {
    SENTINELS.into_iter().find(|s| value == *s || (s.abs() >= 1e20 && (value / s - 1.0).abs() < 5e-6))
}

/// What the caller declared as missing.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    texts: Vec<String>,
    numbers: Vec<f64>,
}

impl Declared {
    pub(crate) fn new(texts: &[String]) -> Self {
        let numbers = texts.iter().filter_map(|t| t.trim().parse::<f64>().ok()).filter(|v| v.is_finite()).collect();
        Self { texts: texts.to_vec(), numbers }
    }

    pub(crate) fn text(&self, text: &[u8]) -> bool {
        self.texts.iter().any(|t| t.as_bytes() == text)
    }

    /// Whether a class label is declared missing, as text or as another spelling of a declared number.
    pub(crate) fn label(&self, label: &str) -> bool {
        self.text(label.as_bytes()) || (!self.numbers.is_empty() && label.trim().parse::<f64>().is_ok_and(|v| self.numbers.contains(&v)))
    }
}

/// Which marker was met how often in which column; one note a marker comes of it.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// By marker and by whether the value alone gave it away.
    seen: BTreeMap<(String, bool), Vec<(String, u64)>>,
    doubts: Vec<Note>,
}

impl Tally {
    /// A text read as missing in `count` cells of a column.
    pub(crate) fn add(&mut self, marker: &str, column: &str, count: u64) {
        self.put(marker, false, column, count);
    }

    /// Puts what was met in later columns behind this.
    pub(crate) fn join(&mut self, next: Self) {
        for (marker, columns) in next.seen {
            self.seen.entry(marker).or_default().extend(columns);
        }
        self.doubts.extend(next.doubts);
    }

    fn put(&mut self, marker: &str, guessed: bool, column: &str, count: u64) {
        self.seen.entry((marker.to_owned(), guessed)).or_default().push((column.to_owned(), count));
    }

    /// Sets declared numbers and far-out sentinels of a column to NaN.
    pub(crate) fn scrub(&mut self, column: &str, values: &mut [f64], declared: &Declared) {
        for &number in &declared.numbers {
            let count = blank(values, |v| v == number);
            if count > 0 {
                self.put(&number_text(number), false, column, count);
            }
        }
        // A sentinel outside the range of the rest is the least or the greatest value; one that is neither is an ordinary number.
        let mut at = Vec::new();
        let (low, high) = loop {
            let (low, high) = range(values, &at);
            match [low, high].into_iter().filter(|v| v.is_finite()).find_map(|v| sentinel(v).map(|s| (s, v))) {
                Some((_, v)) => at.push(v),
                None => break (low, high),
            }
        };
        for value in at {
            let text = number_text(value);
            if far(value, low, high) {
                let count = blank(values, |v| v == value);
                self.put(&text, true, column, count);
            } else {
                self.doubts.push(Note::warning(
                    "possible-marker",
                    format!(
                        "column '{column}' holds {text}, often a mark for missing; the other values run from {} to {}, so it is kept as a \
                         number. If it means missing, declare it: [data] missing = [\"{text}\"].",
                        number_text(low),
                        number_text(high)
                    ),
                ));
            }
        }
    }

    /// One note a marker, then the doubts.
    pub(crate) fn notes(self) -> Vec<Note> {
        let mut notes = Vec::new();
        for ((marker, guessed), columns) in self.seen {
            let total: u64 = columns.iter().map(|c| c.1).sum();
            let mut places: Vec<String> = columns.iter().take(8).map(|(name, count)| format!("{name}: {count}")).collect();
            if columns.len() > 8 {
                places.push(format!("{} more columns", columns.len() - 8));
            }
            let why = if guessed { ", because it lies far outside the other values" } else { "" };
            let cells = if total == 1 { "cell" } else { "cells" };
            let text = format!("'{marker}' was read as missing in {total} {cells} ({}){why}.", places.join(", "));
            notes.push(Note::info("missing-marker", text));
        }
        notes.extend(self.doubts);
        notes
    }
}

/// Sets the chosen values to NaN and counts them.
fn blank(values: &mut [f64], chosen: impl Fn(f64) -> bool) -> u64 {
    let mut count = 0;
    for v in values {
        if chosen(*v) {
            *v = f64::NAN;
            count += 1;
        }
    }
    count
}

/// Least and greatest of the numbers not in `without`; infinities the wrong way round where there are none.
fn range(values: &[f64], without: &[f64]) -> (f64, f64) {
    // Eight of each side by side, which a processor compares at once; comparisons with NaN are false.
    let (mut low, mut high) = ([f64::INFINITY; 8], [f64::NEG_INFINITY; 8]);
    let mut take = |lane: usize, v: f64| {
        low[lane] = if v < low[lane] { v } else { low[lane] };
        high[lane] = if v > high[lane] { v } else { high[lane] };
    };
    if without.is_empty() {
        let (eights, rest) = values.as_chunks::<8>();
        for eight in eights {
            eight.iter().enumerate().for_each(|(lane, &v)| take(lane, v));
        }
        rest.iter().for_each(|&v| take(0, v));
    } else {
        values.iter().filter(|v| !without.contains(v)).for_each(|&v| take(0, v));
    }
    (low.into_iter().fold(f64::INFINITY, f64::min), high.into_iter().fold(f64::NEG_INFINITY, f64::max))
}

/// Whether a sentinel lies far outside the range of the rest: by a tenth of its width and by half the sentinel's own size; or it is the
/// only negative number of the column; or there is nothing else.
fn far(value: f64, low: f64, high: f64) -> bool {
    if low > high {
        return true;
    }
    let gap = if value < low { low - value } else { value - high };
    (value < 0.0 && low >= 0.0) || gap >= (0.1 * (high - low)).max(0.5 * value.abs())
}

/// The shortest text that reads back as the same number, with an exponent where plain digits would be long.
pub(crate) fn number_text(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || (1e-5..1e16).contains(&size) { format!("{value}") } else { format!("{value:e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrubbed(values: &[f64]) -> (usize, Vec<String>) {
        let mut tally = Tally::default();
        let mut values = values.to_vec();
        tally.scrub("x", &mut values, &Declared::default());
        (values.iter().filter(|v| v.is_nan()).count(), tally.notes().into_iter().map(|n| n.code).collect())
    }

    #[test]
    fn sentinels_count_only_far_outside_the_rest() {
        assert_eq!(scrubbed(&[-9999.0, 3.0, 1500.0]).0, 1);
        assert_eq!(scrubbed(&[-999.25, -120.0, 80.0]).0, 1);
        assert_eq!(scrubbed(&[-999.0, 0.0, 16_970.0]).0, 1, "the only negative number");
        assert_eq!(scrubbed(&[9.969_21e36, 280.0, 290.0]).0, 1);
        assert_eq!(scrubbed(&[-9999.0, -9999.0]).0, 2, "nothing else in the column");
        assert_eq!(scrubbed(&[-9999.0, -999.25, 1.0, 2.0]).0, 2, "two sentinels in one column");
        assert_eq!(scrubbed(&[-2408.0, -999.0, 800.0]), (0, vec![]), "an ordinary mass balance in mm w.e.");
        assert_eq!(scrubbed(&[-998.0, -999.0, 0.0]), (0, vec!["possible-marker".into()]), "next to its neighbours, but named");
        assert_eq!(scrubbed(&[1.0, 2.0]), (0, vec![]));
    }

    #[test]
    fn markers_are_exact() {
        for text in ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "-", "*", "***"] {
            assert!(is_marker(text.as_bytes()), "{text}");
        }
        for text in ["na", "None", "NAs", "-1", "*a", "Nan"] {
            assert!(!is_marker(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn numbers_are_written_short_and_read_back() {
        for v in [0.0, -0.0, 1.0, 0.1, -9999.0, 1e20, 9.969_21e36, f64::MIN_POSITIVE, 5e-324, f64::MAX, 123_456_789.125] {
            let text = number_text(v);
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), v.to_bits(), "{text}");
            assert!(text.len() <= 24, "{text}");
        }
    }
}
