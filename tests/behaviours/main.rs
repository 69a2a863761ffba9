//! Behaviours of the core, one file per subject.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cases;
mod fidelity;
mod house;
mod linalg;
mod schemes;
