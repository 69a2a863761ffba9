//! What may not be printed: small counts, and quotes whose speaker could be named from role, site and a rare attribute.

use super::finding::Finding;
use super::write::number;
use crate::corpus::{Corpus, Informant};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Rules of disclosure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Privacy {
    /// Counts of people from 1 to one below this are not printed; 0: all are.
    pub smallest_cell: u64,
    /// Whether counts of informants are counts of people in this sense. They are few by design, so not by default.
    pub informants: bool,
    /// Whether quotes are withheld where they stand beside a site at which their speaker is alone in the role.
    pub withhold_quotes: bool,
}

impl Default for Privacy {
    fn default() -> Self {
        Self { smallest_cell: 5, informants: false, withhold_quotes: true }
    }
}

/// Which end of a share is too small to be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Small {
    /// Too few of n.
    Few,
    /// Too few others: n minus the count.
    AllBut,
}

impl Privacy {
    pub(crate) fn is_small(&self, count: u64) -> bool {
        (1..self.smallest_cell).contains(&count)
    }

    /// Whether the count of a share is too small, or would give away a small rest.
    pub(crate) fn small(&self, finding: &Finding) -> Option<Small> {
        let count = finding.count?;
        if self.is_small(count) {
            Some(Small::Few)
        } else if self.is_small(finding.n.saturating_sub(count)) {
            Some(Small::AllBut)
        } else {
            None
        }
    }

    /// The share as it may be printed: value, and basis.
    pub(crate) fn coarse(&self, finding: &Finding, small: Small) -> (String, String) {
        let unit = if finding.n_unit.is_empty() { String::new() } else { format!(" {}", finding.n_unit) };
        let n = finding.n;
        let bound = 100.0 * self.smallest_cell as f64 / n as f64;
        match small {
            Small::Few => (
                format!("below {}%", number((bound * 10.0).ceil() / 10.0)),
                format!("fewer than {} of {n}{unit}; count suppressed", self.smallest_cell),
            ),
            Small::AllBut => (
                format!("above {}%", number(((100.0 - bound) * 10.0).floor() / 10.0)),
                format!("all but fewer than {} of {n}{unit}; count suppressed", self.smallest_cell),
            ),
        }
    }

    /// Adjacent levels joined until none holds a small count: ranges of positions, end not included.
    pub(crate) fn joined(&self, counts: &[u64]) -> Vec<(usize, usize)> {
        let mut parts: Vec<(usize, usize, u64)> = counts.iter().enumerate().map(|(i, c)| (i, i + 1, *c)).collect();
        while let Some(at) = parts.iter().position(|p| self.is_small(p.2)) {
            let count = |i: Option<usize>| i.and_then(|i| parts.get(i)).map(|p| p.2);
            let neighbour = match (count(at.checked_sub(1)), count(Some(at + 1))) {
                (Some(before), Some(after)) if before <= after => at - 1,
                (_, Some(_)) => at,
                (Some(_), None) => at - 1,
                (None, None) => break,
            };
            let after = parts.remove(neighbour + 1);
            if let Some(before) = parts.get_mut(neighbour) {
                before.1 = after.1;
                before.2 += after.2;
            }
        }
        parts.into_iter().map(|(from, to, _)| (from, to)).collect()
    }
}

/// An informant whom a reader could name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Risk {
    /// The informant.
    pub informant: String,
    /// The attributes that only this informant has together.
    pub attributes: Vec<String>,
}

/// Informants who are alone in their role at their site, or with one attribute more.
pub fn risks(corpus: &Corpus) -> Vec<Risk> {
    let mut found = Vec::new();
    for (informant, base) in corpus.informants.iter().filter_map(|i| Some((i, base(i)?))) {
        let alone = |more: Option<(&String, &String)>| {
            let others = corpus.informants.iter().filter(|o| o.id != informant.id && self::base(o) == Some(base));
            others.filter(|o| more.is_none_or(|(name, value)| o.variables.get(name) == Some(value))).count() == 0
        };
        let more = informant.variables.iter().find(|pair| alone(Some(*pair))).map(|(name, _)| name);
        let mut attributes = vec!["role".to_owned(), "site".to_owned()];
        match (alone(None), more) {
            (true, _) => {}
            (false, Some(name)) => attributes.push(name.clone()),
            (false, None) => continue,
        }
        found.push(Risk { informant: informant.id.clone(), attributes });
    }
    found
}

/// Role and site, where both are known.
fn base(informant: &Informant) -> Option<(&str, &str)> {
    Some((informant.role.as_deref()?, informant.site.as_deref()?))
}

/// The warning that a display prints; it names nobody.
pub(crate) fn warning(risks: &[Risk]) -> Option<String> {
    let mut by_attributes: BTreeMap<String, usize> = BTreeMap::new();
    for risk in risks {
        *by_attributes.entry(risk.attributes.join(", ")).or_default() += 1;
    }
    let told: Vec<String> = by_attributes.iter().map(|(what, n)| format!("{n} by {what}")).collect();
    (!told.is_empty()).then(|| {
        format!(
            "Identification: {} could be named by a reader who knows the sites ({}). Print these attributes beside no quote of theirs.",
            if risks.len() == 1 { "1 informant".into() } else { format!("{} informants", risks.len()) },
            told.join("; ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_levels_join_their_smaller_neighbour() {
        let five = Privacy::default();
        assert_eq!(five.joined(&[3, 3, 19, 23, 30]), [(0, 2), (2, 3), (3, 4), (4, 5)]);
        assert_eq!(five.joined(&[0, 9, 0, 4]), [(0, 1), (1, 4)]);
        assert_eq!(five.joined(&[2]), [(0, 1)]);
        assert_eq!(Privacy { smallest_cell: 0, ..five }.joined(&[1, 2]), [(0, 1), (1, 2)]);
    }

    #[test]
    fn a_small_rest_is_as_telling_as_a_small_count() {
        let share = |count| Finding { count: Some(count), n: 77, n_unit: "respondents".into(), ..Finding::default() };
        let five = Privacy::default();
        assert_eq!(five.small(&share(0)), None);
        assert_eq!(five.small(&share(5)), None);
        assert_eq!(five.small(&share(4)), Some(Small::Few));
        assert_eq!(five.small(&share(73)), Some(Small::AllBut));
        assert_eq!(five.small(&share(77)), None);
        let (value, basis) = five.coarse(&share(4), Small::Few);
        assert_eq!(value, "below 6.5%");
        assert_eq!(basis, "fewer than 5 of 77 respondents; count suppressed");
        assert_eq!(five.coarse(&share(75), Small::AllBut).0, "above 93.5%");
    }

    #[test]
    fn alone_by_role_and_site_or_by_one_attribute_more() {
        let person = |id: &str, role: &str, site: &str, sex: &str| Informant {
            id: id.into(),
            role: Some(role.into()),
            site: Some(site.into()),
            variables: [("sex".to_owned(), sex.to_owned())].into(),
            ..Informant::default()
        };
        let corpus = Corpus {
            informants: vec![
                person("a", "leader", "1", "f"),
                person("b", "specialist", "1", "f"),
                person("c", "specialist", "1", "m"),
                person("d", "specialist", "1", "f"),
                Informant { id: "e".into(), role: Some("participant".into()), ..Informant::default() },
            ],
            ..Corpus::default()
        };
        let found = risks(&corpus);
        let told: Vec<(&str, String)> = found.iter().map(|r| (r.informant.as_str(), r.attributes.join("+"))).collect();
        assert_eq!(told, [("a", "role+site".into()), ("c", "role+site+sex".into())]);
        assert!(warning(&found).is_some_and(|w| w.starts_with("Identification: 2 informants could be named")));
        assert_eq!(warning(&[]), None);
    }
}
