//! Flows of least cost, by successive shortest paths (Ahuja, Magnanti and Orlin 1993, chapter 9).

/// One edge with its residual.
#[derive(Debug, Clone, Copy)]
struct Edge {
    to: usize,
    room: i64,
    cost: i64,
}

/// A network under construction, then with its flow.
#[derive(Debug, Clone, Default)]
pub(crate) struct Network {
    edges: Vec<Edge>,
    out: Vec<Vec<usize>>,
}

impl Network {
    pub(crate) fn new(nodes: usize) -> Self {
        Self { edges: Vec::new(), out: vec![Vec::new(); nodes] }
    }

    /// Adds an edge; its number tells its flow later.
    pub(crate) fn edge(&mut self, from: usize, to: usize, room: i64, cost: i64) -> usize {
        let number = self.edges.len();
        self.edges.push(Edge { to, room, cost });
        self.edges.push(Edge { to: from, room: 0, cost: -cost });
        self.out[from].push(number);
        self.out[to].push(number + 1);
        number
    }

    /// The flow on an edge.
    pub(crate) fn flow(&self, edge: usize) -> i64 {
        self.edges[edge + 1].room
    }

    /// Sends as much as goes, at the least cost; says how much went and what it cost.
    pub(crate) fn send(&mut self, source: usize, sink: usize) -> (i64, i64) {
        let (mut sent, mut paid) = (0, 0);
        while let Some((way, cost)) = self.cheapest(source, sink) {
            let room = way.iter().map(|&e| self.edges[e].room).min().unwrap_or(0);
            for &e in &way {
                self.edges[e].room -= room;
                self.edges[e ^ 1].room += room;
            }
            (sent, paid) = (sent + room, paid + room * cost);
        }
        (sent, paid)
    }

    /// The cheapest way with room, by Bellman and Ford, and what one unit costs on it.
    fn cheapest(&self, source: usize, sink: usize) -> Option<(Vec<usize>, i64)> {
        let mut cost = vec![i64::MAX; self.out.len()];
        let mut by = vec![usize::MAX; self.out.len()];
        cost[source] = 0;
        let mut changed = true;
        while changed {
            changed = false;
            for from in (0..self.out.len()).filter(|&n| n != sink) {
                if cost[from] == i64::MAX {
                    continue;
                }
                for &e in &self.out[from] {
                    let edge = self.edges[e];
                    if edge.room > 0 && cost[from] + edge.cost < cost[edge.to] {
                        cost[edge.to] = cost[from] + edge.cost;
                        by[edge.to] = e;
                        changed = true;
                    }
                }
            }
        }
        if cost[sink] == i64::MAX {
            return None;
        }
        let (mut way, mut at) = (Vec::new(), sink);
        while at != source {
            way.push(by[at]);
            at = self.edges[by[at] ^ 1].to;
        }
        Some((way, cost[sink]))
    }
}
