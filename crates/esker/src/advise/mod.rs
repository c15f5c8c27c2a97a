//! The adviser: from where and when the samples are, and where and when predictions are wanted, to the design that imitates that use.
//!
//! A design is judged by how far its test rows are from what is learned from, beside how far predictions are from samples (the W statistic of
//! Linnenbrink et al. 2024, doi 10.5194/gmd-17-5897-2024). Neither always blocking nor never blocking is right.

pub(crate) mod measure;

use esker_core::{Advice, Candidate, Error, Note, Result, Rng, Setting, Settings, Support};
use esker_evaluate::split::{Aim, Design, Space, distances};
use esker_math::{Empirical, Ground};

use crate::dataset::Dataset;
use crate::judge::distance;
use crate::recipe::{DesignPart, Validate};
use measure::{Reach, told};

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
/// No design at all can be made of the samples.
pub(crate) fn advise(validate: &Validate, data: &Dataset, aim: &Aim, rng: &Rng) -> Result<Advised> {
    let support = data.samples.support();
    let mut adviser = Adviser { validate, support, aim, rng, advice: Advice::default(), ground: None, reach: None, tried: Vec::new() };
    adviser.facts(data);
    if adviser.future() {
        return adviser
            .settle("forward", "predictions are wanted for times after the last sample, so every fold learns from the past alone");
    }
    let wanted = aim.wanted.as_ref().and_then(|w| w.place.as_ref());
    if support.place.is_some() && wanted.is_some() { adviser.by_distance() } else { adviser.by_roles() }
}

/// Shuffled folds, as many as the recipe asks for.
///
/// # Errors
/// Never for a recipe that was read.
pub(crate) fn shuffled(validate: &Validate) -> Result<DesignPart> {
    let part = part(validate, Design::Random, None)?;
    Ok(DesignPart { group: None, path: "validate.compare".into(), ..part })
}

/// The part of the recipe for a design, with the recipe's number of folds and a size of blocks in metres, where it has such.
fn part(validate: &Validate, design: Design, size: Option<f64>) -> Result<DesignPart> {
    let parameters = design.parameters();
    let mut settings = Settings::defaults(&parameters);
    if parameters.iter().any(|p| p.name == "folds") && validate.primary.settings.iter().any(|(name, _)| name == "folds") {
        settings = settings.set(&parameters, "folds", Setting::Integer(validate.primary.settings.integer("folds")))?;
    }
    if let Some(metres) = size {
        settings = settings.set(&parameters, "size", Setting::Real(metres / 1000.0))?;
    }
    let label = design.name().to_owned();
    Ok(DesignPart { design, settings, group: validate.primary.group.clone(), label, path: "validate".into() })
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
    /// Designs that can be made, with their distances in metres where places are known.
    tried: Vec<(DesignPart, Option<Empirical>)>,
}

impl Adviser<'_> {
    /// What there is, in sentences.
    fn facts(&mut self, data: &Dataset) {
        let rows = self.support.rows;
        if let Some(places) = &self.support.place {
            let ground = Ground::new(places);
            let distinct = measure::distinct(&ground);
            self.advice.measured.push(if distinct < rows {
                format!("{rows} rows at {distinct} different places.")
            } else {
                format!("{rows} rows, each at a place of its own.")
            });
            self.ground = Some(ground);
        } else {
            self.advice.measured.push(format!("{rows} rows without a place."));
        }
        if let Some((groups, rows)) = measure::groups(self.support) {
            self.advice.measured.push(format!("{groups} groups; the middle one has {rows} rows."));
        }
        if let Some(time) = &self.support.time {
            let known: Vec<f64> = time.days.iter().copied().filter(|t| t.is_finite()).collect();
            let (low, high) = known.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &t| (l.min(t), h.max(t)));
            self.advice.measured.push(format!("Times span {:.1} years.", (high - low) / 365.2425));
        }
        if let Some(ground) = &self.ground {
            let reaches = measure::reaches(data, ground);
            self.reach = reaches.iter().find_map(Reach::metres);
            self.advice.measured.extend(reaches.iter().map(Reach::sentence));
        }
    }

    /// Whether most of what is wanted lies after the last sample.
    fn future(&mut self) -> bool {
        let (Some(mine), Some(theirs)) = (&self.support.time, self.aim.wanted.as_ref().and_then(|w| w.time.as_ref())) else {
            return false;
        };
        let last = mine.days.iter().copied().filter(|t| t.is_finite()).fold(f64::NEG_INFINITY, f64::max);
        let later = theirs.days.iter().filter(|&&t| t > last).count();
        let share = later as f64 / theirs.days.len().max(1) as f64;
        self.advice.measured.push(format!("{:.0} % of the times wanted are later than the last sample.", 100.0 * share));
        share > 0.5
    }

    /// Makes the folds of a design, and measures them; a refusal is told.
    fn attempt(&mut self, design: Design, wanted: Option<&Empirical>) {
        self.attempt_sized(design, wanted, None);
    }

    /// As [`Adviser::attempt`], with blocks of a size in metres.
    fn attempt_sized(&mut self, design: Design, wanted: Option<&Empirical>, size: Option<f64>) {
        let made = part(self.validate, design, size).and_then(|part| {
            let splitter = part.design.splitter(&part.settings, self.aim);
            let folds = splitter.folds(self.support, &mut self.rng.fork("folds", 0))?;
            let metres = match &self.ground {
                Some(ground) => Some(Empirical::new(measure::of_folds(ground, &folds)?)?),
                None => None,
            };
            Ok((part, folds.len(), metres))
        });
        let name = design.name().to_owned();
        match made {
            Ok((part, folds, metres)) => {
                let w = wanted.zip(metres.as_ref()).map(|(wanted, own)| own.wasserstein(wanted) / 1000.0);
                if let Some(metres) = &metres {
                    let of = format!("from test rows of '{name}' to the nearest row learned from");
                    self.advice.distances.push(told(of, Some(name.clone()), metres));
                }
                self.advice.candidates.push(Candidate { design: name, folds, w, refused: None });
                self.tried.push((part, metres));
            }
            Err(error) => {
                let why = error.to_string();
                self.advice.candidates.push(Candidate { design: name, folds: 0, w: None, refused: Some(why) });
            }
        }
    }

    /// Chooses by how well folds imitate the distances of what is wanted.
    fn by_distance(mut self) -> Result<Advised> {
        let measured = distances(Space::Place, self.support, self.aim, &[])?;
        let (nearer, mine, theirs) = (measured.clustered(), measured.samples, measured.wanted);
        self.advice.wanted = format!("predictions at {} places", theirs.values().len());
        self.advice.distances.push(told("from places wanted to the nearest sample".into(), None, &theirs));
        self.advice.distances.push(told("from samples to the nearest other sample".into(), None, &mine));
        self.advice.measured.push(format!(
            "Places wanted are {} from the nearest sample (mean), samples {} from each other.",
            distance(theirs.mean()),
            distance(mine.mean())
        ));
        self.attempt(Design::Random, Some(&theirs));
        if self.support.group.is_some() {
            self.attempt(Design::Group, Some(&theirs));
        }
        if nearer.p >= NEARER && self.support.group.is_none() {
            let why = format!(
                "samples are not nearer to each other than the places wanted are to samples (one-sided Smirnov test, p = {:.2}), so rows \
                 left out at random are as far from the others as predictions will be",
                nearer.p
            );
            return self.settle("random", &why);
        }
        self.attempt(Design::Knndm, Some(&theirs));
        let best = self.least_w()?;
        let why = format!("of the designs tried, the distances of its folds are most like those of the places wanted (W = {})", best.1);
        self.warn_if_far(&best.0, &theirs);
        self.settle(&best.0, &why)
    }

    /// The simplest design whose W is within a little of the least, and its W in words. Where rows belong to groups, shuffled rows are shown
    /// and never chosen: they would cut the groups apart.
    fn least_w(&self) -> Result<(String, String)> {
        let may = |c: &&Candidate| self.support.group.is_none() || c.design != Design::Random.name();
        let made: Vec<(&str, f64)> = self.advice.candidates.iter().filter(may).filter_map(|c| Some((c.design.as_str(), c.w?))).collect();
        let least = made.iter().map(|c| c.1).fold(f64::INFINITY, f64::min);
        let first = made.iter().find(|c| c.1 <= least * CLOSE).ok_or_else(|| self.nothing())?;
        Ok((first.0.to_owned(), distance(first.1 * 1000.0)))
    }

    fn nothing(&self) -> Error {
        let why = self.advice.candidates.iter().find_map(|c| c.refused.clone()).unwrap_or_default();
        Error::recipe("design 'auto'")
            .got(why)
            .rule("no design can be made of these samples")
            .hint("more samples, places or groups are needed")
    }

    /// Says so where folds are much nearer to what they learn from than predictions are to samples.
    fn warn_if_far(&mut self, chosen: &str, wanted: &Empirical) {
        let Some(own) = self.tried.iter().find(|t| t.0.label == chosen).and_then(|t| t.1.as_ref()) else { return };
        let (reached, asked) = (own.mean(), wanted.mean());
        if reached >= FAR * asked {
            return;
        }
        let most = own.quantile(0.9);
        self.advice.beyond = Some(format!(
            "No design on these samples imitates the use: places wanted are {} from the nearest sample on average, test rows of '{chosen}' \
             {} from what is learned from. Scores speak for places up to about {} from a sample, {:.0} % of those wanted.",
            distance(asked),
            distance(reached),
            distance(most),
            100.0 * wanted.share(most)
        ));
    }

    /// Chooses by what the samples are, where nobody said where predictions are wanted.
    fn by_roles(mut self) -> Result<Advised> {
        self.advice.wanted = "not said: add wanted = \"grid.csv\" to [validate] for a design that imitates the use".into();
        if measure::groups(self.support).is_some_and(|(groups, _)| groups >= 2) {
            self.attempt(Design::Group, None);
            return self.settle("group", "samples of one group are alike, and new groups are what a model is mostly asked about");
        }
        if self.support.time.is_some() {
            self.attempt(Design::Forward, None);
            return self.settle("forward", "samples have times, and a model is mostly asked about the time to come");
        }
        if self.ground.is_some() {
            return self.by_reach();
        }
        self.attempt(Design::Random, None);
        self.settle("random", "samples have neither place nor time nor group, so none is nearer to another")
    }

    /// Blocks as large as the target is alike, where they can be made.
    fn by_reach(mut self) -> Result<Advised> {
        self.attempt(Design::Random, None);
        let Some(reach) = self.reach else {
            return self.settle("random", "near samples are not more alike than far ones");
        };
        let near = distance(reach);
        self.attempt_sized(Design::Block, None, Some(reach));
        if self.tried.iter().any(|t| t.0.design == Design::Block) {
            let why = format!(
                "nobody said where predictions are wanted; near samples are alike up to about {near}, and blocks of that size keep neighbours \
                 out of what predicts them, as on new ground"
            );
            return self.settle("block", &why);
        }
        self.advice.beyond = Some(format!(
            "Near samples are alike up to about {near}, and blocks of that size cannot be made of them. Rows left out at random have neighbours to \
             learn from: the score is that of filling gaps among these samples, not of new ground."
        ));
        self.settle("random", "nobody said where predictions are wanted, and the samples are too close together for another design")
    }

    /// Ends with a design, made if it has not been tried.
    fn settle(mut self, name: &str, why: &str) -> Result<Advised> {
        if !self.tried.iter().any(|t| t.0.label == name)
            && let Some(design) = Design::parse(name)
        {
            self.attempt(design, None);
        }
        let at = self.tried.iter().position(|t| t.0.label == name).ok_or_else(|| self.nothing())?;
        let part = self.tried.swap_remove(at).0;
        let mut advice = self.advice;
        if advice.wanted.is_empty() {
            advice.wanted = "times after the last sample".into();
        }
        advice.chosen = name.to_owned();
        advice.reasons.push(format!("Design '{name}': {why}."));
        Ok(Advised { advice, part })
    }
}

/// The advice as notes of a run.
pub(crate) fn notes(advice: &Advice) -> Vec<Note> {
    let chosen = Note::info("design-chosen", advice.reasons.join(" "));
    // Matched folds say so themselves.
    let beyond = advice.beyond.as_ref().filter(|_| advice.chosen != Design::Knndm.name());
    let beyond = beyond.map(|text| Note::warning("use-beyond-design", text.clone()));
    std::iter::once(chosen).chain(beyond).collect()
}
