//! Data checked once, at the boundary: scores of sites, and the sums of their participants.
//!
//! | file | what it holds |
//! |---|---|
//! | [`study`] | scores against a scale, review by review, and how reviews become one row per site |
//! | [`moments`] | per site: counts, sums and cross-products of outcome and covariates, in one pass over participants |
//! | [`durations`] | per site: the product-limit curve, its restricted mean, hazards by interval |
//! | [`impute`] | multiple imputation of missing scores, fitted on the training sites alone |

pub mod durations;
pub mod impute;
pub mod moments;
pub mod study;
