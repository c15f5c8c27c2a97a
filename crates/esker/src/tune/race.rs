//! The race of candidates over the inner folds: who is proposed, who goes on to the next fold, who wins.
//!
//! A batch of candidates is judged on the first fold; those among the better third of all that were ever judged there go on to the next, and so on
//! (successive halving, Karnin, Koren and Somekh 2013, with folds as the resource, candidates promoted as they come: Li et al. 2020). The recipe's
//! own settings are always the first candidate and always judged on all folds, so that tuning that gains nothing is seen to gain nothing.
//! What has happened depends on the seed alone: batches have one size, whatever the number of threads.

use esker_core::{Better, Context, Parameter, Result, Rng, Setting, Settings, Space, record};
use rayon::prelude::*;

use super::oriented;
use super::tpe::{Seen, propose};
use crate::recipe::Method;

/// Candidates that are proposed together, so that threads work side by side.
const BATCH: usize = 4;
/// Most candidates drawn at random before the model proposes.
const RANDOM: usize = 10;
/// Draws to find a candidate that was not tried before; after so many, the space counts as searched through.
const AGAIN: usize = 50;

/// The scores of a candidate on one fold, one a step where it was watched, else one. `None`: it could not be fitted.
pub(super) type Outcome = Option<Vec<f64>>;

/// Judges candidates.
pub(super) trait Judge: Sync {
    /// The scores of the settings of a trial on a fold. The first trial must succeed, so its faults are errors.
    ///
    /// # Errors
    /// The user stopped the work, or the recipe's own settings cannot be judged.
    fn judge(&self, trial: usize, settings: &Settings, fold: usize) -> Result<Outcome>;

    /// Whether the time is over.
    fn over(&self) -> bool {
        false
    }
}

/// What a race is run by.
pub(super) struct Rules<'a> {
    pub parameters: &'a [Parameter],
    pub spaces: &'a [Space],
    pub own: &'a Settings,
    pub trials: usize,
    pub method: Method,
    pub halving: bool,
    pub folds: usize,
    pub better: Better,
    /// The parameter that counts steps, where candidates are watched.
    pub steps: Option<&'static str>,
    /// Whether the race may be ended by time, so that candidates should be finished in small batches.
    pub timed: bool,
}

/// A candidate and what was seen of it.
pub(super) struct Entry {
    pub values: Vec<Setting>,
    pub settings: Settings,
    pub seen: Vec<Outcome>,
    pub dropped: bool,
}

/// The best step so far, from 1, and the score there on each fold, larger is better.
pub(super) struct Standing {
    pub step: usize,
    pub scores: Vec<f64>,
}

impl Standing {
    pub fn mean(&self) -> f64 {
        self.scores.iter().sum::<f64>() / self.scores.len().max(1) as f64
    }
}

impl Entry {
    /// How it stands after the first `folds` folds. Where learning ended earlier on one fold than on another, its last score goes on.
    pub fn standing(&self, folds: usize, better: Better) -> Standing {
        let seen = &self.seen[..folds.min(self.seen.len())];
        let longest = seen.iter().flatten().map(Vec::len).max().unwrap_or(1);
        let at = |step: usize| -> Vec<f64> {
            let one = |o: &Outcome| o.as_ref().and_then(|c| c.get(step).or(c.last())).map_or(f64::NEG_INFINITY, |s| oriented(better, *s));
            seen.iter().map(one).collect()
        };
        let mut best = Standing { step: 1, scores: at(0) };
        for step in 1..longest {
            let next = Standing { step: step + 1, scores: at(step) };
            if next.mean() > best.mean() {
                best = next;
            }
        }
        best
    }
}

/// What a race leaves.
pub(super) struct Raced {
    pub entries: Vec<Entry>,
    /// The index of the winner.
    pub best: usize,
    pub time_ended: bool,
}

impl Rules<'_> {
    fn entry(&self, values: Vec<Setting>) -> Result<Entry> {
        let mut settings = self.own.clone();
        for (space, value) in self.spaces.iter().zip(&values) {
            settings = settings.set(self.parameters, &space.parameter, value.clone())?;
        }
        Ok(Entry { values, settings, seen: Vec::new(), dropped: false })
    }

    /// The recipe's own settings.
    fn own_entry(&self) -> Entry {
        let values = self.spaces.iter().filter_map(|s| self.own.get(&s.parameter).cloned()).collect();
        Entry { values, settings: self.own.clone(), seen: Vec::new(), dropped: false }
    }

    /// Size of the batch that begins after `tried` candidates.
    fn batch(&self, tried: usize) -> usize {
        let random = (self.trials / 2).min(RANDOM);
        let size = match self.method {
            Method::Random if !self.timed => self.trials,
            Method::Tpe if tried < random => random - tried,
            _ => BATCH,
        };
        size.min(self.trials - tried)
    }

    /// The next batch; empty when nothing new can be found.
    fn propose(&self, entries: &[Entry], rng: &Rng) -> Result<Vec<Entry>> {
        let tried = entries.len();
        let mut batch: Vec<Entry> = Vec::new();
        if tried == 0 {
            batch.push(self.own_entry());
        }
        let by_model = self.method == Method::Tpe && tried > 0;
        let worths: Vec<f64> = if by_model { self.worths(entries) } else { Vec::new() };
        let seen: Vec<Seen<'_>> = entries.iter().zip(&worths).map(|(e, &worth)| Seen { values: &e.values, worth }).collect();
        let size = self.batch(tried).max(1);
        while batch.len() < size && !self.spaces.is_empty() {
            let trial = tried + batch.len();
            let mut rng = rng.fork("candidate", trial as u64);
            let pending: Vec<Vec<Setting>> = batch.iter().map(|e| e.values.clone()).collect();
            let known = |values: &[Setting]| entries.iter().chain(&batch).any(|e| e.values == values);
            let random = |rng: &mut Rng| self.spaces.iter().map(|s| s.range.draw(rng)).collect::<Vec<Setting>>();
            let mut values = if by_model { propose(self.spaces, &seen, &pending, &mut rng) } else { random(&mut rng) };
            let mut draws = 0;
            while known(&values) && draws < AGAIN {
                values = random(&mut rng);
                draws += 1;
            }
            if known(&values) {
                break;
            }
            batch.push(self.entry(values)?);
        }
        Ok(batch)
    }

    /// By how much each candidate was better than the recipe's own settings on the folds it was judged on: folds differ in how hard they are.
    fn worths(&self, entries: &[Entry]) -> Vec<f64> {
        let own = entries[0].standing(self.folds, self.better).scores;
        let worth = |e: &Entry| {
            let scores = e.standing(self.folds, self.better).scores;
            scores.iter().zip(&own).map(|(s, o)| s - o).sum::<f64>() / scores.len().max(1) as f64
        };
        entries.iter().map(worth).collect()
    }

    /// Runs the race.
    ///
    /// # Errors
    /// The user stopped the work, or the recipe's own settings cannot be judged.
    pub fn run(&self, judge: &dyn Judge, rng: &Rng, cx: &Context) -> Result<Raced> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut time_ended = false;
        while entries.len() < self.trials.max(1) && !time_ended {
            let from = entries.len();
            entries.extend(self.propose(&entries, rng)?);
            if entries.len() == from {
                break;
            }
            time_ended = self.judge_batch(&mut entries, from, judge, cx)?;
        }
        let mean = |e: &Entry| e.standing(self.folds, self.better).mean();
        let mut best = (0, mean(&entries[0]));
        for (i, entry) in entries.iter().enumerate().filter(|(_, e)| e.seen.len() == self.folds) {
            // Strictly better, so that among equals the recipe's own settings stay.
            if mean(entry) > best.1 {
                best = (i, mean(entry));
            }
        }
        Ok(Raced { entries, best: best.0, time_ended })
    }

    /// Judges the candidates from `from` on; says whether the time ended.
    fn judge_batch(&self, entries: &mut [Entry], from: usize, judge: &dyn Judge, cx: &Context) -> Result<bool> {
        let mut ended = false;
        let mut fold = 0;
        while fold < self.folds {
            cx.check()?;
            // Without halving all folds are judged at once.
            let until = if self.halving { fold + 1 } else { self.folds };
            ended |= judge.over();
            // The recipe's own settings are judged on every fold, whatever the time.
            let running = |i: &usize| !entries[*i].dropped && (*i == 0 || !ended);
            let tasks: Vec<(usize, usize)> =
                (from..entries.len()).filter(running).flat_map(|i| (fold..until).map(move |f| (i, f))).collect();
            let one = |&(i, f): &(usize, usize)| {
                if i > 0 && judge.over() { Ok(None) } else { judge.judge(i, &entries[i].settings, f).map(Some) }
            };
            let judged: Vec<Result<Option<Outcome>>> = tasks.par_iter().map(one).collect();
            for (&(i, _), outcome) in tasks.iter().zip(judged) {
                match outcome? {
                    Some(outcome) if !entries[i].dropped => entries[i].seen.push(outcome),
                    Some(_) => {}
                    None => {
                        ended = true;
                        entries[i].dropped = true;
                    }
                }
            }
            if until < self.folds {
                self.drop_behind(entries, from, until);
            }
            fold = until;
        }
        for entry in &mut entries[from..] {
            entry.dropped = entry.seen.len() < self.folds;
        }
        Ok(ended)
    }

    /// Drops the candidates from `from` on that are not among the better third, at least two, of all judged on the first `folds` folds.
    fn drop_behind(&self, entries: &mut [Entry], from: usize, folds: usize) {
        let mut there: Vec<(usize, f64)> = (1..entries.len())
            .filter(|&i| entries[i].seen.len() >= folds)
            .map(|i| (i, entries[i].standing(folds, self.better).mean()))
            .collect();
        there.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        // The first candidate is one of them without being asked.
        let keep = (there.len() + 1).div_ceil(3).max(2) - 1;
        for (i, _) in there.into_iter().skip(keep).filter(|(i, _)| *i >= from) {
            entries[i].dropped = true;
        }
    }
}

impl Raced {
    /// The race as the record tells it; `part` is named by the caller.
    pub fn told(&self, rules: &Rules<'_>) -> Result<record::Tuning> {
        let sign = if rules.better == Better::Higher { 1.0 } else { -1.0 };
        let mean = |i: usize| sign * self.entries[i].standing(rules.folds, rules.better).mean();
        let mut chosen = self.entries[self.best].settings.clone();
        let step = |e: &Entry| e.standing(rules.folds, rules.better).step;
        if let Some(steps) = rules.steps {
            chosen = chosen.set(rules.parameters, steps, Setting::Integer(step(&self.entries[self.best]) as i64))?;
        }
        let candidate = |(i, e): (usize, &Entry)| {
            let step = step(e);
            let score = |o: &Outcome| o.as_ref().and_then(|c| c.get(step - 1).or(c.last()).copied());
            record::Candidate {
                values: e.values.clone(),
                steps: rules.steps.map(|_| step),
                scores: e.seen.iter().map(score).collect(),
                dropped: e.dropped,
                chosen: i == self.best,
            }
        };
        Ok(record::Tuning {
            part: String::new(),
            method: rules.method.name().to_owned(),
            halving: rules.halving,
            spaces: rules.spaces.to_vec(),
            folds: rules.folds,
            steps: rules.steps.map(str::to_owned),
            chosen,
            score: mean(self.best),
            default_score: mean(0),
            trials: self.entries.len(),
            fits: self.entries.iter().map(|e| e.seen.len()).sum(),
            time_ended: self.time_ended,
            candidates: self.entries.iter().enumerate().map(candidate).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use esker_core::{Fault, Search};

    use super::*;
    use crate::work::on_threads;

    /// A known function of two settings, best at rate 0.05 and leaves 20, with folds that differ in how hard they are.
    struct Known {
        calls: AtomicUsize,
        seen: Mutex<Vec<(usize, usize)>>,
        /// Trials that cannot be fitted.
        fails: fn(usize) -> bool,
        /// Calls after which the time is over.
        time: usize,
        /// Steps in which it learns.
        steps: usize,
    }

    impl Known {
        fn new() -> Self {
            Self { calls: AtomicUsize::new(0), seen: Mutex::default(), fails: |_| false, time: usize::MAX, steps: 1 }
        }
    }

    impl Judge for Known {
        fn judge(&self, trial: usize, settings: &Settings, fold: usize) -> Result<Outcome> {
            self.calls.fetch_add(1, Ordering::Relaxed);
            self.seen.lock().unwrap().push((trial, fold));
            if (self.fails)(trial) {
                return if trial == 0 { Err(esker_core::Error::numeric("own")) } else { Ok(None) };
            }
            let apart = [(settings.real("rate") / 0.05).ln(), (settings.integer("leaves") as f64 / 20.0).ln()];
            let loss = 1.0 + 3.0 * fold as f64 + apart.iter().map(|d| d * d).sum::<f64>() + 0.1 * (7.0 * apart[0] + fold as f64).sin();
            // Best at step 4 on the first fold, at 6 on the second, and so on.
            let best = 4.0 + 2.0 * fold as f64;
            Ok(Some((1..=self.steps).map(|s| if self.steps == 1 { loss } else { loss + 0.1 * (s as f64 - best).powi(2) }).collect()))
        }

        fn over(&self) -> bool {
            self.calls.load(Ordering::Relaxed) >= self.time
        }
    }

    fn parameters() -> Vec<Parameter> {
        vec![
            Parameter::real("rate", 0.5, 1e-3, 1.0, "").tuned(Search::LogUniform(1e-3, 1.0)),
            Parameter::integer("leaves", 5, 2, 64, "").tuned(Search::LogInteger(2, 64)),
            Parameter::integer("steps", 10, 1, 100, ""),
        ]
    }

    struct Told {
        entries: Vec<(Vec<Setting>, Vec<Outcome>, bool)>,
        tuning: record::Tuning,
    }

    fn race(judge: &Known, change: impl Fn(&mut Rules<'_>), seed: u64, threads: usize) -> Result<Told> {
        let parameters = parameters();
        let spaces: Vec<Space> = parameters.iter().filter_map(Space::declared).collect();
        let own = Settings::defaults(&parameters);
        let mut rules = Rules {
            parameters: &parameters,
            spaces: &spaces,
            own: &own,
            trials: 40,
            method: Method::Tpe,
            halving: true,
            folds: 3,
            better: Better::Lower,
            steps: None,
            timed: false,
        };
        change(&mut rules);
        let cx = Context::new(seed, threads);
        let raced = on_threads(&cx, || rules.run(judge, &cx.rng, &cx))?;
        let tuning = raced.told(&rules)?;
        Ok(Told { entries: raced.entries.into_iter().map(|e| (e.values, e.seen, e.dropped)).collect(), tuning })
    }

    #[test]
    fn the_same_seed_gives_the_same_race_on_any_number_of_threads() {
        for method in Method::ALL {
            let run = |seed, threads| race(&Known::new(), |r| r.method = method, seed, threads).unwrap();
            let (one, two, other) = (run(1, 1), run(1, 2), run(2, 2));
            assert_eq!(one.entries, two.entries);
            assert_eq!(one.tuning, two.tuning);
            assert_ne!(one.entries, other.entries);
        }
    }

    #[test]
    fn the_best_candidate_wins_and_the_own_settings_are_judged_on_every_fold() {
        for method in Method::ALL {
            for halving in [true, false] {
                let told = race(
                    &Known::new(),
                    |r| {
                        r.method = method;
                        r.halving = halving;
                    },
                    3,
                    2,
                )
                .unwrap();
                let t = told.tuning;
                assert_eq!((t.trials, t.candidates.len(), t.candidates[0].scores.len()), (40, 40, 3));
                assert!(t.score < t.default_score - 1.0, "{} against {}", t.score, t.default_score);
                assert!((0.015..0.2).contains(&t.chosen.real("rate")), "{:?}", t.chosen);
                assert_eq!(t.candidates.iter().filter(|c| c.chosen).count(), 1);
                let fits: usize = t.candidates.iter().map(|c| c.scores.len()).sum();
                assert_eq!(t.fits, fits);
                if halving {
                    assert!(fits < 80 && t.candidates.iter().all(|c| c.dropped == (c.scores.len() < 3)));
                } else {
                    assert_eq!(fits, 120);
                }
            }
        }
    }

    #[test]
    fn parzen_estimators_find_better_settings_than_chance() {
        let best = |method: Method| {
            let scores = (0..20).map(|seed| race(&Known::new(), |r| r.method = method, seed, 2).unwrap().tuning.score);
            scores.sum::<f64>() / 20.0
        };
        let (tpe, random) = (best(Method::Tpe), best(Method::Random));
        assert!(tpe < random - 0.02, "{tpe} {random}");
    }

    #[test]
    fn candidates_that_cannot_be_fitted_are_out_and_the_own_settings_must_be() {
        let judge = Known { fails: |trial| trial % 2 == 1, ..Known::new() };
        let told = race(&judge, |_| {}, 1, 2).unwrap();
        assert!(told.tuning.candidates.iter().skip(1).step_by(2).all(|c| !c.chosen && c.scores.iter().all(Option::is_none)));
        assert!(told.tuning.score.is_finite());
        let error = race(&Known { fails: |trial| trial == 0, ..Known::new() }, |_| {}, 1, 2).err().unwrap();
        assert_eq!(error.fault, Fault::Numeric);
    }

    #[test]
    fn when_the_time_ends_what_is_known_is_used() {
        for time in [0, 1, 2, 12, 25] {
            let told = race(
                &Known { time, ..Known::new() },
                |r| {
                    r.timed = true;
                    r.method = Method::Random;
                },
                1,
                1,
            )
            .unwrap()
            .tuning;
            assert!(told.time_ended);
            assert_eq!(told.candidates[0].scores.len(), 3, "the own settings are judged on all folds after {time} calls");
            assert!(told.fits <= time + 3 && told.score <= told.default_score);
        }
        assert!(!race(&Known::new(), |r| r.timed = true, 1, 2).unwrap().tuning.time_ended);
    }

    #[test]
    fn the_mean_over_folds_says_the_number_of_steps() {
        let judge = Known { steps: 30, ..Known::new() };
        let told = race(&judge, |r| r.steps = Some("steps"), 1, 2).unwrap().tuning;
        assert_eq!(told.chosen.integer("steps"), 6, "4, 6 and 8 are best on the three folds");
        assert!(told.candidates.iter().filter(|c| c.scores.len() == 3).all(|c| c.steps == Some(6)));
        // Without anything to search, only the steps are counted.
        let told = race(
            &Known { steps: 30, ..Known::new() },
            |r| {
                r.steps = Some("steps");
                r.spaces = &[];
                r.trials = 1;
            },
            1,
            2,
        )
        .unwrap()
        .tuning;
        assert_eq!((told.chosen.integer("steps"), told.fits, told.score), (6, 3, told.default_score));
    }

    #[test]
    fn learning_that_ended_early_on_a_fold_goes_on_with_its_last_score() {
        let seen = vec![Some(vec![3.0, 2.0, 2.5]), Some(vec![3.0, 2.8, 2.4, 2.0])];
        let entry = Entry { values: Vec::new(), settings: Settings::default(), seen, dropped: false };
        let standing = entry.standing(2, Better::Lower);
        assert_eq!((standing.step, standing.scores), (4, vec![-2.5, -2.0]));
        let first = entry.standing(1, Better::Lower);
        assert_eq!((first.step, first.scores), (2, vec![-2.0]));
    }

    #[test]
    fn a_space_of_few_values_is_searched_through_once() {
        let values = ["a", "b", "c"].map(|w| Setting::Text(w.into())).to_vec();
        let words = Parameter::choice("rate", &["a", "b", "c"], "");
        let spaces = [Space { parameter: "rate".into(), range: esker_core::Range::Choice { values } }];
        struct Even;
        impl Judge for Even {
            fn judge(&self, _: usize, _: &Settings, _: usize) -> Result<Outcome> {
                Ok(Some(vec![1.0]))
            }
        }
        let (parameters, own) = ([words.clone()], Settings::defaults(&[words]));
        let rules = Rules {
            parameters: &parameters,
            spaces: &spaces,
            own: &own,
            trials: 30,
            method: Method::Tpe,
            halving: true,
            folds: 2,
            better: Better::Lower,
            steps: None,
            timed: false,
        };
        let cx = Context::new(1, 1);
        let raced = rules.run(&Even, &cx.rng, &cx).unwrap();
        assert_eq!((raced.entries.len(), raced.best), (3, 0), "among equals the own settings stay");
    }
}
