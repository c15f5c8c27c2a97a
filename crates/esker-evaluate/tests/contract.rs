//! Every design and every score of the catalogs keeps the laws of its trait.

use esker_contract::{Claims, data, metric, refuses, splitter};
use esker_core::{Setting, Settings, Splitter, Support, Targets, Times};
use esker_evaluate::score::{Score, cost};
use esker_evaluate::split::{Aim, Design};

/// A splitter of this design with so many folds, where the design takes a number of folds, and with the lengths that it has to be given.
fn with_folds(design: Design, folds: i64) -> Box<dyn Splitter> {
    let parameters = design.parameters();
    let given = [
        ("folds", Setting::Integer(folds)),
        ("size", Setting::Real(150.0)),
        ("radius", Setting::Real(100.0)),
        ("years", Setting::Text("apart".into())),
        ("maxp", Setting::Real(0.7)),
    ];
    let mut settings = Settings::defaults(&parameters);
    for (name, value) in given {
        if parameters.iter().any(|p| p.name == name) {
            settings = settings.set(&parameters, name, value).expect("a valid setting");
        }
    }
    design.splitter(&settings, &Aim { wanted: Some(data::support(500, 1)), features: None })
}

/// A design tests each row once unless it says otherwise here.
fn claims(design: Design) -> Claims {
    let complete = Claims { complete: true, ..Claims::default() };
    let permutes = Claims { permutes: true, accounted: true, ..complete };
    match design {
        Design::Stratified => Claims { strata_within: 2, ..permutes },
        Design::Group | Design::LeaveOneGroupOut => Claims { groups_whole: true, ..permutes },
        Design::Forward => Claims { ordered: true, permutes: true, ..Claims::default() },
        Design::Random => permutes,
        Design::StratifiedGroup | Design::Region => Claims { groups_whole: true, ..permutes },
        Design::Block | Design::Knndm | Design::Cluster | Design::BlockTime | Design::Season | Design::Year => permutes,
        Design::Rolling => Claims { ordered: true, permutes: true, ..Claims::default() },
        Design::GroupForward => Claims { ordered: true, groups_whole: true, permutes: true, ..Claims::default() },
        Design::LocationTime => Claims { complete: false, ordered: true, groups_whole: true, ..permutes },
        Design::Holdout => Claims { complete: false, ..permutes },
        Design::Nndm => Claims { accounted: true, ..complete },
        Design::Buffer => Claims { buffer: 100_000.0, ..permutes },
    }
}

#[test]
fn every_design_keeps_its_laws() {
    for design in Design::ALL {
        for (rows, folds) in [(200, 5), (97, 2), (300, 10)] {
            // Every set of locations needs rows in its own stretch of time.
            let folds = if design == Design::LocationTime { folds.min(5) } else { folds };
            let name = format!("{}, {folds} folds of {rows} rows", design.name());
            splitter(&name, claims(design), &*with_folds(design, folds), &data::support(rows, 7));
        }
        assert_eq!(Design::parse(design.name()), Some(design));
        assert!(design.doc().ends_with('.'), "{} has no sentence for the reference", design.name());
    }
}

/// A fold's support still lists the groups and strata of the whole table; only those in use count.
#[test]
fn inner_folds_count_the_groups_in_use() {
    let whole = data::support(300, 8);
    let codes = whole.group.as_ref().expect("the data have groups").codes();
    let some: Vec<usize> = (0..300).filter(|&r| codes[r] < 4).collect();
    let part = whole.select(&some);
    for design in Design::ALL {
        splitter(&format!("{} inside a fold", design.name()), claims(design), &*with_folds(design, 3), &part);
    }
    refuses("5 folds of 4 groups in use", &*with_folds(Design::Group, 5), &part);
}

#[test]
fn what_a_support_cannot_carry_is_refused() {
    let bare = Support::bare(50);
    for design in Design::ALL.into_iter().filter(|d| ![Design::Random, Design::Holdout].contains(d)) {
        refuses(design.name(), &*with_folds(design, 5), &bare);
    }
    let whole = data::support(60, 9);
    for design in Design::ALL {
        refuses(&format!("{} of one row", design.name()), &*with_folds(design, 5), &whole.select(&[0]));
        refuses(&format!("{} of no row", design.name()), &*with_folds(design, 5), &whole.select(&[]));
    }
    let timeless = Support { time: Some(Times { days: vec![f64::NAN; 60] }), ..whole };
    refuses("forward without times", &*with_folds(Design::Forward, 5), &timeless);
}

#[test]
fn every_score_keeps_its_laws() {
    let penalties = vec![vec![0.0, 2.0, 3.5], vec![2.0, 0.0, 2.375], vec![3.5, 2.375, 0.0]];
    for score in Score::ALL {
        let levels = ["bare", "forest", "ice"].map(str::to_owned).to_vec();
        let scorer = if score == Score::Cost { cost(penalties.clone(), levels).expect("a square matrix") } else { score.metric() };
        assert_eq!(scorer.better(), score.better(), "{}: catalog and metric disagree on direction", score.name());
        if score.for_target() != Targets::Class {
            metric(score.name(), &*scorer, false);
        }
        if score.for_target() != Targets::Real {
            metric(score.name(), &*scorer, true);
        }
        assert_eq!(Score::parse(score.name()), Some(score));
    }
}
