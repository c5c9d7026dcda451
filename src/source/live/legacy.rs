//! The HTTP+SSE transport of 2024-11-05: a stream of events that names where to post, and on which the answers
//! come. Deprecated, and still what many servers speak.

use reqwest::{Method, Response, Url};
use serde_json::Value;

use super::fault::{Fault, quote};
use super::http::{Http, content_type, unreachable_server};
use super::limits::Meter;
use super::session::Transport;
use super::sse::{Event, Parser};
use super::wire::{self, Call, Incoming};
use crate::source::redact;

/// The transport of 2024-11-05: a stream of events that names where to post.
pub(super) struct Legacy<'a> {
    http: &'a mut Http,
    events: Events,
    post: Url,
}

impl<'a> Legacy<'a> {
    pub(super) async fn open(http: &'a mut Http) -> Result<Self, Fault> {
        http.waiting_for = "the stream of events";
        let response = http.send(Method::GET, None, None, "").await?;
        let status = response.status();
        if status.is_client_error() || status.is_server_error() {
            http.error_answer(response).await?;
            return Err(Fault::Status {
                status: status.as_u16(),
                retry_after: None,
            });
        }
        match content_type(&response).as_str() {
            "text/event-stream" => {}
            "text/html" => {
                return Err(Fault::WebPage {
                    status: status.as_u16(),
                });
            }
            other => return Err(Fault::Shape(format!("its answer is of the type {}", quote(other)))),
        }
        let mut events = Events::new(response);
        while let Some(event) = events.next(&mut http.meter).await? {
            if event.kind == "endpoint" {
                let text = String::from_utf8_lossy(&event.data).into_owned();
                let post = http.url.join(text.trim());
                let post = post.map_err(|_| Fault::Shape(format!("its endpoint is no address: {}", quote(&text))))?;
                if post.origin() != http.url.origin() {
                    return Err(Fault::Redirect {
                        to: redact::url(post.as_str()),
                        why: "its endpoint stands at another origin",
                    });
                }
                return Ok(Self { http, events, post });
            }
        }
        Err(Fault::Closed)
    }

    async fn post(&mut self, message: &Value) -> Result<(), Fault> {
        let post = self.post.clone();
        let response = self.http.send(Method::POST, Some(&post), Some(message), "").await?;
        if response.status().is_success() {
            return Ok(());
        }
        let status = response.status().as_u16();
        self.http.error_answer(response).await?;
        Err(Fault::Status {
            status,
            retry_after: None,
        })
    }
}

impl Transport for Legacy<'_> {
    async fn request(&mut self, call: &Call) -> Result<Value, Fault> {
        self.http.waiting_for = call.method;
        self.post(&call.message()).await?;
        while let Some(event) = self.events.next(&mut self.http.meter).await? {
            if !matches!(event.kind.as_str(), "" | "message") {
                continue;
            }
            let value = self.http.parse(&event.data)?;
            for incoming in wire::sort(value, call, &mut self.http.notes) {
                match incoming {
                    Incoming::Answer(answer) => return Ok(answer),
                    Incoming::Request(reply) => self.post(&reply).await?,
                    Incoming::Other => {}
                }
            }
        }
        Err(Fault::Closed)
    }

    async fn notify(&mut self, message: &Value) -> Result<(), Fault> {
        self.post(message).await
    }

    fn agree(&mut self, _version: &str) {}
}

/// The events of a response.
pub(super) struct Events {
    response: Response,
    parser: Parser,
}

impl Events {
    pub(super) fn new(response: Response) -> Self {
        Self {
            response,
            parser: Parser::default(),
        }
    }

    pub(super) async fn next(&mut self, meter: &mut Meter) -> Result<Option<Event>, Fault> {
        loop {
            if let Some(event) = self.parser.pop() {
                return Ok(Some(event));
            }
            match self.response.chunk().await.map_err(|e| unreachable_server(&e))? {
                Some(chunk) => {
                    meter.take(chunk.len())?;
                    self.parser.push(&chunk);
                }
                None => return Ok(None),
            }
        }
    }
}
