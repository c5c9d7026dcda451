//! Words that say something by themselves, beside every rule: which of a definition's words the table has, and how
//! far they lean. Bounded on purpose: they settle what the rules leave open, and no more.

use super::definition::{self, Definition};
use super::name::NameReading;
use super::params::{self, Pointer, SchemaReading};
use super::prose::ProseReading;
use super::verdict;
use crate::effect::Effect;
use crate::manifest::Tool;
use crate::rules::RuleBook;
use crate::rules::weights::{Manner, Row, Slot};
use crate::rules::words::Stand;
use crate::text::words::{Kind, Token, fold};

/// Words of the first sentence that count.
const LONGEST: usize = 18;
/// How far words together lean towards or away from a category, in hundredths of a nat.
const BOUND: i32 = 150;

/// A word that says something, once however often it stands there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hint {
    pub(crate) stand: Stand,
    /// Its index in the table.
    pub(crate) index: u16,
    pub(crate) place: HintPlace,
}

/// Where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) enum HintPlace {
    /// These bytes of the name, or of the prose.
    Word { start: u32, end: u32 },
    /// It is this parameter, whose name has so many bytes.
    Parameter { pointer: Pointer, length: u32 },
}

/// The words of a definition that the table has.
pub(crate) fn of(book: &RuleBook, name: &NameReading, prose: &ProseReading, schema: &SchemaReading) -> Vec<Hint> {
    let mut hints = Hints::default();
    // "Executes the `publish` operation": a pair says that the verb tells nothing, so its word does not either.
    let mut silent = prose.mentions.iter().filter(|m| m.slot == Slot::Main);
    let silent = silent.find(|m| m.effect == Effect::Vague && m.object.is_some());
    for (stand, token) in standing(&name.tokens, &prose.tokens) {
        // Nor do the words of a sentence in another language, of which the table knows too little.
        let tells_nothing = prose.foreign || silent.is_some_and(|m| m.place.start == token.start);
        if stand != Stand::Name && tells_nothing {
            continue;
        }
        let index = book.words.index(stand, token.entry);
        let place = HintPlace::Word {
            start: token.start,
            end: token.end,
        };
        hints.add(Hint { stand, index, place });
    }
    for hint in &schema.hints {
        hints.add(*hint);
    }
    hints.list
}

/// Hints, each once.
struct Hints {
    list: Vec<Hint>,
    /// A bit for each hashed index: most are new.
    seen: u128,
}

impl Default for Hints {
    fn default() -> Self {
        Self {
            list: Vec::with_capacity(24),
            seen: 0,
        }
    }
}

impl Hints {
    fn add(&mut self, hint: Hint) {
        if hint.index == 0 {
            return;
        }
        let bit = 1 << (hint.index % 128);
        if self.seen & bit == 0 || !self.list.iter().any(|known| known.index == hint.index) {
            self.seen |= bit;
            self.list.push(hint);
        }
    }
}

/// The same words as text, whether the table has them or not.
pub(crate) fn words(book: &RuleBook, tool: &Tool) -> Vec<(Stand, String)> {
    let definition = Definition::read(book, tool);
    let prose = definition::text_at(tool, definition::prose_pointer(tool)).unwrap_or_default();
    let mut buffer = String::new();
    let mut found: Vec<(Stand, String)> = standing(&definition.name.tokens, &definition.prose.tokens)
        .filter_map(|(stand, token)| {
            let text = if stand == Stand::Name { tool.name() } else { &prose };
            let word = text.get(token.start as usize..token.end as usize)?;
            Some((stand, fold(word, &mut buffer).to_owned()))
        })
        .collect();
    let parameters = params::names(book, tool).into_iter();
    found.extend(parameters.map(|name| (Stand::Parameter, name)));
    found.retain(|(_, word)| !word.is_empty());
    found.sort();
    found.dedup();
    found
}

/// The words of a name and of the first sentence of a text that count, each with its place.
pub(crate) fn standing<'a>(name: &'a [Token], prose: &'a [Token]) -> impl Iterator<Item = (Stand, Token)> + 'a {
    let words = |tokens: &'a [Token]| tokens.iter().filter(|token| token.kind == Kind::Word).copied();
    let begin = prose.iter().position(|token| token.kind == Kind::Word);
    let rest = &prose[begin.unwrap_or(prose.len())..];
    let end = rest.iter().position(|token| token.kind == Kind::Stop);
    let sentence = words(&rest[..end.unwrap_or(rest.len())]).take(LONGEST);
    let first = sentence.clone().take(1).map(|token| (Stand::First, token));
    words(name)
        .map(|token| (Stand::Name, token))
        .chain(first)
        .chain(sentence.map(|token| (Stand::Sentence, token)))
}

/// The scores of the rules with what words of these `rows` add.
pub(crate) fn added(told: Row, always: Row, rows: impl Iterator<Item = (Stand, Row)>, verbs: Manner) -> Row {
    sum(told, lean(always, rows, verdict::ranking(told)[0], verbs))
}

pub(crate) fn sum(one: Row, other: Row) -> Row {
    std::array::from_fn(|category| one[category] + other[category])
}

/// What the words of these `rows` add to each category, beside what every tool has, where the rules alone come to the
/// category at `best`. Where the `verbs` do more than read, nothing but the name speaks for a Read: anybody can write a
/// harmless sentence.
pub(crate) fn lean(always: Row, rows: impl Iterator<Item = (Stand, Row)>, best: usize, verbs: Manner) -> Row {
    const READ: usize = 0;
    let (mut all, mut name) = (always, always);
    for (stand, row) in rows {
        for (category, weight) in row.into_iter().enumerate() {
            all[category] += weight;
            if stand == Stand::Name {
                name[category] += weight;
            }
        }
    }
    let (mut all, name) = (bounded(all), bounded(name));
    if matches!(verbs, Manner::Writes | Manner::Acts) {
        all[READ] = all[READ].min(all[best] + (name[READ] - name[best]).max(0));
    }
    all
}

/// Measured from their middle, within [`BOUND`].
fn bounded(row: Row) -> Row {
    let middle = row.iter().sum::<i32>() / row.len() as i32;
    row.map(|weight| (weight - middle).clamp(-BOUND, BOUND))
}

/// Whether words that lean so far say by themselves that a tool reads, where nothing else says anything.
pub(crate) fn say_read(lean: Row) -> bool {
    /// How much further they must lean towards it than anywhere else.
    const CLEARLY: i32 = 70;
    let [read, others @ ..] = lean;
    others.iter().all(|other| read - other >= CLEARLY)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::assessment::Assessment;
    use crate::classify::{Annotations, Classifier};
    use crate::label::Category;
    use crate::policy::decide::DecisionTable;
    use crate::rules::sources::Sources;
    use crate::rules::words::WordTable;

    fn assess(words: &str, tool: &Value) -> Assessment {
        let words = WordTable::parse("words.tsv", words).expect("a table");
        let sources = Sources::embedded().expect("our own rules").with_words(words);
        let book = sources.book().expect("a book");
        let tool = Tool::from_value(tool).expect("a tool");
        Classifier::new(book, DecisionTable::default(), Annotations::Weigh).assess(&tool, None)
    }

    #[test]
    fn a_word_settles_what_no_rule_says_and_is_shown() {
        let tool = json!({"name": "qqxx_notes", "description": "Notes, qqxxed."});
        let without = assess("", &tool);
        assert_ne!(without.category, Category::Execute);
        let with = assess("name\tqqxx\t-300\t-300\t900\t-300\n", &tool);
        assert_eq!(with.category, Category::Execute);
        let shown = &with.evidence[0];
        assert_eq!(
            (&*shown.rule, &*shown.pointer, &*shown.text),
            ("word/name", "/name", "qqxx")
        );
        assert!(shown.weight > 0 && shown.says == Some(Category::Execute));
    }

    #[test]
    fn a_parameter_is_shown_where_it_stands() {
        let tool = json!({"name": "qqxx", "inputSchema": {"properties": {"Zorch/Now": {"type": "string"}}}});
        let assessment = assess("parameter\tzorch_now\t-300\t-300\t900\t-300\n", &tool);
        let shown = &assessment.evidence[0];
        assert_eq!((&*shown.rule, &*shown.text), ("word/parameter", "Zorch/Now"));
        assert_eq!(&*shown.pointer, "/inputSchema/properties/Zorch~1Now");
    }

    #[test]
    fn words_overrule_no_verb() {
        let safe =
            "sentence\tharmless\t90000\t0\t0\t0\nfirst\tharmless\t90000\t0\t0\t0\nparameter\tlimit\t90000\t0\t0\t0\n";
        for (name, category) in [
            ("delete_notes", Category::Destructive),
            ("send_note", Category::Write),
            ("restart_host", Category::Execute),
        ] {
            let tool = json!({
                "name": name, "description": "Harmless harmless harmless.",
                "inputSchema": {"properties": {"limit": {"type": "integer"}}},
            });
            assert_eq!(assess(safe, &tool).category, category, "{name}");
        }
    }

    #[test]
    fn words_lean_so_far_and_no_further() {
        let rows = |stand| std::iter::once((stand, [90_000, 0, 0, -90_000]));
        let most = lean([0; 4], rows(Stand::Name), 1, Manner::Unknown);
        assert_eq!(most, [BOUND, 0, 0, -BOUND]);
        let held = lean([0; 4], rows(Stand::Sentence), 1, Manner::Writes);
        assert_eq!(held[0], held[1], "a sentence makes no Read of what changes something");
        assert_eq!(lean([0; 4], rows(Stand::Name), 1, Manner::Writes)[0], BOUND);
    }

    #[test]
    fn a_word_counts_once() {
        let words = WordTable::parse("words.tsv", "sentence\tnotes\t5\t0\t0\t0\n").expect("a table");
        let sources = Sources::embedded().expect("our own rules").with_words(words);
        let book = sources.book().expect("a book");
        let tool = Tool::from_value(&json!({"name": "x", "description": "Lists notes, notes and notes."}));
        let definition = Definition::read(&book, &tool.expect("a tool"));
        assert_eq!(definition.hints.len(), 1);
    }
}
