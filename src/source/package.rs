//! Packages as servers: `npm:NAME` and `pypi:NAME`, and a registry's `server.json`, become the command that runs
//! the package or the URL that answers for it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use super::Failure;
use super::candidate::Candidate;
use super::expand::Environment;
use super::listing::text;
use super::redact;
use super::spec::{Endpoint, HttpStyle, NamedBy, Secret};
use crate::error::{Error, Result};

/// The command that runs the package that `npm:NAME[@VERSION]` or `pypi:NAME[@VERSION]` names; `None` for other text.
pub fn endpoint(text: &str) -> Option<Result<Endpoint>> {
    if let Some(name) = text.strip_prefix("npm:") {
        return Some(npm(name));
    }
    text.strip_prefix("pypi:").map(pypi)
}

fn npm(name: &str) -> Result<Endpoint> {
    check_name(name, "npm", "npm:@modelcontextprotocol/server-everything")?;
    if !on_path("npx") {
        return Err(Error::partial(format!("npm:{name} needs npx, which is not on PATH"))
            .help("install Node.js, or name another command: mcpclass scan -- COMMAND"));
    }
    Ok(command("npx", ["-y", name]))
}

fn pypi(name: &str) -> Result<Endpoint> {
    check_name(name, "PyPI", "pypi:mcp-server-time")?;
    let (package, version) = match name.split_once("==").or_else(|| name.split_once('@')) {
        Some((package, version)) => (package, Some(version)),
        None => (name, None),
    };
    if on_path("uvx") {
        let wanted = version.map_or_else(|| package.to_owned(), |v| format!("{package}@{v}"));
        return Ok(command("uvx", [wanted.as_str()]));
    }
    if on_path("pipx") {
        let wanted = version.map_or_else(|| package.to_owned(), |v| format!("{package}=={v}"));
        return Ok(match version {
            None => command("pipx", ["run", wanted.as_str()]),
            Some(_) => command("pipx", ["run", "--spec", wanted.as_str(), package]),
        });
    }
    Err(
        Error::partial(format!("pypi:{name} needs uvx or pipx, and neither is on PATH"))
            .help("install uv (https://docs.astral.sh/uv) or pipx, or name another command: mcpclass scan -- COMMAND"),
    )
}

fn command<'a>(program: &str, args: impl IntoIterator<Item = &'a str>) -> Endpoint {
    Endpoint::Command {
        program: program.to_owned(),
        args: args.into_iter().map(str::to_owned).collect(),
        env: BTreeMap::new(),
        cwd: None,
    }
}

/// A package's name must not be an option, a path or a URL in disguise: both runners take those in its place.
fn check_name(name: &str, registry: &str, example: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@/._-~=+^[],".contains(c);
    let scoped = name.strip_prefix('@');
    let slashes = name.matches('/').count();
    let good = name.chars().all(plain)
        && scoped
            .unwrap_or(name)
            .starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && slashes == usize::from(scoped.is_some());
    if good {
        return Ok(());
    }
    Err(Error::new(format!("{name:?} is no name of a package on {registry}")).help(format!("for example {example}")))
}

/// Whether a program of this name stands in a folder of PATH.
fn on_path(program: &str) -> bool {
    let names = if cfg!(windows) {
        vec![format!("{program}.cmd"), format!("{program}.exe")]
    } else {
        vec![program.to_owned()]
    };
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| names.iter().any(|name| folder.join(name).is_file()))
    })
}

/// Whether a document is a `server.json`, bare or under `server`.
pub fn is_record(value: &Value) -> bool {
    let record = value.get("server").filter(|server| server.is_object()).unwrap_or(value);
    let list = |key: &str| {
        record
            .get(key)
            .and_then(Value::as_array)
            .is_some_and(|list| list.iter().all(Value::is_object))
    };
    record.get("name").is_some_and(Value::is_string)
        && !record.get("tools").is_some_and(Value::is_array)
        && (list("packages") || list("remotes"))
}

/// The records of a registry's answer: `{servers: […]}`, or the same under `data`.
pub fn records(object: &Map<String, Value>) -> Option<Vec<Value>> {
    let servers = object
        .get("servers")
        .or_else(|| object.get("data")?.get("servers"))?
        .as_array()?;
    (!servers.is_empty() && servers.iter().any(is_record)).then(|| servers.clone())
}

/// The server of a registry's record.
pub fn candidate(record: &Value, file: &Path, environment: &Environment) -> std::result::Result<Candidate, Failure> {
    let record = record
        .get("server")
        .filter(|server| server.is_object())
        .unwrap_or(record);
    let name = text(record, "name").unwrap_or_else(|| "a registry's record without a name".to_owned());
    let mut reader = Reader {
        environment,
        read: Vec::new(),
        unset: Vec::new(),
    };
    let remotes = objects(record, "remotes");
    let packages = objects(record, "packages");
    // A remote that asks for nothing is contacted; then a package is run; then a remote that wants more is tried.
    let free = remotes.iter().copied().filter(|remote| !wants_values(remote));
    let ways = free
        .map(Way::Remote)
        .chain(packages.iter().copied().map(Way::Package))
        .chain(remotes.iter().copied().map(Way::Remote));
    let mut reasons = Vec::new();
    for way in ways {
        let endpoint = match way {
            Way::Remote(remote) => remote_endpoint(remote),
            Way::Package(package) => reader.package(package),
        };
        match endpoint {
            Ok(endpoint) => {
                let named_by = NamedBy::Registry(file.display().to_string());
                let mut candidate = Candidate::new(Some(name), endpoint, named_by);
                candidate.read = reader.read;
                candidate.unset = reader.unset;
                return Ok(candidate);
            }
            Err(reason) if reasons.contains(&reason) => {}
            Err(reason) => reasons.push(reason),
        }
    }
    if reasons.is_empty() {
        reasons.push("it lists neither packages nor remotes".to_owned());
    }
    let error = Error::partial(format!(
        "{}: server {name:?} cannot be reached: {}",
        file.display(),
        reasons.join("; ")
    ))
    .help("name the command or the URL itself: mcpclass scan -- COMMAND");
    Err(Failure { source: name, error })
}

enum Way<'a> {
    Remote(&'a Value),
    Package(&'a Value),
}

struct Reader<'a> {
    environment: &'a Environment,
    read: Vec<String>,
    unset: Vec<String>,
}

impl Reader<'_> {
    fn package(&mut self, package: &Value) -> std::result::Result<Endpoint, String> {
        let either = |new: &str, old: &str| text(package, new).or_else(|| text(package, old));
        let kind = either("registryType", "registry_type")
            .or_else(|| text(package, "registry_name"))
            .unwrap_or_default();
        let identifier = either("identifier", "name").ok_or("a package without an identifier")?;
        let version = text(package, "version");
        let versioned = |mark: &str| {
            version
                .as_ref()
                .map_or(identifier.clone(), |v| format!("{identifier}{mark}{v}"))
        };
        let transport = package.get("transport").and_then(|t| text(t, "type"));
        if transport.is_some_and(|transport| transport != "stdio") {
            return Err(format!("its {kind} package does not speak over standard streams"));
        }
        let (program, wanted) = match kind.as_str() {
            "npm" => ("npx", versioned("@")),
            "pypi" => ("uvx", versioned("@")),
            "oci" | "docker" => ("docker", identifier.clone()),
            "nuget" => ("dnx", versioned("@")),
            other => return Err(format!("packages of type {other:?} are not run")),
        };
        let environment = self.environment(package);
        let mut args: Vec<String> = match program {
            "npx" => vec!["-y".to_owned()],
            "docker" => vec!["run".to_owned(), "--rm".to_owned(), "-i".to_owned()],
            _ => Vec::new(),
        };
        // A container sees a variable only when it is handed on by name.
        if program == "docker" {
            args.extend(environment.keys().flat_map(|name| ["-e".to_owned(), name.clone()]));
        } else {
            args.extend(arguments(package, "runtimeArguments", "runtime_arguments")?);
            args.retain({
                let mut seen = false;
                move |arg| arg != "-y" || !std::mem::replace(&mut seen, true)
            });
        }
        args.push(wanted);
        args.extend(arguments(package, "packageArguments", "package_arguments")?);
        Ok(Endpoint::Command {
            program: program.to_owned(),
            args,
            env: environment,
            cwd: None,
        })
    }

    fn environment(&mut self, package: &Value) -> BTreeMap<String, Secret> {
        let mut given = BTreeMap::new();
        for variable in objects(package, "environmentVariables")
            .into_iter()
            .chain(objects(package, "environment_variables"))
        {
            let Some(name) = text(variable, "name") else { continue };
            if let Some(value) = self.environment.get(&name) {
                self.read.push(name.clone());
                given.insert(name, value);
            } else if let Some(value) = text(variable, "value").or_else(|| text(variable, "default")) {
                given.insert(name, Secret::new(value));
            } else if required(variable) {
                self.unset.push(name);
            }
        }
        given
    }
}

/// The URL of a remote and the headers that ask nobody for a value.
fn remote_endpoint(remote: &Value) -> std::result::Result<Endpoint, String> {
    let url = text(remote, "url").ok_or("a remote without a url")?;
    if url.contains('{') {
        return Err(format!("{} has variables", redact::url(&url)));
    }
    let mut headers = Vec::new();
    for header in objects(remote, "headers") {
        if let (Some(name), Some(value)) = (text(header, "name"), text(header, "value"))
            && !value.contains('{')
        {
            headers.push((name, Secret::new(value)));
        }
    }
    let style = match text(remote, "type")
        .or_else(|| text(remote, "transport_type"))
        .as_deref()
    {
        Some("sse") => HttpStyle::Sse,
        _ => HttpStyle::Any,
    };
    Ok(Endpoint::Url { url, headers, style })
}

fn arguments(package: &Value, new: &str, old: &str) -> std::result::Result<Vec<String>, String> {
    let mut words = Vec::new();
    for argument in objects(package, new).into_iter().chain(objects(package, old)) {
        let value = text(argument, "value").or_else(|| text(argument, "default"));
        let name = text(argument, "name")
            .or_else(|| text(argument, "valueHint"))
            .unwrap_or_default();
        match (text(argument, "type").as_deref(), value) {
            (_, Some(value)) if value.contains('{') => return Err(format!("its argument {name:?} has variables")),
            (Some("named"), value) if value.is_some() || !required(argument) || argument.get("format").is_none() => {
                if value.is_some() || required(argument) {
                    words.push(name);
                    words.extend(value);
                }
            }
            (_, Some(value)) => words.push(value),
            (_, None) if required(argument) => return Err(format!("its argument {name:?} needs a value")),
            (_, None) => {}
        }
    }
    Ok(words)
}

fn required(input: &Value) -> bool {
    ["isRequired", "is_required"]
        .iter()
        .any(|key| input.get(key).and_then(Value::as_bool) == Some(true))
}

fn wants_values(remote: &Value) -> bool {
    let template = text(remote, "url").is_some_and(|url| url.contains('{'));
    template
        || objects(remote, "headers")
            .into_iter()
            .any(|header| required(header) && text(header, "value").is_none_or(|value| value.contains('{')))
}

fn objects<'a>(value: &'a Value, key: &str) -> Vec<&'a Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|v| v.is_object())
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::source::candidate::shown;

    fn reached(record: &Value) -> std::result::Result<String, Failure> {
        let environment = Environment::process(BTreeMap::new());
        candidate(record, Path::new("server.json"), &environment).map(|c| shown(&c.spec.endpoint))
    }

    #[test]
    fn names_that_are_no_packages_are_refused() {
        for name in [
            "npm:",
            "npm:--call",
            "npm:../x",
            "npm:a b",
            "npm:https://h/x.tgz",
            "npm:a/b",
            "pypi:-r",
            "pypi:git+https://h",
        ] {
            assert!(endpoint(name).is_some_and(|e| e.is_err()), "{name}");
        }
        assert!(endpoint("tools.json").is_none());
        for name in ["a", "@a/b", "@a/b@1.2.3", "mcp-server-time==1.0"] {
            assert!(check_name(name, "x", "x").is_ok(), "{name}");
        }
    }

    #[test]
    fn a_record_is_reached_the_way_that_asks_for_least() {
        let package = json!({"registryType": "npm", "identifier": "@a/b", "version": "1.0.0", "transport": {"type": "stdio"},
            "packageArguments": [{"type": "positional", "value": "serve"}, {"type": "named", "name": "--port", "default": "1"}]});
        let free = json!({"type": "streamable-http", "url": "https://h.example/mcp"});
        let guarded = json!({"type": "sse", "url": "https://h.example/sse", "headers": [{"name": "Authorization", "isRequired": true}]});
        let record = |packages: &[&Value], remotes: &[&Value]| json!({"server": {"name": "a/b", "packages": packages, "remotes": remotes}});
        assert!(is_record(&record(&[&package], &[])));
        let run = "npx -y @a/b@1.0.0 serve --port 1";
        assert_eq!(
            reached(&record(&[&package], &[&free])).expect("a way"),
            "https://h.example/mcp"
        );
        assert_eq!(reached(&record(&[&package], &[&guarded])).expect("a way"), run);
        assert_eq!(
            reached(&record(&[], &[&guarded])).expect("a way"),
            "https://h.example/sse"
        );
        assert!(reached(&record(&[], &[])).is_err());
    }
}
