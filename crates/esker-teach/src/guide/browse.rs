//! Looking through the catalogue.

use super::catalogue::{Catalogue, Cost, Kind, Resource};

/// What to show; everything that is given must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// Teaches this topic.
    pub topic: Option<String>,
    /// Is of this kind.
    pub kind: Option<Kind>,
    /// Costs this.
    pub cost: Option<Cost>,
    /// Is in this programming language.
    pub language: Option<String>,
    /// Asks for at most this much mathematics, 1 to 5.
    pub maths: Option<i64>,
    /// Asks for at most this much programming, 1 to 5.
    pub code: Option<i64>,
    /// Is at least this broad, 1 to 5.
    pub breadth: Option<i64>,
    /// Goes at least this deep, 1 to 5.
    pub depth: Option<i64>,
    /// Has at least a third of this pillar: science, ml or software.
    pub pillar: Option<String>,
    /// Is at least this near to the Earth, 0 to 3.
    pub earth: Option<i64>,
    /// Is named by this list.
    pub list: Option<String>,
    /// Its core takes at most these hours.
    pub hours: Option<f64>,
}

impl Filter {
    /// Whether `r` is shown.
    pub fn shows(&self, r: &Resource) -> bool {
        let pillar = |name: &String| {
            let share = match name.as_str() {
                "science" => r.pillars.science,
                "ml" => r.pillars.ml,
                _ => r.pillars.software,
            };
            share >= 1.0 / 3.0
        };
        self.topic.as_ref().is_none_or(|t| r.topics.contains(t))
            && self.kind.is_none_or(|k| r.kind == k)
            && self.cost.is_none_or(|c| r.cost == c)
            && self.language.as_ref().is_none_or(|l| r.languages.contains(l))
            && self.maths.is_none_or(|m| r.math <= m)
            && self.code.is_none_or(|c| r.code <= c)
            && self.breadth.is_none_or(|b| r.breadth >= b)
            && self.depth.is_none_or(|d| r.depth >= d)
            && self.pillar.as_ref().is_none_or(pillar)
            && self.earth.is_none_or(|e| r.geoscience >= e)
            && self.list.as_ref().is_none_or(|l| r.listed_by == *l)
            && self.hours.is_none_or(|h| r.core_hours <= h)
    }
}

impl Catalogue {
    /// The resources that `filter` shows, in the order of the catalogue.
    pub fn list(&self, filter: &Filter) -> Vec<&Resource> {
        self.resources.iter().filter(|r| filter.shows(r)).collect()
    }

    /// Resources that hold every word of `words`, in the title first, then in topics, authors, libraries and notes.
    pub fn search(&self, words: &str) -> Vec<&Resource> {
        let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
        let mut found: Vec<(usize, &Resource)> = self.resources.iter().filter_map(|r| Some((self.rank(r, &words)?, r))).collect();
        found.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
        found.into_iter().map(|(_, r)| r).collect()
    }

    fn rank(&self, r: &Resource, words: &[String]) -> Option<usize> {
        let title = format!("{} {}", r.title, r.id).to_lowercase();
        let labels: Vec<&str> = r.topics.iter().flat_map(|t| [t.as_str(), self.label(t)]).collect();
        let named = [labels.join(" "), r.authors.join(" "), r.libraries.join(" "), r.languages.join(" ")].join(" ").to_lowercase();
        let note = r.note.to_lowercase();
        let mut rank = 0;
        for word in words {
            rank += match (title.contains(word.as_str()), named.contains(word.as_str()), note.contains(word.as_str())) {
                (true, _, _) => 4,
                (_, true, _) => 2,
                (_, _, true) => 1,
                _ => return None,
            };
        }
        (rank > 0).then_some(rank)
    }
}
