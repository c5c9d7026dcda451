//! Verbs of other languages than English, in descriptions and names. Asked only where the English ones leave room; the
//! words themselves are data of the rules.

use std::borrow::Cow;

use super::prose::{LIMIT, ProseReading};
use super::reading::{Mention, Place};
use crate::effect::Effect;
use crate::rules::RuleBook;
use crate::rules::book::RuleId;
use crate::rules::weights::Slot;
use crate::text::words::{Kind, Token};

/// Verbs of other languages: the first is the main one, unless the language ends its sentences with the verb.
#[expect(clippy::ptr_arg, reason = "a borrowed pointer stays borrowed when it is cloned")]
pub(super) fn prose(book: &RuleBook, text: &str, pointer: &Cow<'static, str>, out: &mut ProseReading) {
    let limit = (0..=text.len().min(LIMIT))
        .rev()
        .find(|i| text.is_char_boundary(*i))
        .unwrap_or(0);
    let english = out
        .mentions
        .iter()
        .any(|m| m.slot == Slot::Main && m.effect != Effect::Vague);
    let found = book.foreign.find(&text[..limit], english);
    let Some(first) = found.first() else { return };
    // Text in plain letters is most often English: only what it begins with tells another language.
    if text.is_ascii() && text[..first.start].split_whitespace().count() > 2 {
        return;
    }
    let english = english
        && out
            .mentions
            .iter()
            .any(|m| m.slot == Slot::Main && (m.place.start as usize) < first.start);
    out.foreign = !english;
    let sentence_end = text[..limit].find(['。', '\n', '.', '！']).unwrap_or(limit);
    let main = if first.verb_last {
        found.iter().rfind(|f| f.start < sentence_end).unwrap_or(first)
    } else {
        first
    };
    for hit in &found {
        let slot = match (hit == main && !english, hit.start < sentence_end) {
            (true, _) => Slot::Foreign,
            (false, true) => Slot::Side,
            (false, false) => Slot::Aside,
        };
        out.mentions.push(Mention {
            slot,
            effect: hit.effect,
            rule: RuleId::FOREIGN,
            place: Place {
                pointer: pointer.clone(),
                start: hit.start as u32,
                end: hit.end as u32,
            },
            object: None,
            weak: false,
            joined: false,
            verb: 0,
        });
    }
}

/// "calculer_tva": the first word that is a verb of another language, where no word is an English one.
pub(super) fn name(book: &RuleBook, text: &str, tokens: &[Token]) -> Option<Mention> {
    // What is shorter is too often the name of a product.
    const SHORTEST: usize = 5;
    tokens
        .iter()
        .filter(|token| token.kind == Kind::Word)
        .find_map(|token| {
            let word = text.get(token.start as usize..token.end as usize)?;
            let found = book.foreign.find(word, false);
            // Without spaces, the verb stands anywhere: "订单取消".
            let found = if word.is_ascii() { found.first() } else { found.last() };
            let found = *found?;
            let whole = word.len() >= SHORTEST && (found.start == 0 || !word.is_ascii());
            whole.then_some(Mention {
                slot: Slot::Name,
                effect: found.effect,
                rule: RuleId::FOREIGN,
                place: Place {
                    pointer: Cow::Borrowed("/name"),
                    start: token.start,
                    end: token.end,
                },
                object: None,
                weak: false,
                joined: false,
                verb: 0,
            })
        })
}
