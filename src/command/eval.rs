//! `mcpclass eval LABELS`: the figures of the contract, the errors with the rules that misled, and cross-validation.

use std::io::Write as _;
use std::path::PathBuf;

use crate::assessment::Assessment;
use crate::classify::{Annotations, Classifier};
use crate::cli::Global;
use crate::command::rules::facts;
use crate::error::{Error, Outcome, Result};
use crate::eval::Labelled;
use crate::eval::fit::{self, Fitted, Sample};
use crate::eval::measure::{self, Answer, Figures};
use crate::rules::sources::Sources;
use crate::settings::Settings;

/// Arguments of `mcpclass eval`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mcpclass eval fixtures/labelled
  mcpclass eval labels.jsonl --without-annotations --errors
  mcpclass eval labels.jsonl --without-annotations --folds 10 --facts fixtures/facts.jsonl")]
pub struct Args {
    /// Labelled tools, one a line: a tool with "category" and, optionally, "risk", "also_ok"; or a folder of such files
    #[arg(value_name = "LABELS", required = true)]
    labels: Vec<PathBuf>,
    /// Hide declared annotations from the classifier
    #[arg(long)]
    without_annotations: bool,
    /// Print each wrong tool with the rules that misled
    #[arg(long)]
    errors: bool,
    /// Fit the scorecard and the table of words anew for each of N folds of whole servers, and measure on the servers
    /// left out
    #[arg(long, value_name = "N")]
    folds: Option<usize>,
    /// With --folds: labelled tools by their words alone, on which the table of words is fitted as well
    #[arg(long, value_name = "FILE", requires = "folds")]
    facts: Vec<PathBuf>,
    /// With --facts: manifests with the definitions of such tools, on which the scorecard is fitted as well
    #[arg(long, value_name = "FILE", requires = "facts")]
    definitions: Vec<PathBuf>,
    /// Exit 1 when the accuracy is below this share, for example 0.93
    #[arg(long, value_name = "SHARE")]
    at_least: Option<f64>,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Table,
    Json,
}

/// Measures.
pub fn run(args: &Args, global: &Global) -> Result<Outcome> {
    let labelled = read(&args.labels)?;
    if labelled.is_empty() {
        return Err(Error::nothing("there are no labelled tools to measure"));
    }
    let annotations = if args.without_annotations {
        Annotations::Hide
    } else {
        Annotations::Weigh
    };
    let settings = Settings::load(global)?;
    let sources = match &global.rules {
        Some(folder) => Sources::load(folder)?,
        None => Sources::embedded()?,
    };
    let classifier = Classifier::new(sources.clone().book()?, settings.decisions.clone(), annotations);
    let mut assessments: Vec<Option<Assessment>> = vec![None; labelled.len()];
    match args.folds {
        None => {
            for (slot, entry) in assessments.iter_mut().zip(&labelled) {
                *slot = Some(classifier.assess(&entry.tool, None));
            }
        }
        Some(folds) => {
            let mut samples = samples(&labelled, &classifier);
            let defined = facts::defined(&labelled, &args.facts, &args.definitions)?;
            samples.extend(self::samples(&defined, &classifier));
            let told = facts::told(&labelled, &classifier, &args.facts)?;
            let mut failure = None;
            fit::cross_validate(&samples, &told, folds, |held, Fitted { weights, words }| match sources
                .clone()
                .with_words(words)
                .book()
            {
                Ok(book) => {
                    let fitted = Classifier::new(book, settings.decisions.clone(), annotations).with_weights(weights);
                    for &index in held {
                        if let Some(entry) = labelled.get(index) {
                            assessments[index] = Some(fitted.assess(&entry.tool, None));
                        }
                    }
                }
                Err(error) => failure = Some(error),
            });
            if let Some(error) = failure {
                return Err(error);
            }
        }
    }
    let assessments: Vec<Assessment> = assessments.into_iter().flatten().collect();
    let answers: Vec<Answer> = assessments
        .iter()
        .map(|a| Answer {
            category: a.category,
            risk: a.risk,
            confidence: a.confidence,
        })
        .collect();
    let figures = measure::figures(&labelled, &answers);
    let mut out = std::io::stdout().lock();
    match args.format {
        Format::Json => writeln!(
            out,
            "{}",
            serde_json::to_string_pretty(&figures).map_err(|e| Error::new(e.to_string()))?
        )?,
        Format::Table => table(&figures, &mut out)?,
    }
    if args.errors {
        errors(&labelled, &assessments, &mut out)?;
    }
    match args.at_least {
        Some(least) if figures.accuracy < least => Ok(Outcome::GateTripped),
        _ => Ok(Outcome::Done),
    }
}

/// The samples of labelled tools. Those on which careful people differ count half.
pub(crate) fn samples(labelled: &[Labelled], classifier: &Classifier) -> Vec<Sample> {
    labelled
        .iter()
        .map(|entry| Sample {
            features: classifier.features(&entry.tool),
            category: entry.category,
            group: entry.server.clone(),
            weight: if entry.also_ok.is_empty() { 1.0 } else { 0.5 },
            verbs: classifier.verbs(&entry.tool),
            words: classifier.words(&entry.tool),
        })
        .collect()
}

/// Reads labelled tools from files and folders of `*.jsonl` files.
pub(crate) fn read(paths: &[PathBuf]) -> Result<Vec<Labelled>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let entries = std::fs::read_dir(path).map_err(|e| Error::io("cannot read", path, &e))?;
            let mut inside: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
            inside.retain(|p| p.extension().is_some_and(|e| e == "jsonl"));
            inside.sort();
            files.extend(inside);
        } else {
            files.push(path.clone());
        }
    }
    let mut labelled = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).map_err(|e| Error::io("cannot read", &path, &e))?;
        for (index, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
            let place = |message: String| Error::new(format!("{}:{}: {message}", path.display(), index + 1));
            let value = serde_json::from_str(line).map_err(|e| place(e.to_string()))?;
            labelled.push(Labelled::from_value(value).map_err(place)?);
        }
    }
    Ok(labelled)
}

fn table(figures: &Figures, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    let percent = |share: f64| format!("{:.2} %", share * 100.0);
    writeln!(out, "{} tools", figures.n)?;
    writeln!(out, "  accuracy              {}", percent(figures.accuracy))?;
    writeln!(out, "  accuracy, defensible  {}", percent(figures.accuracy_defensible))?;
    writeln!(out, "  macro F1              {:.4}", figures.macro_f1)?;
    writeln!(out, "  risk                  {}", percent(figures.risk_accuracy))?;
    writeln!(out, "  calibration error     {:.4}", figures.calibration_error)?;
    for coverage in &figures.coverage {
        writeln!(
            out,
            "  most confident {:>3.0} %   {}",
            coverage.confident * 100.0,
            percent(coverage.accuracy)
        )?;
    }
    writeln!(
        out,
        "\n  labelled      precision  recall      F1       n   called Read  Write  Execute  Destructive"
    )?;
    for (name, class) in &figures.per_class {
        let row = &figures.confusion[name];
        writeln!(
            out,
            "  {name:<12}  {:>8.4}  {:>7.4}  {:>7.4}  {:>5}   {:>11}  {:>5}  {:>7}  {:>11}",
            class.precision,
            class.recall,
            class.f1,
            class.n,
            row["Read"],
            row["Write"],
            row["Execute"],
            row["Destructive"]
        )?;
    }
    writeln!(
        out,
        "\n  danger called Read: {}  {}",
        figures.missed_danger.len(),
        figures.missed_danger[..figures.missed_danger.len().min(12)].join(" ")
    )?;
    writeln!(
        out,
        "  Read called Destructive or Execute: {}  {}",
        figures.false_alarms.len(),
        figures.false_alarms[..figures.false_alarms.len().min(12)].join(" ")
    )
}

fn errors(labelled: &[Labelled], assessments: &[Assessment], out: &mut dyn std::io::Write) -> std::io::Result<()> {
    use crate::text::escape::one_line;
    for (entry, answer) in labelled.iter().zip(assessments) {
        let category_wrong = entry.category != answer.category;
        let risk_wrong = entry.risk.is_some_and(|r| r != answer.risk);
        if !category_wrong && !risk_wrong {
            continue;
        }
        let defended = if entry.also_ok.contains(&answer.category) {
            " (defensible)"
        } else {
            ""
        };
        let risk = entry.risk.map_or("", |r| r.name());
        writeln!(
            out,
            "\n{} {} · {}\n  labelled {}, {risk} · called {}, {}{defended} · confidence {:.2}",
            if category_wrong { "category" } else { "risk    " },
            one_line(&entry.server),
            one_line(entry.tool.name()),
            entry.category,
            answer.category,
            answer.risk,
            answer.confidence,
        )?;
        for evidence in answer.evidence.iter().take(8) {
            let says = evidence.says.map_or("-", |c| c.name());
            writeln!(
                out,
                "    {:>5} {says:<11} {:<26} {} {:?}",
                evidence.weight,
                evidence.rule,
                evidence.pointer,
                one_line(&evidence.text)
            )?;
        }
    }
    Ok(())
}
