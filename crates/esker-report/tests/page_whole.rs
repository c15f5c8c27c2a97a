//! Laws of the page: it stands alone, it parses, it lets nobody's text through as markup, and it stays small.

mod page_support;

use std::collections::BTreeSet;

use esker_core::Unit;
use esker_core::hold_out::{Earlier, FinalCoverage, FinalInterval, FinalScore, Locked, OPENING_FORMAT, Opened, Opening};
use esker_core::record::{Record, Rows};
use esker_report::figure::all;
use esker_report::page::{page, with_opening};
use page_support::{believed, drawings, glaciers, wells};

/// A tag as the walker finds it: `closes` for `</p>`, `alone` for one that opens nothing.
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
    closes: bool,
    alone: bool,
}

/// Reads tags one by one; fails on anything a browser would have to mend.
fn tags(html: &str) -> Vec<Tag> {
    let mut out = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        assert!(!rest[..at].contains('>'), "a bare > in: {}", &rest[..at]);
        rest = &rest[at + 1..];
        let end = rest.find('>').expect("a tag ends");
        let inside = &rest[..end];
        rest = &rest[end + 1..];
        if inside.starts_with('!') {
            continue;
        }
        let closes = inside.starts_with('/');
        let (name, words) = inside.trim_matches('/').split_once(' ').unwrap_or((inside.trim_matches('/'), ""));
        let alone = inside.ends_with('/') || matches!(name, "meta" | "br");
        if name == "style" && !closes {
            rest = &rest[rest.find("</style>").expect("style ends")..];
        }
        out.push(Tag { name: name.to_owned(), attributes: attributes(words), closes, alone });
    }
    out
}

fn attributes(mut words: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    while !words.trim().is_empty() {
        words = words.trim_start();
        let stop = words.find(['=', ' ']).unwrap_or(words.len());
        let key = words[..stop].to_owned();
        words = &words[stop..];
        let mut value = String::new();
        if let Some(quoted) = words.strip_prefix("=\"") {
            let end = quoted.find('"').expect("a value ends");
            value = quoted[..end].to_owned();
            words = &quoted[end + 1..];
        }
        assert!(!words.starts_with('='), "an unquoted value of {key}");
        assert!(out.iter().all(|(k, _)| *k != key), "{key} is given twice");
        out.push((key, value));
    }
    out
}

/// Every tag that opens closes, in order.
fn balanced(tags: &[Tag]) {
    let mut open: Vec<&str> = Vec::new();
    for tag in tags.iter().filter(|t| !t.alone) {
        if tag.closes {
            assert_eq!(open.pop(), Some(tag.name.as_str()), "inside {open:?}");
        } else {
            open.push(&tag.name);
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
}

fn both() -> [(Record, Rows); 2] {
    let (mut record, mut rows) = glaciers();
    believed(&mut record, &mut rows);
    [(record, rows), wells()]
}

#[test]
fn the_area_of_applicability_is_told_with_its_numbers() {
    let [(record, rows), (without, other)] = both();
    let html = page(&record, &rows, &all(&record, &rows));
    for said in [
        "id=\"applicability\"",
        "Up to 0.733 a row lies inside",
        "of the held-out rows, 10",
        "Rows with a dissimilarity index above 0.733 lie outside",
        "(RMSE) grows with it from 0.311",
        "id=\"figure-applicability\"",
        "id=\"figure-applicability-error\"",
        "id=\"figure-map-applicability\"",
        "The area of applicability (Meyer and Pebesma 2021) was delineated",
    ] {
        assert!(html.contains(said), "{said}");
    }
    assert!(!page(&without, &other, &all(&without, &other)).contains("applicability"));
}

#[test]
fn every_tag_that_opens_closes_and_every_id_is_given_once() {
    for (record, rows) in both() {
        let html = page(&record, &rows, &all(&record, &rows));
        let tags = tags(&html);
        balanced(&tags);
        let mut ids = BTreeSet::new();
        for (_, id) in tags.iter().flat_map(|t| &t.attributes).filter(|(k, _)| k == "id") {
            assert!(ids.insert(id.clone()), "{id} is given twice");
        }
        for tag in &tags {
            for (key, value) in &tag.attributes {
                if key == "href" && value.starts_with('#') {
                    assert!(ids.contains(value.trim_start_matches('#')), "{value} leads nowhere");
                }
                if key == "aria-labelledby" {
                    assert!(value.split(' ').all(|v| ids.contains(v)), "{value} names nothing");
                }
            }
        }
    }
}

#[test]
fn nothing_is_loaded_and_nothing_runs() {
    for (record, rows) in both() {
        let html = page(&record, &rows, &all(&record, &rows));
        assert!(html.contains("Content-Security-Policy") && html.contains("default-src &#39;none&#39;"));
        let plain = html.replace("xmlns=\"http://www.w3.org/2000/svg\"", "").replace("url(#", "");
        assert!(!plain.contains("http://") && !plain.contains("https://") && !plain.contains("url(") && !plain.contains("@import"));
        for tag in tags(&html).iter().filter(|t| !t.closes) {
            assert!(
                !matches!(tag.name.as_str(), "script" | "link" | "iframe" | "object" | "embed" | "form" | "base" | "img" | "foreignObject"),
                "<{}>",
                tag.name
            );
            for (key, value) in &tag.attributes {
                assert!(!key.starts_with("on"), "{key} on <{}>", tag.name);
                assert!(key != "src" && key != "srcset", "{key} on <{}>", tag.name);
                assert!(!key.ends_with("href") || value.starts_with('#') || value.starts_with("data:image/"), "a link to {value}");
            }
        }
    }
}

#[test]
fn the_outline_is_that_of_a_document() {
    for (record, rows) in both() {
        let html = page(&record, &rows, &all(&record, &rows));
        let tags = tags(&html);
        let opened = |name: &str| tags.iter().filter(|t| t.name == name && !t.closes).count();
        // Drawings have titles of their own, so the page's is counted in its head.
        assert_eq!(html.split("</head>").next().map(|head| head.matches("<title>").count()), Some(1));
        for once in ["main", "nav", "header", "footer", "h1"] {
            assert_eq!(opened(once), 1, "{once}");
        }
        let mut last = 0;
        for level in tags.iter().filter(|t| !t.closes).filter_map(|t| t.name.strip_prefix('h')?.parse::<u32>().ok()) {
            assert!(level <= last + 1, "h{level} follows h{last}");
            last = level;
        }
        assert_eq!(opened("table"), opened("caption"));
        assert!(tags.iter().filter(|t| t.name == "th" && !t.closes).all(|t| t.attributes.iter().any(|(k, _)| k == "scope")));
        assert_eq!(opened("figure"), opened("figcaption"));
    }
}

#[test]
fn every_figure_has_its_text_and_one_place() {
    let (record, rows) = glaciers();
    for figures in [drawings(), all(&record, &rows)] {
        let html = page(&record, &rows, &figures);
        assert_eq!(html.matches("<figure ").count(), figures.len());
        let tags = tags(&html);
        let named = tags.iter().filter(|t| t.attributes.iter().any(|(k, v)| k == "role" && v == "img"));
        let texts = |t: &Tag| t.attributes.iter().any(|(k, v)| matches!(k.as_str(), "aria-label" | "aria-labelledby") && !v.is_empty());
        assert_eq!(named.filter(|t| texts(t)).count(), figures.len());
    }
}

#[test]
fn the_page_of_thousands_of_rows_is_small() {
    let (record, rows) = glaciers();
    assert_eq!(rows.row.len(), 6834);
    let bare = page(&record, &rows, &[]).len();
    assert!(bare < 300_000, "{bare} bytes without figures");
    let whole = page(&record, &rows, &all(&record, &rows)).len();
    assert!(whole < 2_000_000, "{whole} bytes with figures");
}

#[test]
fn the_same_record_gives_the_same_bytes() {
    let (record, rows) = glaciers();
    assert_eq!(page(&record, &rows, &all(&record, &rows)), page(&record, &rows, &all(&record, &rows)));
}

fn locked() -> (Record, Rows, Opening) {
    let (mut record, rows) = glaciers();
    let locked = Locked { rows: 640, left_out: 12, description: "whole groups of <basin>, about 20 % of the rows".into() };
    record.data.locked = Some(locked.clone());
    let score = |metric: &str, title: &str, unit: &str, locked: f64, worse_by: f64| FinalScore {
        metric: metric.into(),
        title: title.into(),
        unit: Unit::new(unit),
        locked: Some(locked),
        held_out: Some(0.295),
        difference: Some(locked - 0.295),
        worse_by: Some(worse_by),
    };
    let opening = Opening {
        format: OPENING_FORMAT,
        at: "2026-03-01T09:30:00Z".into(),
        number: 2,
        earlier: vec![Earlier { at: "2026-02-01T08:00:00Z".into(), model: "forest".into(), rows: 600 }],
        of: Opened {
            model: "boosting".into(),
            model_sha256: String::new(),
            recipe_sha256: String::new(),
            data_sha256: String::new(),
            seed: 1,
        },
        locked,
        metric: "r2".into(),
        scores: vec![score("r2", "R²", "", 0.21, 0.085), score("rmse", "RMSE", "m w.e. yr-1", 0.28, -0.015)],
        interval: Some(FinalInterval {
            se: 0.03,
            interval: [0.15, 0.27],
            confidence: 0.95,
            drawn: "42 blocks of 12 km on the ground".into(),
            why: "held-out errors are alike up to 12 km".into(),
        }),
        coverage: Some(FinalCoverage { level: 0.9, locked: 0.871, held_out: 0.897, width: 1.02 }),
        outside: Some(31),
        notes: Vec::new(),
    };
    (record, rows, opening)
}

#[test]
fn an_opened_lock_takes_the_place_of_the_closed_one() {
    let (record, rows, opening) = locked();
    let closed = page(&record, &rows, &[]);
    assert!(closed.contains("640 rows (whole groups of &lt;basin&gt;, about 20 % of the rows) were locked"), "the lock is told");
    let opened = with_opening(&closed, &record, &opening).expect("the page has the part");
    balanced(&tags(&opened));
    assert!(!opened.contains("esker open recipe.toml"));
    for said in [
        "On the locked rows, boosting reaches R² 0.210 (95\u{202f}% interval 0.150 to 0.270); cross-validation had said 0.295: worse by 0.085, more than chance would make it.",
        "Opened for the 2nd time: since the first opening (2026-02-01T08:00:00Z) the score is no longer of an unseen test.",
        "(forest, 600 of these rows)",
        "Opened on 2026-03-01 at 09:30:00 UTC",
        "better on the locked rows",
        "31 of 640 locked rows lie outside the area of applicability",
        "42 blocks of 12 km on the ground",
    ] {
        assert!(opened.contains(said), "{said} in {}", &opened[opened.find("id=\"final\"").unwrap_or(0)..][..4000]);
    }
    let again = with_opening(&opened, &record, &Opening { number: 1, earlier: Vec::new(), ..opening.clone() }).expect("the part is there");
    assert!(!again.contains("no longer of an unseen test") && again.contains("for the first time"));
    let (record, rows) = glaciers();
    assert_eq!(with_opening(&page(&record, &rows, &[]), &record, &opening), None);
}

#[test]
fn simple_answers_and_what_is_wanted_are_told_in_plain_words() {
    let (mut record, mut rows) = glaciers();
    believed(&mut record, &mut rows);
    let figures = all(&record, &rows);
    let html = page(&record, &rows, &figures).replace('\u{202f}', " ");
    for words in [
        "Better than a simple answer?",
        "better than always saying the mean",
        "worse than repeating the last value",
        "It is 3 652 days old in the middle, 365 to 7 305 days: forecasts over a shorter time would face a younger one. It exists for 5 210 of 6 834 held-out rows.",
        "Not to be had here: the mean of the season: all rows are of one time of the year.",
        "Predictions are wanted at 50 000 places of outlines.csv (20 000 of them, drawn at random, were measured): 87.3 % of them lie inside the area of applicability. Inside, the expected error (RMSE) is 0.342 m",
        "12 lack a feature and are not counted.",
    ] {
        assert!(html.contains(words), "{words}");
    }
    for name in ["map-applicability-error", "map-applicability-wanted"] {
        let figure = figures.iter().find(|f| f.name == name).expect("the map is drawn");
        assert!(figure.svg.contains("Expected error (RMSE)") && figure.svg.contains("outside ("), "{name}");
    }
}
