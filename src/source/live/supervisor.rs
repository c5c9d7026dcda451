//! The two hidden modes in which this program runs itself to start a server on Linux.
//!
//! ```text
//! mcpclass ──▶ supervisor ──▶ fence ══▶ the server (exec)
//!   pipes ──────────────────────────────▶ its standard streams
//! ```
//!
//! The supervisor outlives nothing and nobody outlives it: it adopts every orphan below it, watches what they
//! use, and kills them all when the server ends, when it is told to, or when the program that wanted the listing
//! dies in whatever way. The fence lays limits and Landlock on itself and becomes the server. Neither runs with
//! the server's environment before that moment. What they have to tell is written to files beside the server's
//! own folder, where it cannot write.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions};
use serde::{Deserialize, Serialize};
use tokio::signal::unix::{SignalKind, signal};

use super::plan::{MAX_MEMORY, MAX_PROCESSES, Plan};
use super::{descendants, sandbox};

/// The argument that makes this program a supervisor.
pub(super) const SUPERVISE: &str = "__supervise";
/// The argument that makes this program a fence.
const FENCE: &str = "__fence";
/// The file in which the supervisor says how the server ended.
pub(super) const ENDED: &str = "ended.json";
/// The file in which the fence says what it applied.
pub(super) const FENCED: &str = "fenced.json";

/// How often it is looked whether the parent lives and what the server uses.
const WATCH: Duration = Duration::from_millis(100);
/// How long a server has between being asked to end and being killed.
const GRACE: Duration = Duration::from_millis(800);

/// How a server ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ended {
    /// Its exit status.
    pub(super) code: Option<i32>,
    /// The signal that ended it.
    pub(super) signal: Option<i32>,
    /// What it used too much of, where that is why it was killed.
    pub(super) overgrown: Option<String>,
}

/// What the fence did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Fenced {
    /// What was applied.
    pub(super) applied: String,
    /// Why the server was not started.
    pub(super) failed: Option<Failed>,
}

/// Why a server was not started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Failed {
    /// The fence that was required cannot be had.
    Fence(String),
    /// The program cannot be run.
    Exec(String),
}

/// Runs a hidden mode where the arguments ask for one. To be called before anything else in `main`.
pub(crate) fn entry() -> Option<ExitCode> {
    let mut args = std::env::args_os().skip(1);
    let mode = args.next()?;
    if mode == SUPERVISE {
        let parent = args.next()?.to_str()?.parse().ok()?;
        let folder = PathBuf::from(args.next()?);
        let wrapper: Vec<_> = args.collect();
        let result = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .and_then(|runtime| runtime.block_on(supervise(parent, &folder, &wrapper)));
        Some(exit(result))
    } else if mode == FENCE {
        Some(exit(fence(&PathBuf::from(args.next()?))))
    } else {
        None
    }
}

fn exit(result: io::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The parent keeps the last lines of this stream.
            let _ = writeln!(io::stderr(), "mcpclass: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Starts the fence and stays until everything below is gone.
async fn supervise(parent: i32, folder: &Path, wrapper: &[std::ffi::OsString]) -> io::Result<()> {
    let me = rustix::process::getpid();
    rustix::process::set_child_subreaper(Some(me))?;
    let parent = Pid::from_raw(parent).ok_or(io::ErrorKind::InvalidInput)?;
    if rustix::process::getppid() != Some(parent) {
        return Err(io::Error::other("the program that wanted the listing is gone"));
    }
    let mut told = signal(SignalKind::terminate())?;
    let mut given_up = signal(SignalKind::quit())?;
    // A terminal that goes away takes the parent with it, and that is noticed.
    let _hangup = signal(SignalKind::hangup())?;
    let _interrupt = signal(SignalKind::interrupt())?;

    let program = std::env::current_exe()?;
    let mut command = match wrapper.split_first() {
        None => Command::new(&program),
        Some((first, rest)) => {
            let mut command = Command::new(first);
            command.args(rest).arg(&program);
            command
        }
    };
    command.arg(FENCE).arg(folder).env_clear();
    if !wrapper.is_empty() {
        // What is not wrapped begins a session, and with it a group, by itself.
        command.process_group(0);
    }
    let mut child = tokio::process::Command::from(command).spawn()?;
    let group = child.id().and_then(|id| Pid::from_raw(id as i32));
    // The streams are the server's alone.
    let null = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;

    let mut ended = Ended::default();
    let mut abandoned = false;
    let mut watch = tokio::time::interval(WATCH);
    let status = loop {
        tokio::select! {
            status = child.wait() => break Some(status?),
            _ = told.recv() => {
                if let Some(group) = group {
                    let _ = rustix::process::kill_process_group(group, Signal::TERM);
                }
                break tokio::time::timeout(GRACE, child.wait()).await.ok().and_then(Result::ok);
            }
            _ = given_up.recv() => {
                abandoned = true;
                break None;
            }
            _ = watch.tick() => {
                if rustix::process::getppid() != Some(parent) {
                    break None;
                }
                let all = descendants::of(me);
                let memory: u64 = all.iter().map(|process| process.memory).sum();
                // Processes first: what forks share is counted for each, so too many of them are too much memory, too.
                ended.overgrown = if all.len() > MAX_PROCESSES {
                    Some(format!("ran more than {MAX_PROCESSES} processes"))
                } else if memory > MAX_MEMORY {
                    Some(format!("used more than {} GiB of memory", MAX_MEMORY >> 30))
                } else {
                    continue;
                };
                break None;
            }
        }
    };
    kill_all(me).await;
    let status = match status {
        Some(status) => Some(status),
        None => child.wait().await.ok(),
    };
    while let Ok(Some(_)) = rustix::process::wait(WaitOptions::NOHANG) {}
    ended.code = status.and_then(|s| s.code());
    ended.signal = status.and_then(|s| s.signal());
    if !abandoned && rustix::process::getppid() == Some(parent) {
        return std::fs::write(folder.join(ENDED), serde_json::to_vec(&ended)?);
    }
    take_away(folder).await
}

/// Removes the folder when nobody else is left to do so. A parent that lives may be at it as well.
async fn take_away(folder: &Path) -> io::Result<()> {
    const PAUSE: Duration = Duration::from_millis(20);
    const PATIENCE: u32 = 100;
    for _ in 0..PATIENCE {
        match std::fs::remove_dir_all(folder) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !folder.exists() => return Ok(()),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
    std::fs::remove_dir_all(folder)
}

/// Kills everything below, also what is forked meanwhile: stopped first, so that nothing forks any more.
async fn kill_all(me: Pid) {
    for round in 0..200_u32 {
        let running: Vec<_> = descendants::of(me).into_iter().filter(|p| !p.zombie).collect();
        if running.is_empty() {
            return;
        }
        if round < 3 {
            for process in &running {
                let _ = rustix::process::kill_process(process.pid, Signal::STOP);
            }
        }
        for process in descendants::of(me).iter().filter(|p| !p.zombie) {
            let _ = rustix::process::kill_process(process.pid, Signal::KILL);
        }
        tokio::time::sleep(Duration::from_millis(2 + u64::from(round) / 4)).await;
    }
}

/// Reads the plan, lays the fence around this process, becomes the server.
fn fence(folder: &Path) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // In a session of its own it has no terminal: the user's could be written to and read from through `/dev/tty`.
    rustix::process::setsid()?;
    let plan = read_plan()?;
    // Opened before the fence, which permits no writing here.
    let mut report = File::create(folder.join(FENCED))?;
    let mut fenced = Fenced::default();
    match sandbox::apply(&plan.fence) {
        Ok(applied) => fenced.applied = applied,
        Err(why) => {
            fenced.failed = Some(Failed::Fence(why));
            report.write_all(&serde_json::to_vec(&fenced)?)?;
            return Ok(());
        }
    }
    let before = serde_json::to_vec(&fenced)?;
    report.write_all(&before)?;
    let error = Command::new(&plan.program)
        .args(&plan.args)
        .env_clear()
        .envs(plan.env)
        .current_dir(&plan.cwd)
        .stdin(Stdio::inherit())
        .exec();
    fenced.failed = Some(Failed::Exec(error.to_string()));
    report.set_len(0)?;
    io::Seek::rewind(&mut report)?;
    report.write_all(&serde_json::to_vec(&fenced)?)?;
    Ok(())
}

/// The plan stands at the beginning of standard input, after its length; what follows is the server's.
fn read_plan() -> io::Result<Plan> {
    let mut input = File::from(rustix::stdio::stdin().as_fd().try_clone_to_owned()?);
    let mut length = [0; 4];
    input.read_exact(&mut length)?;
    let mut plan = vec![0; u32::from_le_bytes(length) as usize];
    input.read_exact(&mut plan)?;
    Ok(serde_json::from_slice(&plan)?)
}

/// The plan as [`fence`] reads it.
pub(super) fn encode(plan: &Plan) -> io::Result<Vec<u8>> {
    let text = serde_json::to_vec(plan)?;
    let mut bytes = (text.len() as u32).to_le_bytes().to_vec();
    bytes.extend(text);
    Ok(bytes)
}
