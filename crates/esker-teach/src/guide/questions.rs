//! The two-minute test-out: what one knows, by six questions instead of by opinion.

/// A question with three answers; who answers rightly knows its topics.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Question {
    /// Its name in files.
    pub id: &'static str,
    /// What it asks about, for people.
    pub about: &'static str,
    /// The question.
    pub text: &'static str,
    /// Three answers.
    pub answers: [&'static str; 3],
    /// The right one, from 1.
    pub right: u8,
    /// Topics that a right answer shows as known.
    pub topics: &'static [&'static str],
}

/// The six questions.
pub const QUESTIONS: [Question; 6] = [
    Question {
        id: "code",
        about: "Programming (Python)",
        text: "What does [x * x for x in range(4) if x % 2] give?",
        answers: ["[0, 4]", "[1, 9]", "[1, 4, 9, 16]"],
        right: 2,
        topics: &["python"],
    },
    Question {
        id: "tables",
        about: "Tables",
        text: "A table of 10 stations is left-joined to a table with 12 measurements of each station. How many rows come out?",
        answers: ["10", "22", "120"],
        right: 3,
        topics: &["data-wrangling"],
    },
    Question {
        id: "algebra",
        about: "Linear algebra",
        text: "A is 3 × 2 with independent columns. What does the projection onto its columns do to a vector that lies in their span?",
        answers: ["leaves it as it is", "makes it zero", "halves its length"],
        right: 1,
        topics: &["linear-algebra"],
    },
    Question {
        id: "calculus",
        about: "Calculus",
        text: "A loss is L(w) = (2w − 6)². What is its slope at w = 4?",
        answers: ["4", "8", "16"],
        right: 2,
        topics: &["calculus"],
    },
    Question {
        id: "probability",
        about: "Probability",
        text: "1 % of days have a flood. An alarm rings on 90 % of flood days and on 9 % of others. It rings: how likely is a flood?",
        answers: ["about 9 %", "about 50 %", "about 90 %"],
        right: 1,
        topics: &["probability"],
    },
    Question {
        id: "held-out",
        about: "The held-out score",
        text: "Features are chosen by their correlation with the target on all rows, then the model is cross-validated. The score is …",
        answers: ["right, the model was held out", "too good, the choice saw the held-out rows", "too low, rows were lost"],
        right: 2,
        topics: &["ml-workflow"],
    },
];
