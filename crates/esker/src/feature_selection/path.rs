//! The path of a selection: which set is tried next, which step is taken. It knows sets and their scores, no data.
//!
//! Forward selection as in Meyer et al. (2018, Environmental Modelling & Software 101, 1-9), whose first sets are pairs; backward elimination
//! (Marill and Green 1963) from all features.

use esker_core::feature_selection::{SelectionPath, SelectionStep};
use esker_core::{Better, Error, Result};
use esker_math::{mean, variance};

use crate::recipe::{Direction, Select};
use crate::tune::oriented;

/// Units by which the first sets are pairs; beyond, single units, as pairs become too many.
const PAIRS_UP_TO: usize = 20;

/// Scores of a set on each inner fold; `None` where it could not be fitted there.
pub(super) type Scores = Option<Vec<f64>>;

/// Scores sets of units on the inner folds.
pub(super) type Judge<'a> = &'a dyn Fn(&[Vec<usize>]) -> Result<Vec<Scores>>;

/// How a path is walked.
pub(super) struct Walk<'a> {
    pub how: &'a Select,
    /// Names of the units, in an order that does not depend on that of the table's columns.
    pub names: &'a [String],
    pub better: Better,
    /// Number of inner folds.
    pub folds: usize,
}

/// A set with its scores on the inner folds.
#[derive(Clone)]
struct Judged {
    units: Vec<usize>,
    scores: Vec<f64>,
}

impl Judged {
    fn mean(&self) -> f64 {
        mean(&self.scores)
    }
}

/// Units of the first sets of a forward selection.
pub(crate) fn start(how: &Select, units: usize) -> usize {
    let start = how.start.unwrap_or(if units <= PAIRS_UP_TO { 2 } else { 1 });
    start.min(how.most.unwrap_or(usize::MAX)).min(units)
}

/// Sets that a selection may try at most in one part.
pub(crate) fn most_sets(how: &Select, units: usize) -> usize {
    let first = match (how.method, start(how, units)) {
        (Direction::Backward, _) => 0,
        (Direction::Forward, 2) => units * (units - 1) / 2,
        (Direction::Forward, _) => units,
    };
    let ends = match how.method {
        Direction::Backward => 2..=units,
        Direction::Forward => units + 1 - how.most.unwrap_or(units).min(units)..=units - start(how, units),
    };
    1 + first + ends.sum::<usize>()
}

impl Walk<'_> {
    /// Walks the path; `judge` scores sets of units on the inner folds.
    pub fn walk(&self, judge: Judge<'_>) -> Result<SelectionPath> {
        let all: Vec<usize> = (0..self.names.len()).collect();
        let whole = self.judged(judge(std::slice::from_ref(&all))?, vec![all]).pop();
        let all_score = whole.as_ref().map(|w| w.mean());
        let mut path = SelectionPath { all_score, folds: self.folds, fits: self.folds, ..Default::default() };
        let mut now = match (self.how.method, whole) {
            (Direction::Forward, _) => self.first(judge, &mut path)?,
            (Direction::Backward, Some(whole)) => {
                path.steps.push(self.step(&[], std::slice::from_ref(&whole), true));
                whole
            }
            (Direction::Backward, None) => return Err(nothing("all features together").hint("begin with few: select = \"forward\"")),
        };
        while let Some(sets) = self.next(&now.units) {
            let changed = |set: &Judged| apart(&set.units, &now.units);
            let ranked = self.ranked(judge, sets, &mut path)?;
            let Some(best) = ranked.first() else { break };
            let taken = self.worth_it(best, &now);
            path.steps.push(self.step(&ranked.iter().take(2).map(changed).collect::<Vec<_>>(), &ranked, taken));
            if !taken {
                break;
            }
            now = best.clone();
        }
        path.score = now.mean();
        path.chosen = now.units.iter().map(|&u| self.names[u].clone()).collect();
        Ok(path)
    }

    /// The best of the first sets of a forward selection.
    fn first(&self, judge: Judge<'_>, path: &mut SelectionPath) -> Result<Judged> {
        let n = self.names.len();
        let sets: Vec<Vec<usize>> = if start(self.how, n) == 2 {
            (0..n).flat_map(|a| (a + 1..n).map(move |b| vec![a, b])).collect()
        } else {
            (0..n).map(|a| vec![a]).collect()
        };
        let ranked = self.ranked(judge, sets, path)?;
        let changed: Vec<Vec<usize>> = ranked.iter().take(2).map(|s| s.units.clone()).collect();
        let best = ranked.first().ok_or_else(|| nothing("any first set of features").hint("begin with all: select = \"backward\""))?;
        path.steps.push(self.step(&changed, &ranked, true));
        Ok(best.clone())
    }

    /// The sets one unit larger or smaller than this one.
    fn next(&self, units: &[usize]) -> Option<Vec<Vec<usize>>> {
        let n = self.names.len();
        let sets: Vec<Vec<usize>> = match self.how.method {
            Direction::Forward if units.len() >= self.how.most.unwrap_or(n).min(n) => return None,
            Direction::Forward => (0..n).filter(|u| !units.contains(u)).map(|u| units.iter().copied().chain([u]).collect()).collect(),
            Direction::Backward if units.len() < 2 => return None,
            Direction::Backward => units.iter().map(|out| units.iter().copied().filter(|u| u != out).collect()).collect(),
        };
        (!sets.is_empty()).then_some(sets)
    }

    /// Sets that could be fitted, the best first; among equals the first in the order of names.
    fn ranked(&self, judge: Judge<'_>, sets: Vec<Vec<usize>>, path: &mut SelectionPath) -> Result<Vec<Judged>> {
        let scores = judge(&sets)?;
        path.fits += scores.len() * self.folds;
        let mut judged = self.judged(scores, sets);
        judged.sort_by(|a, b| self.worth(b).total_cmp(&self.worth(a)));
        Ok(judged)
    }

    fn judged(&self, scores: Vec<Scores>, sets: Vec<Vec<usize>>) -> Vec<Judged> {
        scores.into_iter().zip(sets).filter_map(|(scores, units)| Some(Judged { units, scores: scores? })).collect()
    }

    /// The mean over inner folds, larger is better.
    fn worth(&self, set: &Judged) -> f64 {
        mean(&set.scores.iter().map(|s| oriented(self.better, *s)).collect::<Vec<_>>())
    }

    /// Whether a step is taken: a feature more must be better, a feature less must not be worse; with `within_se` by more than one standard
    /// error of the paired difference over inner folds.
    fn worth_it(&self, next: &Judged, now: &Judged) -> bool {
        let better = |score: &f64| oriented(self.better, *score);
        let gain: Vec<f64> = next.scores.iter().zip(&now.scores).map(|(a, b)| better(a) - better(b)).collect();
        let margin = if self.how.within_se { sd(&gain).unwrap_or(0.0) / (gain.len() as f64).sqrt() } else { 0.0 };
        match self.how.method {
            Direction::Forward => mean(&gain) > margin,
            Direction::Backward => mean(&gain) >= -margin,
        }
    }

    fn step(&self, changed: &[Vec<usize>], ranked: &[Judged], taken: bool) -> SelectionStep {
        let named = |units: &Vec<usize>| units.iter().map(|&u| self.names[u].clone()).collect::<Vec<_>>();
        let best = &ranked[0];
        SelectionStep {
            changed: changed.first().map(named).unwrap_or_default(),
            size: best.units.len(),
            score: best.mean(),
            sd: sd(&best.scores),
            tried: ranked.len(),
            worst: ranked[ranked.len() - 1].mean(),
            second: changed.get(1).map(|c| (named(c), ranked[1].mean())),
            taken,
        }
    }
}

fn nothing(set: &str) -> Error {
    Error::numeric("feature selection").got(format!("no score of {set} on the inner folds")).rule("it begins from one")
}

/// What is in one set but not in the other.
fn apart(a: &[usize], b: &[usize]) -> Vec<usize> {
    let (more, less) = if a.len() > b.len() { (a, b) } else { (b, a) };
    more.iter().copied().filter(|u| !less.contains(u)).collect()
}

/// Standard deviation (n − 1), where there are at least two.
fn sd(v: &[f64]) -> Option<f64> {
    (v.len() > 1).then(|| variance(v).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(n: usize) -> Vec<String> {
        (0..n).map(|i| format!("f{i}")).collect()
    }

    fn how(method: Direction) -> Select {
        Select { method, start: None, most: None, together: Vec::new(), within_se: false }
    }

    /// An error that falls by `gain` for each unit of the set and rises by `cost` a unit; two folds that differ in how hard they are.
    fn errors(gain: &'static [f64], cost: f64) -> impl Fn(&[Vec<usize>]) -> Result<Vec<Scores>> {
        move |sets| {
            let of = |set: &Vec<usize>| 10.0 - set.iter().map(|&u| gain[u]).sum::<f64>() + cost * set.len() as f64;
            Ok(sets.iter().map(|s| Some(vec![of(s), 1.0 + of(s)])).collect())
        }
    }

    #[test]
    fn both_ways_find_what_is_worth_its_cost() {
        let gain = &[0.0, 3.0, 0.1, 2.0, 0.5];
        let names = names(5);
        for method in [Direction::Forward, Direction::Backward] {
            let how = how(method);
            let path = Walk { how: &how, names: &names, better: Better::Lower, folds: 2 }.walk(&errors(gain, 0.3)).unwrap();
            let mut chosen = path.chosen.clone();
            chosen.sort();
            assert_eq!(chosen, ["f1", "f3", "f4"], "{method:?}");
            assert!((path.score - (10.5 - 5.5 + 0.9)).abs() < 1e-12 && (path.all_score.unwrap() - (10.5 - 5.6 + 1.5)).abs() < 1e-12);
            assert!(!path.steps.last().unwrap().taken && path.steps.iter().rev().skip(1).all(|s| s.taken));
            let sets: usize = usize::from(method == Direction::Forward) + path.steps.iter().map(|s| s.tried).sum::<usize>();
            assert_eq!(path.fits, 2 * sets);
            assert!(sets <= most_sets(&how, 5));
        }
    }

    #[test]
    fn forward_starts_with_pairs_and_tells_the_second_best() {
        let names = names(4);
        let path = Walk { how: &how(Direction::Forward), names: &names, better: Better::Lower, folds: 2 }
            .walk(&errors(&[1.0, 3.0, 2.0, 0.0], 0.0))
            .unwrap();
        let first = &path.steps[0];
        assert_eq!((first.changed.as_slice(), first.tried, first.size), (["f1".to_owned(), "f2".to_owned()].as_slice(), 6, 2));
        assert_eq!(first.second, Some((vec!["f0".to_owned(), "f1".to_owned()], 6.5)));
        assert_eq!(first.worst, 9.5);
        assert_eq!(path.steps[1].changed, ["f0"]);
        let single = Select { start: Some(1), most: Some(1), ..how(Direction::Forward) };
        let path = Walk { how: &single, names: &names, better: Better::Lower, folds: 2 }.walk(&errors(&[1.0, 3.0, 2.0, 0.0], 0.0)).unwrap();
        assert_eq!(path.chosen, ["f1"]);
        assert_eq!((path.steps.len(), path.fits), (1, 10));
        assert_eq!(most_sets(&single, 4), 5);
        assert_eq!(most_sets(&how(Direction::Forward), 4), 1 + 6 + 2 + 1);
        assert_eq!(most_sets(&how(Direction::Backward), 4), 1 + 4 + 3 + 2);
    }

    #[test]
    fn a_step_within_one_standard_error_is_not_taken_forward_and_taken_backward() {
        // f1 gains 1 on one fold and loses 0.8 on the other: 0.1 ± 0.9.
        let judge = |sets: &[Vec<usize>]| -> Result<Vec<Scores>> {
            let has = |s: &Vec<usize>, u| f64::from(u8::from(s.contains(&u)));
            Ok(sets.iter().map(|s| Some(vec![5.0 * has(s, 0) + has(s, 1), 5.0 * has(s, 0) - 0.8 * has(s, 1)])).collect())
        };
        let names = names(2);
        for (method, within_se, expected) in
            [(Direction::Forward, false, 2), (Direction::Forward, true, 1), (Direction::Backward, false, 2), (Direction::Backward, true, 1)]
        {
            let how = Select { start: Some(1), within_se, ..how(method) };
            let path = Walk { how: &how, names: &names, better: Better::Higher, folds: 2 }.walk(&judge).unwrap();
            assert_eq!(path.chosen.len(), expected, "{method:?} {within_se}");
        }
    }

    #[test]
    fn sets_that_cannot_be_fitted_are_passed_over() {
        let judge = |sets: &[Vec<usize>]| -> Result<Vec<Scores>> {
            Ok(sets.iter().map(|s| (!s.contains(&1) || s.len() == 3).then(|| vec![s.len() as f64])).collect())
        };
        let path = Walk { how: &how(Direction::Forward), names: &names(3), better: Better::Higher, folds: 1 }.walk(&judge).unwrap();
        assert_eq!(path.chosen, ["f0", "f2", "f1"]);
        assert_eq!(path.steps[0].tried, 1);
        let none = |sets: &[Vec<usize>]| -> Result<Vec<Scores>> { Ok(sets.iter().map(|s| (s.len() == 3).then(|| vec![1.0])).collect()) };
        assert!(Walk { how: &how(Direction::Forward), names: &names(3), better: Better::Higher, folds: 1 }.walk(&none).is_err());
    }
}
