//! What a printed table can and cannot be: exact checks of means, SDs, percentages and whole score matrices.
//!
//! Printed numbers are read as text (trailing zeros carry precision) and compared in integers; no floating point takes
//! part in a verdict. Half-up and half-even rounding are both accepted unless one is named.
//!
//! | question | function |
//! |---|---|
//! | can n integers have this mean? | [`grim()`] |
//! | this mean and this SD? | [`grimmer()`] |
//! | n zeros and ones? | [`debit`] |
//! | how large can the SD be? | [`sd_bounds`] |
//! | do count, percentage and n agree? | [`triple`], [`percent_column`] |
//! | can one cut of the data lie inside another? | [`subset_of_counts`], [`subset_of_answers`] |
//! | do the values support the claimed order? | [`ranks()`] |
//! | which scores explain every mean of a table at once? | [`solve_table`] |

mod flow;
mod grid;
mod grim;
mod grimmer;
mod multiset;
mod percent;
mod printed;
mod ranks;
mod solve;
mod spread;
mod spread_of_totals;
mod subset;
mod table;

pub use grid::{Grid, GridOptions};
pub use grim::{Grim, grim};
pub use grimmer::{Grimmer, SdKind, Verdict, grimmer, grimmer_verdict};
pub use percent::{PercentColumn, Triple, percent_column, triple};
pub use printed::{Printed, Ratio, Rounding};
pub use ranks::{RankFinding, ranks};
pub use solve::{Attempt, Clash, Conflict, Explanation, Hidden, Simplest, Solution, solve_table};
pub use spread::{Debit, SdBounds, debit, sd_bounds};
pub use spread_of_totals::SdRange;
pub use subset::{Cut, Subset, subset_of_answers, subset_of_counts};
pub use table::{Kept, Margin, TableOptions};
