//! What raises signals, ready for the classifier: each ground under the words, effects, parameters and findings that
//! bring it up. Built from `[[ground]]` tables; decides nothing about labels.

use rustc_hash::FxHashMap;

use super::book::{Named, ParamKind, RuleId};
use super::file::{self, Finding};
use super::lexicon::Lexicon;
use super::sources::SourceFile;
use super::texts::Texts;
use super::word_sets::WordSets;
use crate::effect::Effect;
use crate::error::{Error, Result};
use crate::label::Category;

/// Words between a verb and the object that a ground asks for, unless the ground says otherwise.
const WITHIN: usize = 8;

/// Words between a verb and its object that a ground may ask for at most.
pub(crate) const FURTHEST: usize = 40;

/// One ground.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) id: RuleId,
    /// Its place among the grounds.
    index: usize,
    /// Index of the signal.
    pub(crate) signal: usize,
    /// Bits of [`Category::index`].
    on: u8,
    /// Whether it asks for an object; where not, the verb alone suffices.
    pub(crate) has_objects: bool,
    /// Whether there is anything beside which it does not apply.
    pub(crate) has_exceptions: bool,
    pub(crate) within: usize,
    /// Parameters count only where none beside them names a thing.
    pub(crate) alone: bool,
}

impl Ground {
    /// Whether it holds for tools of this category.
    pub(crate) const fn is_on(&self, category: Category) -> bool {
        self.on & (1 << category.index()) != 0
    }
}

/// What a parameter must take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Text,
    Switch,
    List,
}

/// All grounds, by what brings them up.
#[derive(Debug, Default)]
pub(crate) struct Grounds {
    all: Vec<Ground>,
    /// By the index of an effect.
    effects: [Vec<u16>; Effect::COUNT],
    verbs: FxHashMap<u32, Vec<u16>>,
    any_verb: Vec<u16>,
    /// By the rule that reads an operation.
    rules: Vec<Vec<u16>>,
    nouns: FxHashMap<u32, Vec<u16>>,
    phrases: FxHashMap<u32, Vec<u16>>,
    open: Vec<(ParamKind, u16)>,
    findings: Vec<(Finding, u16)>,
    /// What each asks for.
    objects: WordSets,
    /// What each does not apply beside.
    unless: WordSets,
    /// Texts of grounds, wherever they stand.
    pub(crate) texts: Texts,
}

impl Grounds {
    pub(crate) fn get(&self, index: u16) -> &Ground {
        &self.all[index as usize]
    }

    /// The grounds that an operation may bring up, by its effect, its verb and the rule that read it.
    pub(crate) fn of_operation(&self, effect: Effect, verb: u32, rule: RuleId) -> [&[u16]; 4] {
        let acts = effect.category().is_some_and(|category| category != Category::Read);
        let by_effect = &self.effects[effect.index()];
        let by_verb = self.verbs.get(&verb).map_or(&[][..], Vec::as_slice);
        let any = if acts { self.any_verb.as_slice() } else { &[] };
        let by_rule = self.rules.get(rule.index()).map_or(&[][..], Vec::as_slice);
        [by_effect, by_verb, any, by_rule]
    }

    /// Whether this word or phrase is anything to any ground, as an object or an exception.
    pub(crate) fn any_speaks_of(&self, number: u32) -> bool {
        self.objects.any_has(number) || self.unless.any_has(number)
    }

    /// Whether a ground asks for this word or phrase.
    pub(crate) fn asks_for(&self, ground: &Ground, number: u32) -> bool {
        self.objects.has(ground.index, number)
    }

    /// Whether a ground does not apply beside this word or phrase.
    pub(crate) fn excepts(&self, ground: &Ground, number: u32) -> bool {
        self.unless.has(ground.index, number)
    }

    /// The grounds of which this word or phrase is what the tool is about.
    pub(crate) fn of_noun(&self, number: u32) -> &[u16] {
        self.nouns.get(&number).map_or(&[], Vec::as_slice)
    }

    /// The words and phrases of which any ground has what the tool is about.
    pub(super) fn nouns(&self) -> impl Iterator<Item = u32> {
        self.nouns.keys().copied()
    }

    /// The phrases of any ground.
    pub(super) fn phrases(&self) -> impl Iterator<Item = u32> {
        self.phrases.keys().copied()
    }

    /// The grounds of this phrase.
    pub(crate) fn of_phrase(&self, number: u32) -> &[u16] {
        self.phrases.get(&number).map_or(&[], Vec::as_slice)
    }

    /// The grounds of an open argument.
    pub(crate) fn of_open(&self, kind: ParamKind) -> impl Iterator<Item = u16> {
        self.open.iter().filter(move |(k, _)| *k == kind).map(|(_, g)| *g)
    }

    /// The grounds of what the program finds by itself.
    pub(crate) fn of_finding(&self, finding: Finding) -> impl Iterator<Item = u16> {
        self.findings
            .iter()
            .filter(move |(f, _)| *f == finding)
            .map(|(_, g)| *g)
    }
}

/// A rule's words, for people.
pub(super) fn words(ground: &file::Ground) -> Vec<String> {
    let effects = ground.effects.iter().map(|e| e.name().to_owned());
    let lists = [
        &ground.verbs,
        &ground.rules,
        &ground.objects,
        &ground.phrases,
        &ground.texts,
        &ground.params,
        &ground.switches,
        &ground.lists,
        &ground.open,
    ];
    effects.chain(lists.into_iter().flatten().cloned()).collect()
}

/// A ground as it is added.
pub(super) struct NewGround<'a> {
    pub(super) id: RuleId,
    pub(super) ground: &'a file::Ground,
    /// Index of the signal.
    pub(super) signal: usize,
    pub(super) objects: Vec<u32>,
    pub(super) unless: Vec<u32>,
}

/// Grounds in the making.
#[derive(Default)]
pub(super) struct Making {
    made: Grounds,
    objects: Vec<Vec<u32>>,
    unless: Vec<Vec<u32>>,
    texts: Vec<(String, u16)>,
    /// Names of parameters, and what they must take.
    params: Vec<(String, u16, Shape)>,
}

impl Making {
    pub(super) fn add(
        &mut self,
        new: NewGround<'_>,
        file: &SourceFile,
        lexicon: &mut Lexicon,
        operations: &FxHashMap<&str, RuleId>,
    ) -> Result<()> {
        let NewGround {
            id,
            ground,
            signal,
            objects,
            unless,
        } = new;
        let index = self.made.all.len() as u16;
        let unknown = |what: &str, name: &str, help: String| {
            let message = format!("{file}: the rule {} names {name:?}, which is no {what}", ground.id);
            Error::new(message).help(help)
        };
        let made = &mut self.made;
        for effect in &ground.effects {
            made.effects[effect.index()].push(index);
        }
        for verb in &ground.verbs {
            if verb == "*" {
                made.any_verb.push(index);
                continue;
            }
            let known = lexicon
                .known(verb)
                .filter(|n| lexicon.verb(*n).is_some_and(|v| v.base == *n));
            let help = || "add the base form to a group in rules/verbs.toml".to_owned();
            let base = known.ok_or_else(|| unknown("verb of the book", verb, help()))?;
            made.verbs.entry(base).or_default().push(index);
        }
        for id in &ground.rules {
            let help = || "`mcpclass rules list` shows the verb groups and pairs".to_owned();
            let rule = operations.get(&**id);
            let rule = rule.ok_or_else(|| unknown("verb group and no pair", id, help()))?;
            if made.rules.len() <= rule.index() {
                made.rules.resize(rule.index() + 1, Vec::new());
            }
            made.rules[rule.index()].push(index);
        }
        if ground.effects.is_empty() && ground.verbs.is_empty() && ground.rules.is_empty() {
            for number in &objects {
                made.nouns.entry(*number).or_default().push(index);
            }
        }
        for phrase in &ground.phrases {
            let number = lexicon.intern_phrase(phrase);
            made.phrases.entry(number).or_default().push(index);
        }
        let shapes = [
            (&ground.params, Shape::Text),
            (&ground.switches, Shape::Switch),
            (&ground.lists, Shape::List),
        ];
        for (names, shape) in shapes {
            let names = names.iter().cloned();
            self.params.extend(names.map(|name| (name, index, shape)));
        }
        for name in &ground.open {
            let kind = ParamKind::ALL.iter().copied().find(|k| k.name() == name);
            let help = || "the kinds stand in rules/params.toml".to_owned();
            made.open
                .push((kind.ok_or_else(|| unknown("kind of parameter", name, help()))?, index));
        }
        made.findings.extend(ground.found.map(|f| (f, index)));
        self.texts.extend(ground.texts.iter().map(|text| (text.clone(), index)));
        let on = ground.on.iter().fold(0, |bits, category| bits | 1 << category.index());
        made.all.push(Ground {
            id,
            index: index.into(),
            signal,
            on: if on == 0 { u8::MAX } else { on },
            has_objects: !objects.is_empty(),
            has_exceptions: !unless.is_empty(),
            within: ground.within.unwrap_or(WITHIN).min(FURTHEST),
            alone: ground.alone,
        });
        self.objects.push(objects);
        self.unless.push(unless);
        Ok(())
    }

    /// The grounds; those of parameters under their names.
    pub(super) fn build(mut self, named: &mut FxHashMap<Box<str>, Named>) -> Result<Grounds> {
        for (name, index, shape) in self.params {
            named.entry(name.into()).or_default().grounds.push((index, shape));
        }
        self.made.objects = WordSets::of(&self.objects);
        self.made.unless = WordSets::of(&self.unless);
        self.made.texts = Texts::build(self.texts)?;
        Ok(self.made)
    }
}
