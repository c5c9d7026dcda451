//! Rationale pages: one model of a tool's page ([`tool`]) and a server's ([`server`]), written as Markdown ([`markdown`]) or HTML
//! ([`html`]). Pure: the same record gives the same bytes; commands put the files where they belong.
//!
//! Whatever a server wrote becomes *shown text* when the model is made (control and hidden characters stand as
//! escapes), and is escaped once more by the format that it is written in. It is never a link target or a file name:
//! those come from [`slug`].

pub mod html;
pub mod markdown;
pub mod marked;
pub mod milder;
pub mod model;
pub mod parameters;
pub mod policies;
pub mod questions;
pub mod references;
pub mod rulebook;
pub mod server;
pub mod slug;
pub mod tool;
