//! The adviser: from where and when the samples are, and where and when predictions are wanted, to the design that imitates that use.
//!
//! A design is judged by how far its test rows are from what is learned from, beside how far predictions are from samples (the W statistic of
//! Linnenbrink et al. 2024, doi 10.5194/gmd-17-5897-2024). Neither always blocking nor never blocking is right.

pub(crate) mod measure;
mod uses;
mod yard;

use std::borrow::Cow;

use esker_core::{Advice, Candidate, Error, Note, Result, Rng, Setting, Settings, Support};
use esker_evaluate::split::{Aim, Design};
use esker_math::{Empirical, Ground};

use crate::dataset::Dataset;
use crate::judge::{distance, short};
use crate::recipe::{DesignPart, Validate};
use measure::Reach;
use yard::Yard;

/// Folds come from less than this share of the distance that is wanted: no design imitates the use.
const FAR: f64 = 0.5;
/// Significance at which samples count as nearer to each other than predictions to samples (Linnenbrink et al. 2024).
const NEARER: f64 = 0.05;
/// Shares of W within which the simpler design is taken.
const CLOSE: f64 = 1.05;

/// What is advised, and the design that follows.
pub(crate) struct Advised {
    pub advice: Advice,
    pub part: DesignPart,
}

/// Measures, compares and chooses. The design has the number of folds of the recipe's own.
///
/// # Errors
/// No design at all can be made of the samples, or other groups are wanted and there are none.
pub(crate) fn advise(validate: &Validate, data: &Dataset, aim: &Aim, rng: &Rng) -> Result<Advised> {
    let mut support = Cow::Borrowed(data.samples.support());
    if let Some(codes) = validate.primary.group.as_ref().and_then(|g| data.other_groups.get(g)) {
        support.to_mut().group = Some(codes.clone());
    }
    let mut adviser = Adviser {
        validate,
        support: &support,
        aim,
        rng,
        advice: Advice::default(),
        ground: support.place.as_ref().map(Ground::new),
        reach: None,
        yards: Vec::new(),
        tried: Vec::new(),
    };
    adviser.facts(data);
    adviser.by_use()
}

/// Shuffled folds, as many as the recipe asks for.
///
/// # Errors
/// Never for a recipe that was read.
pub(crate) fn shuffled(validate: &Validate) -> Result<DesignPart> {
    let part = part(validate, Design::Random, &[])?;
    Ok(DesignPart { group: None, path: "validate.compare".into(), ..part })
}

/// Settings of a design beside the number of folds.
type More<'a> = &'a [(&'a str, Setting)];

/// The part of the recipe for a design, with the recipe's number of folds and some settings.
fn part(validate: &Validate, design: Design, more: More<'_>) -> Result<DesignPart> {
    let parameters = design.parameters();
    let mut settings = Settings::defaults(&parameters);
    if parameters.iter().any(|p| p.name == "folds") && validate.primary.settings.iter().any(|(name, _)| name == "folds") {
        settings = settings.set(&parameters, "folds", Setting::Integer(validate.primary.settings.integer("folds")))?;
    }
    for (name, value) in more {
        settings = settings.set(&parameters, name, value.clone())?;
    }
    let label = design.name().to_owned();
    Ok(DesignPart { design, settings, group: validate.primary.group.clone(), label, path: "validate".into() })
}

/// The lines of `[validate]` that make a design.
fn written(part: &DesignPart) -> String {
    let mut lines = vec![format!("design = \"{}\"", part.design.name())];
    for parameter in part.design.parameters() {
        let Some(value) = part.settings.get(parameter.name) else { continue };
        if parameter.name == "folds" || *value != parameter.default {
            lines.push(match value {
                Setting::Text(word) => format!("{} = \"{word}\"", parameter.name),
                Setting::Real(v) => format!("{} = {v:?}", parameter.name),
                Setting::Integer(v) => format!("{} = {v}", parameter.name),
                Setting::Flag(v) => format!("{} = {v}", parameter.name),
            });
        }
    }
    lines.extend(part.group.as_ref().map(|g| format!("group = \"{g}\"")));
    lines.join("\n")
}

/// A design that can be made, with the distances of its folds in each yard.
struct Tried {
    name: String,
    part: DesignPart,
    across: Vec<Empirical>,
}

struct Adviser<'a> {
    validate: &'a Validate,
    support: &'a Support,
    aim: &'a Aim,
    rng: &'a Rng,
    advice: Advice,
    ground: Option<Ground>,
    /// Metres beyond which values tell nothing of each other.
    reach: Option<f64>,
    /// What distances are measured in; the first decides.
    yards: Vec<Yard>,
    tried: Vec<Tried>,
}

impl Adviser<'_> {
    fn measured(&mut self, sentence: String) {
        self.advice.measured.push(sentence);
    }

    /// The rows of each group, the smallest first.
    fn groups(&self) -> Vec<usize> {
        measure::groups(self.support)
    }

    /// The times of the samples that are known.
    fn days(&self) -> Vec<f64> {
        self.support.time.iter().flat_map(|t| t.days.iter().copied()).filter(|t| t.is_finite()).collect()
    }

    /// What there is, in sentences.
    fn facts(&mut self, data: &Dataset) {
        let rows = self.support.rows;
        let places = match &self.ground {
            Some(ground) if measure::distinct(ground) < rows => format!("{rows} rows at {} different places.", measure::distinct(ground)),
            Some(_) => format!("{rows} rows, each at a place of its own."),
            None => format!("{rows} rows without a place."),
        };
        self.measured(places);
        let groups = self.groups();
        if let (Some(least), Some(most)) = (groups.first(), groups.last()) {
            let middle = groups[groups.len() / 2];
            let own = self.validate.primary.group.as_ref().map_or(String::new(), |g| format!(" of '{g}'"));
            self.measured(format!("{} groups{own}, of {least} to {most} rows; the middle one has {middle}.", groups.len()));
        }
        let days = self.days();
        if !days.is_empty() {
            let (low, high) = days.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &t| (l.min(t), h.max(t)));
            self.measured(format!("Times span {:.1} years.", (high - low) / 365.2425));
            if let Some(reach) = measure::reach_in_time(data, self.support.group.as_ref()).and_then(|f| f.reach()) {
                let told = if reach >= (high - low) / 3.0 {
                    "beyond a third of that: the samples span one stretch of likeness".to_owned()
                } else {
                    format!("up to about {} days apart", short(reach))
                };
                self.measured(format!("In time, the target {} is alike {told}.", data.target));
            }
        }
        if let Some(ground) = &self.ground {
            let reaches = measure::reaches(data, ground);
            self.reach = reaches.iter().find_map(Reach::metres);
            let features = measure::of_features(data, ground);
            self.advice.measured.extend(reaches.iter().map(Reach::sentence).chain(features));
        }
    }

    /// Looks at a space: what is wanted and the samples are told, and every design tried from now on is measured in it.
    fn look(&mut self, yard: Yard) {
        let from = yard.subject();
        self.advice.distances.push(yard.told(format!("from {from} to the nearest sample"), None, &yard.wanted));
        self.advice.distances.push(yard.told("from samples to the nearest other sample".into(), None, &yard.samples));
        let mut subject = from.to_owned();
        subject[..1].make_ascii_uppercase();
        self.measured(format!(
            "{subject} are {} from the nearest sample (mean), samples {} from each other.",
            yard.words(yard.wanted.mean()),
            yard.words(yard.samples.mean())
        ));
        self.yards.push(yard);
    }

    /// Makes the folds of a design, and measures them; a refusal is told.
    fn attempt(&mut self, design: Design) {
        self.attempt_with(design, design.name(), &[]);
    }

    /// As [`Adviser::attempt`], with further settings and under a name of its own.
    fn attempt_with(&mut self, design: Design, name: &str, more: More<'_>) {
        let made = part(self.validate, design, more).and_then(|part| {
            let splitter = part.design.splitter(&part.settings, self.aim);
            let folds = splitter.folds(self.support, &mut self.rng.fork("folds", 0))?;
            let across = self.yards.iter().map(|y| y.across(self.support, self.aim, &folds)).collect::<Result<Vec<Empirical>>>()?;
            Ok((part, folds.len(), across))
        });
        let mut candidate = Candidate { design: name.to_owned(), ..Candidate::default() };
        match made {
            Ok((part, folds, across)) => {
                candidate.folds = folds;
                for (i, (yard, own)) in self.yards.iter().zip(&across).enumerate() {
                    let w = yard.number(own.wasserstein(&yard.wanted));
                    if i == 0 {
                        (candidate.w, candidate.unit) = (Some(w), yard.unit().into());
                    } else {
                        candidate.also.push((yard.unit().into(), w));
                    }
                    let of = format!("from test rows of '{name}' to the nearest row learned from");
                    self.advice.distances.push(yard.told(of, Some(name.to_owned()), own));
                }
                self.tried.push(Tried { name: name.to_owned(), part, across });
            }
            Err(error) => candidate.refused = Some(error.to_string()),
        }
        self.advice.candidates.push(candidate);
    }

    /// The simplest design whose W is within a little of the least, and its W in words. Where rows belong to groups, shuffled rows are shown
    /// and never chosen: they would cut the groups apart.
    fn least_w(&self) -> Result<(String, String)> {
        let may = |c: &&Candidate| self.support.group.is_none() || c.design != Design::Random.name();
        let made: Vec<(&Candidate, f64)> = self.advice.candidates.iter().filter(may).filter_map(|c| Some((c, c.w?))).collect();
        let least = made.iter().map(|c| c.1).fold(f64::INFINITY, f64::min);
        let (first, w) = made.iter().find(|c| c.1 <= least * CLOSE).ok_or_else(|| self.nothing())?;
        let words = if first.unit == "km" { distance(w * 1000.0) } else { format!("{} {}", short(*w), first.unit) };
        Ok((first.design.clone(), words))
    }

    fn nothing(&self) -> Error {
        let why = self.advice.candidates.iter().find_map(|c| c.refused.clone()).unwrap_or_default();
        Error::recipe("design 'auto'")
            .got(why)
            .rule("no design can be made of these samples")
            .hint("more samples, places or groups are needed")
    }

    /// Chooses by how well folds imitate the distances of what is wanted in the first yard.
    fn settle_by_w(self) -> Result<Advised> {
        let (name, w) = self.least_w()?;
        let of = self.yards.first().map_or("what is wanted", Yard::subject);
        let why = format!("of the designs tried, the distances of its folds are most like those of {of} (W = {w})");
        self.settle(&name, &why)
    }

    /// Says so where folds are much nearer to what they learn from than predictions are to samples.
    fn warn_if_far(&mut self, chosen: &str) {
        let Some(tried) = self.tried.iter().find(|t| t.name == chosen) else { return };
        let mut told = Vec::new();
        for (yard, own) in self.yards.iter().zip(&tried.across) {
            let (reached, asked, most) = (own.mean(), yard.wanted.mean(), own.quantile(0.9));
            if reached < FAR * asked {
                told.push(format!(
                    "No design on these samples imitates the use: {} are {} from the nearest sample on average, test rows of '{chosen}' {} from \
                     what is learned from. Scores speak for what is up to about {} from a sample, {:.0} % of what is wanted.",
                    yard.subject(),
                    yard.words(asked),
                    yard.words(reached),
                    yard.words(most),
                    100.0 * yard.wanted.share(most)
                ));
            }
        }
        if !told.is_empty() {
            self.advice.beyond = Some(told.join(" "));
        }
    }

    /// Ends with a design, made if it has not been tried.
    fn settle(mut self, name: &str, why: &str) -> Result<Advised> {
        if !self.tried.iter().any(|t| t.name == name)
            && let Some(design) = Design::parse(name)
        {
            self.attempt(design);
        }
        self.warn_if_far(name);
        let at = self.tried.iter().position(|t| t.name == name).ok_or_else(|| self.nothing())?;
        let part = self.tried.swap_remove(at).part;
        let mut advice = self.advice;
        advice.chosen = name.to_owned();
        advice.written = written(&part);
        advice.reasons.insert(0, format!("Design '{name}': {why}."));
        Ok(Advised { advice, part })
    }
}

/// The advice as notes of a run.
pub(crate) fn notes(advice: &Advice) -> Vec<Note> {
    let chosen = Note::info("design-chosen", advice.reasons.join(" "));
    // Matched folds say so themselves.
    let beyond = advice.beyond.as_ref().filter(|_| !advice.chosen.starts_with(Design::Knndm.name()));
    let beyond = beyond.map(|text| Note::warning("use-beyond-design", text.clone()));
    std::iter::once(chosen).chain(beyond).collect()
}
