//! What a tool does, in a few plain words taken from its definition: a verb and what it acts on. The words are the
//! server's, so they are few, and only letters, digits and what joins them get through.

use std::borrow::Cow;

use super::definition::{self, Definition};
use super::reading::Mention;
use super::verdict::Verdict;
use crate::label::Category;
use crate::manifest::Tool;
use crate::rules::RuleBook;
use crate::rules::lexicon::{form, role};
use crate::rules::weights::Slot;
use crate::text::escape::is_hidden;
use crate::text::words::{Kind, Token};

/// Words of an object.
const MOST_WORDS: usize = 8;
/// Bytes of an object.
const LONGEST: usize = 72;

/// Where it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// In the name and in the description.
    Both,
    /// In the name alone: there is no description, or it says something else.
    Name,
    /// In the description alone.
    Prose,
    /// In the description, in another language than English.
    Foreign,
    /// In a list of operations to choose among.
    Operations,
    /// Nowhere: no verb was found.
    Nowhere,
}

/// A verb and its object: "deletes all session records".
#[derive(Debug)]
pub(super) struct Deed {
    /// Third person, lower case, without a full stop.
    pub(super) text: String,
    pub(super) said: Said,
}

/// Verbs whose third person is not what one would say, in order.
const SPOKEN: [(&str, &str); 37] = [
    ("acks", "acknowledges"),
    ("cats", "prints"),
    ("checkouts", "checks out"),
    ("cleanups", "cleans up"),
    ("dels", "deletes"),
    ("dos", "does"),
    ("evals", "evaluates"),
    ("execs", "executes"),
    ("failovers", "fails over"),
    ("gets", "returns"),
    ("inits", "initialises"),
    ("killalls", "kills every"),
    ("logins", "logs in"),
    ("logoffs", "logs off"),
    ("logons", "logs on"),
    ("logouts", "logs out"),
    ("lookups", "looks up"),
    ("lses", "lists"),
    ("mkdirs", "makes"),
    ("payouts", "pays out"),
    ("peeks", "shows"),
    ("poweroffs", "powers off"),
    ("powerons", "powers on"),
    ("reruns", "runs again"),
    ("rmdirs", "removes"),
    ("rms", "removes"),
    ("rollbacks", "rolls back"),
    ("rollouts", "rolls out"),
    ("setups", "sets up"),
    ("shutdowns", "shuts down"),
    ("signins", "signs in"),
    ("signouts", "signs out"),
    ("stats", "shows facts about"),
    ("teardowns", "tears down"),
    ("topups", "tops up"),
    ("whoamis", "tells who is signed in:"),
    ("whoises", "looks up who is behind"),
];

/// What the tool does.
pub(super) fn of(book: &RuleBook, definition: &Definition, verdict: &Verdict, tool: &Tool) -> Deed {
    let writer = Writer { book, definition, tool };
    if let Some(text) = writer.operations(verdict) {
        let said = Said::Operations;
        return Deed { text, said };
    }
    let category = verdict.label.category;
    let fits = |m: &&Mention| m.effect.category() == Some(category) && m.verb != 0;
    let strong = |slots: &'static [Slot]| definition.mentions().filter(move |m| slots.contains(&m.slot));
    let worst = |slots| strong(slots).filter(fits).max_by_key(|m| m.effect.severity());
    let main = worst(&[Slot::Main, Slot::Coordinated]).or_else(|| worst(&[Slot::Later, Slot::Passive]));
    let name = worst(&[Slot::Name, Slot::NameSecond]);
    // Where no parameter chooses among them, they are no operations of their own.
    let listed = worst(&[Slot::Operation]).filter(|_| name.is_none() && main.is_none());
    let said = match (name, main) {
        (Some(_), Some(_)) => Said::Both,
        (Some(_), None) => Said::Name,
        (None, Some(_)) => Said::Prose,
        (None, None) if listed.is_some() => Said::Operations,
        (None, None) if definition.prose.foreign => Said::Foreign,
        (None, None) => Said::Nowhere,
    };
    // The description has more words for it, the name the better verb.
    let worse = |m: &Mention, n: &Mention| m.effect.severity() >= n.effect.severity();
    let from_prose = match (main, name) {
        (Some(m), Some(n)) if worse(m, n) || m.verb == n.verb => Some(m),
        (Some(m), None) => Some(m),
        _ => None,
    };
    let any = || strong(&[Slot::Main, Slot::Name]).find(|m| m.verb != 0);
    let chosen = from_prose.or(name).or(listed).or_else(any);
    let text = match chosen {
        Some(mention) => writer.clause(mention, name),
        None => writer.without_verb(category),
    };
    Deed { text, said }
}

struct Writer<'a> {
    book: &'a RuleBook,
    definition: &'a Definition,
    tool: &'a Tool,
}

impl Writer<'_> {
    /// "offers 5 operations on notes, among them delete".
    fn operations(&self, verdict: &Verdict) -> Option<String> {
        let operations = &verdict.operations;
        let category = verdict.label.category;
        let is_worst = |o: &&crate::assessment::Operation| o.category == category;
        if operations.len() < 2 || !operations.iter().any(|o| is_worst(&o)) {
            return None;
        }
        let elsewhere =
            |m: &Mention| matches!(m.slot, Slot::Name | Slot::Main) && m.effect.category() == Some(category);
        if self.definition.mentions().any(elsewhere) {
            return None;
        }
        let mut worst: Vec<String> = operations
            .iter()
            .filter(is_worst)
            .filter_map(|o| identifier(&o.value))
            .collect();
        if worst.is_empty() {
            return None;
        }
        let about = self.name_object(self.definition.name.mentions.first());
        let on = about.map_or_else(String::new, |about| format!(" on {about}"));
        let count = operations.len();
        if worst.len() == count {
            return Some(format!("offers {count} operations{on}: {}", listed(&mut worst)));
        }
        Some(format!(
            "offers {count} operations{on}, among them {}",
            listed(&mut worst)
        ))
    }

    fn clause(&self, mention: &Mention, name: Option<&Mention>) -> String {
        let third = self.book.third_person(mention.verb).unwrap_or("handles");
        let said = SPOKEN.binary_search_by_key(&third, |(made, _)| made);
        let spoken = said.map_or(third, |at| SPOKEN[at].1);
        let object = if mention.place.pointer == "/name" {
            self.name_object(Some(mention))
        } else {
            self.prose_object(mention).or_else(|| self.name_object(name))
        };
        let mut text = spoken.to_owned();
        match object {
            Some(object) => {
                if !joins(spoken, &object) {
                    text.push(' ');
                    text.push_str(&object);
                }
            }
            None => text.push_str(" what it is given"),
        }
        text
    }

    fn without_verb(&self, category: Category) -> String {
        let foreign = self.definition.prose.foreign;
        let about = self.name_object(None);
        let verb = match category {
            Category::Read => "returns",
            Category::Write => "changes something about",
            Category::Execute => "sets something going with",
            Category::Destructive => "ends something about",
        };
        match (about, foreign) {
            (Some(about), _) => format!("{verb} {about}"),
            (None, true) => match category {
                Category::Read => "looks something up, as its description says in another language".to_owned(),
                Category::Write => "changes something, as its description says in another language".to_owned(),
                Category::Execute => "sets something going, as its description says in another language".to_owned(),
                Category::Destructive => "ends something, as its description says in another language".to_owned(),
            },
            (None, false) => "does something that its definition does not put into words".to_owned(),
        }
    }

    /// The words of the name that are not its verb, with an article.
    fn name_object(&self, verb: Option<&Mention>) -> Option<String> {
        let name = self.tool.name();
        let tokens = &self.definition.name.tokens;
        let verb_at = verb.map(|m| (m.place.start, m.place.end));
        let every = |t: &Token| self.book.asked.every.contains(&t.word);
        let words: Vec<Cow<'_, str>> = tokens
            .iter()
            .filter(|t| matches!(t.kind, Kind::Word | Kind::Number) && Some((t.start, t.end)) != verb_at)
            .filter(|t| !t.is(role::MODIFIER | role::CONJUNCTION))
            .filter(|t| !every(t))
            .filter_map(|t| clean(name.get(t.start as usize..t.end as usize)?))
            .map(|word| if is_acronym(&word) { word } else { lowered(word) })
            .take(6)
            .collect();
        let last = words.last()?;
        // `find_by_name`: what begins with a preposition is no thing.
        let first_is_joint = tokens
            .iter()
            .find(|t| Some((t.start, t.end)) != verb_at)
            .is_some_and(|t| t.is(role::PREPOSITION));
        let mut object = words.join(" ");
        if tokens.iter().any(every) {
            object.insert_str(0, "all ");
        } else if !first_is_joint && words.len() <= 4 && needs_article(last) {
            object.insert_str(
                0,
                if "aeiou".contains(object.chars().next()?.to_ascii_lowercase()) {
                    "an "
                } else {
                    "a "
                },
            );
        }
        shorten(object)
    }

    /// The words behind a verb up to where its object ends.
    fn prose_object(&self, mention: &Mention) -> Option<String> {
        let text = definition::text_at(self.tool, &mention.place.pointer)?;
        let tokens = &self.definition.prose.tokens;
        let at = tokens
            .iter()
            .position(|t| t.start == mention.place.start && t.end == mention.place.end)?;
        let lexicon = &self.book.lexicon;
        let is_verb = |t: &Token| {
            t.word != 0
                && lexicon
                    .verb(t.word)
                    .is_some_and(|v| !self.book.verbs[v.group as usize].weak)
        };
        let is_any_verb = |t: &Token| {
            t.word != 0
                && lexicon
                    .verb(t.word)
                    .is_some_and(|v| v.forms & (form::BASE | form::THIRD) != 0)
        };
        let mut words: Vec<Cow<'_, str>> = Vec::with_capacity(MOST_WORDS);
        let mut phrases = 0;
        let mut joined = false;
        let mut loose = 0;
        let mut taken = 0;
        for (index, token) in tokens.iter().enumerate().skip(at + 1).take(18) {
            let next = tokens.get(index + 1);
            let empty = words.is_empty();
            match token.kind {
                Kind::Comma | Kind::Slash if empty => {
                    loose += 1;
                    continue;
                }
                Kind::Stop | Kind::Break | Kind::Comma | Kind::Slash => break,
                _ if token.start < taken => continue,
                Kind::Word if token.is(role::CONDITION | role::RELATIVE | role::MODAL | role::BE) => break,
                Kind::Word if token.is(role::NEGATION) && !empty => break,
                Kind::Word if token.is(role::CONJUNCTION) => {
                    if empty {
                        loose += 1;
                        continue;
                    }
                    let goes_on = next.is_some_and(|n| {
                        matches!(n.kind, Kind::Word)
                            && !is_verb(n)
                            && !n.is(role::PREPOSITION | role::ADVERB | role::ASIDE)
                    });
                    if joined || !goes_on {
                        break;
                    }
                    joined = true;
                }
                // "Create, update or delete a webhook": the object comes after the last of them.
                Kind::Word
                    if empty && loose > 0 && next.is_some_and(|n| n.kind == Kind::Word) && is_any_verb(token) =>
                {
                    continue;
                }
                Kind::Word if empty && is_verb(token) && (loose > 0 || next.is_some_and(|n| n.kind == Kind::Comma)) => {
                    loose += 1;
                    continue;
                }
                Kind::Word if token.is(role::PREPOSITION) && !empty => {
                    let leads = self.book.asked.ties.contains(&token.word);
                    if !leads || phrases > 1 {
                        break;
                    }
                    phrases += 1;
                }
                Kind::Word if empty && token.is(role::ADVERB) => continue,
                _ => {}
            }
            // "host-based": one word, whatever stands on its sides.
            let mut end = token.end;
            while text.as_bytes().get(end as usize) == Some(&b'-')
                && let Some(part) = tokens[index + 1..].iter().find(|t| t.start > end)
                && part.start == end + 1
            {
                end = part.end;
            }
            taken = end;
            let Some(raw) = text.get(token.start as usize..end as usize) else {
                break;
            };
            let Some(word) = clean(raw.trim_matches('`')) else {
                break;
            };
            let owners = ["your", "our", "my", "their"];
            let owned = owners.iter().any(|owner| word.eq_ignore_ascii_case(owner));
            words.push(if owned { Cow::Borrowed("the") } else { word });
            if words.len() >= MOST_WORDS {
                break;
            }
        }
        let hangs = |word: &Cow<'_, str>| {
            let number = lexicon.known(&lowered(Cow::Borrowed(word))).unwrap_or(0);
            number != 0
                && lexicon.is(
                    number,
                    role::DETERMINER | role::PREPOSITION | role::CONJUNCTION | role::ADVERB | role::PRONOUN,
                )
        };
        while words.len() > 1 && words.last().is_some_and(hangs) {
            words.pop();
        }
        if words.len() == 1 && words.first().is_some_and(hangs) {
            return None;
        }
        shorten(words.join(" "))
    }
}

/// "logs in" and "login": the object repeats the verb.
fn joins(verb: &str, object: &str) -> bool {
    verb.len() == object.len() && verb == object
}

/// A word that may be shown: letters, digits and what joins them.
fn clean(word: &str) -> Option<Cow<'_, str>> {
    let fine = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '\'' | '’' | '.' | '+' | '#');
    let shown = if word.is_ascii() {
        Cow::Borrowed(word)
    } else {
        word.chars().filter(|c| !is_hidden(*c)).collect()
    };
    let short = (1..=32).contains(&shown.len());
    (short && shown.chars().all(fine)).then_some(shown)
}

/// In small letters; most words are.
fn lowered(word: Cow<'_, str>) -> Cow<'_, str> {
    let small = word.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if small { word } else { Cow::Owned(word.to_lowercase()) }
}

/// A parameter's name or an operation's value in backticks, where it is one.
pub(super) fn identifier(text: &str) -> Option<String> {
    is_identifier(text).then(|| ["`", text, "`"].concat())
}

/// Whether a parameter's name or an operation's value can be shown as it is.
pub(super) fn is_identifier(text: &str) -> bool {
    let fine = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.');
    (1..=40).contains(&text.len()) && text.bytes().all(fine)
}

/// The first three, and how many more.
fn listed(items: &mut Vec<String>) -> String {
    let more = items.len().saturating_sub(3);
    items.truncate(3);
    match (items.as_slice(), more) {
        ([one], 0) => one.clone(),
        ([one, two], 0) => format!("{one} and {two}"),
        (all, 0) => format!("{} and {}", all[..all.len() - 1].join(", "), all[all.len() - 1]),
        (all, more) => format!("{} and {more} more", all.join(", ")),
    }
}

fn is_acronym(word: &str) -> bool {
    word.len() < 6 && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}

/// Whether a noun looks like one that is counted, and one.
fn needs_article(word: &str) -> bool {
    const MASS: [&str; 38] = [
        "info",
        "information",
        "data",
        "content",
        "status",
        "history",
        "access",
        "code",
        "text",
        "mail",
        "memory",
        "health",
        "weather",
        "news",
        "help",
        "usage",
        "metadata",
        "documentation",
        "docs",
        "sql",
        "python",
        "javascript",
        "bash",
        "shell",
        "traffic",
        "storage",
        "music",
        "water",
        "output",
        "input",
        "feedback",
        "progress",
        "active",
        "in",
        "up",
        "on",
        "by",
        "media",
    ];
    let word = word.to_ascii_lowercase();
    let plural = word.ends_with('s') && !word.ends_with("ss") && !word.ends_with("us") && !word.ends_with("is");
    !plural && !MASS.contains(&word.as_str()) && word.chars().all(|c| c.is_ascii_alphabetic())
}

fn shorten(mut text: String) -> Option<String> {
    if text.len() > LONGEST {
        let cut = (0..=LONGEST).rev().find(|i| text.is_char_boundary(*i))?;
        let end = text[..cut].rfind(' ').unwrap_or(cut);
        text.truncate(end);
    }
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_instead_is_found() {
        assert!(SPOKEN.is_sorted_by_key(|(made, _)| made));
    }
}
