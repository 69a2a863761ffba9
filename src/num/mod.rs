//! Small numerics that every room needs: distributions, quantiles, ranks, sums.

pub mod binomial;
pub mod inverse;
pub mod quadratic_forms;
pub mod quantile;
pub mod ranks;
pub mod special;
pub mod sums;
