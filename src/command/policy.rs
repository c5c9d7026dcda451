//! `mcpclass policy`: the recommended policy in a target's own format, to the terminal, a file, a folder, or into a
//! settings file that is already there.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::cli::Global;
use crate::command::policies::{Drafts, named, overridden, say, write_file, write_under};
use crate::error::{Error, Outcome, Result};
use crate::output::json;
use crate::policy::merge::{Merge, merge};
use crate::policy::plan::{self, Plan};
use crate::policy::target::{self, Cell, Form, LimitAs, Loss, Options, Target, draft};
use crate::policy::write;
use crate::settings::Settings;
use crate::source::{self, SourceArgs, redact};
use crate::text::escape;

/// Arguments of `mcpclass policy`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    source: SourceArgs,
    /// What to write for: a name from --list, or `all`
    #[arg(
        long = "for",
        value_name = "TARGET",
        default_value = "policylayer",
        help_heading = "Policy"
    )]
    target: String,
    /// Write to this file, or every file of the target into this folder (an existing one, or with a final slash)
    #[arg(long, short, value_name = "PATH", help_heading = "Policy")]
    output: Option<PathBuf>,
    /// What each target can express, and where its file lives
    #[arg(long, help_heading = "Policy")]
    list: bool,
    /// Format of --list
    #[arg(long, value_name = "FORMAT", requires = "list", help_heading = "Policy")]
    format: Option<ListFormat>,
    /// Write what the target cannot express as JSON
    #[arg(long, value_name = "FILE", help_heading = "Policy")]
    losses: Option<PathBuf>,
    /// What a limit becomes where a target cannot count calls [default: the next stricter decision]
    #[arg(long, value_name = "DECISION", help_heading = "Policy")]
    limit_as: Option<LimitAs>,
    /// Show what would be added to this settings file, keeping everything else in it
    #[arg(long, value_name = "FILE", conflicts_with = "output", help_heading = "Policy")]
    merge: Option<PathBuf>,
    /// With --merge: write it
    #[arg(long, requires = "merge", help_heading = "Policy")]
    write: bool,
    /// Address of the server, in formats that name one
    #[arg(long, value_name = "URL", help_heading = "Policy")]
    url: Option<String>,
    /// ARN of the AgentCore gateway
    #[arg(long, value_name = "ARN", help_heading = "Policy")]
    gateway: Option<String>,
}

/// Formats of `--list`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ListFormat {
    /// For people.
    Table,
    /// The table of the README.
    Markdown,
    /// For programs.
    Json,
}

/// Writes the recommended policy.
pub fn run(args: &Args, global: &Global) -> Result<Outcome> {
    if args.list {
        return list(args.format.unwrap_or(ListFormat::Table));
    }
    let targets = named(&args.target)?;
    let settings = Settings::load(global)?;
    let classifier = settings.classifier(global)?;
    let collected = source::collect(&args.source, global)?;
    let mut outcome = Outcome::Done;
    for failure in &collected.failures {
        outcome = Outcome::Partial;
        say(&format!("{}: {}", escape::one_line(&failure.source), failure.error));
    }
    let plans = collected
        .manifests
        .into_iter()
        .map(|manifest| Plan::of(&classifier.assess_all(manifest)));
    let plans = plan::join(plans.collect());
    if plans.iter().all(|plan| plan.tools.is_empty()) {
        let none = "there is no tool to write a policy for";
        return Err(if outcome == Outcome::Partial {
            Error::partial(none)
        } else {
            Error::nothing(none)
        });
    }
    let job = Job {
        args,
        plans: &plans,
        options: Options {
            limit_as: args.limit_as,
            gateway: args.gateway.clone(),
            url: args.url.clone(),
            every_form: false,
        },
        quiet: global.quiet,
    };
    for line in overridden(&plans) {
        job.note(&line);
    }
    let (losses, written) = match (&args.merge, targets.as_slice()) {
        (Some(file), [target]) => (job.merge_into(target, file)?, outcome),
        (Some(_), _) => {
            return Err(Error::new("one file belongs to one target").help("name it: --for TARGET --merge FILE"));
        }
        (None, [target]) => (job.write_one(target)?, outcome),
        (None, targets) => {
            let (losses, all) = job.write_every(targets)?;
            (losses, if all { outcome } else { Outcome::Partial })
        }
    };
    if let Some(path) = &args.losses {
        let document = serde_json::json!({ "losses": losses, "overrides": overrides(&plans) });
        write_file(path, &json::text(&document))?;
    }
    Ok(written)
}

/// Decisions of a person, for files that cannot hold their reasons.
fn overrides(plans: &[Plan]) -> Vec<serde_json::Value> {
    let of = |plan: &Plan| -> Vec<serde_json::Value> {
        let tools = plan.tools.iter().filter_map(|tool| {
            let reason = tool.override_reason.as_deref()?;
            let server = &plan.server.name;
            Some(serde_json::json!({"server": server, "tool": tool.name, "decision": tool.decision, "reason": reason}))
        });
        tools.collect()
    };
    plans.iter().flat_map(of).collect()
}

/// One run: what was asked for, and about which servers.
struct Job<'a> {
    args: &'a Args,
    plans: &'a [Plan],
    options: Options,
    quiet: bool,
}

impl Job<'_> {
    fn write_one(&self, target: &'static Target) -> Result<Vec<Loss>> {
        let folder = self.args.output.as_deref().filter(|path| is_folder(path));
        let written = if let Some(folder) = folder {
            let written = write::all(target, self.plans, &self.options).map_err(Error::new)?;
            write_under(folder, &written)?;
            written
        } else {
            let form = &target.forms[0];
            let written = write::one(target, form, self.plans, &self.options).map_err(|why| {
                Error::new(why).help(format!("write a folder: mcpclass policy --for {} -o DIR/", target.id))
            })?;
            for file in &written.files {
                match &self.args.output {
                    Some(path) => write_file(path, &file.text)?,
                    None => anstream::stdout().write_all(file.text.as_bytes())?,
                }
            }
            for other in &target.forms[1..] {
                self.note(&format!(
                    "note: {} also reads {}: write every file with -o DIR/",
                    target.title, other.file
                ));
            }
            written
        };
        self.report(target, &written.losses);
        Ok(written.losses)
    }

    /// Every target in a folder of its own; whether all of them were written.
    fn write_every(&self, targets: &[&'static Target]) -> Result<(Vec<Loss>, bool)> {
        let Some(folder) = &self.args.output else {
            return Err(Error::new("every target is many files").help("name a folder for them: -o DIR"));
        };
        let drafts = Drafts::of(targets, self.plans, &self.options);
        drafts.write(folder)?;
        let all = drafts.tell_refused();
        let losses = drafts.losses();
        for line in write::describe(&losses) {
            self.note(&line);
        }
        Ok((losses, all))
    }

    /// Shows what a settings file would become, and writes it if that was asked for.
    fn merge_into(&self, target: &'static Target, path: &Path) -> Result<Vec<Loss>> {
        let (form, how) = mergeable(target, path)?;
        let before = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Error::io("cannot read", path, &error)),
        };
        let plans: Vec<&Plan> = self.plans.iter().collect();
        let draft = draft(target, form, &plans, &self.options).map_err(Error::new)?;
        let shown = path.display().to_string();
        let after = merge(&before, how.format, &(how.edits)(&draft))
            .map_err(|why| Error::new(format!("{}: {why}", escape::one_line(&shown))))?;
        for line in &after.stricter {
            self.note(&format!("kept: {}", escape::one_line(line)));
        }
        self.report(target, &draft.losses);
        if after.text == before {
            self.note(&format!("{} already says so", escape::one_line(&shown)));
            return Ok(draft.losses);
        }
        show_diff(&before, &after.text, &shown)?;
        if self.args.write {
            write_file(path, &after.text)?;
        } else {
            self.note("nothing is written yet: add --write");
        }
        Ok(draft.losses)
    }

    fn report(&self, target: &Target, losses: &[Loss]) {
        for line in write::describe(losses) {
            self.note(&line);
        }
        self.note(&format!("note: {}", target.caution));
    }

    fn note(&self, line: &str) {
        if !self.quiet {
            say(line);
        }
    }
}

/// The form that a settings file of this name belongs to, else the first that can be merged.
fn mergeable(target: &'static Target, path: &Path) -> Result<(&'static Form, &'static Merge)> {
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    let mut forms = target.forms.iter().filter_map(|f| Some((f, f.merge.as_ref()?)));
    let first = forms.clone().next();
    forms
        .find(|(_, how)| how.names.contains(&name))
        .or(first)
        .ok_or_else(|| {
            Error::new(format!(
                "a file of {} is whole: there is nothing to merge it into",
                target.title
            ))
            .help(format!("write it: mcpclass policy --for {} -o FILE", target.id))
        })
}

/// What would change, as a unified diff with its control characters shown, and without the secrets that stand around it
/// in a client's configuration.
fn show_diff(before: &str, after: &str, path: &str) -> Result<()> {
    let config = source::document::parse(before).unwrap_or_default();
    let secrets = redact::hidden_in_config(&config);
    let long: Vec<&str> = secrets
        .iter()
        .copied()
        .filter(|s| s.len() >= redact::SHORTEST)
        .collect();
    let diff = similar::TextDiff::from_lines(before, after);
    let text = diff.unified_diff().context_radius(3).header(path, path).to_string();
    let mut out = anstream::stdout().lock();
    for line in text.split_inclusive('\n') {
        // What changes is about decisions, in words that some variable may have as its value, too.
        let hidden = if line.starts_with(' ') { &secrets } else { &long };
        let line = redact::config_line(line.trim_end_matches(['\r', '\n']), hidden);
        let line = escape::one_line(&line).into_owned();
        let colour = match line.as_bytes().first() {
            Some(b'+') => Some(anstyle::AnsiColor::Green),
            Some(b'-') => Some(anstyle::AnsiColor::Red),
            _ => None,
        };
        match colour.map(anstyle::AnsiColor::on_default) {
            Some(style) => writeln!(out, "{style}{line}{style:#}")?,
            None => writeln!(out, "{line}")?,
        }
    }
    Ok(())
}

fn list(format: ListFormat) -> Result<Outcome> {
    let rows = target::rows();
    let mut out = anstream::stdout().lock();
    if format == ListFormat::Markdown {
        write!(out, "{}", target::markdown())?;
        return Ok(Outcome::Done);
    }
    if format == ListFormat::Json {
        let text = serde_json::to_string_pretty(&serde_json::json!({ "targets": rows }))
            .map_err(|e| Error::new(e.to_string()))?;
        writeln!(out, "{text}")?;
        return Ok(Outcome::Done);
    }
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header([
        "target", "file", "allow", "limit", "ask", "deny", "hide", "args", "unlisted", "merge", "lives in",
    ]);
    let mark = |cell: &Cell| match cell {
        Cell::Plain(true) => "yes",
        Cell::Plain(false) => "-",
        Cell::With(_) => "with",
    };
    let yes = |b: bool| if b { "yes" } else { "-" };
    let mut last = "";
    for row in &rows {
        let name = if row.target == last { "" } else { row.target };
        last = row.target;
        let cells = [
            mark(&row.allow),
            mark(&row.limit),
            mark(&row.ask),
            mark(&row.deny),
            mark(&row.hide),
        ];
        let rest = [yes(row.arguments), row.unlisted.name(), yes(row.merge), row.lives];
        table.add_row([name, row.file].into_iter().chain(cells).chain(rest));
    }
    let text = table.to_string();
    for line in text.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    writeln!(
        out,
        "\nwith: together with the target's other file · args: tools keep their harmless operations"
    )?;
    writeln!(out, "unlisted: what becomes of a tool that the server adds tomorrow")?;
    Ok(Outcome::Done)
}

/// Whether a path is meant as a folder: it is one, or ends like one.
fn is_folder(path: &Path) -> bool {
    path.is_dir() || path.to_string_lossy().ends_with(['/', std::path::MAIN_SEPARATOR])
}
