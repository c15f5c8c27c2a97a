//! What the designs say when the samples cannot carry them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use esker_core::{Codes, Fault, MISSING, Rng, Setting, Settings, Support, Times};
use esker_evaluate::split::{Aim, Design};

fn refusal(design: Design, set: &[(&str, Setting)], at: &Support) -> String {
    let parameters = design.parameters();
    let settings = set.iter().fold(Settings::defaults(&parameters), |s, (name, v)| s.set(&parameters, name, v.clone()).unwrap());
    design.splitter(&settings, &Aim::default()).folds(at, &mut Rng::new(1)).unwrap_err().to_string()
}

fn grouped(codes: Vec<u32>, levels: usize) -> Support {
    let rows = codes.len();
    let codes = Codes::new(codes, (0..levels).map(|l| format!("well {l}")).collect()).unwrap();
    Support { group: Some(codes), ..Support::bare(rows) }
}

fn timed(days: &[f64]) -> Support {
    Support { time: Some(Times { days: days.to_vec() }), ..Support::bare(days.len()) }
}

#[test]
fn more_folds_than_there_is_to_cut() {
    insta::assert_snapshot!(refusal(Design::Random, &[], &Support::bare(4)), @r"
    design 'random': got 10 folds from 4 rows; every fold needs at least one row to judge on
      hint: set folds to 4 or fewer
    ");
    insta::assert_snapshot!(refusal(Design::Random, &[], &Support::bare(0)), @r"
    design 'random': got 10 folds from 0 rows; every fold needs at least one row to judge on
      hint: more data, or another design, is needed
    ");
    let four = grouped(vec![0, 0, 1, 1, 2, 2, 3, 3, 3, 3, 3, 3], 9);
    insta::assert_snapshot!(refusal(Design::Group, &[], &four), @r"
    design 'group': got 10 folds from 4 groups; every fold needs at least one group to judge on
      hint: set folds to 4 or fewer
    ");
    insta::assert_snapshot!(refusal(Design::Group, &[], &grouped(vec![0; 12], 1)), @r"
    design 'group': got 10 folds from 1 group; every fold needs at least one group to judge on
      hint: more data, or another design, is needed
    ");
    let strata = Support { strata: four.group.clone().map(|g| g.select(&[0, 3])), ..Support::bare(2) };
    insta::assert_snapshot!(refusal(Design::Stratified, &[], &strata), @r"
    design 'stratified': got 10 folds from 2 rows; every fold needs at least one row to judge on
      hint: set folds to 2 or fewer
    ");
    insta::assert_snapshot!(refusal(Design::Forward, &[], &timed(&[2000.0, 2000.0, 2365.0, 2730.0, 2730.0])), @r"
    design 'forward': got 10 folds from 3 distinct times; 10 folds need 11 distinct times: one block more than folds
      hint: set folds to 2 or fewer
    ");
    insta::assert_snapshot!(refusal(Design::Forward, &[], &timed(&[2000.0, 2000.0, 2365.0])), @"design 'forward': got 10 folds from 2 distinct times; 10 folds need 11 distinct times: one block more than folds");
    let mut rng = Rng::new(1);
    let settings = Settings::defaults(&Design::Group.parameters());
    assert_eq!(Design::Group.splitter(&settings, &Aim::default()).folds(&four, &mut rng).unwrap_err().fault, Fault::Recipe);
}

#[test]
fn one_fold_a_group_for_few_groups_only() {
    insta::assert_snapshot!(refusal(Design::LeaveOneGroupOut, &[], &grouped((0..201).collect(), 201)), @r#"
    design 'leave-one-group-out': got 201 groups; one fold a group is made for at most 200 groups
      hint: use design = "group" with folds = 10, which leaves out several whole groups at a time
    "#);
    insta::assert_snapshot!(refusal(Design::LeaveOneGroupOut, &[], &grouped(vec![0, 0], 3)), @"design 'leave-one-group-out': got 1 group; at least 2 groups are needed, one to judge on and one to learn from");
}

#[test]
fn samples_that_lack_what_the_design_needs() {
    let bare = Support::bare(20);
    insta::assert_snapshot!(refusal(Design::Group, &[], &bare), @r"
    design 'group': got samples without a group; the design keeps groups whole, so every sample needs one
      hint: name the column that says which samples belong together as group in [roles]
    ");
    insta::assert_snapshot!(refusal(Design::LeaveOneGroupOut, &[], &bare), @r"
    design 'leave-one-group-out': got samples without a group; the design keeps groups whole, so every sample needs one
      hint: name the column that says which samples belong together as group in [roles]
    ");
    insta::assert_snapshot!(refusal(Design::Stratified, &[], &bare), @r"
    design 'stratified': got samples without strata; the design balances strata over folds, so every sample needs one
      hint: strata are the classes of the target or bands of its values; design 'random' needs none
    ");
    insta::assert_snapshot!(refusal(Design::Forward, &[], &bare), @r"
    design 'forward': got samples without a time; the design predicts the future from the past, so every sample needs a time
      hint: name the column of dates as time in [roles]
    ");
    insta::assert_snapshot!(refusal(Design::Group, &[], &grouped(vec![0, MISSING, 1, MISSING], 2)), @r"
    group of row 2: got nothing (2 rows without one); design 'group' needs the group of every sample
      hint: filter rows without a group in [data] filter
    ");
    insta::assert_snapshot!(refusal(Design::Forward, &[], &timed(&[1.0, 2.0, f64::NAN])), @r"
    time of row 3: got nothing (1 row without one); design 'forward' needs the time of every sample
      hint: filter rows without a time in [data] filter
    ");
    let short = Support { rows: 5, ..grouped(vec![0, 1], 2) };
    insta::assert_snapshot!(refusal(Design::Group, &[], &short), @"group codes: got 2 rows; the samples have 5");
}

#[test]
fn a_gap_that_leaves_nothing_to_learn_from() {
    let days: Vec<f64> = (0..40).map(|y| f64::from(y) * 365.0).collect();
    let set = [("folds", Setting::Integer(3)), ("gap", Setting::Real(5000.0))];
    insta::assert_snapshot!(refusal(Design::Forward, &set, &timed(&days)), @r"
    gap of design 'forward': got 5000 days; fold 1 has nothing left to learn from: its test begins 3650 days after the first row
      hint: shorten the gap, or use fewer folds
    ");
}
