//! The servers of a registry that speaks the official MCP Registry API, version 0.1: read page by page, only what
//! changed since a time where one is named. A registry lists no tools; its servers are candidates.

use std::time::Duration;

use reqwest::Url;
use serde_json::Value;

use super::live::{self, Limits, Options};
use super::redact;
use crate::error::{Error, Result};

/// Records asked for at a time; the API gives no more.
const PAGE: &str = "100";
/// A registry that goes on for longer goes round in circles.
const MOST_PAGES: usize = 20_000;
/// How often a page is asked for where the registry wants patience.
const ATTEMPTS: usize = 4;
/// A registry that wants to be left alone for longer has failed.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);

/// Reads every record; with what was read before an error, the error.
pub fn read(base: &str, since: Option<&str>, limits: &Limits, options: &Options) -> (Vec<Value>, Option<Error>) {
    let mut records = Vec::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let read = match runtime {
        Ok(runtime) => runtime.block_on(pages(base, since, limits, options, &mut records)),
        Err(error) => Err(Error::new(format!("cannot start what talks to servers: {error}"))),
    };
    (records, read.err())
}

async fn pages(
    base: &str,
    since: Option<&str>,
    limits: &Limits,
    options: &Options,
    records: &mut Vec<Value>,
) -> Result<()> {
    let first = first_page(base, since)?;
    let mut page = first.clone();
    for _ in 0..MOST_PAGES {
        let mut answer = patiently(&page, limits, options).await?;
        let Some(Value::Array(servers)) = answer.get_mut("servers").map(Value::take) else {
            let base = redact::url(base);
            return Err(Error::partial(format!("{base}: the answer holds no servers")).help(
                "--registry takes the base URL of an MCP registry, such as https://registry.modelcontextprotocol.io",
            ));
        };
        records.extend(servers.into_iter().filter(is_active));
        let metadata = answer.get("metadata");
        let next = metadata.and_then(|m| m.get("nextCursor").or_else(|| m.get("next_cursor")));
        let Some(cursor) = next.and_then(Value::as_str).filter(|cursor| !cursor.is_empty()) else {
            return Ok(());
        };
        page = first.clone();
        page.query_pairs_mut().append_pair("cursor", cursor);
    }
    let base = redact::url(base);
    Err(Error::partial(format!("{base}: the registry's list does not end")))
}

fn first_page(base: &str, since: Option<&str>) -> Result<Url> {
    let mut url = Url::parse(base)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| {
            Error::new(format!("{:?} is no address of a registry", redact::url(base))).help("it begins with https://")
        })?;
    if !url.path().ends_with("/servers") {
        let path = url.path().trim_end_matches('/').to_owned();
        let version = if path.contains("/v0") { "" } else { "/v0.1" };
        url.set_path(&format!("{path}{version}/servers"));
    }
    url.query_pairs_mut()
        .append_pair("limit", PAGE)
        .append_pair("version", "latest");
    if let Some(since) = since {
        url.query_pairs_mut().append_pair("updated_since", since);
    }
    Ok(url)
}

async fn patiently(page: &Url, limits: &Limits, options: &Options) -> Result<Value> {
    let mut attempt = 1;
    loop {
        let answer = live::fetch(page.as_str(), limits, options).await;
        let wait = answer.as_ref().err().and_then(Error::wait);
        match wait {
            Some(wait) if attempt < ATTEMPTS && wait <= LONGEST_PAUSE => {
                tokio::time::sleep(wait.max(Duration::from_millis(250))).await;
                attempt += 1;
            }
            _ => return answer,
        }
    }
}

/// Whether a record is to be listed: what was deleted is not.
fn is_active(record: &Value) -> bool {
    let official = record.pointer("/_meta/io.modelcontextprotocol.registry~1official");
    official
        .and_then(|official| official.get("status"))
        .and_then(Value::as_str)
        != Some("deleted")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_page() {
        let page = |base| first_page(base, Some("2026-01-01T00:00:00Z")).map(|url| url.to_string());
        let rest = "limit=100&version=latest&updated_since=2026-01-01T00%3A00%3A00Z";
        assert_eq!(
            page("https://r.example"),
            Ok(format!("https://r.example/v0.1/servers?{rest}"))
        );
        assert_eq!(
            page("https://r.example/api/v0/"),
            Ok(format!("https://r.example/api/v0/servers?{rest}"))
        );
        assert!(page("r.example").is_err());
    }

    #[test]
    fn deleted_records_are_left_out() {
        let record = |status: &str| serde_json::json!({"server": {}, "_meta": {"io.modelcontextprotocol.registry/official": {"status": status}}});
        assert!(is_active(&record("active")) && is_active(&serde_json::json!({})) && !is_active(&record("deleted")));
    }
}
