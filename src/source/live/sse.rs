//! Server-sent events out of bytes, as the HTML standard has them: comments skipped, lines ended by CR, LF or
//! both, data over several lines. Pure; the caller bounds how many bytes it feeds.

use std::collections::VecDeque;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    /// Its type; empty where none was given, which means `message`.
    pub(super) kind: String,
    /// Its data.
    pub(super) data: Vec<u8>,
}

/// Puts events together from chunks that break anywhere.
#[derive(Debug, Default)]
pub(super) struct Parser {
    line: Vec<u8>,
    event: Event,
    has_data: bool,
    started: bool,
    after_cr: bool,
    ready: VecDeque<Event>,
}

impl Parser {
    /// Takes a chunk of the stream.
    pub(super) fn push(&mut self, chunk: &[u8]) {
        let mut rest = chunk;
        while let Some(end) = rest.iter().position(|b| matches!(b, b'\n' | b'\r')) {
            let (head, tail) = rest.split_at(end);
            // The line feed of a CR LF whose CR ended a line already.
            if !(self.after_cr && head.is_empty() && tail[0] == b'\n') {
                self.line.extend_from_slice(head);
                self.end_line();
            }
            self.after_cr = tail[0] == b'\r';
            rest = &tail[1..];
        }
        if !rest.is_empty() {
            self.after_cr = false;
            self.line.extend_from_slice(rest);
        }
    }

    /// The next complete event.
    pub(super) fn pop(&mut self) -> Option<Event> {
        self.ready.pop_front()
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let mut line = line.as_slice();
        if !std::mem::replace(&mut self.started, true) {
            line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        }
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            if std::mem::take(&mut self.has_data) {
                self.ready.push_back(event);
            }
            return;
        }
        let (field, value) = match line.iter().position(|b| *b == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &[][..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                if self.has_data {
                    self.event.data.push(b'\n');
                }
                self.has_data = true;
                self.event.data.extend_from_slice(value);
            }
            b"event" => self.event.kind = String::from_utf8_lossy(value).into_owned(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events(chunks: &[&[u8]]) -> Vec<(String, String)> {
        let mut parser = Parser::default();
        for chunk in chunks {
            parser.push(chunk);
        }
        std::iter::from_fn(|| parser.pop())
            .map(|event| (event.kind, String::from_utf8_lossy(&event.data).into_owned()))
            .collect()
    }

    #[test]
    fn events_are_read_however_their_lines_end() {
        let expected = vec![
            ("endpoint".to_owned(), "/m?s=1".to_owned()),
            (String::new(), "a\nb".to_owned()),
        ];
        for end in ["\n", "\r\n", "\r"] {
            let text = [
                "\u{FEFF}: hello",
                "event: endpoint",
                "data: /m?s=1",
                "",
                "data:a",
                "data: b",
                "id: 7",
                "",
                "data: cut",
            ];
            assert_eq!(events(&[text.join(end).as_bytes()]), expected);
        }
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter(text in "[a-d:\r\n é]{0,60}", at in 0_usize..60) {
            let bytes = text.as_bytes();
            let at = at.min(bytes.len());
            prop_assert_eq!(events(&[bytes]), events(&[&bytes[..at], &bytes[at..]]));
        }
    }
}
