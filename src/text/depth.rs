//! JSON from strangers within a bound of nesting. Recursion over a value is safe wherever its depth was bounded
//! here; the text is parsed in one pass, and looked at again only where it is deep or broken.

use serde::Deserialize as _;
use serde_json::Value;

/// The deepest nesting that is read: no tool comes near it, and every recursion over it fits a thread's stack.
pub const DEEPEST: usize = 512;

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
    // The parser's own limit is lower than ours and nearly always enough.
    let error = match serde_json::from_slice(bytes) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    if let Err(broken) = std::str::from_utf8(bytes) {
        return Err(Refusal::Encoding(broken.valid_up_to()));
    }
    if exceeds(bytes, DEEPEST) {
        return Err(Refusal::Depth);
    }
    if !exceeds(bytes, PARSER_LIMIT) {
        return Err(Refusal::Syntax(error.to_string()));
    }
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    parser.disable_recursion_limit();
    let value = Value::deserialize(&mut parser).map_err(|e| Refusal::Syntax(e.to_string()))?;
    parser.end().map_err(|e| Refusal::Syntax(e.to_string()))?;
    Ok(value)
}

/// Levels that `serde_json` reads without being told otherwise.
const PARSER_LIMIT: usize = 127;

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
    fn depth_is_bounded_by_us_alone() {
        assert!(parse(nested(100).as_bytes()).is_ok());
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
