//! Reads a tool's name as a small sentence: which of its words is the head verb, and what it acts on.

use std::borrow::Cow;

use super::foreign;
use super::prose::Clause;
use super::reading::{Mention, Place};
use super::verbs;
use crate::effect::Effect;
use crate::label::Category;
use crate::rules::RuleBook;
use crate::rules::book::Object;
use crate::rules::lexicon::{VerbSense, form, role};
use crate::rules::weights::Slot;
use crate::text::words::{self, Kind, Token};

/// What a name says.
#[derive(Debug, Default)]
pub(crate) struct NameReading {
    pub(crate) mentions: Vec<Mention>,
    /// It ends in what a Read returns.
    pub(crate) fact: bool,
    /// It is one verb and nothing else.
    pub(crate) bare: bool,
    /// Its words, for what is not about operations.
    pub(crate) tokens: Vec<Token>,
    /// It is one word and a verb: most often a server's prefix (`playwright_close`).
    pub(crate) prefixed: bool,
}

impl NameReading {
    /// Whether its last word is one of these, and its only verb.
    pub(crate) fn ends_in(&self, words: &[u32]) -> bool {
        let last = self.tokens.last().filter(|token| words.contains(&token.word));
        let verbs = || self.mentions.iter().filter(|m| m.effect != Effect::Vague);
        last.is_some_and(|last| verbs().all(|m| m.place.start == last.start))
    }

    /// Whether its last word is one of these, and it has no verb that says what happens.
    pub(crate) fn names(&self, words: &[u32]) -> bool {
        let last = self.tokens.last().is_some_and(|token| words.contains(&token.word));
        last && self.mentions.iter().all(|m| m.effect == Effect::Vague)
    }
}

/// A name longer than this is read only up to here.
const LONGEST: usize = 256;

/// An identifier to read: its text, where it stands, and the words around it that its verbs may act on.
pub(crate) struct Identifier<'a> {
    pub(crate) text: &'a str,
    pub(crate) pointer: Cow<'static, str>,
    /// Bytes before it in the string at the pointer.
    pub(crate) offset: usize,
    /// Objects named elsewhere: the tool's own name for an operation.
    pub(crate) about: &'a [u32],
    /// What the description says first: where the name has its verb too, that is the name's head.
    pub(crate) told: Option<Clause>,
}

/// The tool's own name; `about` are the objects that its parameters are, `told` the description's first clause.
pub(crate) fn read(book: &RuleBook, text: &str, about: &[u32], told: Option<Clause>) -> NameReading {
    let name = Identifier {
        text,
        pointer: Cow::Borrowed("/name"),
        offset: 0,
        about,
        told,
    };
    let mut reading = read_as(book, &name, Slot::Name);
    if reading.mentions.is_empty() {
        reading.mentions.extend(foreign::name(book, text, &reading.tokens));
    }
    reading
}

/// The numbers of the words and phrases in a name, as objects for its operations.
pub(crate) fn words_of(book: &RuleBook, text: &str) -> Vec<u32> {
    let mut tokens = Vec::with_capacity(8);
    words::identifier(clipped(text), &book.lexicon, &mut tokens);
    let mut objects = Vec::new();
    for at in 0..tokens.len() {
        verbs::collect(book, &tokens, at, &mut objects);
    }
    objects.into_iter().map(|object| object.number).collect()
}

fn clipped(text: &str) -> &str {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Reads an identifier whose verbs count in `slot`.
pub(crate) fn read_as(book: &RuleBook, identifier: &Identifier<'_>, slot: Slot) -> NameReading {
    let mut tokens = Vec::with_capacity(8);
    words::identifier(clipped(identifier.text), &book.lexicon, &mut tokens);
    let mut reading = NameReading::default();
    let mut parts = Vec::with_capacity(tokens.len());
    parts.extend((0..tokens.len()).filter(|i| tokens[*i].kind == Kind::Word));
    let Some(&last) = parts.last() else { return reading };
    reading.fact = tokens[last].is(role::FACT);
    reading.bare = parts.len() == 1;
    let Some(head) = head(book, &tokens, &parts, identifier.told) else {
        reading.tokens = tokens;
        return reading;
    };
    reading.prefixed = parts.len() == 2 && head == last;
    let mut push = |at: usize, slot: Slot| {
        let Some(sense) = sense(book, tokens[at]) else { return };
        let mut objects = objects(book, &tokens, at);
        objects.extend(identifier.about.iter().map(|&number| Object::elsewhere(number)));
        let resolved = verbs::resolve(book, sense, &objects, true);
        let offset = identifier.offset as u32;
        let here = |o: Object| (!o.is_elsewhere()).then(|| (o.start + offset, o.end + offset));
        reading.mentions.push(Mention {
            slot,
            effect: resolved.effect,
            rule: resolved.rule,
            place: Place {
                pointer: identifier.pointer.clone(),
                start: tokens[at].start + offset,
                end: tokens[at].end + offset,
            },
            object: resolved.object.and_then(here),
            weak: resolved.weak,
            joined: false,
            verb: sense.base,
        });
    };
    push(head, slot);
    for &at in &parts {
        if at != head && beside(book, &tokens, head, at) {
            push(at, if slot == Slot::Name { Slot::NameSecond } else { slot });
        }
    }
    reading.tokens = tokens;
    reading
}

/// A word of a name as a verb. `maps`, `records`, `posts`: with an `s`, it is a plural.
fn sense(book: &RuleBook, token: Token) -> Option<VerbSense> {
    book.lexicon.verb_as(token, form::BASE | form::GERUND)
}

/// `logs`, `types`, `tuning`: inflected forms are nouns in names, but for a strict one in the first place.
fn stands_as_verb(book: &RuleBook, verb: VerbSense, is_first: bool) -> bool {
    let group = &book.verbs[verb.group as usize];
    verb.forms & form::BASE != 0 || is_first && !group.weak && group.effect != Effect::Vague
}

/// The head: a strict verb beats a noun-like one, the first place beats the last, the last beats the middle.
fn head(book: &RuleBook, tokens: &[Token], parts: &[usize], told: Option<Clause>) -> Option<usize> {
    let is_modifier = |i: usize| {
        tokens[i].is(role::MODIFIER)
            && sense(book, tokens[i]).is_none_or(|v| book.verbs[v.group as usize].effect == Effect::Vague)
    };
    let first = parts.iter().copied().find(|&i| !is_modifier(i) || parts.len() == 1);
    let last = parts.last().copied();
    // `preview_merge`: nothing is merged.
    if let Some(first) = first.filter(|&i| parts.len() > 1 && tokens[i].is(role::REHEARSAL))
        && sense(book, tokens[first]).is_some()
    {
        return Some(first);
    }
    let first_strict = first
        .and_then(|i| sense(book, tokens[i]))
        .filter(|v| v.forms & form::BASE != 0 && !book.verbs[v.group as usize].weak)
        .map(|v| book.verbs[v.group as usize].effect);
    let first_is_strict = first_strict.is_some();
    let first_verb = parts.iter().copied().find(|&i| {
        let strict = |v: VerbSense| {
            let group = &book.verbs[v.group as usize];
            v.forms & form::BASE != 0 && !group.weak && group.effect != Effect::Vague
        };
        !is_modifier(i) && sense(book, tokens[i]).is_some_and(strict)
    });
    let mut best: Option<(i32, usize)> = None;
    for &at in parts {
        let Some(verb) = sense(book, tokens[at]) else { continue };
        let group = &book.verbs[verb.group as usize];
        if is_modifier(at) && parts.len() > 1 || !stands_as_verb(book, verb, Some(at) == first) {
            continue;
        }
        // `pods_log`, `risk_index`: a noun-like verb behind what it belongs to, where it names what is returned.
        if group.weak && Some(at) == last && parts.len() > 1 && tokens[at].is(role::FACT) {
            continue;
        }
        // `bridge_status`: what says too little as a verb is a noun where the name ends in what is returned.
        let returned = parts.len() > 1 && last.is_some_and(|last| tokens[last].is(role::FACT));
        if group.weak && group.effect == Effect::Vague && returned {
            continue;
        }
        // `dag_import_summary: Provides …`: what stands before what is returned says of what.
        if returned && Some(at) != first && at != last.unwrap_or(at) && told.is_some_and(|told| reads(book, told.verb))
        {
            continue;
        }
        let mut points = match (group.weak, group.effect) {
            (true, _) => 2,
            (false, Effect::Vague) => 3,
            (false, _) => 6,
        };
        if verb.forms & form::BASE == 0 {
            points -= 3;
        }
        points += match () {
            () if Some(at) == first => 4,
            () if Some(at) == first_verb => 3,
            () if Some(at) == last => 2,
            () => 0,
        };
        // `deploy_guidance_get`: a plain verb of four letters at the end is the head of noun-verb names.
        if Some(at) == last && parts.len() > 2 && book.lexicon.is(verb.base, role::LAST) {
            points += 4;
        }
        if Some(at) == last
            && !first_is_strict
            && (book.lexicon.is(verb.base, role::LAST) || book.asked.list.contains(&verb.base))
        {
            points += 2;
        }
        // `fileshare_snapshot_get: Gets …`: the description says which of the words is the verb. A verb that leads
        // the name yields only to a worse one, or where it is part of a noun (`import_jobs_list: Lists …`) and ends
        // nothing.
        // `stage_get_shot`: a plain verb right behind one that may be a server's prefix.
        let prefixed = book.lexicon.is(verb.base, role::LAST) && parts.len() > 2;
        // `trigger_create: Create a new trigger`: what leads the name is what the verb acts on.
        let noun = |told: Clause| first.is_some_and(|first| told.acts_on.contains(&tokens[first].word));
        let yields = |leads: Effect| {
            leads.severity() <= group.effect.severity()
                || leads == Effect::Act && Some(at) == last && told.is_some_and(noun)
                || leads.category() != Some(Category::Destructive) && at >= parts[0] + 2
                || leads.category() == Some(Category::Write) && prefixed
        };
        if told.is_some_and(|told| told.verb == verb.base) && first_strict.is_none_or(yields) {
            points += 6;
        }
        // A verb whose object is there, in the sense of a pair, is a verb.
        let object = book.pairs.fitting(verb.base, &objects(book, tokens, at), true);
        points += match object {
            Some((_, Some(object))) if tokens.get(at + 1).is_some_and(|next| next.start == object.start) => 5,
            Some(_) => 2,
            None => 0,
        };
        if best.is_none_or(|(most, _)| points > most) {
            best = Some((points, at));
        }
    }
    best.map(|(_, at)| at)
}

/// Whether a verb by itself reads.
fn reads(book: &RuleBook, verb: u32) -> bool {
    let sense = book.lexicon.verb(verb);
    sense.is_some_and(|sense| book.verbs[sense.group as usize].effect == Effect::Look)
}

/// Whether the verb at `at` is offered beside the head: joined by "and" or "or", or standing right after it.
fn beside(book: &RuleBook, tokens: &[Token], head: usize, at: usize) -> bool {
    let Some(verb) = sense(book, tokens[at]) else {
        return false;
    };
    let (group, main) = (&book.verbs[verb.group as usize], sense(book, tokens[head]));
    if verb.forms & form::BASE == 0 {
        return false;
    }
    let joined = at > 0 && tokens[at - 1].is(role::CONJUNCTION);
    let head_reads = main.is_some_and(|m| book.verbs[m.group as usize].effect == Effect::Look);
    joined
        || at == head + 1 && !group.weak && group.effect != Effect::Vague && group.effect != Effect::Look && !head_reads
}

/// The words of a name that are not the verb: those after it up to a preposition, and those before it.
fn objects(book: &RuleBook, tokens: &[Token], head: usize) -> Vec<Object> {
    let mut objects = Vec::with_capacity(tokens.len() + 4);
    for at in (head + 1..tokens.len()).chain(0..head) {
        verbs::collect(book, tokens, at, &mut objects);
    }
    objects
}
