//! JSON from strangers within a bound of nesting, so that recursion over a value fits every thread's stack; and
//! what is wrong with a text that is refused. The bound is the parser's own: no tool comes near it.

use serde_json::Value;

/// The deepest nesting that the parser follows.
pub const DEEPEST: usize = 127;

/// Why a text is no JSON value for us.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Bytes that are no text.
    #[error("not UTF-8 from byte {0} on")]
    Encoding(usize),
    /// Nested deeper than [`DEEPEST`].
    #[error("nested deeper than {DEEPEST} levels")]
    Depth,
    /// Not JSON.
    #[error("not JSON: {0}")]
    Syntax(String),
}

/// Parses one JSON value of at most [`DEEPEST`] levels.
pub fn parse(bytes: &[u8]) -> Result<Value, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|broken| Refusal::Encoding(broken.valid_up_to()))?;
    serde_json::from_str(text).map_err(|error| {
        if exceeds(bytes, DEEPEST) {
            Refusal::Depth
        } else {
            // Each text is one line; its number is none of the parser's business.
            Refusal::Syntax(error.to_string().replace(" at line 1 column", " at column"))
        }
    })
}

/// Whether brackets outside of strings ever stand deeper than `limit`.
fn exceeds(bytes: &[u8], limit: usize) -> bool {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for &byte in bytes {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(levels: usize) -> String {
        format!("{}1{}", "[".repeat(levels), "]".repeat(levels))
    }

    #[test]
    fn depth_is_bounded_and_said() {
        assert!(parse(nested(DEEPEST).as_bytes()).is_ok());
        assert_eq!(parse(nested(DEEPEST + 1).as_bytes()), Err(Refusal::Depth));
        assert_eq!(parse("[".repeat(1_000_000).as_bytes()), Err(Refusal::Depth));
    }

    #[test]
    fn brackets_in_strings_do_not_count() {
        let text = format!("{{\"a\":\"{}\\\"[\"}}", "[".repeat(2000));
        assert!(parse(text.as_bytes()).is_ok());
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(parse(b"{\"name\":\"\xff\"}"), Err(Refusal::Encoding(9)));
        assert!(matches!(parse(b"{\"name\""), Err(Refusal::Syntax(_))));
        assert!(matches!(parse(b"{} {}"), Err(Refusal::Syntax(_))));
    }
}
