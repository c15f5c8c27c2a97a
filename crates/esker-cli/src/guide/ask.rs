//! The six questions at a terminal: each is asked until its answer can be, and Ctrl-C ends them at once.

use std::io::{BufRead as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use esker::{Error, Fault};
use esker_teach::guide::{Answers, Approach, Catalogue, GOALS, QUESTIONS};

use super::Result;

/// Says a text and gives the line that is answered; an empty text asks for nothing and gives an empty line.
pub(super) type Talk<'a> = dyn FnMut(&str) -> Result<String> + 'a;

/// Talks at the terminal. Lines are read by a thread, because a read does not end when Ctrl-C is pressed.
pub(super) fn terminal(cancel: &AtomicBool) -> impl FnMut(&str) -> Result<String> + '_ {
    let (send, lines) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    move |text| {
        let mut out = std::io::stderr().lock();
        let _ = write!(out, "{text}");
        let _ = out.flush();
        loop {
            if cancel.load(Ordering::Relaxed) {
                let _ = writeln!(out);
                return Err(Error::new(Fault::Cancelled, "questions").rule("they were ended").into());
            }
            match lines.recv_timeout(Duration::from_millis(50)) {
                Ok(line) => return Ok(line.map_err(|e| Error::io("answers", &e))?.trim().to_owned()),
                // The end of what is typed takes the defaults of all that is left.
                Err(RecvTimeoutError::Disconnected) => return Ok(String::new()),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

/// Asks until what is answered can be read and is no wrong answer; an empty line takes the default.
fn until(
    answers: &mut Answers,
    catalogue: &Catalogue,
    talk: &mut Talk<'_>,
    question: &str,
    read: impl Fn(&mut Answers, &str) -> Result<()>,
) -> Result<()> {
    let mut said = question.to_owned();
    loop {
        let text = talk(&said)?;
        if text.is_empty() {
            return Ok(());
        }
        let mut tried = answers.clone();
        match read(&mut tried, &text).and_then(|()| Ok(tried.check(catalogue)?)) {
            Ok(()) => {
                *answers = tried;
                return Ok(());
            }
            Err(wrong) => said = format!("   {}\n{}", crate::show::findings(&wrong), question.rsplit('\n').next().unwrap_or(question)),
        }
    }
}

/// The six questions; an empty line takes the default.
pub(super) fn ask(answers: &mut Answers, catalogue: &Catalogue, talk: &mut Talk<'_>) -> Result<()> {
    let mut one = |answers: &mut Answers, question: &str, read: &dyn Fn(&mut Answers, &str) -> Result<()>| {
        until(answers, catalogue, talk, question, read)
    };
    let intro = "Six questions; an empty line takes what is in brackets.\n\n1. Hours a week [4]: ";
    one(answers, intro, &|a, text| number(text, &mut a.hours_a_week))?;
    one(answers, "   Weeks [12]: ", &|a, text| number(text, &mut a.weeks))?;
    let goals: String = GOALS.iter().enumerate().map(|(i, goal)| format!("   {:>2}  {}\n", i + 1, goal.verb)).collect();
    let goals = format!("\n2. What do you want to be able to do? One to three numbers.\n{goals}   [2]: ");
    one(answers, &goals, &|a, text| {
        a.goals = chosen(text, GOALS.len())?.into_iter().map(|i| GOALS[i].id.to_owned()).collect();
        Ok(())
    })?;
    one(answers, "   And topics, such as your field, with commas (esker guide list --topics) [none]: ", &|a, text| {
        a.topics = words(text);
        Ok(())
    })?;
    one(answers, "\n3. How do you like to learn? 1 doing first, 2 in order, 3 both [3]: ", &|a, text| {
        a.approach = Approach::ALL[single(text, 3)?].0;
        Ok(())
    })?;
    one(answers, "\n4. From -2 (theory) to 2 (practice) [0]: ", &|a, text| number(text, &mut a.practice))?;
    one(answers, "\n5. What do you know? Topics, with commas (esker guide list --topics) [none]: ", &|a, text| {
        a.known = words(text);
        Ok(())
    })?;
    let test = std::cell::Cell::new(false);
    one(answers, "   Six questions of a test-out, two minutes: y or n [n]: ", &|_, text| {
        test.set(yes(text)?);
        Ok(())
    })?;
    for q in QUESTIONS.iter().filter(|_| test.get()) {
        let [a, b, c] = q.answers;
        one(answers, &format!("\n   {}\n   1  {a}\n   2  {b}\n   3  {c}\n   [not sure]: ", q.text), &|answers, text| {
            answers.test.insert(q.id.to_owned(), u8::try_from(single(text, 3)? + 1).unwrap_or(0));
            Ok(())
        })?;
    }
    one(answers, "\n6. Programming languages, with commas [python]: ", &|a, text| {
        a.languages = words(text);
        Ok(())
    })?;
    one(answers, "   Paid resources too? y or n [n]: ", &|a, text| {
        a.paid = yes(text)?;
        Ok(())
    })
}

/// Words between commas.
fn words(text: &str) -> Vec<String> {
    text.split(',').map(|w| w.trim().to_lowercase()).filter(|w| !w.is_empty()).collect()
}

fn wrong(text: &str, rule: impl Into<String>) -> Error {
    Error::new(Fault::Usage, "answer").got(format!("'{text}'")).rule(rule.into())
}

fn yes(text: &str) -> Result<bool> {
    match text.to_lowercase().as_str() {
        "y" | "yes" => Ok(true),
        "n" | "no" => Ok(false),
        _ => Err(wrong(text, "y or n").into()),
    }
}

fn number<T: std::str::FromStr>(text: &str, answer: &mut T) -> Result<()> {
    *answer = text.parse().map_err(|_| wrong(text, "a number is asked for"))?;
    Ok(())
}

fn single(text: &str, most: usize) -> Result<usize> {
    match chosen(text, most)?[..] {
        [i] => Ok(i),
        _ => Err(wrong(text, format!("one number from 1 to {most}")).into()),
    }
}

/// Numbers from 1 to `most`, as places.
fn chosen(text: &str, most: usize) -> Result<Vec<usize>> {
    let words = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|w| !w.is_empty());
    let place = |w: &str| w.parse::<usize>().ok().filter(|n| (1..=most).contains(n)).map(|n| n - 1);
    let one = |w: &str| place(w).ok_or_else(|| wrong(w, format!("a number from 1 to {most}")));
    Ok(words.map(one).collect::<std::result::Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(typed: &[&str]) -> (Answers, Vec<String>) {
        let catalogue = Catalogue::load(&[] as &[&str]).unwrap();
        let (mut answers, mut said, mut lines) = (Answers::default(), Vec::new(), typed.iter());
        let mut talk = |text: &str| {
            said.push(text.to_owned());
            Ok(lines.next().map_or_else(String::new, |l| (*l).to_owned()))
        };
        ask(&mut answers, &catalogue, &mut talk).unwrap();
        (answers, said)
    }

    #[test]
    fn a_slip_is_asked_again_and_loses_nothing() {
        let typed = ["100", "6", "8", "1 2 3 4", "2,4", "hydrolgy", "hydrology", "1", "2", "python, statistics", "n", "R", "y"];
        let (answers, said) = asked(&typed);
        let list = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let expected = Answers {
            hours_a_week: 6.0,
            weeks: 8,
            goals: list(&["predict-tables", "map-points"]),
            topics: list(&["hydrology"]),
            approach: Approach::Doing,
            practice: 2,
            known: list(&["python", "statistics"]),
            languages: list(&["r"]),
            paid: true,
            ..Answers::default()
        };
        assert_eq!(answers, expected);
        assert!(said[1].contains("0.5 to 80 hours") && said[1].ends_with("Hours a week [4]: "), "{}", said[1]);
        assert!(said.iter().any(|s| s.contains("did you mean 'hydrology'?")), "{said:?}");
    }

    #[test]
    fn empty_lines_take_the_defaults() {
        assert_eq!(asked(&[]).0, Answers::default());
    }

    #[test]
    fn ctrl_c_ends_the_questions() {
        let stopped = AtomicBool::new(true);
        let ended = terminal(&stopped)("Hours? ").unwrap_err();
        assert_eq!(ended.fault(), Fault::Cancelled);
    }
}
