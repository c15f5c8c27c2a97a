//! From which probability on an event is said: the threshold that is best by a rule, on rows the model did not learn from.

use esker_core::{Error, Result};

use super::event::Events;

/// What a threshold is chosen by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CutRule {
    /// The largest F1 of the event.
    F1,
    /// The largest sum of the shares of events and of other rows that are recognised, minus 1 (Youden 1950).
    Youden,
    /// The largest mean of the two shares; the same threshold as by [`CutRule::Youden`].
    BalancedAccuracy,
    /// The smallest mean penalty: `[[neither, said but not happened], [happened but not said, both]]`.
    Cost([[f64; 2]; 2]),
}

/// A threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChosenCut {
    /// The event is said where its probability is at least this.
    pub from: f64,
    /// The score there; a cost is lower the better, others are higher.
    pub score: f64,
    /// The score at 0.5, where it exists.
    pub at_half: Option<f64>,
}

impl CutRule {
    /// The score of counts; `None` where it does not exist.
    fn score(self, e: &Events) -> Option<f64> {
        let share = |part: f64, rest: f64| (part + rest > 0.0).then(|| part / (part + rest));
        let recalls = || Some((share(e.hits, e.misses)?, share(e.correct_negatives, e.false_alarms)?));
        match self {
            Self::F1 => share(2.0 * e.hits, e.misses + e.false_alarms),
            Self::Youden => recalls().map(|(a, b)| a + b - 1.0),
            Self::BalancedAccuracy => recalls().map(|(a, b)| 0.5 * (a + b)),
            Self::Cost([[rest, alarm], [miss, hit]]) => {
                let all = e.hits + e.misses + e.false_alarms + e.correct_negatives;
                Some((rest * e.correct_negatives + alarm * e.false_alarms + miss * e.misses + hit * e.hits) / all)
            }
        }
    }

    /// Chooses among the middles between neighbouring probabilities, and those that say the event everywhere or nowhere; of equals the one
    /// nearest to 0.5.
    ///
    /// # Errors
    /// Lengths that differ, a probability outside 0..1, or rows that are all events or none: then there is nothing to tell apart.
    pub fn choose(self, happened: &[bool], probability: &[f64], weight: Option<&[f64]>) -> Result<ChosenCut> {
        let n = happened.len();
        if probability.len() != n || weight.is_some_and(|w| w.len() != n) || probability.iter().any(|p| !(0.0..=1.0).contains(p)) {
            return Err(Error::numeric("threshold")
                .got(format!("{n} events, {} probabilities", probability.len()))
                .rule("one of each a row, probabilities within 0..1"));
        }
        let mut rows: Vec<(f64, bool, f64)> = (0..n).map(|i| (probability[i], happened[i], weight.map_or(1.0, |w| w[i]))).collect();
        rows.retain(|r| r.2 > 0.0);
        rows.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.total_cmp(&b.2)));
        let of = |happened: bool| rows.iter().filter(|r| r.1 == happened).map(|r| r.2).sum::<f64>();
        let mut counts = Events { misses: of(true), correct_negatives: of(false), ..Events::default() };
        if !(counts.misses > 0.0 && counts.correct_negatives > 0.0) {
            let events = rows.iter().filter(|r| r.1).count();
            return Err(Error::numeric("threshold").got(format!("{events} events in {} rows", rows.len())).rule("there are both"));
        }
        // After nothing is said, and after each probability: that probability, the threshold below it, and the counts there.
        let mut cuts = Vec::new();
        if rows[0].0 < 1.0 {
            cuts.push((1.0, middle(1.0, rows[0].0), counts));
        }
        let runs: Vec<&[(f64, bool, f64)]> = rows.chunk_by(|a, b| a.0 == b.0).collect();
        for (i, run) in runs.iter().enumerate() {
            for (_, event, weight) in *run {
                let (said, not) =
                    if *event { (&mut counts.hits, &mut counts.misses) } else { (&mut counts.false_alarms, &mut counts.correct_negatives) };
                (*said, *not) = (*said + weight, (*not - weight).max(0.0));
            }
            cuts.push((run[0].0, middle(run[0].0, runs.get(i + 1).map_or(0.0, |next| next[0].0)), counts));
        }
        let at_half = cuts.iter().take_while(|c| c.0 >= 0.5).last().and_then(|c| self.score(&c.2));
        let worth = |score: f64| if matches!(self, Self::Cost(_)) { -score } else { score };
        let scored = cuts.iter().filter_map(|c| Some((c.1, self.score(&c.2)?)));
        let best = scored.reduce(|best, c| {
            let gain = worth(c.1) - worth(best.1);
            if gain > 1e-12 || gain > -1e-12 && (c.0 - 0.5).abs() < (best.0 - 0.5).abs() { c } else { best }
        });
        let (from, score) = best.ok_or_else(|| Error::numeric("threshold").rule("its score exists nowhere"))?;
        Ok(ChosenCut { from, score, at_half })
    }
}

/// The middle between two neighbouring probabilities, above the lower one whatever is rounded.
fn middle(above: f64, below: f64) -> f64 {
    let middle = 0.5 * (above + below);
    if middle > below { middle } else { above }
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::Rng;

    #[test]
    fn the_threshold_is_the_best_of_all() {
        let mut rng = Rng::new(3);
        let probability: Vec<f64> = (0..80).map(|_| (rng.uniform() * 30.0).floor() / 30.0).collect();
        let happened: Vec<bool> = probability.iter().map(|p| rng.uniform() < 0.6 * p).collect();
        let weight: Vec<f64> = (0..80).map(|_| rng.below(3) as f64).collect();
        for rule in [CutRule::F1, CutRule::Youden, CutRule::BalancedAccuracy, CutRule::Cost([[0.0, 1.0], [4.0, 0.5]])] {
            let at = |from: f64| {
                let mut e = Events::default();
                for ((p, h), w) in probability.iter().zip(&happened).zip(&weight) {
                    *match (*h, *p >= from) {
                        (true, true) => &mut e.hits,
                        (true, false) => &mut e.misses,
                        (false, true) => &mut e.false_alarms,
                        (false, false) => &mut e.correct_negatives,
                    } += w;
                }
                rule.score(&e)
            };
            let found = rule.choose(&happened, &probability, Some(&weight)).unwrap();
            assert!((at(found.from).unwrap() - found.score).abs() < 1e-12, "{rule:?}");
            assert_eq!(found.at_half, at(0.5));
            let sign = if matches!(rule, CutRule::Cost(_)) { -1.0 } else { 1.0 };
            assert!((0..=200).filter_map(|i| at(f64::from(i) / 200.0)).all(|s| sign * s <= sign * found.score + 1e-12), "{rule:?}");
        }
    }

    #[test]
    fn what_pays_everywhere_is_said_everywhere_and_one_kind_of_rows_is_refused() {
        let (happened, probability) = ([true, false, false], [0.4, 0.3, 0.3]);
        let from = |rule: CutRule| rule.choose(&happened, &probability, None).map(|c| c.from);
        assert!((from(CutRule::F1).unwrap() - 0.35).abs() < 1e-12);
        assert!(from(CutRule::Cost([[9.0, 0.0], [9.0, 0.0]])).unwrap() <= 0.3);
        assert!(from(CutRule::Cost([[0.0, 9.0], [0.0, 9.0]])).unwrap() > 0.4);
        assert!(CutRule::F1.choose(&[true, true], &[0.1, 0.2], None).unwrap_err().to_string().contains("2 events in 2 rows"));
        assert!(CutRule::F1.choose(&[true, false], &[0.1, f64::NAN], None).is_err());
    }
}
