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

/// Every rule: verbs, then pairs, phrases and parameters file by file, then grounds and words.
pub(super) fn rules(sources: &Sources) -> Vec<Rule> {
    let mut rules = Vec::new();
    let files = sources.files();
    for file in files {
        rules.extend(file.rules.verb.iter().map(|verbs| Rule {
            id: verbs.id.as_str().into(),
            kind: RuleKind::Verb,
            effect: Some(verbs.effect),
            why: verbs.why.clone(),
            words: verbs.words.split_whitespace().map(str::to_owned).collect(),
            matches: verbs.matches.clone(),
            misses: verbs.miss.clone(),
            file: file.name.clone(),
        }));
    }
    for file in files {
        rules.extend(file.rules.pair.iter().map(|pair| Rule {
            id: pair.id.as_str().into(),
            kind: RuleKind::Pair,
            effect: Some(pair.effect),
            why: pair.why.clone(),
            words: pair.verbs.iter().chain(&pair.objects).cloned().collect(),
            matches: pair.matches.clone(),
            misses: pair.miss.clone(),
            file: file.name.clone(),
        }));
        rules.extend(file.rules.phrase.iter().map(|phrase| Rule {
            id: phrase.id.as_str().into(),
            kind: RuleKind::Phrase,
            effect: None,
            why: phrase.why.clone(),
            words: phrase.texts.clone(),
            matches: phrase.matches.clone(),
            misses: phrase.miss.clone(),
            file: file.name.clone(),
        }));
        rules.extend(file.rules.param.iter().map(|param| Rule {
            id: param.id.as_str().into(),
            kind: RuleKind::Param,
            effect: None,
            why: param.why.clone(),
            words: param.names.clone(),
            matches: param.matches.clone(),
            misses: param.miss.clone(),
            file: file.name.clone(),
        }));
    }
    for file in files {
        rules.extend(file.rules.ground.iter().map(|ground| Rule {
            id: ground.id.as_str().into(),
            kind: RuleKind::Ground,
            effect: None,
            why: ground.why.clone(),
            words: grounds::words(ground),
            matches: ground.matches.clone(),
            misses: ground.miss.clone(),
            file: file.name.clone(),
        }));
    }
    for file in files {
        rules.extend(file.rules.word.iter().map(|word| Rule {
            id: word.id.as_str().into(),
            kind: RuleKind::Word,
            effect: None,
            why: word.why.clone(),
            words: sources.words().telling(word.stand),
            matches: word.matches.clone(),
            misses: word.miss.clone(),
            file: file.name.clone(),
        }));
    }
    rules
}
