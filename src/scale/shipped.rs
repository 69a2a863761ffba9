//! The instruments that come with Steelyard. Titles and own paraphrases only: manuals are not free to reproduce.

use super::{Scale, file::Format};
use crate::error::{Result, input};

const SHIPPED: [(&str, &str); 2] = [
    ("ips-15", include_str!("../../python/steelyard/data/scales/ips-15.toml")),
    ("ips-25", include_str!("../../python/steelyard/data/scales/ips-25.toml")),
];

/// The ids of the shipped instruments.
pub fn available() -> Vec<&'static str> {
    SHIPPED.iter().map(|(id, _)| *id).collect()
}

/// A shipped instrument by id.
///
/// ```
/// let scale = steelyard::scale::shipped::load("ips-25")?;
/// assert_eq!(scale.range(), (25.0, 125.0));
/// # Ok::<(), steelyard::error::Error>(())
/// ```
pub fn load(id: &str) -> Result<Scale> {
    match SHIPPED.iter().find(|(name, _)| *name == id) {
        Some((_, text)) => Scale::read(text, Format::Toml),
        None => Err(input("unknown scale")
            .got(format!("\"{id}\""))
            .allowed(available().join(", "))
            .remedy("Name one of these, or give the path of a .toml or .json file.")
            .into()),
    }
}
