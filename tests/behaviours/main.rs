//! Behaviours of the core, one file per subject.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod agreement;
mod audit;
mod binomial;
mod cases;
mod contest;
mod fidelity;
mod hostile;
mod house;
mod importance;
mod inference;
mod linalg;
mod schemes;
mod study;
