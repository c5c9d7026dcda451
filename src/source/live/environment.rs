//! The environment of a started server: PATH, a temporary home, a language, and, for programs that fetch
//! packages, the least they need to reach the registry that the user has configured: addresses and certificate
//! files, never a credential. Everything else a server gets is named in its configuration.

use std::collections::BTreeMap;
use std::path::Path;

/// Programs that fetch a package before they run it.
const RUNNERS: [&str; 12] = [
    "npx", "npm", "pnpm", "pnpx", "yarn", "bunx", "bun", "deno", "uvx", "uv", "pipx", "pip",
];

/// What runners read from the environment to reach a registry through the user's network: certificate files,
/// proxies and registry addresses. Values that hold a user name or password are left out.
const NETWORK: [&str; 19] = [
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "npm_config_registry",
    "NPM_CONFIG_REGISTRY",
    "npm_config_cafile",
    "UV_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "PIP_INDEX_URL",
    "UV_NATIVE_TLS",
    "DENO_TLS_CA_STORE",
];

/// Launchers of version managers, and the variable through which they find their toolchain when the home folder
/// is not the user's.
const LAUNCHERS: [(&str, &str, &str); 5] = [
    (".volta/bin", "VOLTA_HOME", ".volta"),
    (".pyenv/shims", "PYENV_ROOT", ".pyenv"),
    (".nodenv/shims", "NODENV_ROOT", ".nodenv"),
    (".asdf/shims", "ASDF_DATA_DIR", ".asdf"),
    (".local/share/mise/shims", "MISE_DATA_DIR", ".local/share/mise"),
];

/// The environment in which `program` starts, before its configuration adds to it.
pub(super) fn clean(program: &str, home: &Path, tmp: &Path) -> BTreeMap<String, String> {
    let mut env = BTreeMap::new();
    let mut set = |name: &str, value: String| {
        env.insert(name.to_owned(), value);
    };
    set("HOME", home.display().to_string());
    set("TMPDIR", tmp.display().to_string());
    set("LANG", variable("LANG").unwrap_or_else(|| "C.UTF-8".to_owned()));
    let path = variable("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".to_owned());
    set("PATH", path);
    if is_runner(program) {
        for name in NETWORK {
            if let Some(value) = variable(name).filter(|value| !has_credentials(value)) {
                set(name, value);
            }
        }
    }
    env
}

/// The variable that a launcher needs, where `file` is one.
pub(super) fn toolchain(file: &Path) -> Option<(&'static str, String)> {
    let user = std::env::home_dir()?;
    let (_, name, folder) = LAUNCHERS
        .iter()
        .find(|(launchers, ..)| file.parent() == Some(&user.join(launchers)))?;
    Some((name, user.join(folder).display().to_string()))
}

/// Lines for the `.npmrc` of the temporary home: where the user's packages come from, without tokens.
pub(super) fn npmrc(program: &str) -> Option<String> {
    if !is_runner(program) {
        return None;
    }
    let text = std::fs::read_to_string(std::env::home_dir()?.join(".npmrc")).ok()?;
    let kept = registries(&text);
    (!kept.is_empty()).then_some(kept)
}

fn registries(npmrc: &str) -> String {
    let mut kept = String::new();
    for line in npmrc.lines() {
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        let key = key.trim();
        let wanted = key == "registry" || key == "cafile" || (key.starts_with('@') && key.ends_with(":registry"));
        if wanted && !has_credentials(value) {
            kept.push_str(line.trim());
            kept.push('\n');
        }
    }
    kept
}

fn is_runner(program: &str) -> bool {
    let name = Path::new(program).file_stem().and_then(|name| name.to_str());
    name.is_some_and(|name| RUNNERS.contains(&name))
}

/// Whether a URL among the values names a user, or a variable that may hold one.
fn has_credentials(value: &str) -> bool {
    value.contains('@') || value.contains("${")
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_are_kept_and_tokens_are_not() {
        let npmrc = "registry=https://packages.example/npm/\n//packages.example/npm/:_authToken=abc\n\
                     @scope:registry=https://scope.example/\nregistry = https://user:secret@other.example/\n_auth=x\n";
        assert_eq!(
            registries(npmrc),
            "registry=https://packages.example/npm/\n@scope:registry=https://scope.example/\n"
        );
    }

    #[test]
    fn only_package_runners_learn_about_the_network() {
        assert!(is_runner("/usr/bin/npx"));
        assert!(!is_runner("python3"));
        let env = clean("python3", Path::new("/h"), Path::new("/t"));
        assert!(
            env.keys().all(|name| !NETWORK.contains(&name.as_str())),
            "{:?}",
            env.keys()
        );
        assert_eq!(env["HOME"], "/h");
    }
}
