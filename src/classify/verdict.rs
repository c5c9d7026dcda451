//! The decision: the scorecard's sums, the constraints that no sum can undo, the risk, the confidence, and the
//! evidence, all from the same fired rules.

use super::Annotations;
use super::definition::{self, Definition};
use super::hints;
use super::params::Known;
use super::reading::{Mention, Place};
use crate::assessment::{Conflict, Evidence, Operation};
use crate::effect::Effect;
use crate::label::{Category, Label, Risk};
use crate::manifest::Tool;
use crate::rules::RuleBook;
use crate::rules::book::{ParamKind, RuleId};
use crate::rules::file::Calibration;
use crate::rules::weights::{Feature, Manner, ROW_ORDER, Row, Slot};

/// What was decided.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) label: Label,
    pub(crate) runner_up: Category,
    /// Thousandths.
    pub(crate) confidence: u16,
    pub(crate) operations: Vec<Operation>,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) conflicts: Vec<Conflict>,
    /// What the label rests on most: for the rationale.
    pub(crate) leading: Option<Mention>,
    /// The open argument, where there is one.
    pub(crate) open: Option<OpenArgument>,
}

/// A parameter through which the caller decides what runs.
#[derive(Clone, Debug)]
pub(crate) struct OpenArgument {
    pub(crate) rule: RuleId,
    pub(crate) kind: ParamKind,
    pub(crate) parameter: String,
    pub(crate) place: Place,
}

impl Verdict {
    pub(crate) fn of(book: &RuleBook, definition: &Definition, tool: &Tool, annotations: Annotations) -> Self {
        let told = book.weights.scores(&definition.features);
        let by_rules = ranking(told)[0];
        let rows = definition.hints.iter().map(|h| (h.stand, book.words.row(h.index)));
        let lean = hints::lean(book.words.always, rows, by_rules, definition.verbs);
        let scores = hints::sum(told, lean);
        let order = ranking(scores);
        let open = open_argument(book, definition);
        let floor = floor(definition, open.as_ref(), tool);
        let mut category = ROW_ORDER[order[0]];
        let mut forced = false;
        if let Some(floor) = floor.filter(|f| f.category > category) {
            category = floor.category;
            forced = true;
        } else if category != Category::Read && floor.is_none() && definition.only_reads() {
            category = Category::Read;
        }
        let mut confidence = confidence(scores, category, book.calibration, forced);
        if category == Category::Read && definition.is_silent() && !hints::say_read(lean) {
            // Nothing was read at all: the safer label, and no confidence in it.
            category = Category::Write;
            confidence = confidence.min(500);
        }
        if annotations == Annotations::Weigh
            && category == Category::Read
            && tool.hint("readOnlyHint") == Some(false)
            && confidence < 900
        {
            // A claim may raise: what its own server says is no read, and the words do not settle, is none.
            category = Category::Write;
            confidence = 1000 - confidence.min(600);
        }
        let runner_up = order
            .iter()
            .map(|i| ROW_ORDER[*i])
            .find(|c| *c != category)
            .unwrap_or(Category::Write);
        let label = Label::new(category, risk(book, definition, category, open.as_ref()));
        let leading = leading(definition, category).cloned();
        let mut evidence = evidence(book, definition, tool, label, runner_up, open.as_ref());
        if !forced && category != ROW_ORDER[by_rules] || evidence.is_empty() {
            evidence.splice(0..0, hinted(book, definition, tool, category, runner_up));
        }
        let conflicts = if annotations == Annotations::Weigh {
            conflicts(tool, label, &evidence)
        } else {
            Vec::new()
        };
        let operations = operations(definition);
        Self {
            label,
            runner_up,
            confidence,
            operations,
            evidence,
            conflicts,
            leading,
            open,
        }
    }
}

/// Categories by score, best first; the more severe first where they tie.
pub(super) fn ranking(scores: Row) -> [usize; 4] {
    let mut order = [0, 1, 2, 3];
    order.sort_by_key(|&i| (std::cmp::Reverse(scores[i]), std::cmp::Reverse(i)));
    order
}

/// `e^(-n/100)` for n from 0; multiplication alone, so that every platform has the same bits.
fn decay(hundredths: i32) -> f64 {
    const PART: usize = 64;
    const STEP: f64 = 0.990_049_833_749_168_1;
    const SMALL: [f64; PART] = powers(STEP);
    const LARGE: [f64; PART] = powers(SMALL[PART - 1] * STEP);
    let n = hundredths.clamp(0, 4000) as usize;
    LARGE[n / PART] * SMALL[n % PART]
}

/// The powers of a number, from the one that is 1 on.
const fn powers<const N: usize>(base: f64) -> [f64; N] {
    let mut powers = [1.0; N];
    let mut at = 1;
    while at < N {
        powers[at] = powers[at - 1] * base;
        at += 1;
    }
    powers
}

/// The probability that `category` is right, in thousandths: the softmax of the scores at the fitted temperature.
/// Where a constraint overruled the sum, what the constraints were right about on labelled tools.
fn confidence(scores: Row, category: Category, calibration: Calibration, forced: bool) -> u16 {
    if forced {
        return calibration.forced;
    }
    let best = scores.into_iter().max().unwrap_or(0);
    let scaled = |score: i32| decay((best - score) * 100 / calibration.temperature.max(1));
    let total: f64 = scores.into_iter().map(scaled).sum();
    let index = ROW_ORDER.iter().position(|c| *c == category).unwrap_or(0);
    ((scaled(scores[index]) / total * 1000.0 + 0.5) as u16).min(999)
}

/// The mildest category that the hard constraints allow: an open argument is Execute, and what the head of the name
/// or the main clause ends is ended, whatever the rest says.
fn floor(definition: &Definition, open: Option<&OpenArgument>, tool: &Tool) -> Option<Label> {
    let takes_statement = open.is_some_and(|open| matches!(open.kind, ParamKind::Sql | ParamKind::Query));
    let ends = definition.mentions().any(|m| {
        let ends = !m.weak && m.effect == Effect::End && (m.slot.is_strong() || definition.is_for_good(m));
        ends && !(takes_statement && definition.is_statement_kind(m, tool))
    });
    if ends {
        return Effect::End.label();
    }
    if open.is_some() {
        return Effect::Open.label();
    }
    // "list, get, run": the most severe of what there is to choose (guide, S0).
    let offered = definition.schema.offered.iter();
    let acts = offered
        .filter_map(|offered| offered.label)
        .max_by_key(|label| label.category);
    if let Some(acts) = acts.filter(|label| label.category == Category::Execute) {
        return Some(acts);
    }
    // "Get or update a note": one is offered as much as the other (guide, S0). What makes something act stands beside a
    // reading verb in another sense, too: "search and navigate".
    let mut joined = definition.mentions().filter(|m| m.joined);
    let changes = joined.find(|m| m.effect.category() == Some(Category::Write))?;
    changes.effect.label()
}

/// S1: a parameter that carries what runs, on a tool whose verbs make something run, or that says so of itself on any
/// tool but one that keeps what it is given.
fn open_argument(book: &RuleBook, definition: &Definition) -> Option<OpenArgument> {
    let says_nothing = definition.mentions().next().is_none();
    let mentions = || {
        definition
            .mentions()
            .filter(|m| matches!(m.slot, Slot::Name | Slot::Main | Slot::Foreign))
    };
    let runs = mentions().any(|m| matches!(m.effect, Effect::Open | Effect::Statement | Effect::Act));
    let opens = mentions().any(|m| matches!(m.effect, Effect::Open | Effect::Statement));
    let stores = matches!(definition.manner(Slot::Name), Manner::Writes | Manner::Reads);
    let keeps = definition.manner(Slot::Name) == Manner::Writes;
    let reads_only = definition.prose.restricted();
    let known = definition.schema.known.iter().filter(|k| k.free);
    let has = |kind: ParamKind| definition.schema.known.iter().any(|k| k.kind == kind);
    let found = known.clone().find(|k| match k.kind {
        // Who adds a command to a record has it run later: a job, a container.
        ParamKind::Command => runs && !stores || opens || k.runs || keeps || says_nothing,
        ParamKind::Code => {
            (runs && !stores)
                || opens
                || ((k.runs || definition.prose.runs_code) && !keeps)
                || says_nothing && definition.name.names(&book.asked.languages)
        }
        ParamKind::Sql | ParamKind::Query if definition.prose.runs_what_it_explains => !reads_only,
        ParamKind::Sql => !reads_only && (opens || runs && !stores || says_nothing),
        ParamKind::Query => mentions().any(|m| m.effect == Effect::Statement) && !reads_only && !stores,
        ParamKind::Tool => has(ParamKind::Arguments) && !stores,
        // "Execute an action", and its arguments beside it.
        ParamKind::Action => {
            let named = ["action", "operation"].contains(&&*definition.schema.name(k));
            named && runs && !stores && has(ParamKind::Arguments) && definition.schema.offered.is_empty()
        }
        ParamKind::Method => {
            let path = has(ParamKind::Path) && has(ParamKind::Body);
            let body = has(ParamKind::Url) && has(ParamKind::Body);
            (!stores || !keeps && body) && (has(ParamKind::Url) || has(ParamKind::Endpoint) || path)
        }
        // `api_patch {path, body}`: the name says the method, the caller says where.
        ParamKind::Url | ParamKind::Endpoint | ParamKind::Path => {
            has(ParamKind::Body) && definition.name.ends_in(&book.asked.methods)
        }
        // `browser_agent {task}`
        ParamKind::Task => definition.name.names(&book.asked.agent),
        _ => false,
    })?;
    let parameter = definition.schema.name(found).into_owned();
    Some(OpenArgument {
        rule: book.params[found.rule].id,
        kind: found.kind,
        place: Place {
            pointer: definition.schema.pointer(found.pointer).to_owned().into(),
            start: 0,
            end: parameter.len() as u32,
        },
        parameter,
    })
}

/// Parameters that take a command, code, a statement or another tool's call from the caller, also where no verb says
/// that it is run: nobody adds one for nothing.
pub(crate) fn carriers(definition: &Definition) -> Vec<String> {
    let stores = definition.manner(Slot::Name) == Manner::Writes;
    let reads_only = definition.prose.restricted();
    let carries = |known: &Known| match known.kind {
        ParamKind::Command => true,
        // A country or a gift card has a code too.
        ParamKind::Code => !stores && definition.schema.name(known) != "code",
        ParamKind::Sql => !reads_only,
        _ => false,
    };
    let known = definition.schema.known.iter().filter(|k| k.free && carries(k));
    known.map(|k| definition.schema.name(k).into_owned()).collect()
}

/// The mention that a category rests on most.
fn leading(definition: &Definition, category: Category) -> Option<&Mention> {
    let of_category = definition.mentions().filter(|m| m.effect.category() == Some(category));
    of_category.min_by_key(|m| (m.slot, std::cmp::Reverse(m.effect.severity())))
}

/// The risk within a category: the worst that the strong places say of it.
fn risk(book: &RuleBook, definition: &Definition, category: Category, open: Option<&OpenArgument>) -> Risk {
    let of_category = definition.mentions().filter(|m| m.effect.category() == Some(category));
    let worst = of_category
        .filter(|m| m.slot.is_strong())
        .filter_map(|m| m.effect.label())
        .map(|l| l.risk)
        .max();
    let takes = |kind: ParamKind| definition.schema.known.iter().any(|k| k.kind == kind && k.free);
    let signs_in = definition
        .mentions()
        .any(|m| m.slot == Slot::Name && &**book.id(m.rule) == "verb/sign-in");
    match category {
        Category::Read if takes(ParamKind::Source) && !definition.schema.identified => {
            worst.unwrap_or(Risk::Low).max(Risk::Medium)
        }
        Category::Read => worst.unwrap_or(Risk::Low),
        Category::Write if takes(ParamKind::Grant) || takes(ParamKind::Credential) && !signs_in => Risk::Critical,
        Category::Execute if open.is_some() => Risk::Critical,
        Category::Write | Category::Execute => worst.unwrap_or(Risk::Medium).max(Risk::Medium),
        Category::Destructive => worst.unwrap_or(Risk::Critical),
    }
}

fn operations(definition: &Definition) -> Vec<Operation> {
    let offered = &definition.schema.offered;
    let fallback = Label::new(Category::Write, Risk::Medium);
    offered
        .iter()
        .map(|o| {
            let label = o.label.unwrap_or(fallback);
            Operation {
                parameter: o.parameter.clone(),
                value: o.value.clone(),
                category: label.category,
                risk: label.risk,
            }
        })
        .collect()
}

/// The words that the label rests on, those that speak for it first, by weight against the runner-up.
fn evidence(
    book: &RuleBook,
    definition: &Definition,
    tool: &Tool,
    label: Label,
    runner_up: Category,
    open: Option<&OpenArgument>,
) -> Vec<Evidence> {
    let weight = |feature: Feature| {
        let row = book.weights.row(feature);
        let of = |category: Category| ROW_ORDER.iter().position(|c| *c == category).map_or(0, |i| row[i]);
        of(label.category) - of(runner_up)
    };
    let mut found: Vec<Evidence> = Vec::with_capacity(8);
    for mention in definition.mentions() {
        // The object that a pair rests on belongs to the words, where it stands right behind or before the verb.
        let wide = mention.object.map(|(start, end)| Place {
            pointer: mention.place.pointer.clone(),
            start: start.min(mention.place.start),
            end: end.max(mention.place.end),
        });
        let wide = wide.filter(|place| place.end - place.start <= 48);
        let place = wide.as_ref().unwrap_or(&mention.place);
        let says = mention.effect.category();
        let aside = matches!(mention.slot, Slot::Aside | Slot::Order | Slot::Side) && says != Some(label.category);
        let same = |e: &Evidence| e.start == place.start as usize && e.pointer == place.pointer;
        if !aside && !found.iter().any(same) {
            let mut evidence = definition::evidence(tool, book.id(mention.rule), place, says);
            evidence.weight = weight(Feature::operation(mention.slot, mention.effect));
            found.push(evidence);
        }
    }
    if let Some(open) = open {
        let mut evidence = definition::evidence(tool, book.id(open.rule), &open.place, Some(Category::Execute));
        evidence.weight = weight(Feature::param(open.kind, Manner::Acts)).max(100);
        found.push(evidence);
    }
    found.sort_by_key(|e| (e.says != Some(label.category), std::cmp::Reverse(e.weight)));
    found.truncate(16);
    found
}

/// The words that made the difference, those that did most first.
fn hinted(
    book: &RuleBook,
    definition: &Definition,
    tool: &Tool,
    category: Category,
    runner_up: Category,
) -> Vec<Evidence> {
    /// Words that are shown.
    const MOST: usize = 4;
    let mut found: Vec<Evidence> = Vec::new();
    for hint in &definition.hints {
        let row = book.words.row(hint.index);
        let of = |category: Category| ROW_ORDER.iter().position(|c| *c == category).map_or(0, |i| row[i]);
        let weight = of(category) - of(runner_up);
        if let Some(rule) = book.words.id(hint.stand).filter(|_| weight > 0) {
            let place = definition.place_of(hint, tool);
            let mut evidence = definition::evidence(tool, book.id(rule), &place, Some(category));
            evidence.weight = weight;
            found.push(evidence);
        }
    }
    found.sort_by_key(|e| std::cmp::Reverse(e.weight));
    found.truncate(MOST);
    found
}

fn conflicts(tool: &Tool, label: Label, evidence: &[Evidence]) -> Vec<Conflict> {
    let words = || {
        let said = evidence.iter().find(|e| e.says == Some(label.category));
        said.map_or_else(String::new, |e| format!(": {:?} in {}", e.text, e.pointer))
    };
    let mut found = Vec::new();
    let mut add = |hint: &str, declared: bool, message: String| {
        found.push(Conflict {
            hint: hint.to_owned(),
            declared,
            message,
        });
    };
    let (read_only, destructive) = (tool.hint("readOnlyHint"), tool.hint("destructiveHint"));
    if read_only == Some(true) && label.category != Category::Read {
        add(
            "readOnlyHint",
            true,
            format!(
                "declares that it only reads, but its definition is {}{}",
                label.category,
                words()
            ),
        );
    }
    if read_only == Some(true) && destructive == Some(true) {
        add(
            "destructiveHint",
            true,
            "declares that it only reads and that it destroys".to_owned(),
        );
    }
    if destructive == Some(false) && label.category == Category::Destructive {
        add(
            "destructiveHint",
            false,
            format!("declares that it does not destroy, but its definition does{}", words()),
        );
    }
    if read_only == Some(false) && label.category == Category::Read {
        add(
            "readOnlyHint",
            false,
            "declares that it does more than read; nothing else in its definition says so".to_owned(),
        );
    }
    found
}
