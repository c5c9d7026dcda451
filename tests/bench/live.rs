//! Five thousand servers on the loopback interface: most answer after 50 ms, some hang, some are broken.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::measure::{Cost, print, run};

const SERVERS: usize = 5_000;
const AT_ONCE: usize = 64;
const TIMEOUT: Duration = Duration::from_secs(2);
const ANSWER: Duration = Duration::from_millis(50);

/// Lists them all into a catalogue, and prints how that compares with the ideal.
pub(crate) fn bench(folder: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
    let address: SocketAddr = listener.local_addr().expect("an address");
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    let list: Vec<String> = (0..SERVERS).map(|n| format!("http://{address}/{n}/mcp")).collect();
    let path = folder.join("servers.txt");
    fs::write(&path, list.join("\n")).expect("written");
    let catalogue = folder.join("live");
    let (at_once, timeout) = (AT_ONCE.to_string(), TIMEOUT.as_secs().to_string());
    let cost = run(
        &[
            "index",
            path.to_str().expect("UTF-8"),
            "--catalogue",
            catalogue.to_str().expect("UTF-8"),
            "--allow-private",
            "--at-once",
            &at_once,
            "--per-host",
            &at_once,
            "--timeout",
            &timeout,
            "--quiet",
        ],
        None,
    );
    let (hanging, broken) = (SERVERS / 20, SERVERS / 20);
    let good = SERVERS - hanging - broken;
    let work = ANSWER * good as u32 + TIMEOUT * hanging as u32;
    let ideal = Cost {
        time: work / AT_ONCE as u32,
        memory: 0,
    };
    print(
        &format!("{SERVERS} live servers, {AT_ONCE} at once, ideal"),
        ideal,
        None,
    );
    print(&format!("{SERVERS} live servers, {AT_ONCE} at once"), cost, None);
    println!(
        "| | {:.2} × ideal | | |",
        cost.time.as_secs_f64() / ideal.time.as_secs_f64()
    );
}

/// Answers the requests of one connection.
async fn serve(mut stream: TcpStream) {
    let mut bytes = Vec::new();
    loop {
        let Some((path, body)) = request(&mut stream, &mut bytes).await else {
            return;
        };
        let number: usize = path
            .trim_start_matches('/')
            .split('/')
            .next()
            .and_then(|n| n.parse().ok())
            .unwrap_or(0);
        let answer = match number % 20 {
            7 => {
                tokio::time::sleep(Duration::from_secs(3600)).await;
                return;
            }
            13 => "<html>This is no server.".to_owned(),
            _ => answer(&body, number).await,
        };
        let head = format!(
            "HTTP/1.1 {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            if answer.is_empty() { "202 Accepted" } else { "200 OK" },
            answer.len()
        );
        if stream.write_all((head + &answer).as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn answer(body: &str, number: usize) -> String {
    let call: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let id = &call["id"];
    match call["method"].as_str() {
        Some("initialize") => {
            let info = serde_json::json!({"name": format!("bench-{number}"), "version": "1"});
            let result =
                serde_json::json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": info});
            serde_json::json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string()
        }
        Some("tools/list") => {
            tokio::time::sleep(ANSWER).await;
            let tool = serde_json::json!({"name": "list_notes", "description": "Lists notes.", "inputSchema": {"type": "object"}});
            serde_json::json!({"jsonrpc": "2.0", "id": id, "result": {"tools": [tool]}}).to_string()
        }
        Some(_) if !id.is_null() => {
            serde_json::json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": "no such method"}})
                .to_string()
        }
        _ => String::new(),
    }
}

/// The path and the body of the next request.
async fn request(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<(String, String)> {
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.trim().parse::<usize>().ok())?
            });
            let whole = end + 4 + length.unwrap_or(0);
            if bytes.len() >= whole {
                let body = String::from_utf8_lossy(&bytes[end + 4..whole]).into_owned();
                bytes.drain(..whole);
                let path = head.split_whitespace().nth(1)?.to_owned();
                return Some((path, body));
            }
        }
        if stream.read_buf(bytes).await.ok()? == 0 {
            return None;
        }
    }
}
