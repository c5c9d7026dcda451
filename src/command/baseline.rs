//! `mcpclass baseline`: pins what was reviewed.

use std::path::{Path, PathBuf};

use crate::baseline::check;
use crate::baseline::lock::{self, Lock};
use crate::baseline::origin::Origin;
use crate::classify::Classifier;
use crate::cli::Global;
use crate::command::check::{folder_of, read_lock};
use crate::command::policies::{Drafts, named, overridden};
use crate::error::{Error, Outcome, Result};
use crate::fsio;
use crate::output::table::count;
use crate::policy::plan::{self, Plan};
use crate::policy::target::{Options, Target};
use crate::policy::write;
use crate::report::Assessed;
use crate::settings::Settings;
use crate::source::{self, SourceArgs};
use crate::ui;

/// Arguments of `mcpclass baseline`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without SERVER, the servers of the existing lock are listed again and pinned as they are now.\n\n\
                  Pin a saved listing, and commit the policies that follow from it with the lock:\n  \
                  mcpclass baseline tools.json --policy-dir policies --for claude-code --for policylayer"
)]
pub struct Args {
    #[command(flatten)]
    source: SourceArgs,
    /// Where the lock is written
    #[arg(long, short, value_name = "LOCK", default_value = lock::FILE)]
    output: PathBuf,
    /// Keep the other servers of the lock, and add these
    #[arg(long)]
    add: bool,
    /// Write the policies of every pinned server too, into a folder named after each target below this one
    #[arg(long, value_name = "DIR", help_heading = "Policy")]
    policy_dir: Option<PathBuf>,
    /// What the policies are written for: a name from `mcpclass policy --list`, or `all`; may be given several times
    #[arg(
        long = "for",
        value_name = "TARGET",
        default_value = "policylayer",
        requires = "policy_dir",
        help_heading = "Policy"
    )]
    targets: Vec<String>,
}

/// Lists, classifies, writes the lock.
pub fn run(args: &Args, global: &Global) -> Result<Outcome> {
    let mut targets: Vec<&'static Target> = Vec::new();
    for word in &args.targets {
        targets.extend(named(word)?);
    }
    let settings = Settings::load(global)?;
    let classifier = settings.classifier(global)?;
    let folder = folder_of(&args.output);
    let named = !args.source.servers.is_empty() || !args.source.command.is_empty();
    let mut lock = Lock::empty(classifier.rules_digest());
    let mut origins = vec![Origin::of(&args.source, &folder)];
    if args.add || !named {
        let existing = if args.output.exists() || !named {
            read_lock(&args.output)?
        } else {
            lock.clone()
        };
        if named {
            lock.origins = existing.origins;
            lock.servers = existing.servers;
        } else {
            origins = existing.origins;
        }
    }
    for origin in origins {
        let source_args = if named {
            args.source.clone()
        } else {
            origin.args(&folder)
        };
        let servers: Vec<Assessed> = complete(&source_args, global)?
            .into_iter()
            .map(|manifest| classifier.assess_all(manifest))
            .collect();
        lock.pin(origin, &servers);
    }
    if lock.tools() == 0 {
        return Err(Error::nothing("no tool was listed, so there is nothing to pin"));
    }
    let policies = args
        .policy_dir
        .as_deref()
        .map(|folder| policies(folder, &targets, &lock, &classifier, global));
    // The lock is last: where it says that something was reviewed, the policies that follow from it are there.
    let outcome = policies.transpose()?.unwrap_or(Outcome::Done);
    fsio::write_atomic(&args.output, lock.to_text().as_bytes())?;
    if lock.origins.iter().any(Origin::is_redacted) {
        let file = args.output.display();
        let message = format!(
            "secrets on the command line are not written to {file}; to check again, name the servers as you did, or give \
             secrets with --env or --header"
        );
        ui::warn(global, &message);
    }
    let (tools, servers) = (count(lock.tools(), "tool"), count(lock.servers.len(), "server"));
    ui::note(
        global,
        &format!("pinned {tools} of {servers} in {}", args.output.display()),
    );
    Ok(outcome)
}

/// Writes the policies of everything that the lock pins. A target that cannot hold them makes the run partial.
fn policies(
    folder: &Path,
    targets: &[&'static Target],
    lock: &Lock,
    classifier: &Classifier,
    global: &Global,
) -> Result<Outcome> {
    let plans = lock.servers.iter().map(|server| Plan::of(&server.assessed(classifier)));
    let plans = plan::join(plans.collect());
    let drafts = Drafts::of(targets, &plans, &Options::default());
    drafts.write(folder)?;
    let notes = overridden(&plans).into_iter().chain(write::describe(&drafts.losses()));
    for line in notes {
        ui::note(global, &line);
    }
    ui::note(
        global,
        &format!(
            "wrote {} of policies in {}",
            count(drafts.files(), "file"),
            folder.display()
        ),
    );
    Ok(if drafts.tell_refused() {
        Outcome::Done
    } else {
        Outcome::Partial
    })
}

/// The listings, all of them complete: a hole in a baseline would pass as reviewed.
fn complete(args: &SourceArgs, global: &Global) -> Result<Vec<crate::manifest::Manifest>> {
    let collected = source::collect(args, global)?;
    if let Some(failure) = collected.failures.first() {
        return Err(
            Error::partial(format!("{} could not be listed, so nothing was pinned", failure.source))
                .fact("because", failure.error.to_string()),
        );
    }
    for manifest in &collected.manifests {
        if let Some(why) = check::incomplete(manifest) {
            let message = format!(
                "the listing of {} is not complete, so nothing was pinned",
                manifest.server.name
            );
            return Err(Error::partial(message).fact("because", why));
        }
    }
    Ok(collected.manifests)
}
