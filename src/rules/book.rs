//! The rule book: every rule file joined, checked and made ready for the classifier. Pure but for
//! [`RuleBook::load`], which reads a folder of files that replace or extend the embedded ones.

use std::path::Path;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::file::{Calibration, Param, Phrase, RuleFile};
use super::foreign::ForeignVerbs;
use super::grounds::{self, Grounds};
use super::inflect;
use super::lexicon::{Lexicon, VerbSense, form, role};
use super::weights::Weights;
use crate::digest;
use crate::effect::Effect;
use crate::error::{Error, Result};

/// The files that are part of the program, in the order in which they are joined.
const EMBEDDED: [(&str, &str); 9] = [
    ("grammar.toml", include_str!("../../rules/grammar.toml")),
    ("verbs.toml", include_str!("../../rules/verbs.toml")),
    ("nouns.toml", include_str!("../../rules/nouns.toml")),
    ("pairs.toml", include_str!("../../rules/pairs.toml")),
    ("phrases.toml", include_str!("../../rules/phrases.toml")),
    ("params.toml", include_str!("../../rules/params.toml")),
    ("signals.toml", include_str!("../../rules/signals.toml")),
    ("foreign.toml", include_str!("../../rules/foreign.toml")),
    ("weights.toml", include_str!("../../rules/weights.toml")),
];

/// Which table of the book a rule stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuleKind {
    /// `[[verb]]`
    Verb,
    /// `[[pair]]`
    Pair,
    /// `[[phrase]]`
    Phrase,
    /// `[[param]]`
    Param,
    /// `[[ground]]`
    Ground,
}

/// A rule as it is listed and explained.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The id that evidence carries.
    pub id: Arc<str>,
    /// Its table.
    pub kind: RuleKind,
    /// What it says, where it speaks for an effect.
    pub effect: Option<Effect>,
    /// Why, for people.
    pub why: String,
    /// Its words, phrases or names, for people.
    pub words: Vec<String>,
    /// Tools on which it must fire.
    pub matches: Vec<String>,
    /// Tools on which it must not.
    pub misses: Vec<String>,
    /// The file it stands in.
    pub file: String,
}

/// A signal of the book.
#[derive(Clone, Debug)]
pub struct SignalDefinition {
    /// Stable id.
    pub id: Arc<str>,
    /// One line for people.
    pub title: Arc<str>,
}

#[derive(Debug)]
pub(crate) struct VerbGroup {
    pub(crate) id: Arc<str>,
    pub(crate) effect: Effect,
    pub(crate) weak: bool,
}

#[derive(Debug)]
pub(crate) struct PairRule {
    pub(crate) id: Arc<str>,
    pub(crate) effect: Effect,
    objects: FxHashSet<u32>,
    unless: FxHashSet<u32>,
    any: bool,
    name_only: bool,
}

#[derive(Debug)]
pub(crate) struct PhraseRule {
    pub(crate) id: Arc<str>,
    pub(crate) cue: Option<&'static str>,
}

#[derive(Debug)]
pub(crate) struct ParamRule {
    pub(crate) id: Arc<str>,
    pub(crate) kind: ParamKind,
    /// Words of its description, with a blank on either side, by which what it carries is run.
    pub(crate) runs: Vec<String>,
}

macro_rules! param_kinds {
    ($($variant:ident = $name:literal),+ $(,)?) => {
        /// What a parameter tells.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum ParamKind { $($variant),+ }

        impl ParamKind {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),+];
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
            /// Whether it tells something only where it takes free text.
            pub(crate) const fn needs_text(self) -> bool {
                matches!(self, Self::Command | Self::Code | Self::Sql | Self::Query | Self::Manifest | Self::Url | Self::Endpoint
                    | Self::Body | Self::Tool | Self::Arguments | Self::Task | Self::Content)
            }
        }
    };
}

param_kinds! {
    Command = "command", Code = "code", Sql = "sql", Query = "query", Manifest = "manifest", Url = "url", Method = "method",
    Endpoint = "endpoint", Body = "body", Tool = "tool", Arguments = "arguments", Task = "task", Content = "content",
    Recipient = "recipient", Paging = "paging", Confirm = "confirm", Force = "force", Permanent = "permanent",
    Recursive = "recursive", Path = "path", SavePath = "save-path", Ui = "ui", Money = "money", Credential = "credential",
    Role = "role", Expression = "expression", Action = "action", Source = "source", Grant = "grant",
}

/// Cues that phrases give the scorecard.
pub(crate) const CUES: [&str; 9] = [
    "irreversible",
    "reversible",
    "read-only",
    "restricted",
    "job",
    "bulk",
    "billable",
    "caution",
    "instructions",
];

/// All rules, ready for use.
#[derive(Debug)]
pub struct RuleBook {
    pub(crate) lexicon: Lexicon,
    pub(crate) verbs: Vec<VerbGroup>,
    pub(crate) pairs: Vec<PairRule>,
    pairs_by_verb: FxHashMap<u32, Vec<u16>>,
    pub(crate) phrases: Vec<PhraseRule>,
    phrase_of: FxHashMap<u32, u16>,
    pub(crate) params: Vec<ParamRule>,
    /// The object `param:KIND` of each kind, by which pairs speak of a tool's parameters.
    kind_objects: Vec<u32>,
    params_by_name: FxHashMap<Box<str>, Vec<u16>>,
    signals: Vec<SignalDefinition>,
    pub(crate) grounds: Grounds,
    /// The third person of each verb, by its base form.
    thirds: FxHashMap<u32, Box<str>>,
    pub(crate) foreign: ForeignVerbs,
    pub(crate) weights: Weights,
    pub(crate) calibration: Calibration,
    rules: Vec<Rule>,
    digest: String,
}

impl RuleBook {
    /// The book that is part of the program.
    pub fn embedded() -> Result<Self> {
        Self::from_files(
            EMBEDDED
                .iter()
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
                .collect(),
        )
    }

    /// The embedded book with the `*.toml` files of a folder: one of the same name replaces, others add.
    pub fn load(folder: &Path) -> Result<Self> {
        let mut files: Vec<(String, String)> = EMBEDDED
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect();
        let entries = std::fs::read_dir(folder).map_err(|e| Error::io("cannot read the rules folder", folder, &e))?;
        let mut paths: Vec<_> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
        paths.retain(|p| p.extension().is_some_and(|e| e == "toml"));
        paths.sort();
        if paths.is_empty() {
            let error = Error::new(format!("{} holds no rule files", folder.display()));
            return Err(error.help("rule files end in .toml; `mcpclass rules list` shows the embedded ones"));
        }
        for path in paths {
            let text = std::fs::read_to_string(&path).map_err(|e| Error::io("cannot read", &path, &e))?;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match files.iter_mut().find(|(known, _)| *known == name) {
                Some(entry) => entry.1 = text,
                None => files.push((name, text)),
            }
        }
        Self::from_files(files)
    }

    /// A book of these files, each a name and its text.
    pub fn from_files(files: Vec<(String, String)>) -> Result<Self> {
        let digest = digest::of_bytes(files.iter().flat_map(|(name, text)| [name.as_bytes(), text.as_bytes()]));
        let mut parsed = Vec::with_capacity(files.len());
        for (name, text) in files {
            let file: RuleFile = toml::from_str(&text).map_err(|e| syntax_error(&name, &text, &e))?;
            if file.schema != 1 {
                let error = Error::new(format!(
                    "{name}: rule format {} is not known to this version",
                    file.schema
                ));
                return Err(error.help("this version reads `schema = 1`; update mcpclass"));
            }
            parsed.push((name, file));
        }
        Builder::new().build(parsed, digest)
    }

    /// Digest of every rule file.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Every rule, in the order of the files.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Every signal.
    pub fn signals(&self) -> &[SignalDefinition] {
        &self.signals
    }

    /// The first pair that fits a verb (by its base form) with any of these objects, and the object that made it fit.
    pub(crate) fn pair_for(&self, verb: u32, objects: &[Object], in_name: bool) -> Option<(&PairRule, Option<Object>)> {
        let candidates = self.pairs_by_verb.get(&verb)?;
        candidates.iter().map(|i| &self.pairs[*i as usize]).find_map(|pair| {
            if pair.name_only && !in_name || objects.iter().any(|o| pair.unless.contains(&o.number)) {
                return None;
            }
            match objects.iter().find(|o| pair.objects.contains(&o.number)) {
                Some(object) => Some((pair, Some(*object))),
                None if pair.any => Some((pair, None)),
                None => None,
            }
        })
    }

    /// A verb as one says what a tool does: "deletes".
    pub(crate) fn third_person(&self, verb: u32) -> Option<&str> {
        self.thirds.get(&verb).map(|text| &**text)
    }

    /// The object by which pairs speak of a kind of parameter.
    pub(crate) fn kind_object(&self, kind: ParamKind) -> u32 {
        self.kind_objects[kind as usize]
    }

    pub(crate) fn phrase(&self, number: u32) -> Option<&PhraseRule> {
        self.phrase_of.get(&number).map(|i| &self.phrases[*i as usize])
    }

    pub(crate) fn params_named(&self, name: &str) -> &[u16] {
        self.params_by_name.get(name).map_or(&[], Vec::as_slice)
    }
}

/// A noun or phrase beside a verb, by number, with its place in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) number: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// Marks the number of a verb as that of the main verb which another is coordinated with: `lead:set` in a pair.
const LEAD: u32 = 1 << 28;

impl Object {
    /// The main verb that a verb is coordinated with.
    pub(crate) const fn lead(verb: u32) -> Self {
        Self::elsewhere(verb | LEAD)
    }

    /// One that is named in another string than the verb.
    pub(crate) const fn elsewhere(number: u32) -> Self {
        Self {
            number,
            start: u32::MAX,
            end: u32::MAX,
        }
    }

    /// Whether it stands in another string than the verb.
    pub(crate) const fn is_elsewhere(self) -> bool {
        self.start == u32::MAX
    }
}

fn syntax_error(name: &str, text: &str, error: &toml::de::Error) -> Error {
    let place = error.span().map_or_else(String::new, |span| {
        let before = &text[..span.start.min(text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!(":{line}:{column}")
    });
    Error::new(format!("rules/{name}{place}: {}", error.message())).help(format!("mcpclass rules test rules/{name}"))
}

struct Builder {
    lexicon: Lexicon,
    classes: FxHashMap<String, Vec<u32>>,
    ids: FxHashSet<String>,
    thirds: FxHashMap<u32, Box<str>>,
}

impl Builder {
    fn new() -> Self {
        Self {
            lexicon: Lexicon::new(),
            classes: FxHashMap::default(),
            ids: FxHashSet::default(),
            thirds: FxHashMap::default(),
        }
    }

    fn build(mut self, files: Vec<(String, RuleFile)>, digest: String) -> Result<RuleBook> {
        let mut rules = Vec::new();
        let mut verbs = Vec::new();
        let mut signals: Vec<SignalDefinition> = Vec::new();
        let mut calibration = None;
        let mut weights = toml::Table::new();
        let mut foreign = Vec::new();
        for (name, file) in &files {
            if let Some(roles) = &file.roles {
                self.roles(roles);
            }
            for group in &file.verb {
                self.unique(&group.id, name)?;
                rules.push(rule(
                    &group.id,
                    RuleKind::Verb,
                    Some(group.effect),
                    &group.why,
                    name,
                    group.words.split_whitespace().map(str::to_owned).collect(),
                    &group.matches,
                    &group.miss,
                ));
                self.verbs(verbs.len() as u16, &group.words);
                verbs.push(VerbGroup {
                    id: group.id.as_str().into(),
                    effect: group.effect,
                    weak: group.weak,
                });
            }
            for class in &file.noun {
                self.nouns(&class.class, &class.words);
            }
            signals.extend(file.signal.iter().map(|s| SignalDefinition {
                id: s.id.as_str().into(),
                title: s.title.as_str().into(),
            }));
            calibration = file.calibration.or(calibration);
            weights.extend(file.weights.clone().unwrap_or_default());
        }
        let groups = files.iter().flat_map(|(_, file)| &file.verb).enumerate();
        for (group, file) in groups {
            self.prefixed(group as u16, file);
        }
        let mut book = RuleBook {
            lexicon: Lexicon::new(),
            verbs,
            pairs: Vec::new(),
            pairs_by_verb: FxHashMap::default(),
            phrases: Vec::new(),
            phrase_of: FxHashMap::default(),
            params: Vec::new(),
            kind_objects: ParamKind::ALL
                .iter()
                .map(|kind| self.lexicon.intern(&format!("param:{}", kind.name())))
                .collect(),
            params_by_name: FxHashMap::default(),
            signals,
            grounds: Grounds::default(),
            thirds: FxHashMap::default(),
            foreign: ForeignVerbs::default(),
            weights: Weights::from_table(&weights)?,
            calibration: calibration.unwrap_or(Calibration {
                temperature: 100,
                forced: 800,
            }),
            rules,
            digest,
        };
        let mut grounds = Vec::new();
        for (name, file) in files {
            for pair in &file.pair {
                self.unique(&pair.id, &name)?;
                self.pair(pair, &name, &mut book)?;
            }
            for phrase in &file.phrase {
                self.unique(&phrase.id, &name)?;
                self.phrase(phrase, &name, &mut book)?;
            }
            for param in &file.param {
                self.unique(&param.id, &name)?;
                param_rule(param, &name, &mut book)?;
            }
            foreign.extend(file.foreign);
            grounds.extend(file.ground.into_iter().map(|ground| (name.clone(), ground)));
        }
        // Last: grounds speak of verbs and pairs of every file.
        let mut making = grounds::Making::default();
        for (name, ground) in &grounds {
            self.unique(&ground.id, name)?;
            let signal = signal_index(&ground.signal, &ground.id, name, &book.signals)?;
            let objects = self.objects(&ground.objects, &ground.id, name)?.0;
            let unless = self.objects(&ground.unless, &ground.id, name)?.0;
            making.add(ground, name, signal, (objects, unless), &mut self.lexicon, &book.rules)?;
            book.rules.push(rule(
                &ground.id,
                RuleKind::Ground,
                None,
                &ground.why,
                name,
                grounds::words(ground),
                &ground.matches,
                &ground.miss,
            ));
        }
        book.grounds = making.build()?;
        book.foreign = ForeignVerbs::build(&foreign)?;
        book.lexicon = self.lexicon;
        book.thirds = self.thirds;
        Ok(book)
    }

    fn unique(&mut self, id: &str, file: &str) -> Result<()> {
        if self.ids.insert(id.to_owned()) {
            return Ok(());
        }
        Err(Error::new(format!("rules/{file}: the rule id {id} is used twice")).help("a rule id is never reused"))
    }

    fn roles(&mut self, roles: &super::file::Roles) {
        for word in roles.splits.split_whitespace() {
            self.lexicon.splits_behind(word);
        }
        let table = [
            (&roles.determiner, role::DETERMINER),
            (&roles.preposition, role::PREPOSITION),
            (&roles.conjunction, role::CONJUNCTION),
            (&roles.negation, role::NEGATION),
            (&roles.modal, role::MODAL),
            (&roles.condition, role::CONDITION),
            (&roles.relative, role::RELATIVE),
            (&roles.pronoun, role::PRONOUN),
            (&roles.be, role::BE),
            (&roles.adverb, role::ADVERB),
            (&roles.modifier, role::MODIFIER),
            (&roles.subject, role::SUBJECT),
            (&roles.frame, role::FRAME),
            (&roles.aside, role::ASIDE),
            (&roles.plain, role::PLAIN),
        ];
        for (words, bit) in table {
            for word in words.split_whitespace() {
                let number = self.lexicon.intern(word);
                self.lexicon.word_mut(number).roles |= bit;
                if bit == role::FRAME || bit == role::SUBJECT {
                    // "allows", "provides", "tools": the inflected forms frame as well.
                    let forms = inflect::verb(word);
                    for form in std::iter::once(forms.third).chain(forms.gerunds) {
                        let number = self.lexicon.intern(&form);
                        self.lexicon.word_mut(number).roles |= bit;
                    }
                }
            }
        }
    }

    fn verbs(&mut self, group: u16, words: &str) {
        for word in words.split_whitespace() {
            let base = self.lexicon.intern(word);
            let forms = inflect::verb(word);
            self.sense(
                base,
                VerbSense {
                    group,
                    base,
                    forms: form::BASE,
                },
            );
            let third = self.lexicon.intern(&forms.third);
            self.thirds.entry(base).or_insert_with(|| forms.third.as_str().into());
            self.sense(
                third,
                VerbSense {
                    group,
                    base,
                    forms: form::THIRD,
                },
            );
            for (texts, bit) in [(&forms.gerunds, form::GERUND), (&forms.past, form::PAST)] {
                for text in texts {
                    let number = self.lexicon.intern(text);
                    self.sense(
                        number,
                        VerbSense {
                            group,
                            base,
                            forms: bit,
                        },
                    );
                }
            }
        }
    }

    /// Verbs made with a prefix: what no file names otherwise, in a pass of its own so that named verbs win.
    fn prefixed(&mut self, group: u16, verbs: &super::file::Verbs) {
        for prefix in verbs.prefixes.split_whitespace() {
            for word in verbs.words.split_whitespace() {
                let made = format!("{prefix}{word}");
                let known = self.lexicon.known(&made).map(|number| self.lexicon.word(number));
                if known.is_none_or(|word| word.verb.is_none() && word.roles == 0) {
                    self.verbs(group, &made);
                }
            }
        }
    }

    fn sense(&mut self, number: u32, sense: VerbSense) {
        let word = self.lexicon.word_mut(number);
        match &mut word.verb {
            Some(known) if known.base == sense.base => known.forms |= sense.forms,
            Some(_) => {}
            None => word.verb = Some(sense),
        }
    }

    fn nouns(&mut self, class: &str, words: &str) {
        let mut numbers = Vec::new();
        for text in words.split(',').map(str::trim).filter(|t| !t.is_empty()) {
            numbers.push(self.lexicon.intern_phrase(text));
            if class == "facts" && !text.contains(' ') {
                let number = self.lexicon.intern(text);
                self.lexicon.word_mut(number).roles |= role::FACT;
            }
        }
        self.classes.entry(class.to_owned()).or_default().extend(numbers);
    }

    fn objects(&mut self, texts: &[String], id: &str, file: &str) -> Result<(FxHashSet<u32>, bool)> {
        let mut set = FxHashSet::default();
        let mut any = false;
        for text in texts {
            if text == "*" {
                any = true;
            } else if let Some(verb) = text.strip_prefix("lead:") {
                set.insert(self.lexicon.intern(verb) | LEAD);
            } else if let Some(class) = text.strip_prefix('#') {
                let numbers = self.classes.get(class).ok_or_else(|| {
                    Error::new(format!(
                        "rules/{file}: the rule {id} names the class {class:?}, which no rule file has"
                    ))
                    .help("the classes stand in rules/nouns.toml")
                })?;
                set.extend(numbers.iter().copied());
            } else {
                set.insert(self.lexicon.intern_phrase(text));
            }
        }
        Ok((set, any))
    }

    fn pair(&mut self, pair: &super::file::Pair, file: &str, book: &mut RuleBook) -> Result<()> {
        let index = book.pairs.len() as u16;
        let (objects, any) = self.objects(&pair.objects, &pair.id, file)?;
        let (unless, _) = self.objects(&pair.unless, &pair.id, file)?;
        for verb in &pair.verbs {
            let bases: Vec<u32> = if let Some(effect) = verb.strip_prefix('@') {
                let of_effect = book
                    .rules
                    .iter()
                    .filter(|r| r.kind == RuleKind::Verb && r.effect.is_some_and(|e| e.name() == effect));
                of_effect
                    .flat_map(|r| r.words.iter())
                    .map(|w| self.lexicon.intern(w))
                    .collect()
            } else {
                let number = self.lexicon.intern(verb);
                if self.lexicon.word(number).verb.is_none_or(|v| v.base != number) {
                    let error = Error::new(format!(
                        "rules/{file}: the rule {} names {verb:?}, which is no verb of the book",
                        pair.id
                    ));
                    return Err(error.help("add the base form to a group in rules/verbs.toml"));
                }
                vec![number]
            };
            for base in bases {
                book.pairs_by_verb.entry(base).or_default().push(index);
            }
        }
        book.pairs.push(PairRule {
            id: pair.id.as_str().into(),
            effect: pair.effect,
            objects,
            unless,
            any,
            name_only: pair.name_only,
        });
        let words = pair.verbs.iter().chain(&pair.objects).cloned().collect();
        book.rules.push(rule(
            &pair.id,
            RuleKind::Pair,
            Some(pair.effect),
            &pair.why,
            file,
            words,
            &pair.matches,
            &pair.miss,
        ));
        Ok(())
    }

    fn phrase(&mut self, phrase: &Phrase, file: &str, book: &mut RuleBook) -> Result<()> {
        let cue = match &phrase.cue {
            None => None,
            Some(cue) => Some(*CUES.iter().find(|known| *known == cue).ok_or_else(|| {
                Error::new(format!(
                    "rules/{file}: the rule {} gives the cue {cue:?}, which is not known",
                    phrase.id
                ))
                .help(format!("one of {}", CUES.join(", ")))
            })?),
        };
        let index = book.phrases.len() as u16;
        for text in &phrase.texts {
            let number = self.lexicon.intern_phrase(text);
            book.phrase_of.insert(number, index);
        }
        book.phrases.push(PhraseRule {
            id: phrase.id.as_str().into(),
            cue,
        });
        book.rules.push(rule(
            &phrase.id,
            RuleKind::Phrase,
            None,
            &phrase.why,
            file,
            phrase.texts.clone(),
            &phrase.matches,
            &phrase.miss,
        ));
        Ok(())
    }
}

fn param_rule(param: &Param, file: &str, book: &mut RuleBook) -> Result<()> {
    let kind = ParamKind::ALL
        .iter()
        .copied()
        .find(|k| k.name() == param.kind)
        .ok_or_else(|| {
            let known: Vec<_> = ParamKind::ALL.iter().map(|k| k.name()).collect();
            Error::new(format!(
                "rules/{file}: the rule {} has the kind {:?}, which is not known",
                param.id, param.kind
            ))
            .help(format!("one of {}", known.join(", ")))
        })?;
    let index = book.params.len() as u16;
    for name in &param.names {
        book.params_by_name.entry(name.as_str().into()).or_default().push(index);
    }
    book.params.push(ParamRule {
        id: param.id.as_str().into(),
        kind,
        runs: param.runs.iter().map(|words| format!(" {words} ")).collect(),
    });
    book.rules.push(rule(
        &param.id,
        RuleKind::Param,
        None,
        &param.why,
        file,
        param.names.clone(),
        &param.matches,
        &param.miss,
    ));
    Ok(())
}

fn signal_index(id: &str, rule: &str, file: &str, signals: &[SignalDefinition]) -> Result<usize> {
    signals.iter().position(|s| &*s.id == id).ok_or_else(|| {
        Error::new(format!(
            "rules/{file}: the rule {rule} raises the signal {id:?}, which no rule file defines"
        ))
        .help("signals stand in rules/signals.toml")
    })
}

#[expect(
    clippy::too_many_arguments,
    reason = "one call a rule kind; each argument is a field"
)]
fn rule(
    id: &str,
    kind: RuleKind,
    effect: Option<Effect>,
    why: &str,
    file: &str,
    words: Vec<String>,
    matches: &[String],
    misses: &[String],
) -> Rule {
    Rule {
        id: id.into(),
        kind,
        effect,
        why: why.to_owned(),
        words,
        matches: matches.to_vec(),
        misses: misses.to_vec(),
        file: file.to_owned(),
    }
}
