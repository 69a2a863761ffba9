//! Resampling.

pub mod splits;
