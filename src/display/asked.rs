//! What was asked where. Only "asked and not raised" is silence; without a register nobody can call it that.

use serde::{Deserialize, Serialize};

/// One line of the register: whether a finding's topic came up at a site or with a unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The finding.
    pub finding: String,
    /// The topic of the guide that covers it.
    #[serde(default)]
    pub topic: Option<String>,
    /// The site, informant or group.
    #[serde(default)]
    pub site: Option<String>,
    /// What happened.
    pub status: AskedStatus,
}

/// What happened with a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AskedStatus {
    /// Nobody was heard there.
    NotSampled,
    /// People were heard, the topic was not put to them.
    NotAsked,
    /// The topic was put to them and nobody took it up.
    NotRaised,
    /// Somebody spoke about it.
    Raised,
}

/// How a register speaks about a finding that has no excerpt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Absence {
    /// There is no register, or it does not name the finding.
    Unknown,
    /// Asked at some of the places and raised nowhere.
    Silence(String),
    /// Asked nowhere.
    NotAsked(String),
    /// Nobody was heard at any of the places.
    NotSampled(String),
    /// The register says that it was raised, yet no excerpt is linked.
    RaisedElsewhere(String),
}

/// What the register says about a finding without excerpts.
pub fn absence(register: Option<&[Asked]>, finding: &str) -> Absence {
    let lines: Vec<&Asked> = register.unwrap_or_default().iter().filter(|a| a.finding == finding).collect();
    let count = |status| lines.iter().filter(|a| a.status == status).count();
    let (raised, silent) = (count(AskedStatus::Raised), count(AskedStatus::NotRaised));
    let (unasked, unsampled) = (count(AskedStatus::NotAsked), count(AskedStatus::NotSampled));
    let tally = format!(
        "asked in {} of {} (raised in {raised}), not asked in {unasked}, not sampled in {unsampled}",
        raised + silent,
        lines.len()
    );
    if lines.is_empty() {
        Absence::Unknown
    } else if raised > 0 {
        Absence::RaisedElsewhere(tally)
    } else if silent > 0 {
        Absence::Silence(tally)
    } else if unasked == 0 {
        Absence::NotSampled(tally)
    } else {
        Absence::NotAsked(tally)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_asked_and_not_raised_is_silence() {
        let line = |status| Asked { finding: "a".into(), topic: None, site: None, status };
        assert_eq!(absence(None, "a"), Absence::Unknown);
        assert_eq!(absence(Some(&[line(AskedStatus::NotRaised)]), "b"), Absence::Unknown);
        let register = [line(AskedStatus::NotRaised), line(AskedStatus::NotAsked)];
        let tally = "asked in 1 of 2 (raised in 0), not asked in 1, not sampled in 0";
        assert_eq!(absence(Some(&register), "a"), Absence::Silence(tally.into()));
        assert!(matches!(absence(Some(&register[1..]), "a"), Absence::NotAsked(_)));
        assert!(matches!(absence(Some(&[line(AskedStatus::Raised)]), "a"), Absence::RaisedElsewhere(_)));
        assert!(matches!(absence(Some(&[line(AskedStatus::NotSampled)]), "a"), Absence::NotSampled(_)));
    }
}
