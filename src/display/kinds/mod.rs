//! One file per kind of display. A kind lays out columns and rows; what all share is in `cells` and `appendices`.

mod by_group;
mod cases;
mod constructs;
mod convergence;
mod framework;
mod lens;
mod pillar;
mod recommendation;
mod sampling;
mod side_by_side;
mod trial;
mod visual;

use super::desk::{Desk, Table};
use super::spec::Kind;
use crate::error::Result;

/// Lays out a display of the kind that its spec names.
pub(crate) fn table(desk: &Desk) -> Result<Table> {
    match desk.spec.kind {
        Kind::SideBySide => Ok(side_by_side::table(desk)),
        Kind::StatisticsByThemes => by_group::statistics(desk),
        Kind::QuoteMatrix => by_group::quotes(desk),
        Kind::Lens => lens::table(desk),
        Kind::Sampling => sampling::table(desk),
        Kind::CaseOriented => cases::table(desk),
        Kind::Trial => trial::table(desk),
        Kind::Framework => framework::table(desk),
        Kind::Recommendation => recommendation::table(desk),
        Kind::Pillar => pillar::table(desk),
        Kind::Convergence => convergence::table(desk),
        Kind::Visual => Ok(visual::table(desk)),
    }
}
