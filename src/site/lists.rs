//! The pages that lead to others: home, servers, and the tools of each category, risk and signal, the worst first.

use minijinja::context;
use minijinja::value::Value;
use serde::Serialize;
use serde_json::json;

use super::data;
use super::index::{Index, ServerEntry};
use super::{Site, description};
use crate::error::Result;
use crate::label::{Category, Risk};
use crate::page::html::{self, Pager, Part, ROWS, parts, tone};
use crate::page::milder::LabelText;

/// Rows of the list of servers on one page.
const SERVERS: usize = 80;
/// Servers on the home page.
const WORST: usize = 12;

/// A server in a table.
#[derive(Serialize)]
struct ServerRow<'a> {
    name: &'a str,
    href: String,
    tools: u32,
    critical: u32,
    tokens: u32,
    parts: Vec<Part>,
    says: String,
}

fn server_row<'a>(server: &'a ServerEntry, up: &str) -> ServerRow<'a> {
    let counts: Vec<(&'static str, &'static str, usize)> = Category::ALL
        .iter()
        .rev()
        .map(|c| (tone(*c), c.name(), server.categories[c.index()] as usize))
        .collect();
    let there = counts.iter().filter(|(.., n)| *n > 0);
    ServerRow {
        name: &server.name,
        href: format!("{up}{}/index.html", server.slug),
        tools: server.tools,
        critical: server.risks[Risk::Critical as usize],
        tokens: server.tokens,
        says: there
            .map(|(_, name, n)| format!("{n} {name}"))
            .collect::<Vec<_>>()
            .join(", "),
        parts: parts(&counts),
    }
}

/// The home page.
pub(super) fn home(site: &Site<'_>, paths: &mut Vec<String>) -> Result<()> {
    let index = site.index;
    let most = Category::ALL
        .iter()
        .map(|c| index.count_category(*c))
        .max()
        .unwrap_or(0)
        .max(1);
    let grid: Vec<Value> = Category::ALL
        .iter()
        .rev()
        .map(|&category| {
            let count = |risk: Risk| {
                let fits = |t: &&super::index::ToolEntry| t.label.category == category && t.label.risk == risk;
                index.tools.iter().filter(fits).count()
            };
            let cells = Risk::ALL.iter().rev().map(|risk| match count(*risk) {
                0 => Value::from(()),
                n => context! { n => n, depth => 1 },
            });
            let n = index.count_category(category);
            context! {
                id => tone(category), name => category.name(), means => category_means(category),
                cells => cells.collect::<Vec<_>>(), n => n, w => n * 1000 / most,
            }
        })
        .collect();
    let mut worst: Vec<&ServerEntry> = index.servers.iter().filter(|s| s.risks[2] > 0).collect();
    worst.sort_by_key(|s| std::cmp::Reverse(s.risks[2]));
    worst.truncate(WORST);
    let worst: Vec<ServerRow<'_>> = worst.into_iter().map(|s| server_row(s, "servers/")).collect();
    let about = "What the tools of MCP servers do, how risky they are, and which policy fits.";
    let mut frame = site.frame(0, "index.html", "MCP tools by what they do", about);
    frame.data = Some(html::script_json(&data::home_ld(index, frame.canonical.as_deref())));
    let values = context! {
        frame => html::value(&frame),
        total => context! { tools => index.tools.len(), servers => index.servers.len() },
        grid => context! {
            risks => Risk::ALL.iter().rev().map(|r| context! { id => r.name() }).collect::<Vec<_>>(),
            rows => grid,
        },
        worst => html::value(&worst),
        signals => signal_counts(index).into_iter().take(14).collect::<Vec<_>>(),
    };
    let risk = |r: &Risk| (r.name(), index.count_risk(*r));
    let value = json!({
        "servers": index.servers.len(),
        "tools": index.tools.len(),
        "category": Category::ALL.iter().map(|c| (c.name(), index.count_category(*c))).collect::<std::collections::BTreeMap<_, _>>(),
        "risk": Risk::ALL.iter().map(risk).collect::<std::collections::BTreeMap<_, _>>(),
    });
    site.page("index", &site.html.render("home.html", values)?, &value, paths)
}

/// Signals that occur, the most frequent first.
fn signal_counts(index: &Index) -> Vec<Value> {
    let count = |bit: usize| index.tools.iter().filter(|t| t.signals >> bit & 1 == 1).count();
    let mut counts: Vec<(usize, &(String, String))> = index
        .signals
        .iter()
        .enumerate()
        .take(64)
        .map(|(bit, signal)| (count(bit), signal))
        .filter(|(n, _)| *n > 0)
        .collect();
    counts.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.0.cmp(&b.1.0)));
    let most = counts.first().map_or(1, |c| c.0);
    counts
        .into_iter()
        .map(|(n, (id, title))| context! { id => id, title => title, n => n, w => n * 100 / most })
        .collect()
}

/// The list of servers.
pub(super) fn servers(site: &Site<'_>, paths: &mut Vec<String>) -> Result<()> {
    let all = &site.index.servers;
    let last = all.len().div_ceil(SERVERS).max(1);
    for number in 1..=last {
        let pager = Pager::of(number, last);
        let first = (number - 1) * SERVERS;
        let rows: Vec<ServerRow<'_>> = all
            .iter()
            .skip(first)
            .take(SERVERS)
            .map(|s| server_row(s, ""))
            .collect();
        let path = format!("servers/{}", pager.file());
        let frame = site.frame(
            1,
            &path,
            title("Servers", &pager),
            "MCP servers, by name, with what their tools do.",
        );
        let value = json!({"page": number, "pages": last, "servers": rows.iter().map(|r| {
            json!({"name": r.name, "page": r.href, "tools": r.tools, "critical": r.critical, "tokens": r.tokens})
        }).collect::<Vec<_>>()});
        let values = context! {
            frame => html::value(&frame),
            pager => html::value(&pager),
            total => all.len(),
            first => rows.first().map_or("", |r| r.name),
            last => rows.last().map_or("", |r| r.name),
            rows => html::value(&rows),
        };
        let stem = path.strip_suffix(".html").unwrap_or(&path);
        site.page(stem, &site.html.render("servers.html", values)?, &value, paths)?;
    }
    Ok(())
}

fn title(heading: &str, pager: &Pager) -> String {
    match pager.number {
        1 => heading.to_owned(),
        n => format!("{heading}, page {n}"),
    }
}

/// The lists by category, by risk, and by signal.
pub(super) fn lists(site: &Site<'_>, paths: &mut Vec<String>) -> Result<()> {
    let index = site.index;
    for &category in Category::ALL {
        let ids = having(index, |t| t.label.category == category);
        let others = Category::ALL.iter().rev().map(|c| (tone(*c), c.name(), *c == category));
        let list = List {
            kind: "category",
            id: tone(category).to_owned(),
            heading: format!("{category} tools"),
            lead: category_means(category).to_owned(),
            others: others.map(|(id, name, here)| other(id, name, here)).collect(),
        };
        list.write(site, &ids, paths)?;
    }
    for &risk in Risk::ALL {
        let ids = having(index, |t| t.label.risk == risk);
        let list = List {
            kind: "risk",
            id: risk.name().to_owned(),
            heading: format!("Tools of {risk} risk"),
            lead: risk_means(risk).to_owned(),
            others: Risk::ALL
                .iter()
                .rev()
                .map(|r| other(r.name(), r.name(), *r == risk))
                .collect(),
        };
        list.write(site, &ids, paths)?;
    }
    for (bit, (id, title)) in index.signals.iter().enumerate().take(64) {
        let list = List {
            kind: "signal",
            id: id.clone(),
            heading: title.split(':').next().unwrap_or(title).to_owned(),
            lead: title.clone(),
            others: Vec::new(),
        };
        list.write(site, &having(index, |t| t.signals >> bit & 1 == 1), paths)?;
    }
    let frame = site.frame(
        1,
        "signal/index.html",
        "Signals",
        "Properties worth knowing beside a tool's label.",
    );
    let values = context! { frame => html::value(&frame), signals => signal_counts(index) };
    let value = json!({"signals": index.signals.iter().map(|(id, title)| json!({"id": id, "title": title})).collect::<Vec<_>>()});
    site.page(
        "signal/index",
        &site.html.render("signals.html", values)?,
        &value,
        paths,
    )
}

fn other(id: &str, name: &str, here: bool) -> Value {
    context! { href => format!("../{id}/index.html"), name => name, here => here }
}

/// The tools that fit, the worst first, then by server.
fn having(index: &Index, fits: impl Fn(&super::index::ToolEntry) -> bool) -> Vec<u32> {
    let mut ids: Vec<u32> = (0..)
        .zip(&index.tools)
        .filter(|(_, t)| fits(t))
        .map(|(id, _)| id)
        .collect();
    ids.sort_by_key(|id| std::cmp::Reverse(index.tools[*id as usize].label.urgency()));
    ids
}

/// A list of tools.
struct List {
    kind: &'static str,
    id: String,
    heading: String,
    lead: String,
    others: Vec<Value>,
}

impl List {
    fn write(&self, site: &Site<'_>, ids: &[u32], paths: &mut Vec<String>) -> Result<()> {
        use rayon::prelude::*;
        #[derive(Serialize)]
        struct Row<'a> {
            name: &'a str,
            href: String,
            server: &'a str,
            says: &'a str,
            label: LabelText,
            decision: &'static str,
            signals: Vec<&'a str>,
        }
        let index = site.index;
        let row = |id: &u32| {
            let tool = &index.tools[*id as usize];
            let raised = index.signals.iter().enumerate().take(64);
            Row {
                name: &tool.name,
                href: index.path(*id),
                server: &index.servers[tool.server as usize].name,
                says: &tool.says,
                label: tool.label.into(),
                decision: tool.decision.name(),
                signals: raised
                    .filter(|(bit, _)| tool.signals >> bit & 1 == 1)
                    .map(|(_, (id, _))| id.as_str())
                    .collect(),
            }
        };
        let last = ids.len().div_ceil(ROWS).max(1);
        let one = |number: usize| {
            let pager = Pager::of(number, last);
            let rows: Vec<Row<'_>> = ids.iter().skip((number - 1) * ROWS).take(ROWS).map(row).collect();
            let path = format!("{}/{}/{}", self.kind, self.id, pager.file());
            let frame = site.frame(2, &path, title(&self.heading, &pager), description(&self.lead));
            let value = json!({"page": number, "pages": last, "tools": rows.iter().map(|r| json!({
                "name": r.name, "server": r.server, "page": format!("../../servers/{}.html", r.href),
                "category": r.label.category, "risk": r.label.risk, "decision": r.decision, "signals": r.signals,
            })).collect::<Vec<_>>()});
            let values = context! {
                frame => html::value(&frame),
                pager => html::value(&pager),
                heading => self.heading.clone(),
                lead => html::capital(&self.lead),
                total => ids.len(),
                others => self.others.clone(),
                rows => html::value(&rows),
            };
            let stem = path.strip_suffix(".html").unwrap_or(&path).to_owned();
            let mut written = Vec::new();
            site.page(&stem, &site.html.render("list.html", values)?, &value, &mut written)?;
            Ok(written)
        };
        let written: Vec<Vec<String>> = (1..=last).into_par_iter().map(one).collect::<Result<_>>()?;
        paths.extend(written.into_iter().flatten());
        Ok(())
    }
}

fn category_means(category: Category) -> &'static str {
    match category {
        Category::Read => "Changes nothing outside of the call.",
        Category::Write => "Changes a record that another call can put right.",
        Category::Execute => "Makes something act: a process, a device, a payment, an agent.",
        Category::Destructive => "Ends something that the same server cannot bring back.",
    }
}

fn risk_means(risk: Risk) -> &'static str {
    match risk {
        Risk::Low => "Looks something up. Only a Read can be low.",
        Risk::Medium => "The usual risk of a change, or of a look-up that brings in or hands out much.",
        Risk::Critical => "Loss, reach or authority that a person should decide about.",
    }
}
