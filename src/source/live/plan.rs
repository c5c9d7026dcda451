//! What a started server is given: its program, a clean environment, its folders and the fence around it. The
//! plan is made here, in full, before anything runs; [`super::supervisor`] carries it out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::environment;
use super::fault::Fault;
use super::limits::Limits;
use super::{Options, Sandbox};
use crate::source::spec::{Endpoint, NamedBy, Spec};

/// A server may hold this much memory, all its processes together.
pub(super) const MAX_MEMORY: u64 = 4 * 1024 * 1024 * 1024;
/// A server may run this many processes at once.
pub(super) const MAX_PROCESSES: usize = 256;
/// A file that a server writes may be this large.
const MAX_FILE: u64 = 1024 * 1024 * 1024;

/// Folders under the user's home that hold interpreters and packages and nothing private. Those that exist may
/// be read, so that a server installed through them can run.
const TOOLCHAINS: [&str; 22] = [
    ".asdf",
    ".bun/bin",
    ".bun/install",
    ".cargo/bin",
    ".deno/bin",
    ".fnm",
    ".linuxbrew",
    ".local/bin",
    ".local/lib",
    ".local/pipx",
    ".local/share/fnm",
    ".local/share/mise",
    ".local/share/pipx",
    ".local/share/pnpm",
    ".local/share/uv",
    ".nodenv",
    ".npm-global",
    ".nvm",
    ".pyenv",
    ".rye",
    ".volta",
    "go/bin",
];

/// Folders that hold what belongs to people, not to the system. Devices are theirs, too: terminals that they type on,
/// cameras, memory that programs share. Those that hold nothing are allowed by name.
const PRIVATE: [&str; 13] = [
    "/dev",
    "/home",
    "/root",
    "/tmp",
    "/var/tmp",
    "/mnt",
    "/media",
    "/run/user",
    "/run/secrets",
    "/var/lib/docker",
    "/srv",
    "/var/mail",
    "/var/spool",
];

/// Files that mark the root of a package or of a virtual environment.
const PACKAGE_MARKS: [&str; 8] = [
    "package.json",
    "deno.json",
    "pyproject.toml",
    "setup.py",
    "requirements.txt",
    "pyvenv.cfg",
    "Cargo.toml",
    "go.mod",
];

/// Everything that is needed to start one server.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Plan {
    /// The program, resolved.
    pub(super) program: PathBuf,
    /// Its arguments.
    pub(super) args: Vec<String>,
    /// Its whole environment.
    pub(super) env: Vec<(String, String)>,
    /// Where it starts.
    pub(super) cwd: PathBuf,
    /// What it may touch.
    pub(super) fence: Fence,
}

/// What a started server may touch and use up.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Fence {
    pub(super) sandbox: Sandbox,
    pub(super) no_network: bool,
    /// Files and folders that may be read and executed.
    pub(super) readable: BTreeSet<PathBuf>,
    /// The one folder that may be written.
    pub(super) writable: PathBuf,
    /// Seconds of processor time for each process.
    pub(super) cpu_seconds: u64,
    /// Bytes of memory for each process.
    pub(super) memory: u64,
    /// Bytes of each file.
    pub(super) file: u64,
}

/// Makes the plan for a command. `folder` is the server's own: everything it may write is below it.
pub(super) fn plan(spec: &Spec, folder: &Path, limits: &Limits, options: &Options) -> Result<Plan, Fault> {
    let Endpoint::Command {
        program,
        args,
        env,
        cwd,
    } = &spec.endpoint
    else {
        return Err(Fault::Start("it is a URL, not a command".to_owned()));
    };
    let home = folder.join("home");
    let work = folder.join("work");
    // `.` in a command that a user typed means the folder in which it was typed.
    let cwd = match (cwd, &spec.named_by) {
        (Some(cwd), _) => cwd.clone(),
        (None, NamedBy::User) => std::env::current_dir().unwrap_or_else(|_| work.clone()),
        (None, _) => work,
    };
    if !cwd.is_dir() {
        return Err(Fault::Start(format!("its folder {} does not exist", cwd.display())));
    }
    let mut environment = environment::clean(program, &home, &folder.join("tmp"));
    for (name, value) in env {
        environment.insert(name.clone(), value.expose().to_owned());
    }
    let path = environment.get("PATH").cloned().unwrap_or_default();
    let program = find(program, &path, &cwd)?;
    if let Some((name, value)) = environment::toolchain(&program) {
        environment.entry(name.to_owned()).or_insert(value);
    }
    let fence = Fence {
        sandbox: options.sandbox,
        no_network: options.no_network,
        readable: readable(&program, args, &path, &cwd, spec),
        writable: folder.to_owned(),
        cpu_seconds: limits.timeout.as_secs().saturating_add(5).saturating_mul(cores()),
        memory: MAX_MEMORY,
        file: MAX_FILE,
    };
    Ok(Plan {
        program,
        args: args.clone(),
        env: environment.into_iter().collect(),
        cwd,
        fence,
    })
}

fn cores() -> u64 {
    std::thread::available_parallelism().map_or(1, |n| n.get() as u64)
}

/// The first file of this name on PATH that may be run.
pub(super) fn on_path(program: &str, path: &str, cwd: &Path) -> Option<PathBuf> {
    std::env::split_paths(path)
        .map(|dir| cwd.join(dir).join(program))
        .find(|file| is_executable(file))
}

/// The program's file: as named where it is a path, else the first on PATH.
fn find(program: &str, path: &str, cwd: &Path) -> Result<PathBuf, Fault> {
    if program.is_empty() {
        return Err(Fault::Start("its command is empty".to_owned()));
    }
    if program.contains('/') {
        let file = cwd.join(program);
        return if file.is_file() {
            Ok(file)
        } else {
            Err(Fault::Start(format!("there is no program {}", file.display())))
        };
    }
    on_path(program, path, cwd).ok_or_else(|| Fault::Start(format!("there is no program `{program}` on PATH")))
}

#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(file: &Path) -> bool {
    file.is_file()
}

/// What may be read: the system, toolchains, what PATH points at, and what the command itself names, unless
/// that is a home folder or holds one.
fn readable(program: &Path, args: &[String], path: &str, cwd: &Path, spec: &Spec) -> BTreeSet<PathBuf> {
    let home = user_home();
    let mut private: Vec<PathBuf> = PRIVATE.iter().map(PathBuf::from).collect();
    private.extend(home.clone());
    let mut allowed = BTreeSet::new();
    spread(Path::new("/"), &private, &mut allowed);
    // Beneath a private folder only what is named is allowed, and never a private folder as a whole.
    let mut grant = |path: PathBuf| {
        let whole = path.canonicalize().unwrap_or(path);
        if whole.exists() && !private.iter().any(|p| p.starts_with(&whole)) {
            allowed.insert(whole);
        }
    };
    if let Some(home) = &home {
        for name in TOOLCHAINS {
            grant(home.join(name));
        }
    }
    for dir in std::env::split_paths(path).filter(|dir| dir.is_absolute()) {
        library(&dir).into_iter().chain([dir]).for_each(&mut grant);
    }
    for file in [program.to_owned(), program.canonicalize().unwrap_or_default()] {
        let folder = file.parent().map(Path::to_owned).unwrap_or_default();
        let package = package(&file);
        library(&folder)
            .into_iter()
            .chain(package)
            .chain([folder])
            .for_each(&mut grant);
    }
    // Nobody read the command that a registry names: what it points at stays closed.
    if !matches!(spec.named_by, NamedBy::Registry(_)) {
        grant(cwd.to_owned());
        for arg in args {
            let value = arg.split_once('=').map_or(arg.as_str(), |(_, value)| value);
            let named = cwd.join(value);
            if value.is_empty() || value.starts_with('-') || !named.exists() {
                continue;
            }
            // A script loads its neighbours, and what its package depends on.
            if named.is_file() {
                let folder = named.parent().map(Path::to_owned);
                package(&named).into_iter().chain(folder).for_each(&mut grant);
            }
            grant(named);
        }
    }
    allowed
}

/// Programs of a prefix such as `~/node/bin` load what stands beside them in `~/node/lib`.
fn library(folder: &Path) -> Option<PathBuf> {
    folder.ends_with("bin").then(|| folder.with_file_name("lib"))
}

/// The package that a script is part of: the `node_modules` around it, else the nearest folder that says so.
fn package(file: &Path) -> Option<PathBuf> {
    let modules = file.ancestors().filter(|dir| dir.ends_with("node_modules")).last();
    let marked = |dir: &&Path| PACKAGE_MARKS.iter().any(|mark| dir.join(mark).exists());
    modules
        .or_else(|| file.ancestors().skip(1).find(marked))
        .map(Path::to_owned)
}

/// Allows `folder` as a whole, or, where it holds something private, those of its entries that do not.
fn spread(folder: &Path, private: &[PathBuf], allowed: &mut BTreeSet<PathBuf>) {
    if private.iter().any(|p| folder.starts_with(p)) {
        return;
    }
    if !private.iter().any(|p| p.starts_with(folder)) {
        allowed.insert(folder.to_owned());
        return;
    }
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        // A link leads somewhere that is judged at its own place.
        if entry.file_type().is_ok_and(|kind| !kind.is_symlink()) {
            spread(&entry.path(), private, allowed);
        }
    }
}

/// The user's home folder, with links resolved; `None` where it is the root or there is none.
fn user_home() -> Option<PathBuf> {
    let home = std::env::home_dir()?.canonicalize().ok()?;
    (home.parent().is_some()).then_some(home)
}
