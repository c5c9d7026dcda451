//! Text as columns of a terminal: escaped, measured, cut and wrapped, with every cell knowing which bytes of the
//! original it shows, so that a mark can stand exactly under the words it is about.

use std::borrow::Cow;
use std::ops::Range;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::text::escape;

/// One character of the original as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Bytes of the original.
    pub at: Range<usize>,
    /// What is printed for them.
    pub shown: String,
    /// Columns that it takes.
    pub width: usize,
}

/// How line breaks and tabs of the original are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breaks {
    /// As `\n` and `\t`: in names, where they do not belong.
    Escaped,
    /// As spaces: in prose.
    Spaces,
}

/// The cells of `text[range]`; their offsets are those of `text`.
pub fn cells(text: &str, range: Range<usize>, breaks: Breaks) -> Vec<Cell> {
    let from = range.start;
    text[range]
        .char_indices()
        .map(|(index, c)| {
            let start = from + index;
            let mut buffer = [0; 4];
            let shown = match c {
                '\n' | '\r' | '\t' if breaks == Breaks::Spaces => " ".to_owned(),
                c => escape::one_line(c.encode_utf8(&mut buffer)).into_owned(),
            };
            let width = shown.chars().map(|c| c.width().unwrap_or(0)).sum();
            Cell {
                at: start..start + c.len_utf8(),
                shown,
                width,
            }
        })
        .collect()
}

/// Breaks cells into lines of at most `width` columns, at spaces where there are any; spaces at a break vanish.
pub fn wrap(cells: &[Cell], width: usize) -> Vec<&[Cell]> {
    let mut lines = Vec::new();
    let mut rest = trim(cells);
    while !rest.is_empty() {
        let end = line_end(rest, width.max(1));
        lines.push(trim_end(&rest[..end]));
        rest = trim(&rest[end..]);
    }
    lines
}

/// The columns that the bytes `span` take in a line, or `None` where none of them is shown in it.
pub fn columns(line: &[Cell], span: &Range<usize>) -> Option<Range<usize>> {
    let mut column = 0;
    let mut found: Option<Range<usize>> = None;
    for cell in line {
        if cell.at.start < span.end && cell.at.end > span.start {
            let start = found.map_or(column, |f| f.start);
            found = Some(start..column + cell.width);
        }
        column += cell.width;
    }
    found.filter(|f| !f.is_empty())
}

/// The cells as text.
pub fn shown(line: &[Cell]) -> String {
    line.iter().map(|cell| cell.shown.as_str()).collect()
}

/// Columns of text that is already safe to print.
pub fn width(text: &str) -> usize {
    text.width()
}

/// A stranger's prose, escaped and wrapped.
pub fn paragraph(text: &str, width: usize) -> Vec<String> {
    let cells = cells(text, 0..text.len(), Breaks::Spaces);
    wrap(&cells, width).into_iter().map(shown).collect()
}

/// Safe text cut to `max` columns, with an ellipsis where something is missing.
pub fn truncate(text: &str, max: usize) -> Cow<'_, str> {
    if text.width() <= max {
        return Cow::Borrowed(text);
    }
    let mut cut = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > max {
            break;
        }
        cut.push(c);
    }
    cut.truncate(cut.trim_end().len());
    cut.push('…');
    Cow::Owned(cut)
}

/// The sentences of a text, as byte ranges without the white space between them. A paragraph or a list item ends
/// one as well as a full stop does.
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((index, c)) = chars.next() {
        let next = chars.peek().map(|&(_, next)| next);
        let ends = match c {
            '.' | '!' | '?' => next.is_none_or(char::is_whitespace) && !abbreviates(&text[start..index]),
            '\n' => matches!(next, Some('\n' | '-' | '*' | '#' | '•')),
            '。' => true,
            _ => false,
        };
        if ends {
            push_trimmed(text, start..index + c.len_utf8(), &mut found);
            start = index + c.len_utf8();
        }
    }
    push_trimmed(text, start..text.len(), &mut found);
    found
}

fn abbreviates(before: &str) -> bool {
    ["e.g", "i.e", "etc", "vs", "cf"].iter().any(|short| {
        before
            .strip_suffix(short)
            .is_some_and(|rest| !rest.ends_with(char::is_alphanumeric))
    })
}

fn push_trimmed(text: &str, range: Range<usize>, found: &mut Vec<Range<usize>>) {
    let part = &text[range.clone()];
    let start = range.start + (part.len() - part.trim_start().len());
    let end = start + part.trim().len();
    if end > start {
        found.push(start..end);
    }
}

/// Where the first line of `cells` ends.
fn line_end(cells: &[Cell], width: usize) -> usize {
    let mut used = 0;
    let mut space = None;
    for (index, cell) in cells.iter().enumerate() {
        if cell.shown == " " {
            space = Some(index);
        }
        used += cell.width;
        if used > width && cell.shown != " " {
            return match space {
                Some(space) => space,
                // At least one cell a line, however narrow.
                None => index.max(1),
            };
        }
    }
    cells.len()
}

fn trim(cells: &[Cell]) -> &[Cell] {
    let start = cells.iter().position(|c| c.shown != " ").unwrap_or(cells.len());
    &cells[start..]
}

fn trim_end(cells: &[Cell]) -> &[Cell] {
    let end = cells.iter().rposition(|c| c.shown != " ").map_or(0, |last| last + 1);
    &cells[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<Cell> {
        cells(text, 0..text.len(), Breaks::Spaces)
    }

    #[test]
    fn lines_break_at_spaces_and_never_exceed_the_width() {
        let text = "Delete all gateway session records, optionally scoped";
        let lines = paragraph(text, 20);
        assert_eq!(lines, ["Delete all gateway", "session records,", "optionally scoped"]);
        assert_eq!(paragraph("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(paragraph("  \n ", 4), [""; 0]);
    }

    #[test]
    fn a_mark_stands_under_its_words_after_wide_and_escaped_characters() {
        let text = "名\u{202e} delete";
        let line = all(text);
        let start = text.find("delete").expect("there");
        // Two columns for the ideograph, eight for the escape, one for the space.
        assert_eq!(columns(&line, &(start..text.len())), Some(11..17));
        assert_eq!(columns(&line, &(0..3)), Some(0..2));
        assert_eq!(columns(&line[..1], &(start..text.len())), None);
    }

    #[test]
    fn cutting_counts_columns() {
        assert_eq!(truncate("delete", 6), "delete");
        assert_eq!(truncate("delete", 4), "del…");
        assert_eq!(truncate("名前名前", 5), "名前…");
    }

    #[test]
    fn sentences_end_where_people_end_them() {
        let text = "Deletes notes, e.g. old ones. Cannot be undone!\n- item v1.2";
        let parts: Vec<&str> = sentences(text).into_iter().map(|r| &text[r]).collect();
        assert_eq!(
            parts,
            ["Deletes notes, e.g. old ones.", "Cannot be undone!", "- item v1.2"]
        );
    }
}
