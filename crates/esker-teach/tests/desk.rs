//! The organiser's desk, as a folder: what stays true when people leave, calls change and old tables come back, and who is told what.
#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod simulate;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use esker_core::Error;
use esker_teach::group::call::{self, Call};
use esker_teach::group::certificate::{Hours, Keys};
use esker_teach::group::desk::{self, Asked, Done};
use esker_teach::group::folder::{Folder, State};
use esker_teach::group::matching::Matching;
use esker_teach::group::people::Person;
use esker_teach::group::privacy;
use esker_teach::group::texts::line;
use simulate::{applicants, person};

fn call() -> Call {
    Call::parse(call::TEMPLATE).unwrap()
}

/// A desk with a folder and the tables beside it.
struct Desk {
    root: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn folder(&self) -> Folder {
        Folder::at(&self.path("autumn"))
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path("autumn").join(name)).unwrap()
    }

    fn has(&self, name: &str) -> bool {
        self.path("autumn").join(name).exists()
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    fn matched(&self, people: &[Person]) -> Done {
        self.matched_by(people, call())
    }

    fn matched_by(&self, people: &[Person], call: Call) -> Done {
        let table = self.write("applications.csv", &table(people));
        desk::matching(&self.folder(), &table, Some(call), &AtomicBool::new(false)).unwrap()
    }

    fn reviewed(&self, projects: &str) -> Result<Done, Vec<Error>> {
        let table = self.write("projects.csv", projects);
        desk::review(&self.folder(), &table, 1, 2)
    }

    fn certify(&self, id: &str) {
        let keys = Keys::at(&self.path("keys"));
        let hours = vec![Hours { kind: "talk".into(), hours: 2.0 }];
        desk::certificate(&self.folder(), id, Asked { hours, ..Asked::default() }, &keys, !keys.exist()).unwrap();
    }
}

fn table(people: &[Person]) -> String {
    let mut text =
        line(&["id", "name", "email", "zone", "languages", "level", "guide", "interests", "hours", "apart", "career", "consent"]);
    for p in people {
        let (level, guide) = (p.level.to_string(), if p.guide { "yes" } else { "no" });
        let [languages, interests, apart] = [&p.languages, &p.interests, &p.apart].map(|l| l.join(";"));
        let hours = p.hours.to_string();
        text += &line(&[&p.id, &p.name, &p.email, &p.zone, &languages, &level, guide, &interests, &hours, &apart, &p.career, &p.consent]);
    }
    text
}

/// So many who agree with each other.
fn alike(n: usize) -> Vec<Person> {
    (0..n).map(|i| person(&format!("p{i:02}"), "Europe/Berlin", "Mon-Fri 9-17")).collect()
}

fn told(faults: &[Error]) -> String {
    faults.iter().map(|f| format!("{f}\n")).collect()
}

/// Everything that a matching says of itself holds for the people there are.
fn holds(state: &State) {
    let matching = state.matching.as_ref().unwrap();
    let anew = matching.of_those_who_remain(&state.people, &state.call).unwrap();
    assert_eq!(&anew, matching);
    let placed: usize = matching.groups.iter().map(|g| g.members.len()).sum();
    assert_eq!(placed + matching.waiting.len(), state.people.len());
    assert!(matching.placeable <= state.people.len() && placed <= matching.placeable);
    for wait in &matching.waiting {
        assert_eq!(wait.blocks.iter().map(|b| &b.group).collect::<Vec<_>>(), matching.groups.iter().map(|g| &g.id).collect::<Vec<_>>());
    }
}

#[test]
fn the_proof_is_of_those_who_remain() {
    // Of sixty some wait though groups with them are possible: whoever goes, no number of the proof is of before.
    for seed in 0..6 {
        let people = applicants(60, seed);
        let mut state = State::new(call());
        state.matching = Some(Matching::of(&people, &state.call).unwrap());
        state.people = people;
        holds(&state);
        for _ in 0..8 {
            let matching = state.matching.as_ref().unwrap();
            let of_groups = matching.groups[0].members[0].clone();
            let id = matching.waiting.first().map_or(of_groups, |w| w.person.clone());
            privacy::forget(&mut state, &id).unwrap();
            holds(&state);
            let proof = &esker_teach::group::write::files(&state)["proof.md"];
            assert!(proof.contains(&format!(" of {} people are in ", state.people.len())), "{proof}");
            let id = state.matching.as_ref().unwrap().groups.last().unwrap().members[0].clone();
            privacy::forget(&mut state, &id).unwrap();
            holds(&state);
        }
    }
}

#[test]
fn a_possible_group_has_somebody_who_is_placed_or_is_said_to_have_nobody() {
    for seed in 0..6 {
        let people = applicants(40, seed);
        let matching = Matching::of(&people, &call()).unwrap();
        let possible = matching.waiting.iter().filter_map(|w| w.possible.as_ref());
        possible.for_each(|ids| assert!(ids.iter().any(|id| matching.group_of(id).is_some()), "{ids:?} all wait"));
    }
    // Once people have left, all of a possible group may wait: it is not said of them that they are placed.
    let mut people = applicants(24, 0);
    let mut matching = Matching::of(&people, &call()).unwrap();
    let group = matching.groups.remove(0);
    people.retain(|p| !matching.groups.iter().any(|g| g.members.contains(&p.id)));
    matching.groups.clear();
    let matching = matching.of_those_who_remain(&people, &call()).unwrap();
    let wait = matching.waiting.iter().find(|w| w.person == group.members[0]).unwrap();
    assert!(wait.possible.is_some() && !wait.searched && !matching.most);
    let state = State { people, matching: Some(matching), ..State::new(call()) };
    let letter = &esker_teach::group::write::files(&state)[&format!("waiting/{}.md", group.members[0])];
    assert!(letter.contains("With others who wait they would be a group") && !letter.contains("people who are placed"), "{letter}");
}

#[test]
fn a_matching_that_is_stopped_writes_nothing() {
    let desk = Desk::new();
    let mut people = alike(40);
    people.iter_mut().for_each(|p| (p.level, p.guide) = (1, false));
    let table = desk.write("applications.csv", &table(&people));
    let faults = desk::matching(&desk.folder(), &table, Some(call()), &AtomicBool::new(true)).unwrap_err();
    assert_eq!(faults[0].fault, esker_core::Fault::Cancelled);
    assert!(!desk.path("autumn").exists());
}

#[test]
fn a_seat_that_is_free_is_told() {
    let desk = Desk::new();
    // One may guide, so there is one group of six; the seventh waits because it is full.
    let mut people = alike(7);
    people.iter_mut().skip(1).for_each(|p| (p.level, p.guide) = (1, false));
    let done = desk.matched(&people);
    let matching = done.state.matching.unwrap();
    assert_eq!((matching.groups.len(), matching.waiting.len()), (1, 1));
    assert!(desk.read("proof.md").contains("group-01: has 6 people, as many as allowed."));
    let gone = matching.groups[0].members.iter().find(|m| *m != "p00").unwrap();
    desk::forget(&desk.folder(), gone).unwrap();
    let proof = desk.read("proof.md");
    assert!(!proof.contains("as many as allowed") && !proof.contains("No other groups by these rules could place more"), "{proof}");
    assert!(proof.contains("somebody has left, and nothing is in the way any more"), "{proof}");
    // Without their guide nobody leads, and no group is possible at all.
    desk::forget(&desk.folder(), "p00").unwrap();
    let proof = desk.read("proof.md");
    assert!(
        proof.contains("People have left: nobody in it is experienced enough now") && proof.contains("experienced enough in it then"),
        "{proof}"
    );
    assert!(desk.folder().load().unwrap().matching.unwrap().groups[0].leader.is_empty());
}

#[test]
fn topics_that_nobody_can_choose_are_refused() {
    for topic in ["soil, ice", " snow", "snow ", "a;b", "a|b"] {
        let text = call::TEMPLATE.replacen("\"snow\"", &format!("\"{topic}\""), 1);
        assert!(Call::parse(&text).unwrap_err().to_string().contains("people choose topics in a list"), "{topic}");
    }
}

#[test]
fn sessions_name_their_lessons() {
    let desk = Desk::new();
    desk.matched(&alike(5));
    let calendar = desk.read("group-01/p00.ics");
    assert!(calendar.contains("session 1\\, lecture 1") && calendar.contains("session 8\\, workshop 2"), "{calendar}");
    assert_eq!(calendar.matches("BEGIN:VEVENT").count(), 26);
    // Half the hours, half the sessions.
    desk.matched_by(&alike(5), Call { hours_per_month: 4.0, ..call() });
    assert_eq!(desk.read("group-01/p00.ics").matches("BEGIN:VEVENT").count(), 13);
    assert!(desk.read("plan/plan.md").contains("13 in all, 26 h.") && desk.read("group-01/invitation.md").contains("2 h every 2 weeks"));
}

#[test]
fn groups_keep_the_rules_they_were_made_by() {
    let desk = Desk::new();
    desk.matched(&alike(6));
    let (proof, consent) = (desk.read("proof.md"), desk.read("consent.md"));
    let changed = [
        Call { minutes: 60, ..call() },
        Call { size: [4, 5], ..call() },
        Call { weeks: 20, ..call() },
        Call { topics: vec!["glaciers".into()], ..call() },
        Call { start: call::Day("2026-10-12".parse().unwrap()), ..call() },
    ];
    for (key, other) in ["minutes", "size", "weeks", "topics", "start"].into_iter().zip(changed) {
        let said = told(&desk::plan(&desk.folder(), other, None).unwrap_err());
        assert!(said.contains(&format!("key '{key}'")) && said.contains("make the groups anew"), "{said}");
    }
    assert_eq!(desk.read("proof.md"), proof);
    // What groups do not follow may change, but not the text that people agreed to.
    desk::plan(&desk.folder(), Call { title: "Ice".into(), contact: "the office".into(), ..call() }, None).unwrap();
    assert!(desk.read("plan/plan.md").starts_with("# Ice"));
    assert_eq!(desk.read("consent.md"), consent);
    // Matched anew, other rules are no lie.
    desk.matched_by(&alike(6), Call { size: [2, 3], ..call() });
    assert!(desk.read("proof.md").contains("2 to 3 people"));
}

#[test]
fn old_tables_bring_nobody_back() {
    let desk = Desk::new();
    let mut people = alike(12);
    people[3].apart = vec!["p01".into()];
    desk.matched(&people);
    let projects = "id,title,authors,conflicts\nmelt,Melt,p01;p02,\nfirn,Firn,p01,\nlake,Lake,p03,p01\n";
    desk.reviewed(projects).unwrap();
    desk::forget(&desk.folder(), "p01").unwrap();
    let none = |step: &str| {
        let state = serde_json::to_string(&desk.folder().load().unwrap()).unwrap();
        assert!(!state.contains("p01"), "{step}: {state}");
    };
    none("forget");
    let notes = desk.matched(&people).notes.join(" ");
    assert!(notes.contains("1 of the rows belong to people who asked to be forgotten"), "{notes}");
    none("match");
    let notes = desk.reviewed(projects).unwrap().notes.join(" ");
    assert!(notes.contains("1 of the projects are by people who asked to be forgotten"), "{notes}");
    none("review");
    desk::plan(&desk.folder(), call(), Some(&desk.path("projects.csv"))).unwrap();
    none("plan");
    let left: Vec<String> = desk.folder().load().unwrap().projects.into_iter().map(|p| p.id).collect();
    assert_eq!(left, ["lake", "melt"]);
}

#[test]
fn an_export_is_of_one_person_whatever_their_id() {
    let desk = Desk::new();
    // Ids that are names of files of others.
    let ids = ["moodle-users", "moodle-groups", "zulip-invitations", "zulip-channels", "proof", "groups", "pairing", "state"];
    let mut people: Vec<Person> = ids.iter().map(|id| person(id, "Europe/Berlin", "Mon-Fri 9-17")).collect();
    people.push(person("night", "Asia/Tokyo", "none"));
    desk.matched(&people);
    let projects: String = ids.iter().map(|id| format!("of-{id},T,{id}\n")).collect();
    desk.reviewed(&format!("id,title,authors\n{projects}night,T,night\n")).unwrap();
    desk.certify("proof");
    for id in ids.into_iter().chain(["night"]) {
        let held = desk::export(&desk.folder(), id, &desk.path(&format!("for-{id}"))).unwrap();
        let text = serde_json::to_string(&held).unwrap().replace(&format!("{id}@example.org"), "");
        for other in ids.into_iter().filter(|o| *o != id) {
            assert!(!text.contains(&format!("{other}@example.org")), "the export of {id} holds the address of {other}");
        }
        assert!(held.files.iter().all(|(name, _)| !name.starts_with("private/")));
        assert_eq!(held.talks.len(), 1, "{id}");
        assert!(held.readings.iter().all(|r| r.reader == held.projects[0].id || r.project == held.projects[0].id));
        let mut names: Vec<&str> = held.files.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        match id {
            "night" => assert_eq!(names, ["plan/conference/night.ics", "waiting/night.md"]),
            "proof" => assert_eq!(names[..2], ["certificates/proof.json", "certificates/proof.md"]),
            _ => assert_eq!(names.len(), 2, "{names:?}"),
        }
    }
}

#[test]
fn who_is_left_in_a_certificate_or_project_is_held_and_forgotten() {
    let desk = Desk::new();
    let people = alike(8);
    desk.matched(&people);
    desk.reviewed("id,title,authors,conflicts\nmelt,Melt,p00;p01,\nfirn,Firn,p02,p03\n").unwrap();
    desk.certify("p00");
    // The next table lacks all four; p03 is held as a conflict of interest alone.
    desk.matched(&people[4..]);
    for id in ["p00", "p01", "p03", "p02"] {
        let held = desk::export(&desk.folder(), id, &desk.path(&format!("for-{id}"))).unwrap();
        assert!(held.person.is_none());
        desk::forget(&desk.folder(), id).unwrap();
        let state = serde_json::to_string(&desk.folder().load().unwrap()).unwrap();
        assert!(!state.contains(id), "{state}");
    }
    assert!(!desk.has("certificates/p00.json") && !desk.has("certificates/p00.md"));
    let said = desk::export(&desk.folder(), "p00", &desk.path("again")).unwrap_err().to_string();
    assert!(said.contains("they were forgotten"), "{said}");
    let said = desk::forget(&desk.folder(), "p0x").unwrap_err().to_string();
    assert!(said.contains("nothing is held about anybody of this id"), "{said}");
}

#[test]
fn a_forget_that_fails_halfway_is_repeated() {
    let desk = Desk::new();
    desk.matched(&alike(6));
    // A folder where a file must be written stops the writing on its way.
    let calendar = desk.path("autumn/group-01/p05.ics");
    fs::remove_file(&calendar).unwrap();
    fs::create_dir_all(calendar.join("in-the-way")).unwrap();
    desk::forget(&desk.folder(), "p00").unwrap_err();
    assert!(!desk.has("group-01/p00.ics"), "what must be gone goes first");
    fs::remove_dir_all(&calendar).unwrap();
    desk::forget(&desk.folder(), "p00").unwrap();
    assert!(desk.has("group-01/p05.ics") && !desk.read("groups.csv").contains("p00") && !desk.read("proof.md").contains("p00"));
    desk::forget(&desk.folder(), "p00").unwrap();
}

#[test]
fn nobody_is_told_that_somebody_is_kept_apart_from_them() {
    // Of two who wait one is kept apart by a member of group-01, the other has no hours in common with it: both letters are the same.
    let letters = |apart: bool| {
        let desk = Desk::new();
        let mut people = alike(5);
        people.iter_mut().for_each(|p| p.apart = vec!["zoe".into()]);
        // A third who waits is kept apart in either case.
        people[0].apart.push("yan".into());
        if !apart {
            people.iter_mut().for_each(|p| p.apart.retain(|a| a != "zoe"));
        }
        let hours = if apart { "Mon-Fri 9-17" } else { "Sun 1-2" };
        people.push(Person { level: 1, guide: false, ..person("zoe", "Europe/Berlin", hours) });
        people.push(Person { level: 1, guide: false, ..person("yan", "Europe/Berlin", "Mon-Fri 9-17") });
        let done = desk.matched(&people);
        assert_eq!(done.state.matching.unwrap().waiting.len(), 2);
        let held = desk::export(&desk.folder(), "zoe", &desk.path("for-zoe")).unwrap();
        assert!(!serde_json::to_string(&held).unwrap().contains("\"apart\"]"));
        let first = |text: String| text.lines().filter(|l| l.starts_with("* group-01")).map(str::to_owned).collect::<Vec<_>>();
        (first(desk.read("waiting/zoe.md")), first(desk.read("proof.md")), held.waiting.unwrap().blocks)
    };
    let (with, without) = (letters(true), letters(false));
    assert_eq!(with, without);
    assert!(with.0[0].contains("could not be combined") && with.2.is_empty(), "{with:?}");
}

#[test]
fn conflicts_of_interest_are_those_of_all_authors() {
    let desk = Desk::new();
    let state = desk.matched(&alike(8)).state;
    let groups = state.matching.unwrap().groups;
    let (one, other) = (&groups[0].members, &groups[1].members);
    // No column of groups: the matching knows them. `both` is by people of both groups, so `d` may be read by `a` to `c` no more.
    let by = |id: &str, authors: &[&String]| format!("{id},T,{}\n", authors.iter().map(|a| a.as_str()).collect::<Vec<_>>().join(";"));
    let projects = [by("a", &[&one[0]]), by("b", &[&one[1]]), by("d", &[&other[0]])].concat();
    let pairing = desk.reviewed(&format!("id,title,authors\n{projects}")).unwrap().state.pairing.unwrap();
    let pairs: Vec<(&str, &str)> = pairing.review.iter().map(|r| (r.reader.as_str(), r.project.as_str())).collect();
    assert_eq!(pairs, [("a", "d"), ("b", "d"), ("d", "a"), ("d", "b")]);
    assert!(desk.read("review/pairing.md").contains("their authors are of one learning group"));
    let projects = [by("a", &[&one[0]]), by("both", &[&one[0], &other[0]]), by("d", &[&other[0]])].concat();
    let pairing = desk.reviewed(&format!("id,title,authors\n{projects}")).unwrap().state.pairing.unwrap();
    assert!(pairing.review.is_empty() && pairing.swap.is_empty(), "{pairing:?}");
    assert!(desk.read("review/pairing.md").contains("their authors share another project"));
}

#[test]
fn names_of_nobody_are_refused_and_addresses_are_not_repeated() {
    let desk = Desk::new();
    desk.matched(&alike(6));
    for (projects, part) in [
        ("id,title,authors,conflicts\nmelt,Melt,p00,p0x\n", "project 'melt', column 'conflicts': got 'p0x'"),
        ("id,title,authors,conflicts\nmelt,Melt,p00,Ana\n", "column 'conflicts': got 'Ana'"),
        ("id,title,authors\nmelt,Melt,p0x\n", "did you mean 'p0"),
        ("id,title,authors\nmelt,Melt,p00;ana@private.example\n", "column 'authors': got an e-mail address"),
        ("id,title,authors\nana@private.example,Melt,p00\n", "column 'id': got an e-mail address"),
        ("id,title,authors,conflicts\nmelt,Melt,p00,ana@private.example\n", "column 'conflicts': got an e-mail address"),
        ("id,title,authors\nmelt,Melt (ana@private.example),p00\n", "column 'title': got an e-mail address"),
    ] {
        let said = told(&desk.reviewed(projects).unwrap_err());
        assert!(said.contains(part) && !said.contains("private.example"), "{said}");
        assert!(!desk.has("review"));
    }
    desk.reviewed("id,title,authors,conflicts\nmelt,Melt at 3000 m @ noon,p00,p05;firn\nfirn,Firn,p01,\n").unwrap();
}

#[test]
fn who_reads_less_after_somebody_left_is_told() {
    let desk = Desk::new();
    let projects: String = (0..6).map(|i| format!("q{i},T,p0{i}\n")).collect();
    desk.matched_by(&alike(6), Call { size: [2, 2], ..call() });
    assert!(desk.reviewed(&format!("id,title,authors\n{projects}")).unwrap().state.pairing.unwrap().short.is_empty());
    let pairing = desk::forget(&desk.folder(), "p00").unwrap().state.pairing.unwrap();
    assert!(!pairing.short.is_empty() && pairing.short.iter().all(|s| s.found < s.asked && s.able > 0), "{pairing:?}");
    let text = desk.read("review/pairing.md");
    assert!(text.contains("`esker group review` pairs anew") && !text.contains("too few projects"), "{text}");
}
