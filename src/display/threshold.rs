//! Does any threshold reproduce a given selection? A text that says "particularly low or high" can be checked.

use super::finding::Finding;
use crate::error::{Result, input};
use serde::Serialize;

/// The cuts that come nearest to a given selection.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Threshold {
    /// Unit of the cuts.
    pub unit: String,
    /// Whether some pair of cuts gives exactly the selection.
    pub reproduced: bool,
    /// Low cuts that do equally well: from, and up to but without; None: nothing low is selected.
    pub low: Option<(f64, Option<f64>)>,
    /// High cuts that do equally well: above, and up to and with; None: nothing high is selected.
    pub high: Option<(Option<f64>, f64)>,
    /// Findings that the best cuts place otherwise, with their values.
    pub misplaced: Vec<(String, f64)>,
    /// Findings compared.
    pub compared: usize,
}

/// Searches all pairs of cuts in `unit` for those that misplace fewest of the findings; on a tie those that select least.
pub fn threshold(findings: &[Finding], selected: &[String], unit: &str) -> Result<Threshold> {
    if let Some(unknown) = selected.iter().find(|id| !findings.iter().any(|f| f.id == **id)) {
        return Err(input("unknown finding").at("selected").got(format!("\"{unknown}\"")).into());
    }
    let is_chosen = |f: &Finding| selected.contains(&f.id);
    let mut own: Vec<&Finding> = findings.iter().filter(|f| f.unit == unit).collect();
    if own.is_empty() {
        return Err(input("no finding in this unit").at("unit").got(format!("\"{unit}\"")).into());
    }
    own.sort_by(|a, b| a.value.total_cmp(&b.value));
    let mut values: Vec<f64> = own.iter().map(|f| f.value).collect();
    values.dedup_by(|a, b| super::finding::at_or_below(*a, *b));
    let m = values.len();
    let rank = |f: &Finding| values.iter().rposition(|v| super::finding::at_or_above(f.value, *v)).unwrap_or(0);
    let places: Vec<(usize, bool)> = own.iter().map(|f| (rank(f), is_chosen(f))).collect();
    let errors =
        |low: usize, high: usize| places.iter().filter(|(at, chosen)| (*at < low || *at >= high) != *chosen).count();
    let pairs = (0..=m).flat_map(|low| (low..=m).map(move |high| (low, high)));
    let Some((low, high)) = pairs.min_by_key(|(low, high)| (errors(*low, *high), low + (m - high))) else {
        return Err(input("no finding in this unit").at("unit").into());
    };
    let misplaced: Vec<(String, f64)> = own
        .iter()
        .zip(&places)
        .filter(|(_, (at, chosen))| (*at < low || *at >= high) != *chosen)
        .map(|(f, _)| (f.id.clone(), f.value))
        .collect();
    Ok(Threshold {
        unit: unit.into(),
        reproduced: misplaced.is_empty(),
        low: low.checked_sub(1).and_then(|at| Some((*values.get(at)?, values.get(low).copied()))),
        high: values.get(high).map(|top| (high.checked_sub(1).and_then(|at| values.get(at)).copied(), *top)),
        misplaced,
        compared: own.len(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn findings(values: &[f64]) -> Vec<Finding> {
        let one = |(i, value): (usize, &f64)| Finding {
            id: i.to_string(),
            value: *value,
            unit: "points".into(),
            ..Finding::default()
        };
        values.iter().enumerate().map(one).collect()
    }

    #[test]
    fn a_selection_by_cuts_is_found() {
        let all = findings(&[1.0, 2.0, 3.0, 4.0, 5.0]);
        let found = threshold(&all, &["0".into(), "1".into(), "4".into()], "points").unwrap();
        assert!(found.reproduced);
        assert_eq!(found.low, Some((2.0, Some(3.0))));
        assert_eq!(found.high, Some((Some(4.0), 5.0)));
    }

    #[test]
    fn a_selection_that_skips_a_value_is_not() {
        let all = findings(&[1.0, 2.0, 3.0, 4.0]);
        let found = threshold(&all, &["1".into()], "points").unwrap();
        assert!(!found.reproduced);
        assert_eq!(found.misplaced, [("1".to_owned(), 2.0)]);
        assert_eq!((found.low, found.high), (None, None));
    }

    proptest! {
        #[test]
        fn every_pair_of_cuts_reproduces_itself(values in prop::collection::vec(1_u8..6, 1..12), low in 1_u8..6, high in 1_u8..6) {
            let all = findings(&values.iter().map(|v| f64::from(*v)).collect::<Vec<_>>());
            let chosen: Vec<String> = all.iter().filter(|f| f.value <= f64::from(low) || f.value >= f64::from(high)).map(|f| f.id.clone()).collect();
            prop_assert!(threshold(&all, &chosen, "points").unwrap().reproduced);
        }
    }
}
