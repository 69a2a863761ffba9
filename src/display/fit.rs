//! Vocabularies of fit, and the rule that proposes one. A proposal is never a judgement.
//!
//! Vocabularies: Fetters, Curry and Creswell (2013), Health Serv Res 48:2134, doi 10.1111/1475-6773.12117; Fetters (2020),
//! The Mixed Methods Research Workbook; triangulation protocol, Farmer et al. (2006), Qual Health Res 16:377,
//! doi 10.1177/1049732305285708. A display holds one vocabulary and never mixes two.

use super::finding::{Finding, Signal};
use crate::corpus::Valence;
use crate::error::{Result, input};
use serde::{Deserialize, Serialize};

/// A named set of words for how the strands meet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Vocabulary {
    /// Confirmation, expansion, discordance.
    #[default]
    #[serde(rename = "fetters-2013")]
    Fetters2013,
    /// Concordance, complementarity, expansion, discordance.
    #[serde(rename = "fetters-2020")]
    Fetters2020,
    /// Agreement, partial agreement, silence, dissonance.
    #[serde(rename = "triangulation-protocol")]
    Triangulation,
}

/// What the rule saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Meeting {
    /// Both strands point the same way.
    Same,
    /// The same way, and people speak of a further construct.
    SameAndMore,
    /// They point opposite ways.
    Opposite,
    /// A mid signal, mixed valence, or neither end is good: the rule does not decide.
    Unresolved,
    /// The interval spans the cut: nothing can be confirmed or contradicted.
    NotAssessable,
    /// Asked, and nobody raised it.
    Silence,
    /// The corpus holds nothing, and nobody knows whether it was asked.
    NotInCorpus,
    /// Nobody was asked.
    NotAsked,
    /// Nobody was heard.
    NotSampled,
    /// A theme that no finding belongs with.
    NoFinding,
}

impl Vocabulary {
    /// The words that a judge may use.
    pub fn words(self) -> &'static [&'static str] {
        match self {
            Self::Fetters2013 => &["confirmation", "expansion", "discordance", "silence"],
            Self::Fetters2020 => &["concordance", "complementarity", "expansion", "discordance", "silence"],
            Self::Triangulation => &["agreement", "partial agreement", "silence", "dissonance"],
        }
    }

    /// The word for both strands pointing the same way, of which a share is reported.
    pub fn confirming(self) -> &'static str {
        match self {
            Self::Fetters2013 => "confirmation",
            Self::Fetters2020 => "concordance",
            Self::Triangulation => "agreement",
        }
    }

    /// How displays name the vocabulary.
    pub fn title(self) -> &'static str {
        match self {
            Self::Fetters2013 => "Fetters, Curry and Creswell 2013",
            Self::Fetters2020 => "Fetters 2020",
            Self::Triangulation => "triangulation protocol",
        }
    }

    /// The word for what the rule saw.
    pub fn word(self, meeting: Meeting) -> &'static str {
        match (meeting, self) {
            (Meeting::Same, _) => self.confirming(),
            (Meeting::SameAndMore, Self::Triangulation) => "partial agreement",
            (Meeting::SameAndMore, _) => "expansion",
            (Meeting::Opposite, Self::Triangulation) => "dissonance",
            (Meeting::Opposite, _) => "discordance",
            (Meeting::Unresolved, _) => "unresolved",
            (Meeting::NotAssessable, _) => "not assessable",
            (Meeting::Silence, _) => "silence",
            (Meeting::NotInCorpus, _) => "not in the corpus",
            (Meeting::NotAsked, _) => "not asked",
            (Meeting::NotSampled, _) => "not sampled",
            (Meeting::NoFinding, _) => "no finding",
        }
    }

    /// Refuses a word of another vocabulary.
    pub fn checked(self, word: &str, place: &str) -> Result<()> {
        if self.words().contains(&word) || word == "unresolved" || word == "not assessable" {
            return Ok(());
        }
        Err(input("fit from another vocabulary")
            .at(place)
            .got(format!("\"{word}\""))
            .allowed(format!("{}, unresolved, not assessable", self.words().join(", ")))
            .remedy("Use one vocabulary per display; pass vocabulary= to choose another.")
            .into())
    }
}

/// Proposes how a finding and the excerpts linked to it meet. `beyond`: a code among them belongs to another construct.
pub fn propose(finding: &Finding, signal: Signal, valences: &[Option<Valence>], beyond: bool) -> (Meeting, String) {
    if signal == Signal::Indeterminate {
        return (Meeting::NotAssessable, "the interval spans a cut".into());
    }
    let Some(favourable) = finding.is_favourable(signal) else {
        return (Meeting::Unresolved, format!("the signal is {}", signal.word()));
    };
    let Some(helps) = common(valences) else {
        return (Meeting::Unresolved, "what people said is mixed or has no valence".into());
    };
    let side = if favourable { "favourable" } else { "unfavourable" };
    let said = if helps { "facilitator" } else { "barrier" };
    let meeting = match (favourable == helps, beyond) {
        (true, false) => Meeting::Same,
        (true, true) => Meeting::SameAndMore,
        (false, _) => Meeting::Opposite,
    };
    (meeting, format!("{side} signal, {said} in every excerpt"))
}

/// True when all are facilitators, false when all are barriers, None otherwise.
fn common(valences: &[Option<Valence>]) -> Option<bool> {
    let all = |wanted| !valences.is_empty() && valences.iter().all(|v| *v == Some(wanted));
    if all(Valence::Facilitator) {
        Some(true)
    } else if all(Valence::Barrier) {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Favourable;
    use super::*;

    const BARRIER: Option<Valence> = Some(Valence::Barrier);
    const HELP: Option<Valence> = Some(Valence::Facilitator);

    fn meeting(signal: Signal, valences: &[Option<Valence>], beyond: bool) -> Meeting {
        propose(&Finding::default(), signal, valences, beyond).0
    }

    #[test]
    fn the_table_of_proposals() {
        assert_eq!(meeting(Signal::Low, &[BARRIER], false), Meeting::Same);
        assert_eq!(meeting(Signal::High, &[HELP, HELP], false), Meeting::Same);
        assert_eq!(meeting(Signal::High, &[HELP], true), Meeting::SameAndMore);
        assert_eq!(meeting(Signal::Low, &[HELP], false), Meeting::Opposite);
        assert_eq!(meeting(Signal::High, &[BARRIER], true), Meeting::Opposite);
        assert_eq!(meeting(Signal::Low, &[BARRIER, HELP], false), Meeting::Unresolved);
        assert_eq!(meeting(Signal::Low, &[Some(Valence::Mixed)], false), Meeting::Unresolved);
        assert_eq!(meeting(Signal::Low, &[None], false), Meeting::Unresolved);
        assert_eq!(meeting(Signal::Mid, &[HELP], false), Meeting::Unresolved);
        assert_eq!(meeting(Signal::Indeterminate, &[HELP], false), Meeting::NotAssessable);
        let barrier = Finding { favourable: Favourable::Low, ..Finding::default() };
        assert_eq!(propose(&barrier, Signal::Low, &[HELP], false).0, Meeting::Same);
    }

    #[test]
    fn a_word_of_another_vocabulary_is_refused() {
        let error = Vocabulary::Fetters2013.checked("dissonance", "row 2").map_err(|e| e.to_string());
        let told = "fit from another vocabulary in row 2: got \"dissonance\"; allowed: confirmation";
        assert!(error.is_err_and(|e| e.starts_with(told)));
        assert!(Vocabulary::Triangulation.checked("dissonance", "row 2").is_ok());
    }
}
