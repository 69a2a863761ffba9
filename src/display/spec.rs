//! Everything that a display is built from. A display holds its spec, so that anybody can build it again.

use super::asked::Asked;
use super::finding::Finding;
use super::fit::Vocabulary;
use super::framework::Framework;
use super::judged::Judgement;
use super::lens::Lens;
use super::privacy::Privacy;
use crate::corpus::Corpus;
use serde::{Deserialize, Serialize};

/// Everything that a display is built from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Which display.
    pub kind: Kind,
    /// Caption; None: one is written.
    #[serde(default)]
    pub title: Option<String>,
    /// BCP 47 tag of the display's own words.
    #[serde(default = "english")]
    pub language: String,
    /// The quantitative strand.
    pub findings: Vec<Finding>,
    /// The qualitative strand.
    pub corpus: Corpus,
    /// How findings select themes.
    #[serde(default)]
    pub lens: Option<Lens>,
    /// What was asked where.
    #[serde(default)]
    pub asked: Option<Vec<Asked>>,
    /// Words for the fit.
    #[serde(default)]
    pub vocabulary: Vocabulary,
    /// Whether proposals of fit are shown before anybody judged.
    #[serde(default)]
    pub proposals: Proposals,
    /// Quotes per theme; the rest is counted.
    #[serde(default = "two")]
    pub quotes: usize,
    /// How the strands were merged; None: the one that the kind implies.
    #[serde(default)]
    pub direction: Option<Direction>,
    /// What analysts judged, oldest first.
    #[serde(default)]
    pub judgements: Vec<Judgement>,
    /// What may not be printed.
    #[serde(default)]
    pub privacy: Privacy,
    /// What single kinds need beside findings and corpus.
    #[serde(default)]
    pub parts: Parts,
}

fn english() -> String {
    "en".into()
}

fn two() -> usize {
    2
}

/// Which display.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Numbers and words side by side.
    SideBySide,
    /// Themes by groups of people, with each group's numbers.
    StatisticsByThemes,
    /// Segments of each code by groups of people.
    QuoteMatrix,
    /// Findings as a lens on themes.
    Lens,
    /// Who was sampled from which stratum.
    Sampling,
    /// Cases in the order of a score.
    CaseOriented,
    /// Constructs of a trial: outcome, delivery, voice.
    Trial,
    /// Constructs of a framework with ratings.
    Framework,
    /// What follows, for whom, on what evidence.
    Recommendation,
    /// Pillars between codes of numbers and codes of words.
    Pillar,
    /// The convergence coding matrix of the triangulation protocol.
    Convergence,
    /// A chart, and what was said.
    Visual,
}

/// Whether proposals of fit are shown before anybody judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proposals {
    /// Hidden: a proposal does not lead the analyst.
    #[default]
    Hidden,
    /// Shown, as proposals.
    Shown,
}

/// How the strands were merged: Moseholm and Fetters (2017), Methodol Innov 10(2), doi 10.1177/2059799117703121.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Numbers select or frame words.
    ExplanatoryUnidirectional,
    /// Words select or frame numbers.
    ExploratoryUnidirectional,
    /// Each is read in the light of the other, at once.
    SimultaneousBidirectional,
    /// To and fro, numbers first.
    ExplanatoryBidirectional,
    /// To and fro, words first.
    ExploratoryBidirectional,
}

impl Direction {
    /// The direction as displays print it.
    pub fn words(self) -> &'static str {
        match self {
            Self::ExplanatoryUnidirectional => "explanatory, unidirectional (numbers select words)",
            Self::ExploratoryUnidirectional => "exploratory, unidirectional (words select numbers)",
            Self::SimultaneousBidirectional => "simultaneous, bidirectional (each read in the light of the other)",
            Self::ExplanatoryBidirectional => "explanatory, bidirectional (to and fro, numbers first)",
            Self::ExploratoryBidirectional => "exploratory, bidirectional (to and fro, words first)",
        }
    }
}

impl Kind {
    /// The direction that the kind implies where the analyst names none.
    pub fn direction(self) -> Direction {
        match self {
            Self::Lens | Self::Sampling => Direction::ExplanatoryUnidirectional,
            Self::StatisticsByThemes | Self::QuoteMatrix => Direction::ExploratoryUnidirectional,
            _ => Direction::SimultaneousBidirectional,
        }
    }

    /// Whether its rows hold a fit that a person judges.
    pub fn is_judged(self) -> bool {
        !matches!(self, Self::QuoteMatrix | Self::Sampling | Self::Recommendation)
    }
}

/// What single kinds need beside findings and corpus.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Parts {
    /// Groups of people: columns of themes by statistics and of a quote matrix, rows of a sampling display.
    pub strata: Vec<Stratum>,
    /// What is told about sites, for the case-oriented display.
    pub cases: Vec<Case>,
    /// The finding by whose values sites are ordered.
    pub order_by: Option<String>,
    /// Findings that are outcomes of a trial; the others tell about delivery.
    pub outcomes: Vec<String>,
    /// The framework of a framework display.
    pub framework: Option<Framework>,
    /// Ratings of its constructs.
    pub ratings: Vec<Rating>,
    /// Pillars.
    pub pillars: Vec<Pillar>,
    /// Recommendations.
    pub recommendations: Vec<Recommendation>,
    /// What the rows of a quote matrix are.
    pub rows_by: RowsBy,
}

/// What the rows of a quote matrix are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowsBy {
    /// Themes.
    #[default]
    Themes,
    /// Codes.
    Codes,
}

/// A group of people, with its numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Stratum {
    /// Name.
    pub label: String,
    /// Informants and focus groups in it, by id.
    pub units: Vec<String>,
    /// How many there are to sample from.
    pub eligible: Option<u64>,
    /// How many were invited.
    pub invited: Option<u64>,
    /// The group's own findings, such as its mean score.
    pub statistics: Vec<Finding>,
}

/// What is told about a site.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Case {
    /// The site.
    pub site: String,
    /// How displays name it.
    pub label: Option<String>,
    /// Its story in the analyst's words.
    pub narrative: Option<String>,
}

/// A rating of a construct, from -2 (strong barrier) to +2 (strong facilitator).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rating {
    /// The construct.
    pub construct: String,
    /// From -2 to +2.
    pub value: i8,
    /// Who rated.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
}

/// A pillar: what codes of numbers and categories of words hold up together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pillar {
    /// Name.
    pub name: String,
    /// What it says.
    pub statement: Option<String>,
    /// Findings on its left side.
    pub findings: Vec<String>,
    /// What the analyst calls these numbers.
    pub codes: Vec<String>,
    /// Themes on its right side.
    pub themes: Vec<String>,
}

/// What follows from the study, for whom.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recommendation {
    /// The conclusion that it rests on.
    pub inference: String,
    /// What should be done.
    pub action: String,
    /// Who should do it.
    pub owner: Option<String>,
    /// How strong the evidence is, in the analyst's words.
    pub strength: Option<String>,
    /// Findings that it rests on.
    pub findings: Vec<String>,
    /// Themes that it rests on.
    pub themes: Vec<String>,
}
