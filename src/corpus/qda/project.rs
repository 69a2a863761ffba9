//! The tree of a project to a corpus, and a report of what was found, converted and lost.

use super::archive::{Archive, is_archive, project_entry};
use super::guid;
use super::limits::{Limits, refused};
use super::offsets::Found;
use super::selections::{self, Files};
use super::write::{OWN_NOTE, restore};
use super::xml::{Element, decode, parse};
use crate::corpus::model::{Code, Coder, Corpus, Group, Informant, Theme};
use crate::error::{Result, input};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// What the caller says about a project.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Limits.
    pub limits: Limits,
    /// Variables that name the site of a case or source, whatever their case; the first that is there counts.
    pub site: Vec<String>,
    /// Variables that name the role of a case.
    pub role: Vec<String>,
    /// Do not restore what Steelyard itself wrote: read as any other program would.
    pub as_others: bool,
}

/// A project read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Read {
    /// The corpus, before its own check.
    pub corpus: Corpus,
    /// What wrote the file, as it says.
    pub origin: String,
    /// Convention of offsets by source.
    pub offsets: Vec<(String, Found)>,
    /// What was found odd, converted or lost, one sentence each.
    pub report: Vec<String>,
}

/// Reads a project (`.qdpx`, or a bare `.qde`) or a codebook (`.qdc`).
pub fn read(bytes: &[u8], options: &Options) -> Result<Read> {
    let limits = &options.limits;
    if is_archive(bytes) {
        let mut archive = Archive::open(bytes, limits)?;
        let at = project_entry(&archive)?;
        let name = archive.entries[at].name.clone();
        let root = parse(&decode(&archive.read(at)?, &name)?, &name, limits)?;
        return project(&root, Some(&mut archive), options);
    }
    if bytes.len() as u64 > limits.entry_bytes {
        let allowed = format!("up to {} bytes", limits.entry_bytes);
        return Err(refused("file too large", "the file", format!("{} bytes", bytes.len()), allowed));
    }
    let root = parse(&decode(bytes, "the file")?, "the file", limits)?;
    project(&root, None, options)
}

/// A project that Steelyard wrote and nobody edited is restored whole; any other is read as it stands.
fn project(root: &Element, mut archive: Option<&mut Archive<'_>>, options: &Options) -> Result<Read> {
    let own = root.inside("Notes", "Note").find(|n| n.get("name") == Some(OWN_NOTE) && !options.as_others);
    let Some(note) = own.and_then(|n| n.child("PlainTextContent")) else { return built(root, archive, options) };
    // The hash in the note was taken without the caller's names of variables.
    let plain = Options { limits: options.limits.clone(), ..Options::default() };
    let read = built(root, archive.as_deref_mut(), &plain)?;
    if let Some(corpus) = restore(&note.text, &read.corpus) {
        return Ok(Read { corpus, ..read });
    }
    let mut read = built(root, archive, options)?;
    let edited = "edited since Steelyard wrote it: read as any other project".to_owned();
    read.corpus.notes.push(edited.clone());
    read.report.push(edited);
    Ok(read)
}

fn built(root: &Element, archive: Option<&mut Archive<'_>>, options: &Options) -> Result<Read> {
    let origin = root.get("origin").unwrap_or("a program that does not give its name").to_owned();
    let mut build = Build { options, corpus: Corpus::default(), offsets: Vec::new(), report: Vec::new(), unsaid: 0 };
    match root.name.as_str() {
        "CodeBook" => build.codebook(root)?,
        "Project" => build.project(root, archive)?,
        other => {
            return Err(input("XML of another kind")
                .at("its root element")
                .got(format!("<{}>", other.escape_debug()))
                .allowed("<Project> or <CodeBook>")
                .remedy("Export it as a REFI-QDA project (.qdpx) or codebook (.qdc).")
                .into());
        }
    }
    let Build { mut corpus, mut report, offsets, unsaid, .. } = build;
    if unsaid > 0 {
        report.push(format!("and {unsaid} further sentences of these kinds"));
    }
    corpus.notes.push(format!("read from REFI-QDA, written by {origin}"));
    corpus.notes.extend(report.iter().cloned());
    Ok(Read { corpus, origin, offsets, report })
}

/// A corpus being built.
pub(super) struct Build<'o> {
    pub(super) options: &'o Options,
    pub(super) corpus: Corpus,
    pub(super) offsets: Vec<(String, Found)>,
    report: Vec<String>,
    unsaid: usize,
}

/// Sentences of a report; a file that is broken all over would fill it with the same one.
const SENTENCES: usize = 1000;

/// Ids in use, and the number that the next double of each gets.
#[derive(Debug, Default)]
pub(super) struct Ids {
    next: HashMap<String, usize>,
}

/// Names of variables by GUID.
pub(super) type Variables = HashMap<String, String>;

impl Build<'_> {
    pub(super) fn say(&mut self, sentence: String) {
        if self.report.len() < SENTENCES {
            self.report.push(sentence);
        } else {
            self.unsaid += 1;
        }
    }

    fn count(&mut self, n: usize, what: &str) {
        if n > 0 {
            self.say(format!("{n} {what}"));
        }
    }

    /// The id of an element: its GUID, made up where it is missing, numbered where it is used twice.
    pub(super) fn id(&mut self, kind: &str, element: &Element, ids: &mut Ids) -> String {
        let told = element.get("guid").unwrap_or_default();
        let mut id = guid::normalised(told).unwrap_or_else(|| told.trim().to_owned());
        if id.is_empty() {
            id = guid::derived(&[kind, &ids.next.len().to_string()]);
            self.say(format!("a {kind} without a GUID was given {id}"));
        }
        while let Some(next) = ids.next.get_mut(&id) {
            *next += 1;
            let again = format!("{id}#{next}");
            self.say(format!("GUID {id} names two of {kind}; the later is kept as {again}"));
            id = again;
        }
        ids.next.insert(id.clone(), 1);
        id
    }

    fn codebook(&mut self, root: &Element) -> Result<()> {
        self.namespace(root, "codebook");
        root.get("name").unwrap_or_default().clone_into(&mut self.corpus.name);
        self.codes(root)?;
        self.sets(root);
        Ok(())
    }

    fn project(&mut self, root: &Element, archive: Option<&mut Archive<'_>>) -> Result<()> {
        self.namespace(root, "project");
        root.get("name").unwrap_or_default().clone_into(&mut self.corpus.name);
        self.users(root);
        for book in root.all("CodeBook") {
            self.codes(book)?;
        }
        let variables = variables(root);
        self.cases(root, &variables);
        let mut files = Files::new(archive);
        selections::sources(self, root, &variables, &mut files)?;
        selections::speakers(self, root);
        self.sets(root);
        let notes = root.inside("Notes", "Note").filter(|n| n.get("name") != Some(OWN_NOTE)).count();
        self.count(notes, "notes (memos) were not taken over");
        self.count(root.inside("Links", "Link").count(), "links were not taken over");
        self.count(root.inside("Graphs", "Graph").count(), "graphs were not taken over");
        files.unread(self);
        Ok(())
    }

    fn namespace(&mut self, root: &Element, kind: &str) {
        let standard = format!("urn:QDA-XML:{kind}:1.0");
        match &root.namespace {
            Some(ns) if *ns == standard => {}
            Some(ns) => self.say(format!("namespace {ns} instead of {standard}: read all the same")),
            None => self.say(format!("no namespace instead of {standard}: read all the same")),
        }
    }

    fn users(&mut self, root: &Element) {
        let mut seen = Ids::default();
        for user in root.inside("Users", "User") {
            let id = self.id("user", user, &mut seen);
            let name = user.first(&["name", "id"]).unwrap_or_default().to_owned();
            self.corpus.coders.push(Coder { id, name });
        }
    }

    fn codes(&mut self, book: &Element) -> Result<()> {
        let mut seen = Ids::default();
        for code in &self.corpus.codes {
            seen.next.insert(code.id.clone(), 1);
        }
        let mut notes = 0;
        for list in book.all("Codes") {
            for code in list.all("Code") {
                self.code(code, None, 1, &mut seen, &mut notes)?;
            }
        }
        self.count(notes, "notes on codes were not taken over");
        Ok(())
    }

    fn code(
        &mut self,
        element: &Element,
        parent: Option<&str>,
        depth: usize,
        seen: &mut Ids,
        notes: &mut usize,
    ) -> Result<()> {
        let allowed = self.options.limits.codes_deep;
        if depth > allowed {
            let place = format!("code \"{}\"", element.get("name").unwrap_or_default());
            return Err(refused("codes too deep", &place, depth, format!("up to {allowed} inside one another")));
        }
        let id = self.id("code", element, seen);
        *notes += element.all("NoteRef").count();
        self.corpus.codes.push(Code {
            id: id.clone(),
            name: element.get("name").unwrap_or_default().to_owned(),
            parent: parent.map(str::to_owned),
            codable: element.get("isCodable").is_none_or(|x| matches!(x.trim(), "true" | "1")),
            description: element.description(),
            color: element.get("color").map(str::to_owned),
            ..Code::default()
        });
        for inner in element.all("Code") {
            self.code(inner, Some(&id), depth + 1, seen, notes)?;
        }
        Ok(())
    }

    fn cases(&mut self, root: &Element, variables: &Variables) {
        let mut seen = Ids::default();
        let mut coded = 0;
        for case in root.inside("Cases", "Case") {
            let id = self.id("case", case, &mut seen);
            let mut values = values(case, variables);
            let role = take(&mut values, &self.options.role);
            let site = take(&mut values, &self.options.site);
            let label = case.get("name").map(str::trim).filter(|n| !n.is_empty()).unwrap_or(&id).to_owned();
            coded += case.all("CodeRef").count();
            if case.description().as_deref() == Some("focus group") {
                let size = take(&mut values, &["Group size".into()]).and_then(|s| s.parse().ok());
                self.corpus.groups.push(Group { id, label, size, role, site, ..Group::default() });
            } else {
                self.corpus.informants.push(Informant { id, label, role, site, variables: values });
            }
        }
        self.count(coded, "codes on whole cases were not taken over");
    }

    /// Sets of codes are themes; sets of sources become a variable of each source.
    fn sets(&mut self, root: &Element) {
        let mut seen = Ids::default();
        let place: HashMap<String, usize> =
            self.corpus.sources.iter().enumerate().map(|(at, s)| (s.id.clone(), at)).collect();
        let mut notes = 0;
        for set in root.inside("Sets", "Set") {
            let id = self.id("set", set, &mut seen);
            let name = set.get("name").unwrap_or_default().to_owned();
            let target = |m: &Element| m.first(&["targetGUID", "guid"]).map(id_of).unwrap_or_default();
            let codes: Vec<String> = set.all("MemberCode").map(target).collect();
            for source in set.all("MemberSource").map(target) {
                if let Some(at) = place.get(&source) {
                    self.corpus.sources[*at].variables.insert(format!("set: {name}"), "yes".into());
                }
            }
            notes += set.all("MemberNote").count();
            if !codes.is_empty() || set.child("MemberSource").is_none() {
                self.corpus.themes.push(Theme { id, name, description: set.description(), codes, ..Theme::default() });
            }
        }
        self.count(notes, "notes in sets were not taken over");
    }
}

/// A reference as an id.
pub(super) fn id_of(told: &str) -> String {
    guid::normalised(told).unwrap_or_else(|| told.trim().to_owned())
}

fn variables(root: &Element) -> Variables {
    let named = |v: &Element| Some((id_of(v.get("guid")?), v.get("name").unwrap_or_default().to_owned()));
    root.inside("Variables", "Variable").filter_map(named).collect()
}

/// Values of the variables of a case or source, as text.
pub(super) fn values(element: &Element, variables: &Variables) -> BTreeMap<String, String> {
    let value = |v: &Element| {
        let name = v.child("VariableRef").and_then(|r| r.get("targetGUID")).map(id_of)?;
        let typed = v.children.iter().find(|c| c.name.ends_with("Value"))?;
        Some((variables.get(&name).cloned().unwrap_or(name), typed.text.trim().to_owned()))
    };
    element.all("VariableValue").filter_map(value).filter(|(_, v)| !v.is_empty()).collect()
}

/// Takes the first of these variables that is there, whatever its case.
pub(super) fn take(values: &mut BTreeMap<String, String>, names: &[String]) -> Option<String> {
    let key = names.iter().find_map(|n| values.keys().find(|k| k.to_lowercase() == n.to_lowercase()).cloned())?;
    values.remove(&key)
}
