//! Texts of a definition cut at the marks: what a page shows as the server's words, with the words that counted in
//! place. The same spans as on the terminal, for documents that mark by nesting instead of carets.

use std::ops::Range;

use serde::Serialize;

use crate::assessment::{Assessment, Evidence};
use crate::manifest::Tool;
use crate::output::marks;
use crate::text::escape;

/// A stretch of text, marked or not. The text is shown text: control and hidden characters stand as escapes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Segment {
    /// The words.
    pub text: String,
    /// The reason that marks them, by its number on the page.
    pub reason: Option<usize>,
    /// `read`, `write`, `execute`, `destructive` or `signal`.
    pub tone: Option<&'static str>,
}

/// A string of the definition, cut at its marks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Marked {
    /// The parts in order; parts that were left out are `…`.
    pub segments: Vec<Segment>,
}

/// Words that count, with what they count for.
#[derive(Clone, Debug)]
pub struct Mark<'a> {
    /// Where.
    pub evidence: &'a Evidence,
    /// The number of the reason on the page.
    pub reason: usize,
    /// See [`Segment::tone`].
    pub tone: &'static str,
}

/// A description longer than this shows the sentences with marks in them, and its beginning.
const LONG: usize = 1600;

impl Marked {
    /// The string at a pointer of the definition; `None` where there is none.
    pub fn at(tool: &Tool, pointer: &str, marks: &[Mark<'_>]) -> Option<Self> {
        let text = marks::resolve(tool, pointer)?.as_str()?;
        let here: Vec<&Mark<'_>> = marks.iter().filter(|m| m.evidence.pointer == pointer).collect();
        Some(Self::of(text, &here))
    }

    /// A text with marks on it.
    pub fn of(text: &str, marks: &[&Mark<'_>]) -> Self {
        let ranges: Vec<Range<usize>> = marks.iter().map(|m| m.evidence.start..m.evidence.end).collect();
        let shown = if text.len() <= LONG {
            std::iter::once(0..text.len()).collect()
        } else {
            excerpt(text, &ranges)
        };
        let mut marked = Self::default();
        for part in &shown {
            if part.start > 0 {
                marked.plain(" … ");
            }
            marked.cut(text, part, marks);
        }
        if shown.last().is_some_and(|part| !text[part.end..].trim().is_empty()) {
            marked.plain(" …");
        }
        marked
    }

    /// Whether anything is marked.
    pub fn is_marked(&self) -> bool {
        self.segments.iter().any(|segment| segment.reason.is_some())
    }

    /// The text without its marks.
    pub fn text(&self) -> String {
        self.segments.iter().map(|segment| segment.text.as_str()).collect()
    }

    /// Adds a part of the text, cut where marks begin and end; of marks over the same words the first one counts.
    fn cut(&mut self, text: &str, part: &Range<usize>, marks: &[&Mark<'_>]) {
        let mut cuts: Vec<usize> = marks
            .iter()
            .flat_map(|m| [m.evidence.start, m.evidence.end])
            .filter(|at| part.contains(at) && text.is_char_boundary(*at))
            .chain([part.start, part.end])
            .collect();
        cuts.sort_unstable();
        cuts.dedup();
        for pair in cuts.windows(2) {
            let covering = marks
                .iter()
                .find(|m| m.evidence.start <= pair[0] && m.evidence.end >= pair[1]);
            let segment = Segment {
                text: escape::lines(&text[pair[0]..pair[1]]),
                reason: covering.map(|m| m.reason),
                tone: covering.map(|m| m.tone),
            };
            match self.segments.last_mut() {
                Some(last) if last.reason == segment.reason && last.tone == segment.tone => {
                    last.text
                        .push_str(&keep_line_end(&text[pair[0]..pair[1]], segment.text));
                }
                _ => self.segments.push(Segment {
                    text: keep_line_end(&text[pair[0]..pair[1]], segment.text),
                    ..segment
                }),
            }
        }
    }

    fn plain(&mut self, text: &str) {
        self.segments.push(Segment {
            text: text.to_owned(),
            reason: None,
            tone: None,
        });
    }
}

/// [`escape::lines`] drops a final line feed, which stands in the middle of a text that was cut.
fn keep_line_end(original: &str, mut shown: String) -> String {
    if original.ends_with('\n') {
        shown.push('\n');
    }
    shown
}

/// The beginning of a long text, and the sentences with marks in them.
fn excerpt(text: &str, ranges: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut parts = marks::marked_sentences(text, ranges);
    let first = crate::text::cells::sentences(text).into_iter().next();
    if let Some(first) = first.filter(|f| parts.first().is_none_or(|p| p.start >= f.end)) {
        parts.insert(0, first);
    }
    let mut left = LONG * 2;
    let mut kept: Vec<Range<usize>> = Vec::new();
    for part in parts {
        let mut end = part.end.min(part.start + left);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        left -= end - part.start;
        match kept.last_mut() {
            Some(last) if last.end == part.start => last.end = end,
            _ if end > part.start => kept.push(part.start..end),
            _ => {}
        }
    }
    kept
}

/// The name of a category or signal as a style.
pub fn tone(evidence: &Evidence) -> &'static str {
    use crate::label::Category;
    match evidence.says {
        Some(Category::Read) => "read",
        Some(Category::Write) => "write",
        Some(Category::Execute) => "execute",
        Some(Category::Destructive) => "destructive",
        None => "signal",
    }
}

/// The evidence of an assessment: the label's, then the signals'.
pub fn evidence(assessment: &Assessment) -> impl Iterator<Item = &Evidence> {
    let signals = assessment.signals.iter().flat_map(|signal| &signal.evidence);
    assessment.evidence.iter().chain(signals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_at_their_marks_and_keep_their_order() {
        let evidence = |start, end| Evidence {
            rule: "r".into(),
            pointer: "/description".into(),
            start,
            end,
            text: String::new(),
            says: None,
            weight: 0,
        };
        let text = "Wipes all.\nReally \u{202e}all.";
        let (one, two) = (evidence(0, 5), evidence(6, 9));
        let marks = [
            Mark {
                evidence: &one,
                reason: 1,
                tone: "destructive",
            },
            Mark {
                evidence: &two,
                reason: 2,
                tone: "signal",
            },
        ];
        let marked = Marked::of(text, &marks.iter().collect::<Vec<_>>());
        let parts: Vec<(&str, Option<usize>)> = marked.segments.iter().map(|s| (s.text.as_str(), s.reason)).collect();
        assert_eq!(
            parts,
            [
                ("Wipes", Some(1)),
                (" ", None),
                ("all", Some(2)),
                (".\nReally \\u{202e}all.", None)
            ]
        );
        let long = format!("First. {}Wipes it.", "Filler sentence here. ".repeat(100));
        let at = long.len() - 9;
        let far = evidence(at, at + 5);
        let mark = Mark {
            evidence: &far,
            reason: 1,
            tone: "destructive",
        };
        let marked = Marked::of(&long, &[&mark]);
        assert_eq!(marked.text(), "First. … Wipes it.");
    }
}
