//! Who takes part in a contest, and which of them have a fast path.

use super::panel::Panel;
use super::schemes::{Correlation, Ridge, Scheme, Setting, Shrink, Unit};

/// A scheme with what it needs to know about the items.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entrant {
    /// The scheme.
    pub scheme: Scheme,
    /// The subscale of each item, for schemes that go by subscale.
    #[serde(default)]
    pub groups: Option<Vec<usize>>,
}

impl Entrant {
    pub(super) fn setting(&self, items: usize) -> Setting {
        Setting { groups: self.groups.clone(), ..Setting::plain(items) }
    }
}

impl From<Scheme> for Entrant {
    fn from(scheme: Scheme) -> Self {
        Self { scheme, groups: None }
    }
}

/// The fast path of a scheme.
pub(super) enum Kind {
    Unit,
    Fixed,
    Correlation { non_negative: bool },
    Ols,
    NonNegative,
    Path { to_target: bool },
    General,
}

/// The fast path of a scheme, where it has one with exactly these options.
pub(super) fn kind_of(scheme: &Scheme, panel: &Panel) -> Kind {
    let plain = Correlation::default();
    match scheme {
        Scheme::Correlation(c)
            // With covariates the standard deviations are those before adjustment: the general protocol knows.
            if panel.base.ncols() == 1 && (Correlation { non_negative: false, ..c.clone() }) == plain =>
        {
            Kind::Correlation { non_negative: c.non_negative }
        }
        Scheme::Ridge(ridge) if *ridge == Ridge::default() => Kind::Path { to_target: false },
        Scheme::Shrink(shrink) if *shrink == Shrink::default() => Kind::Path { to_target: true },
        Scheme::Unit(unit) if *unit == Unit::default() => Kind::Unit,
        Scheme::Ols(_) => Kind::Ols,
        Scheme::NonNegative(_) => Kind::NonNegative,
        Scheme::Pca(_) => Kind::Fixed,
        other if !other.learns() => Kind::Fixed,
        _ => Kind::General,
    }
}
