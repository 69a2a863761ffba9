//! Resampling: a plan says what a unit is and how units are drawn, a statistic is computed on every replicate, an
//! interval or p-value is made from the distribution.
//!
//! | file | what it holds |
//! |---|---|
//! | [`plan`] | which rows form a unit, which units a stratum, the law of the draws |
//! | [`draw`] | the draws of one replicate: a pure function of seed, plan and index |
//! | [`enumerate`] | every multiset of units with its multinomial probability |
//! | [`statistic`] | functions of weighted sums, or of row weights |
//! | [`statistics`] | the compiled statistics, by name |
//! | [`run`] | many replicates, in blocks, on threads, stoppable |
//! | [`lanes`] | the same, sixteen replicates at once |
//! | [`jackknife`] | leaving out one unit at a time |
//! | [`distribution`] | what is defined, its moments, quantiles and their Monte Carlo errors |
//! | [`interval`] | percentile, expanded, basic, normal, BCa, studentized, t on the jackknife |
//! | [`scale`] | the scales on which t intervals of bounded statistics are made |
//! | [`studentized`] | the standard error of every replicate, for bootstrap-t |
//! | [`two_level`] | sites, then participants as binomial draws, for k of n |
//! | [`after`] | jackknife-after-bootstrap: the interval without each unit |
//! | [`permute`] | rearrangements under a null hypothesis, drawn or by rank |
//! | [`linear`] | permutation statistics that are linear in what is permuted |
//! | [`pvalue`] | strict, weak and mid p-values; step-down max-T |
//! | [`splits`] | two groups of sites: every way of choosing which sites form the first group |

pub mod after;
pub mod distribution;
pub mod draw;
pub mod enumerate;
pub mod interval;
pub mod jackknife;
pub mod lanes;
pub mod linear;
pub mod permute;
pub mod plan;
pub mod pvalue;
pub mod run;
pub mod scale;
pub mod splits;
pub mod statistic;
pub mod statistics;
pub mod studentized;
pub mod two_level;
