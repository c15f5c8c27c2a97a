//! Alarms: each is raised by what it is about, says the numbers, and is silent otherwise.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use esker_core::{Codes, Column, Fold, Note, Rng, Samples, Support, Unit, Weight};
use esker_evaluate::alarm::{
    Duplicates, class_counts, determines_group, determines_target, duplicates_across_folds, empty_columns, equal_columns, few_groups,
    few_rows, identifiers, measure, measure_duplicates, noise_ceiling, repeated_targets, uneven_folds, unlearnable_classes,
};

fn real(name: &str, values: Vec<f64>) -> Column {
    Column::real(name, "m", values)
}

fn codes(labels: &[&str]) -> Codes {
    Codes::from_labels(&labels.iter().map(|l| Some(*l)).collect::<Vec<_>>())
}

fn normal(rows: usize, seed: u64) -> Vec<f64> {
    let mut rng = Rng::new(seed);
    (0..rows).map(|_| rng.normal()).collect()
}

/// Row i is tested by fold i mod `folds`.
fn dealt(rows: usize, folds: usize) -> Vec<Fold> {
    (0..folds)
        .map(|k| Fold {
            label: format!("fold {}", k + 1),
            train: (0..rows).filter(|i| i % folds != k).collect(),
            test: (0..rows).filter(|i| i % folds == k).collect(),
            left_out: vec![],
        })
        .collect()
}

fn text(note: Option<Note>) -> String {
    let n = note.expect("a note");
    format!("{:?} {}: {}", n.weight, n.code, n.text)
}

fn texts(notes: &[Note]) -> String {
    notes.iter().map(|n| format!("{:?} {}: {}", n.weight, n.code, n.text)).collect::<Vec<_>>().join("\n")
}

#[test]
fn twins_on_both_sides_of_a_fold_are_counted_and_twins_on_one_side_are_not() {
    let mut a = normal(200, 1);
    let mut y = normal(200, 2);
    // Rows 0 and 1 lie in different folds and share the target; 2 and 3 do not share it; 4 and 6 lie in one fold.
    (a[1], y[1], a[3], a[6]) = (a[0], y[0], a[2], a[4]);
    let columns = vec![real("a", a), Column::class("rock", codes(&["shale"; 200])), real("y", y)];
    let samples = Samples::new(columns, Support::bare(200), None).unwrap();
    let folds = dealt(200, 2);
    assert_eq!(measure_duplicates(&samples, "y", &folds), Duplicates { tested: 200, features: 4, target_too: 2 });
    insta::assert_snapshot!(text(duplicates_across_folds(&samples, "y", &folds)), @"Alarm duplicates-across-folds: 4 of 200 rows tested (2 %) have a twin with identical features among the training rows of their fold, 2 of them with the same target too. A model can answer these from memory, so the score flatters: drop the duplicates, or keep each set of twins in one fold with a group.");
    let clean = samples.select(&(7..200).collect::<Vec<_>>());
    assert_eq!(duplicates_across_folds(&clean, "y", &dealt(193, 2)), None);
}

#[test]
fn missing_equals_missing_and_zero_equals_minus_zero_but_missing_is_not_zero() {
    let of = |a: [f64; 2]| {
        let columns = vec![real("a", a.to_vec()), real("y", vec![1.0, 2.0])];
        measure_duplicates(&Samples::new(columns, Support::bare(2), None).unwrap(), "y", &dealt(2, 2)).features
    };
    assert_eq!([of([f64::NAN, f64::NAN]), of([0.0, -0.0]), of([f64::NAN, 0.0])], [2, 2, 0]);
}

#[test]
fn a_filled_in_value_of_a_continuous_target_is_named_with_its_unit() {
    let mut y = normal(1000, 3);
    y[..52].fill(-0.45877197622);
    y[100..140].fill(-0.35625);
    let groups: Vec<String> = (0..1000).map(|i| format!("g{}", i / 2)).collect();
    let groups = codes(&groups.iter().map(String::as_str).collect::<Vec<_>>());
    let target = Column::real("balance", "m w.e. yr-1", y);
    insta::assert_snapshot!(text(repeated_targets(&target, Some(&groups))), @"Warning repeated-target: Target 'balance' has 910 distinct values in 1,000 rows, yet the value -0.458772 m w.e. yr-1 stands in 52 rows of 26 groups; 2 such values in all stand in 11 rows or more, together in 92 rows. Values shared to the last digit are seldom measured one by one: find out whether they were filled in, and if so leave these rows out, for a model is rewarded for recognising them.");
    assert_eq!(repeated_targets(&real("y", normal(1000, 3)), None), None);
    // Counts repeat by nature: not a continuous target.
    assert_eq!(repeated_targets(&real("y", (0..1000).map(|i| f64::from(i % 7)).collect()), None), None);
}

#[test]
fn errors_as_large_as_the_signal_leave_no_skill_to_claim() {
    let y = [-1.0, 1.0, -1.0, 1.0];
    let unit = Unit::new("m w.e. yr-1");
    insta::assert_snapshot!(text(noise_ceiling(&y, &[1.25; 4], &unit, Some(0.314))), @"Alarm noise-ceiling: The mean squared reported error of the target, 1.56 (m w.e. yr-1)², exceeds the target's whole variance, 1 (m w.e. yr-1)². Taken at face value the target is all noise and no skill is possible. Yet held-out predictions reach R² 0.31, so the reported errors are probably too large, or not independent but shared between neighbours, and a shared error can be predicted like a signal. R² on these data is bounded by noise of unknown size: do not chase it, and believe a difference between models only beyond its uncertainty.");
    insta::assert_snapshot!(text(noise_ceiling(&y, &[1.25; 4], &unit, Some(-0.02))), @"Alarm noise-ceiling: The mean squared reported error of the target, 1.56 (m w.e. yr-1)², exceeds the target's whole variance, 1 (m w.e. yr-1)². Taken at face value the target is all noise and no skill is possible. Held-out predictions reach none either (R² -0.02): the data do not carry the question.");
    insta::assert_snapshot!(text(noise_ceiling(&y, &[1.25; 4], &Unit::default(), None)), @"Alarm noise-ceiling: The mean squared reported error of the target, 1.56, exceeds the target's whole variance, 1. Taken at face value the target is all noise and no skill is possible. A model that shows skill all the same says that the reported errors are too large, or shared between neighbours.");
    insta::assert_snapshot!(text(noise_ceiling(&y, &[0.8; 4], &unit, Some(0.5))), @"Warning noise-ceiling: The mean squared reported error of the target is 0.64 (m w.e. yr-1)², its variance 1 (m w.e. yr-1)²: if the errors are independent, no model should pass R² 0.36. Held-out predictions reach 0.5: the reported errors are too large or shared between neighbours, or the design lets the answer through.");
    insta::assert_snapshot!(text(noise_ceiling(&y, &[0.5, f64::NAN, 0.5, 0.5], &unit, Some(0.5))), @"Info noise-ceiling: The mean squared reported error of the target is 0.25 (m w.e. yr-1)², its variance 0.889 (m w.e. yr-1)²: if the errors are independent, R² 0.72 is the most that a model can be expected to reach. Held-out predictions reach 0.5.");
    assert_eq!(noise_ceiling(&[2.0; 4], &[0.1; 4], &unit, None), None);
}

#[test]
fn copies_of_the_target_are_found_in_any_monotone_dress() {
    let y = normal(400, 5);
    let noisy = real("noisy", y.iter().zip(normal(400, 6)).map(|(y, e)| y + 0.3 * e).collect());
    let copy = real("copy", y.iter().map(|y| -y.exp()).collect());
    let gaps = real("gaps", y.iter().enumerate().map(|(i, y)| if i % 4 == 0 { f64::NAN } else { 2.0 * y }).collect());
    let found = determines_target(&[&noisy, &copy, &gaps], &real("y", y));
    insta::assert_snapshot!(texts(&found), @"
Alarm determines-target: Feature 'copy' orders the rows as the target does (rank correlation -1). It is probably the target in other words, or known only once the target is: leave it out unless it will be there before the answer is.
Alarm determines-target: Feature 'gaps' orders the rows as the target does (rank correlation 1). It is probably the target in other words, or known only once the target is: leave it out unless it will be there before the answer is.
");
}

#[test]
fn classes_read_off_a_code_or_a_threshold_are_found() {
    let rock: Vec<&str> = (0..120).map(|i| ["chalk", "coal", "shale"][i % 3]).collect();
    let code = real("code", (0..120).map(|i| [70.0, 90.0, 65.0][i % 3]).collect());
    let split = real("split", normal(120, 8).iter().enumerate().map(|(i, e)| (i % 3) as f64 * 100.0 + e).collect());
    let name = Column::class("name", codes(&(0..120).map(|i| ["c", "k", "s"][i % 3]).collect::<Vec<_>>()));
    let fair = real("fair", normal(120, 9));
    let found = determines_target(&[&code, &split, &name, &fair], &Column::class("rock", codes(&rock)));
    insta::assert_snapshot!(texts(&found), @"
Alarm determines-target: Feature 'code' parts the target's classes without any overlap. It is probably the target in other words, or known only once the target is: leave it out unless it will be there before the answer is.
Alarm determines-target: Feature 'split' parts the target's classes without any overlap. It is probably the target in other words, or known only once the target is: leave it out unless it will be there before the answer is.
Alarm determines-target: Feature 'name' has 3 values and each goes with a single value of the target. It is probably the target in other words, or known only once the target is: leave it out unless it will be there before the answer is.
");
}

#[test]
fn a_feature_that_names_the_group_is_told_from_one_that_is_merely_different_everywhere() {
    let group = codes(&(0..60).map(|i| ["a", "b", "c", "d", "e", "f"][i / 10]).collect::<Vec<_>>());
    let height = real("height", (0..60).map(|i| f64::from(i / 5)).collect());
    let year = real("year", (0..60).map(|i| f64::from(2000 + i % 10)).collect());
    let unique = real("unique", normal(60, 4));
    let constant = real("constant", vec![1.0; 60]);
    insta::assert_snapshot!(text(determines_group(&[&height, &year, &unique, &constant], &group, "glacier")), @"Warning determines-group: Feature 'height' determines the group 'glacier': every repeated value belongs to one group only. A model can recognise a group from it and recall its answer; only a design that leaves whole groups out shows what it can do for new ones.");
    assert_eq!(determines_group(&[&year, &unique, &constant], &group, "glacier"), None);
}

#[test]
fn row_numbers_and_names_are_identifiers_and_measurements_are_not() {
    let labels: Vec<String> = (0..40).map(|i| format!("RGI-{i}")).collect();
    let name = Column::class("id", codes(&labels.iter().map(String::as_str).collect::<Vec<_>>()));
    let number = real("number", (0..40).map(|i| f64::from(i * 3)).collect());
    let rising = real("rising", (0..40).map(|i| f64::from(i) + 0.5).collect());
    let shuffled = real("shuffled", (0..40).map(|i| f64::from((i * 7) % 40)).collect());
    insta::assert_snapshot!(text(identifiers(&[&name, &number, &rising, &shuffled])), @"Warning identifier: 'id' and 'number' each have a different value in every row, in row order or as a name: an identifier or a counter, not a property of the sample. Leave them out of the features unless it is a time axis that the question is about.");
    assert_eq!(identifiers(&[&rising, &shuffled]), None);
}

#[test]
fn designs_that_groups_and_rows_cannot_carry_are_noted() {
    let group = codes(&["a", "b", "c", "a"]);
    insta::assert_snapshot!(text(few_groups(&group)), @"Warning few-groups: The rows come from only 3 groups. However many rows there are, a score for new groups rests on 3 cases, so its uncertainty is large.");
    let fold = |label: &str, n: usize| Fold { label: label.into(), test: (0..n).collect(), ..Fold::default() };
    insta::assert_snapshot!(text(uneven_folds(&[fold("well 1", 12), fold("well 2", 9000)])), @"Warning uneven-folds: Folds are very uneven: 'well 1' tests 12 rows, 'well 2' tests 9,000. The mean over folds counts both alike; look at the pooled score and at single folds too.");
    insta::assert_snapshot!(texts(&few_rows(80, 9, &[fold("fold 1", 30), fold("fold 2", 1)])), @"
Alarm few-rows: 80 rows in all: below 100 rows, differences between models are mostly chance.
Warning few-tested-rows: 1 of 2 folds test fewer than 30 rows ('fold 2' the fewest, 1 row): the score of such a fold is mostly chance.
Warning few-rows-per-feature: 80 rows for 9 features: with fewer than ten rows a feature an unpenalised linear model fits noise; prefer a penalised one, or fewer features.
");
    assert_eq!(uneven_folds(&dealt(1000, 10)), None);
    assert!(few_rows(1000, 20, &dealt(1000, 10)).is_empty());
}

#[test]
fn rare_and_unlearnable_classes_are_noted() {
    let mut labels = vec!["sand"; 200];
    labels[..6].fill("coal");
    labels[6] = "tuff";
    let target = codes(&labels);
    let names = ["Coal".to_owned(), "Sandstone".to_owned(), "Tuff".to_owned()];
    insta::assert_snapshot!(texts(&class_counts(&target, &names, 10)), @"
Alarm class-seen-once: 'Tuff' is seen once: the row is learned from or tested, never both, so nothing can be claimed. Merge it with another class or filter the row.
Warning rare-class: 'Coal' (6 rows) has fewer rows than there are folds (10): some folds have none to test.
Info class-imbalance: Classes are uneven: 'Sandstone' has 193 of 200 rows (96.5 %), 'Tuff' 1 (0.5 %). Always answering 'Sandstone' is right 96.5 % of the time, so read balanced accuracy and the scores of single classes beside accuracy.
");
    let folds = [
        Fold { label: "1".into(), train: (10..200).collect(), test: (0..10).collect(), left_out: vec![] },
        Fold { label: "2".into(), train: (0..10).collect(), test: (10..200).collect(), left_out: vec![] },
    ];
    insta::assert_snapshot!(text(unlearnable_classes(&target, &names, &folds)), @"Warning unlearnable-class: Tested where no training row has the class: 'Coal' (6 rows in 1 fold) and 'Tuff' (1 row in 1 fold). No model can get these rows right; the design asks for a class it has never shown.");
    assert!(class_counts(&codes(&["a", "b"].repeat(50)), &["a".into(), "b".into()], 10).is_empty());
}

#[test]
fn columns_that_say_nothing_or_the_same_are_listed() {
    let nan = f64::NAN;
    let empty = real("empty", vec![nan; 6]);
    let constant = real("constant", vec![3.0; 6]);
    let sparse = real("sparse", vec![1.0, nan, nan, nan, nan, 2.0]);
    let a = real("a", vec![1.0, 2.0, 3.0, 4.0, 5.0, nan]);
    let b = Column { name: "b".into(), ..a.clone() };
    let rock = Column::class("rock", codes(&["x", "y", "x", "x", "y", "y"]));
    let code = Column::class("code", codes(&["2", "1", "2", "2", "1", "1"]));
    insta::assert_snapshot!(texts(&empty_columns(&[&empty, &constant, &sparse, &a])), @"
Warning all-missing: 'empty' without any value: leave it out.
Warning constant: 'constant' with the same value in every row: nothing can be learned from it.
Info mostly-missing: Missing in more than half of the rows: 'sparse' (66.7 %).
");
    insta::assert_snapshot!(text(equal_columns(&[&a, &b, &sparse, &rock, &code])), @"Warning equal-columns: The same in every row: 'a' and 'b'; 'rock' and 'code'. Keep one of each: importance is shared out among copies, which makes all of them look weak.");
    assert_eq!(equal_columns(&[&a, &sparse, &rock]), None);
    assert!(empty_columns(&[&a, &rock]).is_empty());
}

#[test]
fn all_alarms_together_come_gravest_first_and_clean_data_raise_none() {
    let rows = 600;
    let group: Vec<String> = (0..rows).map(|i| format!("g{}", i % 60)).collect();
    let support = Support { group: Some(codes(&group.iter().map(String::as_str).collect::<Vec<_>>())), ..Support::bare(rows) };
    let clean = vec![real("a", normal(rows, 1)), real("b", normal(rows, 2)), real("y", normal(rows, 3))];
    let samples = Samples::new(clean.clone(), support.clone(), None).unwrap();
    assert_eq!(measure(&samples, "y", Some("site"), &dealt(rows, 10)).unwrap(), []);
    let mut foul = clean;
    foul.push(real("row", (0..rows).map(|i| i as f64).collect()));
    foul.push(real("twice", normal(rows, 3).iter().map(|y| 2.0 * y).collect()));
    let notes = measure(&Samples::new(foul, support, None).unwrap(), "y", Some("site"), &dealt(rows, 10)).unwrap();
    let found: Vec<(Weight, &str)> = notes.iter().map(|n| (n.weight, n.code.as_str())).collect();
    assert_eq!(found, [(Weight::Alarm, "determines-target"), (Weight::Warning, "identifier")]);
    assert!(measure(&samples, "z", None, &[]).is_err());
}
