//! Skill of every model against simple answers: the training mean, the season, the last value, the recipe's own baseline. Each is learned from
//! the training rows of a fold alone.

use esker_core::dependence::Dependence;
use esker_core::record::{ModelRecord, Task};
use esker_core::skill::{ModelSkill, Skill, SkillReference};
use esker_core::{Codes, Context, Fold, Metric, Note, Places, Prediction, Result, Unit, Values};
use esker_evaluate::score::{Learned, Score, SquaredError, persistence, seasonal, skill};
use esker_evaluate::significance::{Blocks, Bootstrap, Held};
use esker_math::quantile_of_sorted;
use esker_models::Kind;

use crate::dependence::{CONFIDENCE, drawing};
use crate::judge::short;
use crate::plan::Plan;

/// Days of the year before and after a row that its season is learned from: with dates a month apart, the same month.
const SEASON: f64 = 15.0;
/// The last value is older than this (days), a tenth of a second.
const BEFORE: f64 = 2e-6;
/// A simple answer counts where at least this share of the held-out rows has it.
const SHARE: f64 = 0.5;

/// A simple answer to all held-out rows, fold after fold; NaN where it has none.
struct Simple {
    kind: &'static str,
    name: String,
    how: String,
    /// rows × outputs: one for numbers, one a class for classes.
    said: Vec<f64>,
    lead: Option<Vec<f64>>,
}

/// Held-out rows as the references need them.
struct Rows<'a> {
    folds: &'a [Fold],
    /// One column for numbers; for classes one a class, 1 where a row is of it.
    outputs: Vec<Vec<f64>>,
    weight: Option<&'a [f64]>,
    days: Option<&'a [f64]>,
    group: Option<&'a Codes>,
    place: Option<&'a Places>,
}

/// Skill of the models on the held-out rows of the primary design. `said` holds every model's predictions of them, fold after fold.
pub(crate) fn measure(
    plan: &Plan,
    models: &[ModelRecord],
    said: &[Prediction],
    dependence: Option<&Dependence>,
    cx: &Context,
) -> Result<Skill> {
    let design = &plan.designs[0];
    let rows: Vec<usize> = design.folds.iter().flat_map(|f| f.test.iter().copied()).collect();
    let target = plan.data.samples.column(&plan.data.target)?;
    let weight = if plan.recipe.validate.weighted { plan.data.samples.weight() } else { None };
    let support = plan.data.samples.support();
    let (group, named) = match (&support.group, &plan.recipe.roles.group) {
        (Some(group), Some(name)) => (Some(group), Some(name.as_str())),
        _ => (design.support.group.as_ref(), design.part.group.as_deref()),
    };
    let all = Rows {
        folds: &design.folds,
        outputs: outputs(&target.values),
        weight,
        days: support.time.as_ref().map(|t| t.days.as_slice()),
        group,
        place: support.place.as_ref(),
    };
    let mut absent = Vec::new();
    let mut list = vec![all.mean(matches!(plan.data.task, Task::Classification { .. }))];
    list.extend(all.season(&mut absent)?);
    list.extend(all.last(named, &mut absent)?);
    list.extend(baseline(plan, said, &list[0]));
    let (metric, of, error_unit): (Box<dyn Metric>, _, _) = match &plan.data.task {
        Task::Regression { unit, .. } => (Box::new(SquaredError), "mean squared error", unit.clone()),
        Task::Classification { .. } => (Score::Brier.metric(), "Brier score", Unit::default()),
    };
    let blocks = dependence.and_then(|d| drawing(&design.support.select(&rows), &d.errors));
    let judge = Judge {
        metric: &*metric,
        truth: target.values.select(&rows),
        weight: weight.map(|w| rows.iter().map(|&r| w[r]).collect()),
        blocks: blocks.as_ref().map(|d| &d.blocks),
        cx: cx.fork("skill", 0),
    };
    let mut references = Vec::new();
    for simple in list {
        match judge.reference(&simple, (models, said), &error_unit)? {
            Some(found) => references.push(found),
            None => absent.push(format!("{}: it is right everywhere, or has no answer to most held-out rows", simple.name)),
        }
    }
    let drawn = blocks.map(|d| d.drawn).unwrap_or_default();
    Ok(Skill { of: of.to_owned(), drawn, confidence: CONFIDENCE, references, absent })
}

/// A warning where the chosen model is worse than a simple answer.
pub(crate) fn notes(skill: &Skill, chosen: &str) -> Option<Note> {
    let beaten =
        |r: &&SkillReference| r.models.iter().any(|m| m.model == chosen && m.skill < 0.0 && (m.interval.is_none() || m.beyond_noise() < 0));
    let by: Vec<String> = skill
        .references
        .iter()
        .filter(beaten)
        .map(|r| format!("{} (skill {})", r.name, r.models.iter().find(|m| m.model == chosen).map_or_else(String::new, |m| short(m.skill))))
        .collect();
    (!by.is_empty()).then(|| {
        Note::warning(
            "worse-than-simple",
            format!("{chosen} is worse on held-out rows than {}: a simple answer would serve better", by.join(" and than ")),
        )
    })
}

/// Columns that means are taken of.
fn outputs(values: &Values) -> Vec<Vec<f64>> {
    match values {
        Values::Real(v) => vec![v.clone()],
        Values::Class(codes) => {
            (0..codes.levels().len()).map(|k| codes.codes().iter().map(|c| f64::from(u8::from(*c as usize == k))).collect()).collect()
        }
    }
}

fn pick(values: &[f64], rows: &[usize]) -> Vec<f64> {
    rows.iter().map(|&r| values[r]).collect()
}

impl Rows<'_> {
    /// `f` of each fold and output, as rows × outputs.
    fn each(&self, f: impl Fn(&Fold, &[f64]) -> Result<Vec<f64>>) -> Result<Vec<f64>> {
        let mut said = Vec::new();
        for fold in self.folds {
            let columns: Vec<Vec<f64>> = self.outputs.iter().map(|v| f(fold, v)).collect::<Result<_>>()?;
            (0..fold.test.len()).for_each(|i| said.extend(columns.iter().map(|c| c[i])));
        }
        Ok(said)
    }

    fn held_out(&self) -> usize {
        self.folds.iter().map(|f| f.test.len()).sum()
    }

    /// The mean of the training rows, or the frequencies of their classes.
    fn mean(&self, classes: bool) -> Simple {
        let mean = |fold: &Fold, v: &[f64]| {
            let values = pick(v, &fold.train);
            // A training part whose rows all weigh nothing is refused by every estimator.
            let mean = self.weight.map_or_else(|| esker_math::mean(&values), |w| esker_math::weighted_mean(&values, &pick(w, &fold.train)));
            Ok(vec![mean; fold.test.len()])
        };
        let said = self.each(mean).unwrap_or_default();
        let (kind, name, how) = if classes {
            ("frequencies", "saying how frequent each class is", "The frequencies of the classes in the training rows of each fold.")
        } else {
            ("mean", "always saying the mean", "The mean of the training rows of each fold.")
        };
        Simple { kind, name: name.to_owned(), how: how.to_owned(), said, lead: None }
    }

    /// The series of each row, with the word for it: its group, its place where places recur, else one for all.
    fn series<'n>(&self, group: Option<&'n str>) -> Option<(Option<Vec<u32>>, &'n str)> {
        if let (Some(codes), Some(name)) = (self.group, group) {
            return Some((Some(codes.codes().to_vec()), name));
        }
        let Some(places) = self.place else { return Some((None, "series")) };
        let blocks = Blocks::of_places(places).ok()?;
        (2 * blocks.count() <= places.x().len()).then(|| (Some(blocks.of().to_vec()), "place"))
    }

    /// The mean of the training rows of the same time of the year.
    fn season(&self, absent: &mut Vec<String>) -> Result<Option<Simple>> {
        let Some(days) = self.days else { return Ok(None) };
        let mut months: Vec<i64> =
            days.iter().filter(|d| d.is_finite()).map(|d| (d.rem_euclid(365.2425) / 365.2425 * 12.0).floor() as i64).collect();
        months.sort_unstable();
        months.dedup();
        if months.len() < 3 {
            absent.push("the mean of the season: all rows are of one time of the year".to_owned());
            return Ok(None);
        }
        // A group's own seasons where every group judged on was learned from.
        let shared = |codes: &&Codes| {
            self.folds.iter().all(|f| {
                let learned: std::collections::HashSet<u32> = f.train.iter().map(|&r| codes.codes()[r]).collect();
                f.test.iter().all(|&r| learned.contains(&codes.codes()[r]))
            })
        };
        let series = self.group.filter(shared).map(|c| c.codes().to_vec());
        let said = self.each(|fold, v| {
            let of = |rows: &[usize]| series.as_ref().map(|s| rows.iter().map(|&r| s[r]).collect::<Vec<u32>>());
            let (values, times, weight) = (pick(v, &fold.train), pick(days, &fold.train), self.weight.map(|w| pick(w, &fold.train)));
            let (mine, theirs) = (of(&fold.train), of(&fold.test));
            let learned = Learned { values: &values, times: &times, series: mine.as_deref(), weight: weight.as_deref() };
            seasonal(learned, &pick(days, &fold.test), theirs.as_deref(), SEASON)
        })?;
        let own = if series.is_some() { " of the same group" } else { "" };
        let how = format!(
            "The mean of the training rows{own} within {SEASON} days of the same day of the year, of all years and hours; with dates a month apart, of the same month."
        );
        Ok(Some(Simple { kind: "season", name: "saying the mean of the season".to_owned(), how, said, lead: None }))
    }

    /// The newest value of the same series among the training rows before a row.
    fn last(&self, group: Option<&str>, absent: &mut Vec<String>) -> Result<Option<Simple>> {
        let Some(days) = self.days else { return Ok(None) };
        let name = "repeating the last value";
        let Some((series, word)) = self.series(group) else {
            absent.push(format!("{name}: rows have neither a group nor a place with several times, so that none has a value before it"));
            return Ok(None);
        };
        // A row without a group has nobody's last value.
        let alone = |r: usize| group.is_some() && self.group.is_some_and(|g| g.label(r).is_none());
        let days: Vec<f64> = days.iter().enumerate().map(|(r, d)| if alone(r) { f64::NAN } else { *d }).collect();
        let newest = |fold: &Fold, v: &[f64]| {
            let rows: Vec<usize> = fold.train.iter().chain(&fold.test).copied().collect();
            let mut values = pick(v, &rows);
            values[fold.train.len()..].fill(f64::NAN);
            let of = series.as_ref().map(|s| rows.iter().map(|&r| s[r]).collect::<Vec<u32>>());
            Ok(persistence(&values, &pick(&days, &rows), of.as_deref(), BEFORE)?.split_off(fold.train.len()))
        };
        let said = self.each(newest)?;
        let mut lead = Vec::new();
        for fold in self.folds {
            lead.extend(newest(fold, &days)?.iter().zip(&fold.test).map(|(t, &r)| days[r] - t));
        }
        let known = lead.iter().filter(|d| d.is_finite()).count();
        if (known as f64) < SHARE * lead.len() as f64 {
            let why = format!("{known} of {} held-out rows have a training row of the same {word} before them", self.held_out());
            absent.push(format!("{name}: {why}"));
            return Ok(None);
        }
        let how = if series.is_some() {
            format!("The newest training row before it of the same {word}.")
        } else {
            "The newest training row before it; all rows are one series.".to_owned()
        };
        Ok(Some(Simple { kind: "last", name: name.to_owned(), how, said, lead: Some(lead) }))
    }
}

/// The first model of the recipe that learns nothing from the features, unless it says what the mean says.
fn baseline(plan: &Plan, said: &[Prediction], mean: &Simple) -> Option<Simple> {
    let (part, said) = plan.recipe.models.iter().zip(said).find(|(m, _)| matches!(m.kind, Kind::Mean | Kind::GroupMean))?;
    let said = match said {
        Prediction::Real { centre, .. } => centre.clone(),
        Prediction::Class { probability, .. } => probability.clone(),
    };
    let size = said.iter().fold(f64::MIN_POSITIVE, |a, v| a.max(v.abs()));
    if said.iter().zip(&mean.said).all(|(a, b)| (a - b).abs() <= 1e-9 * size) {
        return None;
    }
    let how = format!("The model '{}' of the recipe, which learns nothing from the features.", part.name);
    Some(Simple { kind: "model", name: format!("the model {}", part.name), how, said, lead: None })
}

/// Truth and what is drawn, for all references.
struct Judge<'a> {
    metric: &'a dyn Metric,
    truth: Values,
    weight: Option<Vec<f64>>,
    blocks: Option<&'a Blocks>,
    cx: Context,
}

impl Judge<'_> {
    /// The models against one simple answer, on the rows that have it. `None` where these are few, or it is perfect.
    fn reference(&self, simple: &Simple, (models, said): (&[ModelRecord], &[Prediction]), unit: &Unit) -> Result<Option<SkillReference>> {
        let held_out = self.truth.len();
        let outputs = simple.said.len() / held_out.max(1);
        let rows: Vec<usize> =
            (0..held_out).filter(|r| simple.said[r * outputs..(r + 1) * outputs].iter().all(|v| v.is_finite())).collect();
        if rows.len() < 2 || (rows.len() as f64) < SHARE * held_out as f64 {
            return Ok(None);
        }
        let answer = match said.first() {
            Some(Prediction::Class { levels, .. }) => Prediction::class(levels.clone(), simple.said.clone()),
            _ => Prediction::real(unit, simple.said.clone()),
        };
        let here: Vec<Prediction> = said.iter().chain([&answer]).map(|p| p.select(&rows)).collect();
        let list: Vec<&Prediction> = here.iter().collect();
        let (truth, weight) = (self.truth.select(&rows), self.weight.as_ref().map(|w| pick(w, &rows)));
        let held = Held { metric: self.metric, truth: &truth, said: &list, weight: weight.as_deref() };
        let score = |p: &Prediction| self.metric.score(&truth, p, weight.as_deref());
        let Ok(reference) = score(&here[said.len()]) else { return Ok(None) };
        let draws = (50_000_000 / rows.len()).clamp(200, 1000);
        let blocks = self.blocks.and_then(|b| b.select(&rows).ok());
        let drawn = blocks.as_ref().and_then(|b| Bootstrap::Blocks(b).scores(held, (draws, CONFIDENCE), &self.cx.rng).ok());
        let mut found = Vec::new();
        for (i, m) in models.iter().enumerate() {
            let Some(value) = score(&here[i]).ok().and_then(|s| skill(s, reference, 0.0)) else { return Ok(None) };
            let interval = drawn.as_ref().and_then(|d| d.skill(i, said.len(), 0.0).ok()).map(|e| [e.low, e.high]);
            found.push(ModelSkill { model: m.name.clone(), skill: value, interval });
        }
        let numbers = matches!(answer, Prediction::Real { .. });
        Ok(Some(SkillReference {
            kind: simple.kind.to_owned(),
            name: simple.name.clone(),
            how: simple.how.clone(),
            rows: rows.len(),
            held_out,
            lead: simple.lead.as_ref().map(|lead| {
                let mut days = pick(lead, &rows);
                days.sort_unstable_by(f64::total_cmp);
                [0.0, 0.5, 1.0].map(|p| quantile_of_sorted(&days, p))
            }),
            error: if numbers { reference.sqrt() } else { reference },
            unit: unit.clone(),
            models: found,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two stations, a value a day for two years; the second year is tested in halves.
    fn parts() -> (Vec<f64>, Codes, Vec<f64>, Vec<Fold>) {
        let days: Vec<f64> = (0..1460).map(|i| f64::from(i / 2)).collect();
        let names: Vec<Option<&str>> = (0..1460).map(|i| Some(if i % 2 == 0 { "a" } else { "b" })).collect();
        let values = days.iter().enumerate().map(|(i, d)| (d / 58.0).sin() + (i % 2) as f64 * 10.0).collect();
        let fold = |from: usize, to: usize| Fold {
            label: String::new(),
            train: (0..from).collect(),
            test: (from..to).collect(),
            left_out: vec![],
        };
        (days, Codes::from_labels(&names), values, vec![fold(730, 1100), fold(1100, 1460)])
    }

    fn answers(values: &[f64]) -> Vec<Simple> {
        let (days, group, _, folds) = parts();
        let rows =
            Rows { folds: &folds, outputs: vec![values.to_vec()], weight: None, days: Some(&days), group: Some(&group), place: None };
        let mut absent = Vec::new();
        let all = [rows.season(&mut absent).unwrap(), rows.last(Some("station"), &mut absent).unwrap()];
        assert!(absent.is_empty(), "{absent:?}");
        std::iter::once(rows.mean(false)).chain(all.into_iter().flatten()).collect()
    }

    #[test]
    fn simple_answers_to_a_fold_know_nothing_of_its_targets_nor_of_later_ones() {
        let (_, _, values, folds) = parts();
        let before = answers(&values);
        assert_eq!(before.iter().map(|s| s.kind).collect::<Vec<_>>(), ["mean", "season", "last"]);
        // The last fold is in no training part: no answer changes.
        let mut last = values.clone();
        folds[1].test.iter().for_each(|&r| last[r] = 1e6);
        for (a, b) in before.iter().zip(answers(&last)) {
            assert!(a.said.iter().zip(&b.said).all(|(x, y)| x.to_bits() == y.to_bits()), "{}", a.kind);
        }
        // The first is learned from by the second alone.
        let mut first = values;
        folds[0].test.iter().for_each(|&r| first[r] = 1e6);
        for (a, b) in before.iter().zip(answers(&first)) {
            let n = folds[0].test.len();
            assert!(a.said[..n].iter().zip(&b.said).all(|(x, y)| x.to_bits() == y.to_bits()), "{}", a.kind);
            assert!(a.said[n..].iter().zip(&b.said[n..]).any(|(x, y)| x != y), "{}", a.kind);
        }
    }

    #[test]
    fn the_last_value_is_that_of_the_same_group_and_says_how_old_it_is() {
        let (_, _, values, folds) = parts();
        let last = &answers(&values)[2];
        let lead = last.lead.as_ref().unwrap();
        for (i, &row) in folds[0].test.iter().enumerate() {
            assert_eq!(last.said[i], values[728 + row % 2]);
            assert_eq!(lead[i], f64::from(row as u32 / 2 - 364));
        }
    }

    #[test]
    fn what_the_design_leaves_none_of_is_said() {
        let (days, group, values, _) = parts();
        let of = |station: u32| (0..1460).filter(|r| r % 2 == station as usize).collect::<Vec<_>>();
        let folds = [Fold { label: String::new(), train: of(0), test: of(1), left_out: vec![] }];
        let rows = Rows { folds: &folds, outputs: vec![values], weight: None, days: Some(&days), group: Some(&group), place: None };
        let mut absent = Vec::new();
        assert!(rows.last(Some("station"), &mut absent).unwrap().is_none());
        assert_eq!(absent, ["repeating the last value: 0 of 730 held-out rows have a training row of the same station before them"]);
        // The season is that of the other station.
        assert!(rows.season(&mut absent).unwrap().unwrap().how.starts_with("The mean of the training rows within"));
    }
}
