//! Confidence sets of the wild cluster bootstrap without a grid: every draw's t ratio meets the observed one where a quartic is zero.
//!
//! In units of the standard error, tau = (b - r)/se is the observed t ratio at the null r. A draw moves by N(tau), linear, with squared standard
//! error D(tau), quadratic; it is at least as extreme where N^2 >= tau^2 D. The roots of that quartic are all the null values at which
//! the draw changes sides, so that sorting the roots of all draws and adding up gives p at every null value at once.

use super::wild_draws::Draw;
use serde::{Deserialize, Serialize};

/// What counts as extreme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Alternative {
    /// |t*| against |t|.
    #[serde(rename = "two-sided")]
    Symmetric,
    /// Twice the smaller tail.
    #[serde(rename = "equal-tailed")]
    EqualTailed,
    /// The coefficient is larger than the null value.
    #[serde(rename = "greater")]
    Greater,
    /// It is smaller.
    #[serde(rename = "less")]
    Less,
}

/// How equal values count: all, none, or half of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ties {
    /// As at least as extreme: the p-value that is never too small.
    Weak,
    /// Not.
    Strict,
    /// Half.
    Mid,
}

/// Null values further than this many standard errors from the estimate count as infinite.
pub const FAR: f64 = 1e7;
/// Relative size below which differences are round-off.
const ROUND: f64 = 1e-10;

/// Sizes against which round-off is judged: of N at 0, of its slope, and of both parts of K, in units of the standard error.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// Sum of |n0|.
    pub moved: f64,
    /// Sum of |n1|, times the standard error.
    pub slope: f64,
    /// Frobenius norm of K0.
    pub length: f64,
    /// Frobenius norm of K1, times the standard error.
    pub length_slope: f64,
}

/// What draws add up to at one null value, and the places where they change sides.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Weight of all draws.
    pub total: f64,
    /// Weight with |t*| > |t|, and of ties.
    pub both: [f64; 2],
    /// Weight with t* > t, and of ties.
    pub above: [f64; 2],
    /// Weight of draws that are tied at every null value.
    pub always_tied: f64,
    /// Weight below which a tail that counts ties is not taken to fall: the data are one configuration (and its mirror image).
    pub least: f64,
    /// Draws whose move and standard error are both nothing.
    pub undefined: f64,
    /// Weight of draws that are extreme at tau = -FAR.
    pub base: f64,
    /// (tau, change of weight).
    pub events: Vec<(f64, f64)>,
}

impl Seen {
    /// Adds another block.
    pub fn merge(&mut self, other: Self) {
        self.total += other.total;
        for k in 0..2 {
            self.both[k] += other.both[k];
            self.above[k] += other.above[k];
        }
        self.always_tied += other.always_tied;
        self.undefined += other.undefined;
        self.least = self.least.max(other.least);
        self.base += other.base;
        self.events.extend(other.events);
    }

    /// Counts one draw at the observed t ratio `tau` (of the null value asked for).
    pub fn count(&mut self, draw: &Draw, tau: f64, scale: &Scale) {
        let moved = draw.moved[0] + tau * draw.moved[1];
        let square = draw.square[0] + tau * (draw.square[1] + tau * draw.square[2]);
        let reach = square.max(0.0).sqrt();
        let size = scale.moved + tau.abs() * (scale.slope + scale.length + tau.abs() * scale.length_slope);
        let tolerance = ROUND * size;
        if moved.abs() <= tolerance && reach <= ROUND * (scale.length + tau.abs() * scale.length_slope) {
            self.undefined += draw.weight * if draw.mirrored { 2.0 } else { 1.0 };
        }
        let part = |difference: f64| -> Option<usize> {
            if difference > tolerance {
                Some(0)
            } else if difference >= -tolerance {
                Some(1)
            } else {
                None
            }
        };
        for sign in if draw.mirrored { &[1.0, -1.0][..] } else { &[1.0][..] } {
            self.total += draw.weight;
            if let Some(k) = part(moved.abs() - tau.abs() * reach) {
                self.both[k] += draw.weight;
            }
            if let Some(k) = part(sign * moved - tau * reach) {
                self.above[k] += draw.weight;
            }
        }
    }

    /// Notes where a draw changes sides, over all null values.
    pub fn trace(&mut self, draw: &Draw, alternative: Alternative, scale: &Scale) {
        let [n0, n1] = draw.moved;
        let [d0, d1, d2] = draw.square;
        let quartic = [n0 * n0, 2.0 * n0 * n1, n1 * n1 - d0, -d1, -d2];
        let times = if draw.mirrored { 2.0 } else { 1.0 };
        if vanishes(&quartic, scale) {
            self.always_tied += draw.weight * times;
            return;
        }
        let (roots, found) = quartic_roots(&quartic);
        let roots = &roots[..found];
        if alternative == Alternative::Symmetric {
            let extreme = |tau: f64| evaluate(&quartic, tau) >= 0.0;
            self.changes(roots, draw.weight * times, extreme);
            return;
        }
        for sign in if draw.mirrored { &[1.0, -1.0][..] } else { &[1.0][..] } {
            let above = |tau: f64| {
                let reach = (d0 + tau * (d1 + tau * d2)).max(0.0).sqrt();
                sign * (n0 + tau * n1) >= tau * reach
            };
            self.changes(roots, draw.weight, above);
        }
    }

    fn changes(&mut self, roots: &[f64], weight: f64, extreme: impl Fn(f64) -> bool) {
        let mut from = -FAR;
        let mut state = None;
        for to in roots.iter().copied().chain([FAR]) {
            let now = extreme(0.5 * (from + to));
            match state {
                None if now => self.base += weight,
                Some(before) if before != now => self.events.push((from, if now { weight } else { -weight })),
                _ => {}
            }
            state = Some(now);
            from = to;
        }
    }
}

/// Whether a quartic is nothing but round-off: the draw repeats the data, or their mirror image.
fn vanishes(a: &[f64; 5], scale: &Scale) -> bool {
    let tiny = 1e-9;
    a[0] <= tiny * tiny * scale.moved * scale.moved
        && a[1].abs() <= tiny * scale.moved * scale.slope.max(f64::MIN_POSITIVE)
        && a[2].abs() <= tiny * (scale.slope * scale.slope + scale.length * scale.length)
        && a[3].abs() <= tiny * scale.length * scale.length_slope.max(f64::MIN_POSITIVE)
        && a[4].abs() <= tiny * scale.length_slope * scale.length_slope
}

fn evaluate(a: &[f64; 5], x: f64) -> f64 {
    a[0] + x * (a[1] + x * (a[2] + x * (a[3] + x * a[4])))
}

/// Real roots within FAR, rising, and how many. Between the roots of its derivative a polynomial is monotone; so cubic roots part the
/// line for the quartic, and quadratic ones for the cubic.
fn quartic_roots(a: &[f64; 5]) -> ([f64; 4], usize) {
    let bound = reach_of(a);
    let slope = [a[1], 2.0 * a[2], 3.0 * a[3], 4.0 * a[4]];
    let curve = [slope[1], 2.0 * slope[2], 3.0 * slope[3]];
    let (turns, two) = quadratic_roots(curve);
    let mut bends = [0.0; 4];
    let three = between(&slope, &turns[..two], bound, &mut bends);
    let mut roots = [0.0; 4];
    let found = between(a, &bends[..three], bound, &mut roots);
    (roots, found)
}

/// Fujiwara's bound of all roots, at most FAR.
fn reach_of(a: &[f64; 5]) -> f64 {
    let lead = a[4].abs();
    let mut bound: f64 = 0.0;
    for (k, c) in a[..4].iter().enumerate() {
        let power = 4 - k;
        let ratio = c.abs() / lead;
        let term = match power {
            1 => ratio,
            2 => ratio.sqrt(),
            3 => ratio.cbrt(),
            _ => ratio.sqrt().sqrt(),
        };
        bound = bound.max(term);
    }
    let bound = 2.0 * bound;
    if bound.is_finite() { bound.clamp(1e-9, FAR) } else { FAR }
}

fn quadratic_roots(c: [f64; 3]) -> ([f64; 2], usize) {
    let discriminant = c[1] * c[1] - 4.0 * c[0] * c[2];
    if c[2] == 0.0 {
        return if c[1] == 0.0 { ([0.0; 2], 0) } else { ([-c[0] / c[1], 0.0], 1) };
    }
    if discriminant <= 0.0 {
        return ([0.0; 2], 0);
    }
    let q = -0.5 * (c[1] + discriminant.sqrt().copysign(c[1]));
    let (x, y) = (q / c[2], if q == 0.0 { 0.0 } else { c[0] / q });
    ([x.min(y), x.max(y)], 2)
}

/// Roots of a polynomial of degree up to 4 in the monotone pieces that `parts` cut the line into.
fn between<const N: usize>(a: &[f64; N], parts: &[f64], bound: f64, roots: &mut [f64; 4]) -> usize {
    let value = |x: f64| a.iter().rev().fold(0.0, |sum, c| sum * x + c);
    let slope = |x: f64| (1..N).rev().fold(0.0, |sum, k| sum * x + k as f64 * a[k]);
    let mut found = 0;
    let mut low = -bound;
    let mut at_low = value(low);
    for high in parts.iter().copied().filter(|x| x.abs() < bound).chain([bound]) {
        let at_high = value(high);
        if (at_low < 0.0) != (at_high < 0.0) && found < 4 {
            roots[found] = root_in(low, high, at_low < 0.0, value, slope);
            found += 1;
        }
        (low, at_low) = (high, at_high);
    }
    found
}

/// Newton's method kept inside a bracket.
fn root_in(mut low: f64, mut high: f64, rising: bool, value: impl Fn(f64) -> f64, slope: impl Fn(f64) -> f64) -> f64 {
    let mut x = 0.5 * (low + high);
    for _ in 0..80 {
        let f = value(x);
        if f == 0.0 {
            return x;
        }
        if (f < 0.0) == rising {
            low = x;
        } else {
            high = x;
        }
        let step = f / slope(x);
        let next = x - step;
        let next = if next > low && next < high { next } else { 0.5 * (low + high) };
        if (next - x).abs() <= 4.0 * f64::EPSILON * x.abs().max(1e-3) {
            return next;
        }
        x = next;
    }
    x
}

/// p as a function of the null value, ready to be cut at any level.
#[derive(Debug, Clone)]
pub struct Profile {
    steps: Vec<(f64, f64)>,
    base: f64,
    tied: f64,
    least: f64,
    total: f64,
    drawn: bool,
}

impl Profile {
    /// Sorts what all blocks saw. `drawn`: p is (c + 1)/(B + 1).
    pub fn new(mut seen: Seen, ties: Ties, drawn: bool) -> Self {
        use rayon::slice::ParallelSliceMut;
        seen.events.par_sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let share = match ties {
            Ties::Weak => 1.0,
            Ties::Strict => 0.0,
            Ties::Mid => 0.5,
        };
        let least = if ties == Ties::Weak { seen.least } else { 0.0 };
        Self { steps: seen.events, base: seen.base, tied: share * seen.always_tied, least, total: seen.total, drawn }
    }

    fn p(&self, count: f64) -> f64 {
        if self.drawn { (count + 1.0) / (self.total + 1.0) } else { count / self.total }
    }

    /// All tau whose p exceeds `level`, as intervals from low to high; ends beyond FAR are infinite.
    pub fn set(&self, alternative: Alternative, level: f64) -> Vec<(f64, f64)> {
        // A sum of unequal weights carries round-off; a p that equals the level is not above it.
        let level = level + 1e-12;
        let inside = |above: f64| {
            let weak = (above + self.tied).max(self.least);
            let below = (self.total - above).max(self.least);
            match alternative {
                Alternative::Symmetric | Alternative::Greater => self.p(weak) > level,
                Alternative::Less => self.p(below) > level,
                Alternative::EqualTailed => 2.0 * self.p(weak.min(below)) > level,
            }
        };
        let mut set: Vec<(f64, f64)> = Vec::new();
        let mut count = self.base;
        let mut open = inside(count).then_some(f64::NEG_INFINITY);
        let mut at = 0;
        while at < self.steps.len() {
            let place = self.steps[at].0;
            let mut end = place;
            // Changes at one place, up to round-off, happen together.
            while at < self.steps.len() && self.steps[at].0 <= place + ROUND * (1.0 + place.abs()) {
                count += self.steps[at].1;
                end = self.steps[at].0;
                at += 1;
            }
            match (open, inside(count)) {
                (None, true) => open = Some(place),
                (Some(start), false) => {
                    set.push((start, end));
                    open = None;
                }
                _ => {}
            }
        }
        if let Some(start) = open {
            set.push((start, f64::INFINITY));
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_by_hand() {
        // (x + 3)(x + 1)(x - 2)(x - 5).
        let a = [30.0, 19.0, -15.0, -3.0, 1.0];
        let expanded = |x: f64| (x + 3.0) * (x + 1.0) * (x - 2.0) * (x - 5.0);
        assert!((evaluate(&a, 0.7) - expanded(0.7)).abs() < 1e-12);
        let (roots, found) = quartic_roots(&a);
        assert_eq!(found, 4);
        for (root, exact) in roots.iter().zip([-3.0, -1.0, 2.0, 5.0]) {
            assert!((root - exact).abs() < 1e-12, "{roots:?}");
        }
        // x^2 - 4 with no higher terms, and x^4 + 1.
        let (roots, found) = quartic_roots(&[-4.0, 0.0, 1.0, 0.0, 0.0]);
        assert_eq!(found, 2);
        assert!((roots[0] + 2.0).abs() < 1e-12 && (roots[1] - 2.0).abs() < 1e-12);
        assert_eq!(quartic_roots(&[1.0, 0.0, 0.0, 0.0, 1.0]).1, 0);
    }

    #[test]
    fn a_set_may_be_in_pieces() {
        let seen =
            Seen { total: 10.0, events: vec![(-2.0, 5.0), (-1.0, -5.0), (1.0, 3.0), (4.0, -3.0)], ..Seen::default() };
        let profile = Profile::new(seen, Ties::Weak, false);
        assert_eq!(profile.set(Alternative::Symmetric, 0.05), vec![(-2.0, -1.0), (1.0, 4.0)]);
        assert_eq!(profile.set(Alternative::Symmetric, 0.4), vec![(-2.0, -1.0)]);
    }
}
