//! The XML of a project as a small tree: names without prefixes, attributes, text, children.
//!
//! No DOCTYPE, no entities beyond the five of XML and characters by number, limits on depth, number and size.

use super::limits::{Limits, refused};
use crate::error::Result;
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// Attributes of one element.
const ATTRIBUTES: usize = 64;

/// An element.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Element {
    /// Local name.
    pub name: String,
    /// Attributes, without prefixes.
    pub attributes: Vec<(String, String)>,
    /// Elements inside.
    pub children: Vec<Element>,
    /// Text inside, outside of its elements.
    pub text: String,
    /// Namespace that it declares.
    pub namespace: Option<String>,
}

impl Element {
    /// An attribute.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The first of these attributes that is present: programs differ in their names.
    pub fn first(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|n| self.get(n))
    }

    /// The first child of a name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|c| c.name == name)
    }

    /// Children of a name.
    pub fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Self> {
        self.children.iter().filter(move |c| c.name == name)
    }

    /// Children of a name inside the child of another: `Users/User`.
    pub fn inside<'e>(&'e self, outer: &'e str, name: &'e str) -> impl Iterator<Item = &'e Self> {
        self.all(outer).flat_map(move |c| c.all(name))
    }

    /// Its `Description`.
    pub fn description(&self) -> Option<String> {
        self.child("Description").map(|d| d.text.clone()).filter(|t| !t.trim().is_empty())
    }
}

/// Text of bytes: by byte order mark, by the XML declaration, as UTF-8; never guessed for XML.
pub fn decode(bytes: &[u8], place: &str) -> Result<String> {
    let declared =
        Encoding::for_bom(bytes).map(|(encoding, _)| encoding).or_else(|| declaration(bytes)).unwrap_or(UTF_8);
    let (text, used, broken) = declared.decode(bytes);
    if broken {
        return Err(refused(
            "bytes that are no text",
            place,
            format!("not {}", used.name()),
            "valid UTF-8, or what is declared",
        ));
    }
    Ok(text.into_owned())
}

/// Text of a plain-text source and how it was encoded: UTF-8 or UTF-16 by mark, UTF-8, or else Windows-1252.
pub fn decode_text(bytes: &[u8]) -> (String, &'static str, bool) {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        let (text, _) = encoding.decode_without_bom_handling(&bytes[length..]);
        return (text.into_owned(), encoding.name(), true);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), UTF_8.name(), false),
        Err(_) => (WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(), WINDOWS_1252.name(), false),
    }
}

fn declaration(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]);
    let rest = head.trim_start().strip_prefix("<?xml")?.split("?>").next()?.split("encoding").nth(1)?.to_owned();
    let quoted = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = quoted.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    Encoding::for_label(quoted[1..].split(quote).next()?.as_bytes())
}

/// Reads a document.
pub fn parse(text: &str, place: &str, limits: &Limits) -> Result<Element> {
    let mut parser =
        Parser { reader: Reader::from_str(text), place, limits, open: Vec::new(), root: None, elements: 0 };
    loop {
        let at = parser.reader.buffer_position();
        let event = parser.reader.read_event();
        let event = event.map_err(|e| refused("XML broken", place, format!("{e}, byte {at}"), "well-formed XML"))?;
        match event {
            Event::Start(tag) => parser.start(&tag, false)?,
            Event::Empty(tag) => parser.start(&tag, true)?,
            Event::End(_) => parser.end(),
            Event::Text(text) => parser.add(&text.xml10_content())?,
            Event::CData(text) => parser.add(&text.xml10_content())?,
            Event::GeneralRef(entity) => {
                let resolved = resolve(&entity).ok_or_else(|| parser.entity(&entity.xml10_content()))?;
                parser.add(resolved.encode_utf8(&mut [0; 4]))?;
            }
            Event::DocType(_) => {
                return Err(refused("DOCTYPE in XML", place, "a document type", "none: it can pull in other files"));
            }
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
            Event::Eof => break,
        }
    }
    match (parser.root, parser.open.is_empty()) {
        (Some(root), true) => Ok(root),
        _ => Err(refused("XML broken", place, "an element that does not end", "well-formed XML")),
    }
}

fn resolve(entity: &BytesRef<'_>) -> Option<char> {
    if entity.is_char_ref() {
        return entity.resolve_char_ref().ok().flatten();
    }
    named(&entity.xml10_content())
}

fn named(name: &str) -> Option<char> {
    Some(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "apos" => '\'',
        "quot" => '"',
        _ => return None,
    })
}

struct Parser<'x> {
    reader: Reader<&'x [u8]>,
    place: &'x str,
    limits: &'x Limits,
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl Parser<'_> {
    fn entity(&self, name: &str) -> crate::error::Error {
        let allowed = "&lt; &gt; &amp; &apos; &quot; and characters by number";
        refused("entity in XML", self.place, format!("&{name};"), allowed)
    }

    fn start(&mut self, tag: &BytesStart<'_>, empty: bool) -> Result<()> {
        self.elements += 1;
        if self.elements > self.limits.elements {
            return Err(refused(
                "too many elements in XML",
                self.place,
                self.elements,
                format!("up to {}", self.limits.elements),
            ));
        }
        if self.open.len() >= self.limits.elements_deep {
            return Err(refused(
                "XML too deep",
                self.place,
                self.open.len() + 1,
                format!("up to {}", self.limits.elements_deep),
            ));
        }
        if self.open.is_empty() && self.root.is_some() {
            return Err(refused("XML broken", self.place, "a second root", "one root element"));
        }
        let mut element = Element { name: tag.local_name().as_ref().to_owned(), ..Element::default() };
        let mut attributes = tag.attributes();
        // The library's own look for repeated names takes time with the square of their number.
        attributes.with_checks(false);
        for attribute in attributes {
            let broken = |e: String| refused("XML broken", self.place, e, "attributes in quotes, each once");
            let attribute = attribute.map_err(|e| broken(e.to_string()))?;
            let key: &str = attribute.key.as_ref();
            let value = self.value(&attribute.value)?;
            if element.attributes.len() >= ATTRIBUTES || element.get(key).is_some() {
                return Err(broken(format!("attribute {key} twice, or more than {ATTRIBUTES} of them")));
            }
            let prefix = tag.name();
            let prefix: &str = prefix.as_ref();
            let own = prefix.rsplit_once(':').is_some_and(|(p, _)| key.strip_prefix("xmlns:") == Some(p));
            if key == "xmlns" || own {
                element.namespace = Some(value);
            } else if !key.starts_with("xmlns:") {
                element.attributes.push((key.rsplit(':').next().unwrap_or(key).to_owned(), value));
            }
        }
        self.open.push(element);
        if empty {
            self.end();
        }
        Ok(())
    }

    /// The value of an attribute: entities resolved here, so that none but the five ever is.
    fn value(&self, raw: &str) -> Result<String> {
        if raw.len() > self.limits.attribute_bytes {
            let allowed = format!("up to {} bytes", self.limits.attribute_bytes);
            return Err(refused("attribute too long in XML", self.place, format!("{} bytes", raw.len()), allowed));
        }
        let mut value = String::with_capacity(raw.len());
        let mut rest = raw;
        while let Some(at) = rest.find('&') {
            value.push_str(&rest[..at]);
            let Some(end) = rest[at..].find(';') else {
                return Err(self.entity(&rest[at + 1..].chars().take(20).collect::<String>()));
            };
            let name = &rest[at + 1..at + end];
            let resolved = match name.strip_prefix('#') {
                Some(number) => by_number(number),
                None => named(name),
            };
            value.push(resolved.ok_or_else(|| self.entity(&name.chars().take(40).collect::<String>()))?);
            rest = &rest[at + end + 1..];
        }
        value.push_str(rest);
        Ok(value)
    }

    fn add(&mut self, text: &str) -> Result<()> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim_matches(['\u{feff}', ' ', '\n', '\r', '\t']).is_empty() => {}
            None => return Err(refused("XML broken", self.place, "text outside of its root", "well-formed XML")),
        }
        Ok(())
    }

    fn end(&mut self) {
        let Some(mut element) = self.open.pop() else { return };
        // Blanks between elements are layout, not text.
        if !element.children.is_empty() && element.text.trim().is_empty() {
            element.text.clear();
        }
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
    }
}

fn by_number(number: &str) -> Option<char> {
    let code = match number.strip_prefix('x') {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(code).filter(|c| *c != '\0')
}
