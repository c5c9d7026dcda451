//! Pages as HTML, from the embedded templates. Every value is escaped where it is written, in [`escape`]; what is
//! marked safe is made here. Scripts and styles are files beside the pages: the policy of each page allows no other.

use std::fmt::Write as _;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use serde::Serialize;

use super::policies::PolicyText;
use super::references::Kind;
use super::rulebook;
use super::server::{ServerPage, ToolRow};
use super::tool::ToolPage;
use crate::classify::Classifier;
use crate::error::{Error, Result};
use crate::label::{Category, Risk};

/// The style sheet and the script of every page, and the icon.
pub const ASSETS: [(&str, &str); 3] = [
    ("assets/site.css", include_str!("templates/site.css")),
    ("assets/site.js", include_str!("templates/site.js")),
    ("assets/icon.svg", include_str!("templates/icon.svg")),
];

const TEMPLATES: [(&str, &str); 11] = [
    ("base.html", include_str!("templates/base.html")),
    ("macros.html", include_str!("templates/macros.html")),
    ("tool.html", include_str!("templates/tool.html")),
    ("server.html", include_str!("templates/server.html")),
    ("servers.html", include_str!("templates/servers.html")),
    ("list.html", include_str!("templates/list.html")),
    ("signals.html", include_str!("templates/signals.html")),
    ("home.html", include_str!("templates/home.html")),
    ("method.html", include_str!("templates/method.html")),
    ("rules.html", include_str!("templates/rules.html")),
    ("references.html", include_str!("templates/references.html")),
];

/// Rows of a table on one page.
pub const ROWS: usize = 50;
/// Bytes of policies that a server's page shows; those that do not fit are files beside it.
const POLICIES: usize = 6000;

/// What surrounds a page's content.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Frame {
    /// The way to the root: `../../`.
    pub root: String,
    /// The way to the folder of all servers.
    pub shelf: String,
    /// Whether the pages are a whole site, with navigation and search.
    pub site: bool,
    /// The window's title.
    pub title: String,
    /// What a search engine shows.
    pub description: String,
    /// The page's address, where the site's is known.
    pub canonical: Option<String>,
    /// The page's data, beside it.
    pub json: Option<String>,
    /// JSON-LD, safe inside a script element.
    pub data: Option<String>,
    /// The program's version.
    pub version: &'static str,
    /// Digest of the rule book.
    pub rules: String,
}

/// Where a page stands among those of a long list.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Pager {
    /// This one, from one.
    pub number: usize,
    /// The last one.
    pub last: usize,
    /// The file before.
    pub prev: Option<String>,
    /// The file after.
    pub next: Option<String>,
}

impl Pager {
    /// The page of this number among `last`; the first stands in `index.html`.
    pub fn of(number: usize, last: usize) -> Self {
        Self {
            number,
            last,
            prev: (number > 1).then(|| file(number - 1)),
            next: (number < last).then(|| file(number + 1)),
        }
    }

    /// This page's own file.
    pub fn file(&self) -> String {
        file(self.number)
    }
}

/// No thing of a stranger's is called `index`.
fn file(number: usize) -> String {
    match number {
        0 | 1 => "index.html".to_owned(),
        n => format!("index.{n}.html"),
    }
}

/// A part of a bar.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    /// The style.
    pub tone: &'static str,
    /// For people.
    pub name: &'static str,
    /// How many.
    pub n: usize,
    /// Where it begins, of a thousand.
    pub x: usize,
    /// How long it is, of a thousand.
    pub w: usize,
}

/// The parts of a bar: together a thousand long, each that is there at least a sliver.
pub fn parts(counts: &[(&'static str, &'static str, usize)]) -> Vec<Part> {
    let total: usize = counts.iter().map(|(.., n)| n).sum();
    let mut before: usize = 0;
    let part = |(tone, name, n): &(&'static str, &'static str, usize)| {
        let x = (before * 1000).checked_div(total).unwrap_or(0);
        before += n;
        let end = (before * 1000).checked_div(total).unwrap_or(0);
        Part {
            tone,
            name,
            n: *n,
            x,
            w: (end - x).max(usize::from(*n > 0) * 6),
        }
    };
    counts.iter().map(part).collect()
}

/// The style of a category.
pub const fn tone(category: Category) -> &'static str {
    match category {
        Category::Read => "read",
        Category::Write => "write",
        Category::Execute => "execute",
        Category::Destructive => "destructive",
    }
}

/// The templates, made ready.
#[derive(Debug)]
pub struct Html {
    env: Environment<'static>,
    rules: String,
}

impl Html {
    /// The templates, for pages that this classifier decided.
    pub fn new(classifier: &Classifier) -> Self {
        let mut env = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        env.set_syntax(syntax.expect("the usual delimiters"));
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        env.set_auto_escape_callback(|_| AutoEscape::Html);
        env.set_formatter(|out, _state, value| {
            if value.is_safe() {
                write!(out, "{value}")?;
            } else if let Some(text) = value.as_str() {
                out.write_str(&escape(text))?;
            } else if !value.is_none() {
                out.write_str(&escape(&value.to_string()))?;
            }
            Ok(())
        });
        env.add_filter("thousands", |n: u64| thousands(n));
        env.add_filter("signed", |n: i64| format!("{n:+}"));
        let places = rulebook::places(classifier.book());
        env.add_filter("rulepage", move |rule: &str| {
            // A rule of another book, or one that is no rule of a table: the method's front page.
            places.get(rule).cloned().unwrap_or_else(|| "index.html".to_owned())
        });
        env.add_filter("ticked", |text: &str| Value::from_safe_string(ticked(text)));
        env.add_filter("capital", |text: &str| capital(text));
        for (name, text) in TEMPLATES {
            env.add_template(name, text).expect("an embedded, tested template");
        }
        Self {
            env,
            rules: classifier.rules_digest().chars().take("sha256:".len() + 12).collect(),
        }
    }

    /// A frame for a page at this depth under the root.
    pub fn frame(&self, depth: usize, title: impl Into<String>, description: impl Into<String>) -> Frame {
        Frame {
            root: "../".repeat(depth),
            title: title.into(),
            description: description.into(),
            version: env!("CARGO_PKG_VERSION"),
            rules: self.rules.clone(),
            ..Frame::default()
        }
    }

    /// A page from its template; an error is a mistake of ours.
    pub fn render(&self, template: &str, values: Value) -> Result<String> {
        let failed = |e: minijinja::Error| Error::new(format!("the page template {template} is wrong: {e:#}"));
        let template = self.env.get_template(template).map_err(failed)?;
        template.render(values).map_err(failed)
    }

    /// A tool's page.
    pub fn tool(&self, page: &ToolPage, frame: &Frame) -> Result<String> {
        let of_kind = |taxonomy: bool| -> Vec<_> {
            let fits = page
                .references
                .iter()
                .filter(|r| (r.kind == Kind::Taxonomy) == taxonomy);
            fits.collect()
        };
        let percent = page.confidence.parse::<f64>().unwrap_or(0.0) * 100.0;
        let values = context! {
            page => value(page),
            frame => value(frame),
            stories => value(of_kind(false)),
            taxonomies => value(of_kind(true)),
            percent => percent.round() as u32,
        };
        self.render("tool.html", values)
    }

    /// How many pages a server's table takes.
    pub fn server_pages(page: &ServerPage) -> usize {
        page.tools.len().div_ceil(ROWS).max(1)
    }

    /// A page of a server: the first with everything, the others with the rest of its tools.
    pub fn server(&self, page: &ServerPage, links: &ServerLinks<'_>, number: usize, frame: &Frame) -> Result<String> {
        #[derive(Serialize)]
        struct Row<'a> {
            #[serde(flatten)]
            row: &'a ToolRow,
            href: &'a str,
        }
        let pager = Pager::of(number, Self::server_pages(page));
        let rows: Vec<Row<'_>> = page
            .tools
            .iter()
            .skip((number - 1) * ROWS)
            .take(ROWS)
            .map(|row| Row {
                row,
                href: &links.tools[row.index],
            })
            .collect();
        let c = page.summary.category;
        let r = page.summary.risk;
        let categories = parts(&[
            ("destructive", "Destructive", c.destructive),
            ("execute", "Execute", c.execute),
            ("write", "Write", c.write),
            ("read", "Read", c.read),
        ]);
        let risks = parts(&[
            ("critical", "critical", r.critical),
            ("medium", "medium", r.medium),
            ("low", "low", r.low),
        ]);
        let decisions: Vec<_> = page.decisions.iter().map(|(name, n)| (*name, *name, *n)).collect();
        let heaviest = page.weight.heaviest.first().map_or(1, |w| w.1.max(1));
        let heaviest: Vec<_> = page
            .weight
            .heaviest
            .iter()
            .map(|(name, n)| context! { name => name, n => n, w => n * 100 / heaviest })
            .collect();
        let mut room = POLICIES;
        let shown = |p: &PolicyText| {
            let fits = p.text.len() <= room || !links.policy_files;
            room = room.saturating_sub(if fits { p.text.len() } else { 0 });
            shelf_policy(p, links, fits)
        };
        let policies: Vec<Value> = page.policies.iter().map(shown).collect();
        let values = context! {
            page => context! { policies => policies, ..value(page) },
            frame => value(frame),
            pager => value(&pager),
            rows => value(&rows),
            categories => value(categories),
            risks => value(risks),
            decisions => value(parts(&decisions)),
            heaviest => heaviest,
        };
        self.render("server.html", values)
    }
}

/// What a server's page leads to.
#[derive(Clone, Copy, Debug)]
pub struct ServerLinks<'a> {
    /// Each tool's file, without extension, in the server's order.
    pub tools: &'a [Box<str>],
    /// Whether each policy is a file beside the page.
    pub policy_files: bool,
}

/// The file of a policy, beside its server's page.
pub fn policy_file(policy: &PolicyText) -> String {
    format!("policy/{}.{}", policy.id, policy.file.replace('/', "."))
}

/// A policy on a server's page: one that does not fit is a file only.
fn shelf_policy(policy: &PolicyText, links: &ServerLinks<'_>, fits: bool) -> Value {
    context! {
        id => policy.id,
        title => policy.title,
        file => policy.file,
        lives => policy.lives,
        size => policy.text.len(),
        short => fits,
        href => (links.policy_files && !policy.text.is_empty()).then(|| policy_file(policy)),
        text => if fits { policy.text.as_str() } else { "" },
        notes => policy.notes.iter().take(6).map(|n| super::model::shorten(n, 240)).collect::<Vec<_>>(),
    }
}

/// Anything that can be serialised, for a template.
pub fn value(data: impl Serialize) -> Value {
    Value::from(Serde(data))
}

/// Text as HTML, in content and in quoted attributes: the one place where that is done.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// Text of ours with its backticks as code; whatever else it quotes is escaped first.
fn ticked(text: &str) -> String {
    let mut out = String::new();
    let parts: Vec<&str> = text.split('`').collect();
    for (index, part) in parts.iter().enumerate() {
        match (index % 2, index + 1 < parts.len()) {
            (1, true) => {
                let _ = write!(out, "<code>{}</code>", escape(part));
            }
            // A backtick without a second one is one.
            (1, false) => {
                let _ = write!(out, "`{}", escape(part));
            }
            _ => out.push_str(&escape(part)),
        }
    }
    out
}

/// JSON that can stand inside a script element: no `<`, `>` or `&`, so that nothing ends the element or begins
/// another.
pub fn script_json(value: &serde_json::Value) -> String {
    let text = value.to_string();
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(safe, "\\u{:04x}", c as u32);
            }
            c => safe.push(c),
        }
    }
    safe
}

/// 12 345.
fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (index, c) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// The text with a capital at its beginning.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// What a label means, for people.
pub const fn means(category: Category, risk: Risk) -> &'static str {
    match (category, risk) {
        (Category::Read, Risk::Low) => "looks something up; nothing outside of the call changes",
        (Category::Read, Risk::Medium) => {
            "fetches an address that the caller chooses, queries a whole store, or hands one over"
        }
        (Category::Read, Risk::Critical) => "returns secrets",
        (Category::Write, Risk::Critical) => {
            "grants access, makes a credential, weakens a protection, or reaches everybody"
        }
        (Category::Write, _) => "changes a record",
        (Category::Execute, Risk::Critical) => {
            "runs what the caller passes, reconfigures what runs, moves money, acts on safety, or hands a task to an agent"
        }
        (Category::Execute, _) => "makes a process, a page or a device act",
        (Category::Destructive, Risk::Critical) => "ends something for which the same server has no way back",
        (Category::Destructive, _) => "loses only what can be built again",
    }
}

/// The labels that there are, worst first.
pub fn labels() -> impl Iterator<Item = (Category, Risk)> {
    let every = Category::ALL
        .iter()
        .rev()
        .flat_map(|&c| Risk::ALL.iter().rev().map(move |&r| (c, r)));
    every.filter(|(c, r)| *r != Risk::Low || *c == Category::Read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_place() {
        assert_eq!(escape("<a href='x\">&"), "&lt;a href=&#39;x&quot;&gt;&amp;");
        let json = script_json(&serde_json::json!({"a": "</script><!--\u{2028}"}));
        assert_eq!(json, "{\"a\":\"\\u003c/script\\u003e\\u003c!--\\u2028\"}");
    }

    #[test]
    fn bars_are_whole_and_show_every_part() {
        let bar = parts(&[("a", "a", 1), ("b", "b", 9999), ("c", "c", 0)]);
        assert_eq!(
            bar.iter().map(|p| (p.x, p.w)).collect::<Vec<_>>(),
            [(0, 6), (0, 1000), (1000, 0)]
        );
        assert!(parts(&[]).is_empty());
        assert_eq!(thousands(1_234_567), "1,234,567");
    }
}
