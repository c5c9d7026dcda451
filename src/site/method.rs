//! The method pages, made from the rule book itself: every rule with its words and examples, the decision table, and
//! what pages cite.

use minijinja::context;
use minijinja::value::Value;
use serde_json::json;

use super::Site;
use crate::error::Result;
use crate::label::{Decision, Label};
use crate::page::html::{self, Pager};
use crate::page::milder::LabelText;
use crate::page::model;
use crate::page::references;
use crate::page::rulebook::{self, TABLES, Table};
use crate::rules::Rule;

/// Writes the pages.
pub(super) fn write(site: &Site<'_>, paths: &mut Vec<String>) -> Result<()> {
    let book = site.classifier.book();
    let table = site.classifier.decisions();
    let decisions: Vec<Value> = html::labels()
        .map(|(category, risk)| {
            let decision = table.decide(Label::new(category, risk));
            context! {
                label => html::value(LabelText::from(Label::new(category, risk))),
                means => html::means(category, risk),
                decision => decision.name(),
                rate => (decision == Decision::Limit).then(|| table.rate(category)),
            }
        })
        .collect();
    let mut books: Vec<Value> = TABLES
        .iter()
        .map(|table| {
            let n = book.rules().iter().filter(|r| r.kind == table.kind).count();
            context! { href => rulebook::file(table, 1), title => table.heading, says => table.says, n => n }
        })
        .collect();
    books.push(context! {
        href => "references.html", title => "Incidents and identifiers", n => references::all().len(),
        says => "What pages cite, each with its year and source.",
    });
    let frame = site.frame(
        1,
        "method/index.html",
        "Method",
        "How tools are labelled: rules, labels, decisions.",
    );
    let values = context! {
        frame => html::value(&frame), decisions => decisions, books => books, total => book.rules().len(),
    };
    let value = json!({"rules": book.digest(), "count": book.rules().len()});
    site.page("method/index", &site.html.render("method.html", values)?, &value, paths)?;
    for table in &TABLES {
        rules_pages(site, table, paths)?;
    }
    let frame = site.frame(
        1,
        "method/references.html",
        "Incidents and identifiers",
        "What pages cite, with year and source.",
    );
    let values = context! {
        frame => html::value(&frame),
        references => html::value(references::all()),
    };
    let page = site.html.render("references.html", values)?;
    site.page(
        "method/references",
        &page,
        &json!({"references": references::all()}),
        paths,
    )
}

/// One table of the book, on as many pages as it takes.
fn rules_pages(site: &Site<'_>, table: &Table, paths: &mut Vec<String>) -> Result<()> {
    let pages = rulebook::pages(site.classifier.book(), table);
    let last = pages.len();
    let name = |number: usize| rulebook::file(table, number);
    for (number, rules) in (1..).zip(pages) {
        let pager = Pager {
            number,
            last,
            prev: (number > 1).then(|| name(number - 1)),
            next: (number < last).then(|| name(number + 1)),
        };
        let path = format!("method/{}", name(number));
        let frame = site.frame(1, &path, table.heading, table.says);
        let ids: Vec<&str> = rules.iter().map(|rule| &*rule.id).collect();
        let shown: Vec<Value> = rules.iter().map(|rule| rule_value(rule)).collect();
        let values = context! {
            frame => html::value(&frame), heading => table.heading, lead => table.says, rules => shown,
            pager => html::value(&pager),
        };
        let stem = path.strip_suffix(".html").unwrap_or(&path);
        site.page(
            stem,
            &site.html.render("rules.html", values)?,
            &json!({"rules": ids}),
            paths,
        )?;
    }
    Ok(())
}

fn rule_value(rule: &Rule) -> Value {
    let label = rule.effect.and_then(super::super::effect::Effect::label);
    context! {
        id => rule.id.to_string(),
        anchor => rulebook::anchor(&rule.id),
        label => label.map(|l| html::value(LabelText::from(l))),
        why => html::capital(&rule.why),
        words => shown(&rule.words[..rule.words.len().min(rulebook::WORDS)]),
        matches => shown(&rule.matches),
        misses => shown(&rule.misses),
    }
}

/// Texts of a rule; some hold hidden characters, to show that they are found.
fn shown(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| model::shown(text)).collect()
}
