//! Which words of a text changed. Exact for ordinary texts; bounded for hostile ones, whose changed middle
//! is then shown as a whole.

use serde::Serialize;
use similar::{ChangeTag, TextDiff};

/// A run of words and what happened to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// What happened.
    pub tag: Tag,
    /// The words, with the spaces between them.
    pub text: String,
}

/// What happened to a run of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tag {
    /// It stayed.
    Same,
    /// It is new.
    Added,
    /// It is gone.
    Removed,
}

/// Words on either side beyond which the differing middle is not compared word by word.
const LIMIT: usize = 4_000;

/// The pieces that turn `was` into `is`.
pub fn pieces(was: &str, is: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let start = common_start(was, is);
    let end = common_end(&was[start..], &is[start..]);
    let (old, new) = (&was[start..was.len() - end], &is[start..is.len() - end]);
    push(&mut pieces, Tag::Same, &was[..start]);
    if count(old).max(count(new)) > LIMIT {
        push(&mut pieces, Tag::Removed, old);
        push(&mut pieces, Tag::Added, new);
    } else {
        for change in TextDiff::from_slices(&tokens(old), &tokens(new)).iter_all_changes() {
            let tag = match change.tag() {
                ChangeTag::Equal => Tag::Same,
                ChangeTag::Insert => Tag::Added,
                ChangeTag::Delete => Tag::Removed,
            };
            push(&mut pieces, tag, change.value());
        }
    }
    push(&mut pieces, Tag::Same, &was[was.len() - end..]);
    joined(pieces)
}

/// The pieces with single words that happen to stay between two changes made part of them: a rewritten
/// sentence is shown as one, not as a ladder of words.
fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
    let last = pieces.len().saturating_sub(1);
    let mut out = Vec::with_capacity(pieces.len());
    let (mut removed, mut added) = (String::new(), String::new());
    for (index, piece) in pieces.into_iter().enumerate() {
        match piece.tag {
            Tag::Removed => removed.push_str(&piece.text),
            Tag::Added => added.push_str(&piece.text),
            Tag::Same if index > 0 && index < last && count(&piece.text) < 2 => {
                removed.push_str(&piece.text);
                added.push_str(&piece.text);
            }
            Tag::Same => {
                push(&mut out, Tag::Removed, &std::mem::take(&mut removed));
                push(&mut out, Tag::Added, &std::mem::take(&mut added));
                push(&mut out, Tag::Same, &piece.text);
            }
        }
    }
    push(&mut out, Tag::Removed, &removed);
    push(&mut out, Tag::Added, &added);
    out
}

/// The runs with this tag, joined and trimmed; what stood between them becomes an ellipsis.
pub fn only(pieces: &[Piece], tag: Tag) -> String {
    let mut out = String::new();
    for piece in pieces.iter().filter(|p| p.tag == tag && !p.text.trim().is_empty()) {
        if !out.is_empty() {
            out.push_str(" … ");
        }
        out.push_str(
            piece
                .text
                .trim_start_matches(|c: char| c.is_whitespace() || ",;.:".contains(c))
                .trim_end(),
        );
    }
    out
}

/// Words, runs of whitespace, and every other character by itself.
fn tokens(text: &str) -> Vec<&str> {
    let class = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => 0,
        c if c.is_whitespace() => 1,
        _ => 2,
    };
    let mut tokens = Vec::new();
    let (mut start, mut before) = (0, None);
    for (at, c) in text.char_indices() {
        let this = class(c);
        if before.is_some_and(|b| b != this || this == 2) {
            tokens.push(&text[start..at]);
            start = at;
        }
        before = Some(this);
    }
    if before.is_some() {
        tokens.push(&text[start..]);
    }
    tokens
}

fn push(pieces: &mut Vec<Piece>, tag: Tag, text: &str) {
    if text.is_empty() {
        return;
    }
    match pieces.last_mut() {
        Some(last) if last.tag == tag => last.text.push_str(text),
        _ => pieces.push(Piece {
            tag,
            text: text.to_owned(),
        }),
    }
}

fn count(text: &str) -> usize {
    text.split_whitespace().count()
}

/// Bytes of the common beginning, up to the last whitespace in it, so that no word is cut.
fn common_start(one: &str, two: &str) -> usize {
    let mut boundary = 0;
    for ((at, a), b) in one.char_indices().zip(two.chars()) {
        if a != b {
            return boundary;
        }
        if a.is_whitespace() {
            boundary = at + a.len_utf8();
        }
    }
    boundary
}

/// Bytes of the common end, from the first whitespace in it.
fn common_end(one: &str, two: &str) -> usize {
    let (mut boundary, mut seen) = (0, 0);
    for (a, b) in one.chars().rev().zip(two.chars().rev()) {
        if a != b {
            break;
        }
        seen += a.len_utf8();
        if a.is_whitespace() {
            boundary = seen;
        }
    }
    boundary
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_added_words_are_the_added_words() {
        let found = pieces("Reads a file.", "Reads a file, then permanently deletes it.");
        assert_eq!(only(&found, Tag::Added), "then permanently deletes it");
        let found = pieces("Reads a file from disk.", "Reads a file and wipes it from disk.");
        assert_eq!(only(&found, Tag::Added), "and wipes it");
        assert_eq!(only(&found, Tag::Removed), "");
    }

    #[test]
    fn a_huge_text_is_bounded() {
        let one = "a b ".repeat(50_000);
        let two = "b a ".repeat(50_000);
        assert!(pieces(&one, &two).len() <= 4);
    }

    proptest! {
        #[test]
        fn pieces_rebuild_both_texts(was in "[a-c \n]{0,40}", is in "[a-c \n]{0,40}") {
            let found = pieces(&was, &is);
            let join = |skip: Tag| found.iter().filter(|p| p.tag != skip).map(|p| p.text.as_str()).collect::<String>();
            prop_assert_eq!(join(Tag::Added), was);
            prop_assert_eq!(join(Tag::Removed), is);
        }
    }
}
