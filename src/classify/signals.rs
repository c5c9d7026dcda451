//! Properties worth knowing beside the label, each with the words it rests on. What raises which signal is data
//! (`[[ground]]` in the rules); here a definition is searched for it. Signals never change a label.

use std::borrow::Cow;

use super::definition::{self, Definition};
use super::reading::{Mention, Place};
use super::strings::{self, Role};
use super::verdict::Verdict;
use crate::assessment::{Evidence, Signal};
use crate::label::Category;
use crate::manifest::Tool;
use crate::rules::RuleBook;
use crate::rules::file::Finding;
use crate::rules::grounds::{self, Ground, Grounds};
use crate::rules::lexicon::{leads, role};
use crate::text::words::{Kind, Token};
use crate::text::{hidden, plain};

/// Evidence of one signal.
const MOST_EVIDENCE: usize = 6;
/// Words of the first sentence that say what a tool is about.
const FIRST_SENTENCE: usize = 30;
/// Under this confidence, in thousandths, a label contradicts nobody.
const SURE: u16 = 800;
/// Bytes of evidence that are kept of a long hidden text.
const LONGEST_HIDDEN: usize = 80;

/// The signals of a tool, in the order of the rule book; `canonical` is its definition as one text.
pub(crate) fn of(
    book: &RuleBook,
    definition: &Definition,
    verdict: &Verdict,
    tool: &Tool,
    canonical: &str,
) -> Vec<Signal> {
    let mut raising = Raising {
        book,
        definition,
        category: verdict.label.category,
        tool,
        found: Vec::with_capacity(8),
    };
    raising.operations();
    raising.nouns();
    raising.phrases();
    raising.parameters();
    if let Some(open) = &verdict.open {
        for index in book.grounds.of_open(open.kind) {
            raising.raise(index, &open.place);
        }
    }
    raising.choice(verdict);
    raising.conflicts(verdict);
    let mut found = raising.found;
    if !is_unsuspicious(book, canonical) {
        each_suspicious(book, tool, &mut found);
    }
    collect(book, found)
}

/// Whether one look at a whole definition shows that no string in it is suspicious. Most definitions need no more.
fn is_unsuspicious(book: &RuleBook, canonical: &str) -> bool {
    hidden::is_surely_absent(canonical) && !book.grounds.texts.any_in(&plain::of_json(canonical))
}

fn each_suspicious(book: &RuleBook, tool: &Tool, found: &mut Vec<(usize, Evidence)>) {
    strings::each(tool, &mut |path, text, role| {
        suspicious(book, text, role, || path.pointer().into(), found);
    });
}

/// The signals of a text that a server gives to a model, which stands at `pointer`.
pub(crate) fn of_text(book: &RuleBook, text: &str, pointer: &'static str) -> Vec<Signal> {
    let mut found = Vec::new();
    suspicious(book, text, Role::Prose, || Cow::Borrowed(pointer), &mut found);
    collect(book, found)
}

fn collect(book: &RuleBook, mut found: Vec<(usize, Evidence)>) -> Vec<Signal> {
    found.sort_by_key(|(signal, _)| *signal);
    let mut signals: Vec<Signal> = Vec::with_capacity(found.len());
    for (index, evidence) in found {
        let known = &book.signals()[index];
        match signals.last_mut().filter(|last| last.id == known.id) {
            Some(last) if last.evidence.len() < MOST_EVIDENCE => last.evidence.push(evidence),
            Some(_) => {}
            None => signals.push(Signal {
                id: known.id.clone(),
                title: known.title.clone(),
                evidence: vec![evidence],
            }),
        }
    }
    signals
}

struct Raising<'a> {
    book: &'a RuleBook,
    definition: &'a Definition,
    category: Category,
    tool: &'a Tool,
    /// Index of the signal, and its evidence.
    found: Vec<(usize, Evidence)>,
}

impl Raising<'_> {
    fn raise(&mut self, index: u16, place: &Place) {
        let ground = self.book.grounds.get(index);
        if !ground.is_on(self.category) {
            return;
        }
        let (start, end) = (place.start as usize, place.end as usize);
        let same = |e: &Evidence| e.start < end && start < e.end && e.pointer == place.pointer;
        if !self.found.iter().any(|(s, e)| *s == ground.signal && same(e)) {
            let evidence = definition::evidence(self.tool, self.book.id(ground.id), place, None);
            self.found.push((ground.signal, evidence));
        }
    }

    /// What the definition offers to do, and to what.
    fn operations(&mut self) {
        let (definition, grounds) = (self.definition, &self.book.grounds);
        let mut near = Vec::with_capacity(16);
        for mention in definition.mentions().filter(|m| m.slot.is_strong()) {
            let mut beside = None;
            for &index in grounds
                .of_operation(mention.effect, mention.verb, mention.rule)
                .into_iter()
                .flatten()
            {
                let ground = grounds.get(index);
                if !ground.is_on(self.category) {
                    continue;
                }
                // Most operations bring up no ground, so what stands beside them is seldom looked for.
                let beside = *beside.get_or_insert_with(|| self.beside(mention, &mut near));
                if let Some(place) = acts_on(grounds, mention, ground, beside, &near) {
                    self.raise(index, &place);
                }
            }
        }
    }

    /// Gathers what stands beside an operation and any ground asks for; whether it was looked for in a name, or behind
    /// the verb in prose.
    fn beside(&self, mention: &Mention, near: &mut Vec<Near>) -> Beside {
        near.clear();
        let place = &mention.place;
        let is_name = place.pointer == "/name";
        let tokens: &[Token] = match () {
            () if is_name => &self.definition.name.tokens,
            () if place.pointer == "/description" || place.pointer.ends_with("/title") => &self.definition.prose.tokens,
            () if place.pointer.contains("/enum") => &self.definition.name.tokens,
            () => &[],
        };
        let at = tokens.iter().position(|t| t.start == place.start && t.end == place.end);
        let (window, beside) = match at {
            _ if is_name => (tokens, Beside::Name),
            None => (tokens, Beside::Elsewhere),
            Some(at) => (&tokens[at + 1..], Beside::Behind),
        };
        let stops = |token: &Token| beside == Beside::Behind && matches!(token.kind, Kind::Stop | Kind::Break);
        let end = window.iter().take(grounds::FURTHEST).position(stops);
        let window = &window[..end.unwrap_or_else(|| match beside {
            Beside::Behind => window.len().min(grounds::FURTHEST),
            Beside::Name | Beside::Elsewhere => window.len(),
        })];
        let (grounds, lexicon) = (&self.book.grounds, &self.book.lexicon);
        for (at, token) in window.iter().enumerate() {
            if token.word == 0 || token.kind != Kind::Word {
                continue;
            }
            let mut note = |number: u32, end: u32| {
                if grounds.any_speaks_of(number) {
                    let start = token.start;
                    near.push(Near { at, number, start, end });
                }
            };
            for sequence in lexicon.sequences(*token) {
                if let Some(end) = sequence.end(window, at) {
                    note(sequence.number, end);
                }
            }
            note(token.word, token.end);
        }
        beside
    }

    /// What the name and the first sentence are about.
    fn nouns(&mut self) {
        let (book, definition) = (self.book, self.definition);
        let prose = &definition.prose.tokens;
        let first = prose.iter().take(FIRST_SENTENCE).position(|t| t.kind == Kind::Stop);
        let sentence = &prose[..first.unwrap_or(prose.len().min(FIRST_SENTENCE))];
        let described = definition::prose_pointer(self.tool);
        for (tokens, pointer) in [(&definition.name.tokens[..], "/name"), (sentence, described)] {
            for at in 0..tokens.len() {
                if !tokens[at].leads(leads::NOUN) {
                    continue;
                }
                let hits = numbers(book, tokens, at)
                    .flat_map(|(n, end)| book.grounds.of_noun(n).iter().map(move |g| (*g, end)));
                for (index, end) in hits {
                    let ground = book.grounds.get(index);
                    let kept = |i: usize| numbers(book, tokens, i).any(|(n, _)| book.grounds.excepts(ground, n));
                    if !ground.has_exceptions || !(0..tokens.len()).any(kept) {
                        let place = Place {
                            pointer: pointer.into(),
                            start: tokens[at].start,
                            end,
                        };
                        self.raise(index, &place);
                    }
                }
            }
        }
    }

    /// Phrases anywhere in the description, unless they are negated.
    fn phrases(&mut self) {
        let book = self.book;
        let tokens = &self.definition.prose.tokens;
        let pointer = definition::prose_pointer(self.tool);
        for at in 0..tokens.len() {
            if !tokens[at].leads(leads::GROUND_PHRASE) {
                continue;
            }
            let hits =
                numbers(book, tokens, at).flat_map(|(n, end)| book.grounds.of_phrase(n).iter().map(move |g| (*g, end)));
            let before = tokens[at.saturating_sub(4)..at].iter().rev();
            let negated = before
                .take_while(|t| !matches!(t.kind, Kind::Stop | Kind::Break))
                .any(|t| t.is(role::NEGATION));
            if negated {
                continue;
            }
            for (index, end) in hits {
                let place = Place {
                    pointer: pointer.into(),
                    start: tokens[at].start,
                    end,
                };
                self.raise(index, &place);
            }
        }
    }

    fn parameters(&mut self) {
        let book = self.book;
        let name = &self.definition.name.tokens;
        for raised in &self.definition.schema.raised {
            let ground = book.grounds.get(raised.ground);
            let kept = |i: usize| numbers(book, name, i).any(|(n, _)| book.grounds.excepts(ground, n));
            let beside = ground.alone && self.definition.schema.identified;
            if beside || ground.has_exceptions && (0..name.len()).any(kept) {
                continue;
            }
            let place = Place {
                pointer: self.definition.schema.pointer(raised.pointer).to_owned().into(),
                start: 0,
                end: raised.length,
            };
            self.raise(raised.ground, &place);
        }
    }

    /// Operations to choose among that differ in what they do.
    fn choice(&mut self, verdict: &Verdict) {
        let differ = verdict
            .operations
            .iter()
            .any(|o| o.category != verdict.operations[0].category);
        if !differ {
            return;
        }
        let first = self.definition.schema.mentions.first();
        let pointer = first.map_or_else(|| Cow::Borrowed("/name"), |m| m.place.pointer.clone());
        let place = match first {
            Some(mention) => mention.place.clone(),
            None => Place {
                pointer,
                start: 0,
                end: self.tool.name().len() as u32,
            },
        };
        self.finding(Finding::Operations, &place);
    }

    fn conflicts(&mut self, verdict: &Verdict) {
        if verdict.confidence < SURE {
            // The label itself is in doubt: the annotation may be right.
            return;
        }
        for conflict in &verdict.conflicts {
            // A server that declares more than it does misleads nobody.
            if conflict.hint == "readOnlyHint" && !conflict.declared {
                continue;
            }
            let place = Place {
                pointer: format!("/annotations/{}", conflict.hint).into(),
                start: 0,
                end: conflict.hint.len() as u32,
            };
            self.finding(Finding::Conflict, &place);
        }
    }

    fn finding(&mut self, finding: Finding, place: &Place) {
        let book = self.book;
        for index in book.grounds.of_finding(finding) {
            self.raise(index, place);
        }
    }
}

/// A word or phrase beside an operation, as its `at`-th.
struct Near {
    at: usize,
    number: u32,
    start: u32,
    end: u32,
}

/// Where an operation has its objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beside {
    /// In the same name.
    Name,
    /// Behind it, in the same clause.
    Behind,
    /// In the name, for a value of a list.
    Elsewhere,
}

/// The words of an operation that satisfy a ground.
fn acts_on(grounds: &Grounds, mention: &Mention, ground: &Ground, beside: Beside, near: &[Near]) -> Option<Place> {
    /// Bytes of an operation with its object that are shown.
    const LONGEST: u32 = 48;
    let place = &mention.place;
    let at = |start, end| Place {
        pointer: place.pointer.clone(),
        start,
        end,
    };
    let wide = || {
        let pair = |(start, end): (u32, u32)| (start.min(place.start), end.max(place.end));
        let pair = mention.object.map(pair).filter(|(start, end)| end - start <= LONGEST);
        let (start, end) = pair.unwrap_or((place.start, place.end));
        at(start, end)
    };
    let within = |near: &&Near| beside != Beside::Behind || near.at < ground.within;
    let excepts = |near: &Near| grounds.excepts(ground, near.number);
    if ground.has_exceptions && near.iter().filter(within).any(excepts) {
        return None;
    }
    if !ground.has_objects {
        return Some(wide());
    }
    let found = near
        .iter()
        .filter(within)
        .find(|near| grounds.asks_for(ground, near.number))?;
    let (from, to) = (found.start.min(place.start), found.end.max(place.end));
    Some(match beside {
        // A value of a list acts on what the name says.
        Beside::Elsewhere => wide(),
        _ if to - from <= LONGEST => at(from, to),
        _ => wide(),
    })
}

/// The numbers of the word at `at` and of the phrases that begin there, each with where it ends.
fn numbers<'a>(book: &'a RuleBook, tokens: &'a [Token], at: usize) -> impl Iterator<Item = (u32, u32)> + 'a {
    let token = tokens[at];
    let known = token.word != 0 && token.kind == Kind::Word;
    let sequences = known.then(|| book.lexicon.sequences(token).iter());
    let phrases = sequences
        .into_iter()
        .flatten()
        .filter_map(move |sequence| Some((sequence.number, sequence.end(tokens, at)?)));
    phrases.chain(known.then_some((token.word, token.end)))
}

/// What no honest definition has: hidden characters and texts that speak to a model, in any string.
fn suspicious(
    book: &RuleBook,
    text: &str,
    role: Role,
    pointer: impl Fn() -> Cow<'static, str>,
    found: &mut Vec<(usize, Evidence)>,
) {
    let is_plain = plain::is_plain(text);
    let mut raise = |index: u16, start: usize, end: usize| {
        let ground = book.grounds.get(index);
        let mut end = end;
        if end - start > LONGEST_HIDDEN {
            end = (start..=start + LONGEST_HIDDEN)
                .rev()
                .find(|i| text.is_char_boundary(*i))
                .unwrap_or(end);
        }
        found.push((
            ground.signal,
            Evidence {
                rule: book.id(ground.id).clone(),
                pointer: pointer(),
                start,
                end,
                text: text[start..end].to_owned(),
                says: None,
                weight: 0,
            },
        ));
    };
    let mut find = |finding: Finding, place: Option<hidden::Place>| {
        let Some(place) = place else { return };
        for index in book.grounds.of_finding(finding) {
            raise(index, place.start, place.end);
        }
    };
    if !is_plain {
        find(Finding::Invisible, hidden::invisible(text));
        find(Finding::LookAlike, hidden::look_alike(text, role == Role::Identifier));
        find(Finding::Padding, hidden::padding(text));
    }
    if role != Role::Sample {
        find(Finding::Encoded, hidden::encoded(text));
    }
    if role != Role::Prose {
        return;
    }
    let texts = &book.grounds.texts;
    if is_plain {
        texts.find(text, |start, end, index| raise(index, start, end));
    } else {
        let mut plain = String::new();
        plain::write(text, &mut plain);
        texts.find(&plain, |start, end, index| {
            let (start, end) = plain::origin(text, start, end);
            raise(index, start, end);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::digest;

    static BOOK: LazyLock<RuleBook> = LazyLock::new(|| RuleBook::embedded().expect("our own rules"));

    /// Pieces that texts of attackers are made of, and what could hide them.
    fn piece() -> impl Strategy<Value = String> {
        prop_oneof![
            "[ -~]{0,12}",
            "[ \\n\\t\\r]{1,3}",
            "[A-Za-z0-9+/=]{60,130}",
            Just("ignore\n previous \tinstructions".to_owned()),
            Just("Do not tell  the user".to_owned()),
            Just("<IMPORTANT>".to_owned()),
            Just("say \"<!-- x".to_owned()),
            Just(" ".repeat(60)),
            Just("\n \n".repeat(7)),
            Just("\u{200b}".to_owned()),
            Just("dеlete".to_owned()),
            Just("\u{7}".to_owned()),
        ]
    }

    proptest! {
        #[test]
        fn a_glance_overlooks_nothing(
            name in piece(),
            description in proptest::collection::vec(piece(), 0..4),
            parameter in piece(),
            value in piece(),
        ) {
            let tool = Tool::from_value(&json!({
                "name": name,
                "description": description.concat(),
                "inputSchema": {"properties": {parameter: {"type": "string", "description": value, "enum": [value]}}},
            }))
            .expect("a tool");
            let mut found = Vec::new();
            each_suspicious(&BOOK, &tool, &mut found);
            let mut canonical = String::new();
            digest::canonical(&tool, &mut canonical);
            if is_unsuspicious(&BOOK, &canonical) {
                prop_assert!(found.is_empty(), "{found:?}");
            }
        }
    }
}
