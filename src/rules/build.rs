//! Joins rule files into a book: gives every word its number, checks that what a rule names is there, and files each
//! rule under what brings it up. Pure; an error names the file, the rule and the way out.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;

use super::asked::Asked;
use super::book::{CUES, LEAD, ParamKind, ParamRule, PhraseRule, RuleBook, RuleId, SignalDefinition, VerbGroup};
use super::file::{Calibration, Pair, Param, Phrase, Roles, Verbs};
use super::foreign::ForeignVerbs;
use super::grounds::{self, Grounds};
use super::inflect;
use super::lexicon::{Lexicon, VerbSense, form, leads, role};
use super::pairs::{self, NewPair, Pairs};
use super::sources::{SourceFile, Sources};
use super::weights::Weights;
use super::words::Words;
use crate::error::{Error, Result};

/// A book in the making.
pub(super) struct Builder {
    lexicon: Lexicon,
    classes: FxHashMap<String, Vec<u32>>,
    ids: Vec<Arc<str>>,
    id_of: FxHashMap<Arc<str>, RuleId>,
    thirds: FxHashMap<u32, Box<str>>,
}

impl Builder {
    pub(super) fn new() -> Self {
        let foreign: Arc<str> = "foreign/verb".into();
        Self {
            lexicon: Lexicon::new(),
            classes: FxHashMap::default(),
            ids: vec![Arc::clone(&foreign)],
            id_of: std::iter::once((foreign, RuleId::FOREIGN)).collect(),
            thirds: FxHashMap::default(),
        }
    }

    pub(super) fn build(mut self, sources: Sources) -> Result<RuleBook> {
        let files = sources.files();
        let mut verbs = Vec::new();
        let mut signals: Vec<SignalDefinition> = Vec::new();
        let mut calibration = None;
        let mut weights = BTreeMap::new();
        let mut foreign = Vec::new();
        for file in files {
            if let Some(roles) = &file.rules.roles {
                self.roles(roles);
            }
            for group in &file.rules.verb {
                let id = self.unique(&group.id, file)?;
                self.verbs(verbs.len() as u16, &group.words);
                verbs.push(VerbGroup {
                    id,
                    effect: group.effect,
                    weak: group.weak,
                });
            }
            for class in &file.rules.noun {
                self.nouns(&class.class, &class.words);
            }
            signals.extend(file.rules.signal.iter().map(|s| SignalDefinition {
                id: s.id.as_str().into(),
                title: s.title.as_str().into(),
            }));
            calibration = file.rules.calibration.or(calibration);
            let rows = file.rules.weights.iter().flatten();
            weights.extend(rows.map(|(feature, row)| (feature.clone(), *row)));
        }
        let groups = files.iter().flat_map(|file| &file.rules.verb).enumerate();
        for (group, file) in groups {
            self.prefixed(group as u16, file);
        }
        let mut book = RuleBook {
            lexicon: Lexicon::new(),
            asked: Asked::default(),
            verbs,
            ids: Vec::new(),
            pairs: Pairs::default(),
            phrases: Vec::new(),
            phrase_of: FxHashMap::default(),
            params: Vec::new(),
            kind_objects: ParamKind::ALL
                .iter()
                .map(|kind| self.lexicon.intern(&format!("param:{}", kind.name())))
                .collect(),
            named: FxHashMap::default(),
            signals,
            grounds: Grounds::default(),
            thirds: FxHashMap::default(),
            foreign: ForeignVerbs::default(),
            weights: Weights::from_table(&weights)?,
            words: Words::default(),
            calibration: calibration.unwrap_or(Calibration {
                temperature: 100,
                forced: 800,
            }),
            sources: Sources::default(),
            listed: OnceLock::new(),
        };
        let mut pairs = pairs::Making::default();
        for file in files {
            for pair in &file.rules.pair {
                let id = self.unique(&pair.id, file)?;
                let pair = self.pair(id, pair, file, files)?;
                pairs.add(pair);
            }
            for phrase in &file.rules.phrase {
                let id = self.unique(&phrase.id, file)?;
                self.phrase(id, phrase, file, &mut book)?;
            }
            for param in &file.rules.param {
                let id = self.unique(&param.id, file)?;
                param_rule(id, param, file, &mut book)?;
            }
            foreign.extend(&file.rules.foreign);
        }
        // Last: grounds speak of verbs and pairs of every file.
        let mut making = grounds::Making::default();
        let operations = files.iter().flat_map(|file| {
            let verbs = file.rules.verb.iter().map(|verbs| verbs.id.as_str());
            verbs.chain(file.rules.pair.iter().map(|pair| pair.id.as_str()))
        });
        let operations = operations.map(|id| (id, self.id_of[id])).collect();
        for (file, ground) in files.iter().flat_map(|f| f.rules.ground.iter().map(move |g| (f, g))) {
            let id = self.unique(&ground.id, file)?;
            let signal = signal_index(&ground.signal, &ground.id, file, &book.signals)?;
            let objects = self.objects(&ground.objects, &ground.id, file)?.0;
            let unless = self.objects(&ground.unless, &ground.id, file)?.0;
            let ground = grounds::NewGround {
                id,
                ground,
                signal,
                objects,
                unless,
            };
            making.add(ground, file, &mut self.lexicon, &operations)?;
        }
        book.pairs = pairs.build();
        book.grounds = making.build(&mut book.named)?;
        book.foreign = ForeignVerbs::build(foreign);
        let (phrases, grounds) = (&book.phrase_of, &book.grounds);
        self.lexicon.mark(leads::PHRASE, phrases.keys().copied());
        self.lexicon.mark(leads::NOUN, grounds.nouns());
        self.lexicon.mark(leads::GROUND_PHRASE, grounds.phrases());
        book.asked = Asked::of(&self.lexicon);
        let named = &mut book.named;
        book.words = Words::build(sources.words(), &mut self.lexicon, |parameter, index| {
            named.entry(parameter.into()).or_default().word = index;
        })?;
        for (file, word) in files.iter().flat_map(|f| f.rules.word.iter().map(move |w| (f, w))) {
            let id = self.unique(&word.id, file)?;
            book.words.name(word.stand, id);
        }
        book.ids = self.ids;
        book.lexicon = self.lexicon;
        book.thirds = self.thirds;
        book.sources = sources;
        Ok(book)
    }

    fn unique(&mut self, id: &str, file: &SourceFile) -> Result<RuleId> {
        if !self.id_of.contains_key(id) {
            let (rule, id) = (RuleId(self.ids.len() as u16), Arc::from(id));
            self.ids.push(Arc::clone(&id));
            self.id_of.insert(id, rule);
            return Ok(rule);
        }
        Err(Error::new(format!("{file}: the rule id {id} is used twice")).help("a rule id is never reused"))
    }

    fn roles(&mut self, roles: &Roles) {
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
            (&roles.rehearsal, role::REHEARSAL),
            (&roles.last, role::LAST),
        ];
        for (words, bit) in table {
            for word in words.split_whitespace() {
                let number = self.lexicon.intern(word);
                self.lexicon.add_role(number, bit);
                if bit == role::FRAME || bit == role::SUBJECT {
                    // "allows", "provides", "tools": the inflected forms frame as well.
                    inflect::verb(word, |form, kind| {
                        if kind != form::PAST {
                            let number = self.lexicon.intern(form);
                            self.lexicon.add_role(number, bit);
                        }
                    });
                }
            }
        }
    }

    fn verbs(&mut self, group: u16, words: &str) {
        for word in words.split_whitespace() {
            let base = self.lexicon.intern(word);
            let sense = |forms| VerbSense { group, base, forms };
            self.lexicon.add_sense(base, sense(form::BASE));
            inflect::verb(word, |text, form| {
                let number = self.lexicon.intern(text);
                self.lexicon.add_sense(number, sense(form));
                if form == form::THIRD {
                    self.thirds.entry(base).or_insert_with(|| text.into());
                }
            });
        }
    }

    /// Verbs made with a prefix: what no file names otherwise, in a pass of its own so that named verbs win.
    fn prefixed(&mut self, group: u16, verbs: &Verbs) {
        for prefix in verbs.prefixes.split_whitespace() {
            for word in verbs.words.split_whitespace() {
                let made = [prefix, word].concat();
                let known = self.lexicon.known(&made);
                if known.is_none_or(|number| self.lexicon.is_free(number)) {
                    self.verbs(group, &made);
                }
            }
        }
    }

    fn nouns(&mut self, class: &str, words: &str) {
        let mut numbers = Vec::new();
        for text in words.split(',').map(str::trim).filter(|t| !t.is_empty()) {
            numbers.push(self.lexicon.intern_phrase(text));
            if class == "facts" && !text.contains(' ') {
                let number = self.lexicon.intern(text);
                self.lexicon.add_role(number, role::FACT);
            }
        }
        self.classes.entry(class.to_owned()).or_default().extend(numbers);
    }

    fn objects(&mut self, texts: &[String], id: &str, file: &SourceFile) -> Result<(Vec<u32>, bool)> {
        let mut set = Vec::with_capacity(texts.len());
        let mut any = false;
        for text in texts {
            if text == "*" {
                any = true;
            } else if let Some(verb) = text.strip_prefix("lead:") {
                set.push(self.lexicon.intern(verb) | LEAD);
            } else if let Some(class) = text.strip_prefix('#') {
                let numbers = self.classes.get(class).ok_or_else(|| {
                    Error::new(format!(
                        "{file}: the rule {id} names the class {class:?}, which no rule file has"
                    ))
                    .help("the classes stand in rules/nouns.toml")
                })?;
                set.extend(numbers.iter().copied());
            } else {
                set.push(self.lexicon.intern_phrase(text));
            }
        }
        Ok((set, any))
    }

    fn pair(&mut self, id: RuleId, pair: &Pair, file: &SourceFile, files: &[SourceFile]) -> Result<NewPair> {
        let (objects, any) = self.objects(&pair.objects, &pair.id, file)?;
        let (unless, _) = self.objects(&pair.unless, &pair.id, file)?;
        let mut verbs = Vec::with_capacity(pair.verbs.len());
        for verb in &pair.verbs {
            if let Some(effect) = verb.strip_prefix('@') {
                let of_effect = files
                    .iter()
                    .flat_map(|f| &f.rules.verb)
                    .filter(|v| v.effect.name() == effect);
                let words = of_effect.flat_map(|v| v.words.split_whitespace());
                verbs.extend(words.map(|word| self.lexicon.intern(word)));
            } else {
                let number = self.lexicon.intern(verb);
                if self.lexicon.verb(number).is_none_or(|v| v.base != number) {
                    let error = Error::new(format!(
                        "{file}: the rule {} names {verb:?}, which is no verb of the book",
                        pair.id
                    ));
                    return Err(error.help("add the base form to a group in rules/verbs.toml"));
                }
                verbs.push(number);
            }
        }
        Ok(NewPair {
            id,
            effect: pair.effect,
            verbs,
            objects,
            unless,
            any,
            name_only: pair.name_only,
            takes_back: pair.takes_back,
        })
    }

    fn phrase(&mut self, id: RuleId, phrase: &Phrase, file: &SourceFile, book: &mut RuleBook) -> Result<()> {
        let cue = match &phrase.cue {
            None => None,
            Some(cue) => Some(*CUES.iter().find(|known| *known == cue).ok_or_else(|| {
                Error::new(format!(
                    "{file}: the rule {} gives the cue {cue:?}, which is not known",
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
        book.phrases.push(PhraseRule { id, cue });
        Ok(())
    }
}

fn param_rule(id: RuleId, param: &Param, file: &SourceFile, book: &mut RuleBook) -> Result<()> {
    let kind = ParamKind::ALL
        .iter()
        .copied()
        .find(|k| k.name() == param.kind)
        .ok_or_else(|| {
            let known: Vec<_> = ParamKind::ALL.iter().map(|k| k.name()).collect();
            Error::new(format!(
                "{file}: the rule {} has the kind {:?}, which is not known",
                param.id, param.kind
            ))
            .help(format!("one of {}", known.join(", ")))
        })?;
    let index = book.params.len() as u16;
    for name in &param.names {
        book.named.entry(name.as_str().into()).or_default().rules.push(index);
    }
    book.params.push(ParamRule {
        id,
        kind,
        runs: param.runs.iter().map(|words| format!(" {words} ")).collect(),
    });
    Ok(())
}

fn signal_index(id: &str, rule: &str, file: &SourceFile, signals: &[SignalDefinition]) -> Result<usize> {
    signals.iter().position(|s| &*s.id == id).ok_or_else(|| {
        Error::new(format!(
            "{file}: the rule {rule} raises the signal {id:?}, which no rule file defines"
        ))
        .help("signals stand in rules/signals.toml")
    })
}
