//! A whole definition, read: the name, title, description and schema together, and the features that follow. Reads,
//! decides nothing.

use std::borrow::Cow;
use std::sync::Arc;

use super::hints::{self, Hint, HintPlace};
use super::name::{self, NameReading};
use super::params::{self, SchemaReading};
use super::prose::{self, ProseReading};
use super::reading::{Mention, Place};
use crate::assessment::Evidence;
use crate::effect::Effect;
use crate::label::Category;
use crate::manifest::Tool;
use crate::rules::RuleBook;
use crate::rules::book::{CUES, ParamKind, RuleId};
use crate::rules::weights::{Feature, Manner, Mark, Slot};
use crate::rules::words::Stand;
use crate::text::words::Token;
use crate::tree::{self, Node, View};

/// What a definition says, with the features that fire.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) name: NameReading,
    pub(crate) prose: ProseReading,
    pub(crate) schema: SchemaReading,
    /// Sorted, each once.
    pub(crate) features: Vec<Feature>,
    /// Words that say something by themselves.
    pub(crate) hints: Vec<Hint>,
    /// What the verbs speak of: the name's, or the description's where the name has none.
    pub(crate) verbs: Manner,
}

impl Definition {
    /// Reads a tool.
    pub(crate) fn read(book: &RuleBook, tool: &Tool) -> Self {
        Self::read_in(book, tool, Vec::new())
    }

    /// The same, with room for the words of its prose.
    pub(crate) fn read_in(book: &RuleBook, tool: &Tool, room: Vec<Token>) -> Self {
        let mut schema = params::read(book, tool);
        let free = schema.known.iter().filter(|known| known.free);
        let kinds: Vec<u32> = free.map(|known| book.kind_object(known.kind)).collect();
        let mut prose = if let Some(description) = tool.description().filter(|d| !d.trim().is_empty()) {
            prose::read(book, description, &Cow::Borrowed("/description"), room)
        } else if let Some(title) = tool.title() {
            prose::read(book, title, &Cow::Borrowed(title_pointer(tool)), room)
        } else {
            ProseReading::default()
        };
        let mut name = name::read(book, tool.name(), &kinds, prose.main_clause());
        if let (Some(verb), Some(main)) = (
            name.mentions.first_mut(),
            prose.mentions.iter().find(|m| m.slot == Slot::Main),
        ) {
            // The name does not say what its verb acts on, and the first clause does: "add: Adds two numbers". Or what it
            // says is known to no pair, and what the clause says is: "close_session: Closes the browser session".
            let plain = name.prefixed || verb.object.is_none();
            let worse = main.effect.severity() > verb.effect.severity();
            let unsaid = name.bare || plain && worse;
            // "server_restart_status: Restarts a server and gives its status": the name reads as what is known of it.
            let done = worse && verb.effect == Effect::Look && prose.is_done(main);
            if (unsaid && main.object.is_some() || done) && verb.verb == main.verb && main.verb != 0 {
                verb.effect = main.effect;
                verb.rule = main.rule;
            }
        }
        yield_noun(&mut name, &prose);
        yield_fact(&mut name, &prose, &schema);
        let fetches = |m: &Mention| book.asked.fetches.contains(&m.verb);
        // `fetch_page {url, trace_id}`: what is called so fetches, whatever stands beside the address.
        schema.identified &= !name.mentions.iter().any(fetches);
        if let Some(main) = prose.mentions.iter().find(|m| m.slot == Slot::Main) {
            let same = name
                .mentions
                .first()
                .is_some_and(|m| m.verb == main.verb && main.verb != 0);
            if book.pairs.takes_back(main.rule) {
                take_back(&mut name.mentions, main, &schema, &prose);
            } else if same && main.object.is_some() && main.effect.category() == Some(Category::Read) {
                // "compress_context: Compresses text": the clause says on what, and that it comes back.
                let changes = |m: &&mut Mention| m.effect == Effect::Change && m.object.is_none();
                if let Some(verb) = name.mentions.first_mut().filter(changes)
                    && !offers_more(main, &schema, &prose)
                {
                    verb.effect = main.effect;
                    verb.rule = main.rule;
                }
            }
        }
        if prose.restricted()
            && schema
                .known
                .iter()
                .any(|k| matches!(k.kind, ParamKind::Sql | ParamKind::Query))
        {
            // What runs a statement that may only read, reads.
            for mention in name.mentions.iter_mut().chain(&mut prose.mentions) {
                if mention.slot.is_strong() && matches!(mention.effect, Effect::Statement | Effect::Act | Effect::Open)
                {
                    mention.effect = Effect::Query;
                }
            }
        }
        let takes_address = || {
            let mut known = schema.known.iter();
            known.any(|k| matches!(k.kind, ParamKind::Url | ParamKind::Source))
        };
        if schema.identified || tool.input_schema().is_some() && !takes_address() {
            // No parameter takes an address, so none is fetched: "get_url" hands one out. Or the address is one of a
            // certain service, where an id would do as well.
            for mention in name.mentions.iter_mut().chain(&mut prose.mentions) {
                if mention.effect == Effect::Fetch {
                    mention.effect = Effect::Look;
                }
            }
        }
        let reads = |mentions: &[Mention], slot| manner(mentions.iter().filter(|m| m.slot == slot)) == Manner::Reads;
        if reads(&name.mentions, Slot::Name) || name.mentions.is_empty() && reads(&prose.mentions, Slot::Main) {
            // "type" and "mode" of a tool that looks something up are what it is to look for.
            schema.keep_certain();
        }
        let mut definition = Self {
            hints: hints::of(book, &name, &prose, &schema),
            name,
            prose,
            schema,
            features: Vec::new(),
            verbs: Manner::Unknown,
        };
        definition.gather(book, tool);
        definition
    }

    /// Every operation that was read, strongest place first.
    pub(crate) fn mentions(&self) -> impl Iterator<Item = &Mention> {
        self.name
            .mentions
            .iter()
            .chain(&self.prose.mentions)
            .chain(&self.schema.mentions)
    }

    /// "Afterwards permanently deletes every file.": what a later sentence says is done for good is done, however far
    /// back it stands.
    pub(crate) fn is_for_good(&self, mention: &Mention) -> bool {
        const NEAR: u32 = 24;
        let near = |place: &Place| {
            place.pointer == mention.place.pointer
                && place.end <= mention.place.start
                && mention.place.start - place.end <= NEAR
        };
        mention.slot == Slot::Later
            && self
                .prose
                .hits
                .iter()
                .any(|(hit, cue)| *cue == Some("irreversible") && near(&hit.place))
    }

    /// Whether every operation that it offers to choose reads, and nothing else that it offers does more.
    pub(crate) fn only_reads(&self) -> bool {
        let reads = |category: Option<Category>| category == Some(Category::Read);
        let offered = &self.schema.offered;
        let chooses = offered.len() > 1 && offered.iter().all(|o| o.certain && reads(o.label.map(|l| l.category)));
        let strong = |m: &&Mention| m.slot.is_strong() && m.effect != Effect::Vague;
        chooses && self.mentions().filter(strong).all(|m| reads(m.effect.category()))
    }

    /// "INSERT, UPDATE or DELETE": in capitals, beside another in the description, it names a kind of statement.
    pub(crate) fn is_statement_kind(&self, mention: &Mention, tool: &Tool) -> bool {
        let is_named = |m: &Mention| {
            text_at(tool, &m.place.pointer).is_some_and(|text| {
                let word = text.get(m.place.start as usize..m.place.end as usize);
                word.is_some_and(|word| word.bytes().all(|b| b.is_ascii_uppercase()))
            })
        };
        mention.place.pointer == "/description"
            && is_named(mention)
            && self
                .prose
                .mentions
                .iter()
                .any(|m| m.verb != mention.verb && is_named(m))
    }

    /// Whether nothing in it tells what it does: no verb, nothing that only a Read returns.
    pub(crate) fn is_silent(&self) -> bool {
        self.mentions().next().is_none()
            && !self.name.fact
            && !self.prose.fact
            && !self.prose.returns
            && !self
                .schema
                .known
                .iter()
                .any(|k| matches!(k.kind, ParamKind::Query | ParamKind::Paging))
    }

    /// What the verbs of a slot speak of.
    pub(crate) fn manner(&self, slot: Slot) -> Manner {
        manner(self.mentions().filter(|m| m.slot == slot))
    }

    /// Puts together the features and what they follow from.
    fn gather(&mut self, book: &RuleBook, tool: &Tool) {
        let mut fired = Vec::with_capacity(32);
        fired.push(Feature::mark(Mark::Always));
        let name = self.manner(Slot::Name);
        let main = manner(self.mentions().filter(|m| matches!(m.slot, Slot::Main | Slot::Foreign)));
        // Long descriptions mention reading in passing; that takes nothing back where the verbs are clear.
        let unclear = name == Manner::Unknown && main == Manner::Unknown;
        let counts = |m: &&Mention| unclear || m.slot.is_strong() || m.effect.category() != Some(Category::Read);
        let strong = self.mentions().filter(counts);
        fired.extend(strong.map(|m| Feature::operation(m.slot, m.effect)));
        if name == Manner::Unknown {
            // Where the name says nothing, the description's main verb stands in for it.
            let main = self
                .mentions()
                .filter(|m| m.slot == Slot::Main && m.effect != Effect::Vague);
            fired.extend(main.map(|m| Feature::operation(Slot::Name, m.effect)));
        }
        let verbs = if name == Manner::Unknown { main } else { name };
        let milder = matches!(verbs, Manner::Unknown | Manner::Reads);
        fired.extend(self.prose.hits.iter().filter_map(|(_, cue)| {
            let at = CUES.iter().position(|known| Some(*known) == *cue)?;
            // What is claimed of reading only lowers nothing that the verbs say.
            (milder || *cue != Some("read-only")).then_some(Feature::cue(at))
        }));
        fired.push(Feature::both(name, main));
        for known in &self.schema.known {
            // Paging and search words beside a verb that changes something take nothing back.
            if !milder && matches!(known.kind, ParamKind::Paging | ParamKind::Query) {
                continue;
            }
            if known.free || !book.params[known.rule].kind.needs_text() {
                fired.push(Feature::param(known.kind, verbs));
            }
        }
        fired.extend(self.marks(tool, name, main).map(Feature::mark));
        fired.sort_unstable();
        fired.dedup();
        self.features = fired;
        self.verbs = verbs;
    }

    fn marks(&self, tool: &Tool, name: Manner, main: Manner) -> impl Iterator<Item = Mark> + use<> {
        let has_main = self
            .prose
            .mentions
            .iter()
            .any(|m| matches!(m.slot, Slot::Main | Slot::Foreign));
        let described = tool.description().is_some_and(|d| !d.trim().is_empty());
        let reads = Some(Category::Read);
        let conditions = [
            (self.name.mentions.is_empty(), Mark::NameSilent),
            (self.name.mentions.first().is_some_and(|m| m.weak), Mark::NameWeak),
            (self.name.fact, Mark::NameFact),
            (!has_main, Mark::MainSilent),
            (self.prose.fact, Mark::MainFact),
            (!described, Mark::NoDescription),
            (described && self.prose.words < 5 && !self.prose.foreign, Mark::Thin),
            (self.prose.foreign, Mark::Foreign),
            (self.schema.parameters == 0, Mark::NoParameters),
            (
                self.schema.offered.iter().any(|o| o.label.map(|l| l.category) == reads),
                Mark::ReadsToo,
            ),
            (self.schema.offered.len() > 1, Mark::SeveralOperations),
            (name == main && name != Manner::Unknown, Mark::Agree),
            (self.prose.returns, Mark::Returns),
        ];
        conditions.into_iter().filter(|(holds, _)| *holds).map(|(_, mark)| mark)
    }

    /// Where a hint stands.
    pub(crate) fn place_of(&self, hint: &Hint, tool: &Tool) -> Place {
        let (pointer, start, end) = match hint.place {
            HintPlace::Word { start, end } if hint.stand == Stand::Name => (Cow::Borrowed("/name"), start, end),
            HintPlace::Word { start, end } => (Cow::Borrowed(prose_pointer(tool)), start, end),
            HintPlace::Parameter { pointer, length } => {
                (Cow::Owned(self.schema.pointer(pointer).to_owned()), 0, length)
            }
        };
        Place { pointer, start, end }
    }

    /// Whether a rule fired.
    pub(crate) fn fires(&self, book: &RuleBook, rule: &str) -> bool {
        let mentioned = self.mentions().map(|m| m.rule);
        let hit = self.prose.hits.iter().map(|(hit, _)| hit.rule);
        let known = self.schema.known.iter().map(|k| book.params[k.rule].id);
        let hinted = self.hinted(book).map(|(id, _)| id);
        let mut fired = mentioned.chain(hit).chain(known).chain(hinted);
        fired.any(|id| **book.id(id) == *rule)
    }

    /// The rule of each hint.
    fn hinted<'a>(&'a self, book: &'a RuleBook) -> impl Iterator<Item = (RuleId, &'a Hint)> {
        self.hints
            .iter()
            .filter_map(|hint| Some((book.words.id(hint.stand)?, hint)))
    }

    /// Every rule that fired, with its place.
    pub(crate) fn everything(&self, book: &RuleBook, tool: &Tool) -> Vec<Evidence> {
        let mentions = self
            .mentions()
            .map(|m| evidence(tool, book.id(m.rule), &m.place, m.effect.category()));
        let hits = self
            .prose
            .hits
            .iter()
            .map(|(hit, _)| evidence(tool, book.id(hit.rule), &hit.place, None));
        let hints = self
            .hinted(book)
            .map(|(id, hint)| evidence(tool, book.id(id), &self.place_of(hint, tool), None));
        mentions.chain(hits).chain(hints).collect()
    }
}

/// "service_map: Builds a map of dependencies": a word of the name that is as often a noun, and at most changes a
/// record, is one where the description has a verb of its own.
fn yield_noun(name: &mut NameReading, prose: &ProseReading) {
    let says = |m: &Mention| {
        let first = matches!(m.slot, Slot::Main | Slot::Foreign);
        first && (!m.weak || m.object.is_some()) && m.effect != Effect::Vague
    };
    let noun = |m: &Mention| m.weak && m.effect.category() == Some(Category::Write);
    let mains = || prose.mentions.iter().filter(|m| says(m));
    let same = |m: &Mention| mains().any(|main| main.verb == m.verb);
    if mains().next().is_some() && name.mentions.iter().all(|m| noun(m) && !same(m)) {
        name.mentions.clear();
    }
}

/// "restart_reason: Why a host was restarted", "test_results: Results of the last run": what makes something act in a
/// name that ends in what a Read returns says of what it is, where the description reads and offers nothing more.
fn yield_fact(name: &mut NameReading, prose: &ProseReading, schema: &SchemaReading) {
    let last = name.tokens.last().map_or(0, |token| token.start);
    let acts = |m: &Mention| matches!(m.effect, Effect::Act | Effect::Operate);
    let noun = |m: &Mention| acts(m) && m.place.start != last;
    let reads = match prose.mentions.iter().find(|m| m.slot == Slot::Main) {
        Some(main) => main.effect.category() == Some(Category::Read) && !offers_more(main, schema, prose),
        None => prose.fact && schema.mentions.is_empty() && !prose.mentions.iter().any(acts) && !carries(schema),
    };
    if name.fact && !name.bare && reads && name.mentions.iter().all(noun) {
        name.mentions.clear();
    }
}

/// Whether a parameter carries what runs.
fn carries(schema: &SchemaReading) -> bool {
    let kinds = [ParamKind::Command, ParamKind::Code, ParamKind::Tool, ParamKind::Method];
    schema
        .known
        .iter()
        .any(|known| known.free && kinds.contains(&known.kind))
}

/// "delete_note: Moves a note to the trash", "execute_query: Runs a metrics query", "start_task: Marks a task as
/// current": what the description does first is known to be milder than the name's verb. It takes that verb back
/// where nothing in the definition offers more: no other clause, no operation to choose, nothing that carries what runs.
fn take_back(name: &mut [Mention], main: &Mention, schema: &SchemaReading, prose: &ProseReading) {
    if offers_more(main, schema, prose) {
        return;
    }
    let reads = main.effect.category() == Some(Category::Read);
    for mention in name {
        let milder = match mention.effect {
            Effect::End | Effect::Act => true,
            Effect::Statement | Effect::Operate | Effect::Access => reads,
            _ => false,
        };
        if milder {
            mention.effect = main.effect;
            mention.rule = main.rule;
        }
    }
}

/// Whether anything beside the first clause offers more than it does: another clause, an operation to choose, what
/// carries what runs.
fn offers_more(main: &Mention, schema: &SchemaReading, prose: &ProseReading) -> bool {
    let for_good = |known: &params::Known| matches!(known.kind, ParamKind::Permanent | ParamKind::Deletes);
    let advice = |m: &&Mention| matches!(m.slot, Slot::Aside | Slot::Order);
    let said = prose.mentions.iter().filter(|m| !advice(m)).chain(&schema.mentions);
    said.map(|m| m.effect.severity()).any(|s| s > main.effect.severity())
        || schema.known.iter().any(for_good)
        || carries(schema)
        || prose.hits.iter().any(|(_, cue)| *cue == Some("irreversible"))
}

/// Evidence at a place of a tool.
pub(crate) fn evidence(tool: &Tool, rule: &Arc<str>, place: &Place, says: Option<Category>) -> Evidence {
    let (start, end) = (place.start as usize, place.end as usize);
    // A parameter is known by its name, whatever stands in the place of its schema.
    let words = |text: Cow<'_, str>| text.get(start..end).map(str::to_owned);
    let text = text_at(tool, &place.pointer)
        .and_then(words)
        .or_else(|| words(tree::last_part(&place.pointer)))
        .unwrap_or_default();
    Evidence {
        rule: rule.clone(),
        pointer: place.pointer.clone(),
        start,
        end,
        text,
        says,
        weight: 0,
    }
}

/// The string at a pointer of a tool; for a pointer to an object, the last part of the pointer: its name.
pub(crate) fn text_at<'a>(tool: &'a Tool, pointer: &'a str) -> Option<Cow<'a, str>> {
    match pointer {
        "/name" => return Some(Cow::Borrowed(tool.name())),
        "/description" => return tool.description().map(Cow::Borrowed),
        _ => {}
    }
    match tool.root().pointer(pointer)?.view() {
        View::Text(text) => Some(Cow::Borrowed(text)),
        View::Bool(_) | View::Object(_) => Some(tree::last_part(pointer)),
        _ => None,
    }
}

/// Where the prose that was read stands: the description, or the title where there is none.
pub(crate) fn prose_pointer(tool: &Tool) -> &'static str {
    match tool.description().filter(|d| !d.trim().is_empty()) {
        Some(_) => "/description",
        None => title_pointer(tool),
    }
}

fn title_pointer(tool: &Tool) -> &'static str {
    if tool.root().get("title").is_some_and(Node::is_string) {
        "/title"
    } else {
        "/annotations/title"
    }
}

/// The worst of what these verbs speak of.
fn manner<'a>(mentions: impl Iterator<Item = &'a Mention>) -> Manner {
    let worst = mentions
        .map(|m| m.effect)
        .filter(|e| *e != Effect::Vague)
        .max_by_key(|e| e.severity());
    match worst.and_then(Effect::category) {
        None => Manner::Unknown,
        Some(Category::Read) => Manner::Reads,
        Some(Category::Write) => Manner::Writes,
        Some(Category::Execute | Category::Destructive) => Manner::Acts,
    }
}
