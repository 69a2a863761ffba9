//! Small numerics that every room needs: distributions, logistic functions, quantiles, ranks, sums.

pub mod binomial;
pub mod inverse;
pub mod logistic;
pub mod quadratic_forms;
pub mod quantile;
pub mod ranks;
pub mod special;
pub mod sums;
