//! Steelyard: weighing fidelity items by the outcomes that go with them.
//!
//! Evaluators score programmes on a fidelity scale (25 items, 1 to 5, at six to a few hundred sites) and look at who
//! got a job. Three questions follow: should the items be weighted, how sure is that with so few sites, and what do
//! people say about it. This crate answers them without knowing Python; `py` (feature `python`) is its one binding.
//!
//! # Why it is hard
//!
//! The site is the unit and sites are few. Twenty-five slopes cannot be estimated from six sites, ties are real because
//! scores are small integers, resampling distributions are coarse, and a scheme that was tuned on the data it is judged
//! by always looks better than a plain total. So every room reports a status, enumerates where it can, and never
//! returns a number without saying what the data could know.
//!
//! # The rooms, in import order
//!
//! A room imports only from rooms above it; `tests/behaviours/house.rs` keeps it so.
//!
//! | room | what it holds |
//! |---|---|
//! | [`error`] | one error type; each variant carries what, where, got, allowed, remedy |
//! | [`job`] | cancel flag and progress counter that every long loop polls |
//! | [`stream`] | seeds and counter-based streams: replicate i draws from `stream(seed, i)`, always |
//! | [`parallel`] | threads as a value; one pool per job |
//! | [`num`] | distributions, quantiles, ranks, sums |
//! | [`linalg`] | Gram, Cholesky, QR, SVD, eigen, non-negative least squares, linear programs |
//! | [`scale`] | fidelity instruments as data |
//! | [`simulate`] | synthetic sites with known truth |
//! | [`data`] | scores of sites, checked once; moments of their participants; missing scores |
//! | [`regress`] | estimators on centred moments and on counts, separation, and what a design can know |
//! | [`resample`] | plans, replicates, enumeration, jackknife, intervals |
//! | [`importance`] | how the explained share divides among items: subset tree, relative weights |
//! | [`inference`] | regression with few sites: covariances, degrees of freedom, wild cluster bootstrap; importance of items |
//! | [`describe`] | totals, bands, item profiles, gaps between groups; rates, effects and pooled effects of sites |
//! | [`weighting`] | schemes: unit, correlation, ridge, shrink to target, non-negative |
//! | [`agreement`] | coefficients between coders, their standard errors and resamples by source |
//! | [`audit`] | what a printed table can and cannot be: exact, in integers |
//! | [`corpus`] | codes, excerpts, coders: what was said, and whether quotes stand in their sources |
//! | [`display`] | findings, lens, fit proposals, joint displays as data |
//!
//! # Where to start
//!
//! To add a statistic, read `resample`; to add a way of weighting, `weighting`; to bind either, `py`.

pub mod agreement;
pub mod audit;
pub mod corpus;
pub mod data;
pub mod describe;
pub mod display;
pub mod error;
pub mod importance;
pub mod inference;
pub mod job;
pub mod linalg;
pub mod num;
pub mod parallel;
pub mod regress;
pub mod resample;
pub mod scale;
pub mod simulate;
pub mod stream;
pub mod weighting;

#[cfg(feature = "python")]
mod py;
