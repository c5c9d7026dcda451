//! A started server as seen from here: its pipes, the last words it wrote to standard error, how it ended, and
//! the certainty that nothing of it is left. On Linux the supervisor gives that certainty; elsewhere the process
//! group has to do.

use std::collections::VecDeque;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

use super::Options;
use super::environment;
use super::fault::{Fault, quote};
use super::limits::Limits;
use super::plan::{self, Plan};
use crate::source::spec::{Endpoint, Spec};

/// How many of the last lines of standard error are kept, and how many bytes of them.
const TAIL_LINES: usize = 20;
const TAIL_BYTES: usize = 8 * 1024;
/// How long a server has to end by itself once its input is closed.
const GRACE: Duration = Duration::from_millis(400);
/// How long ending everything may take before it is given up.
const PATIENCE: Duration = Duration::from_secs(8);

/// The first file behind the standard streams.
#[cfg(unix)]
const FIRST_FILE: std::os::fd::RawFd = 3;

/// A started server.
pub(super) struct Process {
    child: Child,
    /// The server's own folders, and beside them what the supervisor tells.
    folder: TempDir,
    tail: Arc<Mutex<Tail>>,
    drain: JoinHandle<()>,
    done: bool,
}

/// How a server ended, and what is known about its fence.
#[derive(Debug, Default)]
pub(super) struct End {
    /// "exit status 7", "signal 9"; `None` where we ended it.
    pub(super) status: Option<String>,
    /// Why it never ran, or was stopped.
    pub(super) fault: Option<Fault>,
    /// What was applied to it.
    pub(super) fence: Option<String>,
    /// The last lines of its standard error.
    pub(super) last_words: Vec<String>,
}

/// Starts the server of `spec`.
pub(super) async fn start(
    spec: &Spec,
    limits: &Limits,
    options: &Options,
) -> Result<(Process, ChildStdin, ChildStdout), Fault> {
    let folder = tempfile::Builder::new()
        .prefix("mcpclass-")
        .tempdir()
        .map_err(|e| Fault::Start(format!("no temporary folder: {e}")))?;
    let own = folder.path().join("box");
    for name in ["home", "work", "tmp"] {
        std::fs::create_dir_all(own.join(name)).map_err(|e| Fault::Start(format!("no temporary folder: {e}")))?;
    }
    if let Endpoint::Command { program, .. } = &spec.endpoint
        && let Some(npmrc) = environment::npmrc(program)
    {
        std::fs::write(own.join("home/.npmrc"), npmrc).map_err(|e| Fault::Start(e.to_string()))?;
    }
    let plan = plan::plan(spec, &own, limits, options)?;
    let mut child = spawn(&plan, folder.path(), options).await?;
    let (Some(input), Some(output), Some(errors)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(Fault::Start("it has no standard streams".to_owned()));
    };
    let tail = Arc::new(Mutex::new(Tail::default()));
    let drain = tokio::spawn(drain(errors, Arc::clone(&tail)));
    let process = Process {
        child,
        folder,
        tail,
        drain,
        done: false,
    };
    #[cfg(target_os = "linux")]
    let input = hand_over(input, &plan).await?;
    Ok((process, input, output))
}

#[cfg(target_os = "linux")]
async fn spawn(plan: &Plan, folder: &Path, options: &Options) -> Result<Child, Fault> {
    let wrapper = if plan.fence.no_network {
        no_network(folder).await?
    } else {
        Vec::new()
    };
    let own = Path::new("/proc/self/exe");
    let mut command = Command::new(options.supervisor.as_deref().unwrap_or(own));
    command
        .arg(super::supervisor::SUPERVISE)
        .arg(std::process::id().to_string())
        .arg(folder)
        .args(wrapper)
        .env_clear()
        .current_dir("/");
    piped(command).map_err(|e| Fault::Start(e.to_string()))
}

#[cfg(not(target_os = "linux"))]
async fn spawn(plan: &Plan, _folder: &Path, _options: &Options) -> Result<Child, Fault> {
    if plan.fence.sandbox == super::Sandbox::Required || plan.fence.no_network {
        return Err(Fault::NoFence("a fence can be had on Linux alone".to_owned()));
    }
    let mut command = Command::new(&plan.program);
    command
        .args(&plan.args)
        .env_clear()
        .envs(plan.env.iter().map(|(name, value)| (name, value)))
        .current_dir(&plan.cwd)
        .kill_on_drop(true);
    piped(command).map_err(|e| Fault::Start(e.to_string()))
}

fn piped(mut command: Command) -> std::io::Result<Child> {
    #[cfg(unix)]
    {
        command.process_group(0);
        // Files that whoever started us left open are not for the server: no fence asks how a file came to be open.
        close_fds::set_fds_cloexec_threadsafe(FIRST_FILE, &[]);
    }
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

/// Sends the plan ahead of the conversation. A server that fails at once has its say in its exit status.
#[cfg(target_os = "linux")]
async fn hand_over(mut input: ChildStdin, plan: &Plan) -> Result<ChildStdin, Fault> {
    use tokio::io::AsyncWriteExt as _;
    let bytes = super::supervisor::encode(plan).map_err(|e| Fault::Start(e.to_string()))?;
    let _ = input.write_all(&bytes).await;
    let _ = input.flush().await;
    Ok(input)
}

/// The command that runs another one in a network namespace of its own, with nothing in it. Bubblewrap also hides
/// other processes and makes everything but `folder` read-only, where the machine permits that.
#[cfg(target_os = "linux")]
async fn no_network(folder: &Path) -> Result<Vec<std::ffi::OsString>, Fault> {
    let folder = folder.display().to_string();
    let alone =
        "--unshare-net --unshare-pid --unshare-ipc --die-with-parent --ro-bind / / --dev-bind /dev /dev --proc /proc";
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let alone = [
        words(alone),
        vec!["--bind".to_owned(), folder.clone(), folder],
        words("--"),
    ]
    .concat();
    let ways = [
        ("bwrap", alone),
        ("bwrap", words("--unshare-net --die-with-parent --dev-bind / / --")),
        ("unshare", words("--user --map-current-user --net --")),
        ("unshare", words("--net --")),
    ];
    let path = std::env::var("PATH").unwrap_or_default();
    for (program, args) in ways {
        // The supervisor has no PATH to look it up on.
        let Some(program) = plan::on_path(program, &path, Path::new("/")) else {
            continue;
        };
        let mut trial = Command::new(&program);
        trial.args(&args).arg("true");
        let trial = trial.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if trial.status().await.is_ok_and(|status| status.success()) {
            let args = args.into_iter().map(std::ffi::OsString::from);
            return Ok(std::iter::once(program.into_os_string()).chain(args).collect());
        }
    }
    Err(Fault::NoFence(
        "it would have a network; install bubblewrap to run it without one".to_owned(),
    ))
}

impl Process {
    /// Ends the server and everything it started; what became of it. To be called with its input closed.
    pub(super) async fn end(mut self) -> End {
        let by_itself = match tokio::time::timeout(GRACE, self.child.wait()).await {
            Ok(status) => status.ok(),
            Err(_) => None,
        };
        if by_itself.is_none() {
            self.terminate(Why::Listed);
            if tokio::time::timeout(PATIENCE, self.child.wait()).await.is_err() {
                let _ = self.child.start_kill();
                let _ = self.child.wait().await;
            }
        }
        self.done = true;
        // Whoever held the other end is gone.
        let _ = tokio::time::timeout(GRACE, &mut self.drain).await;
        let mut end = self.told(by_itself);
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        end.last_words = tail.lines();
        end
    }

    #[cfg(target_os = "linux")]
    fn told(&self, by_itself: Option<std::process::ExitStatus>) -> End {
        use super::supervisor::{ENDED, Ended, FENCED, Failed, Fenced};
        let fenced: Fenced = read(&self.folder.path().join(FENCED)).unwrap_or_default();
        let ended: Ended = read(&self.folder.path().join(ENDED)).unwrap_or_default();
        let fault = match (fenced.failed, ended.overgrown) {
            (Some(Failed::Fence(why)), _) => Some(Fault::NoFence(why)),
            (Some(Failed::Exec(why)), _) => Some(Fault::Start(why)),
            (None, Some(why)) => Some(Fault::Overgrown(why)),
            (None, None) => None,
        };
        let status = match (ended.code, ended.signal) {
            (Some(code), _) => Some(format!("exit status {code}")),
            (None, Some(signal)) => Some(format!("signal {signal}")),
            (None, None) => by_itself.map(|status| status.to_string()),
        };
        End {
            status: status.filter(|_| by_itself.is_some()),
            fault,
            fence: (!fenced.applied.is_empty()).then_some(fenced.applied),
            last_words: Vec::new(),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn told(&self, by_itself: Option<std::process::ExitStatus>) -> End {
        let _ = &self.folder;
        End {
            status: by_itself.map(|status| match status.code() {
                Some(code) => format!("exit status {code}"),
                None => status.to_string(),
            }),
            fence: Some("none".to_owned()),
            ..End::default()
        }
    }

    /// Asks the supervisor, or the process group, to end.
    fn terminate(&self, why: Why) {
        #[cfg(not(unix))]
        let _ = why;
        #[cfg(unix)]
        if let Some(pid) = self.child.id().and_then(|id| rustix::process::Pid::from_raw(id as i32)) {
            use rustix::process::{Signal, kill_process};
            if cfg!(target_os = "linux") {
                let signal = match why {
                    Why::Listed => Signal::TERM,
                    Why::GivenUp => Signal::QUIT,
                };
                let _ = kill_process(pid, signal);
            } else {
                let _ = rustix::process::kill_process_group(pid, Signal::KILL);
            }
        }
    }
}

/// Why a server is ended.
#[derive(Clone, Copy, Debug)]
enum Why {
    /// It listed its tools, or its time is over; how it ended is read from its folder.
    Listed,
    /// Nobody waits for it any more, nor reads its folder, which is the supervisor's to take away: what is still
    /// running may write to it for a moment.
    GivenUp,
}

impl Drop for Process {
    /// A listing that is given up half-way, by a panic or a cancelled task, leaves nothing running either.
    fn drop(&mut self) {
        if !self.done {
            self.terminate(Why::GivenUp);
        }
    }
}

#[cfg(target_os = "linux")]
fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// Reads standard error to its end, so that the server never waits for a reader; keeps the last lines.
async fn drain(mut errors: ChildStderr, tail: Arc<Mutex<Tail>>) {
    let mut chunk = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = errors.read(&mut chunk).await {
        tail.lock().unwrap_or_else(PoisonError::into_inner).add(&chunk[..read]);
    }
}

/// The end of a stream.
#[derive(Debug, Default)]
struct Tail(VecDeque<u8>);

impl Tail {
    fn add(&mut self, bytes: &[u8]) {
        let bytes = &bytes[bytes.len().saturating_sub(TAIL_BYTES)..];
        self.0.extend(bytes);
        let over = self.0.len().saturating_sub(TAIL_BYTES);
        self.0.drain(..over);
    }

    fn lines(&self) -> Vec<String> {
        let bytes: Vec<u8> = self.0.iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<String> = text.lines().map(quote).filter(|line| !line.is_empty()).collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_keeps_the_end_and_little_of_it() {
        let mut tail = Tail::default();
        for n in 0..10_000 {
            tail.add(format!("line {n}\n").as_bytes());
        }
        let lines = tail.lines();
        assert_eq!(lines.len(), TAIL_LINES);
        assert_eq!(lines.last().map(String::as_str), Some("line 9999"));
        tail.add(&vec![b'x'; 1 << 20]);
        assert_eq!(tail.lines().len(), 1);
        assert!(tail.lines()[0].chars().count() < 400);
    }
}
