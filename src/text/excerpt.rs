//! An error in a file that a person wrote, shown with the line it is on and a mark under the words it is about.

use std::ops::Range;

use crate::error::Error;
use crate::text::cells::{self, Breaks};

/// `name:line:column: message`, the line, and carets under `span` (bytes of `text`); without a place where the
/// span is unknown or lies outside of the text.
pub fn error_at(name: &str, text: &str, span: Option<Range<usize>>, message: &str) -> Error {
    let Some(span) = span.filter(|s| s.start <= text.len() && text.is_char_boundary(s.start)) else {
        return Error::new(format!("{name}: {message}"));
    };
    let line_start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[span.start..].find('\n').map_or(text.len(), |at| span.start + at);
    let number = text[..span.start].matches('\n').count() + 1;
    let column = text[line_start..span.start].chars().count() + 1;

    let line = cells::cells(text, line_start..line_end, Breaks::Spaces);
    let shown = cells::shown(&line);
    let marked = span.start..span.end.clamp(span.start + 1, line_end.max(span.start + 1));
    let end_of_line = cells::width(&shown)..cells::width(&shown) + 1;
    let mark = cells::columns(&line, &marked).unwrap_or(end_of_line);
    let (gutter, space) = (number.to_string(), " ".repeat(number.to_string().len()));
    Error::new(format!(
        "{name}:{number}:{column}: {message}\n{space} |\n{gutter} | {}\n{space} | {}{}",
        shown.trim_end(),
        " ".repeat(mark.start),
        "^".repeat(mark.len()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_stands_under_the_words() {
        let text = "a = 1\nné = \"x\"\n";
        let start = text.find("\"x\"").expect("there");
        let error = error_at("f.toml", text, Some(start..start + 3), "wrong");
        assert_eq!(error.message(), "f.toml:2:6: wrong\n  |\n2 | né = \"x\"\n  |      ^^^");
    }

    #[test]
    fn the_end_of_the_file_is_a_place_too() {
        let error = error_at("f", "a =", Some(3..3), "a value is missing");
        assert_eq!(error.message(), "f:1:4: a value is missing\n  |\n1 | a =\n  |    ^");
        assert_eq!(error_at("f", "a", Some(9..9), "m").message(), "f: m");
    }
}
