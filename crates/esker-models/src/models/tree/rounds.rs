//! Rounds of boosting: scores, gradients and one tree an output, round after round.

use esker_core::{Context, Error, Result, Rng, Samples};
use esker_math::wide;
use rayon::prelude::*;

use super::bins::{Binned, Bins, MANY_ROWS, PART};
use super::bundle::Table;
use super::grow::{Bounds, Grower, Rows, Use};
use super::loss::Loss;
use super::node::Tree;
use super::route::{Route, send};
use super::rules::Rules;
use super::sums::{Scale, Words};

/// What rounds of boosting do.
#[derive(Clone, Copy)]
pub(super) struct Rounds<'a> {
    pub(super) trees: usize,
    pub(super) rate: f64,
    /// Share of the features drawn for each tree.
    pub(super) columns: f64,
    /// Share of the rows drawn for each round.
    pub(super) rows: f64,
    /// Rows that a round learns from, where there are more.
    pub(super) most_rows: usize,
    pub(super) bounds: Bounds,
    pub(super) rules: &'a Rules,
}

/// Trees, round after round and lane after lane, and the use of each feature.
pub(super) type Grown = (Vec<Tree>, Vec<Use>);

/// Sees the trees of each round; `false` is enough.
pub(super) type Seen<'a> = dyn FnMut(usize, &[Tree]) -> Result<bool> + 'a;

impl Rounds<'_> {
    /// The rounds of a loss that follow `done` ones, from the scores of all rows, lane by lane. Lanes that are many rows together work side
    /// by side.
    ///
    /// # Errors
    /// The user stopped the work, the loss has no finite gradient, or `seen` failed.
    pub(super) fn run<const W: usize>(
        &self,
        table: &Table,
        (done, scores): (usize, Vec<Vec<f64>>),
        mut loss: impl Loss<W>,
        seen: &mut Seen<'_>,
        cx: &Context,
    ) -> Result<Grown> {
        let (rows, features, count) = (table.rows, table.features(), scores.len());
        let mut lanes: Vec<Lane<'_, W>> = scores.into_iter().map(|s| Lane::new(table, self, s)).collect();
        let mut grown: Vec<Tree> = Vec::with_capacity(self.trees.saturating_sub(done) * count);
        for round in done..self.trees {
            cx.check()?;
            let some = (self.rows < 1.0).then(|| draw(rows, self.rows, &mut cx.rng.fork("rows", round as u64)));
            let drawn = window(&some.as_deref().map_or(Rows::Range(0..rows), Rows::Some), self.most_rows, round);
            loss.refresh(&lanes.iter().map(|l| &l.score[..]).collect::<Vec<_>>(), drawn.parts(rows));
            let step = |(k, lane): (usize, &mut Lane<'_, W>)| {
                let mut rng = cx.rng.fork("columns", (round * count + k) as u64);
                let columns: Vec<usize> = draw(features, self.columns, &mut rng).into_iter().map(|f| f as usize).collect();
                lane.step(&loss, k, &drawn, &columns)
            };
            let trees: Vec<Tree> = if count > 1 && rows * count >= MANY_ROWS {
                lanes.par_iter_mut().enumerate().map(step).collect::<Result<_>>()?
            } else {
                lanes.iter_mut().enumerate().map(step).collect::<Result<_>>()?
            };
            let enough = !seen(round, &trees)?;
            grown.extend(trees);
            if enough {
                break;
            }
        }
        let mut uses = vec![Use::default(); features];
        for lane in lanes {
            for (sum, one) in uses.iter_mut().zip(&lane.grower.uses) {
                sum.gain += one.gain;
                sum.splits += one.splits;
            }
        }
        Ok((grown, uses))
    }
}

/// At most so many of some rows, others in each round: the table is in random order where it has more.
fn window<'r>(rows: &Rows<'r>, most: usize, round: usize) -> Rows<'r> {
    let count = rows.len();
    if count <= most {
        return rows.clone();
    }
    let windows = count.div_ceil(most);
    let start = (round % windows) * (count - most) / (windows - 1);
    match rows {
        // Whole parts are counted fastest.
        Rows::Range(range) => {
            let start = range.start + start / PART * PART;
            Rows::Range(start..start + most)
        }
        Rows::Some(rows) => Rows::Some(&rows[start..start + most]),
    }
}

/// Scores, sums and the grower of one output.
struct Lane<'a, const W: usize> {
    grower: Grower<'a, W>,
    table: &'a Table,
    rate: f64,
    sums: Vec<Words<W>>,
    score: Vec<f64>,
    /// The row of the last tree's values that each row has.
    leaves: Vec<u16>,
}

impl<'a, const W: usize> Lane<'a, W> {
    fn new(table: &'a Table, rounds: &Rounds<'a>, score: Vec<f64>) -> Self {
        Self {
            grower: Grower::new(table, rounds.bounds, rounds.rules),
            table,
            rate: rounds.rate,
            sums: vec![[0; W]; table.rows],
            score,
            leaves: vec![0; table.rows],
        }
    }

    /// Grows a tree on the rows drawn and adds its answers to the scores of all.
    fn step(&mut self, loss: &impl Loss<W>, lane: usize, drawn: &Rows<'_>, columns: &[usize]) -> Result<Tree> {
        let scale = self.fill(loss, lane, drawn)?;
        let mut tree = self.grower.grow(&self.sums, scale, drawn, columns, self.rate);
        self.send(&tree);
        self.renew(loss, lane, &mut tree, drawn);
        self.add(tree.values());
        Ok(tree)
    }

    /// Sends all rows down a tree.
    fn send(&mut self, tree: &Tree) {
        let table = self.table;
        let route = Route::of(tree, |feature, side| (table.place[feature], table.side(feature, side)));
        let to: Vec<u16> = route.rows(tree).into_iter().map(|row| row as u16).collect();
        let send = |(part, leaves): (usize, &mut [u16])| {
            let count = leaves.len();
            if route.leaves() <= 256 {
                let mut bytes = [0_u8; PART];
                send(&route, &mut bytes[..count], |column| &table.part(column, part)[..count]);
                leaves.iter_mut().zip(&bytes).for_each(|(leaf, &byte)| *leaf = to[usize::from(byte)]);
            } else {
                send(&route, leaves, |column| &table.part(column, part)[..count]);
                leaves.iter_mut().for_each(|leaf| *leaf = to[usize::from(*leaf)]);
            }
        };
        if self.leaves.len() >= MANY_ROWS {
            self.leaves.par_chunks_mut(PART).enumerate().for_each(send);
        } else {
            self.leaves.chunks_mut(PART).enumerate().for_each(send);
        }
    }

    /// The sums of the rows drawn, and perhaps of others, and their scale.
    fn fill(&mut self, loss: &impl Loss<W>, lane: usize, drawn: &Rows<'_>) -> Result<Scale> {
        let parts = drawn.parts(self.score.len());
        let (first, score) = (parts.start, &self.score[parts.clone()]);
        let sums = &mut self.sums[parts];
        let many = score.len() >= MANY_ROWS;
        let fill = |(part, sums): (usize, &mut [Words<W>])| {
            let from = part * PART;
            loss.fill(lane, first + from, &score[from..from + sums.len()], sums);
            let gradient = sums.iter().map(|raw| f64::from_bits(raw[0]).abs()).sum::<f64>();
            (gradient, if W > 1 { sums.iter().map(|raw| f64::from_bits(raw[W - 1])).sum() } else { 0.0 })
        };
        let each: Vec<(f64, f64)> = if many {
            sums.par_chunks_mut(PART).enumerate().map(fill).collect()
        } else {
            sums.chunks_mut(PART).enumerate().map(fill).collect()
        };
        let (gradient, hessian) = each.iter().fold((0.0, 0.0), |(a, b), (g, h)| (a + g, b + h));
        if !gradient.is_finite() || !hessian.is_finite() {
            let bad = sums.iter().position(|raw| raw.iter().any(|&bits| !f64::from_bits(bits).is_finite()));
            return Err(Error::numeric("boosting")
                .got(format!("a gradient or hessian that is no finite number, at a score of {}", bad.map_or(f64::NAN, |r| score[r])))
                .rule("the loss must have finite derivatives at every score")
                .hint("try a smaller rate, or look for extreme targets"));
        }
        let scale = Scale::new::<W>(score.len(), gradient, hessian);
        let pack = |sums: &mut [Words<W>]| {
            wide(
                #[inline(always)]
                || sums.iter_mut().for_each(|raw| *raw = scale.pack(*raw)),
            );
        };
        if many {
            sums.par_chunks_mut(PART).for_each(pack);
        } else {
            pack(sums);
        }
        Ok(scale)
    }

    /// Gives leaves the values of losses whose best answer is no ratio of sums.
    fn renew(&self, loss: &impl Loss<W>, lane: usize, tree: &mut Tree, drawn: &Rows<'_>) {
        if !loss.renews(lane) {
            return;
        }
        let ranges = self.grower.ranges();
        let mut rows = vec![Vec::new(); ranges.len()];
        let mut put = |row: usize| rows[usize::from(self.leaves[row])].push(row as u32);
        match drawn {
            Rows::Range(range) => range.clone().for_each(&mut put),
            Rows::Some(some) => some.iter().for_each(|&r| put(r as usize)),
        }
        let values: Vec<f64> = rows.par_iter().map(|rows| loss.leaf(lane, rows, &self.score)).collect();
        for (leaf, (value, (low, high))) in values.into_iter().zip(ranges).enumerate() {
            tree.set(leaf, self.rate * value.clamp(low, high));
        }
    }

    /// Adds the values of the leaves to the rows in them.
    fn add(&mut self, values: &[f64]) {
        let add = |(scores, leaves): (&mut [f64], &[u16])| {
            scores.iter_mut().zip(leaves).for_each(|(score, &leaf)| *score += values[usize::from(leaf)]);
        };
        if self.score.len() >= MANY_ROWS {
            self.score.par_chunks_mut(PART).zip(self.leaves.par_chunks(PART)).for_each(add);
        } else {
            add((&mut self.score, &self.leaves));
        }
    }
}

/// Held-out rows that follow the rounds.
pub(super) struct Followed {
    binned: Binned,
    /// Scores, lane by lane.
    pub(super) scores: Vec<Vec<f64>>,
}

impl Followed {
    /// Rows coded by `bins`, at the starting scores.
    ///
    /// # Errors
    /// A feature is missing or of another type, a class was never seen.
    pub(super) fn new(bins: &Bins, at: &Samples, start: &[f64]) -> Result<Self> {
        let rows: Vec<usize> = (0..at.rows()).collect();
        Ok(Self { binned: bins.encode(at, &rows)?, scores: start.iter().map(|&s| vec![s; at.rows()]).collect() })
    }

    /// After all rounds of some trees.
    pub(super) fn through(mut self, trees: &[Tree]) -> Self {
        let lanes = self.scores.len().max(1);
        trees.chunks(lanes).for_each(|round| self.add(round));
        self
    }

    /// Adds the answers of a round.
    pub(super) fn add(&mut self, trees: &[Tree]) {
        for (tree, scores) in trees.iter().zip(&mut self.scores) {
            let route = Route::of(tree, |feature, side| (feature, *side));
            let mut leaves = vec![0_u16; scores.len()];
            send(&route, &mut leaves, |feature| self.binned.column(feature));
            let values: Vec<f64> = route.rows(tree).into_iter().map(|row| tree.values()[row as usize]).collect();
            scores.iter_mut().zip(&leaves).for_each(|(score, &leaf)| *score += values[usize::from(leaf)]);
        }
    }
}

/// A share of `0..of`, at least one, ascending: Knuth's selection sampling (algorithm S).
fn draw(of: usize, share: f64, rng: &mut Rng) -> Vec<u32> {
    let wanted = if share >= 1.0 { of } else { ((of as f64 * share).round() as usize).clamp(1.min(of), of) };
    if wanted == of {
        return (0..of as u32).collect();
    }
    let mut left = wanted;
    (0..of)
        .filter(|i| {
            let take = rng.uniform() * ((of - i) as f64) < left as f64;
            left -= usize::from(take);
            take
        })
        .map(|i| i as u32)
        .collect()
}
