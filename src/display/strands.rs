//! Which excerpts and themes belong with a finding, looked up once for the whole display.

use super::model::{Block, Role};
use crate::corpus::{Corpus, Excerpt, Theme, Valence, Wording};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Links between the strands, by position in the corpus.
pub(crate) struct Strands<'c> {
    pub(crate) corpus: &'c Corpus,
    /// Themes of each excerpt.
    themes: Vec<Vec<usize>>,
    /// Constructs of the codes on each excerpt.
    constructs: Vec<BTreeSet<&'c str>>,
    /// Valence of each excerpt: its own, else that of its codes.
    valences: HashMap<&'c str, Valence>,
    /// Codes of each excerpt.
    codes: BTreeMap<&'c str, Vec<&'c str>>,
    /// Site of each informant and group.
    sites: HashMap<&'c str, &'c str>,
    /// Excerpts of each finding.
    linked: HashMap<&'c str, Vec<usize>>,
    informants: HashMap<&'c str, &'c str>,
    groups: HashMap<&'c str, &'c str>,
}

impl<'c> Strands<'c> {
    pub(crate) fn new(corpus: &'c Corpus) -> Self {
        let codes = codes_by_excerpt(corpus);
        let constructs_of: HashMap<&str, &str> =
            corpus.codes.iter().filter_map(|c| Some((c.id.as_str(), c.construct.as_deref()?))).collect();
        let mut themes_of_code: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut theme_place: HashMap<&str, usize> = HashMap::new();
        for (at, theme) in corpus.themes.iter().enumerate() {
            theme_place.insert(&theme.id, at);
            for code in &theme.codes {
                themes_of_code.entry(code).or_default().push(at);
            }
        }
        let mut themes = Vec::with_capacity(corpus.excerpts.len());
        let mut constructs = Vec::with_capacity(corpus.excerpts.len());
        let mut linked: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, excerpt) in corpus.excerpts.iter().enumerate() {
            let own = codes.get(excerpt.id.as_str()).map_or(&[][..], Vec::as_slice);
            let by_code = own.iter().filter_map(|c| themes_of_code.get(c)).flatten().copied();
            let named = excerpt.themes.iter().filter_map(|t| theme_place.get(t.as_str())).copied();
            let of_excerpt: BTreeSet<usize> = named.chain(by_code).collect();
            let by_theme = of_excerpt.iter().filter_map(|t| corpus.themes.get(*t)).flat_map(|t| &t.findings);
            let findings: BTreeSet<&str> = excerpt.findings.iter().chain(by_theme).map(String::as_str).collect();
            for finding in findings {
                linked.entry(finding).or_default().push(at);
            }
            constructs.push(own.iter().filter_map(|c| constructs_of.get(c)).copied().collect());
            themes.push(of_excerpt.into_iter().collect());
        }
        let informants = corpus.informants.iter().map(|x| (x.id.as_str(), x.label.as_str())).collect();
        let groups = corpus.groups.iter().map(|x| (x.id.as_str(), x.label.as_str())).collect();
        let places =
            corpus.informants.iter().map(|x| (&x.id, &x.site)).chain(corpus.groups.iter().map(|x| (&x.id, &x.site)));
        let sites = places.filter_map(|(id, site)| Some((id.as_str(), site.as_deref()?))).collect();
        let valences = valences(corpus, &codes);
        Self { corpus, themes, constructs, valences, codes, sites, linked, informants, groups }
    }

    /// Whether an excerpt hinders or helps: its own valence, else what its codes have in common.
    pub(crate) fn valence(&self, excerpt: &Excerpt) -> Option<Valence> {
        self.valences.get(excerpt.id.as_str()).copied()
    }

    /// Positions of the excerpts that a test on them picks.
    pub(crate) fn positions(&self, keep: impl Fn(&Excerpt) -> bool) -> Vec<usize> {
        let excerpts = self.corpus.excerpts.iter().enumerate();
        excerpts.filter(|(_, e)| keep(e)).map(|(at, _)| at).collect()
    }

    /// Positions of the excerpts of a theme.
    pub(crate) fn positions_of_theme(&self, theme: &str) -> Vec<usize> {
        let place = self.corpus.themes.iter().position(|t| t.id == theme);
        let is_of = |themes: &[usize]| place.is_some_and(|place| themes.contains(&place));
        self.themes.iter().enumerate().filter(|(_, themes)| is_of(themes)).map(|(at, _)| at).collect()
    }

    /// Positions of the excerpts that carry a code.
    pub(crate) fn positions_of_code(&self, code: &str) -> Vec<usize> {
        self.positions(|e| self.codes.get(e.id.as_str()).is_some_and(|codes| codes.contains(&code)))
    }

    /// Positions of the excerpts that belong to a construct, by a code, a theme or a finding.
    pub(crate) fn positions_of_construct(&self, construct: &str, findings: &[&str]) -> Vec<usize> {
        let by_theme = |at: usize| {
            let mut themes = self.themes.get(at).into_iter().flatten().filter_map(|t| self.corpus.themes.get(*t));
            themes.any(|t| t.construct.as_deref() == Some(construct))
        };
        let by_code = |at: usize| self.constructs.get(at).is_some_and(|set| set.contains(construct));
        let by_finding = |at: usize| findings.iter().any(|f| self.excerpts_of(f).contains(&at));
        (0..self.corpus.excerpts.len()).filter(|at| by_theme(*at) || by_code(*at) || by_finding(*at)).collect()
    }

    /// Positions of the excerpts from a site: by their speaker, group or source.
    pub(crate) fn positions_at_site(&self, site: &str) -> Vec<usize> {
        let sources: HashMap<&str, &str> =
            self.corpus.sources.iter().filter_map(|s| Some((s.id.as_str(), s.site.as_deref()?))).collect();
        self.positions(|e| {
            let who = unit_of(e).and_then(|unit| self.sites.get(unit)).copied();
            let source = e.source.as_deref().and_then(|s| sources.get(s)).copied();
            who.or(source) == Some(site)
        })
    }

    /// Whether anybody or anything in the corpus is known to belong to a site.
    pub(crate) fn knows_sites(&self) -> bool {
        !self.sites.is_empty() || self.corpus.sources.iter().any(|s| s.site.is_some())
    }

    pub(crate) fn excerpts(&self, positions: &[usize]) -> Vec<&'c Excerpt> {
        positions.iter().filter_map(|at| self.excerpt(*at)).collect()
    }

    /// Positions of the excerpts that belong with a finding.
    pub(crate) fn excerpts_of(&self, finding: &str) -> &[usize] {
        self.linked.get(finding).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn excerpt(&self, at: usize) -> Option<&'c Excerpt> {
        self.corpus.excerpts.get(at)
    }

    /// The excerpts grouped by theme, in the order of the corpus; None holds those without a theme.
    pub(crate) fn by_theme(&self, excerpts: &[usize]) -> Vec<(Option<&'c Theme>, Vec<&'c Excerpt>)> {
        let mut groups: BTreeMap<usize, Vec<&Excerpt>> = BTreeMap::new();
        let mut without = Vec::new();
        for &at in excerpts {
            let Some(excerpt) = self.excerpt(at) else { continue };
            match self.themes.get(at).map(Vec::as_slice) {
                Some([]) | None => without.push(excerpt),
                Some(themes) => {
                    for &theme in themes {
                        groups.entry(theme).or_default().push(excerpt);
                    }
                }
            }
        }
        let named = groups.into_iter().map(|(theme, excerpts)| (self.corpus.themes.get(theme), excerpts));
        named.chain((!without.is_empty()).then_some((None, without))).collect()
    }

    /// Whether a code on one of these excerpts belongs to another construct.
    pub(crate) fn beyond(&self, excerpts: &[usize], construct: Option<&str>) -> bool {
        construct.is_some_and(|own| {
            excerpts.iter().filter_map(|at| self.constructs.get(*at)).any(|set| set.iter().any(|c| *c != own))
        })
    }

    /// Themes that none of these findings reaches.
    pub(crate) fn unreached(&self, findings: &HashSet<&str>) -> Vec<&'c Theme> {
        let mut reached: HashSet<usize> = HashSet::new();
        for (finding, excerpts) in self.linked.iter().collect::<BTreeMap<_, _>>() {
            if findings.contains(finding) {
                reached.extend(excerpts.iter().filter_map(|at| self.themes.get(*at)).flatten());
            }
        }
        let by_itself = |theme: &Theme| theme.findings.iter().any(|f| findings.contains(f.as_str()));
        let themes = self.corpus.themes.iter().enumerate();
        themes.filter(|(at, theme)| !reached.contains(at) && !by_itself(theme)).map(|(_, theme)| theme).collect()
    }

    /// The excerpts of each theme.
    pub(crate) fn excerpts_of_theme(&self, theme: &str) -> Vec<&'c Excerpt> {
        self.excerpts(&self.positions_of_theme(theme))
    }

    /// Who said it, as displays print it.
    pub(crate) fn who(&self, excerpt: &Excerpt) -> String {
        let name = |id: &Option<String>, names: &HashMap<&str, &str>, kind: &str| {
            id.as_deref().map(|id| names.get(id).map_or_else(|| format!("{kind} {id}"), |label| (*label).to_owned()))
        };
        let speaker = name(&excerpt.informant, &self.informants, "informant");
        let group = name(&excerpt.group, &self.groups, "group");
        match (speaker, group) {
            (Some(speaker), Some(group)) => format!("{speaker}, in {group}"),
            (Some(speaker), None) => speaker,
            (None, Some(group)) => group,
            (None, None) => "speaker not recorded".into(),
        }
    }

    /// The quote as a block.
    pub(crate) fn quote(&self, excerpt: &Excerpt) -> Block {
        let role = if excerpt.wording == Wording::Paraphrase { Role::Paraphrase } else { Role::Quote };
        Block {
            who: Some(self.who(excerpt)),
            language: excerpt.language.clone(),
            excerpt: Some(excerpt.id.clone()),
            ..Block::new(role, &excerpt.text)
        }
    }
}

/// How many informants and groups speak in these excerpts; a group is one voice.
pub(crate) fn voices(excerpts: &[&Excerpt]) -> usize {
    excerpts.iter().filter_map(|e| unit_of(e)).collect::<HashSet<_>>().len()
}

/// Who speaks: the informant, else the group.
pub(crate) fn unit_of(excerpt: &Excerpt) -> Option<&str> {
    excerpt.informant.as_deref().or(excerpt.group.as_deref())
}

fn valences<'c>(corpus: &'c Corpus, codes: &BTreeMap<&str, Vec<&str>>) -> HashMap<&'c str, Valence> {
    let of_code: HashMap<&str, Valence> =
        corpus.codes.iter().filter_map(|c| Some((c.id.as_str(), c.valence?))).collect();
    let from_codes = |id: &str| {
        let own: BTreeSet<Valence> =
            codes.get(id).into_iter().flatten().filter_map(|c| of_code.get(c)).copied().collect();
        if own.len() > 1 { Some(Valence::Mixed) } else { own.into_iter().next() }
    };
    let told = corpus.excerpts.iter();
    told.filter_map(|e| Some((e.id.as_str(), e.valence.or_else(|| from_codes(&e.id))?))).collect()
}

fn codes_by_excerpt(corpus: &Corpus) -> BTreeMap<&str, Vec<&str>> {
    let dropped: HashSet<(&str, &str)> =
        corpus.consensus.iter().filter(|c| !c.applies).map(|c| (c.excerpt.as_str(), c.code.as_str())).collect();
    let mut codes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for coding in &corpus.codings {
        let pair = (coding.excerpt.as_str(), coding.code.as_str());
        if !dropped.contains(&pair) {
            codes.entry(pair.0).or_default().push(pair.1);
        }
    }
    for list in codes.values_mut() {
        list.sort_unstable();
        list.dedup();
    }
    codes
}

/// `barrier`, `facilitator`, ... in words.
pub(crate) fn valence_word(valence: Option<Valence>) -> &'static str {
    match valence {
        Some(Valence::Barrier) => "barrier",
        Some(Valence::Facilitator) => "facilitator",
        Some(Valence::Mixed) => "mixed",
        Some(Valence::Neutral) => "neutral",
        None => "no valence",
    }
}
