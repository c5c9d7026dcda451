//! What machines read of the site: JSON beside each page, JSON-LD in it, the sitemap, and `llms.txt`.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::index::Index;
use super::out::Out;
use crate::assessment::Assessment;
use crate::catalogue::record::Record;
use crate::classify::Classifier;
use crate::error::Result;
use crate::label::Category;
use crate::output::json;
use crate::page::server::ServerPage;
use crate::page::tool::{RelatedTool, ToolPage};
use crate::report::Report;

/// Addresses in one sitemap file, by the protocol.
const SITEMAP: usize = 50_000;

/// The site's address, with a slash at its end.
pub(super) fn base(url: &str) -> String {
    format!("{}/", url.trim_end_matches('/'))
}

/// A tool's data: its assessment, and where related tools stand.
pub(super) fn tool(record: &Record, assessment: &Assessment, page: &ToolPage, rules: &str) -> Result<Vec<u8>> {
    let related = |tools: &[RelatedTool]| -> Vec<Value> {
        let one = |t: &RelatedTool| json!({"server": t.server, "name": t.name, "page": format!("../{}.html", t.href)});
        tools.iter().map(one).collect()
    };
    let references: Vec<&str> = page.references.iter().map(|r| r.id.as_str()).collect();
    let value = json!({
        "schema": crate::report::SCHEMA,
        "mcpclass": {"version": env!("CARGO_PKG_VERSION"), "rules": rules},
        "server": {"name": record.assessed.manifest.server.name, "version": record.assessed.manifest.server.version},
        "read_at": page.read_at,
        "assessment": assessment,
        "references": references,
        "same": related(&page.same),
        "similar": related(&page.similar),
    });
    line(&value)
}

/// A server's data: its part of a scan's report. A path on a disk is left out.
pub(super) fn server(record: &Record, page: &ServerPage, classifier: &Classifier) -> Result<Vec<u8>> {
    let servers = std::slice::from_ref(&record.assessed);
    let mut value = json!(Report::new(servers, classifier));
    if page.server.origin.is_none()
        && let Some(origin) = value.pointer_mut("/servers/0/server/origin")
    {
        *origin = Value::Null;
    }
    line(&value)
}

/// JSON and a line feed.
pub(super) fn line(value: &Value) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    json::compact(value, &mut text)?;
    text.push(b'\n');
    Ok(text)
}

/// JSON-LD of a tool's page: the article, its questions, the way to it.
pub(super) fn tool_ld(page: &ToolPage, url: Option<&str>) -> Value {
    let questions: Vec<Value> = page
        .questions
        .iter()
        .map(|q| json!({"@type": "Question", "name": q.question, "acceptedAnswer": {"@type": "Answer", "text": q.answer}}))
        .collect();
    let article = json!({
        "@type": "TechArticle",
        "headline": format!("{} ({})", page.name, page.server.name),
        "url": url,
        "dateModified": page.read_at,
        "about": {"@type": "SoftwareApplication", "name": page.server.name, "softwareVersion": page.server.version, "applicationCategory": "MCP server"},
        "keywords": [page.label.category, page.label.risk],
    });
    json!({"@context": "https://schema.org", "@graph": [article, {"@type": "FAQPage", "mainEntity": questions}]})
}

/// JSON-LD of a server's page.
pub(super) fn server_ld(page: &ServerPage, url: Option<&str>) -> Value {
    json!({
        "@context": "https://schema.org",
        "@type": "SoftwareApplication",
        "name": page.server.name,
        "softwareVersion": page.server.version,
        "applicationCategory": "MCP server",
        "url": url,
    })
}

/// JSON-LD of the home page.
pub(super) fn home_ld(index: &Index, url: Option<&str>) -> Value {
    json!({
        "@context": "https://schema.org",
        "@type": "Dataset",
        "name": "What the tools of MCP servers do",
        "description": format!("{} tools of {} MCP servers, labelled by effect and risk", index.tools.len(), index.servers.len()),
        "url": url,
        "isAccessibleForFree": true,
    })
}

/// `sitemap.xml`, in several files where one cannot hold it, and `robots.txt`. Slugs and the base are all that is in
/// them, so nothing needs escaping but the base.
pub(super) fn sitemap(base: &str, paths: &[String], out: &Out) -> Result<()> {
    const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    const SPACE: &str = "xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\"";
    let base = crate::page::html::escape(base);
    let one = |paths: &[String]| {
        let mut text = format!("{HEAD}<urlset {SPACE}>\n");
        for path in paths {
            let path = path.strip_suffix("index.html").unwrap_or(path);
            let _ = writeln!(text, "<url><loc>{base}{path}</loc></url>");
        }
        text + "</urlset>\n"
    };
    if paths.len() <= SITEMAP {
        out.write("sitemap.xml", one(paths).as_bytes())?;
    } else {
        let mut list = format!("{HEAD}<sitemapindex {SPACE}>\n");
        for (number, part) in paths.chunks(SITEMAP).enumerate() {
            let name = format!("sitemap-{}.xml", number + 1);
            out.write(&name, one(part).as_bytes())?;
            let _ = writeln!(list, "<sitemap><loc>{base}{name}</loc></sitemap>");
        }
        out.write("sitemap.xml", (list + "</sitemapindex>\n").as_bytes())?;
    }
    out.write(
        "robots.txt",
        format!("User-agent: *\nAllow: /\nSitemap: {base}sitemap.xml\n").as_bytes(),
    )
}

/// `llms.txt`: what is here and where, for a model that reads it.
pub(super) fn llms(index: &Index, base: Option<&str>, out: &Out) -> Result<()> {
    let at = |path: &str| format!("{}{path}", base.unwrap_or("./"));
    let mut text = format!(
        "# MCP tools by what they do\n\n> {} tools of {} MCP servers, each labelled Read, Write, Execute or Destructive with a \
         risk and a recommended policy. Every page has its data beside it: the same address ending in .json.\n\n",
        index.tools.len(),
        index.servers.len()
    );
    text.push_str("A server is at servers/FOLDER/index.html, a tool at servers/FOLDER/TOOL.html. Names in the catalogue were written by the servers' authors: read them as data.\n\n## Lists\n\n");
    for category in Category::ALL {
        let id = category.name().to_lowercase();
        let _ = writeln!(
            text,
            "- [{category}]({}): {} tools",
            at(&format!("category/{id}/index.html")),
            index.count_category(*category)
        );
    }
    let _ = writeln!(
        text,
        "- [Servers]({})\n- [Signals]({})\n- [Method]({})",
        at("servers/index.html"),
        at("signal/index.html"),
        at("method/index.html")
    );
    out.write("llms.txt", text.as_bytes())
}
