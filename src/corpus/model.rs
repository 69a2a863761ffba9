//! The parts of a corpus. Ids are the caller's; offsets count Unicode code points, start included, end not.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was said and how it was coded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Corpus {
    /// What the corpus is called.
    pub name: String,
    /// Texts that excerpts are taken from.
    pub sources: Vec<Source>,
    /// People who were heard one by one.
    pub informants: Vec<Informant>,
    /// Focus groups; each is one unit, whatever its size.
    pub groups: Vec<Group>,
    /// People who coded.
    pub coders: Vec<Coder>,
    /// Codes; `parent` makes the tree.
    pub codes: Vec<Code>,
    /// Themes.
    pub themes: Vec<Theme>,
    /// Stretches of what was said, quoted or paraphrased.
    pub excerpts: Vec<Excerpt>,
    /// Which coder put which code on which excerpt, in which round.
    pub codings: Vec<Coding>,
    /// What the coders agreed on after talking, and who did not.
    pub consensus: Vec<Consensus>,
    /// Where the corpus comes from and what was lost on the way.
    pub notes: Vec<String>,
}

/// A text that excerpts are taken from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Source {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its text, where it may be held.
    pub text: Option<String>,
    /// BCP 47 tag of its language.
    pub language: Option<String>,
    /// Who speaks in it, where that is one informant.
    pub informant: Option<String>,
    /// The focus group that it records.
    pub group: Option<String>,
    /// The site it belongs to.
    pub site: Option<String>,
    /// Variables of the source, as text.
    pub variables: BTreeMap<String, String>,
}

/// A person who was heard.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Informant {
    /// Pseudonymous id.
    pub id: String,
    /// How displays name the person.
    pub label: String,
    /// Role, such as participant or employment specialist.
    pub role: Option<String>,
    /// Site.
    pub site: Option<String>,
    /// Further attributes, as text; rare combinations may identify the person.
    pub variables: BTreeMap<String, String>,
}

/// A focus group.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Group {
    /// Its id.
    pub id: String,
    /// How displays name it.
    pub label: String,
    /// How many took part, where it is known.
    pub size: Option<u32>,
    /// Stands for one of these groups where nobody recorded which; counted as no unit of its own.
    pub one_of: Vec<String>,
    /// Role of its members.
    pub role: Option<String>,
    /// Site.
    pub site: Option<String>,
}

/// A person who coded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Coder {
    /// Id.
    pub id: String,
    /// Name or initials.
    pub name: String,
}

/// A code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Code {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// The code above it in the tree.
    pub parent: Option<String>,
    /// False where the code only groups others.
    pub codable: bool,
    /// What the code stands for.
    pub description: Option<String>,
    /// `#RRGGBB`.
    pub color: Option<String>,
    /// Whether what it marks hinders or helps.
    pub valence: Option<Valence>,
    /// The construct that the code belongs to; one that differs from a finding's makes a fit an expansion.
    pub construct: Option<String>,
}

impl Default for Code {
    fn default() -> Self {
        Self {
            id: String::new(),
            name: String::new(),
            parent: None,
            codable: true,
            description: None,
            color: None,
            valence: None,
            construct: None,
        }
    }
}

/// A theme: what several codes or excerpts have in common.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Theme {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// What it says.
    pub description: Option<String>,
    /// Whose theme it is, such as participants or service providers.
    pub population: Option<String>,
    /// The codes that make it up.
    pub codes: Vec<String>,
    /// Findings that it belongs with, beside those that its excerpts name.
    pub findings: Vec<String>,
    /// The construct it belongs to in a framework.
    pub construct: Option<String>,
}

/// Whether something hinders or helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Valence {
    /// Hinders.
    Barrier,
    /// Helps.
    Facilitator,
    /// Both.
    Mixed,
    /// Neither.
    Neutral,
}

/// Whose words an excerpt holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wording {
    /// The speaker's own words; can be checked against the source.
    #[default]
    Verbatim,
    /// The speaker's words in translation.
    Translated,
    /// Somebody else's words for what was said.
    Paraphrase,
}

/// A stretch of what was said.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Excerpt {
    /// Id.
    pub id: String,
    /// The words.
    pub text: String,
    /// Whose words they are.
    pub wording: Wording,
    /// The source it stands in.
    pub source: Option<String>,
    /// First code point.
    pub start: Option<usize>,
    /// One past the last code point.
    pub end: Option<usize>,
    /// Hash of the words when they were first recorded (BLAKE3, first 16 hex digits).
    pub hash: Option<String>,
    /// Who said it.
    pub informant: Option<String>,
    /// The focus group in which it was said.
    pub group: Option<String>,
    /// Whether it hinders or helps.
    pub valence: Option<Valence>,
    /// Themes it stands for, beside those of its codes.
    pub themes: Vec<String>,
    /// Findings it was presented with or asked about.
    pub findings: Vec<String>,
    /// BCP 47 tag of its language.
    pub language: Option<String>,
}

/// One code on one excerpt by one coder.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Coding {
    /// The excerpt.
    pub excerpt: String,
    /// The code.
    pub code: String,
    /// Who coded.
    pub coder: Option<String>,
    /// Round of coding; None where rounds were not kept.
    pub round: Option<u32>,
}

/// What was agreed about one code on one excerpt.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Consensus {
    /// The excerpt.
    pub excerpt: String,
    /// The code.
    pub code: String,
    /// Whether the code stays.
    pub applies: bool,
    /// Coders who disagreed to the end.
    pub dissent: Vec<String>,
    /// Why.
    pub reason: Option<String>,
}
