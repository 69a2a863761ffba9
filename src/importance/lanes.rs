//! Numbers side by side: what a subset tree does to one system it does to eight at once.
#![allow(clippy::inline_always)] // One lost inlining costs a factor of three here.

use std::ops::{Add, AddAssign, Mul, Sub};

/// Systems that walk the tree together.
pub const LANES: usize = 8;

/// Eight numbers; every operation acts on each of them.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(align(64))]
pub struct Lanes(pub [f64; LANES]);

impl Lanes {
    /// Eight zeros.
    pub const ZERO: Self = Self([0.0; LANES]);

    /// One over each number that is above `floor`, zero for the others: a column that depends on those before it is passed over.
    #[inline(always)]
    #[must_use]
    pub fn inverse_above(self, floor: f64) -> Self {
        let mut out = [0.0; LANES];
        for l in 0..LANES {
            let inverse = 1.0 / self.0[l];
            out[l] = if self.0[l] > floor { inverse } else { 0.0 };
        }
        Self(out)
    }
}

impl Add for Lanes {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let mut out = self.0;
        for l in 0..LANES {
            out[l] += other.0[l];
        }
        Self(out)
    }
}

impl AddAssign for Lanes {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Lanes {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        let mut out = self.0;
        for l in 0..LANES {
            out[l] -= other.0[l];
        }
        Self(out)
    }
}

impl Mul for Lanes {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let mut out = self.0;
        for l in 0..LANES {
            out[l] *= other.0[l];
        }
        Self(out)
    }
}
