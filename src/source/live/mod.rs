//! Live servers: starts or calls one, lists its tools as raw JSON, and leaves nothing behind.
//!
//! The client is our own on purpose. Listing takes four kinds of messages; the official SDK reads them into
//! types, and with that drops the fields it does not know, loses a whole listing to one malformed tool, hides
//! tools whose `x-mcp-header` is invalid, and pages without a limit. A program that judges tools must see what a
//! lax client would see. That choice stays inside this module: it gives a [`Manifest`] of raw tools to the rest.
//!
//! ```text
//! Spec ─▶ process (plan · supervisor · sandbox) ─▶ stdio (frame) ─┐
//!     └─▶ http (address · sse) ───────────────────────────────────┴▶ session ─▶ Manifest
//! ```

mod address;
mod conceal;
#[cfg(target_os = "linux")]
mod descendants;
mod environment;
mod fault;
mod frame;
mod http;
mod legacy;
mod limits;
mod plan;
#[doc(hidden)]
pub mod probe;
mod process;
#[cfg(target_os = "linux")]
mod sandbox;
mod session;
mod sse;
mod stdio;
#[cfg(target_os = "linux")]
pub(crate) mod supervisor;
mod trace;
mod wire;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use self::limits::Limits;

use self::conceal::Secrets;
use self::fault::{Denied, Fault};
use self::limits::Meter;
use self::session::Listing;
use self::stdio::Stdio;
use self::trace::Trace;
use crate::error::Error;
use crate::manifest::{Manifest, Problem, Server, Transport};
use crate::source::redact;
use crate::source::spec::{Endpoint, Spec};

/// The JSON document at a URL that the user named, such as a page of a registry.
pub async fn fetch(url: &str, limits: &Limits, options: &Options) -> Result<serde_json::Value, Error> {
    http::fetch(url, limits, options).await
}

/// How a server is started and reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The fence around a started server.
    pub sandbox: Sandbox,
    /// Whether a started server goes without a network.
    pub no_network: bool,
    /// Whether a configuration or a registry may name addresses of this machine and of private networks.
    pub allow_private: bool,
    /// How much is said on stderr.
    pub verbose: u8,
    /// The program that supervises started servers: `mcpclass` itself. `None` is the running program, which has
    /// to be `mcpclass`.
    pub supervisor: Option<PathBuf>,
}

/// The fence around a started server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[derive(clap::ValueEnum)]
pub enum Sandbox {
    /// Resource limits only.
    Off,
    /// What this machine can enforce.
    #[default]
    Auto,
    /// A full fence, or the server is not started.
    Required,
}

/// Lists the tools of a live server.
pub async fn list(spec: &Spec, limits: &Limits, options: &Options) -> Result<Manifest, Error> {
    match &spec.endpoint {
        Endpoint::Command { .. } => list_command(spec, limits, options).await,
        Endpoint::Url { .. } => http::list(spec, limits, options).await,
    }
}

async fn list_command(spec: &Spec, limits: &Limits, options: &Options) -> Result<Manifest, Error> {
    let Endpoint::Command { program, args, .. } = &spec.endpoint else {
        unreachable!("the caller matched a command");
    };
    let origin = redact::command_line(program, args);
    let trace = Trace::new(options.verbose);
    let secrets = Secrets::of(spec);
    let (process, input, output) = match process::start(spec, limits, options).await {
        Ok(started) => started,
        Err(fault) => return Err(fault.into_error().fact("command", origin)),
    };
    trace.step(|| format!("started: {origin}"));
    let mut stdio = Stdio::new(input, output, Meter::new(limits));
    let listed = match tokio::time::timeout(limits.timeout, session::list(&mut stdio, limits, trace)).await {
        Ok(listed) => listed,
        Err(_) => Err(Fault::Timeout {
            after: limits.timeout,
            waiting_for: format!("the answer to {}", stdio.waiting_for),
        }),
    };
    let notes = stdio.notes.take();
    // Closes the server's input.
    drop(stdio);
    let end = process.end().await;
    trace.step(|| {
        let status = end.status.as_deref().unwrap_or("ended by us");
        format!(
            "ended: {origin}: {status}, fence: {}",
            end.fence.as_deref().unwrap_or("none")
        )
    });
    match listed {
        Ok(listing) => {
            let name = guess_name(program, args);
            let mut manifest = manifest(spec, listing, notes, origin, Transport::Stdio, &name);
            manifest.server.sandbox = end.fence;
            Ok(manifest)
        }
        Err(fault) => {
            let fault = match (end.fault, fault, end.status) {
                (Some(cause), _, _) => cause,
                (None, Fault::Closed, Some(status)) => Fault::Stopped(status),
                (None, fault, _) => fault,
            };
            let mut error = fault.into_error().fact("command", origin);
            for note in notes.iter().take(3) {
                error = error.fact("note", note.message.clone());
            }
            if !end.last_words.is_empty() {
                error = error.fact("its last words", end.last_words.join("\n"));
            }
            if let Some(denied) = Denied::guess(end.fence.as_deref(), &end.last_words) {
                error = denied.tell(error);
            }
            Err(error.without(&secrets.texts()))
        }
    }
}

/// The manifest of a listing and of the notes about how it was sent, without the secrets that the server was given.
fn manifest(
    spec: &Spec,
    mut listing: Listing,
    notes: Vec<Problem>,
    origin: String,
    transport: Transport,
    fallback: &str,
) -> Manifest {
    let secrets = Secrets::of(spec);
    let mut repeated = false;
    for tool in &mut listing.tools {
        repeated |= secrets.conceal_in(tool);
    }
    if repeated {
        let message = "the server repeats a secret that it was given in its tools; it is not shown";
        listing.problems.push(Problem::new("/tools", message));
    }
    listing.instructions = listing.instructions.map(|text| secrets.conceal(&text));
    let name = spec
        .name
        .clone()
        .or_else(|| listing.name.map(|name| secrets.conceal_name(&name)))
        .unwrap_or_else(|| fallback.to_owned());
    let server = Server {
        name,
        version: listing.version.map(|version| secrets.conceal_name(&version)),
        origin,
        transport,
        protocol: Some(secrets.conceal_name(&listing.protocol)),
        complete: listing.complete,
        sandbox: None,
        instructions: listing.instructions,
    };
    let mut manifest = Manifest::from_values(server, listing.tools);
    // Notes quote what a server printed beside its messages; pointers consist of its keys.
    let told = listing.problems.into_iter().chain(notes);
    manifest.problems.extend(told.map(|problem| Problem {
        pointer: secrets.conceal_name(&problem.pointer),
        message: secrets.conceal(&problem.message),
    }));
    manifest
}

/// What a server that does not say its name is called: the package that is run, else the program.
fn guess_name(program: &str, args: &[String]) -> String {
    let package = args.iter().find(|arg| !arg.starts_with('-') && !arg.contains("://"));
    let base = |text: &str| {
        PathBuf::from(text)
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
    };
    match base(program).as_deref() {
        Some("npx" | "uvx" | "bunx" | "pipx" | "node" | "python" | "python3" | "deno" | "sh" | "bash") => {
            package.and_then(|arg| base(arg)).unwrap_or_else(|| program.to_owned())
        }
        Some(name) => name.to_owned(),
        None => program.to_owned(),
    }
}
