//! The processes below one, as `/proc` tells them.

use std::collections::HashMap;

use rustix::process::Pid;

/// A process below the supervisor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Process {
    pub(super) pid: Pid,
    /// Dead, but not yet waited for.
    pub(super) zombie: bool,
    /// Bytes in memory.
    pub(super) memory: u64,
}

/// Every process whose chain of parents leads to `root`.
pub(super) fn of(root: Pid) -> Vec<Process> {
    let mut children: HashMap<i32, Vec<Process>> = HashMap::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let pid = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
            .and_then(Pid::from_raw);
        let Some(pid) = pid else { continue };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        if let Some((parent, process)) = parse(pid, &stat) {
            children.entry(parent).or_default().push(process);
        }
    }
    let mut found = Vec::new();
    let mut open = vec![root.as_raw_nonzero().get()];
    while let Some(parent) = open.pop() {
        for process in children.remove(&parent).unwrap_or_default() {
            open.push(process.pid.as_raw_nonzero().get());
            found.push(process);
        }
    }
    found
}

/// The parent and the process of a line of `/proc/PID/stat`. The name in it may hold anything, so fields are
/// counted from its closing parenthesis: state, parent, …, and the resident pages as the 22nd.
fn parse(pid: Pid, stat: &str) -> Option<(i32, Process)> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    let pages: u64 = fields.nth(19)?.parse().ok()?;
    let process = Process {
        pid,
        zombie: matches!(state, "Z" | "X"),
        memory: pages.saturating_mul(rustix::param::page_size() as u64),
    };
    Some((parent, process))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_hides_nothing() {
        let pid = Pid::from_raw(42).expect("a number");
        let stat = "42 (a) 1 (b) S 7 42 42 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 100 1000000 25 18446744073709551615";
        let (parent, process) = parse(pid, stat).expect("a process");
        assert_eq!(parent, 7);
        assert_eq!(process.memory, 25 * rustix::param::page_size() as u64);
        assert!(!process.zombie);
    }
}
