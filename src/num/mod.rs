//! Small numerics that every room needs: distributions, logistic functions, quantiles, ranks, sums.

pub mod inverse;
pub mod logit;
pub mod quantile;
pub mod ranks;
pub mod special;
pub mod sums;
