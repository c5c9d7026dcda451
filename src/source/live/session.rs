//! The conversation that lists a server's tools, over any transport: which protocol era it speaks, who it says
//! it is, and every page of `tools/list` as raw JSON. Does no I/O of its own.

use std::collections::HashSet;
use std::future::Future;

use serde_json::{Map, Value, json};

use super::fault::{Fault, quote};
use super::limits::Limits;
use super::trace::Trace;
use super::wire::{self, Call, LEGACY, LEGACY_VERSIONS, MODERN};
use crate::manifest::{Problem, kind};

/// Names and versions that a server declares are cut to this many characters.
const MAX_NAME: usize = 200;

/// A way to talk to a server: one request at a time.
pub(super) trait Transport {
    /// Sends a request and waits for its answer, which may be an error of the server's.
    fn request(&mut self, call: &Call) -> impl Future<Output = Result<Value, Fault>> + Send;
    /// Sends a notification.
    fn notify(&mut self, message: &Value) -> impl Future<Output = Result<(), Fault>> + Send;
    /// From now on this version is spoken.
    fn agree(&mut self, version: &str);
}

/// What a conversation brought.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
    pub(super) protocol: String,
    pub(super) instructions: Option<String>,
    pub(super) tools: Vec<Value>,
    pub(super) complete: bool,
    pub(super) problems: Vec<Problem>,
}

/// Lists the tools of the server behind `transport`.
pub(super) async fn list<T: Transport + Send>(
    transport: &mut T,
    limits: &Limits,
    trace: Trace,
) -> Result<Listing, Fault> {
    let mut session = Session {
        transport,
        trace,
        next_id: 1,
        modern: false,
        offers_tools: true,
        listing: Listing::default(),
    };
    session.greet().await?;
    session.pages(limits).await?;
    Ok(session.listing)
}

struct Session<'a, T> {
    transport: &'a mut T,
    trace: Trace,
    next_id: u64,
    /// Whether requests carry `_meta` instead of there being a handshake.
    modern: bool,
    offers_tools: bool,
    listing: Listing,
}

impl<T: Transport + Send> Session<'_, T> {
    /// Finds the era. The handshake comes first: most servers want it, and some that do not know
    /// `server/discover` stay silent instead of refusing it.
    async fn greet(&mut self) -> Result<(), Fault> {
        let refusal = match self.initialize(LEGACY).await {
            Ok(()) => return Ok(()),
            Err(fault) => fault,
        };
        match &refusal {
            Fault::Refused { data, .. } => {
                let supported = data.get("supported").and_then(Value::as_array);
                let older = supported.and_then(|list| {
                    LEGACY_VERSIONS[1..]
                        .iter()
                        .find(|version| list.iter().any(|v| v == *version))
                });
                if let Some(version) = older {
                    return self.initialize(version).await;
                }
            }
            Fault::Status {
                status: 400 | 404 | 405,
                ..
            } => {}
            _ => return Err(refusal),
        }
        self.discover(refusal).await
    }

    async fn initialize(&mut self, version: &str) -> Result<(), Fault> {
        let params = json!({
            "protocolVersion": version,
            "capabilities": {},
            "clientInfo": client_info(),
        });
        let result = self.call("initialize", params).await?;
        let Some(answered) = result.get("protocolVersion").and_then(Value::as_str) else {
            return Err(Fault::Shape(
                "its answer to initialize names no protocolVersion".to_owned(),
            ));
        };
        if !LEGACY_VERSIONS.contains(&answered) {
            self.remark(format!(
                "the server answers the unknown protocol version {}",
                quote(answered)
            ));
        }
        self.listing.protocol = cut(answered);
        self.transport.agree(answered);
        self.introduce(result.get("serverInfo"), &result);
        self.transport
            .notify(&wire::notification("notifications/initialized"))
            .await
    }

    /// The era without a handshake. A server that knows neither greeting may still list its tools.
    async fn discover(&mut self, refusal: Fault) -> Result<(), Fault> {
        self.modern = true;
        self.transport.agree(MODERN);
        self.listing.protocol = cut(MODERN);
        match self.call("server/discover", json!({})).await {
            Ok(result) => {
                let supported = result.get("supportedVersions").and_then(Value::as_array);
                if supported.is_some_and(|list| !list.iter().any(|v| v == MODERN)) {
                    return Err(unknown_versions(&result["supportedVersions"]));
                }
                let info = result.pointer("/_meta/io.modelcontextprotocol~1serverInfo");
                self.introduce(info, &result);
                Ok(())
            }
            Err(Fault::Refused { code: -32022, data, .. }) => Err(unknown_versions(&data["supported"])),
            // Not every server implements discovery, though it must; one that refused the greeting for its form
            // is asked for its tools all the same.
            Err(Fault::Refused { code: -32601, .. })
                if matches!(
                    refusal,
                    Fault::Refused {
                        code: -32601 | -32602 | -32022,
                        ..
                    }
                ) =>
            {
                Ok(())
            }
            // A server that neither greeting suits has said why at the first one.
            Err(
                Fault::Refused { .. }
                | Fault::Closed
                | Fault::Status {
                    status: 400 | 404 | 405,
                    ..
                },
            ) => Err(refusal),
            Err(fault) => Err(fault),
        }
    }

    /// Notes who the server says it is.
    fn introduce(&mut self, info: Option<&Value>, result: &Value) {
        let text = |key: &str| {
            let value = info?.get(key)?.as_str()?.trim();
            (!value.is_empty()).then(|| cut(value))
        };
        self.listing.name = text("name").or_else(|| text("title"));
        self.listing.version = text("version");
        self.listing.instructions = result.get("instructions").and_then(Value::as_str).map(str::to_owned);
        self.offers_tools = result
            .pointer("/capabilities/tools")
            .is_some_and(|tools| !tools.is_null());
    }

    async fn pages(&mut self, limits: &Limits) -> Result<(), Fault> {
        let mut cursor: Option<String> = None;
        let mut seen = HashSet::new();
        for page in 1..=limits.max_pages {
            let params = match &cursor {
                Some(cursor) => json!({"cursor": cursor}),
                None => json!({}),
            };
            let result = match self.call("tools/list", params).await {
                Ok(result) => result,
                Err(Fault::Refused { code: -32601, .. }) if !self.offers_tools => {
                    self.remark("the server declares that it has no tools");
                    self.listing.complete = true;
                    return Ok(());
                }
                Err(fault @ Fault::Refused { .. }) if page > 1 => {
                    self.remark(format!("page {page} of the listing is missing: {fault}"));
                    return Ok(());
                }
                Err(fault) => return Err(fault),
            };
            cursor = self.page(page, result, limits)?;
            let Some(next) = &cursor else { return Ok(()) };
            if !seen.insert(next.clone()) {
                return Err(Fault::RepeatedCursor { page });
            }
        }
        Err(Fault::Pages(limits.max_pages))
    }

    /// Takes the tools of one page; the cursor of the next one.
    fn page(&mut self, page: u32, mut result: Value, limits: &Limits) -> Result<Option<String>, Fault> {
        if let Some(other) = result.get("resultType").filter(|t| !t.is_null() && **t != "complete") {
            let message = format!("its answer to tools/list is of the type {}", quote(&other.to_string()));
            return Err(Fault::Shape(message));
        }
        match result.get_mut("tools").map(Value::take) {
            Some(Value::Array(mut tools)) => self.listing.tools.append(&mut tools),
            Some(other) => {
                let message = format!(
                    "the tools in its answer to tools/list are {}, not an array",
                    kind(&other)
                );
                return Err(Fault::Shape(message));
            }
            None => return Err(Fault::Shape("its answer to tools/list has no tools".to_owned())),
        }
        if self.listing.tools.len() > limits.max_tools as usize {
            return Err(Fault::Tools(limits.max_tools));
        }
        match result.get_mut("nextCursor").map(Value::take) {
            None | Some(Value::Null) => {
                self.listing.complete = true;
                Ok(None)
            }
            // An empty string is a cursor like any other.
            Some(Value::String(next)) => Ok(Some(next)),
            Some(other) => {
                self.remark(format!(
                    "the cursor after page {page} is {}, not a string; the pages after it are missing",
                    kind(&other)
                ));
                Ok(None)
            }
        }
    }

    async fn call(&mut self, method: &'static str, params: Value) -> Result<Value, Fault> {
        let mut params = params;
        if let (true, Value::Object(params)) = (self.modern, &mut params) {
            params.insert("_meta".to_owned(), Value::Object(meta()));
        }
        let call = Call {
            id: self.next_id,
            method,
            params,
        };
        self.next_id += 1;
        self.trace.detail(|| format!("→ {method}"));
        let answer = self.transport.request(&call).await?;
        let result = call.result(answer);
        self.trace.detail(|| match &result {
            Ok(result) => format!("← {method}: {}", quote(&keys(result))),
            Err(fault) => format!("← {fault}"),
        });
        result
    }

    fn remark(&mut self, message: impl Into<String>) {
        self.listing.problems.push(Problem::new("", message));
    }
}

/// The names of what a result holds: enough to follow a conversation, and nothing that could be a secret.
fn keys(result: &Value) -> String {
    let fields = result.as_object().into_iter().flatten();
    let named = fields.map(|(name, value)| match value {
        Value::Array(values) => format!("{name} ({})", values.len()),
        _ => name.clone(),
    });
    named.collect::<Vec<_>>().join(", ")
}

fn client_info() -> Value {
    json!({"name": "mcpclass", "version": env!("CARGO_PKG_VERSION")})
}

/// What every request of the era without a handshake carries.
fn meta() -> Map<String, Value> {
    Map::from_iter([
        ("io.modelcontextprotocol/protocolVersion".to_owned(), json!(MODERN)),
        ("io.modelcontextprotocol/clientCapabilities".to_owned(), json!({})),
        ("io.modelcontextprotocol/clientInfo".to_owned(), client_info()),
    ])
}

fn unknown_versions(versions: &Value) -> Fault {
    Fault::Shape(format!(
        "it supports only the versions {}",
        quote(&versions.to_string())
    ))
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_NAME).collect()
}
