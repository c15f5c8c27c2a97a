//! Messages gathered into variables, as cfgrib does: one a parameter, kind of level, statistic and grid.

use std::collections::{BTreeMap, HashMap};

use esker_core::Note;

use super::message::Message;
use super::tables::{Named, Names};

/// The messages of one variable.
#[derive(Debug, Clone)]
pub(super) struct Group {
    /// The variable's name, unique.
    pub name: String,
    pub named: Named,
    /// The messages, with their place among the leading axes.
    pub messages: Vec<usize>,
    pub shape: Leading,
}

/// The axes that come before those of the grid; each has the labels of its cells.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Leading {
    /// Valid times, or times of reference where the same moment was forecast more than once.
    pub times: Vec<f64>,
    /// Hours from the time of reference.
    pub steps: Option<Vec<f64>>,
    pub numbers: Option<Vec<f64>>,
    pub levels: Option<Vec<f64>>,
    /// Messages that form no grid of times and levels are only counted.
    pub counted: Option<usize>,
}

impl Leading {
    /// Lengths of the axes, slowest first.
    pub fn lengths(&self) -> Vec<usize> {
        if let Some(n) = self.counted {
            return vec![n];
        }
        let mut lengths = vec![self.times.len()];
        lengths.extend([&self.steps, &self.numbers, &self.levels].into_iter().flatten().map(Vec::len));
        lengths
    }

    /// The place of each message among the leading axes.
    pub fn places(&self, all: &[Message], messages: &[usize]) -> HashMap<usize, usize> {
        if self.counted.is_some() {
            return messages.iter().enumerate().map(|(i, &m)| (i, m)).collect();
        }
        let index = |labels: &[f64]| -> HashMap<u64, usize> { labels.iter().enumerate().map(|(i, v)| (v.to_bits(), i)).collect() };
        let times = index(&self.times);
        let [steps, numbers, levels] = [&self.steps, &self.numbers, &self.levels].map(|l| l.as_deref().map(&index));
        let mut places = HashMap::new();
        for &m in messages {
            let message = &all[m];
            let time = if steps.is_some() { message.reference } else { message.valid };
            let mut place = times.get(&time.to_bits()).copied().unwrap_or(0);
            for (labels, value) in [(&steps, hours(message)), (&numbers, member(message)), (&levels, message.level.value)] {
                if let Some(labels) = labels {
                    place = place * labels.len() + labels.get(&value.to_bits()).copied().unwrap_or(0);
                }
            }
            places.insert(place, m);
        }
        places
    }
}

/// Hours from the time of reference.
fn hours(message: &Message) -> f64 {
    ((message.valid - message.reference) * 24.0 * 3600.0).round() / 3600.0
}

fn member(message: &Message) -> f64 {
    message.number.map_or(0.0, |n| n as f64)
}

type Key = (String, &'static str, &'static str, Option<String>, usize);

/// Gathers all messages, in the order in which their variables come first.
pub(super) fn gather(all: &[Message], notes: &mut Vec<Note>) -> Vec<Group> {
    let names = Names::new();
    let mut known = HashMap::new();
    let mut order: Vec<Key> = Vec::new();
    let mut by_key: HashMap<Key, (Named, Vec<usize>)> = HashMap::new();
    for (m, message) in all.iter().enumerate() {
        let id = (message.parameter, message.level.code, message.level.value.to_bits(), message.statistic);
        let named: &Named = known.entry(id).or_insert_with(|| names.of(message));
        let key = (named.name.clone(), message.level.kind, message.step, message.derived.clone(), message.grid);
        by_key
            .entry(key.clone())
            .or_insert_with(|| {
                order.push(key);
                (named.clone(), Vec::new())
            })
            .1
            .push(m);
    }
    let titles = titles(&order);
    let mut groups = Vec::new();
    let mut taken = BTreeMap::new();
    for (key, title) in order.iter().zip(titles) {
        let Some((named, messages)) = by_key.remove(key) else { continue };
        let mut left = messages;
        // The same field twice: the second time it is a variable of its own.
        while !left.is_empty() {
            let (shape, now, again) = lay_out(all, &left);
            let n = taken.entry(title.clone()).and_modify(|n| *n += 1).or_insert(1_usize);
            let name = if *n == 1 { title.clone() } else { format!("{title}_{n}") };
            if *n == 2 {
                notes.push(Note::warning(
                    "repeated-fields",
                    format!("'{title}' is given more than once for the same time and level: see '{name}'"),
                ));
            }
            groups.push(Group { name, named: named.clone(), messages: now, shape });
            left = again;
            // What is repeated that often is no grid.
            if *n >= 8 && !left.is_empty() {
                let shape = Leading { counted: Some(left.len()), ..Leading::default() };
                groups.push(Group { name: format!("{title}_more"), named: named.clone(), messages: std::mem::take(&mut left), shape });
            }
        }
    }
    groups
}

/// Names of variables: the parameter's, and behind it whatever tells apart those that share it.
fn titles(order: &[Key]) -> Vec<String> {
    let mut titles: Vec<String> = Vec::new();
    for key in order {
        // Those that the words so far do not tell apart from this one.
        let mut same: Vec<&Key> = order.iter().filter(|k| k.0 == key.0).collect();
        let mut title = key.0.clone();
        let grid = format!("grid{}", key.4 + 1);
        let statistic = if key.2 == "instant" { "" } else { key.2 };
        for (k, word) in [key.1, statistic, key.3.as_deref().unwrap_or(""), &grid].into_iter().enumerate() {
            let agrees = |other: &Key| match k {
                0 => other.1 == key.1,
                1 => other.2 == key.2,
                2 => other.3 == key.3,
                _ => other.4 == key.4,
            };
            if same.iter().any(|k| !agrees(k)) {
                same.retain(|k| agrees(k));
                if !word.is_empty() {
                    title += &format!("_{word}");
                }
            }
        }
        titles.push(title);
    }
    titles
}

/// The axes that messages span, those that fit them, and those that take a place a second time.
fn lay_out(all: &[Message], messages: &[usize]) -> (Leading, Vec<usize>, Vec<usize>) {
    let key = |m: &Message, stepped: bool| {
        let time = if stepped { (m.reference.to_bits(), m.valid.to_bits()) } else { (m.valid.to_bits(), 0) };
        (time, m.number, m.level.value.to_bits())
    };
    let unique = |stepped: bool| {
        let mut seen = std::collections::HashSet::new();
        let (mut now, mut again) = (Vec::new(), Vec::new());
        for &m in messages {
            if seen.insert(key(&all[m], stepped)) { now.push(m) } else { again.push(m) }
        }
        (now, again)
    };
    let (mut now, mut again) = unique(false);
    let mut stepped = false;
    if !again.is_empty() {
        let (now_2, again_2) = unique(true);
        if again_2.len() < again.len() {
            (now, again, stepped) = (now_2, again_2, true);
        }
    }
    let sorted = |value: &dyn Fn(&Message) -> f64| {
        let mut values: Vec<f64> = now.iter().map(|&m| value(&all[m])).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        values
    };
    // Levels and members stay in the order of the file.
    let as_found = |value: &dyn Fn(&Message) -> f64| {
        let mut seen = std::collections::HashSet::new();
        now.iter().map(|&m| value(&all[m])).filter(|v| seen.insert(v.to_bits())).collect::<Vec<f64>>()
    };
    let first = &all[now[0]];
    let levels = as_found(&|m| m.level.value);
    let numbers = as_found(&member);
    let shape = Leading {
        times: sorted(&|m| if stepped { m.reference } else { m.valid }),
        steps: stepped.then(|| sorted(&hours)),
        numbers: (numbers.len() > 1).then_some(numbers),
        levels: (levels.len() > 1 || super::levels::always_axis(&first.level)).then_some(levels),
        counted: None,
    };
    let cells = shape.lengths().iter().fold(1_usize, |n, &l| n.saturating_mul(l));
    if cells > 1024 + 64 * now.len() {
        return (Leading { counted: Some(now.len()), ..Leading::default() }, now, again);
    }
    (shape, now, again)
}
