//! Claimed ranks against printed values: inversions, and ties that the printed digits cannot break.

use super::printed::Printed;
use crate::error::{Result, input};
use serde::Serialize;

/// Two entries whose claimed order the printed values do not support.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RankFinding {
    /// Entry that was ranked better (a smaller rank).
    pub ahead: usize,
    /// Entry that was ranked worse.
    pub behind: usize,
    /// `inverted`: the values say the opposite; `tie broken`: the values are the same as printed.
    pub problem: &'static str,
}

/// Checks every pair. Rank 1 goes to the largest value unless `smallest_first`.
pub fn ranks(values: &[String], claimed: &[i64], smallest_first: bool) -> Result<Vec<RankFinding>> {
    if values.len() != claimed.len() {
        return Err(input("values and ranks differ in number")
            .at("ranks")
            .got(claimed.len())
            .allowed(values.len().to_string())
            .into());
    }
    let printed = values.iter().map(|v| Printed::parse("value", v)).collect::<Result<Vec<_>>>()?;
    let exact: Vec<_> = printed.iter().map(|p| p.value()).collect();
    let mut found = Vec::new();
    for ahead in 0..values.len() {
        for behind in 0..values.len() {
            if claimed[ahead] >= claimed[behind] {
                continue;
            }
            let (a, b) = (exact[ahead].num * exact[behind].den, exact[behind].num * exact[ahead].den);
            let worse = if smallest_first { a > b } else { a < b };
            if worse || a == b {
                found.push(RankFinding { ahead, behind, problem: if worse { "inverted" } else { "tie broken" } });
            }
        }
    }
    Ok(found)
}
