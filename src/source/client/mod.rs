//! The configuration files of MCP clients: where each client keeps them, as data, and how the servers in
//! one are found and read. Nothing here starts or contacts anything.

mod entry;
mod find;

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Failure;
use super::candidate::Candidate;
use super::expand::Environment;

pub use find::is_config;

/// A server that a configuration names, read or not.
#[derive(Debug)]
pub enum Configured {
    /// It can be contacted.
    Server(Box<Candidate>),
    /// It is switched off, or is no server that anyone could contact; with the reason.
    Skipped {
        /// Its name.
        name: String,
        /// Why.
        why: String,
    },
    /// Its entry cannot be used.
    Broken(Failure),
}

/// Every server of a configuration, in its order.
pub fn servers(config: &Value, file: &Path, environment: &Environment) -> Vec<Configured> {
    find::entries(config, file)
        .into_iter()
        .map(|entry| entry::read(&entry, file, environment))
        .collect()
}

/// The folder that a client's path starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    /// The home folder, on every system.
    Home,
    /// Where desktop programs keep settings: `~/.config`, `~/Library/Application Support`, `%APPDATA%`.
    Settings,
    /// `~/.config` on every system but Windows, and `%APPDATA%` there.
    Config,
    /// The current folder.
    Project,
    /// A whole path.
    Root,
}

/// Where clients keep their configuration. A `*` stands for one folder or file name.
const PLACES: &[(&str, Base, &str)] = &[
    ("Claude Desktop", Base::Settings, "Claude/claude_desktop_config.json"),
    ("Claude Code", Base::Home, ".claude.json"),
    ("Claude Code", Base::Project, ".mcp.json"),
    ("Claude Code", Base::Root, "/etc/claude-code/managed-mcp.json"),
    (
        "Claude Code",
        Base::Root,
        "/Library/Application Support/ClaudeCode/managed-mcp.json",
    ),
    ("Claude Code plugin", Base::Home, ".claude/plugins/cache/*/.mcp.json"),
    ("Claude Code plugin", Base::Home, ".claude/plugins/cache/*/*/.mcp.json"),
    (
        "Claude Code plugin",
        Base::Home,
        ".claude/plugins/cache/*/*/*/.mcp.json",
    ),
    ("Cursor", Base::Home, ".cursor/mcp.json"),
    ("Cursor", Base::Project, ".cursor/mcp.json"),
    ("VS Code", Base::Settings, "Code/User/mcp.json"),
    ("VS Code", Base::Settings, "Code/User/settings.json"),
    ("VS Code", Base::Settings, "Code/User/profiles/*/mcp.json"),
    ("VS Code", Base::Home, ".vscode-server/data/User/mcp.json"),
    ("VS Code", Base::Project, ".vscode/mcp.json"),
    ("VS Code Insiders", Base::Settings, "Code - Insiders/User/mcp.json"),
    ("Windsurf", Base::Home, ".codeium/windsurf/mcp_config.json"),
    ("Windsurf", Base::Home, ".codeium/mcp_config.json"),
    ("Cline", Base::Home, ".cline/data/settings/cline_mcp_settings.json"),
    (
        "Cline",
        Base::Settings,
        "Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json",
    ),
    (
        "Roo Code",
        Base::Settings,
        "Code/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json",
    ),
    (
        "Roo Code",
        Base::Settings,
        "Code/User/globalStorage/rooveterinaryinc.roo-cline/settings/cline_mcp_settings.json",
    ),
    ("Roo Code", Base::Project, ".roo/mcp.json"),
    ("Continue", Base::Home, ".continue/config.yaml"),
    ("Continue", Base::Home, ".continue/config.json"),
    ("Continue", Base::Home, ".continue/mcpServers/*"),
    ("Continue", Base::Project, ".continue/mcpServers/*"),
    ("Zed", Base::Config, "zed/settings.json"),
    ("Zed", Base::Project, ".zed/settings.json"),
    ("Codex", Base::Home, ".codex/config.toml"),
    ("Codex", Base::Project, ".codex/config.toml"),
    ("Gemini CLI", Base::Home, ".gemini/settings.json"),
    ("Gemini CLI", Base::Project, ".gemini/settings.json"),
    ("Gemini CLI", Base::Root, "/etc/gemini-cli/settings.json"),
    (
        "Gemini CLI",
        Base::Root,
        "/Library/Application Support/GeminiCli/settings.json",
    ),
    ("Antigravity", Base::Home, ".gemini/antigravity/mcp_config.json"),
    ("Goose", Base::Config, "goose/config.yaml"),
    ("Goose", Base::Config, "Block/goose/config/config.yaml"),
    ("LM Studio", Base::Home, ".lmstudio/mcp.json"),
    ("LM Studio", Base::Home, ".cache/lm-studio/mcp.json"),
    ("Kiro", Base::Home, ".kiro/settings/mcp.json"),
    ("Kiro", Base::Home, ".kiro/agents/*"),
    ("Kiro", Base::Project, ".kiro/settings/mcp.json"),
    ("Amazon Q", Base::Home, ".aws/amazonq/mcp.json"),
    ("Amazon Q", Base::Home, ".aws/amazonq/cli-agents/*"),
    ("Amazon Q", Base::Home, ".aws/amazonq/agents/default.json"),
    ("Amazon Q", Base::Project, ".amazonq/mcp.json"),
    ("opencode", Base::Config, "opencode/opencode.json"),
    ("opencode", Base::Config, "opencode/opencode.jsonc"),
    ("opencode", Base::Project, "opencode.json"),
    ("opencode", Base::Project, "opencode.jsonc"),
    ("opencode", Base::Project, ".opencode/opencode.json"),
    ("opencode", Base::Project, ".opencode/opencode.jsonc"),
    ("Copilot CLI", Base::Home, ".copilot/mcp-config.json"),
    ("Copilot CLI", Base::Project, ".github/mcp.json"),
    (
        "Copilot for JetBrains",
        Base::Config,
        "github-copilot/intellij/mcp.json",
    ),
    ("Junie", Base::Home, ".junie/mcp/mcp.json"),
    ("Junie", Base::Project, ".junie/mcp/mcp.json"),
    ("Warp", Base::Home, ".warp/.mcp.json"),
    ("Warp", Base::Project, ".warp/.mcp.json"),
    ("Amp", Base::Config, "amp/settings.json"),
    ("Trae", Base::Settings, "Trae/User/mcp.json"),
    ("Factory", Base::Home, ".factory/mcp.json"),
    ("Kimi", Base::Home, ".kimi/mcp.json"),
    ("Qoder", Base::Home, ".qoder/mcp.json"),
    ("Mistral Vibe", Base::Home, ".vibe/config.toml"),
];

/// Variables that move a client's configuration, and the file in the folder that they name; none where they name the file.
const MOVED: &[(&str, &str, Option<&str>)] = &[
    ("Codex", "CODEX_HOME", Some("config.toml")),
    ("Copilot CLI", "COPILOT_HOME", Some("mcp-config.json")),
    ("Cline", "CLINE_DATA_DIR", Some("settings/cline_mcp_settings.json")),
    ("opencode", "OPENCODE_CONFIG", None),
];

/// A configuration file that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The client that reads it.
    pub client: &'static str,
    /// Where it is.
    pub path: PathBuf,
}

/// Every configuration file of a known client on this machine and in the current folder.
pub fn installed(environment: &Environment) -> Vec<Place> {
    let mut found: Vec<Place> = Vec::new();
    let mut add = |client: &'static str, path: PathBuf| {
        if path.is_file() && !found.iter().any(|place| place.path == path) {
            found.push(Place { client, path });
        }
    };
    for (client, variable, file) in MOVED {
        if let Some(value) = environment.get(variable).filter(|value| !value.expose().is_empty()) {
            let path = PathBuf::from(value.expose());
            add(client, file.map_or(path.clone(), |file| path.join(file)));
        }
    }
    for (client, base, path) in PLACES {
        if let Some(base) = folder(*base, environment) {
            for path in matching(&base, path) {
                add(client, path);
            }
        }
    }
    found
}

fn folder(base: Base, environment: &Environment) -> Option<PathBuf> {
    let home = environment.home();
    let variable = |name: &str| {
        let value = environment.get(name)?;
        (!value.expose().is_empty()).then(|| PathBuf::from(value.expose()))
    };
    let roaming = || variable("APPDATA").or_else(|| Some(environment.home()?.join("AppData/Roaming")));
    let config = || variable("XDG_CONFIG_HOME").or_else(|| Some(environment.home()?.join(".config")));
    match base {
        Base::Home => home,
        Base::Project => Some(PathBuf::new()),
        Base::Root => (!cfg!(windows)).then(PathBuf::new),
        Base::Settings if cfg!(target_os = "macos") => Some(home?.join("Library/Application Support")),
        Base::Settings | Base::Config if cfg!(windows) => roaming(),
        Base::Settings | Base::Config => config(),
    }
}

/// The paths that match, sorted; `*` stands for any one name.
fn matching(base: &Path, path: &str) -> Vec<PathBuf> {
    let mut paths = vec![base.to_owned()];
    if let Some(rest) = path.strip_prefix('/') {
        return vec![Path::new("/").join(rest)];
    }
    for step in path.split('/') {
        paths = if step == "*" {
            paths.iter().flat_map(|folder| children(folder)).collect()
        } else {
            paths.into_iter().map(|folder| folder.join(step)).collect()
        };
    }
    paths
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    names.sort();
    names
}
