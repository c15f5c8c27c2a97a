//! What a caller may say about a table file; everything left unsaid is detected and noted.

use std::collections::BTreeMap;

/// How to read a table. The default detects everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// The character between cells (CSV): any of `,` `;` tab `|`, or a space for runs of blanks. `None`: detected.
    pub delimiter: Option<char>,
    /// The decimal mark (CSV): `.` or `,`. `None`: detected.
    pub decimal: Option<char>,
    /// The character that starts a comment line (CSV). `None`: `#`.
    pub comment: Option<char>,
    /// Texts that stand for missing, besides the usual ones. One that is a number also matches other spellings of that number.
    pub missing: Vec<String>,
    /// Columns to read as classes even where every cell is a number.
    pub classes: Vec<String>,
    /// Columns that are labels wherever the file has them; names it lacks are no error here.
    pub labels: Vec<String>,
    /// Variables of a cube to read; none named: those on the most axes.
    pub variables: Vec<String>,
    /// The layer to read of a file that has several (GeoPackage). `None`: the first, with a note.
    pub layer: Option<String>,
    /// Units by column name; they go before units found in the file.
    pub units: BTreeMap<String, String>,
    /// The sheet of a workbook. `None`: the first one that holds a table.
    pub sheet: Option<String>,
}

impl ReadOptions {
    /// Whether the column of this name is read as classes whatever its cells hold.
    pub(crate) fn reads_as_class(&self, name: &String) -> bool {
        self.classes.contains(name) || self.labels.contains(name)
    }
}
