//! What every kind of display works from: the spec, the links between the strands, and the log of the lens.

use super::asked::{Absence, absence};
use super::finding::{Cuts, Finding};
use super::fit::{Meeting, propose};
use super::lens::{Selection, select};
use super::model::{Appendix, Column, Row, Strand};
use super::privacy::{Risk, risks};
use super::spec::Spec;
use super::strands::Strands;
use crate::corpus;
use crate::corpus::Valence;
use crate::error::{Result, input};
use std::collections::HashMap;

/// The desk on which a display is laid out.
pub(crate) struct Desk<'s> {
    pub(crate) spec: &'s Spec,
    pub(crate) strands: Strands<'s>,
    pub(crate) selection: Vec<Selection>,
    /// What can be said about the words of each excerpt.
    pub(crate) statuses: HashMap<&'s str, String>,
    /// References that lead nowhere, and other issues of the corpus.
    pub(crate) issues: usize,
    pub(crate) risks: Vec<Risk>,
}

/// A table before it is signed: what a kind returns.
pub(crate) struct Table {
    pub(crate) caption: &'static str,
    pub(crate) columns: Vec<Column>,
    pub(crate) header: usize,
    pub(crate) parts: Vec<Part>,
    pub(crate) appendices: Vec<Appendix>,
    pub(crate) notes: Vec<String>,
}

/// A group of lines.
pub(crate) struct Part {
    pub(crate) heading: String,
    pub(crate) lines: Vec<Line>,
}

/// A row, and the excerpts that stand behind it, quoted or not.
pub(crate) struct Line {
    pub(crate) row: Row,
    pub(crate) behind: Vec<usize>,
}

/// What the rule would say about a row.
pub(crate) struct Proposal {
    pub(crate) meeting: Meeting,
    pub(crate) why: String,
}

impl<'s> Desk<'s> {
    pub(crate) fn new(spec: &'s Spec) -> Result<Self> {
        let selection = match &spec.lens {
            Some(lens) => select(lens, &spec.findings)?,
            None => spec.findings.iter().map(unselected).collect(),
        };
        let checked = corpus::check(&spec.corpus)?;
        let ids = spec.corpus.excerpts.iter().map(|e| e.id.as_str());
        Ok(Self {
            strands: Strands::new(&spec.corpus),
            selection,
            statuses: ids.zip(checked.statuses).collect(),
            issues: checked.issues.len(),
            risks: risks(&spec.corpus),
            spec,
        })
    }

    /// The selected findings with their log; all of them where there is no lens.
    pub(crate) fn chosen(&self) -> Vec<(&'s Finding, &Selection)> {
        self.spec.findings.iter().zip(&self.selection).filter(|(_, s)| s.selected).collect()
    }

    pub(crate) fn finding(&self, id: &str, place: &str) -> Result<(&'s Finding, &Selection)> {
        self.spec.findings.iter().zip(&self.selection).find(|(f, _)| f.id == id).ok_or_else(|| {
            input("unknown finding")
                .at(place)
                .got(format!("\"{id}\""))
                .remedy("Name the id of a finding of this display.")
                .into()
        })
    }

    /// Why a finding has no excerpt; None where it has.
    pub(crate) fn missing(&self, finding: &str) -> Option<Absence> {
        let is_missing = self.strands.excerpts_of(finding).is_empty();
        is_missing.then(|| absence(self.spec.asked.as_deref(), finding))
    }

    pub(crate) fn proposal(&self, finding: &Finding, log: &Selection) -> Proposal {
        match self.missing(&finding.id) {
            Some(Absence::Silence(why)) => Proposal { meeting: Meeting::Silence, why },
            Some(Absence::NotAsked(why)) => Proposal { meeting: Meeting::NotAsked, why },
            Some(Absence::NotSampled(why)) => Proposal { meeting: Meeting::NotSampled, why },
            Some(_) => Proposal { meeting: Meeting::NotInCorpus, why: "no excerpt is linked".into() },
            None => {
                let excerpts = self.strands.excerpts_of(&finding.id);
                let beyond = self.strands.beyond(excerpts, finding.construct.as_deref());
                let (meeting, why) = propose(finding, log.signal, &self.valences(excerpts), beyond);
                Proposal { meeting, why }
            }
        }
    }

    /// The proposal for several findings and their excerpts together: that of each, where they agree.
    pub(crate) fn joint_proposal(&self, findings: &[(&'s Finding, &Selection)], excerpts: &[usize]) -> Proposal {
        if findings.is_empty() {
            return Proposal { meeting: Meeting::NoFinding, why: "no finding is linked".into() };
        }
        if excerpts.is_empty() {
            let first = findings.iter().map(|(f, s)| self.proposal(f, s));
            let known = [Meeting::Silence, Meeting::NotAsked, Meeting::NotSampled];
            let silent = first.into_iter().find(|p| known.contains(&p.meeting));
            let none = Proposal { meeting: Meeting::NotInCorpus, why: "no excerpt is linked".into() };
            return silent.unwrap_or(none);
        }
        let valences = self.valences(excerpts);
        let mut told: Vec<Proposal> = findings
            .iter()
            .map(|(finding, log)| {
                let beyond = self.strands.beyond(excerpts, finding.construct.as_deref());
                let (meeting, why) = propose(finding, log.signal, &valences, beyond);
                Proposal { meeting, why }
            })
            .collect();
        let agree = told.windows(2).all(|pair| matches!(pair, [a, b] if a.meeting == b.meeting));
        match (told.pop(), agree) {
            (Some(last), true) => last,
            _ => Proposal { meeting: Meeting::Unresolved, why: "the findings do not point the same way".into() },
        }
    }

    fn valences(&self, excerpts: &[usize]) -> Vec<Option<Valence>> {
        excerpts.iter().filter_map(|at| self.strands.excerpt(*at)).map(|e| self.strands.valence(e)).collect()
    }
}

impl Part {
    pub(crate) fn new(heading: impl Into<String>, lines: Vec<Line>) -> Self {
        Self { heading: heading.into(), lines }
    }
}

/// The log of a display without a lens: every finding, judged by its own cuts.
fn unselected(finding: &Finding) -> Selection {
    Selection {
        finding: finding.id.clone(),
        selected: true,
        judged: finding.cuts != Cuts::default(),
        why: "no lens: every finding is shown".into(),
        cuts: finding.cuts,
        signal: finding.signal(&finding.cuts),
        distance: None,
        overridden: false,
    }
}

/// A column.
pub(crate) fn column(heading: impl Into<String>, strand: Strand, width: u8) -> Column {
    Column { heading: heading.into(), strand, width }
}
