//! Flows of least cost, by shortest paths with potentials (Ahuja, Magnanti and Orlin 1993, chapter 9): Dijkstra's distances make all cheapest ways
//! free, and as much as goes is sent along those at once.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// One edge with its residual.
#[derive(Debug, Clone, Copy)]
struct Edge {
    to: u32,
    room: i32,
    cost: i32,
}

/// A network under construction, then with its flow.
#[derive(Debug, Clone, Default)]
pub(crate) struct Network {
    edges: Vec<Edge>,
    out: Vec<Vec<u32>>,
}

impl Network {
    pub(crate) fn new(nodes: usize) -> Self {
        Self { edges: Vec::new(), out: vec![Vec::new(); nodes] }
    }

    /// Adds an edge, whose cost is not negative; its number tells its flow later.
    pub(crate) fn edge(&mut self, from: usize, to: usize, room: i32, cost: i32) -> usize {
        debug_assert!(cost >= 0, "the first distances take no cost for negative");
        let number = self.edges.len();
        self.edges.push(Edge { to: to as u32, room, cost });
        self.edges.push(Edge { to: from as u32, room: 0, cost: -cost });
        self.out[from].push(number as u32);
        self.out[to].push(number as u32 + 1);
        number
    }

    /// The flow on an edge.
    pub(crate) fn flow(&self, edge: usize) -> i32 {
        self.edges[edge + 1].room
    }

    /// Sends as much as goes, at the least cost; says how much went and what it cost.
    pub(crate) fn send(&mut self, source: usize, sink: usize) -> (i64, i64) {
        let (mut sent, mut paid) = (0, 0);
        let mut height = vec![0; self.out.len()];
        while self.raise(&mut height, source, sink) {
            let price = height[sink] - height[source];
            loop {
                let went = self.fill(&height, source, sink);
                if went == 0 {
                    break;
                }
                (sent, paid) = (sent + went, paid + went * price);
            }
        }
        (sent, paid)
    }

    /// What an edge costs beyond the difference in height; never negative where it has room.
    fn excess(&self, height: &[i64], from: usize, edge: Edge) -> i64 {
        i64::from(edge.cost) + height[from] - height[edge.to as usize]
    }

    /// Raises heights until a way from source to sink is free; says whether there is one.
    fn raise(&self, height: &mut [i64], source: usize, sink: usize) -> bool {
        let mut far = vec![i64::MAX; self.out.len()];
        far[source] = 0;
        let mut open = BinaryHeap::from([Reverse((0, source))]);
        while let Some(Reverse((here, from))) = open.pop() {
            if from == sink {
                break;
            }
            if here > far[from] {
                continue;
            }
            for &e in &self.out[from] {
                let edge = self.edges[e as usize];
                let there = here + self.excess(height, from, edge);
                if edge.room > 0 && there < far[edge.to as usize] {
                    far[edge.to as usize] = there;
                    open.push(Reverse((there, edge.to as usize)));
                }
            }
        }
        // Whatever lies farther than the sink is raised as much as the sink.
        let most = far[sink];
        if most < i64::MAX {
            height.iter_mut().zip(far).for_each(|(h, f)| *h += f.min(most));
        }
        most < i64::MAX
    }

    /// Sends along free ways, each node given up once nothing led on from it; says how much went.
    fn fill(&mut self, height: &[i64], source: usize, sink: usize) -> i64 {
        let mut next = vec![0; self.out.len()];
        let mut used = vec![false; self.out.len()];
        let (mut way, mut at, mut went) = (Vec::<usize>::new(), source, 0);
        used[source] = true;
        loop {
            if at == sink {
                let room = way.iter().map(|&e| self.edges[e].room).min().unwrap_or(0);
                for e in way.drain(..) {
                    self.edges[e].room -= room;
                    self.edges[e ^ 1].room += room;
                    used[self.edges[e].to as usize] = false;
                }
                (at, went) = (source, went + i64::from(room));
                continue;
            }
            let free = |&e: &u32| {
                let edge = self.edges[e as usize];
                edge.room > 0 && !used[edge.to as usize] && self.excess(height, at, edge) == 0
            };
            match self.out[at][next[at]..].iter().position(free) {
                Some(skipped) => {
                    next[at] += skipped;
                    let e = self.out[at][next[at]] as usize;
                    way.push(e);
                    at = self.edges[e].to as usize;
                    used[at] = true;
                }
                None => {
                    let Some(e) = way.pop() else { return went };
                    at = self.edges[e ^ 1].to as usize;
                    next[at] += 1;
                }
            }
        }
    }
}
