//! What the user may set.

use esker_core::{Parameter, Search, Settings};

use super::activation::Activation;
use super::network::Shape;
use super::optimiser::{Method, Schedule};
use super::train::Plan;

/// Parameters, defaults and search spaces.
pub fn parameters() -> Vec<Parameter> {
    let mut all = shape();
    all.extend(learning());
    all
}

fn shape() -> Vec<Parameter> {
    vec![
        Parameter::integer("width", 64, 1, 2048, "Units of each hidden layer.").tuned(Search::LogInteger(16, 256)),
        Parameter::integer("depth", 2, 1, 10, "Hidden layers.").tuned(Search::Integer(1, 3)),
        Parameter::choice(
            "activation",
            Activation::NAMES,
            "What a unit makes of its sum: max(0, x); x times the normal distribution at x; x / (1 + exp(-x)); or tanh(x).",
        )
        .tuned(Search::Choice(Activation::NAMES)),
        Parameter::flag("batch_norm", false, "Brings the sums of each hidden layer to mean 0 and standard deviation 1 over a batch."),
        Parameter::real("dropout", 0.0, 0.0, 0.9, "Share of the hidden units that each training row does without.")
            .tuned(Search::Uniform(0.0, 0.3)),
        Parameter::integer("networks", 1, 1, 100, "Networks from different random starts, whose answers are averaged."),
    ]
}

fn learning() -> Vec<Parameter> {
    vec![
        Parameter::integer("epochs", 100, 1, 10_000, "Passes over the training rows."),
        Parameter::integer("batch", 0, 0, 1_000_000, "Rows a step learns from; 0 is a 32nd of the training rows, but 16 to 256."),
        Parameter::choice(
            "optimiser",
            Method::NAMES,
            "Adam with weight decay apart from the gradient, Adam, or gradient descent with momentum.",
        ),
        Parameter::real("rate", 2e-3, 1e-7, 10.0, "Learning rate: the length of a step.").tuned(Search::LogUniform(2e-4, 2e-2)),
        Parameter::choice(
            "schedule",
            Schedule::NAMES,
            "How the rate changes: down to a hundredth along half a wave of the cosine, not at all, or up from a 25th and down to a 10,000th.",
        ),
        Parameter::integer(
            "schedule_epochs",
            100,
            1,
            10_000,
            "Epochs over which the schedule runs; the rate then stays where it is. It stands apart from 'epochs', so that stopping early changes \
             nothing of what came before.",
        ),
        Parameter::real("momentum", 0.9, 0.0, 0.999, "Share of the last step that the next one keeps ('sgd' alone)."),
        Parameter::real("weight_decay", 1e-2, 0.0, 10.0, "Pull of the weights to 0, constant terms left out.")
            .tuned(Search::LogUniform(1e-4, 1.0)),
        Parameter::real("clip", 0.0, 0.0, 1e6, "Longest gradient that is followed as it is, longer ones are shortened to it; 0 is any."),
    ]
}

/// The settings of [`parameters`] as they are used.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    width: usize,
    depth: usize,
    activation: Activation,
    norm: bool,
    dropout: f64,
    /// Networks averaged.
    pub networks: usize,
    /// Passes over the rows.
    pub epochs: usize,
    plan: Plan,
}

impl Wanted {
    /// From settings.
    pub(crate) fn new(settings: &Settings) -> Self {
        let whole = |name: &str| settings.integer(name) as usize;
        let activation = Activation::of(settings.text("activation"));
        let plan = Plan {
            shape: Shape { sizes: Vec::new(), activation, norm: false, dropout: 0.0 },
            method: Method::of(settings.text("optimiser")),
            rate: settings.real("rate"),
            momentum: settings.real("momentum"),
            decay: settings.real("weight_decay"),
            schedule: Schedule::of(settings.text("schedule")),
            length: whole("schedule_epochs"),
            batch: whole("batch"),
            clip: settings.real("clip"),
        };
        Self {
            width: whole("width"),
            depth: whole("depth"),
            activation,
            norm: settings.flag("batch_norm"),
            dropout: settings.real("dropout"),
            networks: whole("networks"),
            epochs: whole("epochs"),
            plan,
        }
    }

    /// How a network for so many features and outputs learns from so many rows.
    pub(crate) fn plan(&self, features: usize, outputs: usize, rows: usize) -> Plan {
        let mut sizes = vec![self.width; self.depth + 2];
        sizes[0] = features;
        sizes[self.depth + 1] = outputs;
        let shape = Shape { sizes, activation: self.activation, norm: self.norm, dropout: self.dropout };
        let batch = if self.plan.batch == 0 { (rows / 32).clamp(16, 256) } else { self.plan.batch };
        Plan { shape, batch, ..self.plan.clone() }
    }
}
