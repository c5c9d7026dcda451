//! MCP over HTTP: Streamable HTTP of both eras, with JSON and event-stream answers, and the HTTP+SSE transport
//! of 2024-11-05 where a server has nothing newer. Credentials go to the configured origin and nowhere else;
//! redirects are followed by us or not at all; what is read is counted after decompression.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use reqwest::{Client, Method, Response, StatusCode, Url};
use rustls_platform_verifier::ConfigVerifierExt as _;
use serde_json::Value;

use super::address::{self, Guard, Resolver};
use super::fault::{Fault, quote};
use super::legacy::{Events, Legacy};
use super::limits::{Limits, Meter};
use super::session::{self, Listing, Transport};
use super::sse::Event;
use super::trace::Trace;
use super::wire::{self, Call, Incoming, MODERN, Notes};
use super::{Options, Secrets};
use crate::error::Error;
use crate::manifest::{self, Manifest};
use crate::source::json;
use crate::source::redact;
use crate::source::spec::{Endpoint, HttpStyle, NamedBy, Spec};

const MAX_REDIRECTS: usize = 5;
/// How much of an error's body is read.
const MAX_ERROR_BODY: usize = 64 * 1024;
/// How long the end of a session may take.
const FAREWELL: Duration = Duration::from_secs(2);
/// How long a connection may take to stand.
const CONNECT: Duration = Duration::from_secs(20);

/// Lists the tools of the server at a URL.
pub(super) async fn list(spec: &Spec, limits: &Limits, options: &Options) -> Result<Manifest, Error> {
    let Endpoint::Url { url, style, .. } = &spec.endpoint else {
        unreachable!("the caller matched a URL");
    };
    let origin = redact::url(url);
    let secrets = Secrets::of(spec);
    let fail = |fault: Fault| fault.into_error().without(&secrets.texts()).fact("url", origin.clone());
    let mut http = Http::new(spec, limits, options).map_err(&fail)?;
    let listed = match tokio::time::timeout(limits.timeout, http.list(*style, limits)).await {
        Ok(listed) => listed,
        Err(_) => Err(Fault::Timeout {
            after: limits.timeout,
            waiting_for: format!("the answer to {}", http.waiting_for),
        }),
    };
    http.leave().await;
    let (listing, transport) = listed.map_err(&fail)?;
    let host = http.url.host_str().unwrap_or_default().to_owned();
    let notes = http.notes.take();
    Ok(super::manifest(spec, listing, notes, origin, transport, &host))
}

/// The JSON document at a URL that the user named.
pub(super) async fn fetch(url: &str, limits: &Limits, options: &Options) -> Result<Value, Error> {
    let endpoint = Endpoint::Url {
        url: url.to_owned(),
        headers: Vec::new(),
        style: HttpStyle::Any,
    };
    let spec = Spec {
        name: None,
        endpoint,
        named_by: NamedBy::User,
    };
    let fail = |fault: Fault| fault.into_error().fact("url", redact::url(url));
    let mut http = Http::new(&spec, limits, options).map_err(&fail)?;
    let fetched = tokio::time::timeout(limits.timeout, async {
        let response = http.send(Method::GET, None, None, "").await?;
        let status = response.status();
        if status.is_client_error() || status.is_server_error() {
            let retry_after = retry_after(&response);
            return Err(Fault::Status {
                status: status.as_u16(),
                retry_after,
            });
        }
        let body = http.body(response).await?;
        http.parse(&body)
    });
    let timeout = Fault::Timeout {
        after: limits.timeout,
        waiting_for: "the document".to_owned(),
    };
    fetched.await.unwrap_or(Err(timeout)).map_err(fail)
}

/// The conversation with a server at a URL.
pub(super) struct Http {
    client: Client,
    guard: std::sync::Arc<Guard>,
    pub(super) url: Url,
    /// What was configured for the origin of the URL.
    credentials: HeaderMap,
    allow_private: bool,
    session: Option<HeaderValue>,
    version: Option<String>,
    pub(super) meter: Meter,
    pub(super) notes: Notes,
    pub(super) waiting_for: &'static str,
    trace: Trace,
}

impl Http {
    fn new(spec: &Spec, limits: &Limits, options: &Options) -> Result<Self, Fault> {
        let Endpoint::Url { url, headers, .. } = &spec.endpoint else {
            unreachable!("the caller matched a URL");
        };
        let mut url = Url::parse(url).map_err(|e| Fault::Connect(format!("this is no URL: {e}")))?;
        url.set_fragment(None);
        let mut credentials = configured(headers.iter().map(|(name, value)| (name.as_str(), value.expose())))?;
        let guard = Guard::new(spec.named_by != NamedBy::User && !options.allow_private);
        let client = client(&guard, &url)?;
        if let Some(basic) = take_user(&client, &mut url) {
            credentials.entry(AUTHORIZATION).or_insert(basic);
        }
        Ok(Self {
            client,
            guard,
            url,
            credentials,
            allow_private: options.allow_private,
            session: None,
            version: None,
            meter: Meter::new(limits),
            notes: Notes::default(),
            waiting_for: "initialize",
            trace: Trace::new(options.verbose),
        })
    }

    async fn list(&mut self, style: HttpStyle, limits: &Limits) -> Result<(Listing, manifest::Transport), Fault> {
        if style == HttpStyle::Sse {
            return Ok((self.list_legacy(limits).await?, manifest::Transport::Sse));
        }
        match session::list(self, limits, self.trace).await {
            Ok(listing) => Ok((listing, manifest::Transport::Http)),
            Err(Fault::Status { status, .. }) if self.session.is_none() && matches!(status, 400 | 404 | 405) => {
                self.version = None;
                match self.list_legacy(limits).await {
                    Ok(listing) => Ok((listing, manifest::Transport::Sse)),
                    // There is no such transport either: the first answer says more.
                    Err(Fault::Status { .. } | Fault::Shape(_)) => Err(Fault::Status {
                        status,
                        retry_after: None,
                    }),
                    Err(fault) => Err(fault),
                }
            }
            Err(fault) => Err(fault),
        }
    }

    async fn list_legacy(&mut self, limits: &Limits) -> Result<Listing, Fault> {
        let trace = self.trace;
        trace.step(|| "nothing newer here: trying HTTP+SSE".to_owned());
        let mut legacy = Legacy::open(self).await?;
        session::list(&mut legacy, limits, trace).await
    }

    /// Sends a request, following redirects where that is safe. An answer of 400 and above is an answer.
    pub(super) async fn send(
        &mut self,
        method: Method,
        url: Option<&Url>,
        body: Option<&Value>,
        name: &'static str,
    ) -> Result<Response, Fault> {
        let mut target = url.unwrap_or(&self.url).clone();
        for _ in 0..=MAX_REDIRECTS {
            self.guard.check(&target).await?;
            let mut request = self
                .client
                .request(method.clone(), target.clone())
                .headers(self.headers(name)?);
            if let Some(body) = body {
                request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
            }
            let response = request.send().await.map_err(|e| unreachable_server(&e))?;
            if !response.status().is_redirection() || response.status() == StatusCode::NOT_MODIFIED {
                return Ok(response);
            }
            let location = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
            let next = location.and_then(|to| target.join(to).ok());
            let Some(next) = next else {
                return Err(Fault::Shape("it redirects to no address".to_owned()));
            };
            self.allow_redirect(&target, &next)?;
            if url.is_none() {
                self.url = next.clone();
            }
            target = next;
        }
        Err(Fault::Shape(format!("it redirects more than {MAX_REDIRECTS} times")))
    }

    /// Whether a redirect may be followed: within the origin always; to another one only where there is nothing
    /// to give away, and only to a public address.
    fn allow_redirect(&mut self, from: &Url, to: &Url) -> Result<(), Fault> {
        if from.origin() == to.origin() {
            return Ok(());
        }
        let refuse = |why| Fault::Redirect {
            to: redact::url(to.as_str()),
            why,
        };
        if !matches!(to.scheme(), "http" | "https") {
            return Err(refuse("only http and https are called"));
        }
        if from.scheme() == "https" && to.scheme() == "http" {
            return Err(refuse("it would leave TLS"));
        }
        if !self.credentials.is_empty() || self.session.is_some() {
            return Err(refuse("credentials are sent to the configured origin alone"));
        }
        if !self.allow_private {
            self.guard.restrict();
        }
        Ok(())
    }

    fn headers(&self, method: &'static str) -> Result<HeaderMap, Fault> {
        let mut headers = self.credentials.clone();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        if let Some(session) = &self.session {
            headers.insert("mcp-session-id", session.clone());
        }
        if let Some(version) = &self.version {
            let value = HeaderValue::from_str(version)
                .map_err(|_| Fault::Shape("its protocol version is not printable".to_owned()))?;
            headers.insert("mcp-protocol-version", value);
            if version == MODERN && !method.is_empty() {
                headers.insert("mcp-method", HeaderValue::from_static(method));
            }
        }
        Ok(headers)
    }

    /// The answer to `call` in a response, however it is packed.
    async fn answer(&mut self, response: Response, call: &Call) -> Result<Value, Fault> {
        let status = response.status();
        if status.is_client_error() || status.is_server_error() {
            return self.error_answer(response).await;
        }
        if let Some(session) = response.headers().get("mcp-session-id") {
            let mut session = session.clone();
            session.set_sensitive(true);
            self.session = Some(session);
        }
        match content_type(&response).as_str() {
            "text/event-stream" => {
                let mut events = Events::new(response);
                while let Some(event) = events.next(&mut self.meter).await? {
                    if let Some(answer) = self.take_event(event, call).await? {
                        return Ok(answer);
                    }
                }
                Err(Fault::Closed)
            }
            "text/html" | "application/xhtml+xml" => Err(Fault::WebPage {
                status: status.as_u16(),
            }),
            "" if matches!(status, StatusCode::ACCEPTED | StatusCode::NO_CONTENT) => {
                Err(Fault::Shape(format!("it takes {} without an answer", call.method)))
            }
            // Some servers name no type, or plain text.
            "application/json" | "text/plain" | "" => {
                let body = self.body(response).await?;
                let value = self.parse(&body)?;
                let mut answers = wire::sort(value, call, &mut self.notes).into_iter();
                let answer = answers.find_map(|incoming| match incoming {
                    Incoming::Answer(answer) => Some(answer),
                    _ => None,
                });
                answer.ok_or(Fault::Closed)
            }
            other => Err(Fault::Shape(format!("its answer is of the type {}", quote(other)))),
        }
    }

    /// The answer in an event, where it is one; requests of the server's are replied to.
    async fn take_event(&mut self, event: Event, call: &Call) -> Result<Option<Value>, Fault> {
        // An event without data only keeps the connection open, or primes a resumption.
        if !matches!(event.kind.as_str(), "" | "message") || event.data.is_empty() {
            return Ok(None);
        }
        let value = self.parse(&event.data)?;
        let mut answer = None;
        for incoming in wire::sort(value, call, &mut self.notes) {
            match incoming {
                Incoming::Answer(value) => answer = answer.or(Some(value)),
                Incoming::Request(reply) => drop(self.send(Method::POST, None, Some(&reply), "").await?),
                Incoming::Other => {}
            }
        }
        Ok(answer)
    }

    /// An HTTP error: a JSON-RPC error in its body is the answer, else the status is.
    pub(super) async fn error_answer(&mut self, response: Response) -> Result<Value, Fault> {
        let status = response.status().as_u16();
        let retry_after = retry_after(&response);
        if matches!(status, 401 | 403) {
            let challenge = response.headers().get(WWW_AUTHENTICATE).and_then(|v| v.to_str().ok());
            return Err(Fault::Credentials {
                status,
                challenge: challenge.unwrap_or_default().to_owned(),
                sent: !self.credentials.is_empty(),
            });
        }
        if status != 429 && content_type(&response) == "application/json" {
            let body = self.error_body(response).await;
            if let Ok(document) = json::parse(&body)
                && document.value.get("error").is_some_and(Value::is_object)
            {
                return Ok(document.value);
            }
        }
        Err(Fault::Status { status, retry_after })
    }

    async fn error_body(&mut self, mut response: Response) -> Vec<u8> {
        let mut body = Vec::new();
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_ERROR_BODY {
                break;
            }
        }
        body
    }

    async fn body(&mut self, mut response: Response) -> Result<Vec<u8>, Fault> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| unreachable_server(&e))? {
            self.meter.take(chunk.len())?;
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    pub(super) fn parse(&mut self, body: &[u8]) -> Result<Value, Fault> {
        let document =
            json::parse(body).map_err(|e| Fault::Shape(format!("a message of it cannot be read: {}", e.message)))?;
        document.problems.into_iter().for_each(|p| self.notes.push(p));
        Ok(document.value)
    }

    /// Ends the session. A server that does not answer to that keeps it.
    async fn leave(&mut self) {
        if self.session.is_some() {
            let farewell = self.send(Method::DELETE, None, None, "");
            let _ = tokio::time::timeout(FAREWELL, farewell).await;
        }
    }
}

impl Transport for Http {
    async fn request(&mut self, call: &Call) -> Result<Value, Fault> {
        self.waiting_for = call.method;
        let response = self
            .send(Method::POST, None, Some(&call.message()), call.method)
            .await?;
        self.answer(response, call).await
    }

    async fn notify(&mut self, message: &Value) -> Result<(), Fault> {
        // Whatever a server says to a notification, the listing shows whether it works.
        self.send(Method::POST, None, Some(message), "").await.map(drop)
    }

    fn agree(&mut self, version: &str) {
        self.version = Some(version.to_owned());
    }
}

/// What every connection over TLS shares: the certificates of this machine, which are many files, are read once.
fn tls() -> Result<rustls::ClientConfig, Fault> {
    static SHARED: OnceLock<Result<rustls::ClientConfig, String>> = OnceLock::new();
    let shared = SHARED.get_or_init(|| {
        // Fails only where a provider is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut config = rustls::ClientConfig::with_platform_verifier().map_err(|e| e.to_string())?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    });
    shared
        .clone()
        .map_err(|error| Fault::Connect(format!("TLS cannot be set up: {error}")))
}

/// A client that follows nothing by itself and looks names up through the guard.
fn client(guard: &std::sync::Arc<Guard>, url: &Url) -> Result<Client, Fault> {
    let mut builder = Client::builder()
        .tls_backend_preconfigured(tls()?)
        .user_agent(concat!("mcpclass/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(CONNECT)
        .dns_resolver(Resolver(std::sync::Arc::clone(guard)));
    if address::is_local(url) {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|e| Fault::Connect(causes(&e)))
}

fn configured<'a>(headers: impl Iterator<Item = (&'a str, &'a str)>) -> Result<HeaderMap, Fault> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let Ok(key) = HeaderName::from_bytes(name.trim().as_bytes()) else {
            return Err(Fault::Connect(format!("{} is no name of a header", quote(name))));
        };
        let Ok(mut value) = HeaderValue::from_str(value.trim()) else {
            return Err(Fault::Connect(format!("the value of the header {key} cannot be sent")));
        };
        value.set_sensitive(true);
        map.append(key, value);
    }
    Ok(map)
}

/// Takes user and password out of a URL, as the header that they stand for.
fn take_user(client: &Client, url: &mut Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let probe = client.get(url.clone()).build().ok()?;
    let header = probe.headers().get(AUTHORIZATION).cloned();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    header
}

pub(super) fn content_type(response: &Response) -> String {
    let value = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// How long the server asks to wait: seconds, or a date.
fn retry_after(response: &Response) -> Option<Duration> {
    const LONGEST: u64 = 24 * 60 * 60;
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = if let Ok(seconds) = value.parse::<u64>() {
        seconds
    } else {
        let date = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
        u64::try_from(date.as_second() - jiff::Timestamp::now().as_second()).unwrap_or(0)
    };
    Some(Duration::from_secs(seconds.min(LONGEST)))
}

pub(super) fn unreachable_server(error: &reqwest::Error) -> Fault {
    address::refusal(error).unwrap_or_else(|| Fault::Connect(causes(error)))
}

/// The innermost causes of an error, without the URL, which may hold a secret.
fn causes(error: &reqwest::Error) -> String {
    let mut text = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push(error.to_string());
        cause = error.source();
    }
    match text.pop() {
        Some(last) => quote(&last),
        None => "the request failed".to_owned(),
    }
}
