//! A check as JUnit XML: a suite a server, a case a change, and one case for what did not change. Every CI
//! system reads it; what a server wrote can be no markup.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::baseline::check::Check;
use crate::output::finding::{Finding, Level};
use crate::text::escape::one_line;

/// The report. `findings` are those of the check.
pub fn render(check: &Check, findings: &[Finding]) -> String {
    // Servers that were listed twice under one name are one suite, as their findings say no more than the name.
    let mut unchanged: BTreeMap<&str, usize> = BTreeMap::new();
    for server in &check.servers {
        *unchanged.entry(&server.name).or_default() += server.unchanged;
    }
    let other = |finding: &&Finding| !unchanged.contains_key(finding.server.as_str());
    let others: Vec<&Finding> = findings.iter().filter(other).collect();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"mcpclass check\">\n");
    for (name, unchanged) in &unchanged {
        let own: Vec<&Finding> = findings.iter().filter(|finding| finding.server == *name).collect();
        out.push_str(&cases(name, *unchanged, &own));
    }
    if !others.is_empty() {
        out.push_str(&cases("other sources", 0, &others));
    }
    out.push_str("</testsuites>\n");
    out
}

fn cases(name: &str, unchanged: usize, findings: &[&Finding]) -> String {
    let count = |level: Level, rule: bool| {
        let fits = |f: &&&Finding| f.accepted.is_none() && f.level == level && (f.rule == "unlisted") == rule;
        findings.iter().filter(fits).count()
    };
    let (failures, errors) = (count(Level::Error, false), count(Level::Error, true));
    let skipped = findings.iter().filter(|finding| finding.accepted.is_some()).count();
    let mut out = String::new();
    let name = escape(&one_line(name));
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\">",
        findings.len() + 1
    );
    let tools = if unchanged == 1 { "tool" } else { "tools" };
    let _ = writeln!(
        out,
        "    <testcase classname=\"{name}\" name=\"{unchanged} {tools} unchanged\"/>"
    );
    for finding in findings {
        let title = escape(&finding.title);
        let message = escape(&finding.message);
        let rule = escape(&finding.rule);
        let inner = match (&finding.accepted, finding.level) {
            (Some(reason), _) => format!("<skipped message=\"{}\"/>", escape(&one_line(reason))),
            (None, Level::Error) if finding.rule == "unlisted" => {
                format!("<error type=\"{rule}\" message=\"{title}\">{message}</error>")
            }
            (None, Level::Error) => format!("<failure type=\"{rule}\" message=\"{title}\">{message}</failure>"),
            (None, _) => format!("<system-out>{message}</system-out>"),
        };
        let _ = writeln!(
            out,
            "    <testcase classname=\"{name}\" name=\"{title}\">{inner}</testcase>"
        );
    }
    out.push_str("  </testsuite>\n");
    out
}

/// Text for XML 1.0, in an element or an attribute; characters that XML cannot hold become U+FFFD.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => {
                let _ = write!(out, "&#{};", c as u32);
            }
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_no_markup() {
        assert_eq!(
            escape("]]><a b='\"&\u{1b}\n\u{ffff}"),
            "]]&gt;&lt;a b=&#39;&quot;&amp;\u{fffd}&#10;\u{fffd}"
        );
    }
}
