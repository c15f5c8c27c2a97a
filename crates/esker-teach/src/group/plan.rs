//! The plan of a call: its calendar, what happens in a lecture or workshop minute by minute, and what a group agrees on.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::call::{Call, Day, Form};

/// A stretch of the calendar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    /// Its name.
    pub name: String,
    /// What is done.
    pub what: String,
    /// Its first day.
    pub first: Day,
    /// Its last day.
    pub last: Day,
}

/// Phases of half a year, in weeks of 26.
const PHASES: [(&str, &str, u32); 9] = [
    ("Lessons", "Meet, agree on how to work, and do lessons 1 to 5 together.", 5),
    ("Proposal", "Each project writes one page: question, data, test, baseline.", 2),
    ("Proposal swap", "Another group reads the proposal within five days and answers.", 1),
    ("Work", "Work on the project; the group discusses the sections of its report.", 11),
    ("Peer review", "Two reviews a project by the rubric.", 2),
    ("Revision", "Answer the reviews, point by point.", 2),
    ("Poster and talk", "Make the poster from the report, rehearse five minutes.", 1),
    ("Mini-conference", "Five minutes a project, at hours that suit the speakers.", 1),
    ("Closing", "What did we learn, what fails, what next; certificates.", 1),
];

/// The same in a week full time: (day, phases).
const FULL_TIME: [(&str, &str, u32, u32); 7] = [
    ("Lessons", "Meet, agree on how to work, lessons 1 to 5.", 0, 1),
    ("Proposal and its swap", "One page by noon; another group answers in the afternoon.", 2, 2),
    ("Work", "Work on the project.", 2, 3),
    ("Peer review", "Two reviews a project by the rubric, then answers.", 3, 3),
    ("Poster and talk", "Make the poster from the report, rehearse five minutes.", 4, 4),
    ("Mini-conference", "Five minutes a project.", 4, 4),
    ("Closing", "What did we learn, what fails, what next; certificates.", 4, 4),
];

/// The phases of a call, in order. Shorter or longer calls have the same shares of days.
pub fn phases(call: &Call) -> Vec<Phase> {
    let phase = |name: &str, what: &str, first: u32, last: u32| Phase {
        name: name.into(),
        what: what.into(),
        first: Day(call.day(first)),
        last: Day(call.day(last)),
    };
    if call.form == Form::Week {
        return FULL_TIME.iter().map(|(name, what, first, last)| phase(name, what, *first, *last)).collect();
    }
    let total: u32 = PHASES.iter().map(|p| p.2).sum();
    let (days, mut before) = (7 * call.weeks, 0);
    let mut phases = Vec::new();
    for (name, what, weeks) in PHASES {
        let (first, end) = (days * before / total, days * (before + weeks) / total);
        phases.push(phase(name, what, first, end.max(first + 1) - 1));
        before += weeks;
    }
    phases
}

/// The first and last day of the mini-conference.
pub fn conference_days(call: &Call) -> [Date; 2] {
    phases(call).iter().find(|p| p.name == "Mini-conference").map_or([call.start.0; 2], |p| [p.first.0, p.last.0])
}

/// The week of the call, from 0, in which the mini-conference lies.
pub fn conference_week(call: &Call) -> u32 {
    days_between(call.start.0, conference_days(call)[0]) / 7
}

fn days_between(from: Date, to: Date) -> u32 {
    from.until(to).map_or(0, |s| s.get_days().max(0) as u32)
}

/// A lecture or workshop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lesson {
    /// Its number among its kind.
    pub number: usize,
    /// `lecture` or `workshop`.
    pub kind: String,
    /// Its title.
    pub title: String,
    /// What people can do afterwards.
    pub objectives: Vec<String>,
    /// (minutes, part, what happens), breaks among them.
    pub parts: Vec<(u32, String, String)>,
    /// What is done along.
    pub work_along: String,
    /// What is done until the next time.
    pub homework: String,
    /// What comes next.
    pub preview: String,
}

type Outline = (&'static str, [&'static str; 3], &'static str, &'static str);

/// Lessons 1 to 5: title, objectives, work-along, homework.
const LECTURES: [Outline; 5] = [
    (
        "A line is already learning",
        [
            "describe learning as regression",
            "say what a loss measures and how descent lowers it",
            "transform a target and back without bias",
        ],
        "Fit a line to metal in soil against distance from a river, by formula and by descent.",
        "Fit the same line to two columns of your own data; write down the unit of the slope.",
    ),
    (
        "Know the table",
        ["digest a table: rows, units, missing values, twins", "find a column that says nothing", "weigh samples by what they stand for"],
        "esker info and esker init on a table of glaciers; guess the mean before it is shown.",
        "Run esker info on your own table and explain every note.",
    ),
    (
        "Explain or predict? Number or class?",
        [
            "state whether a question asks for explanation or prediction",
            "choose target and metric for a use",
            "say what is lost when a number becomes a class",
        ],
        "Six questions from the Earth: choose goal, target and metric for each, then compare.",
        "Write the question of your project in one sentence, with target, unit and use.",
    ),
    (
        "The held-out score",
        ["split so that held-out samples are as new as in use", "give a baseline", "report a score with its spread over folds"],
        "Predict rock types in wells: shuffled samples, then whole wells held out. Write your guess first.",
        "Choose the design of your project and say which use it imitates; esker advise helps.",
    ),
    (
        "Space is not shuffled",
        [
            "make spatial blocks and say when they are too hard",
            "read an area of applicability",
            "tell a map inside the samples from one beyond them",
        ],
        "The same model under random folds, by glacier, by latitude band: three scores, three claims.",
        "Run esker audit on your recipe and answer each finding.",
    ),
];

const WORKSHOPS: [Outline; 5] = [
    (
        "Write the proposal",
        ["write a proposal of one page", "name the simplest answer that the model must beat", "name what would show that the idea fails"],
        "Everybody writes: question, data, test, baseline, what could go wrong; ten minutes each, then read aloud.",
        "Finish the page and give it to the group that reads it.",
    ),
    (
        "Read another group's proposal",
        ["read for the test, not for the style", "ask a question that helps", "tell a conflict of interest"],
        "Read alone, then agree on three questions and one suggestion; write them down.",
        "Answer the questions on your own proposal; change what you would change.",
    ),
    (
        "Review by the rubric",
        [
            "fill seven criteria with evidence",
            "tell what a record answers from what only people can",
            "write a review one would like to get",
        ],
        "Fill one rubric together on a project of the past, then one each on the project given.",
        "Write both reviews; two strengths, two questions, one thing to change.",
    ),
    (
        "Five minutes",
        [
            "say question, test, result and limit in five minutes",
            "show one figure that carries the claim",
            "answer a question one does not know",
        ],
        "Everybody gives the talk once; the others stop the clock and say what they remember.",
        "Shorten it. Put the poster into the folder of the group.",
    ),
    (
        "Closing",
        ["say what was learned and what fails", "choose what to do next", "decide what becomes public, all authors agreeing"],
        "Three rounds: what did we learn, what fails, what next. Hours are added up for the certificates.",
        "Send hours by kind to the organiser.",
    ),
];

/// Parts of a lecture of two hours: (minutes, part, what happens).
const LECTURE_PARTS: [(u32, &str, &str); 10] = [
    (5, "Welcome", "Who is here, what was hard since the last time."),
    (5, "Question", "One picture, one sentence from the Earth."),
    (10, "Do it now", "A result in five minutes, everybody on their own machine."),
    (15, "Guess, then run", "Write the guess down first; it is shown again at the end."),
    (20, "Explain", "Why it came out so; what the words mean."),
    (10, "Break", "Away from the screen."),
    (30, "Exercises", "In pairs; each has a check."),
    (10, "The misconception", "What most people believe at first, on the same data."),
    (10, "In your project", "One step on your own data."),
    (5, "Homework and preview", "What to do until the next time."),
];

/// Parts of a workshop of two hours.
const WORKSHOP_PARTS: [(u32, &str, &str); 8] = [
    (5, "Welcome", "Who is here, what is to be done by the end."),
    (10, "Aim", "What a good result looks like; one example."),
    (30, "Work alone", "Everybody writes."),
    (10, "Break", "Away from the screen."),
    (25, "In pairs", "Read each other's, ask, change."),
    (20, "Together", "What differed, what is agreed."),
    (15, "Write down", "Results and who does what go into the folder of the group."),
    (5, "Homework and preview", "What to do until the next time."),
];

/// Parts for a session of so many minutes, the shares of two hours in steps of five minutes (of one where the session is short); they add up.
fn timed(parts: &[(u32, &str, &str)], minutes: u32) -> Vec<(u32, String, String)> {
    let total: u32 = parts.iter().map(|p| p.0).sum();
    let step = if minutes >= 90 && minutes.is_multiple_of(5) { 5 } else { 1 };
    let (mut before, mut given) = (0, 0);
    let mut timed = Vec::new();
    for (share, part, what) in parts {
        before += share;
        let until = (minutes * before / total) / step * step;
        let until = if before == total { minutes } else { until.max(given) };
        if until > given {
            timed.push((until - given, (*part).to_owned(), (*what).to_owned()));
        }
        given = until;
    }
    timed
}

/// Lectures and workshops of a call, in order.
pub fn lessons(call: &Call) -> Vec<Lesson> {
    let make = |kind: &str, outlines: &[Outline], parts: &[(u32, &str, &str)], after: &str| -> Vec<Lesson> {
        let title = |i: usize| outlines.get(i).map_or_else(|| after.to_owned(), |o| o.0.to_owned());
        let lesson = |(i, (name, objectives, along, homework)): (usize, &Outline)| Lesson {
            number: i + 1,
            kind: kind.into(),
            title: (*name).into(),
            objectives: objectives.iter().map(|o| (*o).to_owned()).collect(),
            parts: timed(parts, call.minutes),
            work_along: (*along).into(),
            homework: (*homework).into(),
            preview: format!("Next: {}.", title(i + 1)),
        };
        outlines.iter().enumerate().map(lesson).collect()
    };
    let mut lessons = make("lecture", &LECTURES, &LECTURE_PARTS, WORKSHOPS[0].0);
    lessons.extend(make("workshop", &WORKSHOPS, &WORKSHOP_PARTS, "your own question"));
    lessons
}

/// The lessons that each session is for, given the days of the sessions: lectures are shared among the sessions of their phase, a workshop is in the
/// first session of its own (in the last before it, where a short call has none there).
pub fn lessons_of_sessions(call: &Call, days: &[Date]) -> Vec<Vec<Lesson>> {
    let mut given = vec![Vec::new(); days.len()];
    if days.is_empty() {
        return given;
    }
    let phases = phases(call);
    let named = |lesson: &Lesson, phase: &str| match (lesson.kind.as_str(), lesson.number) {
        ("lecture", _) => phase == "Lessons",
        (_, 1) => phase.starts_with("Proposal"),
        (_, 2) => phase.contains("swap"),
        (_, 3) => phase == "Peer review",
        (_, 4) => phase == "Poster and talk",
        _ => phase == "Closing",
    };
    for lesson in lessons(call) {
        let Some(phase) = phases.iter().find(|p| named(&lesson, &p.name)) else { continue };
        let first = days.iter().take_while(|d| **d < phase.first.0).count();
        let within = days.iter().filter(|d| (phase.first.0..=phase.last.0).contains(d)).count();
        let at = match (lesson.kind.as_str(), within) {
            (_, 0) => first.saturating_sub(1),
            ("lecture", n) if n < LECTURES.len() => first + (lesson.number - 1) * n / LECTURES.len(),
            ("lecture", _) => first + lesson.number - 1,
            _ => first,
        };
        given[at.min(days.len() - 1)].push(lesson);
    }
    given
}

/// What a group agrees on when it first meets, in Markdown; blanks are for the group.
pub fn agreement(call: &Call) -> String {
    let contact = if call.contact.is_empty() { "the organiser".to_owned() } else { super::texts::plain(&call.contact) };
    let hours = super::certificate::trimmed(call.hours_per_month);
    let time = if call.form == Form::Week {
        "one week, full time".to_owned()
    } else {
        format!("about {hours} hours a month for {} weeks", call.weeks)
    };
    format!(
        "# What we agree on\n\nFill it in together when you first meet; change it when all agree.\n\n\
## Time\nWe give {time}. Who cannot come says so before, and reads what was written down. Two sessions missed without a word: somebody asks.\n\n\
## Language\nWe speak ______. Everybody may ask for a slower pace or a written word, any time.\n\n\
## Conduct\nWe criticise work, not people. No question is stupid. What is said in the group stays there. Nobody is asked for their gender, age or nationality. \
Who feels treated badly writes to {contact}; so may who sees it.\n\n\
## Authorship\nAuthors are those who shaped the question, the analysis or the text, and who answer for it. We list what each has done. \
Order: ______. Help is thanked by name, if they like.\n\n\
## Data and code\nData stay with whom they belong to: ______. Licence of our data: ______. Licence of our code: ______. \
Nothing becomes public before all authors agree.\n\n\
## Leaving\nAnybody may leave, with or without a reason. Their text and data: ______. A group of fewer than three is offered a merger.\n\n\
Agreed on ______ by ______\n"
    )
}

#[cfg(test)]
mod tests {
    use super::super::call::TEMPLATE;
    use super::*;

    #[test]
    fn phases_cover_the_call_without_gap_or_overlap() {
        for weeks in [4, 9, 13, 20, 26, 52] {
            let call = Call { weeks, ..Call::parse(TEMPLATE).unwrap() };
            let phases = phases(&call);
            assert_eq!(phases[0].first, call.start);
            assert_eq!(phases[8].last.0, call.day(7 * weeks - 1));
            assert!(phases.windows(2).all(|w| w[1].first.0 == w[0].last.0.tomorrow().unwrap()), "{weeks}: {phases:?}");
            assert!(conference_week(&call) < weeks);
        }
        assert_eq!(phases(&Call::parse(TEMPLATE).unwrap())[1].first.to_string(), "2026-11-09");
    }

    #[test]
    fn every_lesson_has_a_session_in_its_order() {
        let months = Call::parse(TEMPLATE).unwrap();
        for (call, apart) in [(months.clone(), 7), (Call { weeks: 4, ..months.clone() }, 7), (Call { weeks: 13, ..months.clone() }, 14)] {
            let days: Vec<Date> = (0..7 * call.weeks).step_by(apart).map(|d| call.day(d)).collect();
            let all: Vec<Lesson> = lessons_of_sessions(&call, &days).into_iter().flatten().collect();
            assert_eq!(all, lessons(&call), "{} weeks", call.weeks);
        }
        let days: Vec<Date> = (0..26).map(|w| months.day(7 * w)).collect();
        let of: Vec<usize> = lessons_of_sessions(&months, &days).iter().map(Vec::len).collect();
        assert_eq!(of[..9], [1, 1, 1, 1, 1, 1, 0, 1, 0]);
        assert!(of.iter().all(|n| *n <= 1));
        let week = Call { form: Form::Week, weeks: 1, ..months.clone() };
        let days: Vec<Date> = (0..5).map(|d| week.day(d)).collect();
        assert_eq!(lessons_of_sessions(&week, &days).iter().map(Vec::len).collect::<Vec<_>>(), [3, 2, 2, 1, 2]);
        // Few hours, fewer sessions: what is asked for is not exceeded by more than a tenth.
        for (hours, apart) in [(40.0, 1), (8.0, 1), (7.0, 2), (4.0, 2), (3.0, 3)] {
            assert_eq!(Call { hours_per_month: hours, ..months.clone() }.weeks_apart(), apart);
        }
    }

    #[test]
    fn parts_of_a_session_add_up() {
        let call = Call::parse(TEMPLATE).unwrap();
        for minutes in [15, 45, 90, 105, 120, 180, 480] {
            for lesson in lessons(&Call { minutes, ..call.clone() }) {
                assert_eq!(lesson.parts.iter().map(|p| p.0).sum::<u32>(), minutes, "{lesson:?}");
            }
        }
        let lessons = lessons(&call);
        assert_eq!(lessons.len(), 10);
        assert_eq!(lessons[0].parts.iter().map(|p| p.0).collect::<Vec<_>>(), LECTURE_PARTS.map(|p| p.0));
        assert_eq!(lessons[4].preview, "Next: Write the proposal.");
    }
}
