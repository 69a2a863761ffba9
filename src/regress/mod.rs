//! Estimators: one a file, a function in, a small frozen result out. Nothing here knows a scheme, a fold or a verdict.
//!
//! Linear estimators need [`CrossMoments`] alone, so their cost does not depend on the number of participants; binomial ones take
//! [`Trials`], k of n per row.

pub mod beta_binomial;
pub mod binomial;
pub mod boundary;
pub mod elastic_net;
pub mod estimability;
pub mod firth;
mod firth_path;
pub mod firth_profile;
mod jeffreys_curvature;
pub mod least_squares;
pub mod log_f;
mod logit_rows;
pub mod moments;
mod penalty;
pub mod pls;
pub mod posterior;
pub mod quadrature;
pub mod random_intercept;
pub mod ridge;
pub mod separation;
mod site_integral;
pub mod trials;

pub use estimability::{Estimability, Level};
pub use moments::CrossMoments;
pub use ridge::RidgePath;
pub use separation::Separation;
pub use trials::Trials;
