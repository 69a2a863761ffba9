//! Numbers as displays print them.

use super::finding::{Finding, Gap, Signal};
use std::collections::BTreeMap;

/// Up to three decimals, no trailing zeros, a true minus sign.
pub(crate) fn number(x: f64) -> String {
    let text = format!("{x:.3}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".into() } else { text.replace('-', "\u{2212}") }
}

/// A fixed number of decimals, a true minus sign.
pub(crate) fn fixed(x: f64, decimals: u8) -> String {
    let text = format!("{x:.*}", usize::from(decimals.min(6)));
    let is_zero = text.trim_start_matches('-').chars().all(|c| c == '0' || c == '.');
    if is_zero { text.trim_start_matches('-').to_owned() } else { text.replace('-', "\u{2212}") }
}

/// `2.67 points` or `92%`.
pub(crate) fn estimate(finding: &Finding) -> String {
    let value = fixed(finding.value, finding.decimals);
    match finding.unit.as_str() {
        "percent" => format!("{value}%"),
        "" => value,
        unit => format!("{value} {unit}"),
    }
}

/// `71 of 77 respondents` or `n = 6 sites`.
pub(crate) fn basis(finding: &Finding) -> String {
    let unit = if finding.n_unit.is_empty() { String::new() } else { format!(" {}", finding.n_unit) };
    match finding.count {
        Some(k) => format!("{k} of {}{unit}", finding.n),
        None => format!("n = {}{unit}", finding.n),
    }
}

/// The interval in words, or why there is none.
pub(crate) fn uncertainty(finding: &Finding) -> String {
    match (&finding.interval, &finding.population) {
        (Some(i), _) => {
            let d = finding.decimals;
            let level = number(i.level * 100.0);
            format!("{level}% interval {} to {} ({})", fixed(i.low, d), fixed(i.high, d), i.method)
        }
        (None, Some(population)) => format!("census of {population}: no interval"),
        (None, None) => "no interval".into(),
    }
}

/// `sites 2 to 3`, where values by site are known.
pub(crate) fn site_range(finding: &Finding) -> Option<String> {
    let values: Vec<f64> = finding.by_site.iter().map(|s| s.value).collect();
    let low = values.iter().copied().reduce(f64::min)?;
    let high = values.iter().copied().reduce(f64::max)?;
    Some(format!("sites {} to {}", number(low), number(high)))
}

/// The signal with its reading: `low (unfavourable)`.
pub(crate) fn reading(finding: &Finding, signal: Signal) -> String {
    match finding.is_favourable(signal) {
        Some(true) => format!("{}, favourable", signal.word()),
        Some(false) => format!("{}, unfavourable", signal.word()),
        None => signal.word().into(),
    }
}

/// `difference 2.67 (high minus less), p .10, smallest p possible .10`.
pub(crate) fn gap_words(gap: &Gap, decimals: u8) -> String {
    let p = gap.pvalue.map_or(String::new(), |p| format!(", p {}", number(p)));
    let floor = gap.floor.map_or(String::new(), |p| format!(", smallest p possible {}", number(p)));
    format!("difference {} ({}){p}{floor}", fixed(gap.value, decimals), gap.contrast)
}

/// `1 excerpt`, `2 excerpts`.
pub(crate) fn counted(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// `2 barrier, 1 mixed`, or `barrier` alone when all agree.
pub(crate) fn tally(words: &[&str]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    if counts.len() == 1 {
        return words.first().map_or(String::new(), |w| (*w).to_owned());
    }
    counts.iter().map(|(word, n)| format!("{n} {word}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_a_person_writes_them() {
        assert_eq!(number(3.0), "3");
        assert_eq!(number(4.5), "4.5");
        assert_eq!(number(100.0), "100");
        assert_eq!(number(-1.25), "\u{2212}1.25");
        assert_eq!(number(-0.0001), "0");
        assert_eq!(fixed(16.0 / 6.0, 2), "2.67");
        assert_eq!(fixed(-0.001, 1), "0.0");
    }
}
