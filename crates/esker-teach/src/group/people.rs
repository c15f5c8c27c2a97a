//! People who apply: reading their table, refusing what it must not hold, and everything that is wrong with it at once.

use std::collections::BTreeMap;
use std::path::Path;

use esker_core::{Error, Result, Table, Values};
use esker_io::{ReadOptions, read_table};
use serde::{Deserialize, Serialize};

use super::call::{Call, Day, is_name, zone};
use super::hours::Hours;

/// Most people of one matching.
pub const MOST_PEOPLE: usize = 20_000;
/// Most people that the faults of a table are told of.
const MOST_FAULTS: usize = 50;

/// The columns that are read, those that every table needs first.
const COLUMNS: [(&str, bool); 16] = [
    ("id", true),
    ("name", true),
    ("zone", true),
    ("languages", true),
    ("level", true),
    ("interests", true),
    ("hours", true),
    ("consent", true),
    ("email", false),
    ("guide", false),
    ("apart", false),
    ("career", false),
    ("own_data", false),
    ("wishes", false),
    ("locale", false),
    ("consent_date", false),
];

/// Words of column names that are never asked for, in the languages that forms are most often written in.
const REFUSED: [(&str, &[&str]); 3] = [
    ("gender", &["gender", "sex", "pronoun", "pronouns", "geschlecht", "genre", "sexe", "género", "genero", "sexo", "genere", "sesso"]),
    (
        "nationality",
        &[
            "nationality",
            "citizenship",
            "ethnicity",
            "race",
            "religion",
            "passport",
            "nationalität",
            "staatsangehörigkeit",
            "nationalité",
            "nacionalidad",
            "nazionalità",
            "nacionalidade",
        ],
    ),
    (
        "age",
        &[
            "age",
            "birth",
            "birthday",
            "birthdate",
            "dob",
            "born",
            "alter",
            "geburtstag",
            "geburtsdatum",
            "âge",
            "naissance",
            "edad",
            "idade",
            "età",
        ],
    ),
];

/// A person who applies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// A short name: small letters, digits, hyphens. It stands in file names.
    pub id: String,
    /// The name that is shown.
    pub name: String,
    /// Never shown to anybody.
    #[serde(default)]
    pub email: String,
    /// Their time zone, an IANA name.
    pub zone: String,
    /// Languages they can work in, small letters.
    pub languages: Vec<String>,
    /// 1 new, 2 has tried, 3 has done a project, 4 could teach it.
    pub level: u8,
    /// Whether they may guide a group.
    pub guide: bool,
    /// Up to three topics of the call, dearest first.
    pub interests: Vec<String>,
    /// Free hours of a week on their clock.
    pub hours: Hours,
    /// People they are kept apart from; it holds both ways, and is shown to nobody.
    #[serde(default)]
    pub apart: Vec<String>,
    /// What they do, in a word: groups are mixed.
    #[serde(default)]
    pub career: String,
    /// Whether they bring data.
    #[serde(default)]
    pub own_data: Option<bool>,
    /// What they wish, in their words.
    #[serde(default)]
    pub wishes: String,
    /// Language of letters to them.
    #[serde(default)]
    pub locale: String,
    /// Version of the consent text they agreed to.
    pub consent: String,
    /// When they agreed.
    #[serde(default)]
    pub consent_date: Option<Day>,
}

/// Applications as they were read.
#[derive(Debug, Clone, PartialEq)]
pub struct Applications {
    /// The people, by id.
    pub people: Vec<Person>,
    /// What was left out, in sentences.
    pub notes: Vec<String>,
}

/// A table to start from.
pub const TEMPLATE: &str = "\
id,name,email,zone,languages,level,guide,interests,hours,apart,career,own_data,wishes,locale,consent,consent_date
ana,Ana Quispe,ana@example.org,America/La_Paz,es;en,1,no,glaciers;snow,Mon-Thu 18:00-21:00; Sat 9-12,,student,yes,,es,2026-1,2026-08-20
bo,Bo Lindqvist,bo@example.org,Europe/Stockholm,sv;en,3,yes,glaciers;rivers,\"Tue 17:00-22:00; Thu 17:00-22:00\",,postdoc,no,,en,2026-1,2026-08-21
";

impl Applications {
    /// Reads a table of people, in any format Esker reads, for a call.
    ///
    /// # Errors
    /// Every fault of the table at once: columns that are refused or missing, cells that break a rule, people who are there twice.
    pub fn read(path: &Path, call: &Call) -> Result<Self, Vec<Error>> {
        Self::read_without(path, call, &|_| false)
    }

    /// As [`Applications::read`], where people of some ids are not taken up: neither their rows nor that others are kept apart from them.
    ///
    /// # Errors
    /// As there.
    pub fn read_without(path: &Path, call: &Call, gone: &dyn Fn(&str) -> bool) -> Result<Self, Vec<Error>> {
        let labels = COLUMNS.iter().map(|(name, _)| (*name).to_owned()).collect();
        let options = ReadOptions { labels, ..ReadOptions::default() };
        let table = read_table(path, &options).map_err(|e| vec![e])?;
        Self::from_table(&table, call, gone)
    }

    fn from_table(table: &Table, call: &Call, gone: &dyn Fn(&str) -> bool) -> Result<Self, Vec<Error>> {
        let mut notes = check_columns(table)?;
        if table.rows() > MOST_PEOPLE {
            let error = Error::data("applications").got(format!("{} rows", table.rows()));
            return Err(vec![
                error.rule(format!("at most {MOST_PEOPLE} people are matched at once")).hint("split the call, e.g. by topic"),
            ]);
        }
        let mut people = Vec::new();
        let mut faults = Vec::new();
        let mut left = 0;
        for row in 0..table.rows() {
            let row_of = Row { table, row, call };
            if gone(&row_of.cell("id")) {
                left += 1;
                continue;
            }
            match row_of.person() {
                Ok(mut person) => {
                    person.apart.retain(|a| !gone(a));
                    people.push((row + 1, person));
                }
                Err(found) => faults.extend(found),
            }
        }
        if left > 0 {
            notes.push(format!(
                "{left} of the rows belong to people who asked to be forgotten and were left out: take them out of the file."
            ));
        }
        faults.extend(twice(&people));
        if faults.len() > MOST_FAULTS {
            let rest = faults.len() - MOST_FAULTS;
            faults.truncate(MOST_FAULTS);
            faults.push(Error::data("applications").got(format!("{rest} more faults")).rule("only the first 50 are listed"));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut people: Vec<Person> = people.into_iter().map(|(_, p)| p).collect();
        people.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(Self { people, notes })
    }
}

/// Refuses columns that must not be there and asks for those that must; names the others, which are not read.
fn check_columns(table: &Table) -> Result<Vec<String>, Vec<Error>> {
    let mut faults = Vec::new();
    let mut ignored = Vec::new();
    for column in table.columns() {
        let lower = column.name.to_lowercase();
        let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
        if let Some((what, _)) = REFUSED.iter().find(|(_, refused)| words.iter().any(|w| refused.contains(w))) {
            let error = Error::data(format!("column '{}'", column.name)).got(format!("what seems to be {what}"));
            let rule = "gender, nationality and age are never asked for and never used to make groups";
            faults.push(error.rule(rule).hint("take the column out of the file and out of the form"));
        } else if !COLUMNS.iter().any(|(name, _)| *name == column.name) {
            ignored.push(format!("'{}'", column.name));
        }
    }
    for (name, _) in COLUMNS.iter().filter(|(name, needed)| *needed && table.column(name).is_err()) {
        let near = table.columns().iter().map(|c| &c.name).find(|c| strsim::damerau_levenshtein(&c.to_lowercase(), name) <= 2);
        let hint = near.map_or_else(|| "`esker group template applications` shows all columns".to_owned(), |n| format!("is it '{n}'?"));
        let rule = if *name == "consent" {
            "nobody is matched without consent: it holds the version of the text agreed to"
        } else {
            "every application has it"
        };
        faults.push(Error::data(format!("column '{name}'")).got("none").rule(rule).hint(hint));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    if ignored.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![format!("Columns that are neither read nor kept: {}.", ignored.join(", "))])
}

/// People who are there twice, by id and by address.
fn twice(people: &[(usize, Person)]) -> Vec<Error> {
    let mut faults = Vec::new();
    let (mut ids, mut mails) = (BTreeMap::new(), BTreeMap::new());
    for (row, person) in people {
        let named = || Error::data(format!("row {row}, person '{}'", person.id));
        let hint = "keep the later application and delete the other row";
        if let Some(first) = ids.insert(person.id.clone(), *row) {
            faults.push(named().got(format!("the id of row {first} again")).rule("everybody applies once").hint(hint));
        } else if !person.email.is_empty()
            && let Some(first) = mails.insert(person.email.to_lowercase(), *row)
        {
            faults.push(named().got(format!("the e-mail address of row {first} again")).rule("everybody applies once").hint(hint));
        }
    }
    for (row, person) in people {
        if let Some(unknown) = person.apart.iter().find(|a| !ids.contains_key(*a)) {
            let near = ids.keys().map(|k| (strsim::damerau_levenshtein(k, unknown), k)).min().filter(|(d, _)| *d <= 2);
            let error = Error::data(format!("row {row}, column 'apart'"))
                .got(format!("'{unknown}'"))
                .rule("people kept apart are named by their ids");
            faults.push(match near {
                Some((_, near)) => error.hint(format!("did you mean '{near}'?")),
                None => error,
            });
        }
    }
    faults
}

/// One row being read.
struct Row<'a> {
    table: &'a Table,
    row: usize,
    call: &'a Call,
}

impl Row<'_> {
    /// The cell's text; empty where there is none.
    fn cell(&self, name: &str) -> String {
        let Ok(column) = self.table.column(name) else { return String::new() };
        let text = match &column.values {
            Values::Class(codes) => codes.label(self.row).unwrap_or_default().to_owned(),
            Values::Real(v) if v[self.row].is_nan() => String::new(),
            Values::Real(v) => v[self.row].to_string(),
        };
        text.trim().to_owned()
    }

    fn list(&self, name: &str) -> Vec<String> {
        let mut list: Vec<String> = Vec::new();
        for item in self.cell(name).split([';', ',', '|', '\n']).map(str::trim).filter(|t| !t.is_empty()) {
            if !list.iter().any(|l| l == item) {
                list.push(item.to_owned());
            }
        }
        list
    }

    fn fault(&self, name: &str, error: Error) -> Error {
        Error { thing: format!("row {}, column '{name}'", self.row + 1), ..error }
    }

    fn person(&self) -> Result<Person, Vec<Error>> {
        let mut faults = Vec::new();
        let mut keep = |name: &str, found: Option<Error>| faults.extend(found.map(|e| self.fault(name, e)));
        let cells = ["id", "name", "email", "zone"].map(|name| self.cell(name));
        let [id, name, email, zone_name] = &cells;
        keep("id", id_fault(id));
        keep("name", shown_fault(name));
        keep("email", email_fault(email));
        keep("zone", zone(zone_name).err());
        let languages: Vec<String> = self.list("languages").iter().map(|l| l.to_lowercase()).collect();
        let rule = "a language to work in is needed";
        keep("languages", languages.is_empty().then(|| Error::data("").got("nothing").rule(rule).hint("write 'en' or 'en;fr'")));
        let level = self.cell("level").parse::<u8>().ok().filter(|l| (1..=4).contains(l));
        let rule = "levels are 1 (new), 2 (has tried), 3 (has done a project), 4 (could teach it)";
        keep("level", level.is_none().then(|| Error::data("").got(format!("'{}'", self.cell("level"))).rule(rule)));
        let guide = yes_no(&self.cell("guide"));
        keep("guide", guide.as_ref().err().cloned());
        let own_data = yes_no(&self.cell("own_data"));
        keep("own_data", own_data.as_ref().err().cloned());
        let interests = self.list("interests");
        keep("interests", interests_fault(&interests, self.call));
        let hours = Hours::parse(&self.cell("hours"));
        keep("hours", hours.as_ref().err().cloned());
        let apart = self.list("apart");
        keep("apart", apart.contains(id).then(|| Error::data("").got(format!("'{id}'")).rule("nobody is kept apart from themselves")));
        keep("consent", self.consent_fault());
        let date = self.cell("consent_date");
        let consent_date = if date.is_empty() { Ok(None) } else { date.get(..10).unwrap_or(&date).parse().map(|d| Some(Day(d))) };
        let rule = "dates are written 2026-08-20";
        keep("consent_date", consent_date.is_err().then(|| Error::data("").got(format!("'{date}'")).rule(rule)));
        if !faults.is_empty() {
            return Err(faults);
        }
        let [id, name, email, zone] = cells;
        Ok(Person {
            id,
            name,
            email,
            zone,
            languages,
            level: level.unwrap_or(1),
            guide: guide.ok().flatten().unwrap_or(false),
            interests,
            hours: hours.unwrap_or_default(),
            apart,
            career: self.cell("career").to_lowercase(),
            own_data: own_data.unwrap_or_default(),
            wishes: self.cell("wishes"),
            locale: self.cell("locale"),
            consent: self.cell("consent"),
            consent_date: consent_date.unwrap_or_default(),
        })
    }

    fn consent_fault(&self) -> Option<Error> {
        let (got, asked) = (self.cell("consent"), &self.call.consent);
        if got == *asked {
            return None;
        }
        let error = Error::data("").got(if got.is_empty() { "no consent".to_owned() } else { format!("consent to version '{got}'") });
        let hint = "ask the person, or take the row out; nobody is matched without consent";
        Some(error.rule(format!("the call asks for consent to version '{asked}' of its text")).hint(hint))
    }
}

fn id_fault(id: &str) -> Option<Error> {
    let rule = "an id is made of small letters, digits and hyphens, at most 40; it stands in file names, the name may be of any script";
    (!is_name(id)).then(|| Error::data("").got(format!("'{id}'")).rule(rule).hint("e.g. 'ana-q'"))
}

fn shown_fault(name: &str) -> Option<Error> {
    let error = Error::data("").got(if name.is_empty() { "nothing".to_owned() } else { format!("{} characters", name.chars().count()) });
    let fits = (1..=100).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if name.contains('@') {
        return Some(
            Error::data("").got("an e-mail address").rule("names are shown to others, addresses never").hint("give the name to be shown"),
        );
    }
    (!fits).then(|| error.rule("a name to be shown has 1 to 100 characters, in any script").hint("a nickname will do"))
}

fn email_fault(email: &str) -> Option<Error> {
    let (user, host) = email.split_once('@').unwrap_or((email, ""));
    let odd = email.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, ',' | ';' | '<' | '>' | '"'));
    let wrong = !email.is_empty() && (user.is_empty() || host.is_empty() || host.contains('@') || odd);
    wrong.then(|| {
        Error::data("").got("something else").rule("an e-mail address has one @ between a name and a host, no blanks, one address a person")
    })
}

fn yes_no(text: &str) -> Result<Option<bool>> {
    match text.to_lowercase().as_str() {
        "" => Ok(None),
        "yes" | "y" | "true" | "1" => Ok(Some(true)),
        "no" | "n" | "false" | "0" => Ok(Some(false)),
        _ => Err(Error::data("").got(format!("'{text}'")).rule("the answer is yes or no")),
    }
}

fn interests_fault(interests: &[String], call: &Call) -> Option<Error> {
    if interests.is_empty() || interests.len() > 3 {
        let error = Error::data("").got(format!("{} topics", interests.len())).rule("people rank one to three topics");
        return Some(error.hint(format!("the topics are {}", call.topics.join(", "))));
    }
    let unknown = interests.iter().find(|i| !call.topics.contains(i))?;
    let near = call.topics.iter().map(|t| (strsim::damerau_levenshtein(&t.to_lowercase(), &unknown.to_lowercase()), t)).min();
    let hint = match near {
        Some((far, near)) if far <= 1 + unknown.chars().count() / 4 => format!("did you mean '{near}'?"),
        _ => format!("the topics are {}", call.topics.join(", ")),
    };
    Some(Error::data("").got(format!("'{unknown}'")).rule("it is no topic of the call").hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_io::parse_csv;

    pub fn read(text: &str) -> Result<Applications, Vec<Error>> {
        let call = Call::parse(super::super::call::TEMPLATE).unwrap();
        let labels = COLUMNS.iter().map(|(name, _)| (*name).to_owned()).collect();
        let table = parse_csv("applications.csv", text.as_bytes(), &ReadOptions { labels, ..ReadOptions::default() }).unwrap();
        Applications::from_table(&table, &call, &|_| false)
    }

    #[test]
    fn the_template_is_read() {
        let read = read(TEMPLATE).unwrap();
        assert_eq!(read.people.len(), 2);
        assert_eq!(read.people[0].interests, ["glaciers", "snow"]);
        assert_eq!(read.people[0].hours.free().len(), 5);
        assert!(read.people[1].guide && read.people[1].level == 3);
        assert_eq!(read.people[1].consent_date.unwrap().to_string(), "2026-08-21");
        assert!(read.notes.is_empty());
    }

    #[test]
    fn names_of_any_script_are_kept_and_order_does_not_matter() {
        let lines: Vec<&str> = TEMPLATE.lines().collect();
        let there = read(&format!("{}\n{}\n{}\n", lines[0], lines[2], lines[1].replace("Ana Quispe", "नेहा 氷河 جليد"))).unwrap();
        assert_eq!(there.people[0].name, "नेहा 氷河 جليد");
        assert_eq!(there.people[1], read(TEMPLATE).unwrap().people[1]);
    }
}
