//! Small charts: a point with its interval, sites and cuts, or one stacked bar of an ordinal question.

use super::finding::{Cuts, Distribution, Finding};
use super::model::{Chart, Share, Side};
use super::privacy::Privacy;
use super::write::{fixed, number};

/// The chart of a finding; none where its scale is unknown or where it would show a suppressed count.
pub(crate) fn chart(privacy: &Privacy, finding: &Finding, cuts: &Cuts) -> Option<Chart> {
    if privacy.small(finding).is_some() {
        return None;
    }
    match &finding.distribution {
        Some(distribution) => likert(privacy, finding, distribution),
        None => dots(finding, cuts),
    }
}

fn dots(finding: &Finding, cuts: &Cuts) -> Option<Chart> {
    let (from, to) = finding.scale?;
    let cuts: Vec<f64> = cuts.low.into_iter().chain(cuts.high).collect();
    let points: Vec<f64> = finding.by_site.iter().map(|s| s.value).collect();
    let decimals = finding.decimals;
    let list = |values: &[f64], word: &str| values.iter().map(|x| number(*x)).collect::<Vec<_>>().join(word);
    let mut words =
        vec![format!("{} on a scale from {} to {}", fixed(finding.value, decimals), number(from), number(to))];
    words.extend(
        finding.interval.iter().map(|i| format!("interval {} to {}", fixed(i.low, decimals), fixed(i.high, decimals))),
    );
    words.extend((!points.is_empty()).then(|| format!("sites {}", list(&points, ", "))));
    words.extend((!cuts.is_empty()).then(|| format!("cuts at {}", list(&cuts, " and "))));
    let words = words.join(", ");
    let interval = finding.interval.as_ref().map(|i| (i.low, i.high));
    Some(Chart { from, to, value: finding.value, interval, points, cuts, shares: Vec::new(), wide: false, words })
}

fn likert(privacy: &Privacy, finding: &Finding, told: &Distribution) -> Option<Chart> {
    let total: u64 = told.counts.iter().sum();
    let joined = privacy.joined(&told.counts);
    if joined.len() < 2 {
        return None;
    }
    let shares: Vec<Share> = joined
        .iter()
        .map(|&(from, to)| {
            let count: u64 = told.counts.get(from..to).unwrap_or_default().iter().sum();
            let label = told.levels.get(from..to).unwrap_or_default().join(" or ");
            Share { label, percent: 100.0 * count as f64 / total as f64, side: side(told.neutral, from, to) }
        })
        .collect();
    let mut words: Vec<String> = shares.iter().map(|s| format!("{} {}%", s.label, fixed(s.percent, 0))).collect();
    if told.missing > 0 && !privacy.is_small(told.missing) {
        words.push(format!("{} did not answer", told.missing));
    }
    Some(Chart {
        from: 0.0,
        to: 100.0,
        value: finding.value,
        interval: None,
        points: Vec::new(),
        cuts: Vec::new(),
        shares,
        wide: false,
        words: words.join(", "),
    })
}

/// Where joined levels stand: on one side of the middle, or across it.
fn side(neutral: Option<usize>, from: usize, to: usize) -> Side {
    match neutral {
        Some(middle) if to <= middle => Side::Below,
        Some(middle) if from > middle => Side::Above,
        _ => Side::Neutral,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn levels_with_few_answers_are_joined_in_the_bar() {
        let finding = Finding {
            id: "useful".into(),
            value: 3.95,
            n: 78,
            distribution: Some(Distribution {
                levels: ["not", "little", "middling", "quite", "very"].map(String::from).to_vec(),
                counts: vec![3, 3, 19, 23, 30],
                neutral: Some(2),
                missing: 2,
            }),
            ..Finding::default()
        };
        let chart = chart(&Privacy::default(), &finding, &Cuts::default()).unwrap();
        assert_eq!(chart.words, "not or little 8%, middling 24%, quite 29%, very 38%");
        let sides: Vec<Side> = chart.shares.iter().map(|s| s.side).collect();
        assert_eq!(sides, [Side::Below, Side::Neutral, Side::Above, Side::Above]);
        assert!((chart.shares.iter().map(|s| s.percent).sum::<f64>() - 100.0).abs() < 1e-9);
    }
}
