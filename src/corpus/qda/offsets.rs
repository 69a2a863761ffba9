//! What an offset counts. The standard says code points from 0; programs count UTF-16 units, bytes, line ends as one or
//! two, the byte order mark or not, the last character or the one after it.
//!
//! Selections carry the words that they mark (as their name or description). Each convention is tried on all selections
//! of a source, and the one under which most words stand where they should is taken; the standard where it is as good.
//! Offsets are then converted, and the report says which convention was found and how many quotes matched under it and
//! under the standard. Where selections carry no words nothing can be found, and the report says that.

use serde::Serialize;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Unicode code points.
    CodePoints,
    /// UTF-16 units: two for a character outside the basic plane.
    Utf16,
    /// Bytes of UTF-8.
    Bytes,
}

/// How line ends count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineEnds {
    /// As they stand in the text.
    AsHeld,
    /// CR LF as one.
    One,
    /// LF as two.
    Two,
}

/// A convention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Convention {
    /// What is counted.
    pub unit: Unit,
    /// How line ends count.
    pub line_ends: LineEnds,
    /// Whether a byte order mark counts.
    pub mark: bool,
    /// Whether the end is the last character instead of the one after it.
    pub inclusive: bool,
}

impl Convention {
    /// That of the standard.
    pub const STANDARD: Self =
        Self { unit: Unit::CodePoints, line_ends: LineEnds::AsHeld, mark: false, inclusive: false };

    /// How reports name it.
    pub fn words(self) -> String {
        let mut words = vec![match self.unit {
            Unit::CodePoints => "code points",
            Unit::Utf16 => "UTF-16 units",
            Unit::Bytes => "bytes",
        }];
        match self.line_ends {
            LineEnds::AsHeld => {}
            LineEnds::One => words.push("CR LF as one"),
            LineEnds::Two => words.push("LF as two"),
        }
        if self.mark {
            words.push("byte order mark counted");
        }
        words.push(if self.inclusive { "end included" } else { "end not included" });
        words.join(", ")
    }
}

/// A selection as it was recorded.
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'s> {
    /// First offset.
    pub start: usize,
    /// Last.
    pub end: usize,
    /// Its name.
    pub name: Option<&'s str>,
    /// Its description.
    pub description: Option<&'s str>,
}

/// What was found for one source.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Found {
    /// The convention; the standard where nothing could be found.
    pub convention: Convention,
    /// Selections that carry words.
    pub quotes: usize,
    /// Quotes that match under it.
    pub matched: usize,
    /// Quotes that match under the standard.
    pub standard: usize,
    /// Whether names (`"name"`), descriptions (`"description"`) or nothing (`""`) hold the words.
    pub words_in: String,
}

/// Positions of code points under one way of counting; lookup goes back from offsets.
struct Ruler {
    at: Vec<u32>,
}

impl Ruler {
    fn new(chars: &[char], unit: Unit, line_ends: LineEnds, mark: bool) -> Self {
        let width = |c: char| match unit {
            Unit::CodePoints => 1,
            Unit::Utf16 => c.len_utf16() as u32,
            Unit::Bytes => c.len_utf8() as u32,
        };
        let mut position = if mark { width('\u{feff}') } else { 0 };
        let mut at = Vec::with_capacity(chars.len() + 1);
        let mut before = '\0';
        for &c in chars {
            at.push(position);
            position += match line_ends {
                LineEnds::One if c == '\n' && before == '\r' => 0,
                LineEnds::Two if c == '\n' && before != '\r' => 2,
                _ => width(c),
            };
            before = c;
        }
        at.push(position);
        Self { at }
    }

    /// The code point at an offset. Under "CR LF as one" the offset after CR LF belongs to what follows LF.
    fn point(&self, offset: usize) -> Option<usize> {
        let offset = u32::try_from(offset).ok()?;
        let after = self.at.partition_point(|p| *p <= offset);
        (after > 0 && self.at[after - 1] == offset).then(|| after - 1)
    }

    fn range(&self, start: usize, end: usize, inclusive: bool) -> Option<(usize, usize)> {
        let start = self.point(start)?;
        let end = self.point(end)? + usize::from(inclusive);
        (start <= end && end < self.at.len()).then_some((start, end))
    }
}

/// A text as code points, and the offsets of selections in it.
pub struct Text {
    chars: Vec<char>,
    mark: bool,
}

impl Text {
    /// `mark`: the file began with a byte order mark, which `text` no longer holds.
    pub fn new(text: &str, mark: bool) -> Self {
        Self { chars: text.chars().collect(), mark }
    }

    /// Code points.
    pub fn len(&self) -> usize {
        self.chars.len()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.chars.is_empty()
    }

    /// The words between two code points.
    pub fn slice(&self, start: usize, end: usize) -> Option<String> {
        (start <= end).then(|| self.chars.get(start..end).map(|c| c.iter().collect()))?
    }

    /// Finds the convention of the selections of this text.
    pub fn calibrate(&self, selections: &[Recorded<'_>]) -> Found {
        let standard = self.score(Convention::STANDARD, selections);
        let mut best = (Convention::STANDARD, standard[0].better(standard[1]));
        if best.1.exact < best.1.quotes || best.1.quotes == 0 {
            for convention in self.conventions() {
                let score = self.score(convention, selections);
                let score = score[0].better(score[1]);
                if score.key() > best.1.key() {
                    best = (convention, score);
                }
            }
        }
        let (convention, Score { field, quotes, matched, .. }) = best;
        // Names that stand nowhere in the text are labels, not quotes: they say nothing about offsets.
        if matched * 2 < quotes.max(1) {
            let words_in = String::new();
            return Found { convention: Convention::STANDARD, quotes: 0, matched: 0, standard: 0, words_in };
        }
        let words_in = ["name", "description"][field].to_owned();
        Found { convention, quotes, matched, standard: standard[field].matched, words_in }
    }

    /// Converts offsets to code points of this text.
    pub fn convert(&self, convention: Convention, selections: &[Recorded<'_>]) -> Vec<Option<(usize, usize)>> {
        let ruler = self.ruler(convention);
        selections.iter().map(|s| ruler.range(s.start, s.end, convention.inclusive)).collect()
    }

    fn ruler(&self, c: Convention) -> Ruler {
        Ruler::new(&self.chars, c.unit, c.line_ends, c.mark)
    }

    /// Conventions that can differ from the standard on this text.
    fn conventions(&self) -> Vec<Convention> {
        let wide = self.chars.iter().any(|c| *c as u32 > 0xffff);
        let beyond_ascii = self.chars.iter().any(|c| !c.is_ascii());
        let units = [(Unit::CodePoints, true), (Unit::Utf16, wide), (Unit::Bytes, beyond_ascii || self.mark)];
        let pairs = self.chars.windows(2).any(|w| w == ['\r', '\n']);
        let lone = self.chars.contains(&'\n');
        let ends = [(LineEnds::AsHeld, true), (LineEnds::One, pairs), (LineEnds::Two, lone)];
        let mut all = Vec::new();
        for (unit, _) in units.into_iter().filter(|(_, use_it)| *use_it) {
            for (line_ends, _) in ends.into_iter().filter(|(_, use_it)| *use_it) {
                for mark in [false, true].into_iter().take(1 + usize::from(self.mark)) {
                    all.extend([false, true].map(|inclusive| Convention { unit, line_ends, mark, inclusive }));
                }
            }
        }
        all
    }

    /// Matches and quotes by name and by description.
    fn score(&self, convention: Convention, selections: &[Recorded<'_>]) -> [Score; 2] {
        let ruler = self.ruler(convention);
        let mut score = [Score::default(), Score { field: 1, ..Score::default() }];
        for s in selections {
            let range = ruler.range(s.start, s.end, convention.inclusive);
            for (score, words) in score.iter_mut().zip([s.name, s.description]) {
                let Some(words) = words.filter(|w| !w.trim().is_empty()) else { continue };
                let slice = range.map(|(a, b)| &self.chars[a..b]);
                score.quotes += 1;
                score.exact += usize::from(slice.is_some_and(|slice| same_letters(slice, words)));
                score.matched += usize::from(slice.is_some_and(|slice| same_words(slice, words)));
            }
        }
        score
    }
}

/// How well one field of the selections agrees with the text under a convention.
#[derive(Debug, Clone, Copy, Default)]
struct Score {
    field: usize,
    quotes: usize,
    exact: usize,
    matched: usize,
}

impl Score {
    /// A quote that matches to the last blank says more than one that does not.
    fn key(self) -> usize {
        self.exact + self.matched
    }

    fn better(self, other: Self) -> Self {
        if other.key() > self.key() { other } else { self }
    }
}

/// The same letters, blanks included; line ends may be CR LF on one side.
fn same_letters(slice: &[char], words: &str) -> bool {
    slice.iter().copied().filter(|c| *c != '\r').eq(words.chars().filter(|c| *c != '\r'))
}

/// Whether a recorded quote is the slice: line ends and blanks at its ends aside, and possibly cut short with dots.
pub fn same_words(slice: &[char], words: &str) -> bool {
    let cut = ["...", "\u{2026}"].iter().find_map(|dots| words.trim_end().strip_suffix(dots));
    if let Some(start) = cut.filter(|w| w.trim().chars().count() >= 8) {
        let mut slice = slice.iter().copied().filter(|c| !c.is_whitespace());
        return start.chars().filter(|c| !c.is_whitespace()).all(|c| slice.next() == Some(c));
    }
    let trim = |c: &[char]| {
        let first = c.iter().position(|c| !c.is_whitespace()).unwrap_or(c.len());
        let last = c.iter().rposition(|c| !c.is_whitespace()).map_or(first, |i| i + 1);
        (first, last)
    };
    let (first, last) = trim(slice);
    let ours = slice[first..last].iter().copied().filter(|c| *c != '\r');
    ours.eq(words.trim().chars().filter(|c| *c != '\r'))
}
