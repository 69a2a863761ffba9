//! The display as data, whatever its kind.
//!
//! Every kind of display is columns, sections, rows and cells; a cell is a list of blocks, each with a role and a text
//! without markup, and at most one small chart. So each output format needs one writer, not one per kind.

use super::lens::Selection;
use super::spec::Spec;
use serde::{Deserialize, Serialize};

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
    /// Which column names the row.
    pub header: usize,
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

/// A row.
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

/// A small chart on one axis.
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
    /// Shares of an ordinal question, from its lowest level; then the chart is one stacked bar.
    #[serde(default)]
    pub shares: Vec<Share>,
    /// Whether the chart is what its column is for.
    #[serde(default)]
    pub wide: bool,
    /// The chart in words.
    pub words: String,
}

/// A level of an ordinal question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// Its name.
    pub label: String,
    /// Percent of those who answered.
    pub percent: f64,
    /// Below, at or above the middle of the question.
    pub side: Side,
}

/// Where a level stands with respect to the middle of its question.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Below the middle.
    Below,
    /// The middle itself.
    #[default]
    Neutral,
    /// Above the middle.
    Above,
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
