//! Two to four plain sentences from the rules that fired: what the tool does ([`super::deed`]), why that is this label
//! and not the next milder one, how far it reaches, and what a reader should know beside it. Every sentence states
//! what was found in this definition; none is there to fill a place.

use std::borrow::Cow;

use super::deed::{self, Deed, Said, identifier, is_identifier};
use super::definition::Definition;
use super::verdict::Verdict;
use crate::assessment::Signal;
use crate::effect::Effect;
use crate::label::{Category, Label, Risk};
use crate::manifest::Tool;
use crate::rules::RuleBook;
use crate::rules::book::ParamKind;
use crate::tree::Node;

/// The sentences, and the short reason for a policy.
pub(crate) struct Rationale {
    pub(crate) text: String,
    pub(crate) reason: String,
}

/// Most sentences are the same for every tool they are said of.
type Sentence = Cow<'static, str>;

/// Sentences of one rationale.
const MOST: usize = 4;
/// Under this confidence, in thousandths, the runner-up is named.
const UNSURE: u16 = 700;

pub(crate) fn write(
    book: &RuleBook,
    definition: &Definition,
    verdict: &Verdict,
    signals: &[Signal],
    tool: &Tool,
) -> Rationale {
    let deed = deed::of(book, definition, verdict, tool);
    let writer = Writer {
        leading: verdict.leading.as_ref().map(|mention| &**book.id(mention.rule)),
        definition,
        verdict,
        signals,
        tool,
        deed: &deed,
        parameters: Parameters::of(tool, definition),
    };
    let mut text = String::with_capacity(320);
    let mut sentences = 0;
    let mut push = |sentence: &str| {
        if sentence.is_empty() || sentences >= MOST {
            return;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        let mut chars = sentence.chars();
        text.extend(chars.next().map(|c| c.to_ascii_uppercase()));
        text.push_str(chars.as_str());
        if !sentence.ends_with('.') {
            text.push('.');
        }
        sentences += 1;
    };
    push(&deed.text);
    push(&writer.why());
    push(&writer.warning());
    push(&writer.reach());
    push(&writer.doubt());
    Rationale {
        text,
        reason: deed.text,
    }
}

/// What the label rests on.
#[derive(Clone, Debug)]
enum Cause<'a> {
    Open(ParamKind, &'a str),
    Effect(Effect),
    /// A parameter lifts the risk.
    Lifted(ParamKind, Cow<'a, str>),
    /// A declared annotation raised it.
    Claimed,
    /// Nothing that could be named: the sum of small things, or nothing at all.
    Unnamed,
}

struct Writer<'a> {
    /// The rule that the label rests on most.
    leading: Option<&'a str>,
    definition: &'a Definition,
    verdict: &'a Verdict,
    signals: &'a [Signal],
    tool: &'a Tool,
    deed: &'a Deed,
    parameters: Parameters<'a>,
}

impl Writer<'_> {
    fn has(&self, signal: &str) -> bool {
        self.signals.iter().any(|s| &*s.id == signal)
    }

    fn cue(&self, cue: &str) -> bool {
        self.definition.prose.hits.iter().any(|(_, c)| *c == Some(cue))
    }

    fn rule(&self, rules: &[&str]) -> bool {
        self.leading.is_some_and(|leading| rules.contains(&leading))
    }

    fn takes(&self, kind: ParamKind) -> bool {
        self.definition.schema.known.iter().any(|k| k.kind == kind && k.free)
    }

    fn cause(&self) -> Cause<'_> {
        if let Some(open) = &self.verdict.open {
            return Cause::Open(open.kind, &open.parameter);
        }
        let label = self.verdict.label;
        let named = self
            .definition
            .mentions()
            .filter(|m| m.slot.is_strong() && m.effect.label() == Some(label));
        if let Some(mention) = named.min_by_key(|m| m.slot) {
            return Cause::Effect(mention.effect);
        }
        let lifts = |kind: ParamKind| {
            let known = self.definition.schema.known.iter();
            known
                .clone()
                .find(|k| k.kind == kind && k.free)
                .map(|k| Cause::Lifted(kind, self.definition.schema.name(k)))
        };
        let lifted = match (label.category, label.risk) {
            (Category::Write, Risk::Critical) => lifts(ParamKind::Grant).or_else(|| lifts(ParamKind::Credential)),
            (Category::Read, Risk::Medium) if !self.definition.schema.identified => lifts(ParamKind::Source),
            _ => None,
        };
        if let Some(cause) = lifted {
            return cause;
        }
        let leading = self
            .verdict
            .leading
            .as_ref()
            .and_then(|m| m.effect.label().map(|l| (l, m.effect)));
        match leading {
            Some((found, effect)) if found == label => Cause::Effect(effect),
            _ if label.category == Category::Write && self.tool.hint("readOnlyHint") == Some(false) => Cause::Claimed,
            _ => Cause::Unnamed,
        }
    }

    /// Why this label and not the next milder one.
    fn why(&self) -> Sentence {
        let cause = self.cause();
        match (self.verdict.label.category, cause) {
            (_, Cause::Open(kind, parameter)) => open(kind, parameter),
            (Category::Destructive, _) => self.why_destructive(),
            (Category::Execute, cause) => self.why_execute(&cause),
            (Category::Write, cause) => self.why_write(&cause),
            (Category::Read, cause) => self.why_read(&cause),
        }
    }

    fn why_destructive(&self) -> Sentence {
        if self.verdict.label.risk == Risk::Medium {
            return "What goes can be built again, so the risk is only medium, but it is gone: this is no Write".into();
        }
        let way_back = match self.deed.said {
            _ if self.rule(&["param/deletes"]) => {
                "a switch deletes what there was, and what a caller can switch on counts"
            }
            _ if self.has("irreversible") => "the definition itself says that there is no way back",
            _ if self.cue("reversible") => "a way back is mentioned, but not that this tool always leaves one",
            Said::Operations => "the worst that a caller can choose counts, and that ends what was there",
            Said::Both => "name and description agree on it, and neither offers a way back as a Write would",
            Said::Name if self.tool.description().is_none_or(|d| d.trim().is_empty()) => {
                "there is only the name to go by, and it speaks of no way back"
            }
            Said::Name => "nothing in the definition offers a way back, so this is not Write",
            Said::Prose => "the name does not say so, the description does, and it offers no way back",
            Said::Foreign => "nothing in it speaks of a way back",
            Said::Nowhere => "several small things speak for it, and none for a way back",
        };
        let stake = if self.has("credentials") {
            "critical: whatever relied on the credential stops working"
        } else if self.has("infrastructure") {
            "critical, since others may be running on what goes"
        } else if self.has("bulk") {
            "critical, and the more so as one call takes many"
        } else if self.has("filesystem") {
            "critical: what is gone from the disk is gone"
        } else {
            "critical, because what is lost cannot be rebuilt from elsewhere"
        };
        format!("{way_back}; {stake}").into()
    }

    fn why_execute(&self, cause: &Cause<'_>) -> Sentence {
        let Label { risk, .. } = self.verdict.label;
        let text = match cause {
            Cause::Effect(Effect::Operate) => {
                "something that runs is interrupted, replaced or reconfigured, and whoever uses it will notice: critical, where \
                 starting a job would be medium"
            }
            Cause::Effect(Effect::Money) => {
                "money moves or an order binds, and no later call is sure to undo that: critical, not medium"
            }
            Cause::Effect(Effect::Physical) => "people's safety in the world depends on it, which makes it critical",
            Cause::Effect(Effect::Delegate) => {
                "an agent with tools of its own takes over, and nothing here bounds what it does: critical"
            }
            Cause::Effect(Effect::Statement) => {
                "the statement is the caller's, and nothing restricts it to reading: critical"
            }
            Cause::Effect(Effect::Open) => "what runs is up to the caller, so nothing milder than critical fits",
            _ if risk == Risk::Critical => "the worst it can set going is more than a bounded job, hence critical",
            _ if self.deed.said == Said::Operations => {
                "the worst operation sets something going, where the others read or change records; none ends anything"
            }
            _ if self.takes(ParamKind::Ui) => {
                "it works a screen as a person would, so what happens depends on what is there: Execute rather than Write, and \
                 medium because each call is one small step"
            }
            _ if self.cue("job") => {
                "work goes on in another process after the call, which is more than a changed record; it is bounded, so the risk \
                 stays medium"
            }
            _ if self.rule(&["pair/stop-process", "pair/end-process"]) => {
                "it acts on a run and not on a record, so this is Execute, neither Write nor Destructive"
            }
            _ if self.deed.said == Said::Nowhere => {
                "no single word says so; together they speak for something that acts, more than for a changed record"
            }
            _ if self.deed.said == Said::Prose => {
                "by its description something is set going, which is more than a changed record; nothing says that it reaches \
                 running services, money or a free command, so medium"
            }
            _ => {
                "something else is made to act, which is Execute rather than Write; the action is fixed in advance, so the risk \
                 is medium and not critical"
            }
        };
        text.into()
    }

    fn why_write(&self, cause: &Cause<'_>) -> Sentence {
        let text = match cause {
            Cause::Effect(Effect::Access) => {
                "who may do what changes, and access is used before anybody takes it back: critical, where an ordinary change would \
                 be medium"
            }
            Cause::Effect(Effect::Credential) => {
                "a credential is made or replaced, and whoever holds it can act elsewhere: critical, not medium"
            }
            Cause::Effect(Effect::Weaken) => {
                "a protection changes, and what it kept out may come in: critical, not medium"
            }
            Cause::Effect(Effect::Broadcast) => {
                "nobody bounds the audience, and what they have read stays read: critical"
            }
            Cause::Lifted(ParamKind::Grant, parameter) => {
                return match identifier(parameter) {
                    Some(name) => format!(
                        "{name} decides how much access comes with it, which lifts an ordinary change to critical"
                    )
                    .into(),
                    None => "a parameter decides how much access comes with it, which lifts it to critical".into(),
                };
            }
            Cause::Lifted(_, parameter) => {
                return match identifier(parameter) {
                    Some(name) => {
                        format!("{name} sets a credential, which lifts an ordinary change to critical").into()
                    }
                    None => "a parameter sets a credential, which lifts it to critical".into(),
                };
            }
            Cause::Claimed => {
                "its words do not settle it, but its own server declares that it does more than read, and that can only raise a label"
            }
            Cause::Unnamed if self.verdict.label.risk == Risk::Critical => {
                "more than an ordinary record is at stake, so it is critical"
            }
            Cause::Unnamed if self.deed.said == Said::Nowhere => {
                "no verb in the definition says what it does, so the safer label stands until somebody has looked"
            }
            _ if self.deed.said == Said::Operations => {
                "a caller may only look, but may also change records, and the worst choice counts; none of them ends anything"
            }
            _ if self.has("sends-out") => {
                "what has been sent stays sent, which no Read does; it goes to those who are named, so the risk is medium"
            }
            _ if self.has("overwrites") => {
                "the caller's content replaces what stood there: more than a Read, but one named thing set anew is still a Write"
            }
            _ if self.rule(&["pair/soft", "pair/to-trash"]) || self.cue("reversible") => {
                "there is a way back, so something is changed and nothing ended"
            }
            _ if self.rule(&["pair/drop-tie", "pair/delete-tie", "pair/remove-from"]) => {
                "a link between two things goes and both of them stay, so this is not Destructive"
            }
            _ if self.rule(&["pair/clear-view"]) => "only what is shown changes, nothing that was kept is lost",
            _ if self.rule(&["verb/sign-in", "pair/sign-in"]) => "only who is connected or signed in changes",
            _ if self.rule(&["pair/download-to-disk", "pair/make-on-disk"]) => {
                "the result is kept as a file, which a Read would not leave behind"
            }
            _ if self.rule(&["pair/generate-asset"]) => "a new file comes out of it, which is more than an answer",
            _ if self.rule(&["verb/create"]) => match self.deed.said {
                Said::Both => {
                    "a new record is there afterwards, which no Read leaves; nothing that was there is touched"
                }
                Said::Name => "by its name something new remains after the call, so this is more than a Read",
                _ => "something new remains after the call, and nothing that was there goes",
            },
            _ if self.takes(ParamKind::Content) && self.deed.said == Said::Both => {
                "what the caller passes is set anew, which a Read never does; the thing itself stays, so it is no more than a Write"
            }
            _ => match self.deed.said {
                Said::Both => {
                    "a record is different afterwards, so this is no Read; it still exists, so it is not Destructive"
                }
                Said::Name => "the name speaks of a change that outlasts the call; nothing speaks of an end",
                Said::Prose => "by its description something has changed after the call, but nothing has ended",
                Said::Foreign => "that outlasts the call, so it is more than a Read",
                Said::Operations | Said::Nowhere => "small signs of a change outweigh those of a Read",
            },
        };
        text.into()
    }

    fn why_read(&self, cause: &Cause<'_>) -> Sentence {
        let address = |parameter: &str| {
            match identifier(parameter) {
            Some(name) => format!(
                "{name} lets the caller choose the address, so text from strangers reaches the model: medium, where a fixed source \
                 would be low"
            ).into(),
            None => {
                "the caller chooses the address, so text from strangers reaches the model: medium, not low".into()
            }
        }
        };
        let text = match cause {
            Cause::Effect(Effect::Fetch) => {
                let known = self.definition.schema.known.iter();
                let named = known
                    .clone()
                    .find(|k| matches!(k.kind, ParamKind::Source | ParamKind::Url));
                return address(&named.map(|k| self.definition.schema.name(k)).unwrap_or_default());
            }
            Cause::Lifted(ParamKind::Source, parameter) => return address(parameter),
            Cause::Effect(Effect::Secret) => {
                "nothing changes, but whoever reads the answer holds a secret: critical, where an ordinary look-up would be low"
            }
            Cause::Effect(Effect::Query) => {
                "the query may only read, but it can read everything in the store: medium, where a fixed look-up would be low"
            }
            Cause::Effect(Effect::Dump) => "nothing changes, but a whole store leaves in one answer: medium, not low",
            _ if self.verdict.label.risk != Risk::Low => {
                "nothing changes, but more comes back than an ordinary look-up returns"
            }
            Cause::Unnamed if self.deed.said == Said::Nowhere && self.parameters.none => {
                "no verb says so, but its words name a thing to be returned, and it takes no arguments"
            }
            Cause::Unnamed if self.deed.said == Said::Nowhere => {
                "no verb says so, but its words name a thing to be returned and none names a change"
            }
            _ if self.rule(&["verb/work-out"]) => "the result is worked out and handed back; nothing is kept of it",
            _ if self.deed.said == Said::Operations => "each of them only returns something",
            _ if self.cue("read-only") && self.deed.said == Said::Both => {
                "name and description say so, the latter also that nothing changes, and no other word speaks against it"
            }
            _ if self.parameters.none => "it takes no arguments, and nothing outside the call changes",
            _ if self.parameters.target.is_some() => {
                let name = self.parameters.target.unwrap_or_default();
                return format!("`{name}` says which, and looking changes nothing outside the call").into();
            }
            _ if self.takes(ParamKind::Query) => {
                "what it is asked decides what comes back; nothing outside the call changes"
            }
            _ if self.definition.prose.returns && self.deed.said == Said::Both => {
                "it says what it returns and names nothing that it would change"
            }
            _ if self.takes(ParamKind::Paging) => {
                "its arguments only choose what comes back; none of them changes anything"
            }
            _ => match self.deed.said {
                Said::Both => "name and description agree, and neither speaks of a change",
                Said::Name => "the name says so, and nothing else in the definition speaks of a change",
                Said::Prose => "the description says so, and no word of it changes, starts or ends anything",
                _ => "nothing in it changes, starts or ends anything",
            },
        };
        text.into()
    }

    /// What a reader must know before trusting the words.
    fn warning(&self) -> Sentence {
        let text = if self.has("instructions") {
            "parts of its text speak to a model instead of describing the tool; they were given no weight"
        } else if self.has("hidden-text") {
            "it holds text that people cannot see or that imitates other letters; look at it before use"
        } else if self.has("impersonates") {
            "it claims the place of a tool that is not its own"
        } else if self.has("annotation-conflict") {
            let read_only = self.tool.hint("readOnlyHint") == Some(true);
            if read_only {
                "its server declares it read-only, which its own words contradict"
            } else {
                "its server declares it harmless, which its own words contradict"
            }
        } else {
            ""
        };
        text.into()
    }

    /// How far one call reaches, and what narrows it.
    fn reach(&self) -> Sentence {
        let parameters = &self.parameters;
        if self.verdict.label.category == Category::Read {
            let private = self.has("private-content") && self.has("strangers-text");
            let text = match () {
                () if private => "what others wrote comes back with it, and may hold instructions for the model",
                () if self.has("personal-data") && !self.has("secrets") => "what comes back is about people",
                () => "",
            };
            return text.into();
        }
        if self.has("bulk") {
            return match (&parameters.list, &parameters.narrowing) {
                (Some(list), _) => format!("one call reaches as many as `{list}` lists").into(),
                (None, Some((name, true))) => {
                    format!("one call reaches all of them; the only limit is the optional `{name}`").into()
                }
                (None, Some((name, false))) => {
                    format!("one call can reach many; `{name}` is the first thing that narrows it").into()
                }
                (None, None) if parameters.none => {
                    "one call reaches all of them, and it takes no argument that narrows it".into()
                }
                (None, None) => "one call can reach many at once".into(),
            };
        }
        if self.verdict.open.is_some() {
            return Sentence::default();
        }
        match &parameters.target {
            Some(name) if parameters.count == 1 => format!("`{name}` is all it takes").into(),
            Some(name) if self.verdict.label.risk == Risk::Critical => {
                format!("one call acts on what `{name}` names").into()
            }
            Some(name) => format!("it acts on what `{name}` names").into(),
            None if parameters.none => "it takes no arguments, so every call does the same".into(),
            None => Sentence::default(),
        }
    }

    /// How sure it is, where it is not.
    fn doubt(&self) -> Sentence {
        if self.verdict.confidence >= UNSURE {
            return Sentence::default();
        }
        let runner_up = self.verdict.runner_up;
        let described = self.tool.description().is_some_and(|d| !d.trim().is_empty());
        if described {
            format!("the words leave room for {runner_up}, so it deserves a second look").into()
        } else {
            format!("without a description it may as well be {runner_up}").into()
        }
    }
}

/// Why what the caller passes decides.
fn open(kind: ParamKind, parameter: &str) -> Sentence {
    let name = identifier(parameter).unwrap_or_else(|| "a parameter".to_owned());
    match kind {
        ParamKind::Command => format!(
            "the caller writes the command in {name}, so one call can do whatever the server's own account may: nothing milder than \
             critical fits"
        ).into(),
        ParamKind::Code | ParamKind::Expression => {
            format!(
                "whatever code stands in {name} runs, and the definition sets it no bounds; hence Execute, and critical"
            ).into()
        }
        ParamKind::Sql | ParamKind::Query => format!(
            "the statement in {name} is the caller's and nothing restricts it to reading, so it may change or drop what the database \
             holds: critical"
        ).into(),
        ParamKind::Tool | ParamKind::Arguments => {
            format!("{name} can name any tool behind it, so it is as dangerous as the worst of them").into()
        }
        ParamKind::Method | ParamKind::Url | ParamKind::Endpoint | ParamKind::Body => format!(
            "{name} and the address are the caller's choice, so a call may change whatever the other side lets it: critical"
        ).into(),
        _ => format!("{name} carries what is to be done, and nothing bounds it: critical").into(),
    }
}

/// What the parameters say of reach.
#[derive(Debug, Default)]
struct Parameters<'a> {
    count: usize,
    /// The schema says that there are none, which is more than saying nothing.
    none: bool,
    /// The required one that names what it acts on.
    target: Option<&'a str>,
    /// One that takes a list of targets.
    list: Option<&'a str>,
    /// The optional one that narrows, and whether it is the only one that could.
    narrowing: Option<(&'a str, bool)>,
}

impl<'a> Parameters<'a> {
    fn of(tool: &'a Tool, definition: &Definition) -> Self {
        let mut found = Self {
            count: definition.schema.parameters,
            ..Self::default()
        };
        let Some(schema) = tool.input_schema() else {
            return found;
        };
        found.none = found.count == 0 && schema.get("properties").is_some();
        let Some(properties) = tool.properties() else {
            return found;
        };
        let required = schema.get("required");
        let is_required = |name: &str| required.is_some_and(|names| names.items().any(|n| n.as_str() == Some(name)));
        let paging = |name: &str| {
            let known = definition.schema.known.iter();
            known
                .clone()
                .any(|k| matches!(k.kind, ParamKind::Paging | ParamKind::Confirm) && definition.schema.name(k) == name)
        };
        let mut narrowing = None;
        let mut others = 0;
        for (name, value) in properties.entries().take(60) {
            let kind = value.get("type").and_then(Node::as_str);
            let names_one = is_target(name);
            if kind == Some("array")
                && (name.ends_with("ids") || name.ends_with("Ids") || name == "names" || name == "paths")
            {
                found.list = found.list.or_else(|| shown(name));
            } else if is_required(name) && names_one && kind != Some("object") {
                found.target = found.target.or_else(|| shown(name));
            } else if !is_required(name)
                && matches!(kind, None | Some("string" | "integer" | "number"))
                && !paging(name)
            {
                narrowing = narrowing.or(Some(name));
                others += 1;
            }
        }
        found.narrowing = narrowing.and_then(shown).map(|name| (name, others == 1));
        found
    }
}

/// A name that can be shown.
fn shown(name: &str) -> Option<&str> {
    is_identifier(name).then_some(name)
}

/// Whether a parameter names one thing: `id`, `session_id`, `sessionId`, `path`, `name`.
fn is_target(name: &str) -> bool {
    name == "id"
        || name.ends_with("_id")
        || name.ends_with("Id")
        || name.ends_with("ID") && name.len() > 2
        || matches!(
            name,
            "path" | "file_path" | "filePath" | "name" | "key" | "slug" | "uuid" | "ref" | "number" | "symbol"
        )
}
