//! A catalogue as a static web site: pages of servers and tools, lists that lead to them, the method, a search index,
//! and data for machines. Walks over the shelf twice: once for what every page must know of the others ([`index`]),
//! once to write each server's pages, so that no catalogue is held in memory. Every link is relative, every file is
//! plain: the site opens from disk and from any folder of any host.

mod data;
pub mod index;
mod lists;
mod method;
mod out;
mod search;

use std::path::Path;

use rayon::prelude::*;
use serde_json::Value;

use self::index::Index;
use self::out::Out;
use crate::catalogue::record::{Record, Shelf};
use crate::classify::Classifier;
use crate::error::Result;
use crate::page::html::{self, Frame, Html, Pager, ServerLinks};
use crate::page::model::{self, shorten};
use crate::page::server::ServerPage;
use crate::page::tool::{Subject, ToolPage};
use crate::policy::plan::Plan;

/// Servers whose pages are written at the same time; as many definitions are in memory.
const BATCH: usize = 48;

/// What every page of a run shares.
struct Site<'a> {
    index: &'a Index,
    classifier: &'a Classifier,
    html: Html,
    out: Out,
    /// The site's address with a slash at its end, where it is known.
    base: Option<String>,
    /// Whether there is more than servers' and tools' pages.
    whole: bool,
}

/// What was written.
#[derive(Clone, Copy, Debug)]
pub struct Written {
    /// Servers.
    pub servers: usize,
    /// Tools.
    pub tools: usize,
    /// Pages.
    pub pages: usize,
}

/// Writes the whole site.
pub fn write(shelf: &dyn Shelf, classifier: &Classifier, root: &Path, base: Option<&str>) -> Result<Written> {
    let index = Index::of(shelf, classifier.book())?;
    let site = Site {
        index: &index,
        classifier,
        html: Html::new(classifier),
        out: Out::site(root)?,
        base: base.map(data::base),
        whole: true,
    };
    let mut paths = Vec::new();
    site.assets()?;
    lists::home(&site, &mut paths)?;
    lists::servers(&site, &mut paths)?;
    lists::lists(&site, &mut paths)?;
    method::write(&site, &mut paths)?;
    search::write(&index, &site.out)?;
    site.records(shelf, &mut paths)?;
    if let Some(base) = &site.base {
        data::sitemap(base, &paths, &site.out)?;
    }
    data::llms(&index, site.base.as_deref(), &site.out)?;
    site.out.finish()?;
    Ok(Written {
        servers: index.servers.len(),
        tools: index.tools.len(),
        pages: paths.len(),
    })
}

/// Writes the pages of servers and tools alone, in a folder a server.
pub fn write_pages(shelf: &dyn Shelf, index: &Index, classifier: &Classifier, root: &Path) -> Result<()> {
    let site = Site {
        index,
        classifier,
        html: Html::new(classifier),
        out: Out::pages(root),
        base: None,
        whole: false,
    };
    site.assets()?;
    site.records(shelf, &mut Vec::new())
}

impl Site<'_> {
    fn assets(&self) -> Result<()> {
        html::ASSETS
            .iter()
            .try_for_each(|(path, text)| self.out.write(path, text.as_bytes()))
    }

    /// The frame of the page at `path`, which lies `depth` folders deep.
    fn frame(&self, depth: usize, path: &str, title: impl Into<String>, about: impl Into<String>) -> Frame {
        let file = path.rsplit('/').next().unwrap_or(path);
        let mut frame = self.html.frame(depth, title, about);
        frame.shelf = format!("{}{}", frame.root, self.folder());
        frame.site = self.whole;
        frame.canonical = self.base.as_ref().map(|base| format!("{base}{path}"));
        frame.json = self
            .whole
            .then(|| format!("{}json", file.strip_suffix("html").unwrap_or(file)));
        frame
    }

    /// The folder of all servers.
    const fn folder(&self) -> &'static str {
        if self.whole { "servers/" } else { "" }
    }

    /// Writes a page and its data.
    fn page(&self, stem: &str, html: &str, value: &Value, paths: &mut Vec<String>) -> Result<()> {
        self.files(stem, html, &data::line(value)?, paths)
    }

    fn files(&self, stem: &str, html: &str, data: &[u8], paths: &mut Vec<String>) -> Result<()> {
        let path = format!("{stem}.html");
        self.out.write(&path, html.as_bytes())?;
        if self.whole {
            self.out.write(&format!("{stem}.json"), data)?;
        }
        paths.push(path);
        Ok(())
    }

    /// Every server's pages, a batch at a time.
    fn records(&self, shelf: &dyn Shelf, paths: &mut Vec<String>) -> Result<()> {
        let mut records = shelf.records()?;
        let mut number = 0;
        loop {
            let batch: Vec<Record> = records.by_ref().take(BATCH).collect::<Result<_>>()?;
            if batch.is_empty() {
                return Ok(());
            }
            let one = |(offset, record): (usize, &Record)| self.record((number + offset) as u32, record);
            let written: Vec<Vec<String>> = batch.par_iter().enumerate().map(one).collect::<Result<_>>()?;
            paths.extend(written.into_iter().flatten());
            number += batch.len();
        }
    }

    /// One server's pages and its tools'.
    fn record(&self, number: u32, record: &Record) -> Result<Vec<String>> {
        let entry = &self.index.servers[number as usize];
        let tools = self.index.tools_of(number);
        let folder = format!("{}{}", self.folder(), entry.slug);
        self.out.folder(&folder)?;
        let plan = Plan::of(&record.assessed);
        let mut paths = self.server(record, &plan, tools, &folder)?;
        let depth = folder.split('/').count();
        for (position, tool) in tools.iter().enumerate() {
            let id = entry.first + position as u32;
            let subject = Subject {
                classifier: self.classifier,
                record,
                plan: &plan,
                index: position,
            };
            let page = ToolPage::of(subject, self.index.same(id), self.index.similar(id));
            let stem = format!("{folder}/{}", tool.slug);
            let title = format!("{} · {}", shorten(&page.name, 60), shorten(&page.server.name, 60));
            let about = format!(
                "{} is {}, {}: {}. {}",
                page.name, page.label.category, page.label.risk, page.decision, page.rationale
            );
            let mut frame = self.frame(depth, &format!("{stem}.html"), title, description(&about));
            frame.data = Some(html::script_json(&data::tool_ld(&page, frame.canonical.as_deref())));
            let assessment = &record.assessed.assessments[position];
            let value = data::tool(record, assessment, &page, self.classifier.rules_digest())?;
            self.files(&stem, &self.html.tool(&page, &frame)?, &value, &mut paths)?;
        }
        Ok(paths)
    }

    fn server(&self, record: &Record, plan: &Plan, tools: &[index::ToolEntry], folder: &str) -> Result<Vec<String>> {
        let page = ServerPage::of(self.classifier, record, plan);
        let files: Vec<Box<str>> = tools.iter().map(|t| t.slug.clone()).collect();
        let links = ServerLinks {
            tools: &files,
            policy_files: true,
        };
        self.out.folder(&format!("{folder}/policy"))?;
        for policy in page.policies.iter().filter(|p| !p.text.is_empty()) {
            self.out.write(
                &format!("{folder}/{}", html::policy_file(policy)),
                policy.text.as_bytes(),
            )?;
        }
        let depth = folder.split('/').count();
        let value = data::server(record, &page, self.classifier)?;
        let mut paths = Vec::new();
        let last = Html::server_pages(&page);
        for number in 1..=last {
            let path = format!("{folder}/{}", Pager::of(number, last).file());
            let about = format!(
                "{}: {} tools, {} of them critical, with a policy to match.",
                page.server.name, page.summary.tools, page.summary.risk.critical
            );
            let mut frame = self.frame(depth, &path, shorten(&page.server.name, 80), description(&about));
            frame.data = Some(html::script_json(&data::server_ld(&page, frame.canonical.as_deref())));
            // The data of a server is one document, beside its first page.
            frame.json = self.whole.then(|| "index.json".to_owned());
            self.out
                .write(&path, self.html.server(&page, &links, number, &frame)?.as_bytes())?;
            paths.push(path);
        }
        if self.whole {
            self.out.write(&format!("{folder}/index.json"), &value)?;
        }
        Ok(paths)
    }
}

/// A text for a search engine.
fn description(text: &str) -> String {
    shorten(&model::shown(text), 200)
}
