//! Words for a path: what a step covers, three reasons, one drawback, the part to take, and why others are left out.

use super::answers::Answers;
use super::catalogue::{Catalogue, Resource};
use super::fit::{Aspect, Barred, WEIGHTS, parts};
use super::hours as h;
use super::path::{Candidate, ENOUGH, Hours, Pick, Search, cost};
use super::plan::{Cover, Instead, LeftOut, Step};

/// What everything here looks at.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub answers: &'a Answers,
    pub catalogue: &'a Catalogue,
    pub search: &'a Search,
    pub picks: &'a [Pick],
}

/// Adding less than this of a topic is not named.
const NAMED: f64 = 0.02;

/// Step `i`, with the hours before and after it.
pub(super) fn step(scene: &Scene<'_>, i: usize, hours: (&Hours, &Hours)) -> Step {
    let Scene { answers, catalogue, search, picks } = *scene;
    let (c, taken) = picks[i];
    let candidate = &search.candidates[c];
    let r = &catalogue.resources[candidate.at];
    let covers = covers(catalogue, search, candidate, hours);
    let judged = parts(answers, &search.person, r, &candidate.shares);
    Step {
        id: r.id.clone(),
        title: r.title.clone(),
        authors: r.authors.clone(),
        url: r.url.clone(),
        hours: taken,
        of: r.hours,
        part: part(r, taken, &covers),
        reasons: reasons(scene, i, hours.0, &judged),
        drawback: drawback(answers, search, r, &judged, taken),
        instead: instead(scene, i, &covers),
        topics: r.topics.clone(),
        covers,
    }
}

fn covers(catalogue: &Catalogue, search: &Search, candidate: &Candidate, (before, after): (&Hours, &Hours)) -> Vec<Cover> {
    let p = &search.person;
    let mut covers: Vec<(f64, Cover)> = candidate
        .shares
        .iter()
        .filter(|(t, _)| p.need[*t] > 0.0)
        .map(|(t, _)| {
            let learned = p.learned(*t, after.counted[*t]) - p.learned(*t, before.counted[*t]);
            let topic = &catalogue.topics[*t];
            (learned * p.need[*t], Cover { topic: topic.id.clone(), label: topic.label.clone(), learned })
        })
        .filter(|(_, c)| c.learned >= NAMED)
        .collect();
    covers.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.topic.cmp(&b.1.topic)));
    covers.into_iter().map(|(_, c)| c).collect()
}

fn part(r: &Resource, taken: f64, covers: &[Cover]) -> String {
    if taken >= r.hours - 1e-9 {
        return format!("all of it, {}", h(taken));
    }
    let told = if r.topics.len() > 1 { 2 } else { 0 };
    let on: Vec<&str> = covers.iter().take(told).map(|c| c.label.as_str()).collect();
    let on = if on.is_empty() { String::new() } else { format!(": the parts on {}", on.join("; and on ")) };
    let core = if (taken - r.core_hours).abs() < 1e-9 { "the core, " } else { "" };
    format!("{core}{} of its {}{on}", h(taken), h(r.hours))
}

/// What later steps need of step `i`, else nothing.
fn needed_by<'a>(scene: &Scene<'a>, i: usize, before: &Hours) -> Option<(&'a str, &'a str)> {
    let Scene { catalogue, search, picks, .. } = *scene;
    let given = &search.candidates[picks[i].0].shares;
    let fresh = |t: &usize| {
        let share = given.iter().find(|(g, _)| g == t).map_or(0.0, |(_, s)| *s);
        !search.person.known[*t] && before.raw[*t] < ENOUGH && before.raw[*t] + share * picks[i].1 >= ENOUGH
    };
    picks[i + 1..].iter().find_map(|(c, _)| {
        let later = &search.candidates[*c];
        let topic = later.builds_on.iter().find(|t| fresh(t))?;
        Some((catalogue.topics[*topic].label.as_str(), catalogue.resources[later.at].title.as_str()))
    })
}

/// The three strongest: parts of the fit that lift this resource most above the others that could be taken.
fn reasons(scene: &Scene<'_>, i: usize, before: &Hours, judged: &[f64; 10]) -> Vec<String> {
    let Scene { answers, catalogue, search, picks } = *scene;
    let all = search.candidates.iter().map(|c| parts(answers, &search.person, &catalogue.resources[c.at], &c.shares));
    let n = search.candidates.len() as f64;
    let mut mean = [0.0; 10];
    for other in all {
        for (m, v) in mean.iter_mut().zip(other) {
            *m += v / n;
        }
    }
    let r = &catalogue.resources[search.candidates[picks[i].0].at];
    let mut order: Vec<usize> = (0..10).collect();
    let lift = |a: usize| WEIGHTS[a].1 * (judged[a] - mean[a]);
    order.sort_by(|a, b| lift(*b).total_cmp(&lift(*a)));
    let needed = needed_by(scene, i, before);
    let needed = needed.map(|(topic, title)| format!("gives you {topic}, which {title} builds on"));
    let good = order.iter().filter(|a| judged[**a] >= 0.5).map(|a| reason(WEIGHTS[*a].0, answers, r, judged[*a]));
    let other = order.iter().filter(|a| judged[**a] < 0.5 && judged[**a] > 0.0).map(|a| reason(WEIGHTS[*a].0, answers, r, judged[*a]));
    needed.into_iter().chain(good).chain(other).take(3).collect()
}

fn reason(aspect: Aspect, answers: &Answers, r: &Resource, value: f64) -> String {
    match aspect {
        Aspect::Coverage => format!("{:.0} % of its weight lies on your wishes", 100.0 * value),
        Aspect::Practice if value >= 1.0 => "as much practice and theory as you like".to_owned(),
        Aspect::Practice if r.theory_vs_practice > 0 => "leans to practice".to_owned(),
        Aspect::Practice if r.theory_vs_practice < 0 => "leans to theory".to_owned(),
        Aspect::Practice => "balances theory and practice".to_owned(),
        Aspect::Level if value >= 1.0 => format!("is at your level ({} of 5)", r.level),
        Aspect::Level => format!("is near your level ({} of 5)", r.level),
        Aspect::Pillars => {
            let p = r.pillars;
            format!(
                "mixes science, learning and software as your wishes do ({:.0}, {:.0}, {:.0} %)",
                100.0 * p.science,
                100.0 * p.ml,
                100.0 * p.software
            )
        }
        Aspect::Extent => format!("goes as wide and deep as your hours allow (breadth {}, depth {} of 5)", r.breadth, r.depth),
        Aspect::Maths => format!("asks for the mathematics you have ({} of 5)", r.math),
        Aspect::Formats => {
            let forms: Vec<&str> = r.formats.iter().map(|f| f.word()).collect();
            format!("suits how you like to learn ({})", forms.join(", "))
        }
        Aspect::Earth if r.geoscience == 3 => "is written for Earth scientists".to_owned(),
        Aspect::Earth => "has examples from the Earth".to_owned(),
        Aspect::Code if r.code <= 1 => "needs hardly any programming".to_owned(),
        Aspect::Code => format!("asks for the programming you have ({} of 5)", r.code),
        Aspect::Time => format!("all of it fits your {}", h(answers.budget())),
    }
}

/// The part of the fit that costs most.
fn drawback(answers: &Answers, search: &Search, r: &Resource, judged: &[f64; 10], taken: f64) -> String {
    let costs = |a: &usize| WEIGHTS[*a].1 * (1.0 - judged[*a]);
    // Earth counts half at least, and no resource covers wishes alone: both are drawbacks only where they say something.
    let tells = |a: &usize| match WEIGHTS[*a].0 {
        Aspect::Coverage => judged[*a] < 0.4,
        Aspect::Earth => r.geoscience <= 1,
        _ => judged[*a] < 0.999,
    };
    let worst = (0..10).filter(tells).max_by(|a, b| costs(a).total_cmp(&costs(b)).then(b.cmp(a)));
    let Some(worst) = worst else { return "none that its entry shows; its hours are an estimate".to_owned() };
    let p = &search.person;
    let more = |more: bool, a: &str, b: &str| if more { a.to_owned() } else { b.to_owned() };
    match WEIGHTS[worst].0 {
        Aspect::Coverage => format!("only {:.0} % of its weight lies on your wishes", 100.0 * judged[worst]),
        Aspect::Practice => {
            more(r.theory_vs_practice > answers.practice, "more practical than you asked", "more theoretical than you asked")
        }
        Aspect::Level => more(r.level as f64 > p.level, "above your level: go slowly", "below your level: skim it"),
        Aspect::Pillars => "another mix of science, learning and software than your wishes".to_owned(),
        Aspect::Extent if (r.breadth as f64 - p.breadth).abs() > (r.depth as f64 - p.depth).abs() => {
            more(r.breadth as f64 > p.breadth, "wider than your wishes", "narrower than your wishes")
        }
        Aspect::Extent => more(r.depth as f64 > p.depth, "deeper than your hours allow", "shallower than your hours allow"),
        Aspect::Maths => more(r.math as f64 > p.maths, "asks for more mathematics than you have", "uses less mathematics than you have"),
        Aspect::Formats => "not the way you like to learn".to_owned(),
        Aspect::Earth => more(r.geoscience == 0, "no Earth examples", "few Earth examples"),
        Aspect::Code => "asks for more programming than you have".to_owned(),
        Aspect::Time => format!("longer than you have: {} of {}", h(taken), h(r.hours)),
    }
}

/// The next best two for the topic that step `i` covers most, in the hours that it leaves.
fn instead(scene: &Scene<'_>, i: usize, covers: &[Cover]) -> Vec<Instead> {
    let Scene { catalogue, search, picks, .. } = *scene;
    let Some(topic) = covers.first().and_then(|c| catalogue.topic_index(&c.topic)) else { return Vec::new() };
    let hours = search.spent(&picks[..i]);
    let left = search.person.budget - cost(picks) + picks[i].1;
    let mut found: Vec<(f64, Instead)> = Vec::new();
    for (c, candidate) in search.candidates.iter().enumerate() {
        let teaches = candidate.shares.iter().any(|(t, _)| *t == topic);
        if !teaches || picks.iter().any(|(p, _)| *p == c) || !search.ready(&hours, c) {
            continue;
        }
        let parts = candidate.options.iter().filter(|x| **x <= left + 1e-9);
        let scored = parts.map(|x| (search.gain(&hours, &[(c, *x)]) / x.powf(0.8), *x));
        if let Some((score, x)) = scored.max_by(|a, b| a.0.total_cmp(&b.0)) {
            let r = &catalogue.resources[candidate.at];
            found.push((score, Instead { id: r.id.clone(), title: r.title.clone(), hours: x }));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.id.cmp(&b.1.id)));
    found.into_iter().take(2).map(|(_, x)| x).collect()
}

/// The two that promised most at the start and are not in the path, and why.
pub(super) fn left_out(scene: &Scene<'_>) -> Vec<LeftOut> {
    let Scene { answers, catalogue, search, picks } = *scene;
    let hours = search.spent(picks);
    let mut all: Vec<(f64, LeftOut)> = Vec::new();
    for (c, candidate) in search.candidates.iter().enumerate().filter(|(c, _)| picks.iter().all(|(p, _)| p != c)) {
        let r = &catalogue.resources[candidate.at];
        let core = [(c, r.core_hours)];
        let (at_first, now) = (search.gain(&search.start(), &core), search.gain(&hours, &core));
        let why = not_taken(scene, (c, at_first, now), &hours);
        all.push((at_first / r.core_hours.powf(0.8), LeftOut { id: r.id.clone(), title: r.title.clone(), why }));
    }
    for (at, why) in &search.barred {
        let r = &catalogue.resources[*at];
        let shares: Vec<(usize, f64)> = r.shares().filter_map(|(t, s)| Some((catalogue.topic_index(t)?, s))).collect();
        let fit = super::fit::total(&parts(answers, &search.person, r, &shares));
        let gain: f64 = shares.iter().map(|(t, s)| search.person.need[*t] * search.person.learned(*t, r.core_hours * s * fit * fit)).sum();
        if *why != Barred::Without {
            let why = words(*why, answers, r);
            all.push((gain / r.core_hours.powf(0.8), LeftOut { id: r.id.clone(), title: r.title.clone(), why }));
        }
    }
    all.retain(|(score, _)| *score > 0.0);
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.id.cmp(&b.1.id)));
    all.into_iter().take(2).map(|(_, x)| x).collect()
}

fn not_taken(scene: &Scene<'_>, (c, at_first, now): (usize, f64, f64), hours: &Hours) -> String {
    let Scene { catalogue, search, picks, .. } = *scene;
    let left = search.person.budget - cost(picks);
    let candidate = &search.candidates[c];
    let r = &catalogue.resources[candidate.at];
    let missing = candidate.builds_on.iter().find(|t| !search.person.known[**t] && hours.raw[**t] < ENOUGH);
    if let Some(topic) = missing {
        return format!("builds on {}, which would cost hours of its own", catalogue.topics[*topic].label);
    }
    if r.core_hours > left + 1e-9 && now > 0.5 * at_first {
        return format!("its core takes {}, {} are left; the others gave more for their hours", h(r.core_hours), h(left.max(0.0)));
    }
    let same = picks.iter().max_by_key(|(p, _)| {
        let shared = search.candidates[*p].shares.iter().filter(|(t, _)| search.person.need[*t] > 0.0);
        shared.filter(|(t, _)| candidate.shares.iter().any(|(u, _)| t == u)).count()
    });
    let title = same.map_or("the path", |(p, _)| &catalogue.resources[search.candidates[*p].at].title);
    format!("{:.0} % of what it would have given is covered by the path, most of it by {title}", 100.0 * (1.0 - now / at_first).max(0.0))
}

fn words(why: Barred, answers: &Answers, r: &Resource) -> String {
    match why {
        Barred::Without => "you took it out".to_owned(),
        Barred::Past => "it is over".to_owned(),
        Barred::Paid => "it costs money, and you asked for what is free".to_owned(),
        Barred::Language => format!("it is in {}, and you chose {}", r.languages.join(" and "), answers.languages.join(" and ")),
        Barred::Maths => format!("it asks for mathematics {} of 5, far above what you know", r.math),
        Barred::Budget => format!("its core alone takes {}", h(r.core_hours)),
    }
}

/// What one should know about the path.
pub(super) fn notes(scene: &Scene<'_>, met: f64) -> Vec<String> {
    let Scene { answers, catalogue, search, .. } = *scene;
    let mut notes = Vec::new();
    let in_language = |l: &String| catalogue.resources.iter().filter(|r| r.languages.contains(l)).count();
    for language in answers.languages.iter().filter(|l| in_language(l) < 12) {
        notes.push(format!(
            "The catalogue is thin in {language}: {} of its {} resources. A path in it meets fewer wishes.",
            in_language(language),
            catalogue.resources.len()
        ));
    }
    if met < 0.25 {
        notes.push(format!(
            "{} meet {:.0} % of these wishes: fewer goals or more hours would go deeper.",
            h(search.person.budget),
            100.0 * met
        ));
    }
    for id in &answers.with {
        if let Some((at, why)) = search.barred.iter().find(|(at, _)| catalogue.resources[*at].id == *id) {
            let r = &catalogue.resources[*at];
            notes.push(format!("{} could not be put in: {}.", r.title, words(*why, answers, r)));
        }
    }
    notes
}
