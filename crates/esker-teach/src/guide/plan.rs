//! The plan: a path with its reasons, its weeks and what it leaves open.

use esker_core::Result;
use serde::Serialize;

use super::answers::Answers;
use super::catalogue::{Catalogue, Cost, Kind, List, Status};
use super::explain::{self, Scene};
use super::path::{Hours, Pick, Search, cost};

/// What a step covers of one wish.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cover {
    /// The topic.
    pub topic: String,
    /// Its name for people.
    pub label: String,
    /// How much of the topic it adds, 0 to 1.
    pub learned: f64,
}

/// Another resource for the same topic.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Instead {
    /// The resource.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Hours of it, about: a swap makes the path anew.
    pub hours: f64,
}

/// A step of the path.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// The resource.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its authors.
    pub authors: Vec<String>,
    /// Where it is.
    pub url: String,
    /// Hours to take.
    pub hours: f64,
    /// Hours of all of it.
    pub of: f64,
    /// Which part to take.
    pub part: String,
    /// What it is.
    pub kind: Kind,
    /// What it costs.
    pub cost: Cost,
    /// Whether it can be taken now.
    pub status: Status,
    /// The list that names it.
    pub list: Option<List>,
    /// What it covers of the wishes, most first.
    pub covers: Vec<Cover>,
    /// Topics it teaches.
    pub topics: Vec<String>,
    /// The three strongest reasons.
    pub reasons: Vec<String>,
    /// One drawback.
    pub drawback: String,
    /// The next best for the same topic.
    pub instead: Vec<Instead>,
}

impl Step {
    /// What to know before one begins: that it costs money, or is held at its own dates. Often nothing.
    pub fn terms(&self) -> Vec<&'static str> {
        let cost = match self.cost {
            Cost::Paid => Some("paid"),
            Cost::Mixed => Some("paid in part"),
            Cost::Free | Cost::OpenAccess => None,
        };
        let dates = (self.status == Status::Scheduled).then_some("scheduled, see its dates");
        cost.into_iter().chain(dates).collect()
    }

    /// Which part to take, with what to know before one begins.
    pub(super) fn take(&self) -> String {
        let terms = self.terms();
        if terms.is_empty() { self.part.clone() } else { format!("{} ({})", self.part, terms.join("; ")) }
    }
}

/// Something that is not in the path, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeftOut {
    /// The resource.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Why.
    pub why: String,
}

/// A topic of the picture.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coverage {
    /// The topic.
    pub topic: String,
    /// Its name for people.
    pub label: String,
    /// How much it is wished, 0 to 1; 0 where it is known.
    pub need: f64,
    /// Whether it was known before.
    pub known: bool,
    /// How much of it the path teaches, 0 to 1.
    pub learned: f64,
    /// Topics of the picture that come before it.
    pub requires: Vec<String>,
}

/// Hours of one step in one week.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// The step, from 0.
    pub step: usize,
    /// Hours.
    pub hours: f64,
}

/// A week.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Week {
    /// What is done.
    pub parts: Vec<Part>,
    /// Hours left.
    pub free: f64,
}

/// A path with its reasons.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// A name of the wishes behind it: the same for the same answers, whenever they begin.
    pub key: String,
    /// What the path is for.
    pub purpose: String,
    /// Hours there are.
    pub budget: f64,
    /// Hours the path takes.
    pub hours: f64,
    /// Hours a week.
    pub hours_a_week: f64,
    /// Share of the wishes that the path meets, 0 to 1; what only comes before them does not count.
    pub met: f64,
    /// The depth, 1 to 5, that this share is of: more hours ask for more.
    pub depth: usize,
    /// The steps.
    pub steps: Vec<Step>,
    /// Two that were left out.
    pub left_out: Vec<LeftOut>,
    /// Topics wished or known, in the order of the catalogue.
    pub topics: Vec<Coverage>,
    /// The weeks.
    pub weeks: Vec<Week>,
    /// What one should know about this path.
    pub notes: Vec<String>,
}

impl Plan {
    /// The path for `answers`; the same for the same answers.
    ///
    /// # Errors
    /// An answer that cannot be, or answers that leave no path: why, and the smallest change that gives one.
    pub fn make(answers: &Answers, catalogue: &Catalogue) -> Result<Self> {
        answers.check(catalogue)?;
        let search = Search::new(answers, catalogue);
        let picks = search.path();
        if picks.is_empty() {
            return Err(super::nopath::why(answers, catalogue, &search));
        }
        Ok(Self::tell(answers, catalogue, &search, &picks))
    }

    fn tell(answers: &Answers, catalogue: &Catalogue, search: &Search, picks: &[Pick]) -> Self {
        let scene = Scene { answers, catalogue, search, picks };
        let mut hours = search.start();
        let mut steps = Vec::with_capacity(picks.len());
        for (i, pick) in picks.iter().enumerate() {
            let before = hours.clone();
            search.spend(&mut hours, *pick);
            steps.push(explain::step(&scene, i, (&before, &hours)));
        }
        let met = search.person.met(|t| search.person.learned(t, hours.counted[t]));
        Self {
            key: answers.key(),
            purpose: answers.purpose(catalogue),
            budget: search.person.budget,
            hours: cost(picks),
            hours_a_week: answers.hours_a_week,
            met,
            depth: search.person.asked(),
            left_out: explain::left_out(&scene),
            topics: topics(catalogue, search, &hours),
            weeks: weeks(answers, picks),
            notes: explain::notes(&scene, &hours, met),
            steps,
        }
    }

    /// How far it gets: `27 % of your wishes met at depth 3 of 5`.
    pub fn reach(&self) -> String {
        format!("{:.0} % of your wishes met at depth {} of 5", 100.0 * self.met, self.depth)
    }

    /// The lists that name the steps, each once, in the order of the steps, with how many they name.
    pub fn lists(&self) -> Vec<(&List, usize)> {
        let mut found: Vec<(&List, usize)> = Vec::new();
        for list in self.steps.iter().filter_map(|s| s.list.as_ref()) {
            match found.iter_mut().find(|(l, _)| l.id == list.id) {
                Some((_, n)) => *n += 1,
                None => found.push((list, 1)),
            }
        }
        found
    }

    /// The lists in words, with their licences.
    pub(super) fn credit(&self) -> String {
        let one = |(l, n): (&List, usize)| format!("{} ({}): {n}", l.label, l.licence);
        self.lists().into_iter().map(one).collect::<Vec<_>>().join("; ")
    }

    /// Topics that are wished, not known, and less than a third learned; the most needed first.
    pub fn missing(&self) -> Vec<&Coverage> {
        let mut missing: Vec<&Coverage> = self.topics.iter().filter(|t| t.need > 0.0 && t.learned < 1.0 / 3.0).collect();
        missing.sort_by(|a, b| b.need.total_cmp(&a.need).then_with(|| a.topic.cmp(&b.topic)));
        missing
    }
}

fn topics(catalogue: &Catalogue, search: &Search, hours: &Hours) -> Vec<Coverage> {
    let p = &search.person;
    let shown = |t: usize| p.known[t] || p.need[t] > 0.0;
    let cover = |(t, topic): (usize, &super::Topic)| Coverage {
        topic: topic.id.clone(),
        label: topic.label.clone(),
        need: p.need[t],
        known: p.known[t],
        learned: if p.known[t] { 1.0 } else { p.learned(t, hours.counted[t]) },
        requires: topic.requires.iter().filter(|r| catalogue.topic_index(r).is_some_and(shown)).cloned().collect(),
    };
    catalogue.topics.iter().enumerate().filter(|(t, _)| shown(*t)).map(cover).collect()
}

/// Steps one after the other, as many hours as a week has.
fn weeks(answers: &Answers, picks: &[Pick]) -> Vec<Week> {
    let mut weeks: Vec<Week> = (0..answers.weeks).map(|_| Week { parts: Vec::new(), free: answers.hours_a_week }).collect();
    let mut w = 0;
    for (step, (_, hours)) in picks.iter().enumerate() {
        let mut left = *hours;
        while left > 1e-9 && w < weeks.len() {
            let part = left.min(weeks[w].free);
            if part > 1e-9 {
                weeks[w].parts.push(Part { step, hours: part });
                weeks[w].free -= part;
                left -= part;
            }
            if weeks[w].free <= 1e-9 {
                weeks[w].free = 0.0;
                w += 1;
            }
        }
    }
    weeks
}
