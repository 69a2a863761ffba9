//! The XML of a project, element by element in the order of the schema.

use super::guid;
use crate::corpus::model::{Code, Corpus, Excerpt};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// A document being written.
pub(super) struct Tree<'c> {
    corpus: &'c Corpus,
    out: String,
    /// Texts beside the project: name in the archive and content.
    pub(super) files: Vec<(String, String)>,
    /// What was changed to be valid.
    pub(super) report: Vec<String>,
    placed: Placed<'c>,
}

/// Excerpts by source, and those that stand in no text: these get a source of their own per speaker.
struct Placed<'c> {
    inside: HashMap<&'c str, Vec<&'c Excerpt>>,
    without: BTreeMap<(Option<&'c str>, Option<&'c str>), Vec<&'c Excerpt>>,
}

/// Letters of a selection's name; its description holds all of its words.
const NAME: usize = 60;
/// Codes inside codes, as deep as the reader allows.
const DEEPEST: usize = 64;

impl<'c> Tree<'c> {
    pub(super) fn new(corpus: &'c Corpus) -> Self {
        let placed = Placed::of(corpus);
        let mut report = Vec::new();
        let n: usize = placed.without.values().map(Vec::len).sum();
        if n > 0 {
            report.push(format!(
                "{n} excerpts stand in no text that is held: written into {} sources of their own, one per speaker",
                placed.without.len()
            ));
        }
        let known: HashSet<&str> = corpus.excerpts.iter().map(|e| e.id.as_str()).collect();
        let homeless = corpus.codings.iter().filter(|c| !known.contains(c.excerpt.as_str())).count();
        if homeless > 0 {
            report
                .push(format!("{homeless} codings name excerpts that the corpus does not hold: no place in a project"));
        }
        Self { corpus, out: String::new(), files: Vec::new(), report, placed }
    }

    /// A project, with the content of the own note.
    pub(super) fn project(&mut self, note: Option<&str>) -> String {
        let name = if self.corpus.name.is_empty() { "corpus" } else { &self.corpus.name };
        let origin = format!("Steelyard {}", env!("CARGO_PKG_VERSION"));
        self.out.push_str("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
        self.open("Project", &[("xmlns", "urn:QDA-XML:project:1.0"), ("name", name), ("origin", &origin)]);
        self.users();
        self.code_book();
        let variables = self.variables();
        self.cases(&variables);
        self.sources(&variables);
        if let Some(text) = note {
            self.open("Notes", &[]);
            self.open("Note", &[("guid", &guid::derived(&["note"])), ("name", super::write::OWN_NOTE)]);
            self.text("PlainTextContent", text);
            self.close("Note");
            self.close("Notes");
        }
        self.sets("targetGUID");
        self.close("Project");
        std::mem::take(&mut self.out)
    }

    /// A codebook.
    pub(super) fn codebook(&mut self) -> String {
        let origin = format!("Steelyard {}", env!("CARGO_PKG_VERSION"));
        self.out.push_str("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
        self.open("CodeBook", &[("xmlns", "urn:QDA-XML:codebook:1.0"), ("origin", &origin)]);
        self.codes();
        self.sets("guid");
        self.close("CodeBook");
        std::mem::take(&mut self.out)
    }

    fn users(&mut self) {
        if self.corpus.coders.is_empty() {
            return;
        }
        self.open("Users", &[]);
        for coder in &self.corpus.coders {
            let name = if coder.name.is_empty() { &coder.id } else { &coder.name };
            self.leaf("User", &[("guid", &guid::of("coder", &coder.id)), ("name", name)]);
        }
        self.close("Users");
    }

    fn code_book(&mut self) {
        if !self.corpus.codes.is_empty() {
            self.open("CodeBook", &[]);
            self.codes();
            self.close("CodeBook");
        }
    }

    /// The tree of codes; one whose parent is not there, or is itself, stands at the top.
    fn codes(&mut self) {
        let known: HashSet<&str> = self.corpus.codes.iter().map(|c| c.id.as_str()).collect();
        let mut children: HashMap<&str, Vec<&'c Code>> = HashMap::new();
        let mut top = Vec::new();
        for code in &self.corpus.codes {
            match code.parent.as_deref().filter(|p| known.contains(p)) {
                Some(parent) => children.entry(parent).or_default().push(code),
                None => top.push(code),
            }
        }
        self.open("Codes", &[]);
        let mut written = HashSet::new();
        for code in top {
            self.code(code, &children, &mut written, 1);
        }
        for code in &self.corpus.codes {
            if !written.contains(code.id.as_str()) {
                self.report.push(format!("code \"{}\" is its own ancestor, or too deep: written at the top", code.id));
                self.code(code, &children, &mut written, 1);
            }
        }
        self.close("Codes");
    }

    fn code(
        &mut self,
        code: &'c Code,
        children: &HashMap<&str, Vec<&'c Code>>,
        written: &mut HashSet<&'c str>,
        depth: usize,
    ) {
        if depth > DEEPEST || !written.insert(&code.id) {
            return;
        }
        let guid = guid::of("code", &code.id);
        let name = if code.name.is_empty() { &code.id } else { &code.name };
        let mut attributes =
            vec![("guid", guid.as_str()), ("name", name), ("isCodable", if code.codable { "true" } else { "false" })];
        match code.color.as_deref() {
            Some(color) if is_color(color) => attributes.push(("color", color)),
            Some(color) => {
                self.report.push(format!("color {color} of code \"{}\" is not #RGB or #RRGGBB: left out", code.id));
            }
            None => {}
        }
        self.open("Code", &attributes);
        if let Some(text) = &code.description {
            self.text("Description", text);
        }
        for child in children.get(code.id.as_str()).into_iter().flatten() {
            self.code(child, children, written, depth + 1);
        }
        self.close("Code");
    }

    /// Variables by name, with their GUIDs.
    fn variables(&mut self) -> BTreeMap<String, String> {
        let c = self.corpus;
        let own = c.sources.iter().map(|s| &s.variables).chain(c.informants.iter().map(|i| &i.variables));
        let mut names: BTreeSet<String> = own.flat_map(|v| v.keys().cloned()).collect();
        let sites = c
            .sources
            .iter()
            .map(|s| &s.site)
            .chain(c.informants.iter().map(|i| &i.site))
            .chain(c.groups.iter().map(|g| &g.site));
        let roles = c.informants.iter().map(|i| &i.role).chain(c.groups.iter().map(|g| &g.role));
        names.extend(sites.flatten().next().map(|_| "Site".to_owned()));
        names.extend(roles.flatten().next().map(|_| "Role".to_owned()));
        names.extend(c.groups.iter().find_map(|g| g.size).map(|_| "Group size".to_owned()));
        let named: BTreeMap<String, String> =
            names.into_iter().map(|n| (n.clone(), guid::derived(&["variable", &n]))).collect();
        if !named.is_empty() {
            self.open("Variables", &[]);
            for (name, guid) in &named {
                self.leaf("Variable", &[("guid", guid), ("name", name), ("typeOfVariable", "Text")]);
            }
            self.close("Variables");
        }
        named
    }

    fn value(&mut self, variables: &BTreeMap<String, String>, name: &str, value: &str) {
        let Some(guid) = variables.get(name) else { return };
        self.open("VariableValue", &[]);
        self.leaf("VariableRef", &[("targetGUID", guid)]);
        self.text("TextValue", value);
        self.close("VariableValue");
    }

    fn cases(&mut self, variables: &BTreeMap<String, String>) {
        let c = self.corpus;
        if c.informants.is_empty() && c.groups.is_empty() {
            return;
        }
        self.open("Cases", &[]);
        for i in &c.informants {
            self.open("Case", &[("guid", &guid::of("informant", &i.id)), ("name", &i.label)]);
            let own = [("Role", &i.role), ("Site", &i.site)];
            for (name, value) in own.into_iter().filter_map(|(n, v)| Some((n, v.as_deref()?))) {
                self.value(variables, name, value);
            }
            for (name, value) in &i.variables {
                self.value(variables, name, value);
            }
            self.references(|informant, _| informant == Some(i.id.as_str()));
            self.close("Case");
        }
        for g in &c.groups {
            self.open("Case", &[("guid", &guid::of("group", &g.id)), ("name", &g.label)]);
            self.text("Description", "focus group");
            let size = g.size.map(|n| n.to_string());
            let own = [("Group size", &size), ("Role", &g.role), ("Site", &g.site)];
            for (name, value) in own.into_iter().filter_map(|(n, v)| Some((n, v.as_deref()?))) {
                self.value(variables, name, value);
            }
            self.references(|_, group| group == Some(g.id.as_str()));
            self.close("Case");
        }
        self.close("Cases");
    }

    /// Sources and selections of one speaker, told by `theirs(informant, group)`.
    fn references(&mut self, theirs: impl Fn(Option<&str>, Option<&str>) -> bool) {
        let mut lines = Vec::new();
        let (mut of_sources, mut of_own) = (HashSet::new(), HashSet::new());
        for s in &self.corpus.sources {
            if theirs(s.informant.as_deref(), s.group.as_deref()) {
                of_sources.insert(s.id.as_str());
                lines.push(("SourceRef", guid::of("source", &s.id)));
            }
        }
        for (speaker, list) in &self.placed.without {
            if theirs(speaker.0, speaker.1) {
                lines.push(("SourceRef", own_source(*speaker)));
                of_own.extend(list.iter().map(|e| e.id.as_str()));
            }
        }
        for e in &self.corpus.excerpts {
            let by_source =
                of_own.contains(e.id.as_str()) || e.source.as_deref().is_some_and(|s| of_sources.contains(s));
            if theirs(e.informant.as_deref(), e.group.as_deref()) && !by_source {
                lines.push(("SelectionRef", guid::of("excerpt", &e.id)));
            }
        }
        for (name, guid) in lines {
            self.leaf(name, &[("targetGUID", &guid)]);
        }
    }

    fn sources(&mut self, variables: &BTreeMap<String, String>) {
        if self.corpus.sources.is_empty() && self.placed.without.is_empty() {
            return;
        }
        self.open("Sources", &[]);
        let codings = by_excerpt(self.corpus);
        for s in &self.corpus.sources {
            let guid = guid::of("source", &s.id);
            let name = if s.name.is_empty() { &s.id } else { &s.name };
            self.text_source(&guid, name, s.text.as_deref());
            for e in self.placed.inside.remove(s.id.as_str()).unwrap_or_default() {
                let range = (e.start.unwrap_or(0), e.end.unwrap_or(0));
                self.selection(e, range, &codings);
            }
            if let Some(site) = &s.site {
                self.value(variables, "Site", site);
            }
            for (name, value) in &s.variables {
                self.value(variables, name, value);
            }
            self.close("TextSource");
        }
        for (speaker, list) in std::mem::take(&mut self.placed.without) {
            self.own_source(speaker, &list, &codings);
        }
        self.close("Sources");
    }

    fn text_source(&mut self, guid: &str, name: &str, text: Option<&str>) {
        let path = format!("internal://{guid}.txt");
        let mut attributes = vec![("guid", guid), ("name", name)];
        if text.is_some() {
            attributes.push(("plainTextPath", &path));
        }
        self.open("TextSource", &attributes);
        match text {
            // A text that begins with a byte order mark is given another, which readers take off.
            Some(text) => {
                let mark = if text.starts_with('\u{feff}') { "\u{feff}" } else { "" };
                self.files.push((format!("sources/{guid}.txt"), format!("{mark}{text}")));
            }
            None => self.text("Description", "text not held"),
        }
    }

    fn own_source(
        &mut self,
        speaker: (Option<&str>, Option<&str>),
        list: &[&'c Excerpt],
        codings: &HashMap<&'c str, Vec<usize>>,
    ) {
        let who = speaker.0.or(speaker.1).unwrap_or("speaker not known");
        let (mut text, mut at, mut ranges) = (String::new(), 0, Vec::new());
        for e in list {
            let length = e.text.chars().count();
            ranges.push((at, at + length));
            text.push_str(&e.text);
            text.push_str("\n\n");
            at += length + 2;
        }
        self.text_source(&own_source(speaker), &format!("Excerpts without a text: {who}"), Some(&text));
        for (e, range) in list.iter().zip(ranges) {
            self.selection(e, range, codings);
        }
        self.close("TextSource");
    }

    fn selection(&mut self, e: &'c Excerpt, range: (usize, usize), codings: &HashMap<&'c str, Vec<usize>>) {
        let (start, end) = (range.0.to_string(), range.1.to_string());
        let mut name: String = e.text.chars().take(NAME).collect();
        if name.len() < e.text.len() {
            name.push('\u{2026}');
        }
        let guid = guid::of("excerpt", &e.id);
        let attributes = [("guid", guid.as_str()), ("name", &name), ("startPosition", &start), ("endPosition", &end)];
        self.open("PlainTextSelection", &attributes);
        if !e.text.trim().is_empty() {
            self.text("Description", &e.text);
        }
        for &row in codings.get(e.id.as_str()).into_iter().flatten() {
            let coding = &self.corpus.codings[row];
            let own = guid::derived(&["coding", &row.to_string(), &e.id, &coding.code]);
            let coder = coding.coder.as_ref().map(|c| guid::of("coder", c));
            let mut attributes = vec![("guid", own.as_str())];
            attributes.extend(coder.as_deref().map(|c| ("creatingUser", c)));
            self.open("Coding", &attributes);
            self.leaf("CodeRef", &[("targetGUID", &guid::of("code", &coding.code))]);
            self.close("Coding");
        }
        self.close("PlainTextSelection");
    }

    fn sets(&mut self, attribute: &str) {
        if self.corpus.themes.is_empty() {
            return;
        }
        self.open("Sets", &[]);
        for theme in &self.corpus.themes {
            let name = if theme.name.is_empty() { &theme.id } else { &theme.name };
            self.open("Set", &[("guid", &guid::of("theme", &theme.id)), ("name", name)]);
            if let Some(text) = &theme.description {
                self.text("Description", text);
            }
            for code in &theme.codes {
                self.leaf("MemberCode", &[(attribute, &guid::of("code", code))]);
            }
            self.close("Set");
        }
        self.close("Sets");
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &str)], end: &str) {
        self.out.push('<');
        self.out.push_str(name);
        for (key, value) in attributes {
            self.out.push(' ');
            self.out.push_str(key);
            self.out.push_str("=\"");
            escape(value, &mut self.out);
            self.out.push('"');
        }
        self.out.push_str(end);
    }

    fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes, ">");
    }

    fn leaf(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes, "/>");
    }

    fn close(&mut self, name: &str) {
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push_str(">\n");
    }

    fn text(&mut self, name: &str, text: &str) {
        self.open(name, &[]);
        escape(text, &mut self.out);
        self.close(name);
    }
}

impl<'c> Placed<'c> {
    fn of(corpus: &'c Corpus) -> Self {
        let lengths: HashMap<&str, usize> =
            corpus.sources.iter().filter_map(|s| Some((s.id.as_str(), s.text.as_deref()?.chars().count()))).collect();
        let mut placed = Self { inside: HashMap::new(), without: BTreeMap::new() };
        for e in &corpus.excerpts {
            let length = e.source.as_deref().and_then(|s| lengths.get(s));
            let fits = match (length, e.start, e.end) {
                (Some(n), Some(start), Some(end)) => start <= end && end <= *n,
                _ => false,
            };
            match e.source.as_deref().filter(|_| fits) {
                Some(source) => placed.inside.entry(source).or_default().push(e),
                None => placed.without.entry((e.informant.as_deref(), e.group.as_deref())).or_default().push(e),
            }
        }
        placed
    }
}

fn own_source(speaker: (Option<&str>, Option<&str>)) -> String {
    guid::derived(&["excerpts without a text", speaker.0.unwrap_or_default(), speaker.1.unwrap_or_default()])
}

/// Rows of codings by excerpt; codings of excerpts that are not there are left to the corpus's own list of issues.
fn by_excerpt(corpus: &Corpus) -> HashMap<&str, Vec<usize>> {
    let mut rows: HashMap<&str, Vec<usize>> = HashMap::new();
    for (row, coding) in corpus.codings.iter().enumerate() {
        rows.entry(coding.excerpt.as_str()).or_default().push(row);
    }
    rows
}

fn is_color(text: &str) -> bool {
    matches!(text.len(), 4 | 7) && text.starts_with('#') && text[1..].bytes().all(|b| b.is_ascii_hexdigit())
}

/// Escapes text for XML 1.0; characters that XML cannot hold become U+FFFD.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}
