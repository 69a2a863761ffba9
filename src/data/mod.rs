//! Data checked once, at the boundary.

pub mod study;
