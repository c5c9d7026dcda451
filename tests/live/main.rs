//! Tests against real programs that the run itself installs from npm and PyPI: real servers, the readers of
//! policy targets, linters of CI files, a browser. Run by name: `cargo test --test live`.

mod ci;
mod policies;
mod servers;
mod site;
mod spark;
