//! JSON-RPC as MCP uses it: the messages we send, and what a received one is. Values stay raw; nothing here
//! reads or writes a stream.

use serde_json::{Value, json};

use super::fault::{Fault, quote};
use crate::manifest::{Problem, kind};

/// The newest version of the handshake era.
pub(super) const LEGACY: &str = "2025-11-25";
/// The versions with a handshake, newest first.
pub(super) const LEGACY_VERSIONS: [&str; 4] = [LEGACY, "2025-06-18", "2025-03-26", "2024-11-05"];
/// The version without a handshake, in which every request says who asks.
pub(super) const MODERN: &str = "2026-07-28";

/// How many remarks about one conversation are kept.
const MAX_NOTES: usize = 20;

/// A request that waits for an answer.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// Unique within the conversation.
    pub(super) id: u64,
    /// The method.
    pub(super) method: &'static str,
    /// Its parameters.
    pub(super) params: Value,
}

impl Call {
    /// The message as it is sent.
    pub(super) fn message(&self) -> Value {
        json!({"jsonrpc": "2.0", "id": self.id, "method": self.method, "params": self.params})
    }

    /// The result in an answer to this call, or the server's refusal.
    pub(super) fn result(&self, mut answer: Value) -> Result<Value, Fault> {
        if let Some(error) = answer.get("error").filter(|e| !e.is_null()) {
            return Err(Fault::Refused {
                method: self.method,
                code: error.get("code").and_then(Value::as_i64).unwrap_or(0),
                message: match error.get("message").and_then(Value::as_str) {
                    Some(message) => message.to_owned(),
                    None => error.to_string(),
                },
                data: error.get("data").cloned().unwrap_or(Value::Null),
            });
        }
        match answer.get_mut("result").map(Value::take) {
            Some(result @ Value::Object(_)) => Ok(result),
            Some(other) => {
                let message = format!("its answer to {} is {}, not an object", self.method, kind(&other));
                Err(Fault::Shape(message))
            }
            None => Err(Fault::Shape(format!("its answer to {} has no result", self.method))),
        }
    }
}

/// A notification.
pub(super) fn notification(method: &str) -> Value {
    json!({"jsonrpc": "2.0", "method": method})
}

/// What a received message is to the call that waits.
pub(super) enum Incoming {
    /// The answer.
    Answer(Value),
    /// A request of the server's, with the reply to send.
    Request(Value),
    /// Nothing to us.
    Other,
}

/// Sorts the messages of one received value: a message, or a batch of them (2025-03-26).
pub(super) fn sort(value: Value, call: &Call, notes: &mut Notes) -> Vec<Incoming> {
    match value {
        Value::Array(batch) => batch.into_iter().map(|v| sort_one(v, call, notes)).collect(),
        other => vec![sort_one(other, call, notes)],
    }
}

fn sort_one(value: Value, call: &Call, notes: &mut Notes) -> Incoming {
    let method = value.get("method").and_then(Value::as_str);
    let id = value.get("id").filter(|id| !id.is_null());
    match (method, id) {
        (Some(method), Some(id)) => Incoming::Request(reply(id, method)),
        (Some(_), None) => Incoming::Other,
        (None, id) if value.get("result").is_some() || value.get("error").is_some() => {
            // Some servers return the id as a string, and an error about an unreadable request has none.
            let ours = id.is_none_or(|id| *id == call.id || id.as_str() == Some(call.id.to_string().as_str()));
            if ours {
                return Incoming::Answer(value);
            }
            notes.add("the server answered a request that was never sent");
            Incoming::Other
        }
        _ => {
            notes.add("the server sent JSON that is no JSON-RPC message");
            Incoming::Other
        }
    }
}

/// The reply to a server's request: `ping` is answered, nothing else is offered.
fn reply(id: &Value, method: &str) -> Value {
    if method == "ping" {
        json!({"jsonrpc": "2.0", "id": id, "result": {}})
    } else {
        json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": "this client only lists tools"}})
    }
}

/// Remarks about a conversation: each once, and not too many.
#[derive(Debug, Default)]
pub(super) struct Notes(Vec<Problem>);

impl Notes {
    /// Remarks on the conversation as a whole.
    pub(super) fn add(&mut self, message: impl Into<String>) {
        self.push(Problem::new("", message));
    }

    /// Remarks on a line that is no message, with its beginning.
    pub(super) fn stray(&mut self, line: &[u8], why: &str) {
        let shown = String::from_utf8_lossy(&line[..line.len().min(120)]).into_owned();
        self.add(format!(
            "the server wrote something else than messages to its output ({why}): {}",
            quote(&shown)
        ));
    }

    pub(super) fn push(&mut self, problem: Problem) {
        if self.0.len() < MAX_NOTES && !self.0.contains(&problem) {
            self.0.push(problem);
        }
    }

    pub(super) fn take(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.0)
    }
}
