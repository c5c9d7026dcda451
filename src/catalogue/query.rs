//! What a person types into a search, as an expression of the full text index: words, all of which must be there; a
//! "phrase in quotes"; a beginn* of words; -words that must not be there. Nothing that is typed is an error of
//! syntax. Pure.

use std::fmt::Write as _;

/// The columns that words are looked for in; properties have one of their own.
const COLUMNS: &str = "{tool server description rationale}";

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    wanted: Vec<String>,
    unwanted: Vec<String>,
}

impl Query {
    /// Reads what was typed.
    pub fn parse(typed: &str) -> Self {
        let mut query = Self::default();
        let mut rest = typed.trim_start();
        while !rest.is_empty() {
            let negated = rest.starts_with('-');
            let body = rest.strip_prefix('-').unwrap_or(rest);
            let (text, after) = match body.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
                None => body
                    .find(char::is_whitespace)
                    .map_or((body, ""), |end| body.split_at(end)),
            };
            let (text, after, prefix) = match (text.strip_suffix('*'), after.strip_prefix('*')) {
                (Some(text), _) => (text, after, true),
                (None, Some(after)) => (text, after, true),
                (None, None) => (text, after, false),
            };
            if text.chars().any(char::is_alphanumeric) {
                let quoted: String = text
                    .chars()
                    .map(|c| if c == '"' || c == '\0' { ' ' } else { c })
                    .collect();
                let term = format!("\"{quoted}\"{}", if prefix { "*" } else { "" });
                if negated {
                    &mut query.unwanted
                } else {
                    &mut query.wanted
                }
                .push(term);
            }
            rest = after.trim_start();
        }
        query
    }

    /// Whether there is no word that a tool must have.
    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }

    /// Expressions for the words of phrases, each by itself in names: where one finds nothing, the phrase is in no name.
    /// Longer words, which are mostly rarer, come first.
    pub(super) fn words_of_phrases(&self) -> impl Iterator<Item = String> {
        let phrases = self.wanted.iter().filter(|term| !term.ends_with('*'));
        let phrases = phrases.filter(|term| words(term).count() > 1);
        let mut words: Vec<&str> = phrases.flat_map(|term| words(term)).collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        words.into_iter().map(|word| format!("{{tool}}:\"{word}\""))
    }

    /// The expression, for the given properties, in the given columns; `None` where it would match everything.
    pub(super) fn expression(&self, facets: &[String], scope: Scope) -> Option<String> {
        let columns = match scope {
            Scope::Everywhere => COLUMNS,
            Scope::Names => "{tool}",
        };
        let mut parts: Vec<String> = facets.iter().map(|facet| format!("facets:\"{facet}\"")).collect();
        parts.extend(self.wanted.iter().map(|term| format!("{columns}:{term}")));
        if parts.is_empty() {
            return None;
        }
        let mut expression = format!("({})", parts.join(" AND "));
        for term in &self.unwanted {
            // Writing to a string cannot fail.
            let _ = write!(expression, " NOT {COLUMNS}:{term}");
        }
        Some(expression)
    }
}

/// A term taken apart where the index does so, too. What is not ASCII is left for the index to take apart.
fn words(term: &str) -> impl Iterator<Item = &str> {
    term.split(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
}

/// Where words are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// In all texts.
    Everywhere,
    /// In the names of tools.
    Names,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expression(typed: &str) -> Option<String> {
        Query::parse(typed).expression(&[], Scope::Names)
    }

    #[test]
    fn words_phrases_beginnings_and_exclusions() {
        assert_eq!(
            expression("read file").as_deref(),
            Some("({tool}:\"read\" AND {tool}:\"file\")")
        );
        assert_eq!(expression("\"read file\"").as_deref(), Some("({tool}:\"read file\")"));
        assert_eq!(expression("del*").as_deref(), Some("({tool}:\"del\"*)"));
        assert_eq!(
            expression("a -b").as_deref(),
            Some("({tool}:\"a\") NOT {tool server description rationale}:\"b\"")
        );
    }

    #[test]
    fn phrases_are_taken_apart_and_words_are_not() {
        let words: Vec<_> = Query::parse("note \"signed-in account\" \"a b\"* -\"c d\" \"e\u{301}tat\"")
            .words_of_phrases()
            .collect();
        assert_eq!(words, ["{tool}:\"account\"", "{tool}:\"signed\"", "{tool}:\"in\""]);
    }

    #[test]
    fn nothing_typed_reaches_the_index_as_syntax() {
        assert_eq!(expression("\"open AND (").as_deref(), Some("({tool}:\"open AND (\")"));
        assert_eq!(expression("a\"b").as_deref(), Some("({tool}:\"a b\")"));
        assert_eq!(
            expression("* - ( ) \"\" NEAR/2").as_deref(),
            Some("({tool}:\"NEAR/2\")")
        );
        assert_eq!(expression("  "), None);
        let facet = Query::default().expression(&["xcread".to_owned()], Scope::Names);
        assert_eq!(facet.as_deref(), Some("(facets:\"xcread\")"));
    }
}
