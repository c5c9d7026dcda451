//! Where the head verb of a sentence stands: behind frames ("This tool …", "Use this to …"), labels, routes and words that
//! no rule knows. Finds the place alone; what the verb does is decided elsewhere.

use super::Reader;
use crate::rules::lexicon::{VerbSense, form, role};
use crate::text::words::{Kind, Token};

impl Reader<'_> {
    /// The head verb of a sentence after its frame ("This tool …", "Use this to …"), and whether a frame was there.
    pub(super) fn head(&self, start: usize, end: usize) -> (Option<usize>, bool) {
        let mut at = start;
        let mut framed = false;
        let stop = end.min(start + 14);
        while at < stop {
            if self.kind(at) == Some(Kind::Break) && framed && at > start + 3 {
                break;
            }
            // "`name`: …", "[Beta] …", "1) …"
            let filler = matches!(
                self.kind(at),
                Some(Kind::Break | Kind::Number | Kind::Identifier | Kind::Comma | Kind::Slash)
            );
            if filler {
                at += 1;
                continue;
            }
            if framed && let Some(behind) = self.behind_insertion(at, stop) {
                at = behind;
                continue;
            }
            if framed && self.is(at, role::CONDITION) {
                if self.says_when(start, end) {
                    return (None, framed);
                }
                if let Some(to) = self.purpose(at, end) {
                    // "… when you are about to merge notes. Shows …": another tool merges them, where this one says more.
                    let about = self.book.asked.about.contains(&self.tokens[to - 1].word);
                    let wanted = !about || end + 1 >= self.tokens.len();
                    return (wanted.then_some(to + 1), framed);
                }
            }
            let verb = self.sense(at, form::BASE | form::THIRD | form::GERUND);
            let frame_word = self.is(at, role::FRAME | role::SUBJECT | role::MODAL | role::PRONOUN | role::BE);
            if let Some(verb) = verb {
                let vague_frame = frame_word && self.leads_on(at, end);
                if !vague_frame && self.stands_as_verb(at, verb, start, framed) {
                    return (Some(at), framed);
                }
                if vague_frame {
                    framed = true;
                    at += 1;
                    continue;
                }
            }
            let next = self.is(at, role::ADVERB | role::DETERMINER | role::NEGATION)
                || frame_word
                || framed
                    && (self.is(at, role::PREPOSITION | role::RELATIVE | role::CONJUNCTION)
                        || verb.is_none() && at < start + 4);
            if frame_word {
                framed = true;
            }
            if !next {
                // "Tool name — deletes …": one unknown word before a dash or colon.
                let dash = (at + 1..stop.min(at + 6)).find(|&i| self.kind(i) == Some(Kind::Break));
                match dash {
                    Some(dash)
                        if self
                            .sense(dash + 1, form::BASE | form::THIRD)
                            .is_some_and(|v| !self.weak(v)) =>
                    {
                        at = dash + 1;
                        continue;
                    }
                    _ => {}
                }
                // "Bulk delete …", "Async job that runs …": a word or two, then a verb in the third person.
                let third = (at + 1..stop).find(|&i| self.sense(i, form::THIRD).is_some_and(|v| !self.weak(v)));
                let early = third.filter(|&i| {
                    i <= at + 5 && self.is(i - 1, role::RELATIVE | role::CONJUNCTION | role::ADVERB | role::SUBJECT)
                });
                return (early.or_else(|| self.second_word(at)), framed);
            }
            at += 1;
        }
        (None, framed)
    }

    /// "Use this when the user asks for it. Merges notes.": the sentence says when, and the next one what.
    fn says_when(&self, start: usize, end: usize) -> bool {
        let next = self.sense(end + 1, form::BASE | form::THIRD);
        self.is(start, role::FRAME)
            && self.sense(start, form::BASE).is_some()
            && next.is_some_and(|verb| !self.weak(verb) && !self.is(end + 1, role::FRAME | role::ASIDE))
    }

    /// "Use this when the user asks to merge notes": where "to" stands, before what is wanted.
    fn purpose(&self, at: usize, end: usize) -> Option<usize> {
        let clause = (at + 1..end).take_while(|i| !matches!(self.kind(*i), Some(Kind::Comma | Kind::Break)));
        let mut purposes = clause.filter(|&i| self.book.asked.to.contains(&self.tokens[i].word));
        purposes.find(|&to| {
            let verb = self.sense(to + 1, form::BASE).filter(|_| !self.is(to + 1, role::FRAME));
            verb.is_some_and(|verb| !self.weak(verb) || self.object_follows(to + 1))
        })
    }

    /// "This tool, when called, merges notes": the verb behind what is put in between two commas.
    fn behind_insertion(&self, at: usize, stop: usize) -> Option<usize> {
        let inserted = self.is(at, role::CONDITION | role::PREPOSITION | role::RELATIVE);
        if !inserted || self.kind(at.wrapping_sub(1)) != Some(Kind::Comma) {
            return None;
        }
        let comma = (at + 1..stop).find(|&i| self.kind(i) == Some(Kind::Comma))?;
        let verb = self.sense(comma + 1, form::BASE | form::THIRD)?;
        (!self.weak(verb)).then_some(comma + 1)
    }

    /// "When called, merges notes": the verb behind a condition that a description begins with.
    pub(super) fn behind_condition(&self, start: usize, end: usize) -> Option<usize> {
        const LONGEST: usize = 14;
        if !self.is(start, role::CONDITION) {
            return None;
        }
        let comma = (start + 1..end.min(start + LONGEST)).find(|&i| self.kind(i) == Some(Kind::Comma))?;
        self.head(comma + 1, end).0
    }

    /// "Bulk delete notes": an unknown first word right before a strict base form that has an object.
    fn second_word(&self, at: usize) -> Option<usize> {
        let next = at + 1;
        let verb = self.sense(next, form::BASE)?;
        let modifier = self.is(at, role::MODIFIER | role::ADVERB);
        (modifier && self.object_follows(next) && !self.weak(verb)).then_some(next)
    }

    /// Whether a frame word is followed by what it frames: "allows …", "used to …", "tool for …".
    fn leads_on(&self, at: usize, end: usize) -> bool {
        (at + 1..end.min(at + 9)).any(|i| {
            let to = self.is(
                i - 1,
                role::PREPOSITION | role::SUBJECT | role::MODAL | role::PRONOUN | role::FRAME | role::RELATIVE,
            );
            to && self.sense(i, form::BASE | form::THIRD | form::GERUND).is_some()
                && !self.is(i, role::FRAME | role::SUBJECT)
        }) && self.follows_as_frame(at)
    }

    fn follows_as_frame(&self, at: usize) -> bool {
        let next = at + 1;
        self.is(
            next,
            role::PREPOSITION
                | role::PRONOUN
                | role::DETERMINER
                | role::SUBJECT
                | role::MODAL
                | role::FRAME
                | role::BE
                | role::RELATIVE,
        ) || self.sense(next, form::BASE | form::GERUND).is_some()
    }

    fn stands_as_verb(&self, at: usize, verb: VerbSense, start: usize, framed: bool) -> bool {
        if self.is(at.wrapping_sub(1), role::DETERMINER) && at > start {
            return false;
        }
        if verb.forms & form::GERUND != 0 && !framed && at != start {
            return false;
        }
        if !self.weak(verb) {
            return true;
        }
        // A noun-like verb: "Tag an image" but not "Tag list".
        framed || verb.forms & form::BASE == 0 && self.object_follows(at) || self.object_follows(at)
    }

    /// Whether what follows can be the object of a verb.
    pub(super) fn object_follows(&self, at: usize) -> bool {
        match self.tokens.get(at + 1) {
            None => false,
            Some(next) => match next.kind {
                Kind::Identifier => true,
                Kind::Word => !self.is(
                    at + 1,
                    role::PREPOSITION | role::CONJUNCTION | role::BE | role::MODAL | role::RELATIVE | role::CONDITION,
                ),
                _ => false,
            },
        }
    }

    /// "DELETE /jobs/kill: Kills a process": the route says less than what stands behind it.
    pub(super) fn behind_route(&self, start: usize, end: usize) -> usize {
        const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
        const LONGEST: usize = 24;
        let method = |token: &Token| METHODS.contains(&&self.text[token.start as usize..token.end as usize]);
        if self.kind(start + 1) != Some(Kind::Slash) || !self.tokens.get(start).is_some_and(method) {
            return start;
        }
        let clause = (start + 2..end.min(start + LONGEST)).find(|&i| {
            let verb = self.sense(i + 1, form::BASE | form::THIRD);
            self.kind(i) == Some(Kind::Break) && verb.is_some_and(|v| !self.weak(v) || self.object_follows(i + 1))
        });
        clause.map_or(start, |at| at + 1)
    }

    /// "Vyhledání subjektu (Get an entity)": behind words that no rule knows, the verb that a bracket begins with.
    pub(super) fn gloss(&self, start: usize, end: usize) -> Option<usize> {
        let bracket = |i: &usize| {
            self.kind(*i) == Some(Kind::Break) && self.text[self.tokens[*i].start as usize..].starts_with('(')
        };
        let open = (start..end).find(bracket)?;
        let unknown = self.tokens[start..open]
            .iter()
            .filter(|t| t.word == 0 && t.kind == Kind::Word)
            .count();
        let verb = self.sense(open + 1, form::BASE | form::THIRD)?;
        let stands = !self.weak(verb) && self.object_follows(open + 1);
        (stands && 2 * unknown > open - start).then_some(open + 1)
    }
}
