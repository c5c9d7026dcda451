//! Reads a description: the head verb of its first main clause, the verbs coordinated with it, the heads of later
//! sentences, passives, and phrases. Negated verbs, nouns that look like verbs, mentions of other tools and
//! attributes ("deleted items") are no operations.

mod head;

use std::borrow::Cow;

use super::foreign;
use super::reading::{Hit, Mention, Place};
use super::verbs;
use crate::effect::Effect;
use crate::rules::RuleBook;
use crate::rules::book::Object;
use crate::rules::lexicon::{VerbSense, form, leads, role};
use crate::rules::weights::Slot;
use crate::text::words::{self, Kind, Token};

/// Bytes of a description that are read for operations; phrases and hidden text are looked for in the same part.
pub(crate) const LIMIT: usize = 24_000;

/// What a description says.
#[derive(Debug, Default)]
pub(crate) struct ProseReading {
    pub(crate) mentions: Vec<Mention>,
    pub(crate) hits: Vec<(Hit, Option<&'static str>)>,
    /// Number of words.
    pub(crate) words: usize,
    /// The first clause has no verb, and its nouns are what a Read returns.
    pub(crate) fact: bool,
    /// A sentence says what is returned.
    pub(crate) returns: bool,
    /// The verbs are in another language.
    pub(crate) foreign: bool,
    /// The first sentence names a query language in which nothing can be changed, and not SQL. A later one may speak of
    /// another tool's.
    in_reading_language: bool,
    /// It speaks of EXPLAIN ANALYZE, which runs what it explains.
    pub(crate) runs_what_it_explains: bool,
    /// It says that what it is given is run: "the code is executed".
    pub(crate) runs_code: bool,
    /// Its words, for what is not about operations.
    pub(crate) tokens: Vec<Token>,
}

impl ProseReading {
    /// Whether it says that statements may only read.
    pub(crate) fn restricted(&self) -> bool {
        self.in_reading_language || self.hits.iter().any(|(_, cue)| *cue == Some("restricted"))
    }

    /// Whether it says that something is done, and does not name the doing: "Restarts a server", not "Restart history".
    pub(crate) fn is_done(&self, mention: &Mention) -> bool {
        let mut tokens = self.tokens.iter().skip_while(|token| token.start < mention.place.start);
        let (Some(verb), Some(next)) = (tokens.next(), tokens.next()) else {
            return false;
        };
        next.is(role::DETERMINER)
            || verb.is_third() && next.kind == Kind::Word && !next.is(role::FACT | role::PREPOSITION)
    }

    /// The first main clause, where its verb says what is done.
    pub(crate) fn main_clause(&self) -> Option<Clause> {
        let main = self.mentions.iter().find(|m| m.slot == Slot::Main)?;
        if main.effect == Effect::Vague || main.verb == 0 {
            return None;
        }
        let behind = self.tokens.iter().skip_while(|token| token.start < main.place.end);
        let words = behind.take_while(|token| token.kind == Kind::Word && !token.is(role::PREPOSITION));
        let mut acts_on = [0; 4];
        for (slot, token) in acts_on.iter_mut().zip(words) {
            *slot = token.word;
        }
        Some(Clause {
            verb: main.verb,
            acts_on,
        })
    }
}

/// A verb and the words right behind it, by number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clause {
    pub(crate) verb: u32,
    /// 0 where there is none.
    pub(crate) acts_on: [u32; 4],
}

/// Reads `text`, which stands at `pointer`; its words take the `room` of others.
#[expect(clippy::ptr_arg, reason = "a borrowed pointer stays borrowed when it is cloned")]
pub(crate) fn read(book: &RuleBook, text: &str, pointer: &Cow<'static, str>, room: Vec<Token>) -> ProseReading {
    let mut tokens = room;
    tokens.clear();
    tokens.reserve(text.len().min(LIMIT) / 6 + 16);
    words::prose(text, LIMIT, &book.lexicon, &mut tokens);
    let mut reader = Reader {
        book,
        text,
        tokens: &tokens,
        pointer,
        out: ProseReading {
            mentions: Vec::with_capacity(12),
            ..ProseReading::default()
        },
        objects: Vec::with_capacity(16),
        claims: Vec::new(),
    };
    reader.out.words = tokens
        .iter()
        .filter(|t| matches!(t.kind, Kind::Word | Kind::Identifier))
        .count();
    reader.phrases();
    reader.sentences();
    let first_ends = tokens.iter().find(|token| token.kind == Kind::Stop);
    let first = &text[..first_ends.map_or(text.len(), |stop| stop.start as usize)];
    let mut out = reader.out;
    for (hit, _) in &out.hits {
        match &**book.id(hit.rule) {
            "phrase/reading-language" if hit.place.end as usize <= first.len() => out.in_reading_language = true,
            "phrase/explain-analyze" => out.runs_what_it_explains = true,
            "phrase/runs-code" => out.runs_code = true,
            _ => {}
        }
    }
    if out.in_reading_language && first.to_ascii_lowercase().contains("sql") {
        out.in_reading_language = false;
    }
    if !text.is_ascii() || !out.mentions.iter().any(|m| m.slot == Slot::Main) {
        foreign::prose(book, text, pointer, &mut out);
    }
    out.tokens = tokens;
    out
}

struct Reader<'a> {
    book: &'a RuleBook,
    text: &'a str,
    tokens: &'a [Token],
    pointer: &'a Cow<'static, str>,
    out: ProseReading,
    objects: Vec<Object>,
    /// Where claims such as "read-only" stand: the verbs in them say nothing of what the tool does.
    claims: Vec<(u32, u32)>,
}

/// How far into a sentence verbs are looked for, in tokens.
const LONGEST_CLAUSE: usize = 60;

impl Reader<'_> {
    fn is(&self, at: usize, roles: u32) -> bool {
        self.tokens.get(at).is_some_and(|t| t.is(roles))
    }

    fn kind(&self, at: usize) -> Option<Kind> {
        self.tokens.get(at).map(|t| t.kind)
    }

    fn sense(&self, at: usize, forms: u8) -> Option<VerbSense> {
        let token = self.tokens.get(at).filter(|t| t.word != 0 && t.kind == Kind::Word)?;
        let verb = self.book.lexicon.verb_as(*token, forms)?;
        (!self.claimed(at)).then_some(verb)
    }

    fn claimed(&self, at: usize) -> bool {
        let start = self.tokens[at].start;
        self.claims.iter().any(|(from, to)| (*from..*to).contains(&start))
    }

    fn weak(&self, verb: VerbSense) -> bool {
        self.book.verbs[verb.group as usize].weak
    }

    fn phrases(&mut self) {
        for (at, token) in self.tokens.iter().enumerate() {
            if !token.leads(leads::PHRASE) {
                continue;
            }
            self.objects.clear();
            verbs::collect(self.book, self.tokens, at, &mut self.objects);
            for object in &self.objects {
                if let Some(phrase) = self.book.phrase(object.number) {
                    let place = Place {
                        pointer: self.pointer.clone(),
                        start: object.start,
                        end: object.end,
                    };
                    if phrase.cue == Some("read-only") {
                        self.claims.push((object.start, object.end));
                    }
                    let hit = Hit { rule: phrase.id, place };
                    self.out.hits.push((hit, phrase.cue));
                }
            }
        }
    }

    fn sentences(&mut self) {
        let mut start = 0;
        let mut first = true;
        let mut opened = false;
        let mut aside = false;
        while start < self.tokens.len() {
            let end = (start..self.tokens.len())
                .find(|&i| self.tokens[i].kind == Kind::Stop)
                .unwrap_or(self.tokens.len());
            if (start..end).any(|i| self.tokens[i].kind == Kind::Word) {
                let section = self.opens_section(start);
                // "Example: …" before anything was said is one sentence; behind it, sections run to the end.
                aside |= section && !first;
                // "Parameters of a procedure. Accepts a name.": behind a first sentence without a verb, what is said
                // about arguments is still not what the tool does.
                let about = opened
                    && first
                    && self.is(start, role::ASIDE)
                    && !self.is(start, role::SUBJECT | role::FRAME)
                    && self.sense(start, form::BASE | form::THIRD).is_some();
                if self.sentence(start, end, first, aside || section || about) {
                    first = false;
                }
                opened = true;
            }
            start = end + 1;
        }
    }

    /// "Args:", "Parameters:", "Example:": what follows is not about what the tool does.
    fn opens_section(&self, start: usize) -> bool {
        self.is(start, role::ASIDE) && self.kind(start + 1) == Some(Kind::Break)
    }

    /// Reads one sentence; whether it counted as content.
    fn sentence(&mut self, start: usize, end: usize, first: bool, aside: bool) -> bool {
        if self.is(start, role::ASIDE) && self.returns(start) {
            self.out.returns = true;
        }
        if first && self.asks(start) {
            // "Which notes are open": what answers a question reads.
            self.out.fact = true;
            return true;
        }
        let (head, framed) = self.head(self.behind_route(start, end), end);
        let elsewhere = || self.gloss(start, end).or_else(|| self.behind_condition(start, end));
        let head = head.or_else(|| if first { elsewhere() } else { None });
        let advice = aside
            || (!first && !framed && self.is(start, role::ASIDE))
            || (first && !framed && self.is(start, role::NEGATION));
        let Some(head) = head else {
            if first {
                self.out.fact = (start..end.min(start + 8)).any(|i| self.is(i, role::FACT) && !self.claimed(i));
            }
            self.rest(start, start, end, form::THIRD, true, Slot::Side);
            return self.out.fact;
        };
        let Some(sense) = self.sense(head, form::BASE | form::THIRD | form::GERUND) else {
            return true;
        };
        let negated = (start..head).any(|i| self.is(i, role::NEGATION));
        // "Manages sessions. This tool allows you to list, create and delete them.": the frame says what the tool does.
        let says_what = framed || !self.is(start, role::ASIDE) && sense.forms & form::THIRD != 0;
        let first = first || says_what && self.main_is_vague();
        let slot = match (advice, first) {
            (true, _) => Slot::Aside,
            (false, true) => Slot::Main,
            (false, false) if sense.forms & form::THIRD != 0 => Slot::Later,
            (false, false) => Slot::Order,
        };
        if !negated {
            self.push(head, sense, slot, None);
        }
        let beside = if slot == Slot::Main { Slot::Coordinated } else { slot };
        self.rest(head, head + 1, end, sense.forms, negated, beside);
        true
    }

    /// "What is open", "Which notes are".
    fn asks(&self, at: usize) -> bool {
        let token = self.tokens.get(at);
        token.is_some_and(|token| self.book.asked.questions.contains(&token.word))
    }

    fn main_is_vague(&self) -> bool {
        let mut main = self.out.mentions.iter().filter(|m| m.slot == Slot::Main).peekable();
        main.peek().is_some() && main.all(|m| m.effect == Effect::Vague)
    }

    fn returns(&self, at: usize) -> bool {
        let token = self.tokens.get(at);
        token.is_some_and(|token| self.book.asked.returns.contains(&token.word))
    }

    /// Verbs after the head: coordinated ones go to `beside`, conditional, purposive and instrumental ones aside.
    fn rest(&mut self, head: usize, from: usize, end: usize, forms: u8, negated: bool, beside: Slot) {
        let mut conditional = false;
        let lead = self
            .sense(head, form::BASE | form::THIRD | form::GERUND)
            .map(|s| s.base);
        let mut negated = negated;
        let mut listed_aside: Option<usize> = None;
        // "Get suggestions: create or drop an index": what stands behind a colon or in brackets explains, unless the
        // clause says nothing by itself ("Manage sessions: list, delete").
        let explains = beside == Slot::Coordinated && !self.main_is_vague();
        let mut beside = beside;
        for at in from..end.min(head + LONGEST_CLAUSE) {
            if self.tokens[at].is_idle() {
                continue;
            }
            if self.kind(at) == Some(Kind::Break) {
                conditional = false;
                if explains {
                    beside = Slot::Side;
                }
            }
            if self.is(at, role::CONDITION) {
                conditional = true;
            }
            if self.is(at, role::NEGATION) {
                negated = true;
                continue;
            }
            if matches!(self.kind(at), Some(Kind::Comma | Kind::Break)) {
                negated = false;
            }
            if let Some(sense) = self
                .sense(at, form::PAST)
                .filter(|v| v.forms & (form::THIRD | form::GERUND) == 0)
            {
                let be = (1..=3).any(|back| at >= back + from.min(at) && self.is(at.wrapping_sub(back), role::BE));
                if be && !negated && !self.weak(sense) {
                    self.push(
                        at,
                        sense,
                        if beside == Slot::Aside || conditional {
                            Slot::Side
                        } else {
                            Slot::Passive
                        },
                        None,
                    );
                }
                continue;
            }
            let Some(sense) = self.sense(at, form::BASE | form::THIRD | form::GERUND) else {
                continue;
            };
            if at == head || negated || at == 0 {
                continue;
            }
            let mut before = at - 1;
            while before > from && self.is(before, role::ADVERB) {
                before -= 1;
            }
            let joined = match self.kind(before) {
                Some(Kind::Comma | Kind::Break) => true,
                // "link/duplex/drop health": what stands on one side of a slash is like what stands on the other.
                Some(Kind::Slash) => self.sense(before.saturating_sub(1), sense.forms).is_some(),
                _ => self.is(before, role::CONJUNCTION),
            };
            let same_form = sense.forms & forms != 0;
            let strict = !self.weak(sense);
            // "a token for create, update and delete requests": the list goes on as it began.
            if listed_aside.is_some_and(|last| self.only_joints(last + 1, at)) {
                listed_aside = Some(at);
                if strict {
                    self.push(at, sense, Slot::Side, None);
                }
                continue;
            }
            if joined && same_form && (self.object_follows(at) || strict && self.list_of_verbs(at)) {
                if strict || self.is(at + 1, role::DETERMINER | role::PRONOUN) {
                    let slot = if conditional { Slot::Side } else { beside };
                    let joined = strict && slot == Slot::Coordinated && self.only_joints(head + 1, at);
                    self.push(at, sense, slot, lead);
                    if let Some(mention) = self.out.mentions.last_mut() {
                        mention.joined = joined;
                    }
                }
            } else {
                let may = self.is(before, role::PREPOSITION | role::MODAL);
                let acts = may && sense.forms & (form::BASE | form::GERUND) != 0
                    || conditional && sense.forms & form::THIRD != 0;
                if may && sense.forms & (form::BASE | form::GERUND) != 0 {
                    listed_aside = Some(at);
                }
                if strict && acts && self.object_follows(at) {
                    self.push(at, sense, Slot::Side, None);
                }
            }
        }
    }

    /// Whether nothing but commas, slashes and conjunctions stands between two verbs.
    fn only_joints(&self, from: usize, to: usize) -> bool {
        from < to
            && (from..to)
                .all(|i| matches!(self.kind(i), Some(Kind::Comma | Kind::Slash)) || self.is(i, role::CONJUNCTION))
    }

    /// "create, update, and delete": the verb stands in a list of verbs, so a comma or "or" may follow it.
    fn list_of_verbs(&self, at: usize) -> bool {
        let next = at + 1;
        matches!(self.kind(next), Some(Kind::Comma | Kind::Slash)) || self.is(next, role::CONJUNCTION)
    }

    /// "Cancels a DataLabelingJob": the words of an identifier are objects, too.
    fn parts_of(&self, token: Token, objects: &mut Vec<Object>) {
        let (start, end) = (token.start as usize, token.end as usize);
        let mut parts = Vec::with_capacity(4);
        words::identifier(&self.text[start..end], &self.book.lexicon, &mut parts);
        for part in &mut parts {
            part.start += token.start;
            part.end += token.start;
        }
        for at in 0..parts.len() {
            verbs::collect(self.book, &parts, at, objects);
        }
    }

    /// "this", "you", "it".
    fn points(&self, at: usize) -> bool {
        self.is(at, role::PRONOUN) && !self.is(at, role::SUBJECT)
            || self.book.asked.this.contains(&self.tokens[at].word)
    }

    fn is_behind_noun(&self, at: usize) -> bool {
        let joints = role::PREPOSITION | role::CONJUNCTION | role::DETERMINER | role::ADVERB | role::BE | role::MODAL;
        let before = at - 1;
        self.kind(before) == Some(Kind::Word)
            && !self.is(before, joints)
            && self.sense(before, form::BASE | form::THIRD | form::GERUND).is_none()
    }

    /// `lead` is the main verb, where this one is coordinated with it.
    fn push(&mut self, at: usize, sense: VerbSense, slot: Slot, lead: Option<u32>) {
        let mut objects = std::mem::take(&mut self.objects);
        objects.clear();
        objects.extend(lead.map(Object::lead));
        for i in at + 1..self.tokens.len().min(at + 10) {
            match self.tokens[i].kind {
                Kind::Stop | Kind::Break => break,
                Kind::Identifier => {
                    self.parts_of(self.tokens[i], &mut objects);
                    continue;
                }
                Kind::Word => {}
                _ => continue,
            }
            // "the projects this key can see": another clause begins.
            if self.is(i, role::RELATIVE | role::CONDITION) || i > at + 1 && self.is_behind_noun(i) && self.points(i) {
                break;
            }
            if self.is(i, role::PREPOSITION) && i > at + 1 {
                // "the keys of a user", "the settings, including every password": the object goes on.
                let goes_on = self.book.asked.goes_on.contains(&self.tokens[i].word);
                verbs::collect(self.book, self.tokens, i, &mut objects);
                if !goes_on {
                    break;
                }
                continue;
            }
            // "Create, update or delete a webhook": all share the object, so other verbs are passed over.
            verbs::collect(self.book, self.tokens, i, &mut objects);
        }
        if at > 0 && self.is(at - 1, role::ADVERB | role::MODIFIER) {
            verbs::collect(self.book, self.tokens, at - 1, &mut objects);
        }
        let resolved = verbs::resolve(self.book, sense, &objects, false);
        self.objects = objects;
        let token = self.tokens[at];
        self.out.mentions.push(Mention {
            slot,
            effect: resolved.effect,
            rule: resolved.rule,
            place: Place {
                pointer: self.pointer.clone(),
                start: token.start,
                end: token.end,
            },
            object: resolved.object.filter(|o| !o.is_elsewhere()).map(|o| (o.start, o.end)),
            weak: resolved.weak,
            joined: false,
            verb: sense.base,
        });
    }
}
