//! `mcpclass check`: lists the reviewed servers again and fails on what got worse.

use std::path::{Path, PathBuf};

use crate::baseline::accept::Acceptance;
use crate::baseline::check::{self, Present, Terms};
use crate::baseline::gate::Gates;
use crate::baseline::lock::{self, Lock};
use crate::baseline::origin::Origin;
use crate::classify::Classifier;
use crate::cli::Global;
use crate::error::{Error, Outcome, Result};
use crate::fsio;
use crate::output::check as report;
use crate::output::finding;
use crate::output::place::Places;
use crate::settings::Settings;
use crate::source::{self, SourceArgs};
use crate::ui;

/// Arguments of `mcpclass check`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without SERVER, the servers of the lock are listed again as they were named.\n\n\
                  Exit status: 0 nothing that --fail-on names, 1 something, 4 a server could not be listed."
)]
pub struct Args {
    #[command(flatten)]
    source: SourceArgs,
    /// What was reviewed
    #[arg(long, value_name = "LOCK", default_value = lock::FILE)]
    baseline: PathBuf,
    /// What fails the check: worse, new, gone, milder, wording, rules, each alone or as KIND:RISK or
    /// KIND:CATEGORY; or none. What hides text or instructs the model counts as critical
    #[arg(long, value_name = "GATES", default_value_t = Gates::default())]
    fail_on: Gates,
    /// How the result is printed
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: report::Format,
    /// Write a report to a file as well; may be given several times
    #[arg(long, value_name = "FORMAT=FILE")]
    report: Vec<report::Target>,
}

/// Lists again, compares, reports.
pub fn run(args: &Args, global: &Global) -> Result<Outcome> {
    for (index, target) in args.report.iter().enumerate() {
        if args.report[..index].iter().any(|other| other.file == target.file) {
            let shown = target.file.display();
            return Err(Error::new(format!("two reports would be written to {shown}"))
                .help("give each a file of its own: --report markdown=FILE --report sarif=FILE"));
        }
    }
    let settings = Settings::load(global)?;
    let classifier = settings.classifier(global)?;
    let lock = read_lock(&args.baseline)?;
    let consent = Consent {
        yes: args.source.yes,
        offline: args.source.offline,
    };
    let present = list(&lock, &args.baseline, &args.source, consent, &classifier, global)?;
    let terms = Terms {
        acceptances: acceptances(&settings)?,
        gates: args.fail_on.clone(),
        today: today()?,
    };
    let check = check::check(&lock, &present, &classifier, &terms);
    let mut findings = finding::of_check(&check);
    let words = if present.named {
        args.source.servers.clone()
    } else {
        lock.words(&folder_of(&args.baseline))
    };
    let origins = check.servers.iter().map(|server| server.origin.clone());
    Places::read(origins.chain(words))
        .and_check(&args.baseline, settings.path.as_deref())
        .fill(&mut findings);
    let rules = finding::rules(classifier.book());
    for target in &args.report {
        let text = report::render(&check, &findings, &rules, target.format);
        fsio::write_atomic(&target.file, &ui::plain(text.into_bytes()))?;
    }
    ui::print(report::render(&check, &findings, &rules, args.format).as_bytes())?;
    Ok(check.outcome())
}

/// What a user agreed to for servers that a lock names.
#[derive(Clone, Copy, Debug)]
pub struct Consent {
    /// Start commands.
    pub yes: bool,
    /// Neither start anything nor use the network.
    pub offline: bool,
}

/// Lists what the arguments name, or else what the lock names.
pub fn list(
    lock: &Lock,
    file: &Path,
    source: &SourceArgs,
    consent: Consent,
    classifier: &Classifier,
    global: &Global,
) -> Result<Present> {
    let folder = folder_of(file);
    let named = !source.servers.is_empty() || !source.command.is_empty();
    let origins = if named {
        vec![Origin::of(source, &folder)]
    } else {
        lock.origins.clone()
    };
    let mut present = Present {
        servers: Vec::new(),
        failures: Vec::new(),
        named,
    };
    for origin in origins {
        if consent.offline && !origin.is_offline() {
            let why = "it takes the network or a started server, and --offline forbids both".to_owned();
            present.failures.push((origin.label(), why));
            continue;
        }
        let starts = origin.starts();
        if !named && !consent.yes && !starts.is_empty() {
            let mut error = Error::new(format!("{} names servers that would be started", file.display()));
            for command in starts {
                error = error.fact("command", command);
            }
            return Err(error.help("read them, then add --yes; or name the servers on the command line"));
        }
        let args = if named { source.clone() } else { origin.args(&folder) };
        match source::collect(&args, global) {
            Ok(collected) => {
                let assessed = collected.manifests.into_iter().map(|m| classifier.assess_all(m));
                present.servers.extend(assessed);
                let failures = collected.failures.into_iter().map(|f| (f.source, f.error.to_string()));
                present.failures.extend(failures);
            }
            Err(error) if named => return Err(error),
            Err(error) => present.failures.push((origin.label(), error.to_string())),
        }
    }
    Ok(present)
}

/// Reads a lock from its file.
pub fn read_lock(path: &Path) -> Result<Lock> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let missing = error.kind() == std::io::ErrorKind::NotFound;
        let error = Error::io("cannot read", path, &error);
        if missing {
            error.help("pin what you reviewed first: mcpclass baseline SERVER…")
        } else {
            error
        }
    })?;
    Lock::parse(&text).map_err(|error| {
        let told = Error::new(format!("{}: {error}", path.display()));
        match error {
            lock::Unreadable::Version(_) => told.help("update mcpclass, or pin again: mcpclass baseline SERVER…"),
            _ => told.help("restore it from version control, or pin again: mcpclass baseline SERVER…"),
        }
    })
}

/// The folder that a lock's paths are relative to.
pub fn folder_of(lock: &Path) -> PathBuf {
    lock.parent().map(Path::to_owned).unwrap_or_default()
}

/// The acceptances of the configuration file.
pub fn acceptances(settings: &Settings) -> Result<Vec<Acceptance>> {
    let shown = settings.path.clone().unwrap_or_default();
    let read = |entry| Acceptance::try_from(entry).map_err(|why| Error::new(format!("{}: {why}", shown.display())));
    settings.accept.iter().map(read).collect()
}

/// The day on which acceptances are judged: `SOURCE_DATE_EPOCH` where it is set, so that a run can be
/// repeated, else today in UTC, so that it is the same day everywhere.
pub fn today() -> Result<jiff::civil::Date> {
    let now = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => {
            let seconds = text
                .trim()
                .parse()
                .ok()
                .and_then(|s| jiff::Timestamp::from_second(s).ok());
            seconds.ok_or_else(|| Error::new(format!("SOURCE_DATE_EPOCH is {text:?}, not a number of seconds")))?
        }
        Err(_) => jiff::Timestamp::now(),
    };
    Ok(now.to_zoned(jiff::tz::TimeZone::UTC).date())
}
