//! Rationale pages and the static site, from one model, as Markdown and HTML.
