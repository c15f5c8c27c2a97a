//! Folds whose test rows are nearer to what is learned than the use is, and groups that folds split.

use esker_core::{Codes, Fold, Result, Rng, Setting, Settings, Values};
use esker_evaluate::split::{Design, Space, distances};
use esker_math::{Empirical, Ground, Semivariogram};

use super::{Cure, Suspect, numbers, percent};
use crate::advise::measure;
use crate::judge::distance;
use crate::plan::{Plan, PlannedDesign};
use crate::recipe::WantedAt;

/// Folds come from less than this share of the distance that is wanted.
const FAR: f64 = 0.5;
/// Share of the variance that must depend on distance for nearness to matter.
const STRONG: f64 = 0.5;

/// What the primary design leaves too near.
pub(super) fn of_folds(plan: &Plan) -> Result<Vec<Suspect>> {
    let Some(primary) = plan.designs.first() else { return Ok(Vec::new()) };
    let matched = matches!(primary.part.design, Design::Nndm | Design::Knndm);
    match plan.recipe.validate.wanted.as_ref().map(|w| &w.at) {
        // Gaps among the samples are as near as rows left out.
        Some(WantedAt::Here) => return Ok(Vec::new()),
        Some(WantedAt::OtherGroups) => {
            return Ok(groups_apart(plan, primary).map(|found| Suspect { proven: false, ..found }).into_iter().collect());
        }
        _ => {}
    }
    if plan.aim.wanted.is_some() {
        let found = if matched { None } else { than_wanted(plan, primary)? };
        return Ok(if found.is_some() { found } else { than_times_wanted(plan, primary)? }.into_iter().collect());
    }
    if primary.holds_out_times() {
        return Ok(next_in_time(plan, primary).into_iter().collect());
    }
    if !at_random(primary) {
        return Ok(Vec::new());
    }
    if plan.data.samples.support().group.is_some() {
        return Ok(groups_apart(plan, primary).into_iter().collect());
    }
    let near = in_space(plan, primary)?;
    Ok(if near.is_some() { near } else { in_time(plan, primary)? }.into_iter().collect())
}

fn at_random(primary: &PlannedDesign) -> bool {
    match primary.part.design {
        Design::Random | Design::Stratified => true,
        Design::Holdout => primary.part.settings.get("by").is_none_or(|by| *by == Setting::Text("random".into())),
        _ => false,
    }
}

/// The folds of another design of these samples, as many as the primary one has where the design counts them.
fn folds(plan: &Plan, design: Design, size: Option<f64>) -> Option<Vec<Fold>> {
    let parameters = design.parameters();
    let mut settings = Settings::defaults(&parameters);
    let many = plan.primary_folds().len().clamp(2, 10);
    for least in [many, 5, 3, 2] {
        if parameters.iter().any(|p| p.name == "folds") {
            settings = settings.set(&parameters, "folds", Setting::Integer(least.min(many) as i64)).ok()?;
        }
        if let Some(metres) = size {
            settings = settings.set(&parameters, "size", Setting::Real(metres / 1000.0)).ok()?;
        }
        let splitter = design.splitter(&settings, &plan.aim);
        if let Ok(folds) = splitter.folds(plan.data.samples.support(), &mut Rng::new(plan.recipe.seed).fork("audit folds", 0)) {
            return Some(folds);
        }
    }
    None
}

fn suspect(primary: &PlannedDesign, code: &'static str, what: String, evidence: String, mend: String, cure: Cure) -> Suspect {
    let key = format!("{}.design", primary.part.path);
    Suspect { code, what, columns: Vec::new(), key, rows: Vec::new(), evidence, mend, cure, proven: true }
}

/// Folds nearer than places wanted, where the target is alike that far.
fn than_wanted(plan: &Plan, primary: &PlannedDesign) -> Result<Option<Suspect>> {
    let support = plan.data.samples.support();
    let (Some(places), Some(_)) = (&support.place, plan.aim.wanted.as_ref().and_then(|w| w.place.as_ref())) else { return Ok(None) };
    let measured = distances(Space::Place, support, &plan.aim, &primary.folds)?;
    let (Some(own), theirs) = (measured.folds, measured.wanted) else { return Ok(None) };
    let reach = measure::reaches(&plan.data, &Ground::new(places)).iter().find_map(measure::Reach::metres);
    if own.mean() >= FAR * theirs.mean()
        || reach.is_some_and(|r| own.mean() >= r)
        || (reach.is_none() && numbers(plan.audited_target()?).is_some())
    {
        return Ok(None);
    }
    let (nearer, alike) =
        (distance(own.mean()), reach.map_or(String::new(), |r| format!("; the target is alike up to about {}", distance(r))));
    let evidence =
        format!("Test rows are {nearer} from what is learned (mean), places wanted {} from a sample{alike}.", distance(theirs.mean()));
    let cure = folds(plan, Design::Knndm, None)
        .or_else(|| reach.and_then(|r| folds(plan, Design::Block, Some(r))))
        .map_or(Cure::Nothing, |f| Cure::Folds(f, "folds as far from what they learn as the places wanted are".into()));
    let what = format!("The folds of '{}' are nearer to what they learn than predictions will be to samples.", primary.part.label);
    let mut found =
        suspect(primary, "folds-too-near", what, evidence, "Use design = \"knndm\", or \"auto\"; `esker advise` says why.".into(), cure);
    found.proven = false;
    Ok(Some(found))
}

/// Groups that stand on both sides of folds drawn at random.
fn groups_apart(plan: &Plan, primary: &PlannedDesign) -> Option<Suspect> {
    let group = plan.data.samples.support().group.as_ref()?;
    let (mut tested, mut met) = (0, 0);
    for fold in &primary.folds {
        let learned: std::collections::HashSet<u32> = fold.train.iter().map(|&r| group.codes()[r]).collect();
        tested += fold.test.len();
        met += fold.test.iter().filter(|&&r| learned.contains(&group.codes()[r])).count();
    }
    if 4 * met < tested {
        return None;
    }
    let name = plan.recipe.roles.group.as_deref().unwrap_or("group");
    let cure = Cure::Folds(folds(plan, Design::Group, None)?, format!("whole groups of '{name}'"));
    let evidence = format!("{met} of {tested} tested rows ({}) have training rows of their own '{name}'.", percent(met, tested));
    let what = format!("Design '{}' puts rows of one group on both sides of a fold.", primary.part.label);
    let mend = "Use design = \"group\", or say with [validate] wanted that predictions are for groups already known.".to_owned();
    Some(suspect(primary, "groups-apart", what, evidence, mend, cure))
}

/// Rows drawn at random among neighbours that are alike.
fn in_space(plan: &Plan, primary: &PlannedDesign) -> Result<Option<Suspect>> {
    let Some(places) = &plan.data.samples.support().place else { return Ok(None) };
    let ground = Ground::new(places);
    let own = Empirical::new(measure::of_folds(&ground, &primary.folds)?)?;
    let reaches = measure::reaches(&plan.data, &ground);
    let strong = reaches.iter().find(|r| r.fitted.sill >= STRONG * (r.fitted.sill + r.fitted.nugget) && r.metres().is_some());
    let class = matches!(plan.audited_target()?.values, Values::Class(_));
    let reach = match strong.and_then(measure::Reach::metres) {
        Some(reach) => reach,
        // Classes have no variogram here: a quarter of the ground stands for it.
        None if class => across(&ground) / 4.0,
        None => return Ok(None),
    };
    if own.quantile(0.5) >= FAR * reach {
        return Ok(None);
    }
    let blocks = [1.0, 0.7, 0.5, 0.35].iter().find_map(|share| Some((share * reach, folds(plan, Design::Block, Some(share * reach))?)));
    let Some((size, blocks)) = blocks else { return Ok(None) };
    let alike = if class { ".".to_owned() } else { format!("; {}", strong.map_or(String::new(), measure::Reach::sentence)) };
    let evidence = format!(
        "The middle test row is {} from the nearest row learned from{alike} Nobody said that predictions are for places as near.",
        distance(own.quantile(0.5))
    );
    let cure = Cure::Folds(blocks, format!("blocks of {}", distance(size)));
    let what = format!("The folds of '{}' are closer than likeness reaches.", primary.part.label);
    let mend = "Say where predictions are wanted ([validate] wanted) and use design = \"auto\", or \"block\" for new ground.".to_owned();
    Ok(Some(suspect(primary, "folds-too-near", what, evidence, mend, cure)))
}

/// The longer side of the ground that the samples cover, in metres.
fn across(ground: &Ground) -> f64 {
    let d = ground.dimensions();
    let side = |j: usize| {
        let along = || ground.points()[j..].iter().step_by(d).copied();
        along().fold(f64::NEG_INFINITY, f64::max) - along().fold(f64::INFINITY, f64::min)
    };
    ground.metres((0..d).map(side).fold(0.0, f64::max).powi(2))
}

/// Rows drawn at random among times that are alike.
fn in_time(plan: &Plan, primary: &PlannedDesign) -> Result<Option<Suspect>> {
    let (Some(time), Some(y)) = (&plan.data.samples.support().time, numbers(plan.audited_target()?)) else { return Ok(None) };
    let Ok(fitted) = Semivariogram::in_time(&time.days, y, None).and_then(|s| s.best()) else { return Ok(None) };
    let Some(reach) = fitted.reach().filter(|_| fitted.sill >= STRONG * (fitted.sill + fitted.nugget)) else { return Ok(None) };
    let mut days: Vec<f64> = time.days.iter().copied().filter(|d| d.is_finite()).collect();
    days.sort_by(f64::total_cmp);
    let steps: Vec<f64> = days.windows(2).map(|w| w[1] - w[0]).collect();
    if steps.is_empty() || esker_math::quantile(&steps, 0.5)? >= FAR * reach {
        return Ok(None);
    }
    let Some(other) = folds(plan, Design::BlockTime, None) else { return Ok(None) };
    let evidence = format!(
        "Rows are {:.1} days apart (median), and the target is alike up to about {reach:.0} days ({} variogram).",
        esker_math::quantile(&steps, 0.5)?,
        fitted.shape.name()
    );
    let what = format!("The folds of '{}' are closer in time than likeness reaches.", primary.part.label);
    let mend = "Use design = \"forward\" for times to come, or \"block-time\" for gaps in the record.".to_owned();
    Ok(Some(suspect(primary, "folds-too-near", what, evidence, mend, Cure::Folds(other, "whole stretches of time".into()))))
}

/// How far the target is alike in time, where that is strong; at most a sixth of the record, so that enough lies beyond.
fn reach_in_time(plan: &Plan, group: Option<&Codes>) -> Option<f64> {
    let fitted = measure::reach_in_time(&plan.data, group)?;
    let days = &plan.data.samples.support().time.as_ref()?.days;
    let (low, high) = days.iter().filter(|d| d.is_finite()).fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &d| (l.min(d), h.max(d)));
    let strong = fitted.sill >= STRONG * (fitted.sill + fitted.nugget);
    fitted.reach().filter(|_| strong).map(|reach| reach.min((high - low) / 6.0))
}

/// For each fold, the training rows less than so many days from a test row of the same group, and how many test rows have one within half of it.
fn within_days(plan: &Plan, group: Option<&Codes>, days: f64) -> (Vec<Vec<usize>>, usize) {
    let Some(time) = &plan.data.samples.support().time else { return (Vec::new(), 0) };
    let code = |r: usize| group.map_or(0, |g| g.codes()[r]);
    let mut near = 0;
    let apart = plan
        .primary_folds()
        .iter()
        .map(|fold| {
            let sorted = |rows: &[usize]| {
                let mut all: Vec<(u32, f64)> = rows.iter().map(|&r| (code(r), time.days[r])).collect();
                all.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
                all
            };
            let meets = |all: &[(u32, f64)], r: usize, days: f64| {
                let at = all.partition_point(|a| (a.0, a.1) <= (code(r), time.days[r] - days));
                all.get(at).is_some_and(|a| a.0 == code(r) && a.1 < time.days[r] + days)
            };
            let (tested, learned) = (sorted(&fold.test), sorted(&fold.train));
            near += fold.test.iter().filter(|&&r| meets(&learned, r, FAR * days)).count();
            fold.train.iter().copied().filter(|&r| meets(&tested, r, days)).collect()
        })
        .collect();
    (apart, near)
}

/// Stretches of time that follow on what was learned, nearer than likeness reaches.
fn next_in_time(plan: &Plan, primary: &PlannedDesign) -> Option<Suspect> {
    let group = plan.data.samples.support().group.as_ref();
    let reach = reach_in_time(plan, group)?;
    let (apart, near) = within_days(plan, group, reach);
    let tested: usize = primary.folds.iter().map(|f| f.test.len()).sum();
    if 2 * near < tested {
        return None;
    }
    let evidence = format!(
        "{near} of {tested} tested rows ({}) are less than {:.0} days from a row learned from, and the target is alike at least up to about {reach:.0} days.",
        percent(near, tested),
        FAR * reach
    );
    let what = format!("The folds of '{}' are closer in time than likeness reaches.", primary.part.label);
    let mend = format!(
        "Set gap = {reach:.0} (days) with longer and fewer blocks, or say how far ahead predictions are wanted: [validate] wanted = {{ time = \"…\" }}."
    );
    Some(suspect(primary, "folds-too-near", what, evidence, mend, Cure::Apart(apart)))
}

/// Folds much nearer in time to what they learn from than the times wanted are, where the target is alike that far.
fn than_times_wanted(plan: &Plan, primary: &PlannedDesign) -> Result<Option<Suspect>> {
    let support = plan.data.samples.support();
    let (Some(mine), Some(theirs)) = (&support.time, plan.aim.wanted.as_ref().and_then(|w| w.time.as_ref())) else { return Ok(None) };
    let mut days: Vec<f64> = mine.days.iter().copied().filter(|d| d.is_finite()).collect();
    days.sort_by(f64::total_cmp);
    let (wanted, own) = (measure::days_to(&theirs.days, &days), measure::of_folds_in_time(&mine.days, &primary.folds));
    if wanted.is_empty() || own.is_empty() {
        return Ok(None);
    }
    let (wanted, own) = (Empirical::new(wanted)?, Empirical::new(own)?);
    let group = support.group.as_ref();
    let Some(reach) = reach_in_time(plan, group).filter(|r| own.mean() < FAR * wanted.mean() && own.mean() < *r) else { return Ok(None) };
    let evidence = format!(
        "Test rows are {:.0} days from what is learned (mean), times wanted {:.0} days from a sample; the target is alike at least up to about {reach:.0} days.",
        own.mean(),
        wanted.mean()
    );
    let what = format!("The folds of '{}' are nearer in time to what they learn than predictions will be to samples.", primary.part.label);
    let mend = format!("Use design = \"forward\" with gap = {:.0} (days), or \"auto\"; `esker advise` says why.", wanted.values()[0]);
    let cure = Cure::Apart(within_days(plan, group, reach.min(wanted.mean())).0);
    Ok(Some(Suspect { proven: false, ..suspect(primary, "folds-too-near", what, evidence, mend, cure) }))
}
