//! Verbs of other languages: one automaton over all of them, asked only about text that is not plain ASCII or
//! in which no English verb was found.

use aho_corasick::{AhoCorasick, MatchKind};

use super::file::{Foreign, MatchOn};
use crate::effect::Effect;
use crate::error::{Error, Result};

/// A verb found in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) effect: Effect,
    /// Whether the language puts its verbs at the end of the sentence.
    pub(crate) verb_last: bool,
}

#[derive(Debug, Default)]
pub(crate) struct ForeignVerbs {
    automaton: Option<AhoCorasick>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    effect: Effect,
    match_on: MatchOn,
    verb_last: bool,
}

impl ForeignVerbs {
    pub(crate) fn build<'a>(languages: impl IntoIterator<Item = &'a Foreign>) -> Result<Self> {
        let mut patterns: Vec<String> = Vec::new();
        let mut entries = Vec::new();
        for language in languages {
            let lists = [
                (&language.plain, Effect::Vague),
                (&language.look, Effect::Look),
                (&language.change, Effect::Change),
                (&language.end, Effect::End),
                (&language.act, Effect::Act),
                (&language.operate, Effect::Operate),
                (&language.money, Effect::Money),
                (&language.access, Effect::Access),
            ];
            for (words, effect) in lists {
                for word in words.split_whitespace() {
                    patterns.push(word.to_owned());
                    entries.push(Entry {
                        effect,
                        match_on: language.match_on,
                        verb_last: language.verb_last,
                    });
                }
            }
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(&patterns)
            .map_err(|e| Error::new(format!("the verbs of other languages do not compile: {e}")))?;
        Ok(Self {
            automaton: Some(automaton),
            entries,
        })
    }

    /// Every verb in `text`, in order; stems only at the start of a word.
    /// Whole-word languages share their letters with English, so `english` text is not read for them.
    pub(crate) fn find(&self, text: &str, english: bool) -> Vec<Found> {
        let Some(automaton) = &self.automaton else {
            return Vec::new();
        };
        let lower = text.to_lowercase();
        // Lower-casing can move offsets; then the evidence would point elsewhere, so such text is read as it stands.
        let haystack = if lower.len() == text.len() {
            lower.as_str()
        } else {
            text
        };
        let at_start = |at: usize| !haystack[..at].chars().next_back().is_some_and(char::is_alphabetic);
        let at_end = |at: usize| !haystack[at..].chars().next().is_some_and(char::is_alphabetic);
        automaton
            .find_iter(haystack)
            .filter(|m| match self.entries[m.pattern().as_usize()].match_on {
                MatchOn::Anywhere => true,
                MatchOn::Stems => at_start(m.start()),
                MatchOn::Words => !english && at_start(m.start()) && at_end(m.end()),
            })
            .filter(|m| self.entries[m.pattern().as_usize()].effect != Effect::Vague)
            .filter(|m| text.is_char_boundary(m.start()) && text.is_char_boundary(m.end()))
            .map(|m| {
                let entry = self.entries[m.pattern().as_usize()];
                Found {
                    start: m.start(),
                    end: m.end(),
                    effect: entry.effect,
                    verb_last: entry.verb_last,
                }
            })
            .collect()
    }
}
