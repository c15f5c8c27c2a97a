//! Learning groups as an organiser makes them: from the templates to certificates, what is private, and what is said of bad input.
#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod support;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use support::Desk;

const HEADER: &str = "id,name,email,zone,languages,level,guide,interests,hours,apart,career,consent,consent_date\n";

/// Nine people: eight who suit each other and one whose hours suit nobody.
fn applications() -> String {
    let zones = ["Europe/Berlin", "America/New_York", "Asia/Kolkata"];
    let hours = ["Tue 16:00-22:00; Thu 17-21", "Tue 10:00-16:00; Thu 11-15", "Tue 20:00-24:00; Wed 0:00-3:00"];
    let mut text = HEADER.to_owned();
    for i in 0..8 {
        let name = ["Ana Quispe", "नेहा", "王 小明", "=cmd|'/C calc'!A0", "Zoë *Bold*", "Øyvind", "جليد", "Li"][i];
        let (zone, when, level) = (zones[i % 3], hours[i % 3], 1 + i % 3);
        let _ = writeln!(text, "p{i},{name},p{i}@private.example,{zone},en;de,{level},no,glaciers;snow,{when},,student,2026-1,2026-08-20");
    }
    text + "late,Late Riser,late@private.example,Asia/Tokyo,en,1,no,glaciers,Mon 3-4,,,2026-1,2026-08-20\n"
}

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("call.toml", desk.ok(&["group", "template", "call"]));
    desk.write("applications.csv", applications());
    desk
}

fn all_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(all_files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn from_applications_to_groups_with_reasons_and_nothing_private_shared() {
    let desk = desk();
    let said = desk.ok(&["group", "match", "applications.csv", "-o", "autumn"]);
    assert!(said.starts_with("8 of 9 people in 2 groups"), "{said}");
    let again: Vec<(PathBuf, Vec<u8>)> =
        all_files(&desk.path("autumn")).into_iter().map(|f| (f.clone(), std::fs::read(f).unwrap())).collect();
    desk.ok(&["group", "match", "applications.csv", "-o", "autumn"]);
    for (file, bytes) in &again {
        assert_eq!(&std::fs::read(file).unwrap(), bytes, "{}", file.display());
    }
    for (file, bytes) in &again {
        let shared = !file.starts_with(desk.path("autumn/private"));
        assert!(!shared || !String::from_utf8_lossy(bytes).contains("private.example"), "{} holds an address", file.display());
    }
    assert!(
        desk.read("autumn/groups.csv").contains("\n\"'=cmd|'/C calc'!A0\"")
            || desk.read("autumn/groups.csv").contains(",'=cmd|'/C calc'!A0,")
    );
    assert!(desk.read("autumn/private/moodle-users.csv").starts_with("username,firstname,lastname,email,timezone,course1,group1\n"));
    let letter = desk.read("autumn/waiting/late.md");
    assert!(letter.contains("no 2 h together in every week") && letter.contains("Nothing was relaxed without you"), "{letter}");
    let invitation = desk.read("autumn/group-01/invitation.md");
    assert!(invitation.contains("Tuesdays at") && !invitation.contains("*Bold*,"), "{invitation}");
    insta::assert_snapshot!("proof", desk.read("autumn/proof.md"));
}

#[cfg(unix)]
#[test]
fn what_is_private_is_readable_by_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = desk();
    desk.ok(&["group", "match", "applications.csv", "-o", "autumn"]);
    let mode = |name: &str| std::fs::metadata(desk.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("autumn/private"), 0o700);
    for file in all_files(&desk.path("autumn/private")) {
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
}

#[test]
fn a_person_is_exported_and_forgotten_in_every_file() {
    let desk = desk();
    desk.ok(&["group", "match", "applications.csv", "-o", "autumn"]);
    desk.write("projects.csv", "id,title,authors\nmelt,Melt,p1;p2\nfirn,Firn,p1\nlake,Lakes,p3\n");
    desk.ok(&["group", "review", "projects.csv", "-o", "autumn"]);
    desk.ok(&["group", "certificate", "p1", "--folder", "autumn", "--hours", "lessons=20", "--issued", "2027-04-01", "--new-keys"]);
    desk.ok(&["group", "export", "p1", "--folder", "autumn", "-o", "for-p1"]);
    let held = desk.read("for-p1/person.json");
    for part in ["p1@private.example", "\"consent\": \"2026-1\"", "Consent, version 2026-1", "BEGIN:VCALENDAR", "\"firn\"", "\"signature\""]
    {
        assert!(held.contains(part), "{part} is missing in {held}");
    }
    assert!(!held.contains("p2@private.example"));
    desk.ok(&["group", "forget", "p1", "--folder", "autumn"]);
    for file in all_files(&desk.path("autumn")) {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let mut words = text.split(|c: char| !c.is_alphanumeric());
        assert!(
            !words.any(|w| w == "p1") && !text.contains("p1@") && !text.contains("नेहा") && !name.starts_with("p1."),
            "{}",
            file.display()
        );
    }
    // An old table does not bring them back.
    let said = desk.ok(&["group", "match", "applications.csv", "-o", "autumn", "--json"]);
    assert!(said.contains("asked to be forgotten") && !said.contains("\"p1\""), "{said}");
}

#[test]
fn a_plan_a_review_and_a_certificate() {
    let desk = desk();
    desk.ok(&["group", "plan", "call.toml", "-o", "autumn"]);
    let plan = desk.read("autumn/plan/plan.md");
    assert!(plan.contains("| 2026-10-05 | 2026-11-08 | **Lessons** |"), "{plan}");
    assert!(desk.read("autumn/plan/lecture-1.md").contains("| 0:00 | 5 | Welcome |"));
    desk.ok(&["group", "match", "applications.csv", "-o", "autumn"]);
    desk.ok(&["run", "recipe.toml", "-o", "run", "--quiet"]);
    let table = "id,title,authors,group,topic,record\nmelt,Melt of small glaciers,p0;p1,group-01,glaciers,run\nfirn,Firn,p5,group-02,snow,\nlake,Lakes,late,,snow,\n";
    desk.write("projects.csv", table);
    let said = desk.ok(&["group", "review", "projects.csv", "-o", "autumn"]);
    assert!(said.contains("3 projects: 3 readings of proposals, 6 peer reviews"), "{said}");
    let rubric = desk.read("autumn/review/rubric-melt.md");
    for part in ["Ana Quispe and नेहा", "## baseline", "The record says (", "dmdtda", "SHA-256", "Your score (0 not done"] {
        assert!(rubric.contains(part), "{part} is missing in {rubric}");
    }
    assert!(desk.read("autumn/review/rubric-firn.md").contains("No record of a run was given"));
    desk.ok(&["group", "plan", "call.toml", "-o", "autumn", "--projects", "projects.csv"]);
    let conference = desk.read("autumn/plan/conference.md");
    assert!(conference.contains("## On the clock of Asia/Kolkata"), "{conference}");
    let words = [
        "group",
        "certificate",
        "p1",
        "--folder",
        "autumn",
        "--hours",
        "lessons=25,project=30",
        "--project",
        "melt",
        "--issued",
        "2027-04-01",
        "--new-keys",
    ];
    let said = desk.ok(&words);
    assert!(said.contains("55 hours, the workload of about 2 ECTS (25-30 h each); credit is decided by your institution"), "{said}");
    let said = desk.ok(&["group", "certificate", "--verify", "autumn/certificates/p1.json", "--key", "keys/public.key"]);
    assert!(said.starts_with("valid: नेहा (p1)"), "{said}");
    let sheet = desk.read("autumn/certificates/p1.md");
    assert!(sheet.contains("SHA-256") && sheet.contains("Institution: ____"), "{sheet}");
}

/// A page of cases: what was wrong, and what the command said.
struct Page(String);

impl Page {
    fn add(&mut self, case: &str, said: &str) {
        let _ = writeln!(self.0, "## {case}\n{said}\n");
    }

    /// `esker group match` where a text of the applications is another.
    fn applications(&mut self, case: &str, old: &str, new: &str) {
        let desk = desk();
        assert!(applications().contains(old), "the applications lack {old}");
        desk.write("applications.csv", applications().replacen(old, new, 1));
        self.add(case, &desk.fails(&["group", "match", "applications.csv", "-o", "autumn"]));
        assert!(!desk.path("autumn").exists(), "{case}: nothing is written");
    }

    fn call(&mut self, case: &str, old: &str, new: &str) {
        let desk = desk();
        let call = desk.read("call.toml");
        assert!(call.contains(old), "the call lacks {old}");
        desk.write("call.toml", call.replacen(old, new, 1));
        self.add(case, &desk.fails(&["group", "plan", "call.toml", "-o", "autumn"]));
    }
}

#[test]
fn applications_that_cannot_be_matched() {
    let mut page = Page(String::new());
    page.applications("a gender column", "career", "Gender (optional)");
    page.applications("nationality and age", ",career,consent,", ",Nationality,age,");
    page.applications("an unknown zone", "America/New_York", "America/New York");
    page.applications("an offset for a zone", "Asia/Kolkata", "UTC+5:30");
    page.applications("a person twice", "p4,", "p3,");
    page.applications("an address twice", "p4@private.example", "P3@private.example");
    page.applications("no hours", "Mon 3-4", "");
    page.applications("reversed hours", "Mon 3-4", "Mon 22-4");
    page.applications("hours without a day", "Mon 3-4", "3-4");
    page.applications("hours off the grid", "Mon 3-4", "Mon 3:10-4");
    page.applications(
        "no consent",
        "late@private.example,Asia/Tokyo,en,1,no,glaciers,Mon 3-4,,,2026-1",
        "late@private.example,Asia/Tokyo,en,1,no,glaciers,Mon 3-4,,,",
    );
    page.applications("consent to an older text", "Mon 3-4,,,2026-1", "Mon 3-4,,,2025-2");
    page.applications("no column of consent", ",consent,", ",agreed,");
    page.applications("an unknown topic", "glaciers,Mon", "glacier,Mon");
    page.applications("a level that is none", "en,1,no,glaciers,Mon", "en,expert,no,glaciers,Mon");
    page.applications("an id that is a path", "late,", "../late,");
    page.applications("an address for a name", "Late Riser", "late@private.example");
    page.applications("apart from nobody", "Mon 3-4,,", "Mon 3-4,p11,");
    let desk = desk();
    std::fs::remove_file(desk.path("call.toml")).unwrap();
    page.add("no call", &desk.fails(&["group", "match", "applications.csv", "-o", "autumn"]));
    insta::assert_snapshot!(page.0);
}

#[test]
fn calls_that_cannot_be() {
    let mut page = Page(String::new());
    page.call("an unknown key", "weeks =", "week =");
    page.call("a start that is no Monday", "start = 2026-10-05", "start = 2026-10-06");
    page.call("a start before applications close", "closes = 2026-09-13", "closes = 2026-10-13");
    page.call("no date", "2026-10-05", "\"soon\"");
    page.call("sizes the wrong way round", "[4, 6]", "[6, 4]");
    page.call("an unknown zone", "Europe/Zurich", "Europe/Zuerich");
    page.call("no consent version", "\"2026-1\"", "\"\"");
    page.call("a topic twice", "\"snow\"", "\"glaciers\"");
    let desk_of = desk();
    desk_of.write("call.toml", desk_of.read("call.toml").replacen("\"snow\"", "\"snow, ice\"", 1));
    let said = desk_of.fails(&["group", "plan", "call.toml", "-o", "autumn"]);
    assert!(said.contains("got 'snow, ice'; people choose topics in a list separated by"), "{said}");
    let desk = desk();
    desk.ok(&["group", "plan", "call.toml", "-o", "autumn"]);
    desk.write("call.toml", desk.read("call.toml").replace("ice-2026", "ice-2027"));
    page.add("a folder of another call", &desk.fails(&["group", "plan", "call.toml", "-o", "autumn"]));
    insta::assert_snapshot!(page.0);
}

#[test]
fn certificates_keys_and_people_that_cannot_be() {
    let mut page = Page(String::new());
    let desk = desk();
    desk.ok(&["group", "match", "applications.csv", "-o", "autumn"]);
    let certify = ["group", "certificate", "p1", "--folder", "autumn", "--hours", "talk=2", "--issued", "2027-04-01"];
    page.add("no keys yet", &desk.fails(&certify));
    desk.ok(&[&certify[..], &["--new-keys"]].concat());
    page.add("keys are never replaced", &desk.fails(&[&certify[..], &["--new-keys"]].concat()));
    let file = "autumn/certificates/p1.json";
    let good = desk.read(file);
    desk.write("changed.json", good.replace("\"hours\": 2.0", "\"hours\": 9.0"));
    page.add("one byte changed", &desk.fails(&["group", "certificate", "--verify", "changed.json"]));
    desk.write("blank.json", good.replacen("  ", " ", 1));
    page.add("one blank less", &desk.fails(&["group", "certificate", "--verify", "blank.json"]));
    desk.write("cut.json", &good[..good.len() / 2]);
    page.add("half a file", &desk.fails(&["group", "certificate", "--verify", "cut.json"]));
    desk.write("other.key", format!("{}\n", "ab".repeat(32)));
    let said = desk.fails(&["group", "certificate", "--verify", file, "--key", "other.key"]);
    // Keys are made anew in every test.
    page.add("another key", &said.lines().map(|l| l.split(": got the key").next().unwrap()).collect::<Vec<_>>().join("\n"));
    page.add("unknown person", &desk.fails(&["group", "forget", "p11", "--folder", "autumn"]));
    page.add("not a folder of groups", &desk.fails(&["group", "forget", "p1", "--folder", "."]));
    page.add("unknown kind of hours", &desk.fails(&["group", "certificate", "p1", "--folder", "autumn", "--hours", "sleep=2"]));
    page.add("no hours", &desk.fails(&["group", "certificate", "p1", "--folder", "autumn"]));
    page.add("unknown project", &desk.fails(&[&certify[..], &["--project", "melt"]].concat()));
    std::fs::remove_file(desk.path("keys/signing.key")).unwrap();
    page.add("a key lost", &desk.fails(&certify));
    desk.ok(&["group", "certificate", "--verify", file, "--key", "keys/public.key"]);
    desk.ok(&["group", "forget", "p1", "--folder", "autumn"]);
    page.add("forgotten already", &desk.fails(&["group", "export", "p1", "--folder", "autumn", "-o", "out"]));
    insta::assert_snapshot!(page.0);
}

#[test]
fn new_keys_are_made_last_and_outside_the_folder() {
    let desk = desk();
    desk.ok(&["group", "match", "applications.csv", "-o", "autumn"]);
    let certify = ["group", "certificate", "p1", "--folder", "autumn", "--hours", "talk=2", "--new-keys"];
    for wrong in [["p11", "autumn", "talk=2"], ["p1", "autumn", "sleep=2"], ["p1", "winter", "talk=2"]] {
        let [person, folder, hours] = wrong;
        desk.fails(&["group", "certificate", person, "--folder", folder, "--hours", hours, "--new-keys"]);
    }
    desk.fails(&[&certify[..], &["--project", "melt"]].concat());
    let said = desk.fails(&[&certify[..], &["--keys", "autumn/keys"]].concat());
    assert!(said.contains("keys lie outside the folder of the call"), "{said}");
    assert!(!desk.path("keys").exists() && !desk.path("autumn/keys").exists());
    // From within the folder they lie beside it all the same.
    let said = desk.ok(&["group", "certificate", "p1", "--folder", "autumn/plan/..", "--hours", "talk=2", "--new-keys"]);
    assert!(said.contains("2 hours") && desk.path("keys/public.key").exists() && !desk.path("autumn/keys").exists(), "{said}");
}

#[test]
fn projects_that_cannot_be_paired() {
    let mut page = Page(String::new());
    let desk = desk();
    desk.ok(&["group", "plan", "call.toml", "-o", "autumn"]);
    for (case, table) in [
        ("no authors", "id,title,authors\nmelt,Melt,\n"),
        ("a project twice", "id,title,authors\nmelt,Melt,ana\nmelt,Melt,bo\n"),
        ("no column of authors", "id,title,people\nmelt,Melt,ana\n"),
        ("a record that is not there", "id,title,authors,record\nmelt,Melt,ana,runs/melt\n"),
    ] {
        desk.write("projects.csv", table);
        page.add(case, &desk.fails(&["group", "review", "projects.csv", "-o", "autumn"]));
    }
    insta::assert_snapshot!(page.0);
}
