//! Sources of a project with their selections and codings.

use super::archive::Archive;
use super::offsets::{Convention, Recorded, Text, same_words};
use super::project::{Build, Ids, Variables, id_of, take, values};
use super::xml::{Element, decode_text};
use crate::corpus::check::quote_hash;
use crate::corpus::model::{Coding, Excerpt, Source};
use crate::error::Result;
use std::collections::{HashMap, HashSet};

/// The files of the archive: which were asked for, which never were.
pub(super) struct Files<'a, 'b> {
    archive: Option<&'a mut Archive<'b>>,
    used: HashSet<usize>,
}

impl<'a, 'b> Files<'a, 'b> {
    pub(super) fn new(archive: Option<&'a mut Archive<'b>>) -> Self {
        Self { archive, used: HashSet::new() }
    }

    /// The text behind a path of the project: only ever an entry of its own archive.
    fn text(&mut self, path: &str, build: &mut Build<'_>) -> Result<Option<(String, bool)>> {
        let inside = path.strip_prefix("internal://").unwrap_or(path);
        if inside.contains("://") || inside.starts_with("file:") {
            build.say(format!("path {path} leads out of the project and was not opened"));
            return Ok(None);
        }
        let Some(archive) = self.archive.as_deref_mut() else { return Ok(None) };
        let Some(at) = archive.find(&format!("sources/{inside}")).or_else(|| archive.find(inside)) else {
            build.say(format!("file {path} is not in the archive"));
            return Ok(None);
        };
        self.used.insert(at);
        let (text, encoding, mark) = decode_text(&archive.read(at)?);
        if encoding != "UTF-8" {
            build.say(format!("file {path} was read as {encoding}"));
        }
        Ok(Some((text, mark)))
    }

    /// Reports what was never opened.
    pub(super) fn unread(&self, build: &mut Build<'_>) {
        let Some(archive) = &self.archive else { return };
        let other = |(i, e): (usize, &super::archive::Entry)| {
            (!self.used.contains(&i) && e.size > 0 && !e.name.to_lowercase().ends_with(".qde")).then_some(())
        };
        let n = archive.entries.iter().enumerate().filter_map(other).count();
        if n > 0 {
            build.say(format!("{n} files of the archive were not opened (formatted texts, recordings, pictures)"));
        }
    }
}

/// Ids that were used, and defaults that selections inherit.
#[derive(Default)]
struct Seen {
    sources: Ids,
    selections: Ids,
}

/// Reads all sources.
pub(super) fn sources(
    build: &mut Build<'_>,
    root: &Element,
    variables: &Variables,
    files: &mut Files<'_, '_>,
) -> Result<()> {
    let mut seen = Seen::default();
    for element in root.all("Sources").flat_map(|s| &s.children) {
        match element.name.as_str() {
            "TextSource" => text_source(build, element, variables, files, &mut seen)?,
            "PictureSource" | "PDFSource" | "AudioSource" | "VideoSource" => {
                other_source(build, element, variables, files, &mut seen)?;
            }
            other => build.say(format!("a source of unknown kind <{}> was not taken over", other.escape_debug())),
        }
    }
    Ok(())
}

fn source(build: &mut Build<'_>, element: &Element, variables: &Variables, seen: &mut Seen) -> Source {
    let id = build.id("source", element, &mut seen.sources);
    let mut found = values(element, variables);
    let site = take(&mut found, &build.options.site);
    let path = element.first(&["plainTextPath", "richTextPath", "path"]).unwrap_or_default();
    let name = element.get("name").unwrap_or(path.rsplit('/').next().unwrap_or(path)).to_owned();
    Source { id, name, site, variables: found, ..Source::default() }
}

fn text_source(
    build: &mut Build<'_>,
    element: &Element,
    variables: &Variables,
    files: &mut Files<'_, '_>,
    seen: &mut Seen,
) -> Result<()> {
    let mut source = source(build, element, variables, seen);
    let (text, mark) = text_of(build, element, files)?;
    let selections: Vec<&Element> = element.all("PlainTextSelection").collect();
    let placed = place(build, &source.name, text.as_deref(), mark, &selections);
    let owner = element.get("creatingUser");
    for (selection, placed) in selections.iter().zip(placed) {
        excerpt(build, selection, &source.id, placed, owner, seen);
    }
    let whole: Vec<&Element> = element.all("Coding").collect();
    if !whole.is_empty() {
        let words = text.clone().unwrap_or_default();
        let range = text.as_ref().map(|t| (0, t.chars().count()));
        let id = format!("{}#whole", source.id);
        build.say(format!(
            "{} codings of the whole of \"{}\" stand on an excerpt of all of it",
            whole.len(),
            source.name
        ));
        push(build, &id, &source.id, Placed { range, words, note: None });
        codings(build, &whole, &id, owner);
    }
    source.text = text;
    build.corpus.sources.push(source);
    Ok(())
}

fn text_of(build: &mut Build<'_>, element: &Element, files: &mut Files<'_, '_>) -> Result<(Option<String>, bool)> {
    // Of a text that is given twice the inline one is what the offsets belong to.
    if let Some(content) = element.child("PlainTextContent") {
        return Ok((Some(content.text.clone()), false));
    }
    let Some(path) = element.get("plainTextPath") else { return Ok((None, false)) };
    Ok(files.text(path, build)?.map_or((None, false), |(text, mark)| (Some(text), mark)))
}

/// Where a selection stands and which words it holds.
struct Placed {
    range: Option<(usize, usize)>,
    words: String,
    note: Option<String>,
}

fn place(build: &mut Build<'_>, name: &str, text: Option<&str>, mark: bool, selections: &[&Element]) -> Vec<Placed> {
    let described: Vec<Option<String>> = selections.iter().map(|s| s.description()).collect();
    let number = |s: &Element, key: &str| s.get(key).and_then(|x| x.trim().parse::<usize>().ok());
    let recorded: Vec<Recorded<'_>> = selections
        .iter()
        .zip(&described)
        .map(|(s, description)| Recorded {
            start: number(s, "startPosition").unwrap_or(usize::MAX),
            end: number(s, "endPosition").unwrap_or(usize::MAX),
            name: s.get("name"),
            description: description.as_deref(),
        })
        .collect();
    let words_of = |r: &Recorded<'_>| r.description.or(r.name).unwrap_or_default().to_owned();
    let Some(text) = text else {
        return recorded
            .iter()
            .map(|r| Placed {
                range: Some((r.start, r.end)).filter(|x| x.1 != usize::MAX),
                words: words_of(r),
                note: None,
            })
            .collect();
    };
    if recorded.is_empty() {
        return Vec::new();
    }
    let text = Text::new(text, mark);
    let found = text.calibrate(&recorded);
    report_offsets(build, name, &found, selections.len());
    let ranges = text.convert(found.convention, &recorded);
    let placed = recorded.iter().zip(ranges).map(|(r, range)| {
        let quote = match found.words_in.as_str() {
            "name" => r.name,
            "description" => r.description,
            _ => None,
        };
        one(&text, r, range, quote)
    });
    let placed: Vec<Placed> = placed.collect();
    build.offsets.push((name.to_owned(), found));
    placed
}

/// The words are those of the text; where the recorded quote differs it is kept, so that the check can say so.
fn one(text: &Text, recorded: &Recorded<'_>, range: Option<(usize, usize)>, quote: Option<&str>) -> Placed {
    let slice = range.and_then(|(a, b)| text.slice(a, b));
    match (slice, quote) {
        (Some(slice), Some(quote)) if !same_words(&slice.chars().collect::<Vec<char>>(), quote) => Placed {
            range,
            words: quote.to_owned(),
            note: Some("its recorded words are not those of the text at its offsets".into()),
        },
        (Some(words), _) => Placed { range, words, note: None },
        (None, quote) => {
            let words = quote.or(recorded.description).or(recorded.name).unwrap_or_default().to_owned();
            let note =
                format!("its offsets {} to {} lie outside of the text", shown(recorded.start), shown(recorded.end));
            Placed { range: None, words, note: Some(note) }
        }
    }
}

fn shown(offset: usize) -> String {
    if offset == usize::MAX { "(no number)".into() } else { offset.to_string() }
}

fn report_offsets(build: &mut Build<'_>, name: &str, found: &super::offsets::Found, n: usize) {
    if found.words_in.is_empty() {
        build.say(format!(
            "\"{name}\": {n} selections carry no words to check their offsets by; taken as {}",
            Convention::STANDARD.words()
        ));
        return;
    }
    let (matched, quotes) = (found.matched, found.quotes);
    if found.convention != Convention::STANDARD {
        build.say(format!(
            "\"{name}\": offsets count {}: {matched} of {quotes} quotes match so, {} by the standard; converted to code points",
            found.convention.words(),
            found.standard
        ));
    } else if matched < quotes {
        build.say(format!("\"{name}\": {matched} of {quotes} quotes match at their offsets"));
    }
}

fn excerpt(
    build: &mut Build<'_>,
    selection: &Element,
    source: &str,
    placed: Placed,
    owner: Option<&str>,
    seen: &mut Seen,
) {
    let id = build.id("selection", selection, &mut seen.selections);
    push(build, &id, source, placed);
    let owner = selection.get("creatingUser").or(owner);
    codings(build, &selection.all("Coding").collect::<Vec<_>>(), &id, owner);
}

fn push(build: &mut Build<'_>, id: &str, source: &str, placed: Placed) {
    if let Some(note) = &placed.note {
        build.say(format!("selection {id}: {note}"));
    }
    build.corpus.excerpts.push(Excerpt {
        id: id.to_owned(),
        hash: Some(quote_hash(&placed.words)),
        text: placed.words,
        source: Some(source.to_owned()),
        start: placed.range.map(|r| r.0),
        end: placed.range.map(|r| r.1),
        ..Excerpt::default()
    });
}

/// Who coded: the user of the coding, else of the selection, else of the source.
fn codings(build: &mut Build<'_>, list: &[&Element], excerpt: &str, owner: Option<&str>) {
    for coding in list {
        let coder = coding.get("creatingUser").or(owner).map(id_of);
        for code in coding.all("CodeRef") {
            build.corpus.codings.push(Coding {
                excerpt: excerpt.to_owned(),
                code: code.get("targetGUID").map(id_of).unwrap_or_default(),
                coder: coder.clone(),
                round: None,
            });
        }
    }
}

/// Pictures, PDFs and recordings: their selections are kept with their words and codings, their places are not.
fn other_source(
    build: &mut Build<'_>,
    element: &Element,
    variables: &Variables,
    files: &mut Files<'_, '_>,
    seen: &mut Seen,
) -> Result<()> {
    let source = source(build, element, variables, seen);
    let owner = element.get("creatingUser").map(str::to_owned);
    let mut lost = 0;
    let inner: Vec<&Element> = element.children.iter().collect();
    for child in &inner {
        match child.name.as_str() {
            "TextDescription" | "Representation" => text_source(build, child, variables, files, seen)?,
            "Transcript" => transcript(build, child, variables, files, seen)?,
            "PictureSelection" | "PDFSelection" | "AudioSelection" | "VideoSelection" => {
                let words =
                    child.child("Representation").and_then(|r| r.child("PlainTextContent")).map(|c| c.text.clone());
                let words = words.or_else(|| child.description()).or_else(|| child.get("name").map(str::to_owned));
                excerpt(
                    build,
                    child,
                    &source.id,
                    Placed { range: None, words: words.unwrap_or_default(), note: None },
                    owner.as_deref(),
                    seen,
                );
                lost += 1;
            }
            _ => {}
        }
    }
    let whole: Vec<&Element> = element.all("Coding").collect();
    if !whole.is_empty() {
        let id = format!("{}#whole", source.id);
        push(build, &id, &source.id, Placed { range: None, words: String::new(), note: None });
        codings(build, &whole, &id, owner.as_deref());
    }
    if lost > 0 {
        build.say(format!(
            "\"{}\": {lost} selections keep their words and codings, not their place ({})",
            source.name, element.name
        ));
    }
    build.corpus.sources.push(source);
    Ok(())
}

/// A transcript is a text source whose selections run between synchronisation points.
fn transcript(
    build: &mut Build<'_>,
    element: &Element,
    variables: &Variables,
    files: &mut Files<'_, '_>,
    seen: &mut Seen,
) -> Result<()> {
    let point = |p: &Element| Some((id_of(p.get("guid")?), p.get("position")?.trim().to_owned()));
    let points: HashMap<String, String> = element.all("SyncPoint").filter_map(point).collect();
    let mut text = element.clone();
    for selection in text.children.iter_mut().filter(|c| c.name == "TranscriptSelection") {
        "PlainTextSelection".clone_into(&mut selection.name);
        for (from, to) in [("fromSyncPoint", "startPosition"), ("toSyncPoint", "endPosition")] {
            let position = selection.get(from).and_then(|g| points.get(&id_of(g))).cloned();
            selection.attributes.push((to.into(), position.unwrap_or_default()));
        }
    }
    text_source(build, &text, variables, files, seen)
}

/// Cases name the sources and selections of a person: these are then said by that informant or group.
pub(super) fn speakers(build: &mut Build<'_>, root: &Element) {
    let groups: HashSet<String> = build.corpus.groups.iter().map(|g| g.id.clone()).collect();
    let source: HashMap<String, usize> =
        build.corpus.sources.iter().enumerate().map(|(i, s)| (s.id.clone(), i)).collect();
    let excerpt: HashMap<String, usize> =
        build.corpus.excerpts.iter().enumerate().map(|(i, e)| (e.id.clone(), i)).collect();
    let mut shared = 0;
    for case in root.inside("Cases", "Case") {
        let Some(id) = case.get("guid").map(id_of) else { continue };
        for at in case.all("SourceRef").filter_map(|r| source.get(&id_of(r.get("targetGUID")?)).copied()) {
            let s = &mut build.corpus.sources[at];
            let slot = if groups.contains(&id) { &mut s.group } else { &mut s.informant };
            shared += usize::from(slot.is_some());
            slot.get_or_insert_with(|| id.clone());
        }
        for at in case.all("SelectionRef").filter_map(|r| excerpt.get(&id_of(r.get("targetGUID")?)).copied()) {
            let e = &mut build.corpus.excerpts[at];
            let slot = if groups.contains(&id) { &mut e.group } else { &mut e.informant };
            slot.get_or_insert_with(|| id.clone());
        }
    }
    if shared > 0 {
        build.say(format!("{shared} further cases of a source were not taken over: the first stands for its speaker"));
    }
    // Whoever a source belongs to said its excerpts, unless the excerpt has a case of its own.
    let owners: HashMap<String, (Option<String>, Option<String>)> =
        build.corpus.sources.iter().map(|s| (s.id.clone(), (s.informant.clone(), s.group.clone()))).collect();
    for e in build.corpus.excerpts.iter_mut().filter(|e| e.informant.is_none() && e.group.is_none()) {
        if let Some((informant, group)) = e.source.as_ref().and_then(|s| owners.get(s)) {
            e.informant.clone_from(informant);
            e.group.clone_from(group);
        }
    }
}
