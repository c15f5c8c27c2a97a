//! The words of the page for fixed records, reviewed; and the grammar where the record changes.

mod page_support;

use esker_core::record::{FoldRecord, Record};
use esker_report::page::{limits, methods, summary, verdict};
use page_support::{glaciers, wells};

fn lines(record: &Record) -> String {
    summary(record).join("\n")
}

#[test]
fn summary_of_glaciers() {
    insta::assert_snapshot!(lines(&glaciers().0), @r#"
    6 834 rows with 27 features were used to predict dmdtda (m w.e. yr⁻¹); 8 models were judged on held-out rows under the design ‘group rgi_id’ (10 folds).
    The chosen model, boosting, reaches R² 0.295 ± 0.020 (mean ± standard deviation over 10 folds). It is better than the baseline group-mean beyond noise (difference in R² +0.251, 95 % interval +0.243 to +0.258).
    Skill of boosting on held-out rows (1 is perfect, 0 no better, negative worse): +0.29 against always saying the mean and −0.15 against repeating the last value: worse beyond noise.
    On the same folds, boosting cannot be told apart from forest; it is better beyond noise than neighbours, elastic-net, ridge, linear and mean.
    Shuffled rows (‘random’) would have flattered it by 0.146: R² 0.442 instead of 0.295.
    What drives the answer: shuffling temp_* on held-out rows costs 0.156 of R², then prcp_* 0.0963 and zmed 0.0391; this says what the model leans on, not what causes what.
    How sure: a 90 % interval is 1.04 m w.e. yr⁻¹ wide on average and holds 89.7 % of the held-out observations, as promised.
    1 alarm and 1 warning were raised, first of them: The mean squared reported error of dmdtda, 0.228 (m w.e. yr-1)², exceeds its whole variance, 0.144 (m w.e. yr-1)²: taken at face value no skill is possible, yet boosting reaches R² 0.28.
    "#);
}

#[test]
fn summary_of_wells() {
    insta::assert_snapshot!(lines(&wells().0), @r#"
    7 200 rows with 2 features were used to predict LITHOLOGY (5 classes); 3 models were judged on held-out rows under the design ‘well WELL’ (10 folds).
    The chosen model, boosting, reaches balanced accuracy 0.600 ± 0.036 (mean ± standard deviation over 10 folds). It is better than the baseline mean beyond noise (difference in balanced accuracy +0.385, 95 % interval +0.360 to +0.409).
    On the same folds, boosting is better beyond noise than logistic.
    Shuffled rows (‘stratified’) would have flattered it by 0.190: balanced accuracy 0.790 instead of 0.600.
    How sure: the class recognised best is Shale (F1 0.888), the worst is Sandstone/Shale (F1 0.404).
    1 warning was raised: Coal has 72 rows in 3 of 8 wells: its scores rest on few rows.
    "#);
}

#[test]
fn verdicts() {
    insta::assert_snapshot!(verdict(&glaciers().0), @"Boosting reaches R² 0.295 on held-out rows, better beyond noise than the baseline group-mean (0.045); random folds would have said 0.442.");
    insta::assert_snapshot!(verdict(&wells().0), @"Boosting reaches balanced accuracy 0.600 on held-out rows, better beyond noise than the baseline mean (0.215); stratified folds would have said 0.790.");
}

#[test]
fn methods_of_glaciers() {
    insta::assert_snapshot!(methods(&glaciers().0), @"We predicted dmdtda (m w.e. yr⁻¹) from 27 features of 6 834 samples in 3 417 groups of rgi_id (2000-01-01 to 2020-01-01). Whole groups were left out: groups were spread over 10 folds of about equal rows, and each fold was predicted by models that had learned from the other groups only. Each of the 10 folds learned from 6 151 rows and was judged on 683. To measure how optimistic the choice of folds can be, every model was also judged under ‘random’ (rows were shuffled into 10 folds of equal size; each fold was predicted by models that had learned from the others). We compared these models on identical folds: mean, group-mean, linear, ridge, elastic-net, neighbours, forest and boosting. Features were prepared with what the training part of each fold alone tells: for linear, ridge, elastic-net and neighbours, missing numbers set to the median; then numbers scaled to mean 0 and standard deviation 1. Settings of forest (30 trials a part) and boosting (30 trials a part) were tuned inside each training part by tree-structured Parzen estimators (Bergstra et al. 2011) with successive halving over the inner folds, judged by R² under the same design; no held-out row took part in tuning. Models were compared by R² through paired differences over folds, with 95 % confidence intervals from standard errors corrected for overlapping training sets (Nadeau and Bengio 2003); probabilities of differences by chance were corrected for all comparisons (Holm 1979). Intervals of scores and differences on all held-out rows are percentiles of 1 000 bootstrap draws of 212 blocks of 38.4 km on the ground, groups whole. The skill of boosting (1 − mean squared error / that of a simple answer) was 0.29 against always saying the mean and −0.15 against repeating the last value. Prediction intervals at 90 % were made with CV+ (Barber et al. 2021) from the same folds; 89.7 % of the held-out observations fell inside theirs. The importance of a feature is the loss of R² on held-out rows when its values are shuffled; columns that belong together were shuffled together. Effects are accumulated local effects (Apley and Zhu 2020), averaged over folds. The chosen model, boosting, was refitted on all 6 834 rows (leaves = 23, rate = 0.0513, trees = 412). Computations used Esker 0.1.0 with seed 42 (SHA-256 of the data file scandinavia.csv starts 4f2a9c0d7be1, of the recipe 9b1c2d3e4f50).");
}

#[test]
fn methods_of_wells() {
    insta::assert_snapshot!(methods(&wells().0), @"We predicted the class LITHOLOGY (5 classes) from 2 features of 7 200 samples in 8 groups of WELL. Of 7 225 rows read, we left out 25 rows (target missing). Whole groups were left out: groups were spread over 10 folds. Each of the 10 folds learned from 6 480 rows and was judged on 720. To measure how optimistic the choice of folds can be, every model was also judged under ‘stratified’ (rows were shuffled into 10 folds that hold each class in the same share). We compared these models on identical folds: mean, logistic and boosting. No settings were tuned. Probabilities of boosting were calibrated by isotonic regression (Zadrozny and Elkan 2002), on held-out rows of inner folds under the same design. Models were compared by balanced accuracy through paired differences over folds, with 95 % confidence intervals from standard errors corrected for overlapping training sets (Nadeau and Bengio 2003); probabilities of differences by chance were corrected for all comparisons (Holm 1979). Intervals of scores and differences on all held-out rows are percentiles of 1 000 bootstrap draws of 212 blocks of 38.4 km on the ground, groups whole. The chosen model, boosting, was refitted on all 7 200 rows (leaves = 23, rate = 0.0513, trees = 412). Computations used Esker 0.1.0 with seed 42 (SHA-256 of the data file wells.csv starts 4f2a9c0d7be1, of the recipe 9b1c2d3e4f50).");
}

#[test]
fn limits_of_glaciers() {
    insta::assert_snapshot!(limits(&glaciers().0).join("\n"), @r#"
    Whole groups of rgi_id were held out, so the score speaks for new groups of rgi_id inside the same extent and between 2000-01-01 and 2020-01-01: not another region and not other years.
    No held-out score covers extrapolation: outside the ranges of the 27 numeric features in the data card, predictions and their intervals are untested.
    The mean squared reported error of dmdtda, 0.228 (m w.e. yr-1)², exceeds its whole variance, 0.144 (m w.e. yr-1)²: taken at face value no skill is possible, yet boosting reaches R² 0.28. The note ‘noise-ceiling’ tells what follows.
    The chosen model was picked among 8 by the scores shown here, so its own score is slightly flattered; the final fit on all rows is not itself held out.
    Intervals hold on average, not for each row: by tenths of the predicted value their coverage runs from 83 % (predictions near −0.800 m w.e. yr⁻¹) to 93.8 %.
    Too few held-out observations lie inside their intervals in places. By group: Austerdalsbreen holds too few, 60 % of 40 rows instead of 90 % (95 % interval 55 % to 64 %). By range of the predicted value: −2.1 to −0.9 m w.e. yr⁻¹ holds too few, 82 % of 2 500 rows instead of 90 % (95 % interval 77 % to 86 %); so does 1 other.
    Importances and effects describe the model on these data, not the causes in nature; features that vary together share or hide each other’s importance.
    "#);
}

#[test]
fn limits_of_wells() {
    insta::assert_snapshot!(limits(&wells().0).join("\n"), @r#"
    Whole groups of WELL were held out, so the score speaks for new groups of WELL inside the same extent: not another region and not other years.
    No held-out score covers extrapolation: outside the ranges of the 2 numeric features in the data card, predictions and their intervals are untested.
    The chosen model was picked among 3 by the scores shown here, so its own score is slightly flattered; the final fit on all rows is not itself held out.
    RHOB is missing in more than 20 % of the rows.
    The score differs between groups: balanced accuracy 0.410 in 16/2-0 to 0.690 in 16/9-7.
    "#);
}

#[test]
fn a_tie_is_called_a_tie() {
    let (mut record, _) = glaciers();
    for c in record.comparisons.iter_mut().filter(|c| c.a.ends_with("mean") || c.b.ends_with("mean")) {
        c.winner = "none".into();
    }
    let text = lines(&record);
    assert!(text.contains("Taken alone, its difference from the baseline group-mean would count"), "{text}");
    assert!(text.contains("no skill beyond it has been shown"), "{text}");
    for c in &mut record.comparisons {
        c.interval = [-0.1, 0.1];
    }
    let text = lines(&record);
    assert!(text.contains("It cannot be told apart from the baseline"), "{text}");
    assert!(text.contains("no skill beyond it has been shown"), "{text}");
    assert!(verdict(&record).contains("cannot be told apart from the baseline"));
}

#[test]
fn a_difference_reads_the_same_whichever_way_the_record_holds_it() {
    let (record, _) = glaciers();
    let mut turned = record.clone();
    for c in &mut turned.comparisons {
        std::mem::swap(&mut c.a, &mut c.b);
        c.difference = -c.difference;
        c.interval = [-c.interval[1], -c.interval[0]];
        c.winner = match c.winner.as_str() {
            "a" => "b".into(),
            "b" => "a".into(),
            _ => "none".into(),
        };
    }
    assert_eq!(lines(&record), lines(&turned));
}

#[test]
fn one_is_not_many() {
    let (mut record, _) = glaciers();
    record.designs.truncate(1);
    record.designs[0].folds = vec![FoldRecord { label: "last years".into(), train: 9, test: 1, left_out: 1 }];
    record.models.retain(|m| m.name == "boosting");
    record.comparisons.clear();
    record.data.rows_used = 1;
    record.notes.truncate(1);
    let text = format!("{}\n{}\n{}", lines(&record), methods(&record), limits(&record).join("\n"));
    for wrong in ["1 rows", "1 folds", "1 models", "1 alarms", "1 samples", "1 groups", "1 row were", "1 model were"] {
        assert!(!text.contains(wrong), "{wrong} in: {text}");
    }
    assert!(text.contains("1 row with") && text.contains("1 model was") && text.contains("1 alarm was raised: The"), "{text}");
}

#[test]
fn a_stricter_design_is_not_called_flattery() {
    let (mut record, _) = glaciers();
    record.designs[1].kind = "leave-one-group-out".into();
    for score in record.models.iter_mut().flat_map(|m| &mut m.runs[1].scores) {
        score.mean = score.mean.map(|v| v - 0.5);
    }
    assert!(lines(&record).contains("Judged more strictly (‘random’), it reaches R² −0.058 ± "), "{}", lines(&record));
    assert!(limits(&record).iter().any(|l| l.starts_with("Judged more strictly, the score gets worse")));
}

#[test]
fn a_lower_metric_that_falls_under_shuffling_is_optimism() {
    let (mut record, _) = glaciers();
    record.metric = "rmse".into();
    record.comparisons.clear();
    assert!(lines(&record).contains("would have flattered it by 0.0"), "{}", lines(&record));
}
