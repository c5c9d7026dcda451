//! MCP over the standard streams of a process that we start: one message a line. Owns the conversation; how the
//! process is started, fenced and ended is [`super::process`]'s.

use serde_json::Value;
use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::process::{ChildStdin, ChildStdout};

use super::fault::Fault;
use super::frame::Frames;
use super::limits::Meter;
use super::session::Transport;
use super::wire::{self, Call, Incoming, Notes};

/// How much is read from a pipe at once.
const CHUNK: usize = 64 * 1024;

/// The conversation with a started server.
pub(super) struct Stdio {
    input: ChildStdin,
    frames: Frames<BufReader<ChildStdout>>,
    meter: Meter,
    /// Remarks on what the server wrote.
    pub(super) notes: Notes,
    /// What the server was last asked for.
    pub(super) waiting_for: &'static str,
}

impl Stdio {
    pub(super) fn new(input: ChildStdin, output: ChildStdout, meter: Meter) -> Self {
        Self {
            input,
            frames: Frames::new(BufReader::with_capacity(CHUNK, output)),
            meter,
            notes: Notes::default(),
            waiting_for: "initialize",
        }
    }

    async fn send(&mut self, message: &Value) -> Result<(), Fault> {
        let mut line = message.to_string();
        line.push('\n');
        // A server that stopped reading has stopped: its exit status says more than the broken pipe.
        let sent = async {
            self.input.write_all(line.as_bytes()).await?;
            self.input.flush().await
        };
        sent.await.map_err(|_| Fault::Closed)
    }
}

impl Transport for Stdio {
    async fn request(&mut self, call: &Call) -> Result<Value, Fault> {
        self.waiting_for = call.method;
        self.send(&call.message()).await?;
        loop {
            let Some(value) = self.frames.next(&mut self.meter, &mut self.notes).await? else {
                return Err(Fault::Closed);
            };
            let mut answer = None;
            for incoming in wire::sort(value, call, &mut self.notes) {
                match incoming {
                    Incoming::Answer(value) => answer = answer.or(Some(value)),
                    Incoming::Request(reply) => self.send(&reply).await?,
                    Incoming::Other => {}
                }
            }
            if let Some(answer) = answer {
                return Ok(answer);
            }
        }
    }

    async fn notify(&mut self, message: &Value) -> Result<(), Fault> {
        self.send(message).await
    }

    fn agree(&mut self, _version: &str) {}
}
