//! Runs the program once and says what it cost: wall-clock time and the most memory it held.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};

/// What a run cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) time: Duration,
    /// Peak resident memory in kB; 0 where the system does not say, or the run was too short to look.
    pub(crate) memory: u64,
}

/// Runs the program; its output goes to `output`, or nowhere.
pub(crate) fn run(args: &[&str], output: Option<Stdio>) -> Cost {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcpclass"));
    command
        .args(args)
        .stdout(output.unwrap_or_else(Stdio::null))
        .stderr(Stdio::null());
    let begun = Instant::now();
    let mut child = command.spawn().expect("the program starts");
    let status = format!("/proc/{}/status", child.id());
    let over = AtomicBool::new(false);
    // Memory is watched on the side, so that the end is not noticed later than it comes.
    let (ended, time, memory) = thread::scope(|threads| {
        let watcher = threads.spawn(|| most_memory(&status, &over));
        let ended = child.wait().expect("it can be waited for");
        let time = begun.elapsed();
        over.store(true, Ordering::Relaxed);
        (ended, time, watcher.join().expect("it only reads"))
    });
    assert!(matches!(ended.code(), Some(0 | 3 | 4)), "{args:?} ended with {ended}");
    Cost { time, memory }
}

/// The most memory in kB that a process has held, looked at until it is over.
fn most_memory(status: &str, over: &AtomicBool) -> u64 {
    let mut most = 0;
    let mut pause = Duration::from_micros(200);
    while !over.load(Ordering::Relaxed) {
        let text = fs::read_to_string(status).unwrap_or_default();
        let peak = text
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        most = most.max(peak.unwrap_or(0));
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(5));
    }
    most
}

/// A row of the table.
pub(crate) fn print(what: &str, cost: Cost, parse: Option<Cost>) {
    let seconds = cost.time.as_secs_f64();
    let time = if seconds < 1.0 {
        format!("{:.1} ms", seconds * 1000.0)
    } else {
        format!("{seconds:.2} s")
    };
    let ratio = parse.map_or(String::new(), |parse| {
        format!("{:.1} × parse", seconds / parse.time.as_secs_f64())
    });
    println!("| {what} | {time} | {ratio} | {} MB |", cost.memory / 1024);
}
