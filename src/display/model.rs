//! The display as data: what it is made from ([`Spec`]) and what it shows ([`Display`]).
//!
//! Every kind of display is columns, sections, rows and cells; a cell is a list of blocks, each with a role and a text
//! without markup, and at most one small chart. So each output format needs one writer, not one per kind.

use super::asked::Asked;
use super::finding::Finding;
use super::fit::Vocabulary;
use super::lens::{Lens, Selection};
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
    /// Findings as a lens on themes.
    Lens,
}

/// Whether proposals of fit are shown before anybody judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proposals {
    /// Only beside a judgement.
    #[default]
    Hidden,
    /// At once, marked as proposals.
    Shown,
}

/// A display.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Display {
    /// Format of this text.
    pub schema: String,
    /// Version of Steelyard that built it.
    pub steelyard: String,
    /// What it was built from.
    pub spec: Spec,
    /// Caption.
    pub caption: String,
    /// Columns.
    pub columns: Vec<Column>,
    /// Groups of rows.
    pub sections: Vec<Section>,
    /// Themes, findings and counts beside the table.
    pub appendices: Vec<Appendix>,
    /// Notes below the table.
    pub notes: Vec<String>,
    /// The log of the lens.
    pub selection: Vec<Selection>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Heading.
    pub heading: String,
    /// The strand it belongs to.
    pub strand: Strand,
    /// Share of the width, in hundredths.
    pub width: u8,
}

/// The strand that a column belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strand {
    /// Names the row.
    Label,
    /// Numbers.
    Quantitative,
    /// Words.
    Qualitative,
    /// Both.
    Integration,
}

/// A group of rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Heading of the group.
    pub heading: String,
    /// Rows.
    pub rows: Vec<Row>,
}

/// A row; the first cell is its header.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Id, unique in the display; judgements refer to it.
    pub id: String,
    /// Cells, one per column.
    pub cells: Vec<Cell>,
}

/// A cell.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// What it says, in order.
    pub blocks: Vec<Block>,
    /// A small chart.
    #[serde(default)]
    pub chart: Option<Chart>,
}

/// A piece of text with a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// What the text is.
    pub role: Role,
    /// The text, without markup.
    pub text: String,
    /// Who said it, for a quote.
    #[serde(default)]
    pub who: Option<String>,
    /// Language of the text, where it is not the display's.
    #[serde(default)]
    pub language: Option<String>,
    /// The excerpt that a quote comes from.
    #[serde(default)]
    pub excerpt: Option<String>,
}

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Name of a row.
    Label,
    /// A number that matters.
    Value,
    /// Interval, n, range.
    Detail,
    /// Why the row is there.
    Rule,
    /// Low, mid, high, indeterminate.
    Signal,
    /// Name of a theme.
    Theme,
    /// What a theme says.
    Description,
    /// Somebody's own words.
    Quote,
    /// What somebody said, in other words.
    Paraphrase,
    /// A fit that was judged or proposed.
    Fit,
    /// What is not there, and why.
    Absent,
    /// What a reader must know.
    Caution,
    /// Plain words.
    Text,
}

/// Points, an interval and cuts on one axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chart {
    /// Left end of the axis.
    pub from: f64,
    /// Right end of the axis.
    pub to: f64,
    /// The estimate.
    pub value: f64,
    /// Interval, where there is one.
    pub interval: Option<(f64, f64)>,
    /// Values of sites.
    pub points: Vec<f64>,
    /// Cuts.
    pub cuts: Vec<f64>,
    /// The chart in words.
    pub words: String,
}

/// A list beside the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Appendix {
    /// Heading.
    pub heading: String,
    /// What the list is, or that it is empty.
    pub lead: String,
    /// Column headings; the first column heads its row.
    pub columns: Vec<String>,
    /// Rows of plain text.
    pub rows: Vec<Vec<String>>,
}

impl Block {
    pub(crate) fn new(role: Role, text: impl Into<String>) -> Self {
        Self { role, text: text.into(), who: None, language: None, excerpt: None }
    }
}

impl Cell {
    pub(crate) fn of(blocks: Vec<Block>) -> Self {
        Self { blocks, chart: None }
    }
}
