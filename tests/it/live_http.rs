//! Live servers over HTTP: every transport and era, and what a hostile or broken endpoint may try.

use std::io::{Read as _, Write as _};
use std::sync::Mutex;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use mcpclass::error::Error;
use mcpclass::manifest::{Manifest, Tool, Transport};
use mcpclass::source::live::{self, Limits, Options};
use mcpclass::source::spec::{Endpoint, HttpStyle, NamedBy, Secret, Spec};
use serde_json::{Value, json};

use crate::http_server::{Request, Server, json_response, open_head, response};

const TOKEN: &str = "Bearer very-secret-token";
const MODERN: &str = "2026-07-28";

struct Case {
    spec: Spec,
    limits: Limits,
    options: Options,
}

impl Case {
    fn new(url: impl Into<String>) -> Self {
        let endpoint = Endpoint::Url {
            url: url.into(),
            headers: Vec::new(),
            style: HttpStyle::Any,
        };
        Self {
            spec: Spec {
                name: None,
                endpoint,
                named_by: NamedBy::User,
            },
            limits: Limits {
                timeout: Duration::from_secs(20),
                ..Limits::default()
            },
            options: Options::default(),
        }
    }

    fn token(mut self) -> Self {
        if let Endpoint::Url { headers, .. } = &mut self.spec.endpoint {
            headers.push(("Authorization".to_owned(), Secret::new(TOKEN)));
        }
        self
    }

    fn configured(mut self) -> Self {
        self.spec.named_by = NamedBy::Config("servers.json".into());
        self
    }

    fn run(&self) -> Result<Manifest, Error> {
        tokio::runtime::Runtime::new()
            .expect("a runtime")
            .block_on(live::list(&self.spec, &self.limits, &self.options))
    }

    fn listed(&self) -> Manifest {
        self.run().unwrap_or_else(|error| panic!("{error}"))
    }

    fn failed(&self) -> String {
        let text = self.run().expect_err("the server is broken").to_string();
        assert!(!text.contains("very-secret"), "{text}");
        text
    }
}

fn names(manifest: &Manifest) -> Vec<&str> {
    manifest.tools.iter().map(Tool::name).collect()
}

fn tools() -> Value {
    // Strict clients drop a tool with such a header, and do not tell.
    let schema = json!({"type": "object", "properties": {"city": {"type": "object", "x-mcp-header": "not a token"}}});
    json!([{"name": "weather", "vendorHint": "kept"}, {"name": "hidden", "inputSchema": schema}])
}

/// A well-behaved server with JSON answers and a session.
fn good(request: &Request) -> Vec<u8> {
    match (request.method.as_str(), request.call()) {
        ("DELETE", _) => response(405, &[], b""),
        (_, "notifications/initialized") => response(202, &[], b""),
        (_, "initialize") => {
            let body = request.legacy(&tools()).to_string();
            response(
                200,
                &[
                    ("content-type", "application/json; charset=utf-8"),
                    ("mcp-session-id", "s-1"),
                ],
                body.as_bytes(),
            )
        }
        _ => json_response(200, &request.legacy(&tools())),
    }
}

fn event(value: &Value) -> String {
    format!("event: message\ndata: {value}\n\n")
}

#[test]
fn json_answers_and_a_session() {
    let server = Server::answering(good);
    let manifest = Case::new(server.url()).token().listed();
    assert_eq!(names(&manifest), ["weather", "hidden"]);
    assert_eq!(manifest.tools[0].to_map()["vendorHint"], "kept");
    assert_eq!(manifest.server.name, "over http");
    assert_eq!(manifest.server.transport, Transport::Http);
    assert_eq!(manifest.server.protocol.as_deref(), Some("2025-11-25"));
    let requests = server.requests();
    let calls: Vec<&str> = requests.iter().map(Request::call).collect();
    assert_eq!(calls, ["initialize", "notifications/initialized", "tools/list", ""]);
    assert_eq!(requests[0].header("mcp-session-id"), None);
    assert_eq!(requests[2].header("mcp-session-id"), Some("s-1"));
    assert_eq!(requests[2].header("mcp-protocol-version"), Some("2025-11-25"));
    assert!(requests.iter().all(|r| r.header("authorization") == Some(TOKEN)));
    assert_eq!(requests[3].method, "DELETE");
}

#[test]
fn answers_on_a_stream_among_other_things() {
    let server = Server::start(|request, stream| {
        let answer = request.legacy(&tools());
        if request.body["id"].is_null() || request.body["result"].is_object() {
            let _ = stream.write_all(&response(202, &[], b""));
            return;
        }
        let ping = json!({"jsonrpc": "2.0", "id": "p", "method": "ping"});
        let note = json!({"jsonrpc": "2.0", "method": "notifications/message"});
        let text = format!(
            ": keep-alive\r\n\r\nid: 1\ndata:\n\n{}{}{}",
            event(&ping),
            event(&note),
            event(&answer)
        );
        let _ = stream.write_all(open_head("text/event-stream").as_bytes());
        // In small pieces, and open for longer than anybody should wait.
        for piece in text.as_bytes().chunks(7) {
            let _ = stream.write_all(piece);
        }
        std::thread::sleep(Duration::from_secs(30));
    });
    let manifest = Case::new(server.url()).listed();
    assert_eq!(names(&manifest), ["weather", "hidden"]);
    let pongs = server
        .requests()
        .iter()
        .filter(|r| r.body["id"] == "p" && r.body["result"] == json!({}))
        .count();
    assert_eq!(pongs, 2);
}

#[test]
fn the_era_without_a_handshake() {
    let server = Server::answering(|request| {
        let meta = &request.body["params"]["_meta"];
        if meta["io.modelcontextprotocol/protocolVersion"] != MODERN {
            return json_response(400, &request.refusal(-32022, &json!({"supported": [MODERN]})));
        }
        let right = request.header("mcp-protocol-version") == Some(MODERN)
            && request.header("mcp-method") == Some(request.call());
        if !right || request.method != "POST" {
            return json_response(400, &request.refusal(-32020, &Value::Null));
        }
        match request.call() {
            "server/discover" => json_response(
                200,
                &request.result(&json!({"supportedVersions": [MODERN], "instructions": "Hi."})),
            ),
            _ => json_response(
                200,
                &request.result(&json!({"resultType": "complete", "tools": tools()})),
            ),
        }
    });
    let manifest = Case::new(server.url()).listed();
    assert_eq!(names(&manifest), ["weather", "hidden"]);
    assert_eq!(manifest.server.protocol.as_deref(), Some(MODERN));
    assert_eq!(manifest.server.instructions.as_deref(), Some("Hi."));
}

/// A server of 2024-11-05, whose endpoint event says `endpoint`.
fn legacy_server(endpoint: &'static str) -> Server {
    let (send, receive) = mpsc::channel::<Value>();
    let (send, receive) = (Mutex::new(send), Mutex::new(receive));
    Server::start(
        move |request, stream| match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/mcp") => {
                let head = format!(
                    "{}event: endpoint\ndata: {endpoint}\n\n",
                    open_head("text/event-stream")
                );
                let _ = stream.write_all(head.as_bytes());
                let receive = receive.lock().expect("no panic");
                while let Ok(answer) = receive.recv_timeout(Duration::from_secs(5)) {
                    if stream.write_all(event(&answer).as_bytes()).is_err() {
                        return;
                    }
                }
            }
            ("POST", "/messages?s=1") => {
                let _ = stream.write_all(&response(202, &[], b"Accepted"));
                if !request.body["id"].is_null() {
                    let _ = send.lock().expect("no panic").send(request.legacy(&tools()));
                }
            }
            _ => {
                let _ = stream.write_all(&response(404, &[("content-type", "text/html")], b"<p>Cannot POST</p>"));
            }
        },
    )
}

#[test]
fn the_older_transport_is_found() {
    let server = legacy_server("/messages?s=1");
    let manifest = Case::new(server.url()).token().listed();
    assert_eq!(names(&manifest), ["weather", "hidden"]);
    assert_eq!(manifest.server.transport, Transport::Sse);
    assert!(
        server
            .requests()
            .iter()
            .all(|r| r.header("authorization") == Some(TOKEN))
    );
}

#[test]
fn an_endpoint_at_another_origin_is_refused() {
    let server = legacy_server("http://127.0.0.1:1/messages");
    let error = Case::new(server.url()).token().failed();
    assert!(error.contains("another origin"), "{error}");
}

#[test]
fn missing_credentials_are_explained() {
    for status in [401, 403] {
        let challenge = [("www-authenticate", "Bearer scope=\"files:read\"")];
        let server = Server::answering(move |_| response(status, &challenge, b"no very-secret-token"));
        let error = Case::new(server.url()).failed();
        assert!(
            error.contains("wants credentials") && error.contains("--bearer-env"),
            "{error}"
        );
        assert!(error.contains("files:read"), "{error}");
        let error = Case::new(server.url()).token().failed();
        assert!(error.contains("not accepted"), "{error}");
    }
}

#[test]
fn failures_and_pages_are_told_apart() {
    let server = Server::answering(|_| response(500, &[], b"oops"));
    assert!(Case::new(server.url()).failed().contains("HTTP 500"));
    let server = Server::answering(|_| response(200, &[("content-type", "text/html")], b"<html>"));
    assert!(Case::new(server.url()).failed().contains("not an MCP endpoint"));
    let server = Server::answering(|_| response(404, &[], b""));
    assert!(Case::new(server.url()).failed().contains("HTTP 404"));
    let server = Server::answering(|_| response(200, &[("content-type", "application/json")], b"{\"jsonrpc\": \xff"));
    assert!(Case::new(server.url()).failed().contains("cannot be read"));
    let error = Case::new("http://127.0.0.1:1/mcp").failed();
    assert!(error.contains("cannot connect"), "{error}");
    let error = Case::new("ftp://127.0.0.1/mcp").failed();
    assert!(error.contains("only http and https"), "{error}");
}

#[test]
fn a_busy_server_says_when() {
    let server = Server::answering(|_| response(429, &[("retry-after", "17")], b""));
    let error = Case::new(server.url()).run().expect_err("it is busy");
    assert_eq!(error.wait(), Some(Duration::from_secs(17)));
    assert!(error.to_string().contains("17 s"), "{error}");
    let server = Server::answering(|_| response(503, &[("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT")], b""));
    let error = Case::new(server.url()).run().expect_err("it is busy");
    assert_eq!(error.wait(), Some(Duration::ZERO));
}

#[test]
fn redirects_within_the_origin_are_followed() {
    let server = Server::answering(|request| match request.path.as_str() {
        "/mcp" => response(307, &[("location", "/inner/mcp")], b""),
        _ => good(request),
    });
    let manifest = Case::new(server.url()).token().listed();
    assert_eq!(names(&manifest), ["weather", "hidden"]);
    let server = Server::answering(|_| response(308, &[("location", "/mcp")], b""));
    assert!(Case::new(server.url()).failed().contains("redirects more than"));
}

#[test]
fn credentials_stay_at_their_origin() {
    let other = Server::answering(good);
    let target = other.url();
    let server = Server::answering(move |_| response(307, &[("location", &target)], b""));
    let error = Case::new(server.url()).token().failed();
    assert!(
        error.contains("redirects to") && error.contains(&other.url()),
        "{error}"
    );
    // Without credentials there is nothing to give away, but a redirect still reaches no private address.
    let error = Case::new(server.url()).failed();
    assert!(
        error.contains("an address of this machine") && error.contains("--allow-private"),
        "{error}"
    );
    assert_eq!(other.requests().len(), 0);
    let mut allowed = Case::new(server.url());
    allowed.options.allow_private = true;
    assert_eq!(names(&allowed.listed()), ["weather", "hidden"]);
    assert!(other.requests().iter().all(|r| r.header("authorization").is_none()));
    // User information in a URL is a credential, too, and is shown nowhere.
    let url = server.url().replace("http://", "http://user:very-secret-token@");
    assert!(Case::new(url).failed().contains("redirects to"));
    let server = Server::answering(good);
    let url = server.url().replace("http://", "http://user:very-secret-token@");
    let manifest = Case::new(url).listed();
    assert_eq!(manifest.server.origin, server.url());
    assert!(
        server.requests()[0]
            .header("authorization")
            .is_some_and(|value| value.starts_with("Basic "))
    );
}

#[test]
fn a_configuration_names_no_inner_address() {
    let server = Server::answering(good);
    for host in [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0.0.0.0",
        "[::]",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "\u{ff11}27.0.0.1",
    ] {
        let error = Case::new(format!("http://{host}:{}/mcp", server.port))
            .configured()
            .failed();
        assert!(error.contains("public addresses alone"), "{host}: {error}");
    }
    let error = Case::new("http://169.254.169.254/latest/meta-data")
        .configured()
        .failed();
    assert!(error.contains("metadata"), "{error}");
    assert_eq!(server.requests().len(), 0);
    let mut allowed = Case::new(server.url()).configured();
    allowed.options.allow_private = true;
    assert_eq!(names(&allowed.listed()), ["weather", "hidden"]);
}

#[test]
fn a_compressed_bomb_is_not_unpacked() {
    let mut bomb = Vec::new();
    let zeros = std::io::repeat(b' ').take(512 * 1024 * 1024);
    flate2::read::GzEncoder::new(zeros, flate2::Compression::fast())
        .read_to_end(&mut bomb)
        .expect("compressed");
    let server = Server::answering(move |_| {
        response(
            200,
            &[("content-type", "application/json"), ("content-encoding", "gzip")],
            &bomb,
        )
    });
    let error = Case::new(server.url()).failed();
    assert!(error.contains("64 MiB") && error.contains("--max-bytes"), "{error}");
}

#[test]
fn a_compressed_answer_is_read() {
    let server = Server::answering(|request| {
        if request.call() != "tools/list" {
            return good(request);
        }
        let text = request.legacy(&tools()).to_string();
        let mut packed = Vec::new();
        flate2::read::GzEncoder::new(text.as_bytes(), flate2::Compression::fast())
            .read_to_end(&mut packed)
            .expect("compressed");
        response(
            200,
            &[("content-type", "application/json"), ("content-encoding", "gzip")],
            &packed,
        )
    });
    assert_eq!(names(&Case::new(server.url()).listed()), ["weather", "hidden"]);
}

#[test]
fn a_slow_drip_ends_at_the_time_limit() {
    for content_type in ["application/json", "text/event-stream"] {
        let server = Server::start(move |_, stream| {
            let _ = stream.write_all(open_head(content_type).as_bytes());
            while stream.write_all(b" ").is_ok() {
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        let mut case = Case::new(server.url());
        case.limits.timeout = Duration::from_secs(1);
        let started = Instant::now();
        let error = case.failed();
        assert!(error.contains("within 1 s") && error.contains("initialize"), "{error}");
        assert!(started.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn endless_pages_end() {
    let page = |cursor: &Value| cursor.as_str().and_then(|c| c.parse::<u64>().ok()).unwrap_or(0) + 1;
    let server = Server::answering(move |request| match request.call() {
        "tools/list" => {
            let next = page(&request.body["params"]["cursor"]).to_string();
            json_response(200, &request.result(&json!({"tools": [], "nextCursor": next})))
        }
        _ => good(request),
    });
    let mut case = Case::new(server.url());
    case.limits.max_pages = 5;
    let error = case.failed();
    assert!(error.contains("more than 5 pages"), "{error}");
}
