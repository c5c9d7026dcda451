//! Measures the program against what parsing the same lines costs, on this machine, in this run:
//! `cargo bench --bench speed`, or with the names of steps behind `--` to run those alone, and `tools=N` for another size.
//! Prints a table of figures and judges none: a busy machine is no failing test.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

mod live;
mod measure;

use std::fs;
use std::path::{Path, PathBuf};

use measure::{Cost, print, run};

/// What the benchmark works with.
struct Bench {
    folder: tempfile::TempDir,
    tools: u64,
    only: Vec<String>,
}

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let tools = words.iter().find_map(|word| word.strip_prefix("tools=")?.parse().ok());
    let bench = Bench {
        folder: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder"),
        tools: tools.unwrap_or(515_000),
        only: words.into_iter().filter(|word| !word.contains('=')).collect(),
    };
    bench.start();
    if bench.wants("classify") {
        bench.classify();
    }
    if bench.wants("index") || bench.wants("search") {
        bench.index();
    }
    if bench.wants("linear") {
        bench.linear();
    }
    if bench.wants("live") {
        live::bench(bench.folder.path());
    }
}

/// The run in the middle of an odd number of them.
fn median(mut costs: Vec<Cost>) -> Cost {
    costs.sort_by_key(|cost| cost.time);
    costs[costs.len() / 2]
}

/// The shortest of several runs, for whatever else goes on on the machine only adds.
fn best(costs: impl IntoIterator<Item = Cost>) -> Cost {
    costs.into_iter().min_by_key(|cost| cost.time).expect("several")
}

impl Bench {
    fn wants(&self, step: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == step)
    }

    fn corpus(&self, tools: u64, shape: &str) -> PathBuf {
        let path = self.folder.path().join(format!("{shape}-{tools}.jsonl"));
        if !path.exists() {
            let file = fs::File::create(&path).expect("a file");
            let tools = tools.to_string();
            run(&["generate", "--tools", &tools, "--shape", shape], Some(file.into()));
        }
        path
    }

    /// What the parse of a file costs.
    fn parse(path: &Path) -> Cost {
        let path = path.to_str().expect("UTF-8");
        best((0..3).map(|_| run(&["parse", path], None)))
    }

    fn start(&self) {
        if !self.wants("start") {
            return;
        }
        let often = |args: &[&str]| median((0..21).map(|_| run(args, None)).collect());
        print("mcpclass --version", often(&["--version"]), None);
        let listing = self.corpus(50, "tools");
        print(
            "scan of a file of 50 tools",
            often(&["scan", listing.to_str().expect("UTF-8")]),
            None,
        );
    }

    fn classify(&self) {
        let lines = self.corpus(self.tools, "tools");
        let file = lines.to_str().expect("UTF-8");
        // In turns and by the median, so that a slow spell of the machine meets both: the shortest of several short runs
        // finds a quiet moment that no long one does.
        let rounds = (0..7).map(|_| (run(&["parse", file], None), run(&["classify", file], None)));
        let (parses, costs): (Vec<Cost>, Vec<Cost>) = rounds.unzip();
        let (parse, cost) = (median(parses), median(costs));
        print(&format!("parse {} tools", self.tools), parse, None);
        print(&format!("classify {} tools", self.tools), cost, Some(parse));
        let _ = fs::remove_file(lines);
    }

    fn index(&self) {
        let records = self.corpus(self.tools, "servers");
        let records = records.to_str().expect("UTF-8");
        let parse = Self::parse(Path::new(records));
        print(&format!("parse {} tools as records", self.tools), parse, None);
        let catalogue = self.folder.path().join("catalogue");
        let catalogue = catalogue.to_str().expect("UTF-8");
        let index = ["index", records, "--catalogue", catalogue, "--quiet"];
        print("index into an empty catalogue", run(&index, None), Some(parse));
        print("index again, nothing changed", run(&index, None), Some(parse));
        let file = fs::metadata(Path::new(catalogue).join("catalogue.db")).map_or(0, |m| m.len());
        println!("| catalogue.db | {} MB | | |", file >> 20);
        let questions: &[&[&str]] = &[
            &["search", "delete", "repository"],
            &["search", "\"signed-in account\""],
            &["search", "archiv*", "calendar"],
            &["search", "list"],
            &["search", "--category", "Destructive", "--risk", "critical"],
            &["search", "secret", "--category", "Execute"],
            &["stats"],
        ];
        for question in questions {
            let mut args = question.to_vec();
            args.extend(["--catalogue", catalogue]);
            let cost = median((0..7).map(|_| run(&args, None)).collect());
            print(&question.join(" "), cost, None);
        }
    }

    fn linear(&self) {
        for tools in [5_000, 50_000, 500_000] {
            let records = self.corpus(tools, "servers");
            let records = records.to_str().expect("UTF-8");
            let catalogue = self.folder.path().join(format!("linear-{tools}"));
            let args = [
                "index",
                records,
                "--catalogue",
                catalogue.to_str().expect("UTF-8"),
                "--quiet",
            ];
            let cost = run(&args, None);
            let each = cost.time.as_secs_f64() * 1e6 / tools as f64;
            print(&format!("index {tools} tools ({each:.1} µs each)"), cost, None);
        }
    }
}
