//! What comes before the rows: encoding, delimiter, decimal mark, title lines and the header.

use esker_core::{Error, Note, Result};
use memchr::{memchr, memchr_iter};

use super::number::number;
use super::scan::{Cell, Scanner};
use super::{Limits, broken, shown};
use crate::ReadOptions;
use crate::names::check_names;

/// The delimiters looked for, the usual one first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Records and bytes looked at to find the delimiter, records to find the decimal mark.
const SAMPLE_RECORDS: usize = 200;
const SAMPLE_BYTES: usize = 1 << 18;
const DECIMAL_RECORDS: usize = 100_000;
/// Most title lines above a header.
const MOST_TITLES: usize = 20;

/// The head of a CSV text, and the scanner that stands before its first row.
pub(super) struct Head<'a> {
    pub file: &'a str,
    pub text: &'a str,
    pub delimiter: u8,
    pub decimal_comma: bool,
    pub names: Vec<String>,
    pub body: Scanner<'a>,
    pub notes: Vec<Note>,
    pub limits: Limits,
}

impl<'a> Head<'a> {
    pub(super) fn read(file: &'a str, bytes: &'a [u8], options: &ReadOptions, limits: Limits) -> Result<Self> {
        let mut notes = Vec::new();
        let text = decode(file, bytes, &mut notes)?;
        let comment = mark("comment", options.comment)?.unwrap_or(b'#');
        let (delimiter, sample) = match mark("delimiter", options.delimiter)? {
            Some(told) if told == comment => {
                return Err(Error::recipe("comment and delimiter").got(format!("'{}' for both", char::from(told))).rule("they differ"));
            }
            Some(told) => (told, Sample::of(text, told, comment, limits)),
            None => detect(text, comment, limits, &mut notes),
        };
        let mut body = Scanner::new(text, delimiter, comment, limits);
        let names = header(file, &mut body, &sample, limits, &mut notes)?;
        step_over_formats(&mut body, names.len(), &mut notes);
        let mut head = Self { file, text, delimiter, decimal_comma: false, names, body, notes, limits };
        check_names(file, &mut head.names, &mut head.notes)?;
        head.decimal_comma = decimal(&mut head, options.decimal)?;
        Ok(head)
    }
}

/// Steps over the row of column formats (`5s`, `15s`, `20d`, `14n`) below the header of a USGS RDB file.
fn step_over_formats(body: &mut Scanner<'_>, width: usize, notes: &mut Vec<Note>) {
    let (mut ahead, mut cells) = (body.clone(), Vec::new());
    let text = ahead.text();
    let format = |cell: &Cell| {
        let cell = cell.text(text);
        cell.strip_suffix(['s', 'd', 'n']).is_some_and(|n| !n.is_empty() && n.len() < 4 && n.bytes().all(|b| b.is_ascii_digit()))
    };
    if width > 1 && matches!(ahead.next(&mut cells), Ok(true)) && cells.len() == width && cells.iter().all(format) {
        *body = ahead;
        notes.push(Note::info("rdb-formats", "The row below the header holds column formats (RDB); it was stepped over."));
    }
}

/// A delimiter or comment mark told by the caller.
fn mark(key: &str, told: Option<char>) -> Result<Option<u8>> {
    let Some(told) = told else { return Ok(None) };
    let fits = told.is_ascii() && !told.is_ascii_alphanumeric() && !matches!(told, '"' | '\n' | '\r' | '\0' | '.' | '+' | '-');
    if fits {
        return Ok(Some(told as u8));
    }
    let got = format!("'{}'", told.escape_debug());
    Err(Error::recipe(format!("{key} in [data]")).got(got).rule("it is one ASCII character that occurs in no number and is no quote"))
}

/// The text of a file: UTF-8, its byte-order mark stepped over.
fn decode<'a>(file: &str, bytes: &'a [u8], notes: &mut Vec<Note>) -> Result<&'a str> {
    let thing = || Error::data(format!("file '{file}'"));
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(thing()
            .got("UTF-16 text, by the mark in its first two bytes")
            .rule("tables are UTF-8 text")
            .hint("save the file as UTF-8"));
    }
    let rest = bytes.strip_prefix(b"\xEF\xBB\xBF");
    if rest.is_some() {
        notes.push(Note::info("byte-order-mark", "The file starts with a byte-order mark; it was stepped over."));
    }
    let rest = rest.unwrap_or(bytes);
    let place = |at: usize| {
        let line = 1 + memchr_iter(b'\n', &rest[..at]).count();
        format!("byte {} (line {line}) of '{file}'", at + bytes.len() - rest.len())
    };
    let text = std::str::from_utf8(rest).map_err(|e| {
        let at = e.valid_up_to();
        let guess = match rest[at] {
            b @ 0xA0.. => format!(", which is '{}' in Latin-1", char::from(b)),
            _ => String::new(),
        };
        Error::data(place(at)).got(format!("0x{:02X}{guess}", rest[at])).rule("tables are UTF-8 text").hint("save the file as UTF-8")
    })?;
    if let Some(at) = memchr(0, rest) {
        return Err(Error::data(place(at))
            .got("a zero byte")
            .rule("tables are UTF-8 text")
            .hint("is it UTF-16 text or a binary file? Save it as UTF-8 CSV"));
    }
    if text.bytes().all(|b| b.is_ascii_whitespace()) {
        let got = if bytes.is_empty() { "an empty file" } else { "only blank lines" };
        return Err(thing().got(got).rule("a table has a header and at least one row"));
    }
    Ok(text)
}

/// The number of cells in each of the first records, as one delimiter splits them.
struct Sample {
    counts: Vec<usize>,
    /// Cells behind the first record, and how many of them are numbers.
    cells: usize,
    numbers: usize,
    /// Every quote stands where this delimiter lets it stand.
    clean: bool,
}

impl Sample {
    fn of(text: &str, delimiter: u8, comment: u8, limits: Limits) -> Self {
        let mut scanner = Scanner::new(text, delimiter, comment, limits);
        let mut cells = Vec::new();
        let mut sample = Self { counts: Vec::new(), cells: 0, numbers: 0, clean: true };
        loop {
            match scanner.next(&mut cells) {
                Ok(true) => {}
                Ok(false) => break,
                // A record that the right delimiter breaks is refused later with its place.
                Err(_) => {
                    sample.clean = false;
                    break;
                }
            }
            sample.clean &= !cells.iter().any(|c| !c.quoted && memchr(b'"', c.bytes(text)).is_some());
            if !sample.counts.is_empty() {
                sample.cells += cells.len();
                sample.numbers += cells.iter().filter(|c| number(c.bytes(text), false).is_some()).count();
            }
            sample.counts.push(cells.len());
            let n = sample.counts.len();
            if n >= SAMPLE_RECORDS || (n >= 3 && scanner.position() > SAMPLE_BYTES) {
                break;
            }
        }
        sample
    }

    /// The most frequent number of cells from two upwards and its share of the records; of equals the one seen first.
    fn mode(&self) -> Option<(usize, f64)> {
        let mut tally: Vec<(usize, usize)> = Vec::new();
        for &count in self.counts.iter().filter(|&&c| c > 1) {
            match tally.iter_mut().find(|t| t.0 == count) {
                Some(t) => t.1 += 1,
                None => tally.push((count, 1)),
            }
        }
        let best = tally.into_iter().reduce(|best, t| if t.1 > best.1 { t } else { best })?;
        Some((best.0, best.1 as f64 / self.counts.len() as f64))
    }

    /// Number of leading records of a single cell above a table of `width` columns.
    fn titles(&self) -> usize {
        let Some((width, _)) = self.mode() else { return 0 };
        let titles = self.counts.iter().take_while(|&&c| c == 1).count();
        // A header and a row must follow.
        let follows = self.counts[titles..].iter().take(2).filter(|&&c| c == width).count() == 2;
        if follows && titles <= MOST_TITLES { titles } else { 0 }
    }
}

/// The delimiter that leaves quotes at the edges of cells and splits most records into the same number of cells; of equals the one that
/// makes most cells.
fn detect(text: &str, comment: u8, limits: Limits, notes: &mut Vec<Note>) -> (u8, Sample) {
    let mut best: Option<(u8, Sample, (usize, f64))> = None;
    for delimiter in DELIMITERS.into_iter().filter(|&d| d != comment) {
        let sample = Sample::of(text, delimiter, comment, limits);
        if let Some((width, share)) = sample.mode()
            && best.as_ref().is_none_or(|(_, b, (w, s))| (sample.clean, share, width) > (b.clean, *s, *w))
        {
            best = Some((delimiter, sample, (width, share)));
        }
    }
    if best.as_ref().is_none_or(|b| b.2.1 < 0.5) {
        // Runs of blanks only where they split every record alike and into numbers mostly: text holds blanks too.
        let blank = Sample::of(text, b' ', comment, limits);
        let alike = blank.mode().is_some_and(|(_, share)| share == 1.0);
        if alike && blank.counts.len() > 1 && blank.numbers * 2 >= blank.cells {
            notes.push(Note::info("delimiter", "Cells are separated by runs of blanks."));
            return (b' ', blank);
        }
    }
    match best {
        Some((delimiter, sample, (width, _))) => {
            if delimiter != b',' {
                let name = if delimiter == b'\t' { "tabs".to_owned() } else { format!("'{}'", char::from(delimiter)) };
                notes.push(Note::info("delimiter", format!("Cells are separated by {name}: {width} columns.")));
            }
            (delimiter, sample)
        }
        None => (b',', Sample::of(text, b',', comment, limits)),
    }
}

/// Steps over title lines and reads the names; the scanner then stands before the first row.
fn header(file: &str, body: &mut Scanner<'_>, sample: &Sample, limits: Limits, notes: &mut Vec<Note>) -> Result<Vec<String>> {
    let text = body.text();
    let next = |body: &mut Scanner<'_>, cells: &mut Vec<Cell>| body.next(cells).map_err(|b| broken(file, text, None, &b, limits));
    let mut cells = Vec::new();
    let titles = sample.titles();
    let start = body.clone();
    for _ in 0..titles {
        next(body, &mut cells)?;
    }
    let mut before = body.clone();
    next(body, &mut cells)?;
    if titles > 0 && cells.iter().all(|c| is_number(c, text)) {
        // Numbers are no header: rather a ragged row below a single name.
        *body = start.clone();
        before = start;
        next(body, &mut cells)?;
    } else if titles > 0 {
        let lines = if titles == 1 { "1 title line".into() } else { format!("{titles} title lines") };
        notes.push(Note::warning("title-lines", format!("{lines} above the header stepped over.")));
    }
    if cells.is_empty() {
        return Err(Error::data(format!("file '{file}'")).got("comments only").rule("a table has a header and at least one row"));
    }
    let numbers: Vec<&Cell> = cells.iter().filter(|c| is_number(c, text)).collect();
    if !numbers.is_empty()
        && let Some(names) = names_in_comment(body, cells.len(), limits)
    {
        notes.push(Note::warning(
            "header-in-comment",
            format!("The names were taken from the comment line above the rows: {}.", shown(&names.join(", "))),
        ));
        // The comments stay counted, the first record becomes a row.
        *body = before;
        return Ok(names);
    }
    if numbers.len() == cells.len() {
        return Err(Error::data(format!("header (line {}) of '{file}'", body.record_line))
            .got(format!("numbers only, from '{}'", shown(&cells[0].text(text))))
            .rule("the first line names the columns")
            .hint("add a header line; names that are numbers need quotes"));
    }
    if let Some(first) = numbers.first() {
        let text = format!(
            "{} of {} column names are numbers, such as '{}'. If the file has no header, add one.",
            numbers.len(),
            cells.len(),
            shown(&first.text(text))
        );
        notes.push(Note::warning("numeric-name", text));
    }
    Ok(cells.iter().map(|c| c.text(text).into_owned()).collect())
}

/// A number without quotes: quotes say that a name is meant.
fn is_number(cell: &Cell, text: &str) -> bool {
    !cell.quoted && number(cell.bytes(text), false).is_some()
}

/// The names in the comment line right above the latest record, where it has as many as the record has cells and none is a number.
fn names_in_comment(body: &Scanner<'_>, width: usize, limits: Limits) -> Option<Vec<String>> {
    let (start, end) = body.latest_comment?;
    let text = body.text();
    if width < 2 || !text[end..body.record_start].bytes().all(|b| b.is_ascii_whitespace()) {
        return None;
    }
    let line = &text[start..end];
    DELIMITERS.into_iter().chain([b' ']).find_map(|delimiter| {
        let mut cells = Vec::new();
        // A second '#' is not a comment here.
        Scanner::new(line, delimiter, b'\n', limits).next(&mut cells).ok()?;
        let fits = cells.len() == width && cells.iter().all(|c| c.start < c.end && !is_number(c, line));
        fits.then(|| cells.iter().map(|c| c.text(line).into_owned()).collect())
    })
}

/// Whether the decimal mark is a comma: told, or found in the cells.
fn decimal(head: &mut Head<'_>, told: Option<char>) -> Result<bool> {
    match told {
        Some('.') => return Ok(false),
        Some(',') if head.delimiter == b',' => {
            return Err(Error::recipe("decimal in [data]")
                .got("',' in a file whose cells are separated by ','")
                .rule("decimal mark and delimiter differ")
                .hint("declare the delimiter too"));
        }
        Some(',') => return Ok(true),
        Some(other) => return Err(Error::recipe("decimal in [data]").got(format!("'{}'", other.escape_debug())).rule("it is '.' or ','")),
        None => {}
    }
    let mut body = head.body.clone();
    if head.delimiter == b',' || memchr(b',', &head.text.as_bytes()[body.position()..]).is_none() {
        return Ok(false);
    }
    let (mut commas, mut points) = (0_u64, 0_u64);
    let mut cells = Vec::new();
    for _ in 0..DECIMAL_RECORDS {
        // A broken record is refused when the rows are read.
        if !matches!(body.next(&mut cells), Ok(true)) {
            break;
        }
        for cell in &cells {
            let bytes = cell.bytes(head.text);
            if memchr(b',', bytes).is_some() {
                commas += u64::from(number(bytes, true).is_some());
            } else if memchr(b'.', bytes).is_some() {
                points += u64::from(number(bytes, false).is_some());
            }
        }
    }
    if commas <= points {
        return Ok(false);
    }
    let text = format!("Numbers are written with a decimal comma ({commas} cells).");
    head.notes.push(if points == 0 {
        Note::info("decimal-comma", text)
    } else {
        Note::warning("decimal-comma", format!("{text} {points} cells hold a decimal point and are not read as numbers."))
    });
    Ok(true)
}
