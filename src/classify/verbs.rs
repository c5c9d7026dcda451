//! From a verb and the words beside it to an effect: pairs first, then the verb's own group. Also collects the
//! objects beside a verb. Shared by names and prose.

use crate::effect::Effect;
use crate::rules::RuleBook;
use crate::rules::book::{Object, RuleId};
use crate::rules::lexicon::VerbSense;
use crate::text::words::{Kind, Token};

/// What a verb does here, and the rule and object that say so.
pub(crate) struct Resolved {
    pub(crate) effect: Effect,
    pub(crate) rule: RuleId,
    pub(crate) object: Option<Object>,
    pub(crate) weak: bool,
}

/// Decides what `sense` does to `objects`.
pub(crate) fn resolve(book: &RuleBook, sense: VerbSense, objects: &[Object], in_name: bool) -> Resolved {
    let group = &book.verbs[sense.group as usize];
    match book.pairs.fitting(sense.base, objects, in_name) {
        Some((pair, object)) => Resolved {
            effect: pair.effect,
            rule: pair.id,
            object,
            weak: group.weak,
        },
        None => Resolved {
            effect: group.effect,
            rule: group.id,
            object: None,
            weak: group.weak,
        },
    }
}

/// Adds the word at `at`, and the phrases that begin there, to `objects`. Phrases skip commas and line breaks nowhere.
pub(crate) fn collect(book: &RuleBook, tokens: &[Token], at: usize, objects: &mut Vec<Object>) {
    let token = tokens[at];
    if token.word == 0 || token.kind != Kind::Word {
        return;
    }
    objects.push(Object {
        number: token.word,
        start: token.start,
        end: token.end,
    });
    for sequence in book.lexicon.sequences(token) {
        if let Some(end) = sequence.end(tokens, at) {
            objects.push(Object {
                number: sequence.number,
                start: token.start,
                end,
            });
        }
    }
}
