//! Records and cells of a CSV text (RFC 4180, with comments and any line ends), without copying a byte.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr_iter, memchr2};

use super::Limits;

/// Where a cell lies in the text: without its quotes, or trimmed of blanks where it has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    pub start: usize,
    pub end: usize,
    pub quoted: bool,
    /// Doubled quotes are inside.
    pub doubled: bool,
}

impl Cell {
    pub(crate) fn bytes<'a>(&self, text: &'a str) -> &'a [u8] {
        &text.as_bytes()[self.start..self.end]
    }

    /// The text of the cell, doubled quotes made single.
    pub(crate) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let raw = &text[self.start..self.end];
        if self.doubled { Cow::Owned(raw.replace("\"\"", "\"")) } else { Cow::Borrowed(raw) }
    }
}

/// What breaks the format, and in which line of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Broken {
    Unclosed { line: u64 },
    AfterQuote { line: u64, at: usize },
    TooLong { line: u64 },
    TooManyCells { line: u64 },
}

/// Steps through the records of a text.
#[derive(Clone)]
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// Line of the file at `at`, from 1.
    line: u64,
    delimiter: u8,
    comment: u8,
    limits: Limits,
    /// The bytes that end a cell without quotes.
    stop: [bool; 256],
    /// Line and offset at which the latest record starts.
    pub record_line: u64,
    pub record_start: usize,
    /// Comment lines stepped over: how many, the first one below a row, the bytes of the latest.
    pub comments: u64,
    pub late_comment: Option<u64>,
    pub latest_comment: Option<(usize, usize)>,
    /// Blank lines between records.
    pub blanks: u64,
    records: u64,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str, delimiter: u8, comment: u8, limits: Limits) -> Self {
        let mut stop = [false; 256];
        for byte in [delimiter, b'\n', b'\r'] {
            stop[byte as usize] = true;
        }
        if delimiter == b' ' {
            stop[b'\t' as usize] = true;
        }
        let at = 0;
        let (comments, blanks, records) = (0, 0, 0);
        let (late_comment, latest_comment) = (None, None);
        Self {
            text,
            at,
            line: 1,
            delimiter,
            comment,
            limits,
            stop,
            record_line: 1,
            record_start: at,
            comments,
            late_comment,
            latest_comment,
            blanks,
            records,
        }
    }

    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// The byte between cells.
    pub(crate) fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// A scanner of the same kind for a part of the text. Offsets of cells are those of the whole text.
    pub(crate) fn part(&self, part: Range<usize>) -> Self {
        Self { text: &self.text[..part.end], at: part.start, ..self.clone() }
    }

    /// Whether a row begins here, or the text ends; `None` before a comment or a blank line.
    pub(crate) fn begins_row(&mut self) -> Option<bool> {
        self.record_start = self.at;
        match self.rest().first() {
            None => Some(false),
            Some(&first) => (first != self.comment && !matches!(first, b'\n' | b'\r')).then_some(true),
        }
    }

    /// What has not been read.
    #[inline(always)]
    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.text.as_bytes()[self.at..]
    }

    /// Steps over a cell of so many bytes, if it ends there.
    #[inline(always)]
    pub(crate) fn ends_cell(&mut self, length: usize) -> bool {
        let ends = self.text.as_bytes().get(self.at + length).is_some_and(|&b| self.stop[b as usize]);
        self.at += if ends { length } else { 0 };
        ends
    }

    /// The next cell, if it is well formed and no line ends within it.
    pub(crate) fn cell_of_line(&mut self) -> Option<Cell> {
        let line = self.line;
        self.cell().ok().filter(|_| self.line == line)
    }

    /// Steps over the delimiter, or behind the last cell over the line end (a line feed, or the end of the text). `None` where something
    /// else stands, or the row is too long.
    #[inline(always)]
    pub(crate) fn step(&mut self, last: bool) -> Option<()> {
        self.at += match (last, self.rest()) {
            (false, [byte, ..]) if *byte == self.delimiter => 1,
            (true, [b'\n', ..]) => 1,
            (true, [b'\r', b'\n', ..]) => 2,
            (true, []) => 0,
            _ => return None,
        };
        (self.at - self.record_start <= self.limits.record).then_some(())
    }

    /// The line that the next record starts in.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// The offset behind the latest record.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// The cells of the next record; false at the end of the text. Comment lines and blank lines are stepped over.
    pub(crate) fn next(&mut self, cells: &mut Vec<Cell>) -> Result<bool, Broken> {
        let bytes = self.text.as_bytes();
        let mut blanks = 0;
        loop {
            cells.clear();
            if self.at >= bytes.len() {
                return Ok(false);
            }
            if bytes[self.at] == self.comment {
                self.skip_comment();
                continue;
            }
            self.record_line = self.line;
            self.record_start = self.at;
            self.record(cells)?;
            if matches!(cells[..], [] | [Cell { quoted: false, .. }]) && cells.iter().all(|c| c.start == c.end) {
                blanks += 1;
                continue;
            }
            if self.records > 0 {
                self.blanks += blanks;
            }
            self.records += 1;
            return Ok(true);
        }
    }

    fn skip_comment(&mut self) {
        let bytes = self.text.as_bytes();
        let end = memchr2(b'\n', b'\r', &bytes[self.at..]).map_or(bytes.len(), |n| self.at + n);
        self.comments += 1;
        if self.records > 1 && self.late_comment.is_none() {
            self.late_comment = Some(self.line);
        }
        self.latest_comment = Some((self.at + 1, end));
        self.at = end;
        self.end_line();
    }

    /// Steps over a line end, if one is here.
    fn end_line(&mut self) {
        match self.text.as_bytes()[self.at..] {
            [b'\r', b'\n', ..] => self.at += 2,
            [b'\r' | b'\n', ..] => self.at += 1,
            _ => return,
        }
        self.line += 1;
    }

    fn record(&mut self, cells: &mut Vec<Cell>) -> Result<(), Broken> {
        let bytes = self.text.as_bytes();
        let runs = self.delimiter == b' ';
        loop {
            if runs {
                self.skip_blanks();
                if !cells.is_empty() && bytes.get(self.at).is_none_or(|b| matches!(b, b'\n' | b'\r')) {
                    self.end_line();
                    return Ok(());
                }
            }
            let cell = self.cell()?;
            cells.push(cell);
            if self.at - self.record_start > self.limits.record {
                return Err(Broken::TooLong { line: self.record_line });
            }
            if cells.len() > self.limits.cells {
                return Err(Broken::TooManyCells { line: self.record_line });
            }
            match bytes.get(self.at) {
                Some(b'\n' | b'\r') => {
                    self.end_line();
                    return Ok(());
                }
                Some(_) => self.at += 1,
                None => return Ok(()),
            }
        }
    }

    fn skip_blanks(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        let tab = self.delimiter != b'\t';
        self.at += rest.iter().take_while(|&&b| b == b' ' || (tab && b == b'\t')).count();
    }

    /// One cell; stops at the delimiter or line end behind it.
    fn cell(&mut self) -> Result<Cell, Broken> {
        let bytes = self.text.as_bytes();
        let before = self.at;
        if matches!(bytes.get(self.at), Some(b' ' | b'\t')) {
            self.skip_blanks();
        }
        if bytes.get(self.at) == Some(&b'"') {
            return self.quoted();
        }
        let start = self.at.max(before);
        let length = bytes[start..].iter().position(|&b| self.stop[b as usize]).unwrap_or(bytes.len() - start);
        self.at = start + length;
        let mut end = self.at;
        while end > start && matches!(bytes[end - 1], b' ' | b'\t') {
            end -= 1;
        }
        Ok(Cell { start, end, quoted: false, doubled: false })
    }

    fn quoted(&mut self) -> Result<Cell, Broken> {
        let bytes = self.text.as_bytes();
        let start = self.at + 1;
        let mut end = start;
        let mut doubled = false;
        loop {
            let reach = bytes.len().min(self.record_start.saturating_add(self.limits.record).saturating_add(1)).max(end);
            match memchr(b'"', &bytes[end..reach]) {
                Some(n) if bytes.get(end + n + 1) == Some(&b'"') => {
                    doubled = true;
                    end += n + 2;
                }
                Some(n) => {
                    end += n;
                    break;
                }
                None if reach < bytes.len() => return Err(Broken::TooLong { line: self.record_line }),
                None => return Err(Broken::Unclosed { line: self.line }),
            }
        }
        self.line += memchr_iter(b'\n', &bytes[start..end]).count() as u64;
        self.at = end + 1;
        let behind = self.at;
        self.skip_blanks();
        let ends = bytes.get(self.at).is_none_or(|&b| self.stop[b as usize]) || (self.delimiter == b' ' && self.at > behind);
        if self.delimiter == b' ' && self.at > behind {
            // The blank itself is the delimiter; leave one to be stepped over.
            self.at -= 1;
        }
        if !ends {
            return Err(Broken::AfterQuote { line: self.line, at: self.at });
        }
        Ok(Cell { start, end, quoted: true, doubled })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str, delimiter: u8) -> Vec<Vec<String>> {
        let mut scanner = Scanner::new(text, delimiter, b'#', Limits::default());
        let (mut found, mut record) = (Vec::new(), Vec::new());
        while scanner.next(&mut record).unwrap() {
            found.push(record.iter().map(|c| c.text(text).into_owned()).collect());
        }
        found
    }

    #[test]
    fn quotes_line_ends_comments_and_blank_lines() {
        let text = "# note\r\na, \"b\"\"c\" ,d\r\n\r\n\"x\ny,z\",, 5 \n";
        assert_eq!(cells(text, b','), [vec!["a", "b\"c", "d"], vec!["x\ny,z", "", "5"]]);
        assert_eq!(cells("a;b\r1;2\r", b';'), [["a", "b"], ["1", "2"]]);
        assert_eq!(cells("a,\n", b','), [["a", ""]]);
        assert_eq!(cells("a\n\"\"\n", b','), [["a"], [""]]);
    }

    #[test]
    fn runs_of_blanks_are_one_delimiter() {
        assert_eq!(cells("  a   b \n1\t 2\n\"x y\" 3  \n", b' '), [["a", "b"], ["1", "2"], ["x y", "3"]]);
    }

    #[test]
    fn lines_are_those_of_the_file() {
        let text = "a,b\n\"1\n2\",3\n# c\n4,\"5\"x\n";
        let mut scanner = Scanner::new(text, b',', b'#', Limits::default());
        let mut record = Vec::new();
        let mut lines = Vec::new();
        let broken = loop {
            match scanner.next(&mut record) {
                Ok(true) => lines.push(scanner.record_line),
                Ok(false) => panic!("the text after the quote was not seen"),
                Err(broken) => break broken,
            }
        };
        assert_eq!(lines, [1, 2]);
        assert_eq!(broken, Broken::AfterQuote { line: 5, at: 21 });
    }
}
