//! The proof of a matching in words: why each group is one, why everybody who waits waits, and what relaxing which rule would do.

use super::Files;
use super::groups::rank;
use crate::group::call::zone;
use crate::group::certificate::trimmed;
use crate::group::folder::State;
use crate::group::matching::{Block, Broken, Group, Lead, Matching, Relax, Relief, SHORTEST, Wait, kinds};
use crate::group::texts::{and, count, duration, plain, weekly};

pub(super) fn add(files: &mut Files, state: &State, matching: &Matching) {
    let secret = withheld(matching);
    files.insert("proof.md".into(), proof(state, matching, &secret));
    for wait in &matching.waiting {
        if state.person(&wait.person).is_some() {
            files.insert(format!("waiting/{}.md", wait.person), letter(state, matching, wait, &secret));
        }
    }
}

/// Whether the reason of a block is not told.
type Secret<'a> = dyn Fn(&[Broken]) -> bool + 'a;

fn placed(matching: &Matching) -> usize {
    matching.groups.iter().map(|g| g.members.len()).sum()
}

fn proof(state: &State, matching: &Matching, secret: &Secret) -> String {
    let call = &state.call;
    let mut text = format!("# How the groups of \"{}\" were made\n\n", plain(&call.title));
    text += &format!(
        "Rules that no group breaks: {} to {} people; {} of common time at a stretch {} from {}, computed on the real dates in everybody's \
time zone; a common language; a common topic; somebody at level 3 or above and above the group's median, or somebody who may guide; nobody with whom they \
are kept apart from. Wishes, in this order: as many people placed as can be, dear topics, common hours, mixed places and careers. Gender, nationality and \
age are not known.\n\n",
        call.size[0],
        call.size[1],
        duration(call.minutes),
        call.turn_words()[1],
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
        text += &format!("\n### {} ({})\n\n{}", plain(&state.shown(&wait.person)), wait.person, reasons(state, matching, wait, secret));
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
    let rest = all.saturating_sub(matching.placeable);
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
        None => text += "* People have left: nobody in it is experienced enough now, and nobody may guide.\n",
    }
    text += &format!(
        "* All speak {}; all are free together {} h {} that has fewest.\n",
        and(&group.languages),
        trimmed(group.common_hours),
        state.call.turn_words()[2]
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
fn letter(state: &State, matching: &Matching, wait: &Wait, secret: &Secret) -> String {
    let name = plain(&state.shown(&wait.person));
    format!(
        "# {}\n\nDear {name},\n\nyou have no group yet. This is why, and what would change it. Nothing was relaxed without you: say what you would accept.\n\n{}",
        plain(&state.call.title),
        reasons(state, matching, wait, secret)
    )
}

/// Why a person waits and what would change it, as a list in Markdown.
fn reasons(state: &State, matching: &Matching, wait: &Wait, secret: &Secret) -> String {
    let mut text = String::new();
    let free = state.person(&wait.person).is_none_or(|p| !p.hours.free().is_empty());
    if !free {
        text += "* No free hours were given.\n";
    }
    let kept: Vec<String> = wait.blocks.iter().filter(|b| secret(&b.broken)).map(|b| b.group.clone()).collect();
    let others = wait.rest.iter().filter(|r| secret(&r.0)).map(|r| r.1).sum();
    if kept.len() + others > 0 {
        let missing =
            format!("no {} together {}, no seat, or people who do not fit", duration(state.call.minutes), state.call.turn_words()[1]);
        text += &format!("* {}: could not be combined with them ({missing}).\n", listed(&kept, others));
    }
    // By what is in the way: the groups that are named, and how many more.
    let mut told: Vec<(Vec<Broken>, Vec<String>, usize)> = Vec::new();
    let named = wait.blocks.iter().map(|b| (kinds(&b.broken), Some(&b.group), 0));
    let counted = wait.rest.iter().map(|(kinds, more)| (kinds.clone(), None, *more));
    for (kinds, group, more) in named.chain(counted).filter(|(kinds, _, _)| !secret(kinds)) {
        match told.iter_mut().find(|t| t.0 == kinds) {
            Some(same) => {
                same.1.extend(group.cloned());
                same.2 += more;
            }
            None => told.push((kinds, group.cloned().into_iter().collect(), more)),
        }
    }
    told.sort_by_key(|t| t.0.len());
    for (broken, groups, more) in &told {
        if broken.is_empty() {
            text += &format!(
                "* {}: somebody has left, and nothing is in the way any more; groups made anew could use it.\n",
                listed(groups, *more)
            );
            continue;
        }
        let why: Vec<String> = broken.iter().map(|b| said(b, state)).collect();
        text += &format!("* {}: {}.\n", listed(groups, *more), and(&why));
    }
    text += &near(state, matching, wait, secret);
    let placed = |ids: &Vec<String>| ids.iter().any(|id| matching.group_of(id).is_some());
    if wait.possible.as_ref().is_some_and(|ids| !placed(ids)) {
        text += "* With others who wait they would be a group by the rules now: groups made anew could use it.\n";
    } else if wait.searched {
        text += "* Those who wait form no group with them by the rules.\n";
    } else {
        text += "* Those who wait were not found to form a group with them; not every set of people was tried.\n";
    }
    match &wait.possible {
        Some(ids) if placed(ids) => {
            text += "* With people who are placed they would be a group by the rules: only other groups than these could use it.\n";
        }
        None if wait.searched => text += "* No people of this call would be a group with them by the rules.\n",
        _ => {}
    }
    for relief in &wait.reliefs {
        text += &format!("* {}\n", relieved(state, relief));
    }
    if wait.reliefs.is_empty() {
        text += "* Relaxing a single rule was not found to change this.\n";
    }
    text
}

/// Groups by name, where they are few; of many the first five, with how many more there are.
fn listed(groups: &[String], more: usize) -> String {
    if groups.len() <= 6 && more == 0 {
        return and(groups);
    }
    let named = &groups[..groups.len().min(5)];
    let rest = groups.len() - named.len() + more;
    let rest = format!("{rest} {}groups", if named.is_empty() { "" } else { "more " });
    if named.is_empty() { rest } else { format!("{} and {rest}", named.join(", ")) }
}

/// Whether reasons are not told to people. Who is kept apart from whom is a secret of the one who asked for it; so wherever somebody is, all groups
/// that are full, have no common hours or are kept apart are told as one.
pub fn withheld(matching: &Matching) -> impl Fn(&[Broken]) -> bool {
    let apart = |broken: &[Broken]| broken.contains(&Broken::Apart);
    let any = matching.waiting.iter().any(|w| w.blocks.iter().any(|b| apart(&b.broken)) || w.rest.iter().any(|r| apart(&r.0)));
    move |broken| any && broken.iter().any(|b| matches!(b, Broken::Apart | Broken::Full | Broken::Hours(_)))
}

fn said(broken: &Broken, state: &State) -> String {
    match broken {
        Broken::Full => format!("has {} people, as many as allowed", state.call.size[1]),
        Broken::Topic => "another topic".into(),
        Broken::Language => "no common language".into(),
        Broken::Hours(_) => format!("no {} together {}", duration(state.call.minutes), state.call.turn_words()[1]),
        Broken::Small => format!("would still have fewer than {} people", state.call.size[0]),
        Broken::Apart => "could not be combined with them".into(),
        Broken::Experience => "nobody experienced enough in it then".into(),
    }
}

/// Groups that only the hours are in the way of, with when they meet on the person's clock.
fn near(state: &State, matching: &Matching, wait: &Wait, secret: &Secret) -> String {
    let Some(zone) = state.person(&wait.person).and_then(|p| zone(&p.zone).ok()) else { return String::new() };
    let mut text = String::new();
    // Where reasons are withheld, a group without any common time is as silent as one that somebody is kept apart from.
    let told = |b: &&Block| matches!(b.broken[..], [Broken::Hours(longest)] if !secret(&b.broken) || longest >= SHORTEST);
    for block in wait.blocks.iter().filter(told).take(5) {
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
            if relief.joins.len() + relief.more == 1 {
                format!("{} is", relief.joins[0])
            } else {
                format!("{} are", listed(&relief.joins, relief.more))
            }
        ));
    }
    if !relief.opens.is_empty() {
        does.push(format!("a new group of {} who wait is possible", relief.opens.len()));
    }
    format!("{relaxed}: {}.", and(&does))
}
