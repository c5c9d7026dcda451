//! `mcpclass accept`: takes a finding of one definition of one tool, with a reason, until a date.

use std::path::{Path, PathBuf};

use jiff::civil::Date;

use crate::baseline::accept::{self, Acceptance};
use crate::baseline::check::{self, Check, Checked, Terms};
use crate::baseline::gate::Gates;
use crate::baseline::lock;
use crate::cli::Global;
use crate::command::check::{Consent, list, read_lock, today};
use crate::error::{Error, Outcome, Result};
use crate::fsio;
use crate::settings::{FILE_NAME, Settings, file};
use crate::source::SourceArgs;
use crate::text::suggest;
use crate::ui;

/// Arguments of `mcpclass accept`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The servers of the lock are listed again to learn which definition is accepted; --digest saves that. \
                  The entry is written to mcpclass.toml and holds for that definition alone."
)]
pub struct Args {
    /// The tool
    #[arg(value_name = "TOOL")]
    tool: String,
    /// Its server; needed where several have such a tool
    #[arg(long, value_name = "NAME")]
    server: Option<String>,
    /// Why it is fine
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The last day on which this holds
    #[arg(long, value_name = "YYYY-MM-DD")]
    until: Date,
    /// Accept one finding alone: a kind of change (worse, new, …), a finding as `check --format json` names it, or
    /// a rule
    #[arg(long, value_name = "ID", alias = "finding")]
    rule: Option<String>,
    /// Digest of the definition that was looked at
    #[arg(long, value_name = "DIGEST", requires = "server")]
    digest: Option<String>,
    /// What was reviewed
    #[arg(long, value_name = "LOCK", default_value = lock::FILE)]
    baseline: PathBuf,
    /// A saved manifest to take the definition from, instead of listing the lock's servers again
    #[arg(long, value_name = "FILE")]
    manifest: Option<String>,
    /// Start what the lock names
    #[arg(long)]
    yes: bool,
}

/// Finds the change and writes the entry.
pub fn run(args: &Args, global: &Global) -> Result<Outcome> {
    if args.reason.trim().is_empty() {
        return Err(Error::new("an acceptance needs a reason").help("say why the finding is fine: --reason \"…\""));
    }
    let today = today()?;
    if args.until < today {
        return Err(Error::new(format!(
            "--until {} has passed: today is {today}",
            args.until
        )));
    }
    let settings = Settings::load(global)?;
    let (server, digest) = match (&args.server, &args.digest) {
        (Some(server), Some(digest)) => (server.clone(), well_formed(digest)?),
        _ => definition(args, &settings, today, global)?,
    };
    let entry = Acceptance {
        server,
        tool: args.tool.clone(),
        finding: args.rule.clone(),
        digest,
        reason: args.reason.clone(),
        until: args.until,
    };
    let path = target(&settings, global);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(Error::io("cannot read", &path, &error)),
    };
    let added = accept::add(&text, &entry)
        .map_err(|mistake| Error::new(format!("{}:{}: {}", path.display(), mistake.line, mistake.message)))?;
    // What is written must read back: an entry that the next check refuses would be worse than none.
    file::parse(&added, &path)?;
    fsio::write_atomic(&path, added.as_bytes())?;
    let which = format!("{} of {}", entry.tool, entry.server);
    ui::note(
        global,
        &format!("accepted {which} until {} in {}", entry.until, path.display()),
    );
    Ok(Outcome::Done)
}

/// The configuration file that is read, or the one that will be.
fn target(settings: &Settings, global: &Global) -> PathBuf {
    let found = settings.path.clone().or_else(|| global.config.clone());
    found.unwrap_or_else(|| Path::new(FILE_NAME).to_owned())
}

fn well_formed(digest: &str) -> Result<String> {
    let hex = digest.strip_prefix("sha256:").unwrap_or_default();
    if hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(digest.to_owned());
    }
    Err(Error::new(format!(
        "{digest:?} is no digest: it is `sha256:` and 64 digits, as `check --format json` prints it"
    )))
}

/// The server and the digest of the change that is to be accepted.
fn definition(args: &Args, settings: &Settings, today: Date, global: &Global) -> Result<(String, String)> {
    let classifier = settings.classifier(global)?;
    let lock = read_lock(&args.baseline)?;
    let source = SourceArgs {
        servers: args.manifest.iter().cloned().collect(),
        ..SourceArgs::default()
    };
    let consent = Consent {
        yes: args.yes,
        offline: false,
    };
    let present = list(&lock, &args.baseline, &source, consent, &classifier, global)?;
    let terms = Terms {
        acceptances: Vec::new(),
        gates: Gates::default(),
        today,
    };
    let check = check::check(&lock, &present, &classifier, &terms);
    let fits = |server: &str| args.server.as_deref().is_none_or(|wanted| wanted == server);
    let mut found: Vec<(String, String)> = check
        .changes()
        .filter(|(server, checked)| fits(&server.name) && checked.change.subject.name() == args.tool)
        .map(|(server, checked)| (server.name.clone(), checked.change.digest().to_owned()))
        .collect();
    found.dedup();
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(unmatched(args, &check)),
        _ => {
            let names: Vec<&str> = found.iter().map(|(server, _)| server.as_str()).collect();
            Err(Error::new(format!(
                "{:?} changed in several places: {}",
                args.tool,
                names.join(", ")
            ))
            .help("say which: --server NAME, and --digest where one server lists it twice"))
        }
    }
}

fn unmatched(args: &Args, check: &Check) -> Error {
    let error = Error::new(format!(
        "there is nothing to accept: no change of a tool {:?} was found",
        args.tool
    ));
    let error = match check.failures.first() {
        Some((source, why)) => error.fact(
            "not listed",
            format!("{source}: {}", why.lines().next().unwrap_or_default()),
        ),
        None => error,
    };
    let names = check.changes().map(|(_, Checked { change, .. })| change.subject.name());
    match suggest::nearest(&args.tool, names) {
        Some(name) => error.help(format!("did you mean {name:?}?")),
        None => error.help("see what changed: mcpclass check"),
    }
}
