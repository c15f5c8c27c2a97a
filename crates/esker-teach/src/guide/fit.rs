//! How well a resource fits a person: ten parts, each 0 to 1, with weights that add up to 1.

use super::answers::{Answers, Approach};
use super::catalogue::{Cost, Form, Resource, Status, Use};
use super::person::Person;

/// A part of the fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aspect {
    Coverage,
    Practice,
    Level,
    Pillars,
    Extent,
    Maths,
    Formats,
    Earth,
    Code,
    Time,
}

/// The parts with their weights.
pub(super) const WEIGHTS: [(Aspect, f64); 10] = [
    (Aspect::Coverage, 0.34),
    (Aspect::Practice, 0.12),
    (Aspect::Level, 0.10),
    (Aspect::Pillars, 0.08),
    (Aspect::Extent, 0.08),
    (Aspect::Maths, 0.07),
    (Aspect::Formats, 0.06),
    (Aspect::Earth, 0.06),
    (Aspect::Code, 0.05),
    (Aspect::Time, 0.04),
];

/// Why a resource cannot be in the path at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Barred {
    Without,
    Past,
    Paid,
    Language,
    Maths,
    Budget,
}

/// What bars `r`, if anything does.
pub(super) fn barred(answers: &Answers, person: &Person, r: &Resource) -> Option<Barred> {
    let rules = [
        (answers.without.contains(&r.id), Barred::Without),
        (r.status == Status::Past, Barred::Past),
        (r.cost == Cost::Paid && !answers.paid, Barred::Paid),
        (r.code >= 2 && !r.languages.is_empty() && !r.languages.iter().any(|l| answers.languages.contains(l)), Barred::Language),
        (r.math as f64 - person.maths >= 3.0, Barred::Maths),
        (r.core_hours > person.budget, Barred::Budget),
    ];
    rules.into_iter().find(|(is, _)| *is).map(|(_, why)| why)
}

/// The parts of the fit, in the order of [`WEIGHTS`]. `shares` are those of the hours, by topic.
pub(super) fn parts(answers: &Answers, person: &Person, r: &Resource, shares: &[(usize, f64)]) -> [f64; 10] {
    let most = person.need.iter().copied().fold(0.0, f64::max);
    let coverage = if most > 0.0 { shares.iter().map(|(t, s)| s * person.need[*t]).sum::<f64>() / most } else { 0.0 };
    let above = r.level as f64 - person.level;
    let gap = r.math as f64 - person.maths;
    let apart: f64 = r.pillars.shares().iter().zip(person.pillars).map(|(a, b)| (a - b).abs()).sum();
    let extent = (r.breadth as f64 - person.breadth).abs() + (r.depth as f64 - person.depth).abs();
    let parts = [
        coverage,
        1.0 - (r.theory_vs_practice - answers.practice).abs() as f64 / 4.0,
        1.0 - if above > 0.0 { above / 3.0 } else { -above / 4.0 },
        1.0 - apart / 2.0,
        1.0 - extent / 8.0,
        1.0 - if gap > 0.0 { gap / 3.0 } else { -gap / 8.0 },
        formats(answers.approach, r),
        0.5 + r.geoscience as f64 / 6.0,
        1.0 - (r.code as f64 - person.code).max(0.0) / 3.0,
        person.budget / r.hours,
    ];
    parts.map(|p| p.clamp(0.0, 1.0))
}

/// The fit: the weighted sum of its parts.
pub(super) fn total(parts: &[f64; 10]) -> f64 {
    WEIGHTS.iter().zip(parts).map(|((_, w), p)| w * p).sum()
}

/// Who does first wants code; who goes in order wants a text that has one.
fn formats(approach: Approach, r: &Resource) -> f64 {
    let liked = |form: &Form| match (approach, form) {
        (Approach::Doing, Form::Coding) | (Approach::Order, Form::Reading) => 1.0,
        (Approach::Doing, Form::Discussing) | (Approach::Both, _) => 0.8,
        (Approach::Doing, Form::Watching) | (Approach::Order, Form::Discussing) => 0.6,
        (Approach::Doing, Form::Reading) => 0.4,
        (Approach::Order, Form::Watching) => 0.9,
        (Approach::Order, Form::Coding) => 0.7,
    };
    let best = r.formats.iter().map(liked).fold(0.0, f64::max);
    match approach {
        Approach::Doing if !r.formats.contains(&Form::Coding) => 0.5 * best,
        Approach::Order if r.usage != Use::EndToEnd => 0.7 * best,
        _ => best,
    }
}
