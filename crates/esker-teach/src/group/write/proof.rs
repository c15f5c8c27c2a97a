//! The proof of a matching in words: why each group is one, why everybody who waits waits, and what relaxing which rule would do.

use super::Files;
use super::groups::rank;
use crate::group::call::zone;
use crate::group::certificate::trimmed;
use crate::group::folder::State;
use crate::group::matching::{Broken, Group, Lead, Matching, Relax, Relief, Wait};
use crate::group::texts::{and, count, duration, plain, weekly};

pub(super) fn add(files: &mut Files, state: &State, matching: &Matching) {
    files.insert("proof.md".into(), proof(state, matching));
    for wait in &matching.waiting {
        if state.person(&wait.person).is_some() {
            files.insert(format!("waiting/{}.md", wait.person), letter(state, matching, wait));
        }
    }
}

fn placed(matching: &Matching) -> usize {
    matching.groups.iter().map(|g| g.members.len()).sum()
}

fn proof(state: &State, matching: &Matching) -> String {
    let call = &state.call;
    let mut text = format!("# How the groups of \"{}\" were made\n\n", plain(&call.title));
    text += &format!(
        "Rules that no group breaks: {} to {} people; {} of common time at a stretch in every week from {}, computed on the real dates in everybody's \
time zone; a common language; a common topic; somebody at level 3 or above and above the group's median, or somebody who may guide; nobody with whom they \
are kept apart from. Wishes, in this order: as many people placed as can be, dear topics, common hours, mixed places and careers. Gender, nationality and \
age are not known.\n\n",
        call.size[0],
        call.size[1],
        duration(call.minutes),
        call.start,
    );
    let all = placed(matching) + matching.waiting.len();
    text += &format!("{} of {} people are in {}. ", placed(matching), all, count(matching.groups.len(), "group", "groups"));
    text += &bound(matching, all);
    for group in &matching.groups {
        text += &of_group(state, group);
    }
    if !matching.waiting.is_empty() {
        text += "\n## Who waits\n\nNo rule was relaxed. Whether one is, is the choice of the people concerned: ask them.\n";
    }
    for wait in &matching.waiting {
        text += &format!("\n### {} ({})\n\n{}", plain(&state.shown(&wait.person)), wait.person, reasons(state, matching, wait));
    }
    text
}

fn bound(matching: &Matching, all: usize) -> String {
    if matching.waiting.is_empty() {
        return "Nobody waits.\n".into();
    }
    if matching.most {
        return "No other groups by these rules could place more.\n".into();
    }
    let rest = all - matching.placeable;
    format!(
        "At most {} could be placed by these rules: {} in no possible group. Among so many people not every arrangement is tried.\n",
        matching.placeable,
        if rest == 1 { "1 person is".into() } else { format!("{rest} are") }
    )
}

fn of_group(state: &State, group: &Group) -> String {
    let mut text = format!("\n## {}: {}\n\n", group.id, plain(&group.topic));
    let lead = match group.by {
        Lead::Guide => "may guide".to_owned(),
        Lead::Experience => {
            let level = state.person(&group.leader).map_or(0, |p| p.level);
            format!("is at level {level}, above the group's median")
        }
    };
    match state.person(&group.leader) {
        Some(leader) => text += &format!("* {} {lead}.\n", plain(&leader.name)),
        None => text += "* Who led has left.\n",
    }
    text += &format!(
        "* All speak {}; all are free together {} h in the week that has fewest.\n",
        and(&group.languages),
        trimmed(group.common_hours)
    );
    for id in &group.members {
        let Some(person) = state.person(id) else { continue };
        let local = zone(&person.zone).ok().and_then(|z| group.sessions.first().map(|s| weekly(&s.at(&z))));
        text += &format!(
            "* {} ({id}): {}, {} in {}\n",
            plain(&person.name),
            rank(person, group).unwrap_or("topic"),
            local.unwrap_or_default(),
            person.zone
        );
    }
    text
}

/// A letter to somebody who waits; it names groups, and nobody in them.
fn letter(state: &State, matching: &Matching, wait: &Wait) -> String {
    let name = plain(&state.shown(&wait.person));
    format!(
        "# {}\n\nDear {name},\n\nyou have no group yet. This is why, and what would change it. Nothing was relaxed without you: say what you would accept.\n\n{}",
        plain(&state.call.title),
        reasons(state, matching, wait)
    )
}

/// Why a person waits and what would change it, as a list in Markdown.
pub fn reasons(state: &State, matching: &Matching, wait: &Wait) -> String {
    let mut text = String::new();
    let free = state.person(&wait.person).is_none_or(|p| !p.hours.free().is_empty());
    if !free {
        text += "* No free hours were given.\n";
    }
    let mut told: Vec<(Vec<Broken>, Vec<String>)> = Vec::new();
    for block in &wait.blocks {
        // Minutes differ from group to group; what is missing is what counts here.
        let kinds: Vec<Broken> = block.broken.iter().map(|b| if let Broken::Hours(_) = b { Broken::Hours(0) } else { b.clone() }).collect();
        match told.iter_mut().find(|t| t.0 == kinds) {
            Some(same) => same.1.push(block.group.clone()),
            None => told.push((kinds, vec![block.group.clone()])),
        }
    }
    told.sort_by_key(|t| t.0.len());
    for (broken, groups) in &told {
        let why: Vec<String> = broken.iter().map(|b| said(b, state)).collect();
        text += &format!("* {}: {}.\n", listed(groups), and(&why));
    }
    text += &near(state, matching, wait);
    if wait.searched {
        text += "* Those who wait form no group with them by the rules.\n";
    } else {
        text += "* Those who wait were not found to form a group with them; not every set of people was tried.\n";
    }
    match &wait.possible {
        Some(_) => text += "* With people who are placed they would be a group by the rules: only other groups than these could use it.\n",
        None if wait.searched => text += "* No people of this call would be a group with them by the rules.\n",
        None => {}
    }
    for relief in &wait.reliefs {
        text += &format!("* {}\n", relieved(state, relief));
    }
    if wait.reliefs.is_empty() {
        text += "* Relaxing a single rule was not found to change this.\n";
    }
    text
}

fn listed(groups: &[String]) -> String {
    if groups.len() > 6 { format!("{} and {} more groups", groups[..5].join(", "), groups.len() - 5) } else { and(groups) }
}

fn said(broken: &Broken, state: &State) -> String {
    match broken {
        Broken::Full => format!("has {} people, as many as allowed", state.call.size[1]),
        Broken::Topic => "another topic".into(),
        Broken::Language => "no common language".into(),
        Broken::Hours(_) => format!("no {} together in every week", duration(state.call.minutes)),
        // Who it is and from whom is nobody's business.
        Broken::Apart => "cannot be joined".into(),
        Broken::Experience => "nobody experienced enough in it then".into(),
    }
}

/// Groups that only the hours are in the way of, with when they meet on the person's clock.
fn near(state: &State, matching: &Matching, wait: &Wait) -> String {
    let Some(zone) = state.person(&wait.person).and_then(|p| zone(&p.zone).ok()) else { return String::new() };
    let mut text = String::new();
    for block in wait.blocks.iter().filter(|b| matches!(b.broken[..], [Broken::Hours(_)])).take(5) {
        let Some(session) = matching.groups.iter().find(|g| g.id == block.group).and_then(|g| g.sessions.first()) else { continue };
        text += &format!("* Only time is in the way of {}: it meets {} on their clock.\n", block.group, weekly(&session.at(&zone)));
    }
    text
}

fn relieved(state: &State, relief: &Relief) -> String {
    let call = &state.call;
    let relaxed = match &relief.relax {
        Relax::Minutes(minutes) => format!("If sessions were of {} instead of {}", duration(*minutes), duration(call.minutes)),
        Relax::Larger => format!("If a group might have {} people", call.size[1] + 1),
        Relax::Smaller => format!("If a group might have {} people", call.size[0] - 1),
        Relax::Experience => "If a group needed nobody experienced".into(),
        Relax::Language(language) => format!("If they accept {}", plain(language)),
        Relax::Topic(topic) => format!("If they accept the topic {}", plain(topic)),
    };
    let mut does = Vec::new();
    if !relief.joins.is_empty() {
        does.push(format!(
            "{} open to them",
            if relief.joins.len() == 1 { format!("{} is", relief.joins[0]) } else { format!("{} are", listed(&relief.joins)) }
        ));
    }
    if !relief.opens.is_empty() {
        does.push(format!("a new group of {} who wait is possible", relief.opens.len()));
    }
    format!("{relaxed}: {}.", and(&does))
}
