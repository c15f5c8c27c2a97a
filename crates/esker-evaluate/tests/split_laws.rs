//! Laws of the designs: folds disjoint and complete, groups whole, time one-way, gaps honoured.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;

use esker_core::{Codes, Fold, Rng, Setting, Settings, Splitter, Support, Times};
use esker_evaluate::split::{Aim, Design, Forward, check_folds};
use proptest::prelude::*;

/// The designs that know neither the ground nor anything but whole blocks of time; the others have laws of their own.
const PLAIN: [Design; 5] = [Design::Random, Design::Stratified, Design::Group, Design::LeaveOneGroupOut, Design::Forward];

fn made(design: Design, folds: i64) -> Box<dyn Splitter> {
    let parameters = design.parameters();
    let mut settings = Settings::defaults(&parameters);
    if parameters.iter().any(|p| p.name == "folds") {
        settings = settings.set(&parameters, "folds", Setting::Integer(folds)).unwrap();
    }
    design.splitter(&settings, &Aim::default())
}

fn codes(rows: usize, levels: usize, of: impl FnMut(usize) -> u32) -> Codes {
    Codes::new((0..rows).map(of).collect(), (0..levels).map(|l| format!("g{l}")).collect()).unwrap()
}

/// Support that every design can carry: `groups` groups of uneven size, 4 strata, times with repeats.
fn support(rows: usize, groups: usize, seed: u64) -> Support {
    let mut rng = Rng::new(seed);
    // The first rows make sure that every group and many times occur.
    let group = codes(rows, groups, |row| if row < groups { row as u32 } else { (rng.below(groups) * rng.below(groups) / groups) as u32 });
    let strata = codes(rows, 4, |_| (rng.below(4) * rng.below(4) / 3) as u32);
    let days = (0..rows).map(|row| if row < groups { row as f64 * 30.5 } else { (rng.below(2 * groups) as f64) * 30.5 }).collect();
    Support { group: Some(group), strata: Some(strata), time: Some(Times { days }), ..Support::bare(rows) }
}

fn sorted_tests(folds: &[Fold]) -> Vec<usize> {
    let mut all: Vec<usize> = folds.iter().flat_map(|f| f.test.iter().copied()).collect();
    all.sort_unstable();
    all
}

#[test]
fn names_come_back_from_parsing() {
    for design in Design::ALL {
        assert_eq!(Design::parse(design.name()), Some(design));
        assert!(design.doc().ends_with('.') && design.parameters().iter().all(|p| p.doc.ends_with('.')), "{}", design.name());
    }
    assert_eq!(Design::parse("kfold"), None);
}

#[test]
fn defaults_make_ten_folds() {
    for design in PLAIN {
        let splitter = design.splitter(&Settings::defaults(&design.parameters()), &Aim::default());
        assert_eq!(
            splitter.folds(&support(300, 12, 1), &mut Rng::new(1)).unwrap().len(),
            if design == Design::LeaveOneGroupOut { 12 } else { 10 }
        );
        assert!(splitter.describe().ends_with('.'));
    }
}

#[test]
fn the_same_seed_makes_the_same_folds_and_another_seed_others() {
    let at = support(200, 20, 2);
    for design in [Design::Random, Design::Stratified, Design::Group] {
        let of = |seed| made(design, 5).folds(&at, &mut Rng::new(seed)).unwrap();
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2), "{}", design.name());
    }
}

#[test]
fn a_group_is_a_fold_under_its_own_name() {
    let at = Support { group: Some(codes(6, 4, |row| [3, 0, 0, 3, 1, 1][row])), ..Support::bare(6) };
    let folds = made(Design::LeaveOneGroupOut, 0).folds(&at, &mut Rng::new(1)).unwrap();
    let tests: Vec<(&str, &[usize])> = folds.iter().map(|f| (f.label.as_str(), f.test.as_slice())).collect();
    assert_eq!(tests, [("g0", &[1, 2][..]), ("g1", &[4, 5]), ("g3", &[0, 3])]);
}

#[test]
fn equal_groups_make_equal_folds() {
    // 30 glaciers of two decades each.
    let at = Support { group: Some(codes(60, 30, |row| row as u32 / 2)), ..Support::bare(60) };
    let splitter = made(Design::Group, 10);
    let folds = splitter.folds(&at, &mut Rng::new(3)).unwrap();
    assert!(folds.iter().all(|f| f.test.len() == 6));
    assert!(splitter.notes(&at, &folds).is_empty());
}

#[test]
fn forward_blocks_follow_the_calendar() {
    // Six years of two rows, out of order in the table: 3 folds, 4 blocks of 3, 3, 3, 3 rows are not possible without
    // cutting a year apart, so blocks start at the years nearest to that.
    let years = [4.0, 0.0, 1.0, 2.0, 3.0, 5.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0];
    let days: Vec<f64> = years.iter().map(|y| y * 365.0).collect();
    let at = Support { time: Some(Times { days }), ..Support::bare(12) };
    let year = |rows: &[usize]| rows.iter().map(|&r| years[r] as u8).collect::<BTreeSet<u8>>().into_iter().collect::<Vec<u8>>();
    let folds = Forward { folds: 3, gap: 366.0 }.folds(&at, &mut Rng::new(1));
    assert!(folds.is_err(), "a gap of a year and a day before the second year leaves nothing");
    let folds = Forward { folds: 3, gap: 0.0 }.folds(&at, &mut Rng::new(1)).unwrap();
    let seen: Vec<(Vec<u8>, Vec<u8>)> = folds.iter().map(|f| (year(&f.train), year(&f.test))).collect();
    assert_eq!(seen, [(vec![0], vec![1, 2]), (vec![0, 1, 2], vec![3]), (vec![0, 1, 2, 3], vec![4, 5])]);
    let gapped = Forward { folds: 3, gap: 365.0 }.folds(&at, &mut Rng::new(1)).unwrap();
    assert_eq!(year(&gapped[2].train), [0, 1, 2, 3], "a year apart is far enough for a gap of a year");
}

#[test]
fn rare_strata_and_uneven_folds_are_noted() {
    let at = Support { strata: Some(codes(20, 3, |row| [1, 2, 2, 2][row.min(3)] * u32::from(row < 4))), ..Support::bare(20) };
    let splitter = made(Design::Stratified, 5);
    let folds = splitter.folds(&at, &mut Rng::new(1)).unwrap();
    let texts: Vec<String> = splitter.notes(&at, &folds).into_iter().map(|n| format!("{}: {}", n.code, n.text)).collect();
    insta::assert_snapshot!(texts.join("\n"), @r"
    stratum-seen-once: Seen in one row only: 'g1'. The fold that tests it has never learned it.
    stratum-smaller-than-folds: Fewer rows than the 5 folds: 'g2' (3 rows). Some folds do not test it.
    ");
    let at = Support { group: Some(codes(20, 3, |row| [0, 1, 2, 2][row.min(3)])), ..Support::bare(20) };
    let splitter = made(Design::Group, 2);
    let folds = splitter.folds(&at, &mut Rng::new(1)).unwrap();
    insta::assert_snapshot!(splitter.notes(&at, &folds)[0].text, @"The 2 folds test from 2 to 18 rows, because 3 groups are kept whole; scores of single folds weigh unequally.");
    let splitter = made(Design::LeaveOneGroupOut, 0);
    let folds = splitter.folds(&at, &mut Rng::new(1)).unwrap();
    insta::assert_snapshot!(splitter.notes(&at, &folds)[0].text, @"2 of 3 folds test fewer than 5 rows ('g0', 'g1'); their own scores say little.");
    let at = Support { time: Some(Times { days: vec![0.0, 1.0, 2.0, 2.0, 2.0, 2.0] }), ..Support::bare(6) };
    let splitter = made(Design::Forward, 2);
    let folds = splitter.folds(&at, &mut Rng::new(1)).unwrap();
    let texts: Vec<String> = splitter.notes(&at, &folds).into_iter().map(|n| n.text).collect();
    insta::assert_snapshot!(texts.join("\n"), @r"
    1 of 6 rows lie before the first test block and are learned from only.
    The 2 folds test from 1 to 4 rows, because rows of one time are not cut apart; scores of single folds weigh unequally.
    ");
}

#[test]
fn designs_describe_themselves_for_the_methods_paragraph() {
    let all: Vec<String> = PLAIN.iter().map(|d| made(*d, 10).describe()).collect();
    insta::assert_snapshot!(all.join("\n"), @r"
    Rows were shuffled into 10 folds of about equal size; each fold was predicted by models that had learned from the others.
    Rows were shuffled into 10 folds that hold each stratum of the target in the same share; each fold was predicted by models that had learned from the others.
    Whole groups were left out: groups were spread over 10 folds of about equal rows, and each fold was predicted by models that had learned from the other groups only.
    One group at a time was left out; each was predicted by models that had learned from all other groups.
    Time was cut into 11 blocks of about equal rows; each block but the first was predicted by models that had learned from earlier rows only.
    ");
    insta::assert_snapshot!(Forward { folds: 5, gap: 90.0 }.describe(), @"Time was cut into 6 blocks of about equal rows; each block but the first was predicted by models that had learned from earlier rows only, at least 90 days before the block begins.");
}

#[test]
fn the_law_of_folds_tells_what_is_broken() {
    let fold = |train: &[usize], test: &[usize], left_out: &[usize]| {
        vec![Fold { label: "fold 1".into(), train: train.to_vec(), test: test.to_vec(), left_out: left_out.to_vec() }]
    };
    assert!(check_folds(&fold(&[0, 1], &[2], &[3]), 4).is_ok());
    let say = |folds: &[Fold]| check_folds(folds, 4).unwrap_err().to_string();
    insta::assert_snapshot!(say(&[]), @"folds: got none; a design makes at least one fold");
    insta::assert_snapshot!(say(&fold(&[0, 1], &[], &[])), @"fold 'fold 1': got 2 rows to learn from and 0 to judge on; every fold needs both");
    insta::assert_snapshot!(say(&fold(&[0, 1], &[1], &[])), @"fold 'fold 1': got row 1 twice; train, test and left out are disjoint");
    insta::assert_snapshot!(say(&fold(&[0, 1], &[2], &[0])), @"fold 'fold 1': got row 0 twice; train, test and left out are disjoint");
    insta::assert_snapshot!(say(&fold(&[1, 0], &[2], &[])), @"fold 'fold 1': got row 1 before row 0 in train; lists are sorted and hold a row once");
    insta::assert_snapshot!(say(&fold(&[0, 1], &[4], &[])), @"fold 'fold 1': got row 4 in test; the samples have 4 rows");
}

proptest! {
    #[test]
    fn every_design_keeps_the_law(rows in 40usize..200, groups in 12usize..30, folds in 2i64..10, seed in any::<u64>()) {
        let at = support(rows, groups, seed);
        for design in PLAIN {
            let made = made(design, folds).folds(&at, &mut Rng::new(seed)).unwrap();
            check_folds(&made, rows).unwrap();
            if design != Design::LeaveOneGroupOut {
                prop_assert_eq!(made.len(), folds as usize);
            }
            if design == Design::Forward {
                continue;
            }
            prop_assert_eq!(sorted_tests(&made), (0..rows).collect::<Vec<_>>());
            prop_assert!(made.iter().all(|f| f.train.len() + f.test.len() == rows && f.left_out.is_empty()));
        }
    }

    #[test]
    fn shuffled_folds_differ_by_one_row_at_most_in_all_and_in_each_stratum(rows in 20usize..200, folds in 2i64..15, seed in any::<u64>()) {
        let at = support(rows, 12, seed);
        for design in [Design::Random, Design::Stratified] {
            let made = made(design, folds).folds(&at, &mut Rng::new(seed)).unwrap();
            let spread = |count: &dyn Fn(&Fold) -> usize| made.iter().map(count).max().unwrap() - made.iter().map(count).min().unwrap();
            prop_assert!(spread(&|f| f.test.len()) <= 1);
            if design == Design::Stratified {
                let strata = at.strata.as_ref().unwrap();
                for level in 0..4u32 {
                    prop_assert!(spread(&|f| f.test.iter().filter(|&&r| strata.codes()[r] == level).count()) <= 1);
                }
            }
        }
    }

    #[test]
    fn groups_stay_whole_and_folds_differ_by_the_largest_group_at_most(rows in 40usize..200, groups in 12usize..30, folds in 2i64..12, seed in any::<u64>()) {
        let at = support(rows, groups, seed);
        let group = at.group.as_ref().unwrap();
        for design in [Design::Group, Design::LeaveOneGroupOut] {
            let made = made(design, folds).folds(&at, &mut Rng::new(seed)).unwrap();
            for fold in &made {
                let learned: BTreeSet<u32> = fold.train.iter().map(|&r| group.codes()[r]).collect();
                prop_assert!(fold.test.iter().all(|&r| !learned.contains(&group.codes()[r])));
            }
            if design == Design::Group {
                let sizes = made.iter().map(|f| f.test.len());
                let largest = group.counts().into_iter().max().unwrap();
                prop_assert!(sizes.clone().max().unwrap() - sizes.min().unwrap() <= largest);
            }
        }
    }

    #[test]
    fn forward_never_learns_from_the_future_and_honours_the_gap(
        rows in 60usize..200, folds in 2usize..6, gap in 0.0f64..40.0, seed in any::<u64>()
    ) {
        let at = support(rows, 24, seed);
        let days = &at.time.as_ref().unwrap().days;
        let made = Forward { folds, gap }.folds(&at, &mut Rng::new(seed)).unwrap();
        check_folds(&made, rows).unwrap();
        let mut last = f64::NEG_INFINITY;
        for fold in &made {
            let start = fold.test.iter().map(|&r| days[r]).fold(f64::INFINITY, f64::min);
            prop_assert!(start > last, "blocks follow each other and share no time");
            last = fold.test.iter().map(|&r| days[r]).fold(f64::NEG_INFINITY, f64::max);
            prop_assert!(fold.train.iter().all(|&r| days[r] < start && start - days[r] >= gap));
            prop_assert!(fold.left_out.iter().all(|&r| days[r] < start && start - days[r] < gap));
            // Every earlier row is learned from or left out; every row of the block is judged on.
            let earlier = days.iter().filter(|&&t| t < start).count();
            prop_assert_eq!(fold.train.len() + fold.left_out.len(), earlier);
            prop_assert_eq!(fold.test.len(), days.iter().filter(|&&t| start <= t && t <= last).count());
        }
        // The last block reaches to the end, so no row but the first block's goes untested.
        prop_assert_eq!(last, days.iter().copied().fold(f64::NEG_INFINITY, f64::max));
    }
}
