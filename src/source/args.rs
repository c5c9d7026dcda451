//! The arguments that name servers and limit them; flattened into every command that takes SERVER.

use std::collections::BTreeMap;
use std::time::Duration;

use super::live::{Limits, Options, Sandbox};
use super::named::Named;
use super::spec::Secret;
use crate::cli::Global;
use crate::error::{Error, Result};

/// Which servers to read, and within which limits. Flattened into every command that takes SERVER.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Servers")]
pub struct SourceArgs {
    /// A URL, a file, a folder, `npm:NAME`, `pypi:NAME`, or `-` for stdin; what is in a file is recognised
    #[arg(value_name = "SERVER")]
    pub servers: Vec<String>,
    /// A command that speaks MCP over stdio
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<String>,
    /// Every server configured in the MCP clients found on this machine
    #[arg(long)]
    pub clients: bool,
    /// Name the server
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Start and contact what configuration files name without asking
    #[arg(long, short)]
    pub yes: bool,
    /// Start and contact nothing: only what is saved in files
    #[arg(long)]
    pub offline: bool,
    /// Send a header to HTTP servers; may be given again
    #[arg(long, value_name = "NAME: VALUE", value_parser = header, help_heading = "Reaching servers")]
    pub header: Vec<(String, Secret)>,
    /// Send the token in this environment variable to HTTP servers
    #[arg(long, value_name = "VAR", help_heading = "Reaching servers")]
    pub bearer_env: Option<String>,
    /// Give a variable to started servers, from this environment where there is no value; may be given again
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = variable, help_heading = "Reaching servers")]
    pub env: Vec<(String, Option<Secret>)>,
    /// Fence started servers in: as far as this machine can, or not start them without, or not at all
    #[arg(long, value_name = "WHEN", default_value = "auto", help_heading = "Reaching servers")]
    pub sandbox: Sandbox,
    /// Keep started servers from the network
    #[arg(long, help_heading = "Reaching servers")]
    pub no_network: bool,
    /// Let configurations and redirects lead to addresses of this machine and of private networks
    #[arg(long, help_heading = "Reaching servers")]
    pub allow_private: bool,
    /// Seconds for the whole listing of a server
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds, help_heading = "Limits of one server")]
    pub timeout: Duration,
    /// Bytes that a server, a file or a line of JSONL may hold; K, M and G are understood
    #[arg(long, value_name = "BYTES", default_value = "64M", value_parser = bytes, help_heading = "Limits of one server")]
    pub max_bytes: u64,
    /// Pages of a listing
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Limits of one server")]
    pub max_pages: u32,
    /// Tools of a listing
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Limits of one server")]
    pub max_tools: u32,
}

impl Default for SourceArgs {
    /// What no argument at all comes to.
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            servers: Vec::new(),
            command: Vec::new(),
            clients: false,
            name: None,
            yes: false,
            offline: false,
            header: Vec::new(),
            bearer_env: None,
            env: Vec::new(),
            sandbox: Sandbox::default(),
            no_network: false,
            allow_private: false,
            timeout: limits.timeout,
            max_bytes: limits.max_bytes,
            max_pages: limits.max_pages,
            max_tools: limits.max_tools,
        }
    }
}

impl SourceArgs {
    /// What was named, in order: servers, then the command, then the clients.
    pub fn named(&self) -> Result<Vec<Named>> {
        let mut named = Vec::new();
        for argument in &self.servers {
            let one = Named::from_argument(argument)?;
            if one == Named::Stdin && named.contains(&one) {
                return Err(Error::new("stdin is named twice").help("name - once; it can be read once"));
            }
            named.push(one);
        }
        if !self.command.is_empty() {
            if self.command[0].is_empty() {
                return Err(Error::new("the command after -- is empty")
                    .help("name the program: mcpclass scan -- npx -y PACKAGE"));
            }
            named.push(Named::Command(self.command.clone()));
        }
        if self.clients {
            named.push(Named::Clients);
        }
        if named.len() > 1 && self.name.is_some() {
            return Err(
                Error::new(format!("--name names one server, and {} are named", named.len()))
                    .help("name one server, or leave --name out"),
            );
        }
        Ok(named)
    }

    /// Whether no server is named at all.
    pub const fn is_empty(&self) -> bool {
        self.servers.is_empty() && self.command.is_empty() && !self.clients
    }

    /// The limits of one server.
    pub const fn limits(&self) -> Limits {
        Limits {
            timeout: self.timeout,
            max_bytes: self.max_bytes,
            max_pages: self.max_pages,
            max_tools: self.max_tools,
        }
    }

    /// How to reach live servers.
    pub const fn options(&self, global: &Global) -> Options {
        Options {
            sandbox: self.sandbox,
            no_network: self.no_network,
            allow_private: self.allow_private,
            verbose: global.verbose,
            supervisor: None,
        }
    }

    /// The variables of `--env`, each with its value.
    pub fn variables(&self) -> Result<BTreeMap<String, Secret>> {
        let mut variables = BTreeMap::new();
        for (name, value) in &self.env {
            let value = match value {
                Some(value) => value.clone(),
                None => Secret::new(std::env::var(name).map_err(|_| {
                    Error::new(format!("--env {name}: the variable is not set"))
                        .help(format!("set it, or give its value: --env {name}=VALUE"))
                })?),
            };
            variables.insert(name.clone(), value);
        }
        Ok(variables)
    }

    /// The headers of `--header` and `--bearer-env`.
    pub fn headers(&self) -> Result<Vec<(String, Secret)>> {
        let mut headers = self.header.clone();
        if let Some(variable) = &self.bearer_env {
            let token = std::env::var(variable)
                .ok()
                .filter(|token| !token.trim().is_empty())
                .ok_or_else(|| {
                    Error::new(format!("--bearer-env {variable}: the variable is not set or empty"))
                        .help(format!("put the token in it: export {variable}=…"))
                })?;
            headers.push((
                "Authorization".to_owned(),
                Secret::new(format!("Bearer {}", token.trim())),
            ));
        }
        Ok(headers)
    }
}

fn header(text: &str) -> std::result::Result<(String, Secret), String> {
    let (name, value) = text.split_once(':').ok_or("a header is NAME: VALUE")?;
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(token) {
        return Err("a header's name has letters, digits and hyphens only".to_owned());
    }
    if value.chars().any(|c| c.is_control() && c != '\t') {
        return Err("a header's value is on one line".to_owned());
    }
    Ok((name.to_owned(), Secret::new(value.trim())))
}

fn variable(text: &str) -> std::result::Result<(String, Option<Secret>), String> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(Secret::new(value))),
        None => (text, None),
    };
    if name.is_empty() || name.contains('\0') {
        return Err("a variable is NAME or NAME=VALUE".to_owned());
    }
    Ok((name.to_owned(), value))
}

fn seconds(text: &str) -> std::result::Result<Duration, String> {
    let seconds: f64 = text
        .strip_suffix('s')
        .unwrap_or(text)
        .parse()
        .map_err(|_| "not a number of seconds")?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("a time is more than nothing and less than for ever".to_owned()),
    }
}

fn bytes(text: &str) -> std::result::Result<u64, String> {
    let upper = text.to_ascii_uppercase();
    let digits = upper.trim_end_matches("IB").trim_end_matches('B');
    let (digits, unit) = match digits.chars().last() {
        Some('K') => (&digits[..digits.len() - 1], 1 << 10),
        Some('M') => (&digits[..digits.len() - 1], 1 << 20),
        Some('G') => (&digits[..digits.len() - 1], 1 << 30),
        _ => (digits, 1),
    };
    let number: u64 = digits
        .parse()
        .map_err(|_| "not a number of bytes, such as 65536, 512K or 64M")?;
    match number.checked_mul(unit) {
        Some(0) => Err("a limit is more than nothing".to_owned()),
        Some(total) => Ok(total),
        None => Err("that is more than any machine holds".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_as_people_write_them() {
        assert_eq!(bytes("64M"), Ok(64 << 20));
        assert_eq!(bytes("1KiB"), Ok(1024));
        assert_eq!(bytes("7"), Ok(7));
        assert!(bytes("0").is_err() && bytes("M").is_err() && bytes("99999999999G").is_err());
        assert_eq!(seconds("1.5"), Ok(Duration::from_millis(1500)));
        assert!(seconds("0").is_err() && seconds("-1").is_err() && seconds("inf").is_err() && seconds("nan").is_err());
    }

    #[test]
    fn headers_and_variables_keep_their_values_to_themselves() {
        let (name, value) = header("Authorization: Bearer abc").expect("a header");
        assert_eq!((name.as_str(), value.expose()), ("Authorization", "Bearer abc"));
        assert!(header("nothing").is_err() && header("a b: c").is_err() && header("a: b\nc: d").is_err());
        assert!(!format!("{:?}", variable("A=secret")).contains("secret"));
    }
}
