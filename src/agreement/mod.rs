//! Agreement between coders, and between raters of fidelity: how much, beyond which chance, and how sure.
//!
//! Ratings of one scope (a code, or all codes pooled) are tallied once into *patterns*: what each coder said of a unit.
//! Every coefficient is a function of the counts of patterns alone, so a bootstrap by source is a weighted sum of the
//! counts per source, a jackknife a subtraction, and neither visits a unit again.
//!
//! | file | what |
//! |---|---|
//! | [`tally`] | ratings to patterns and their counts by cluster |
//! | [`weights`] | how much a pair of different categories still counts as agreement |
//! | [`sums`] | counts of patterns to the sums that coefficients need |
//! | [`coefficient`] | the coefficients |
//! | [`alpha`] | Krippendorff's alpha, four levels |
//! | [`influence`] | linearised value of each pattern: standard errors by unit or by source |
//! | [`resampling`] | bootstrap by unit or by source, or every resample where there are few |
//! | [`interval`] | percentile and BCa ends, with their Monte Carlo error |
//! | [`benchmark`] | what a coefficient may be called, by probability |
//! | [`request`] | what is asked for; scopes |
//! | [`icc`] | intraclass correlations of scores by several raters |
//! | [`report`] | all of it for all scopes |
//!
//! Sources: Gwet KL (2014) *Handbook of Inter-Rater Reliability*, 4th ed.; Krippendorff K (2019) *Content Analysis*, 4th
//! ed.; Conger AJ (1980) <https://doi.org/10.1037/0033-2909.88.2.322>.

pub mod alpha;
pub mod benchmark;
pub mod coefficient;
pub mod icc;
pub mod influence;
pub mod interval;
pub mod report;
pub mod request;
pub mod resampling;
pub mod sums;
pub mod tally;
pub mod weights;
