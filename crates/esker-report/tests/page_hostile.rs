//! Text that attacks: in every place a stranger can write, it comes out as text.

mod page_support;

use esker_core::record::{Dropped, Record, Rows, Task};
use esker_core::{Note, Range, Setting, Space, Unit};
use esker_report::page::{methods, page, summary, verdict};
use page_support::{drawings, glaciers, wells};

const EVIL: &str = "\"><script>alert('x')</script><img src=x onerror=y>&amp;\u{202e}\u{1b}[31m</style></title>";

fn poison(text: &mut String) {
    text.push_str(EVIL);
}

/// Puts the text wherever the record holds words of a recipe or a table.
fn poisoned((mut record, mut rows): (Record, Rows)) -> (Record, Rows) {
    let old_chosen = record.chosen.model.clone();
    let evil = |s: &str| format!("{s}{EVIL}");
    poison(&mut record.title);
    let p = &mut record.provenance;
    [&mut p.esker, &mut p.data_file, &mut p.data_sha256, &mut p.recipe_sha256, &mut p.recipe].into_iter().for_each(poison);
    let d = &mut record.data;
    d.dropped.push(Dropped { reason: EVIL.into(), rows: 3 });
    d.crs = Some(EVIL.into());
    d.period = Some([EVIL.into(), EVIL.into()]);
    d.groups = Some((EVIL.into(), 3));
    d.weights = Some(EVIL.into());
    d.credit = Some(EVIL.into());
    for c in &mut d.columns {
        poison(&mut c.name);
        c.unit = Unit::new(EVIL);
        c.levels.iter_mut().for_each(|(l, _)| poison(l));
    }
    match &mut record.task {
        Task::Regression { target, unit } => {
            poison(target);
            *unit = Unit::new(EVIL);
        }
        Task::Classification { target, names, .. } => {
            poison(target);
            names.iter_mut().for_each(poison);
        }
    }
    for x in &mut record.designs {
        poison(&mut x.description);
        poison(&mut x.label);
        x.folds.iter_mut().for_each(|f| poison(&mut f.label));
    }
    for m in &mut record.models {
        poison(&mut m.name);
        m.preparation.iter_mut().for_each(poison);
        for t in &mut m.tuning {
            poison(&mut t.part);
            poison(&mut t.method);
            t.steps = Some(EVIL.into());
            t.spaces.iter_mut().for_each(|s| poison(&mut s.parameter));
            t.spaces.push(Space {
                parameter: EVIL.into(),
                range: Range::Choice { values: vec![Setting::Text(EVIL.into()), Setting::Flag(true)] },
            });
            t.candidates.iter_mut().for_each(|c| c.values.push(Setting::Text(EVIL.into())));
        }
        for run in &mut m.runs {
            poison(&mut run.design);
            run.groups.iter_mut().for_each(|g| poison(&mut g.group));
        }
    }
    for c in &mut record.comparisons {
        poison(&mut c.a);
        poison(&mut c.b);
    }
    record.chosen.model = evil(&old_chosen);
    poison(&mut record.chosen.reason);
    record.metrics.iter_mut().for_each(|m| poison(&mut m.title));
    if let Some(e) = &mut record.explanation {
        poison(&mut e.internal_kind);
        e.internal.iter_mut().for_each(|(n, _)| poison(n));
        for i in e.features.iter_mut().chain(&mut e.groups) {
            poison(&mut i.name);
            i.features.iter_mut().for_each(poison);
        }
    }
    if let Some(i) = &mut record.intervals {
        poison(&mut i.method);
    }
    if let Some(d) = &mut record.dependence {
        [&mut d.drawn, &mut d.why, &mut d.errors.of].into_iter().for_each(poison);
        d.scores.iter_mut().for_each(|s| poison(&mut s.model));
        d.pairs.iter_mut().for_each(|p| [&mut p.a, &mut p.b].into_iter().for_each(poison));
        d.errors.variogram.iter_mut().for_each(|v| poison(&mut v.shape));
    }
    if let Some(k) = &mut record.skill {
        [&mut k.of, &mut k.drawn].into_iter().chain(&mut k.absent).for_each(poison);
        for r in &mut k.references {
            [&mut r.name, &mut r.how].into_iter().chain(r.models.iter_mut().map(|m| &mut m.model)).for_each(poison);
        }
    }
    record.notes.push(Note::alarm(EVIL, EVIL));
    rows.group.iter_mut().for_each(poison);
    (record, rows)
}

#[test]
fn hostile_text_comes_out_as_text() {
    for whole in [glaciers(), wells()] {
        let (record, rows) = poisoned(whole);
        let mut figures = drawings();
        for f in &mut figures {
            [&mut f.title, &mut f.alt, &mut f.caption].into_iter().for_each(poison);
        }
        let html = page(&record, &rows, &figures);
        assert!(!html.contains("<script") && !html.contains("<img"));
        assert_eq!(html.matches("</style>").count(), 1);
        assert_eq!(html.matches("</title>").count(), 1);
        assert!(!html.contains('\u{202e}') && !html.contains('\u{1b}'));
        assert!(html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;") && html.contains("[U+202E][U+001B]"));
        // `&amp;` in the text is text, not an entity.
        assert!(html.contains("&amp;amp;"));
    }
}

#[test]
fn what_a_terminal_prints_cannot_steer_it() {
    let (record, _) = poisoned(glaciers());
    for line in summary(&record).into_iter().chain([methods(&record), verdict(&record)]) {
        assert!(!line.contains(['\u{1b}', '\u{202e}']), "{line}");
    }
}

#[test]
fn a_record_with_nothing_in_it_still_gives_a_page() {
    let (mut record, _) = glaciers();
    record.title.clear();
    record.designs.clear();
    record.models.clear();
    record.metrics.clear();
    record.comparisons.clear();
    record.notes.clear();
    record.data.columns.clear();
    record.data.rows_used = 0;
    record.intervals = None;
    record.explanation = None;
    record.dependence = None;
    record.skill = None;
    record.applicability = None;
    let html = page(&record, &Rows::default(), &[]);
    assert!(!html.contains("id=\"models\""), "a heading over nothing");
    assert!(html.contains("No model was chosen.") && html.contains("No alarm and no warning was raised."));
}
