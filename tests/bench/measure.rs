//! Runs the program once and says what it cost: wall-clock time and the most memory it held.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

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
    let mut memory = 0;
    let mut pause = Duration::from_micros(200);
    let ended = loop {
        if let Some(ended) = child.try_wait().expect("it can be waited for") {
            break ended;
        }
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let peak = text
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        memory = memory.max(peak.unwrap_or(0));
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(5));
    };
    let time = begun.elapsed();
    assert!(matches!(ended.code(), Some(0 | 3 | 4)), "{args:?} ended with {ended}");
    Cost { time, memory }
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
