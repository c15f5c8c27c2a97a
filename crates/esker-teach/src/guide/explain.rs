//! Words for a path: what a step covers, three reasons, one drawback, the part to take, and why others are left out.

use super::answers::Answers;
use super::catalogue::{Catalogue, Cost, Resource, Status};
use super::fit::{Aspect, Barred, WEIGHTS, parts};
use super::hours as h;
use super::path::{Candidate, ENOUGH, Ground, Hours, Pick, Search, cost};
use super::person::Person;
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
/// A topic that is learned less than this is hardly touched.
const TOUCHED: f64 = 0.1;
/// From here on the form of a resource suits how one likes to learn.
const SUITS: f64 = 0.7;

/// Step `i`, with the hours before and after it.
pub(super) fn step(scene: &Scene<'_>, i: usize, hours: (&Hours, &Hours)) -> Step {
    let Scene { answers, catalogue, search, picks } = *scene;
    let (c, taken) = picks[i];
    let candidate = &search.candidates[c];
    let r = &catalogue.resources[candidate.at];
    let covers = covers(catalogue, search, candidate, hours);
    let judged = parts(answers, &search.person, r, &candidate.shares);
    let worst = worst(r, &judged);
    Step {
        id: r.id.clone(),
        title: r.title.clone(),
        authors: r.authors.clone(),
        url: r.url.clone(),
        hours: taken,
        of: r.hours,
        part: part(r, taken, &covers),
        reasons: reasons(scene, i, hours.0, (&judged, worst)),
        drawback: drawback(answers, search, r, (&judged, worst), taken),
        instead: instead(scene, i, &covers),
        topics: r.topics.clone(),
        kind: r.kind,
        cost: r.cost,
        status: r.status,
        list: catalogue.lists.iter().find(|l| l.id == r.listed_by).cloned(),
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
        .filter(|(_, c)| c.learned > 0.0)
        .collect();
    covers.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.topic.cmp(&b.1.topic)));
    // The largest is named however small.
    covers.into_iter().map(|(_, c)| c).enumerate().filter(|(i, c)| *i == 0 || c.learned >= NAMED).map(|(_, c)| c).collect()
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

/// The three strongest: parts of the fit that are truly met and lift this resource most above the others that could be taken; plain
/// facts where they are fewer. The part that is its drawback is no reason.
fn reasons(scene: &Scene<'_>, i: usize, before: &Hours, (judged, worst): (&[f64; 10], Option<usize>)) -> Vec<String> {
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
    let mut order: Vec<usize> = (0..10).filter(|a| Some(*a) != worst).collect();
    let lift = |a: usize| WEIGHTS[a].1 * (judged[a] - mean[a]);
    order.sort_by(|a, b| lift(*b).total_cmp(&lift(*a)));
    let needed = needed_by(scene, i, before);
    let needed = needed.map(|(topic, title)| format!("gives you {topic}, which {title} builds on"));
    let good = order.iter().filter_map(|a| reason(WEIGHTS[*a].0, answers, &search.person, r, judged[*a]));
    needed.into_iter().chain(good).chain(facts(r)).take(3).collect()
}

/// A part of the fit as a reason, where it is met.
fn reason(aspect: Aspect, answers: &Answers, p: &Person, r: &Resource, value: f64) -> Option<String> {
    let whole = value >= 1.0 - 1e-9;
    let forms = || r.formats.iter().map(|f| f.word()).collect::<Vec<_>>().join(", ");
    let (met, text) = match aspect {
        Aspect::Coverage => (value >= 0.005, format!("{:.0} % of its weight lies on your wishes", 100.0 * value)),
        Aspect::Practice if whole => (true, "as much practice and theory as you like".to_owned()),
        Aspect::Practice => (
            // One step apart, and on the side of the wish.
            value >= 0.75 && r.theory_vs_practice * answers.practice > 0,
            if answers.practice > 0 { "leans to practice" } else { "leans to theory" }.to_owned(),
        ),
        Aspect::Level if whole => (true, format!("is at your level ({} of 5)", r.level)),
        Aspect::Level => ((r.level as f64 - p.level).abs() <= 1.0, format!("is near your level ({} of 5)", r.level)),
        Aspect::Pillars => {
            let [science, ml, software] = r.pillars.shares().map(|s| 100.0 * s);
            let mix = format!("mixes science, learning and software much as your wishes do ({science:.0}, {ml:.0}, {software:.0} %)");
            (value >= 0.75, mix)
        }
        Aspect::Extent => {
            (whole, format!("goes as wide and deep as your wishes and hours (breadth {}, depth {} of 5)", r.breadth, r.depth))
        }
        Aspect::Maths => (r.math as f64 <= p.maths, format!("asks for no more mathematics than you have ({} of 5)", r.math)),
        Aspect::Formats => (value >= SUITS, format!("suits how you like to learn ({})", forms())),
        Aspect::Earth if r.geoscience == 3 => (true, "is written for Earth scientists".to_owned()),
        Aspect::Earth => (r.geoscience >= 1, "has examples from the Earth".to_owned()),
        Aspect::Code if r.code <= 1 => (true, "needs hardly any programming".to_owned()),
        Aspect::Code => (r.code as f64 <= p.code, format!("asks for no more programming than you have ({} of 5)", r.code)),
        Aspect::Time => (r.hours <= p.budget + 1e-9, format!("all of it fits your {}", h(p.budget))),
    };
    met.then_some(text)
}

/// What is true of `r` whoever asks.
fn facts(r: &Resource) -> impl Iterator<Item = String> {
    let forms: Vec<&str> = r.formats.iter().map(|f| f.word()).collect();
    [
        matches!(r.cost, Cost::Free | Cost::OpenAccess).then(|| "costs nothing".to_owned()),
        (r.core_hours < r.hours).then(|| format!("its core alone, {}, is worth taking", h(r.core_hours))),
        (r.status == Status::Open).then(|| "can be begun on any day".to_owned()),
        Some(format!("is a {} ({})", r.kind.word(), forms.join(", "))),
        Some(format!("takes {} in all", h(r.hours))),
        Some(format!("is of level {} of 5", r.level)),
    ]
    .into_iter()
    .flatten()
}

/// The part of the fit that costs most, where it says something.
fn worst(r: &Resource, judged: &[f64; 10]) -> Option<usize> {
    let costs = |a: &usize| WEIGHTS[*a].1 * (1.0 - judged[*a]);
    // Earth counts half at least, no resource covers wishes alone, and near enough is no drawback.
    let tells = |a: &usize| match WEIGHTS[*a].0 {
        Aspect::Coverage => judged[*a] < 0.4,
        Aspect::Earth => r.geoscience <= 1,
        Aspect::Pillars => judged[*a] < 0.75,
        Aspect::Formats => judged[*a] < SUITS,
        _ => judged[*a] < 0.999,
    };
    (0..10).filter(tells).max_by(|a, b| costs(a).total_cmp(&costs(b)).then(b.cmp(a)))
}

fn drawback(answers: &Answers, search: &Search, r: &Resource, (judged, worst): (&[f64; 10], Option<usize>), taken: f64) -> String {
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

/// The next best two for the topic that step `i` covers most (else its first), with about the hours that they would get: a swap makes
/// the path anew, so all that comes from step `i` on may make room.
fn instead(scene: &Scene<'_>, i: usize, covers: &[Cover]) -> Vec<Instead> {
    let Scene { catalogue, search, picks, .. } = *scene;
    let first = search.candidates[picks[i].0].shares.first().map(|(t, _)| *t);
    let Some(topic) = covers.first().and_then(|c| catalogue.topic_index(&c.topic)).or(first) else { return Vec::new() };
    let (start, hours) = (search.start(), search.spent(&picks[..i]));
    let insisted: Vec<Pick> =
        picks.iter().enumerate().filter(|(j, (c, _))| *j != i && search.insisted.contains(c)).map(|(_, p)| *p).collect();
    let left = search.person.budget - cost(&picks[..i]).max(cost(&insisted));
    // What is swapped in is put in at the start, where nothing is there yet and the step is gone.
    let gone = [picks[i]];
    let mut anew = Ground::new(&start, &gone, search.person.budget - cost(&insisted));
    let mut here = Ground::new(&hours, &picks[..=i], left);
    let mut found: Vec<(f64, Instead)> = Vec::new();
    for (c, candidate) in search.candidates.iter().enumerate() {
        let teaches = candidate.shares.iter().any(|(t, _)| *t == topic);
        if !teaches || picks.iter().any(|(p, _)| *p == c) {
            continue;
        }
        let (Some(all), Some(before)) = (search.before(c, &mut anew), search.before(c, &mut here)) else { continue };
        let room = (left - cost(&before)).min(search.person.budget - cost(&insisted) - cost(&all));
        let then = search.with(&hours, &before);
        let parts = candidate.options.iter().filter(|x| **x <= room + 1e-9);
        let scored = parts.map(|x| (search.gain(&then, &[(c, *x)]) / (cost(&before) + x).powf(0.8), *x));
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
        Barred::Language if answers.languages.is_empty() => format!("it is in {}, and you chose no language", r.languages.join(" and ")),
        Barred::Language => format!("it is in {}, and you chose {}", r.languages.join(" and "), answers.languages.join(" and ")),
        Barred::Maths => format!("it asks for mathematics {} of 5, far above what you know", r.math),
        Barred::Budget => format!("its core alone takes {}", h(r.core_hours)),
    }
}

/// What one should know about the path.
pub(super) fn notes(scene: &Scene<'_>, hours: &Hours, met: f64) -> Vec<String> {
    let Scene { answers, catalogue, search, picks } = *scene;
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
    for goal in answers.verbs() {
        untouched(&mut notes, scene, hours, goal.verb, goal.topics);
    }
    for topic in &answers.topics {
        let verb = format!("learn about {}", catalogue.label(topic));
        untouched(&mut notes, scene, hours, &verb, &[topic.as_str()]);
    }
    for id in &answers.with {
        let Some(at) = catalogue.resources.iter().position(|r| r.id == *id) else { continue };
        let r = &catalogue.resources[at];
        let barred = search.barred.iter().find(|(b, _)| *b == at);
        let taken = picks.iter().any(|(c, _)| search.candidates[*c].at == at);
        let why = match barred {
            Some((_, why)) => words(*why, answers, r),
            None if taken => continue,
            None => no_room(search, at),
        };
        notes.push(format!("{} could not be put in: {why}.", r.title));
    }
    notes
}

/// Says it where nothing of a wish is learned to speak of: its hours went into what comes before it.
fn untouched(notes: &mut Vec<String>, scene: &Scene<'_>, hours: &Hours, verb: &str, topics: &[&str]) {
    let Scene { catalogue, search, .. } = *scene;
    let p = &search.person;
    let mut open = topics.iter().filter_map(|t| catalogue.topic_index(t)).filter(|t| p.need[*t] > 0.0).peekable();
    if open.peek().is_some() && open.all(|t| p.learned(t, hours.counted[t]) < TOUCHED) {
        notes.push(format!(
            "No topic of \"{verb}\" reaches 10 % in {}: the hours go into what comes before. More hours help, or naming what you know of that.",
            h(p.budget)
        ));
    }
}

/// Why a resource that may be taken could not be put in.
fn no_room(search: &Search, at: usize) -> String {
    let start = search.start();
    let mut ground = Ground::new(&start, &[], f64::INFINITY);
    let c = search.candidates.iter().position(|c| c.at == at);
    match c.and_then(|c| Some((c, search.before(c, &mut ground)?))) {
        None => "nothing that may be taken teaches what it builds on".to_owned(),
        Some((c, before)) => {
            let core = cost(&before) + search.candidates[c].options[0];
            let with = if before.is_empty() { "its core" } else { "with what it builds on it" };
            format!("{with} takes {}, more hours than are left", h(core))
        }
    }
}
