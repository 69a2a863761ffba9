//! Feasible circulations with integer bounds: the algebra under the whole-table solver.
//!
//! Every printed sum or mean of a table bounds the flow through one arc (rows and columns are nested families, so the
//! table is a network). A feasible circulation exists exactly when no cut demands more than it can carry (Hoffman 1960,
//! <https://doi.org/10.1090/psapm/010/0114759>), and with integer bounds it is integral. What can vary is found in the
//! residual network, one unit at a time: tables are small and bounds are a few steps wide.

use std::rc::Rc;

/// An arc as it was added; `flow` lies within the bounds once the network is feasible.
#[derive(Debug, Clone, Copy)]
struct Arc {
    from: usize,
    to: usize,
    low: i64,
    high: i64,
    flow: i64,
}

/// A network with bounds on arcs and conservation at every node.
///
/// Ranges are found on clones, so the arcs at each node are shared: a clone copies the flows only.
#[derive(Debug, Clone, Default)]
pub(super) struct Network {
    arcs: Vec<Arc>,
    at: Rc<Vec<Vec<usize>>>,
}

impl Network {
    pub(super) fn node(&mut self) -> usize {
        Rc::make_mut(&mut self.at).push(Vec::new());
        self.at.len() - 1
    }

    /// Adds an arc and returns its number.
    pub(super) fn arc(&mut self, from: usize, to: usize, low: i64, high: i64) -> usize {
        let number = self.arcs.len();
        self.arcs.push(Arc { from, to, low, high, flow: 0 });
        let at = Rc::make_mut(&mut self.at);
        at[from].push(number);
        at[to].push(number);
        number
    }

    pub(super) fn flow(&self, arc: usize) -> i64 {
        self.arcs[arc].flow
    }

    pub(super) fn bounds_of(&self, arc: usize) -> (i64, i64) {
        (self.arcs[arc].low, self.arcs[arc].high)
    }

    /// Narrows the bounds of an arc.
    pub(super) fn bound(&mut self, arc: usize, low: i64, high: i64) {
        self.arcs[arc].low = low;
        self.arcs[arc].high = high;
    }

    /// A shortest path from `source` to `sink` with room for another unit, as (arc, forwards). `closed` is not used.
    fn path(
        &self,
        source: usize,
        sink: usize,
        closed: usize,
        room: impl Fn(&Arc, bool) -> i64,
    ) -> Option<Vec<(usize, bool)>> {
        let mut reached: Vec<Option<(usize, bool)>> = vec![None; self.at.len()];
        let mut seen = vec![false; self.at.len()];
        let mut queue = std::collections::VecDeque::from([source]);
        seen[source] = true;
        while let Some(node) = queue.pop_front() {
            if node == sink {
                break;
            }
            for &number in &self.at[node] {
                let arc = &self.arcs[number];
                let forwards = arc.from == node;
                let next = if forwards { arc.to } else { arc.from };
                if number != closed && !seen[next] && room(arc, forwards) > 0 {
                    seen[next] = true;
                    reached[next] = Some((number, forwards));
                    queue.push_back(next);
                }
            }
        }
        let mut steps = Vec::new();
        let mut node = sink;
        while node != source {
            let (number, forwards) = reached[node]?;
            steps.push((number, forwards));
            node = if forwards { self.arcs[number].from } else { self.arcs[number].to };
        }
        Some(steps)
    }

    /// Room in the residual network of a feasible flow.
    fn slack(arc: &Arc, forwards: bool) -> i64 {
        if forwards { arc.high - arc.flow } else { arc.flow - arc.low }
    }

    fn push(&mut self, steps: &[(usize, bool)], amount: i64) {
        for &(number, forwards) in steps {
            self.arcs[number].flow += if forwards { amount } else { -amount };
        }
    }

    /// Finds flows within all bounds that are conserved at every node; false when there are none.
    ///
    /// Each arc starts at its lower bound; what a node then has too much of is carried to nodes that have too little.
    pub(super) fn feasible(&mut self) -> bool {
        if self.arcs.iter().any(|arc| arc.low > arc.high) {
            return false;
        }
        let mut excess = vec![0_i64; self.at.len()];
        for arc in &mut self.arcs {
            arc.flow = arc.low;
            excess[arc.to] += arc.low;
            excess[arc.from] -= arc.low;
        }
        let nodes = self.at.len();
        let (source, sink) = (self.node(), self.node());
        let first = self.arcs.len();
        let mut needed = 0;
        for (node, extra) in excess.into_iter().enumerate().take(nodes) {
            if extra > 0 {
                self.arc(source, node, 0, extra);
                needed += extra;
            } else if extra < 0 {
                self.arc(node, sink, 0, -extra);
            }
        }
        let mut carried = 0;
        while carried < needed {
            let Some(steps) = self.path(source, sink, usize::MAX, Self::slack) else { break };
            let amount = steps.iter().map(|&(n, f)| Self::slack(&self.arcs[n], f)).min().unwrap_or(0);
            self.push(&steps, amount);
            carried += amount;
        }
        let at = Rc::make_mut(&mut self.at);
        for arc in self.arcs.drain(first..) {
            for node in [arc.from, arc.to] {
                at[node].pop();
            }
        }
        at.truncate(nodes);
        carried == needed
    }

    /// Raises (or lowers) the flow of one arc by as much as the others allow, at most `most`, and returns by how much.
    /// The flow stays feasible.
    pub(super) fn shift(&mut self, arc: usize, up: bool, most: i64) -> i64 {
        let (from, to) = (self.arcs[arc].from, self.arcs[arc].to);
        let (start, end) = if up { (to, from) } else { (from, to) };
        let mut moved = 0;
        while moved < most {
            let own = Self::slack(&self.arcs[arc], up).min(most - moved);
            if own <= 0 {
                break;
            }
            let Some(steps) = self.path(start, end, arc, Self::slack) else { break };
            let amount = steps.iter().map(|&(n, f)| Self::slack(&self.arcs[n], f)).min().unwrap_or(0).min(own);
            self.push(&steps, amount);
            self.arcs[arc].flow += if up { amount } else { -amount };
            moved += amount;
        }
        moved
    }

    /// The lowest and highest flow of one arc over all feasible flows; the flow itself stays as it was.
    pub(super) fn range(&self, arc: usize) -> (i64, i64) {
        let now = self.flow(arc);
        let low = now - self.clone().shift(arc, false, i64::MAX);
        let high = now + self.clone().shift(arc, true, i64::MAX);
        (low, high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_two_by_two_table_has_the_ranges_of_its_margins() {
        // Row sums 3 and 1, column sums 2 and 2, cells 0 to 3: the first cell is 1 or 2.
        let mut network = Network::default();
        let (hub, rows, columns) = (network.node(), [network.node(), network.node()], [network.node(), network.node()]);
        for (row, sum) in rows.into_iter().zip([3, 1]) {
            network.arc(hub, row, sum, sum);
        }
        let cells: Vec<usize> =
            rows.into_iter().flat_map(|r| columns.map(|c| (r, c))).map(|(r, c)| network.arc(r, c, 0, 3)).collect();
        for column in columns {
            network.arc(column, hub, 2, 2);
        }
        assert!(network.feasible());
        assert_eq!(network.range(cells[0]), (1, 2));
        assert_eq!(network.range(cells[3]), (0, 1));
        network.bound(cells[0], 3, 3);
        assert!(!network.feasible());
    }
}
