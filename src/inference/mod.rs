//! Where regression meets resampling and importance: what a fit can claim when its sites are few.
//!
//! | file | what |
//! |---|---|
//! | [`working`] | a fit in orthonormal coordinates, summed by cluster |
//! | [`covariance`] | HC and CR covariances, degrees of freedom, leverage and influence of clusters |
//! | [`logit`] | logistic regression, its jackknife, its linearised wild bootstrap |
//! | [`joint`] | several hypotheses at once: Wald with Hotelling's law, Rao's score |
//! | [`model_bootstrap`] | outcomes drawn from a fit: parametric and residual bootstraps |
//! | [`regression`] | `sy.regress`: rows in, coefficients with their inference out |
//! | [`wild_kernel`], [`wild_draws`], [`wild_set`], [`wild`] | wild cluster bootstrap: matrix, draws, confidence sets, the test |
//! | [`pairs`], [`pairs_logit`] | rows or sites drawn with what belongs to them, fits made anew |
//! | [`importance`] | importance of items from rows: games, statuses, cautions |
//! | [`importance_sites`] | the same over resampled sites |
//! | [`logit_game`] | McFadden's and Tjur's R2 of a subset of items |

pub mod covariance;
pub mod importance;
pub mod importance_sites;
pub mod joint;
pub mod logit;
pub mod logit_game;
pub mod model_bootstrap;
pub mod pairs;
pub mod pairs_logit;
pub mod regression;
pub mod wild;
pub mod wild_draws;
pub mod wild_kernel;
pub mod wild_set;
pub mod working;
