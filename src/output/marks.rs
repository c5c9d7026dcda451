//! Words of a definition with marks under them: which parts of a definition to show, and where each mark stands once
//! the text is escaped and wrapped.

use std::io::{self, Write};
use std::ops::Range;

use crate::assessment::{Assessment, Evidence};
use crate::manifest::Tool;
use crate::output::explain::shape;
use crate::output::table::paint;
use crate::text::cells::{self, Breaks};
use crate::text::escape;
use crate::tree::{Node, last_part, unescape};
use crate::ui;

/// A part of the definition with its marks.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// `name`, `description`, `parameters`, …
    pub(super) label: &'static str,
    /// What stands before the text, for example the parameter that a value belongs to.
    prefix: String,
    text: String,
    /// The parts of the text that are shown.
    shown: Vec<Range<usize>>,
    breaks: Breaks,
    /// What stands after the text, for example a parameter's type.
    suffix: String,
    spans: Vec<Span>,
}

/// What one rule says about some bytes of a text.
#[derive(Clone, Debug)]
struct Span {
    bytes: Range<usize>,
    rule: String,
    says: String,
    style: anstyle::Style,
}

/// A line of text, and the marks under it.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) marks: Vec<Mark>,
}

/// Carets under some columns; the words beside them stand only under the first line of a mark.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    columns: Range<usize>,
    rule: String,
    says: String,
    style: anstyle::Style,
}

/// The parts of the definition that count: the name and the description always, the rest where it is marked.
pub(super) fn blocks(tool: &Tool, assessment: &Assessment) -> Vec<Block> {
    let spans = spans(assessment);
    let mut pointers: Vec<&str> = vec!["/name", "/description"];
    for (pointer, _) in &spans {
        if !pointers.contains(pointer) {
            pointers.push(pointer);
        }
    }
    pointers.sort_by_key(|pointer| (rank(pointer), parameter_of(pointer)));
    pointers
        .into_iter()
        .filter_map(|pointer| {
            let own = spans
                .iter()
                .filter(|(at, _)| *at == pointer)
                .map(|(_, span)| span.clone());
            Block::new(tool, pointer, own.collect())
        })
        .collect()
}

impl Block {
    /// `None` where the pointer leads nowhere.
    fn new(tool: &Tool, pointer: &str, mut spans: Vec<Span>) -> Option<Self> {
        spans.sort_by_key(|span| (span.bytes.start, span.bytes.end));
        let value = resolve(tool, pointer)?;
        let token = last_part(pointer).into_owned();
        let (text, of_value) = match value.as_str() {
            Some(text) => (text.to_owned(), true),
            // A mark at what is no string is on its name.
            None => (token.clone(), false),
        };
        let label = label(pointer);
        let parameter = parameter_of(pointer).map(|name| escape::one_line(&name).into_owned());
        let mut prefix = String::new();
        let mut suffix = String::new();
        if of_value {
            prefix = match parameter {
                Some(parameter) if pointer.contains("/enum/") => format!("{parameter} = "),
                Some(parameter) => format!("{parameter}, {}: ", escape::one_line(&token)),
                None if label == "annotations" => format!("{}: ", escape::one_line(&token)),
                None => prefix,
            };
        } else if label == "annotations" {
            suffix = format!(": {value}");
        } else if label == "parameters" {
            suffix = shape(tool, &token, value);
        }
        let prose = pointer.ends_with("/description");
        let shown = if prose {
            let ranges: Vec<Range<usize>> = spans.iter().map(|span| span.bytes.clone()).collect();
            marked_sentences(&text, &ranges)
        } else {
            std::iter::once(0..text.len()).collect()
        };
        Some(Self {
            label,
            prefix,
            text,
            shown,
            breaks: if prose { Breaks::Spaces } else { Breaks::Escaped },
            suffix,
            spans,
        })
    }

    /// The lines in `width` columns. What is left out between the parts is an ellipsis.
    pub(super) fn lines(&self, width: usize) -> Vec<Line> {
        let prefix = cells::truncate(&self.prefix, width / 2);
        let hang = cells::width(&prefix);
        let mut lines = Vec::new();
        let mut marked = vec![false; self.spans.len()];
        for (index, part) in self.shown.iter().enumerate() {
            let before = if index == 0 && part.start > 0 { "… " } else { "" };
            let room = width.saturating_sub(hang + before.len()).max(8);
            let cells = cells::cells(&self.text, part.clone(), self.breaks);
            for (row, line) in cells::wrap(&cells, room).into_iter().enumerate() {
                let lead = match (lines.is_empty(), row) {
                    (true, _) => format!("{prefix}{before}"),
                    _ => " ".repeat(hang),
                };
                let offset = cells::width(&lead);
                let mut marks = Vec::new();
                for (span, marked) in self.spans.iter().zip(&mut marked) {
                    if let Some(columns) = cells::columns(line, &span.bytes) {
                        marks.push(span.mark(columns.start + offset..columns.end + offset, *marked));
                        *marked = true;
                    }
                }
                lines.push(Line {
                    text: lead + &cells::shown(line),
                    marks,
                });
            }
            let left_out = self.text[part.end..].trim();
            if let Some(last) = lines.last_mut().filter(|_| !left_out.is_empty()) {
                last.text.push_str(" …");
            }
        }
        if lines.is_empty() {
            lines.push(Line {
                text: paint(ui::DIM, "(empty)"),
                marks: Vec::new(),
            });
        }
        self.append_suffix(&mut lines, width);
        lines
    }

    /// Beside the text where there is room, else below its marks.
    fn append_suffix(&self, lines: &mut Vec<Line>, width: usize) {
        let room = width.saturating_sub(lines.last().map_or(0, |last| cells::width(&last.text)));
        match lines.last_mut() {
            _ if self.suffix.is_empty() => {}
            Some(last) if cells::width(&self.suffix) <= room => last.text.push_str(&paint(ui::DIM, &self.suffix)),
            _ => lines.extend(cells::paragraph(&self.suffix, width).into_iter().map(|text| Line {
                text: paint(ui::DIM, &text),
                marks: Vec::new(),
            })),
        }
    }
}

impl Span {
    fn mark(&self, columns: Range<usize>, again: bool) -> Mark {
        let (rule, says) = if again {
            (String::new(), String::new())
        } else {
            (self.rule.clone(), self.says.clone())
        };
        Mark {
            columns,
            rule,
            says,
            style: self.style,
        }
    }
}

impl Mark {
    /// Prints the carets, the rule beside them and what it says at the right edge; in front of them or below them
    /// where there is no room.
    pub(super) fn write(&self, indent: usize, width: usize, out: &mut dyn Write) -> io::Result<()> {
        let carets = paint(self.style, &"^".repeat(self.columns.len()));
        let start = indent + self.columns.start;
        let used = indent + self.columns.end + 1;
        let (rule, says) = (cells::width(&self.rule), cells::width(&self.says));
        let words = rule + 2 + says;
        if words == 2 {
            return writeln!(out, "{}{carets}", " ".repeat(start));
        }
        if used + words <= width {
            let gap = " ".repeat(width - used - rule - says);
            let says = paint(self.style, &self.says);
            return writeln!(out, "{}{carets} {}{gap}{says}", " ".repeat(start), self.rule);
        }
        if indent + words < start {
            let margin = " ".repeat(start - words - 1);
            let says = paint(self.style, &self.says);
            return writeln!(out, "{margin}{}  {says} {carets}", self.rule);
        }
        writeln!(out, "{}{carets}", " ".repeat(start))?;
        let text = format!("{}  {}", self.rule, self.says);
        for line in cells::paragraph(&text, width.saturating_sub(indent + 2).max(8)) {
            writeln!(out, "{}{}", " ".repeat(indent + 2), paint(self.style, &line))?;
        }
        Ok(())
    }
}

/// Everything that was said, with where: the label's evidence, then the signals'.
fn spans(assessment: &Assessment) -> Vec<(&str, Span)> {
    let label = assessment.evidence.iter().map(|evidence| {
        let says = match evidence.says {
            Some(category) if evidence.weight != 0 => format!("{:+} {category}", evidence.weight),
            Some(category) => category.to_string(),
            None => String::new(),
        };
        let style = evidence.says.map_or(ui::CAUTION, ui::category);
        (&*evidence.pointer, Span::new(evidence, says, style))
    });
    let signals = assessment.signals.iter().flat_map(|signal| {
        let says = format!("signal {}", signal.id);
        signal
            .evidence
            .iter()
            .map(move |evidence| (&*evidence.pointer, Span::new(evidence, says.clone(), ui::CAUTION)))
    });
    label.chain(signals).collect()
}

impl Span {
    fn new(evidence: &Evidence, says: String, style: anstyle::Style) -> Self {
        Self {
            bytes: evidence.start..evidence.end,
            rule: escape::one_line(&evidence.rule).into_owned(),
            says,
            style,
        }
    }
}

/// The sentences with a mark in them, neighbours together; the first where there is none.
pub(crate) fn marked_sentences(text: &str, marks: &[Range<usize>]) -> Vec<Range<usize>> {
    let all = cells::sentences(text);
    let touched = |part: &Range<usize>| marks.iter().any(|m| m.start < part.end && m.end > part.start);
    let mut chosen: Vec<Range<usize>> = Vec::new();
    let mut previous = false;
    for part in all.iter().filter(|part| !part.is_empty()) {
        let wanted = touched(part);
        match chosen.last_mut() {
            Some(last) if wanted && previous => last.end = part.end,
            _ if wanted => chosen.push(part.clone()),
            _ => {}
        }
        previous = wanted;
    }
    if chosen.is_empty() {
        chosen.extend(all.into_iter().next());
    }
    chosen
}

/// The value at a pointer into the tool. A pointer may also address an object's key, whose value it then gives.
pub(crate) fn resolve<'a>(tool: &'a Tool, pointer: &str) -> Option<Node<'a>> {
    tool.root().pointer(pointer).filter(|_| !pointer.is_empty())
}

fn label(pointer: &str) -> &'static str {
    match pointer.split('/').nth(1).unwrap_or_default() {
        "name" => "name",
        "title" => "title",
        "description" => "description",
        "annotations" => "annotations",
        "inputSchema" | "input_schema" | "parameters" => "parameters",
        "outputSchema" => "output",
        _ => "other",
    }
}

fn rank(pointer: &str) -> usize {
    let order = ["name", "title", "description", "parameters", "output", "annotations"];
    order.iter().position(|l| *l == label(pointer)).unwrap_or(order.len())
}

/// The parameter that a pointer leads through: the token after the first `properties`.
pub(crate) fn parameter_of(pointer: &str) -> Option<String> {
    let mut tokens = pointer.split('/').skip_while(|token| *token != "properties");
    tokens.next()?;
    tokens.next().map(|token| unescape(token).into_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tool() -> Tool {
        Tool::from_value(&json!({
            "name": "notes_clear",
            "description": "Keeps a log. Clears \u{1b}[2J every 名前 note at once. Ask first.",
            "inputSchema": {"properties": {"a/b": {"type": "string", "enum": ["list", "wipe"]}}, "required": ["a/b"]},
        }))
        .expect("a tool")
    }

    fn span(bytes: Range<usize>) -> Span {
        Span {
            bytes,
            rule: "r".to_owned(),
            says: String::new(),
            style: ui::DIM,
        }
    }

    /// What stands above the carets of every mark.
    fn marked(block: &Block, width: usize) -> Vec<String> {
        let lines = block.lines(width);
        let under = |line: &Line, mark: &Mark| {
            let mut column = 0;
            line.text
                .chars()
                .filter(|c| {
                    let at = column;
                    column += cells::width(&c.to_string());
                    mark.columns.contains(&at)
                })
                .collect::<String>()
        };
        lines
            .iter()
            .flat_map(|l| l.marks.iter().map(move |m| under(l, m)))
            .collect()
    }

    #[test]
    fn marks_stand_under_their_words_however_narrow() {
        let tool = tool();
        let description = tool.description().expect("there").to_owned();
        let find = |word: &str| {
            let start = description.find(word).expect("there");
            span(start..start + word.len())
        };
        let spans = vec![find("Clears"), find("名前"), find("at once")];
        let block = Block::new(&tool, "/description", spans).expect("a block");
        assert_eq!(marked(&block, 80), ["Clears", "名前", "at once"]);
        assert_eq!(marked(&block, 16), ["Clears", "名前", "at", "once"]);
        let text = &block.lines(80)[0].text;
        assert!(
            text.starts_with("… Clears \\u{1b}[2J every") && text.ends_with(" …"),
            "{text}"
        );
    }

    #[test]
    fn a_mark_on_a_property_is_on_its_name() {
        let tool = tool();
        let block = Block::new(&tool, "/inputSchema/properties/a~1b", vec![span(0..3)]).expect("a block");
        assert_eq!(marked(&block, 80), ["a/b"]);
        assert!(block.lines(80)[0].text.contains("(string, required)"));
        let pointer = "/inputSchema/properties/a~1b/enum/1";
        let block = Block::new(&tool, pointer, vec![span(0..4)]).expect("a block");
        assert_eq!(block.lines(80)[0].text, "a/b = wipe");
        assert_eq!(marked(&block, 80), ["wipe"]);
        assert!(Block::new(&tool, "/no/such", vec![span(0..4)]).is_none());
    }
}
