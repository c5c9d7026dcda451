//! What was reviewed, pinned (`mcpclass.lock`), and how a new listing differs from it.
