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
use crate::page::references;
use crate::rules::{Rule, RuleKind};

/// The tables of the book: kind, file, heading, what they are.
const BOOKS: [(RuleKind, &str, &str, &str); 4] = [
    (
        RuleKind::Verb,
        "verb",
        "Verbs",
        "What a verb does when nothing about its object says otherwise.",
    ),
    (
        RuleKind::Pair,
        "pair",
        "Verbs with their objects",
        "What a verb does to a kind of thing: deleting a label is not deleting a host.",
    ),
    (
        RuleKind::Phrase,
        "phrase",
        "Phrases",
        "Turns of phrase that raise a signal or change what a sentence says.",
    ),
    (
        RuleKind::Param,
        "param",
        "Parameters",
        "What the names and types of parameters tell.",
    ),
];

/// Words of a rule that are shown.
const WORDS: usize = 160;
/// Bytes of rules on one page.
const PAGE: usize = 24_000;

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
    let mut books: Vec<Value> = BOOKS
        .iter()
        .map(|(kind, file, title, says)| {
            let n = book.rules().iter().filter(|r| r.kind == *kind).count();
            context! { href => format!("{file}.html"), title => *title, says => *says, n => n }
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
    for (kind, file, heading, lead) in BOOKS {
        let rules: Vec<&Rule> = book.rules().iter().filter(|r| r.kind == kind).collect();
        rules_page(site, &rules, (file, heading, lead), paths)?;
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

/// One table of the book. A table too long for a page keeps every rule's place on the first: those that stand on a
/// later one are led to.
fn rules_page(site: &Site<'_>, rules: &[&Rule], names: (&str, &str, &str), paths: &mut Vec<String>) -> Result<()> {
    let (file, heading, lead) = names;
    let shown: Vec<Value> = rules.iter().map(|rule| rule_value(rule)).collect();
    let sizes = rules.iter().map(|rule| size(rule));
    let mut pages: Vec<Vec<Value>> = vec![Vec::new()];
    let mut used = 0;
    for (value, size) in shown.into_iter().zip(sizes) {
        if used + size > PAGE && used > 0 {
            pages.push(Vec::new());
            used = 0;
        }
        used += size;
        if let Some(page) = pages.last_mut() {
            page.push(value);
        }
    }
    let last = pages.len();
    let name = |number: usize| match number {
        1 => format!("{file}.html"),
        n => format!("{file}.{n}.html"),
    };
    for (number, rules) in (1..).zip(pages) {
        let pager = Pager {
            number,
            last,
            prev: (number > 1).then(|| name(number - 1)),
            next: (number < last).then(|| name(number + 1)),
        };
        let path = format!("method/{}", name(number));
        let frame = site.frame(1, &path, heading, lead);
        let ids: Vec<String> = rules
            .iter()
            .filter_map(|r| Some(r.get_attr("id").ok()?.to_string()))
            .collect();
        let values = context! {
            frame => html::value(&frame), heading => heading, lead => lead, rules => rules,
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
        anchor => html::anchor(&rule.id),
        label => label.map(|l| html::value(LabelText::from(l))),
        why => html::capital(&rule.why),
        words => html::value(rule.words.iter().take(WORDS).collect::<Vec<_>>()),
        matches => rule.matches.clone(),
        misses => rule.misses.clone(),
    }
}

/// About what a rule takes on a page.
fn size(rule: &Rule) -> usize {
    let texts = rule.words.iter().take(WORDS).chain(&rule.matches).chain(&rule.misses);
    600 + rule.why.len() + texts.map(|t| t.len() + 14).sum::<usize>()
}
