//! Derived columns and row filters: expressions over columns, evaluated row by row through `exmex`.
//!
//! Everything is a number: comparisons give 1 or 0, and any operation on a missing value is missing.
//! A column whose name is not a plain word is written in braces: `{mean depth}`.

use esker_core::{Column, Error, Result, Table, Values};
use exmex::{BinOp, Express, FlatEx, MakeOperators, MatchLiteral, Operator, literal_matcher_from_pattern};

use crate::columns::{as_classes, unknown_column};
use crate::recipe::nearest;

// Numbers as tables write them, 1e-9 among them.
literal_matcher_from_pattern!(Numbers, r"^[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?|^\.[0-9]+([eE][+-]?[0-9]+)?");

fn compare(a: f64, b: f64, holds: bool) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { f64::from(u8::from(holds)) }
}

type Function = fn(f64) -> f64;

const FUNCTIONS: [(&str, Function); 13] = [
    ("abs", f64::abs),
    ("sqrt", f64::sqrt),
    ("exp", f64::exp),
    ("ln", f64::ln),
    ("log10", f64::log10),
    ("sin", f64::sin),
    ("cos", f64::cos),
    ("tan", f64::tan),
    ("atan", f64::atan),
    ("floor", f64::floor),
    ("ceil", f64::ceil),
    ("round", f64::round),
    ("sign", |a| if a == 0.0 { 0.0 } else { a.signum() }),
];
/// Functions beside those of one number.
const FURTHER: [&str; 4] = ["min", "max", "atan2", "missing"];

/// The operators of an expression; `^` is exmex's power, whose sign trap is refused in [`refuse_traps`].
#[derive(Clone, Debug)]
struct Operators;

impl MakeOperators<f64> for Operators {
    fn make<'a>() -> Vec<Operator<'a, f64>> {
        let bin = |apply, prio, is_commutative| BinOp { apply, prio, is_commutative };
        let mut all = vec![
            Operator::make_bin("||", bin(|a, b| compare(a, b, a != 0.0 || b != 0.0), 0, true)),
            Operator::make_bin("&&", bin(|a, b| compare(a, b, a != 0.0 && b != 0.0), 1, true)),
            Operator::make_bin("==", bin(|a, b| compare(a, b, a == b), 2, true)),
            Operator::make_bin("!=", bin(|a, b| compare(a, b, a != b), 2, true)),
            Operator::make_bin("<=", bin(|a, b| compare(a, b, a <= b), 2, false)),
            Operator::make_bin(">=", bin(|a, b| compare(a, b, a >= b), 2, false)),
            Operator::make_bin("<", bin(|a, b| compare(a, b, a < b), 2, false)),
            Operator::make_bin(">", bin(|a, b| compare(a, b, a > b), 2, false)),
            Operator::make_bin_unary("+", bin(|a, b| a + b, 3, true), |a| a),
            Operator::make_bin_unary("-", bin(|a, b| a - b, 4, false), |a| -a),
            Operator::make_bin("*", bin(|a, b| a * b, 5, true)),
            Operator::make_bin("/", bin(|a, b| a / b, 6, false)),
            Operator::make_bin("^", bin(f64::powf, 7, false)),
            Operator::make_bin("min", bin(|a, b| if a.is_nan() || b.is_nan() { f64::NAN } else { a.min(b) }, 8, true)),
            Operator::make_bin("max", bin(|a, b| if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }, 8, true)),
            Operator::make_bin("atan2", bin(f64::atan2, 8, false)),
            Operator::make_unary("!", |a| compare(a, a, a == 0.0)),
            Operator::make_unary("missing", |a: f64| f64::from(u8::from(a.is_nan()))),
            Operator::make_constant("PI", std::f64::consts::PI),
        ];
        all.extend(FUNCTIONS.map(|(name, f)| Operator::make_unary(name, f)));
        all
    }
}

/// A parsed expression with the columns it reads.
pub(crate) struct Expression {
    text: String,
    tree: FlatEx<f64, Operators, Numbers>,
}

impl Expression {
    pub fn parse(text: &str) -> Result<Self> {
        let bad = || Error::recipe(format!("expression '{text}'"));
        if text.len() > 4096 {
            return Err(Error::recipe("expression").got(format!("{} characters", text.len())).rule("at most 4096 are read"));
        }
        refuse_traps(text)?;
        refuse_unknown_functions(text)?;
        let hint = "columns by name ({in braces} if it is not one word), numbers, + - * / ^, == != < <= > >=, && || !, sqrt(x), ln(x), min(a, b) …";
        let tree = FlatEx::parse(text).map_err(|e| bad().got(e.to_string()).rule("it cannot be read").hint(hint))?;
        Ok(Self { text: text.to_owned(), tree })
    }

    /// The names of the columns it reads.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tree.var_names().iter().map(|name| name.trim_matches(|c| c == '{' || c == '}'))
    }

    /// One value a row; NaN where any column it reads is missing, and where it is not defined (noted by count).
    pub fn eval(&self, table: &Table) -> Result<Evaluated> {
        let bad = || Error::recipe(format!("expression '{}'", self.text));
        let mut columns = Vec::new();
        for name in self.names() {
            let Ok(column) = table.column(name) else {
                return Err(unknown_column(table, name, &format!("expression '{}' names it, and the table has no such column", self.text)));
            };
            match &column.values {
                Values::Real(v) => columns.push(v.as_slice()),
                Values::Class(_) => {
                    let hint = format!("to keep rows by class write [data.keep] {name} = [\"…\"]");
                    return Err(bad().got(format!("column '{name}' of classes")).rule("expressions read numbers").hint(hint));
                }
            }
        }
        let mut row = vec![0.0; columns.len()];
        let mut values = Vec::with_capacity(table.rows());
        let mut undefined = 0;
        for i in 0..table.rows() {
            for (slot, column) in row.iter_mut().zip(&columns) {
                *slot = column[i];
            }
            let value = self.tree.eval(&row).map_err(|e| bad().got(e.to_string()).rule("it cannot be computed"))?;
            let complete = row.iter().all(|v| !v.is_nan());
            undefined += usize::from(complete && !value.is_finite());
            values.push(if value.is_finite() { value } else { f64::NAN });
        }
        Ok(Evaluated { values, undefined })
    }
}

/// The values of an expression over a table.
pub(crate) struct Evaluated {
    pub values: Vec<f64>,
    /// Rows where all inputs were there and the result was not a number (a logarithm of a negative value).
    pub undefined: usize,
}

/// exmex reads `-x^2` as `(-x)^2`; mathematics reads it as `-(x^2)`. Neither is guessed.
fn refuse_traps(text: &str) -> Result<()> {
    let chars: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    for (i, c) in chars.iter().enumerate() {
        let unary = *c == '-' && (i == 0 || "+-*/^(<>=&|!,".contains(chars[i - 1]));
        if unary && operand_end(&chars, i + 1).is_some_and(|end| chars.get(end) == Some(&'^')) {
            return Err(Error::recipe(format!("expression '{text}'"))
                .got("a minus sign before a power")
                .rule("it can be read in two ways")
                .hint("write -(x^2) or (-x)^2"));
        }
    }
    Ok(())
}

/// A word before a parenthesis is a function, and one that is not known would be read as something else.
fn refuse_unknown_functions(text: &str) -> Result<()> {
    let known: Vec<&str> = FUNCTIONS.iter().map(|(name, _)| *name).chain(FURTHER).collect();
    let mut rest = text;
    while let Some(open) = rest.find(['(', '{']) {
        let (before, from) = rest.split_at(open);
        if from.starts_with('{') {
            rest = from.find('}').map_or("", |close| &from[close..]);
            continue;
        }
        let before = before.trim_end();
        let start = before
            .rfind(|c: char| !(c.is_alphanumeric() || c == '_'))
            .map_or(0, |i| i + before[i..].chars().next().map_or(1, char::len_utf8));
        let word = &before[start..];
        if word.starts_with(char::is_alphabetic) && !known.contains(&word) {
            let hint = match nearest(word, &known) {
                _ if word == "log" => "ln(x) is the natural logarithm, log10(x) the decimal one".to_owned(),
                Some(near) => format!("did you mean '{near}'?"),
                None => format!("known are {}", known.join(", ")),
            };
            return Err(Error::recipe(format!("expression '{text}'"))
                .got(format!("'{word}(…)'"))
                .rule("no such function is known")
                .hint(hint));
        }
        rest = &from[1..];
    }
    Ok(())
}

/// Where the operand that begins at `start` ends: a word, a number, a name in braces, a parenthesis or a call.
fn operand_end(chars: &[char], start: usize) -> Option<usize> {
    let mut i = start;
    let closing = |from: usize, open: char, close: char| -> Option<usize> {
        let mut depth = 0usize;
        for (j, c) in chars.iter().enumerate().skip(from) {
            depth += usize::from(*c == open);
            if *c == close {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(j + 1);
                }
            }
        }
        None
    };
    if chars.get(i) == Some(&'{') {
        return closing(i, '{', '}');
    }
    while chars.get(i).is_some_and(|c| c.is_alphanumeric() || *c == '_' || *c == '.') {
        i += 1;
    }
    if chars.get(i) == Some(&'(') { closing(i, '(', ')') } else { Some(i) }
}

/// A derived column of numbers, or of classes named by those numbers.
pub(crate) fn derived(derived: &crate::recipe::Derived, table: &Table) -> Result<(Column, usize)> {
    let Evaluated { values, undefined } = Expression::parse(&derived.value)?.eval(table)?;
    let mut column = Column::real(derived.name.clone(), derived.unit.as_str(), values);
    if derived.class {
        column = as_classes(&column);
    }
    Ok((column, undefined))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table::new(vec![
            Column::real("zmax", "m", vec![250.0, 300.0, f64::NAN]),
            Column::real("zmin", "m", vec![235.0, 100.0, 1.0]),
            Column::real("mean depth", "m", vec![-1.0, 4.0, 9.0]),
        ])
        .unwrap()
    }

    fn eval(text: &str) -> Vec<f64> {
        Expression::parse(text).unwrap().eval(&table()).unwrap().values
    }

    #[test]
    fn arithmetic_follows_mathematics_and_missing_stays_missing() {
        assert_eq!(eval("zmax - zmin")[..2], [15.0, 200.0]);
        assert!(eval("zmax - zmin")[2].is_nan());
        assert_eq!(eval("7/2")[0], 3.5);
        assert_eq!(eval("10 - 2 - 3")[0], 5.0);
        assert_eq!(eval("8/4/2")[0], 1.0);
        assert_eq!(eval("2 + 3*4^2")[0], 50.0);
        assert_eq!(eval("12/2*3")[0], 18.0);
        assert_eq!(eval("max(zmin, 200) * 2")[..2], [470.0, 400.0]);
        assert_eq!(eval("missing(zmax)"), [0.0, 0.0, 1.0]);
        assert_eq!(eval("1e3 + 2.5E-1 + .5 + zmin*0")[0], 1000.75);
    }

    #[test]
    fn conditions_are_one_or_zero_and_braces_name_any_column() {
        assert_eq!(eval("{mean depth} >= 4 && zmin < 50"), [0.0, 0.0, 1.0]);
        assert_eq!(eval("!(zmin == 1)"), [1.0, 1.0, 0.0]);
    }

    #[test]
    fn names_are_those_of_columns_and_not_parts_of_them() {
        let e = Expression::parse("ln({mean depth}) + t2m_max - max(zmin, 2)").unwrap();
        assert_eq!(e.names().collect::<Vec<_>>(), ["mean depth", "t2m_max", "zmin"]);
    }

    #[test]
    fn what_is_not_defined_is_missing_and_counted() {
        let e = Expression::parse("ln({mean depth})").unwrap().eval(&table()).unwrap();
        assert!(e.values[0].is_nan());
        assert_eq!(e.undefined, 1);
    }

    #[test]
    fn a_minus_before_a_power_is_refused_and_not_guessed() {
        for text in ["-zmin^2", "3 * -sqrt(zmin)^2", "-{mean depth}^2"] {
            assert!(Expression::parse(text).is_err(), "{text}");
        }
        assert_eq!(eval("-(zmin^2)")[2], -1.0);
        assert_eq!(eval("4 - zmin^2")[2], 3.0);
    }

    #[test]
    fn faults_name_the_expression_and_the_column() {
        insta::assert_snapshot!(Expression::parse("zmax -").err().unwrap().thing, @"expression 'zmax -'");
        insta::assert_snapshot!(Expression::parse("1 + log({mean (depth)}) * 2").err().unwrap(), @"
        expression '1 + log({mean (depth)}) * 2': got 'log(…)'; no such function is known
          hint: ln(x) is the natural logarithm, log10(x) the decimal one
        ");
        insta::assert_snapshot!(Expression::parse("max(zmin, 2) - sqtr (zmax)").err().unwrap(), @"
        expression 'max(zmin, 2) - sqtr (zmax)': got 'sqtr(…)'; no such function is known
          hint: did you mean 'sqrt'?
        ");
        let e = Expression::parse("zmax - Zmin").unwrap().eval(&table()).err().unwrap();
        insta::assert_snapshot!(e, @"
        column 'Zmin'; expression 'zmax - Zmin' names it, and the table has no such column
          hint: did you mean 'zmin'?
        ");
    }
}
