//! Rules as they are listed and explained to people, made of the rule files when somebody asks. The classifier needs
//! none of it: what a rule decides is in [`super::book`].

use std::sync::Arc;

use super::grounds;
use super::sources::Sources;
use crate::effect::Effect;

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
    /// `[[word]]`
    Word,
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

/// A rule of an entry of a file. Entries of every kind have an id, a reason and examples.
macro_rules! rule {
    ($file:ident, $entry:ident, $kind:ident, $effect:expr, $words:expr) => {
        Rule {
            id: $entry.id.as_str().into(),
            kind: RuleKind::$kind,
            effect: $effect,
            why: $entry.why.clone(),
            words: $words,
            matches: $entry.matches.clone(),
            misses: $entry.miss.clone(),
            file: $file.name.clone(),
        }
    };
}

/// Every rule: verbs, then pairs, phrases and parameters file by file, then grounds and words.
pub(super) fn rules(sources: &Sources) -> Vec<Rule> {
    let mut rules = Vec::new();
    let files = sources.files();
    for file in files {
        for verbs in &file.rules.verb {
            let words = verbs.words.split_whitespace().map(str::to_owned).collect();
            rules.push(rule!(file, verbs, Verb, Some(verbs.effect), words));
        }
    }
    for file in files {
        for pair in &file.rules.pair {
            let words = pair.verbs.iter().chain(&pair.objects).cloned().collect();
            rules.push(rule!(file, pair, Pair, Some(pair.effect), words));
        }
        for phrase in &file.rules.phrase {
            rules.push(rule!(file, phrase, Phrase, None, phrase.texts.clone()));
        }
        for param in &file.rules.param {
            rules.push(rule!(file, param, Param, None, param.names.clone()));
        }
    }
    for file in files {
        for ground in &file.rules.ground {
            rules.push(rule!(file, ground, Ground, None, grounds::words(ground)));
        }
    }
    for file in files {
        for word in &file.rules.word {
            rules.push(rule!(file, word, Word, None, sources.words().telling(word.stand)));
        }
    }
    rules
}
