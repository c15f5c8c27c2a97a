//! What the answers mean for the model: needs, depth, levels.

use super::answers::{Answers, Approach};
use super::catalogue::Catalogue;
use super::goals::Goal;

/// Need of a goal's topics, the first named most.
const NEEDS: [f64; 5] = [1.0, 0.8, 0.6, 0.5, 0.4];
/// What a topic passes on to those it requires.
const PASSED: f64 = 0.5;
/// Hours after which 63 % of a topic is learned, by the depth one wishes, 1 to 5.
const HALF: [f64; 5] = [2.0, 4.0, 8.0, 13.0, 20.0];

/// A person as the model sees them; topics by their place in the catalogue.
#[derive(Debug, Clone)]
pub(super) struct Person {
    /// How much each topic is needed, 0 to 1; 0 where known.
    pub need: Vec<f64>,
    /// Topics that a goal or the person names; the others are needed only because of them.
    pub wished: Vec<bool>,
    /// Depth wished of each topic, 1 to 5.
    pub wish: Vec<usize>,
    /// Topics known.
    pub known: Vec<bool>,
    /// Hours in all.
    pub budget: f64,
    /// 1 to 5.
    pub level: f64,
    /// 1 to 5.
    pub maths: f64,
    /// 1 to 5.
    pub code: f64,
    /// Breadth that the number of wishes asks for, 1 to 5.
    pub breadth: f64,
    /// Depth that the hours allow, 1 to 5.
    pub depth: f64,
    /// Mean of the goals' shares.
    pub pillars: [f64; 3],
}

impl Person {
    /// The person behind answers that were checked.
    pub fn new(answers: &Answers, catalogue: &Catalogue) -> Self {
        let names = answers.knows(catalogue);
        let knows = |id: &str| f64::from(u8::from(names.contains(id)));
        let known: Vec<bool> = catalogue.topics.iter().map(|t| names.contains(&t.id)).collect();
        let goals = answers.verbs();
        let budget = answers.budget();
        let depth = 1 + [12.0, 40.0, 100.0, 200.0].iter().filter(|h| budget >= **h).count();
        let (need, wish, wished) = needs(answers, &goals, catalogue, &known, depth);
        let coder = f64::from(u8::from(["python", "r-language", "julia"].iter().any(|l| names.contains(*l))));
        let workflow = knows("ml-workflow");
        let further = f64::from(u8::from(names.contains("neural-networks") || names.contains("software-engineering")));
        let maths = knows("linear-algebra") + knows("calculus") + knows("probability");
        let ground = knows("linear-algebra") * knows("calculus");
        let n = goals.len().max(1) as f64;
        let mut pillars = [0, 1, 2].map(|i| goals.iter().map(|g| g.pillars.shares()[i]).sum::<f64>() / n);
        if goals.is_empty() {
            pillars = [1.0 / 3.0; 3];
        }
        Self {
            need,
            wished,
            wish,
            known,
            budget,
            level: (1.0 + coder + ground + knows("probability") + workflow + knows("neural-networks")).min(5.0),
            maths: 2.0 + maths,
            code: 1.0 + 2.0 * coder + further,
            breadth: 1.0 + (goals.len() + answers.topics.len()).min(4) as f64,
            depth: depth as f64,
            pillars,
        }
    }

    /// The share of the wishes that is met where `learned` tells how much of a topic is: over what is wished itself, not over what
    /// only comes before it.
    pub fn met(&self, learned: impl Fn(usize) -> f64) -> f64 {
        let open = || (0..self.need.len()).filter(|t| self.wished[*t]);
        let all: f64 = open().map(|t| self.need[t]).sum();
        if all > 0.0 { open().map(|t| self.need[t] * learned(t)).sum::<f64>() / all } else { 1.0 }
    }

    /// The depth asked of what is wished itself, 1 to 5.
    pub fn asked(&self) -> usize {
        (0..self.wish.len()).filter(|t| self.wished[*t]).map(|t| self.wish[t]).max().unwrap_or(1)
    }

    /// How much of a topic is learned after `x` hours that count, 0 to 1.
    pub fn learned(&self, topic: usize, x: f64) -> f64 {
        1.0 - (-x / HALF[self.wish[topic] - 1]).exp()
    }
}

/// Needs of topics, the depth wished of each (a level less for what only others require), and which are wished themselves.
fn needs(answers: &Answers, goals: &[&Goal], catalogue: &Catalogue, known: &[bool], depth: usize) -> (Vec<f64>, Vec<usize>, Vec<bool>) {
    let mut need = vec![0.0_f64; catalogue.topics.len()];
    let mut todo = Vec::new();
    let raise = |need: &mut Vec<f64>, todo: &mut Vec<usize>, id: &str, value: f64| {
        if let Some(i) = catalogue.topic_index(id)
            && need[i] < value
        {
            need[i] = value;
            todo.push(i);
        }
    };
    for goal in goals {
        for (topic, value) in goal.topics.iter().zip(NEEDS) {
            raise(&mut need, &mut todo, topic, value);
        }
    }
    for topic in &answers.topics {
        raise(&mut need, &mut todo, topic, 1.0);
    }
    let wished: Vec<bool> = need.iter().map(|n| *n > 0.0).collect();
    while let Some(i) = todo.pop() {
        // What is known needs nothing before it any more.
        if !known[i] {
            for id in &catalogue.topics[i].requires {
                let value = PASSED * need[i];
                raise(&mut need, &mut todo, id, value);
            }
        }
    }
    // Everything else is done in the first language: who lacks it needs it most of all, though it is no wish.
    let language = answers.languages.first().map(|l| if l == "r" { "r-language" } else { l.as_str() });
    if let Some(language) = language
        && need.iter().zip(known).any(|(n, known)| *n > 0.0 && !known)
    {
        raise(&mut need, &mut todo, language, 1.0);
    }
    let deeper = usize::from(answers.approach == Approach::Order);
    let wish = wished.iter().map(|w| (depth + deeper).saturating_sub(usize::from(!w)).clamp(1, 5)).collect();
    for (need, known) in need.iter_mut().zip(known) {
        if *known {
            *need = 0.0;
        }
    }
    (need, wish, wished)
}
