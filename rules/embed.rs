//! Makes of each rule file here what the program reads at every start: the same in JSON, which is read in a fifth of the
//! time. Knows nothing of what a rule means; a file that is no TOML fails the build, with its line.

#![expect(clippy::print_stdout, reason = "a build script speaks to Cargo on standard output")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=rules");
    let made = PathBuf::from(env::var("OUT_DIR")?);
    for entry in fs::read_dir("rules")? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            embed(&path, &made)?;
        }
    }
    Ok(())
}

fn embed(path: &Path, made: &Path) -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(path)?;
    let rules: serde_json::Value = toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
    let name = path.with_extension("json");
    fs::write(made.join(name.file_name().unwrap_or_default()), rules.to_string())?;
    Ok(())
}
