//! Small numerics that every room needs: distributions, quantiles, ranks, sums.

pub mod inverse;
pub mod special;
