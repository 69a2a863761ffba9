//! How far scores of several raters, or codes of several coders, agree.

pub mod icc;
