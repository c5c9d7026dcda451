//! Where the fuzz targets of `tests/fuzz` reach the readers that are otherwise this module's own.

use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::frame::Frames;
use super::limits::{Limits, Meter};
use super::sse::Parser;
use super::wire::{self, Call, Incoming, Notes};

/// The data of each event in a stream that arrives in two pieces.
pub fn events(stream: &[u8], split: usize) -> Vec<Vec<u8>> {
    let mut parser = Parser::default();
    let (head, tail) = stream.split_at(split.min(stream.len()));
    parser.push(head);
    parser.push(tail);
    std::iter::from_fn(|| parser.pop()).map(|event| event.data).collect()
}

/// Reads a stream as what a started server writes: how many messages answer the first call, and how many ask
/// something. Ends at the first fault.
pub fn messages(stream: &[u8]) -> (usize, usize) {
    let call = Call {
        id: 1,
        method: "tools/list",
        params: serde_json::json!({}),
    };
    let mut notes = Notes::default();
    let mut meter = Meter::new(&Limits::default());
    let mut frames = Frames::new(stream);
    let read = async {
        let (mut answers, mut requests) = (0, 0);
        while let Ok(Some(value)) = frames.next(&mut meter, &mut notes).await {
            for incoming in wire::sort(value, &call, &mut notes) {
                match incoming {
                    Incoming::Answer(answer) => {
                        answers += 1;
                        // A refusal is an answer, too.
                        let _ = call.result(answer);
                    }
                    Incoming::Request(_) => requests += 1,
                    Incoming::Other => {}
                }
            }
        }
        (answers, requests)
    };
    // Bytes in memory never make anybody wait.
    let mut context = Context::from_waker(Waker::noop());
    match pin!(read).as_mut().poll(&mut context) {
        Poll::Ready(counted) => counted,
        Poll::Pending => unreachable!("bytes in memory are there"),
    }
}
