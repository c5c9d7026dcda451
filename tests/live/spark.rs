//! The filter inside an engine that exists: PySpark classifies a data set in partitions and writes Parquet, with the
//! assessments that one process gives; DuckDB asks both that and the catalogue's own export.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const PACKAGES: [&str; 3] = ["pyspark==4.0.1", "pyarrow", "duckdb"];
const TOOLS: &str = "2000";

/// A Python with Spark and DuckDB, installed once.
fn python() -> PathBuf {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/live/spark");
    let python = folder.join("bin/python");
    INSTALLED.get_or_init(|| {
        if !python.exists() {
            run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        }
        run(Command::new(&python)
            .args(["-m", "pip", "install", "--quiet"])
            .args(PACKAGES));
    });
    python
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    let (out, said) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{command:?}\n{out}\n{said}");
    out.into_owned()
}

fn mcpclass(args: &[&str]) -> String {
    run(Command::new(env!("CARGO_BIN_EXE_mcpclass"))
        .args(args)
        .arg("--no-config"))
}

/// Sorted lines, for Spark promises no order between partitions of a table.
fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn spark_gives_the_assessments_of_one_process_and_duckdb_reads_them() {
    let work = tempfile::tempdir().expect("a folder");
    let path = |name: &str| work.path().join(name).display().to_string();
    std::fs::write(
        path("tools.jsonl"),
        mcpclass(&["generate", "--tools", TOOLS, "--shape", "tools"]),
    )
    .expect("written");
    let alone = mcpclass(&["classify", &path("tools.jsonl")]);

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/spark/classify.py");
    let mut spark = Command::new(python());
    spark
        .arg(script)
        .args([path("tools.jsonl"), path("spark.parquet")])
        .arg(env!("CARGO_BIN_EXE_mcpclass"));
    run(spark.env("PYSPARK_PYTHON", python()));
    let ask = "import duckdb,sys\nfor row in duckdb.sql(sys.argv[1]).fetchall(): print(*row)";
    let duckdb = |sql: &str| run(Command::new(python()).args(["-c", ask, sql]));
    let there = duckdb(&format!("SELECT assessment FROM '{}/*.parquet'", path("spark.parquet")));
    assert_eq!(sorted(&there), sorted(&alone));

    // The catalogue's own Parquet, in two lines.
    std::fs::write(path("servers.jsonl"), mcpclass(&["generate", "--tools", TOOLS])).expect("written");
    mcpclass(&["index", &path("servers.jsonl"), "--catalogue", &path("c")]);
    mcpclass(&[
        "export",
        "--catalogue",
        &path("c"),
        "--format",
        "parquet",
        "-o",
        &path("tools.parquet"),
    ]);
    let counted = duckdb(&format!("SELECT count(*) FROM '{}'", path("tools.parquet")));
    assert_eq!(counted.trim(), TOOLS);
    let by_category = |file: &str| {
        duckdb(&format!(
            "SELECT category, count(*) FROM '{}' GROUP BY category ORDER BY category",
            path(file)
        ))
    };
    assert_eq!(by_category("tools.parquet"), by_category("spark.parquet/*.parquet"));
}
