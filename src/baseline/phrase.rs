//! Sentences about a change, in spans that say whose words they are. Every output decides for itself how to
//! make a stranger's words safe, and cannot forget to: they never come as plain text.

/// A part of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span {
    /// Our own words.
    Ours(String),
    /// An identifier that the server chose: a tool, a parameter, a value.
    Name(String),
    /// Prose that the server wrote.
    Quote(String),
}

/// A sentence, without a full stop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Phrase(pub Vec<Span>);

/// Longest quotation in any report; the lock and the manifest have the rest.
const QUOTE_LIMIT: usize = 160;

impl Phrase {
    /// A sentence that starts with our words.
    pub fn new(text: impl Into<String>) -> Self {
        Self(vec![Span::Ours(text.into())])
    }

    /// Adds our words.
    #[must_use]
    pub fn ours(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span::Ours(text.into()));
        self
    }

    /// Adds an identifier.
    #[must_use]
    pub fn name(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span::Name(text.into()));
        self
    }

    /// Adds a quotation, shortened in its middle where it is long.
    #[must_use]
    pub fn quote(mut self, text: &str) -> Self {
        self.0.push(Span::Quote(shorten(text, QUOTE_LIMIT)));
        self
    }

    /// Adds another sentence.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The sentence, each span written by `write`.
    pub fn render(&self, mut write: impl FnMut(&Span) -> String) -> String {
        self.0.iter().map(&mut write).collect()
    }

    /// As plain text, escaped for a terminal or a log.
    pub fn plain(&self) -> String {
        self.render(|span| match span {
            Span::Ours(text) => text.clone(),
            Span::Name(text) => crate::text::escape::one_line(text).into_owned(),
            Span::Quote(text) => format!("\u{201c}{}\u{201d}", crate::text::escape::one_line(text)),
        })
    }

    /// As it is, with whatever the server wrote: for formats that escape every string themselves.
    pub fn raw(&self) -> String {
        self.render(|span| match span {
            Span::Ours(text) | Span::Name(text) => text.clone(),
            Span::Quote(text) => format!("\u{201c}{text}\u{201d}"),
        })
    }
}

/// The text in at most `limit` characters, both of its ends kept.
pub fn shorten(text: &str, limit: usize) -> String {
    let count = text.chars().count();
    if count <= limit {
        return text.to_owned();
    }
    let head = limit * 2 / 3;
    let tail = limit - head - 1;
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(count - tail).collect();
    format!("{start}…{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_quotations_keep_both_ends() {
        let text = format!("start{}end", "x".repeat(500));
        let short = shorten(&text, 30);
        assert_eq!(short.chars().count(), 30);
        assert!(short.starts_with("start") && short.ends_with("end"));
    }

    #[test]
    fn plain_text_shows_what_would_hide() {
        let phrase = Phrase::new("description gained ").quote("a\u{202e}b\n");
        assert_eq!(phrase.plain(), "description gained “a\\u{202e}b\\n”");
    }
}
