//! Findings as workflow commands of GitHub Actions, which become annotations. A server's words can neither end a
//! command nor begin one.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::output::Context;
use crate::output::finding::{Finding, Level};
use crate::report::Assessed;

/// A scan's findings.
pub(super) fn write(servers: &[Assessed], context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (findings, _) = context.findings(servers);
    out.write_all(render(&findings).as_bytes())
}

/// One command a line, the loudest first; accepted findings are left out.
pub fn render(findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in findings.iter().filter(|finding| finding.accepted.is_none()) {
        let command = match finding.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "notice",
        };
        let mut properties = Vec::new();
        if let Some(place) = &finding.place {
            properties.push(format!("file={}", property(&place.file)));
            if let Some(region) = place.region {
                properties.push(format!("line={}", region.line));
                properties.push(format!("endLine={}", region.end_line));
                if region.line == region.end_line {
                    properties.push(format!("col={}", region.column));
                    properties.push(format!("endColumn={}", region.end_column));
                }
            }
        }
        properties.push(format!("title={}", property(&finding.title)));
        // Writing to a string cannot fail.
        let _ = writeln!(out, "::{command} {}::{}", properties.join(","), data(&finding.message));
    }
    out
}

/// The message of a command. The older command form `##[` is recognised anywhere in a line.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
        .replace("##[", "# #[")
}

/// A property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_text_stays_inside_its_command() {
        assert_eq!(
            property("a%0A::error::b,c=d:\n"),
            "a%250A%3A%3Aerror%3A%3Ab%2Cc=d%3A%0A"
        );
        assert_eq!(data("100%\r\n::x:: ##[error]"), "100%25%0D%0A::x:: # #[error]");
    }
}
