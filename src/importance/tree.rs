//! The depth-first subset tree. A node stands for a decided prefix of items; its state is the symmetric matrix of the
//! items still open and of one or two further columns, with the included items swept out.
//!
//! Excluding the first open item drops its row: the child is the tail of the same slice. Including it is one pivot on what
//! remains. A subset costs a handful of operations on average, because half of all nodes have one open item left.
//!
//! Row i of the packed state holds the entries (i, i), (i, i+1), ..., then E further columns. With E = 1 the further column is the
//! outcome and the value of a subset is what it explains; with E = 2 the second further column is a row that was not
//! fitted, and the value is its squared error, negated.
#![allow(clippy::inline_always)] // One lost inlining costs a factor of three here.

use super::lanes::Lanes;

/// Below this share of an item's own variance, what is left of it counts as nothing.
pub const DEPENDENT: f64 = 1e-10;

/// Sums of the values of all subsets of the open items, lane by lane.
#[derive(Debug, Clone)]
pub struct Sums {
    /// Number of open items m.
    pub items: usize,
    /// By size 0..=m.
    pub by_size: Vec<Lanes>,
    /// By item and size, m x (m + 1): subsets that contain the item.
    pub by_member: Vec<Lanes>,
}

/// Entries of a packed state of `open` items and `extra` further columns.
pub const fn packed(open: usize, extra: usize) -> usize {
    open * (open + 1) / 2 + open * extra
}

/// Walks all subsets of `open` items, from their packed state and the value (E = 1) or error (E = 2) of the empty set.
pub fn walk<const E: usize>(open: usize, state: &[Lanes], corner: Lanes) -> Sums {
    let mut sums =
        Sums { items: open, by_size: vec![Lanes::ZERO; open + 1], by_member: vec![Lanes::ZERO; open * (open + 1)] };
    let mut free: Vec<Lanes> = vec![Lanes::ZERO; (1..open).map(|r| packed(r, E)).sum()];
    let mut scratch = vec![Lanes::ZERO; (0..=open + 1).sum()];
    let mut walker: Walker<'_, E> = Walker { items: open, members: &mut sums.by_member };
    walker.node(open, 0, state, corner, &mut free, &mut sums.by_size, &mut scratch);
    sums
}

struct Walker<'a, const E: usize> {
    items: usize,
    members: &'a mut [Lanes],
}

#[inline(always)]
fn value<const E: usize>(corner: Lanes) -> Lanes {
    if E == 1 { corner } else { Lanes::ZERO - corner * corner }
}

/// The corner after the item at the head of `row` has entered.
#[inline(always)]
fn entered<const E: usize>(corner: Lanes, row: &[Lanes], width: usize, inverse: Lanes) -> Lanes {
    let gain = row[width] * row[width + E - 1] * inverse;
    if E == 1 { corner + gain } else { corner - gain }
}

/// Writes the state with the first of `open` items swept out.
#[inline(always)]
fn sweep<const E: usize>(open: usize, state: &[Lanes], inverse: Lanes, child: &mut [Lanes]) {
    let width = open + E;
    let (first, rest) = state.split_at(width);
    let mut at = 0;
    for i in 1..open {
        let factor = first[i] * inverse;
        let length = width - i;
        let (from, to, head) = (&rest[at..at + length], &mut child[at..at + length], &first[i..i + length]);
        for k in 0..length {
            to[k] = from[k] - factor * head[k];
        }
        at += length;
    }
}

impl<const E: usize> Walker<'_, E> {
    /// `out` receives the sums by size of the open items chosen, `open` + 1 of them; `taken` items were included above.
    #[allow(clippy::too_many_arguments)]
    fn node(
        &mut self,
        open: usize,
        taken: usize,
        state: &[Lanes],
        corner: Lanes,
        free: &mut [Lanes],
        out: &mut [Lanes],
        scratch: &mut [Lanes],
    ) {
        match open {
            0 => out[0] = value::<E>(corner),
            1 => {
                let mut values = [Lanes::ZERO; 2];
                leaf_1::<E>(state, corner, &mut values);
                self.gather(&values, open, taken, out);
            }
            2 => {
                let mut values = [Lanes::ZERO; 4];
                leaf_2::<E>(state, corner, &mut values);
                self.gather(&values, open, taken, out);
            }
            3 => {
                let mut values = [Lanes::ZERO; 8];
                leaf_3::<E>(state, corner, &mut values);
                self.gather(&values, open, taken, out);
            }
            4 => {
                let mut values = [Lanes::ZERO; 16];
                leaf_4::<E>(state, corner, &mut values);
                self.gather(&values, open, taken, out);
            }
            _ => self.branch(open, taken, state, corner, free, out, scratch),
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn branch(
        &mut self,
        open: usize,
        taken: usize,
        state: &[Lanes],
        corner: Lanes,
        free: &mut [Lanes],
        out: &mut [Lanes],
        scratch: &mut [Lanes],
    ) {
        self.node(open - 1, taken, &state[open + E..], corner, free, out, scratch);
        out[open] = Lanes::ZERO;
        let inverse = state[0].inverse_above(DEPENDENT);
        let (child, free) = free.split_at_mut(packed(open - 1, E));
        sweep::<E>(open, state, inverse, child);
        let (with, scratch) = scratch.split_at_mut(open);
        self.node(open - 1, taken + 1, child, entered::<E>(corner, state, open, inverse), free, with, scratch);
        let item = self.items - open;
        let start = item * (self.items + 1) + taken;
        let member = &mut self.members[start..=start + open];
        for k in 0..open {
            out[k + 1] += with[k];
            member[k + 1] += with[k];
        }
    }

    /// Adds the values of the last subsets up by size and membership; bit b of an index is the b-th open item.
    #[inline(always)]
    fn gather<const N: usize>(&mut self, values: &[Lanes; N], open: usize, taken: usize, out: &mut [Lanes]) {
        let base = self.items - open;
        for slot in &mut out[..=open] {
            *slot = Lanes::ZERO;
        }
        for (subset, v) in values.iter().enumerate() {
            out[subset.count_ones() as usize] += *v;
        }
        for item in 0..open {
            let member = &mut self.members[(base + item) * (self.items + 1) + taken..];
            let mut sums = [Lanes::ZERO; 5];
            for (subset, v) in values.iter().enumerate() {
                if subset >> item & 1 == 1 {
                    sums[subset.count_ones() as usize] += *v;
                }
            }
            for k in 1..=open {
                member[k] += sums[k];
            }
        }
    }
}

/// Values of the subsets of one open item.
#[inline(always)]
fn leaf_1<const E: usize>(state: &[Lanes], corner: Lanes, values: &mut [Lanes; 2]) {
    let inverse = state[0].inverse_above(DEPENDENT);
    *values = [value::<E>(corner), value::<E>(entered::<E>(corner, state, 1, inverse))];
}

macro_rules! leaf {
    ($name:ident, $below:ident, $open:literal, $half:literal, $what:literal) => {
        #[doc = $what]
        #[inline(always)]
        fn $name<const E: usize>(state: &[Lanes], corner: Lanes, values: &mut [Lanes; 2 * $half]) {
            // One pivot leaves at most 9 entries of three items and two further columns.
            let mut child = [Lanes::ZERO; 12];
            let (mut without, mut with) = ([Lanes::ZERO; $half], [Lanes::ZERO; $half]);
            $below::<E>(&state[$open + E..], corner, &mut without);
            let inverse = state[0].inverse_above(DEPENDENT);
            sweep::<E>($open, state, inverse, &mut child);
            $below::<E>(&child, entered::<E>(corner, state, $open, inverse), &mut with);
            for k in 0..$half {
                values[2 * k] = without[k];
                values[2 * k + 1] = with[k];
            }
        }
    };
}

leaf!(leaf_2, leaf_1, 2, 2, "Values of the subsets of two open items.");
leaf!(leaf_3, leaf_2, 3, 4, "Values of the subsets of three open items.");
leaf!(leaf_4, leaf_3, 4, 8, "Values of the subsets of four open items.");

/// Writes the value of every subset of `open` items to `values`; the b-th open item is bit b of the index.
pub fn write(open: usize, state: &[Lanes], corner: Lanes, mut emit: impl FnMut(usize, Lanes)) {
    let mut free: Vec<Lanes> = vec![Lanes::ZERO; (1..open).map(|r| packed(r, 1)).sum()];
    write_node(open, open, state, corner, 0, &mut free, &mut emit);
}

fn write_node(
    items: usize,
    open: usize,
    state: &[Lanes],
    corner: Lanes,
    subset: usize,
    free: &mut [Lanes],
    emit: &mut impl FnMut(usize, Lanes),
) {
    if open == 0 {
        emit(subset, corner);
        return;
    }
    write_node(items, open - 1, &state[open + 1..], corner, subset, free, emit);
    let inverse = state[0].inverse_above(DEPENDENT);
    let (child, free) = free.split_at_mut(packed(open - 1, 1));
    sweep::<1>(open, state, inverse, child);
    let bit = 1 << (items - open);
    write_node(items, open - 1, child, entered::<1>(corner, state, open, inverse), subset | bit, free, emit);
}
