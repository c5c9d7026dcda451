//! Tests against real programs that the run itself installs from npm and PyPI: real servers, the readers of
//! policy targets, a browser. Run by name: `cargo test --test live`.

mod policies;
mod servers;
mod spark;
