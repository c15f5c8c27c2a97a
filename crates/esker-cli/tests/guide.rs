//! The guide as a user calls it: flags, files, the catalogue, the page on this machine.
#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use support::Desk;

#[test]
fn flags_give_a_path_that_is_saved_and_made_again() {
    let desk = Desk::new();
    let first = desk.ok(&[
        "guide",
        "--hours",
        "4",
        "--weeks",
        "4",
        "--known",
        "python",
        "--approach",
        "doing",
        "--practice",
        "2",
        "--save",
        "me.toml",
    ]);
    assert!(first.contains("16 h") && first.contains("Because") && first.contains("Left out"), "{first}");
    assert_eq!(desk.ok(&["guide", "--answers", "me.toml"]), first);
    assert!(desk.read("me.toml").contains("hours-a-week = 4"));
    let plan: serde_json::Value = serde_json::from_str(&desk.ok(&["guide", "--answers", "me.toml", "--json"])).unwrap();
    assert!(plan["plan"]["hours"].as_f64().unwrap() <= 16.0);
    let id = plan["plan"]["steps"][0]["id"].as_str().unwrap();
    let other = plan["plan"]["steps"][0]["instead"][0]["id"].as_str().unwrap();
    let swapped = desk.ok(&["guide", "--answers", "me.toml", "--swap", id]);
    assert!(swapped.contains(&format!("[{other}]")) && !swapped.contains(&format!("  [{id}]\n   http")), "{swapped}");
    let less = desk.ok(&["guide", "--answers", "me.toml", "--weeks", "2"]);
    assert!(less.contains("of 8 h"), "{less}");
}

#[test]
fn a_path_is_written_as_its_file_name_says() {
    let desk = Desk::new();
    desk.ok(&[
        "guide",
        "--hours",
        "5",
        "-o",
        "a.md",
        "-o",
        "a.ics",
        "-o",
        "a.json",
        "-o",
        "topics.svg",
        "-o",
        "weeks.svg",
        "--start",
        "2026-12-07",
    ]);
    assert!(desk.read("a.md").starts_with("# My path"));
    assert!(desk.read("a.ics").contains("DTSTART;VALUE=DATE:20261207\r\n"));
    assert!(desk.read("topics.svg").starts_with("<svg") && desk.read("weeks.svg").contains("weeks done"));
    serde_json::from_str::<serde_json::Value>(&desk.read("a.json")).unwrap();
}

#[test]
fn the_catalogue_is_listed_shown_searched_and_checked() {
    let desk = Desk::new();
    let list = desk.ok(&["guide", "list", "--topic", "gaussian-processes", "--cost", "free"]);
    assert!(list.contains("gpml") && !list.contains("kaggle"), "{list}");
    assert!(desk.ok(&["guide", "list", "--goals"]).contains("forecast-series"));
    assert!(desk.ok(&["guide", "show", "fastai-part-1"]).contains("Applied Machine Learning Resources"));
    assert!(desk.ok(&["guide", "search", "kriging"]).contains("pyrcz-geostatistics"));
    let check = desk.ok(&["guide", "check"]);
    assert!(check.contains("87 resources, 55 topics: no faults") && check.contains("hydrology"), "{check}");
    serde_json::from_str::<serde_json::Value>(&desk.ok(&["guide", "check", "--schema"])).unwrap();
}

#[test]
fn what_cannot_be_is_refused() {
    let desk = Desk::new();
    desk.write("ring.toml", "schema = 1\n[[topic]]\nid = \"a\"\nlabel = \"A\"\nrequires = [\"a\"]\n");
    desk.write("twice.toml", "schema = 1\n[[topic]]\nid = \"python\"\nlabel = \"Snakes\"\nrequires = []\n");
    desk.write("old.toml", "hours = 3\n");
    let cases: [&[&str]; 10] = [
        &["guide", "check", "ring.toml"],
        &["guide", "check", "twice.toml"],
        &["guide", "check", "none.toml"],
        &["guide", "--answers", "old.toml"],
        &["guide", "--goal", "predict-table"],
        &["guide", "--hours", "0.5", "--weeks", "1"],
        &["guide", "--hours", "4", "--swap", "gpml"],
        &["guide", "--hours", "4", "-o", "path.pdf"],
        &["guide", "--hours", "4", "-o", "path.ics", "--start", "Monday"],
        &["guide", "show", "gmpl"],
    ];
    let page: Vec<String> = cases.iter().map(|words| format!("$ esker {}\n{}", words.join(" "), desk.fails(words))).collect();
    insta::assert_snapshot!("guide_refusals", page.join("\n\n"));
}

#[test]
fn nothing_is_written_where_something_cannot_be() {
    let desk = Desk::new();
    let told = desk.fails(&["guide", "--hours", "4", "-o", "a.md", "-o", "b.pdf", "--save", "me.toml"]);
    assert!(told.contains("the ending 'pdf'"), "{told}");
    assert!(!desk.path("a.md").exists() && !desk.path("me.toml").exists());
}

#[test]
fn what_was_saved_can_be_taken_back() {
    let desk = Desk::new();
    let known = ["--known", "python,statistics", "--without", "kaggle-learn", "--with", "sklearn-mooc", "--paid"];
    desk.ok(&[&["guide", "--hours", "5", "--save", "me.toml"][..], &known].concat());
    let back = ["--forget", "statistics", "--undo", "kaggle-learn,sklearn-mooc", "--unpaid", "--save", "back.toml"];
    desk.ok(&[&["guide", "--answers", "me.toml"][..], &back].concat());
    desk.ok(&["guide", "--hours", "5", "--known", "python", "--save", "plain.toml"]);
    assert_eq!(desk.read("back.toml"), desk.read("plain.toml"));
    let told = desk.fails(&["guide", "--answers", "me.toml", "--forget", "hydrology"]);
    assert!(told.contains("it is not among the answers") && told.contains("python, statistics"), "{told}");
}

#[test]
fn a_calendar_from_saved_answers_begins_on_the_saved_day() {
    let desk = Desk::new();
    desk.ok(&["guide", "--hours", "5", "-o", "a.ics", "--save", "me.toml"]);
    assert!(desk.read("me.toml").contains("start = \"20"), "{}", desk.read("me.toml"));
    desk.ok(&["guide", "--answers", "me.toml", "-o", "b.ics"]);
    assert_eq!(desk.read("a.ics"), desk.read("b.ics"));
}

#[test]
fn what_cannot_be_listed_is_refused_and_lists_are_credited() {
    let desk = Desk::new();
    for words in [["--maths", "9"], ["--earth", "7"], ["--hours", "nan"], ["--depth", "0"]] {
        desk.fails(&["guide", "list", words[0], words[1]]);
    }
    let list = desk.ok(&["guide", "list", "--hours", "2"]);
    assert!(list.contains("  [esker]") && list.contains(" from esker: Added by Esker (MIT OR Apache-2.0)"), "{list}");
}

/// The page's server, ended when dropped.
struct Served {
    child: Child,
    port: u16,
}

impl Served {
    fn new(desk: &Desk) -> Self {
        let mut child = desk.command().args(["guide", "serve"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.split("127.0.0.1:").nth(1).unwrap().split('/').next().unwrap().parse().unwrap();
        Self { child, port }
    }

    fn send(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    }

    fn get(&self, target: &str) -> String {
        self.send(&format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", self.port))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_page_answers_this_machine_alone() {
    let desk = Desk::new();
    let served = Served::new(&desk);
    let page = served.get("/");
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("default-src 'none'") && page.contains("1. How much time"), "{page}");
    let path = served.get("/path?hours=6&weeks=8&goal=predict-tables&language=python&approach=doing&practice=2");
    assert!(path.contains("Your path") && path.contains("48 h"), "{path}");
    assert!(served.get("/path.md?hours=6&weeks=8&goal=map-points&language=python").contains("filename=\"path.md\""));
    assert!(served.get("/path.ics?hours=6&weeks=8&goal=map-points&language=python&start=2026-12-07").contains("BEGIN:VCALENDAR"));
    let told = served.get("/path?hours=6&weeks=8&goal=%3Cscript%3Ealert(1)%3C%2Fscript%3E");
    assert!(told.contains("role=\"alert\"") && !told.contains("<script>alert"), "{told}");
    assert!(served.get("/path?hours=x").contains("number is asked for"));
    assert!(served.get("/../etc/passwd").starts_with("HTTP/1.1 404"));
    assert!(served.send("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n").starts_with("HTTP/1.1 421"));
    assert!(served.send("GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 421"));
    assert!(served.send(&format!("POST / HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", served.port)).starts_with("HTTP/1.1 405"));
    assert!(served.send(&format!("GET /{} HTTP/1.1\r\n", "x".repeat(40_000))).starts_with("HTTP/1.1 400"));
}
