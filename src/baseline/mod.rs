//! What was reviewed, pinned in `mcpclass.lock` ([`lock`]), and how a new listing differs from it ([`compare`]).
//!
//! ```text
//! Assessed ─▶ Lock ─▶ mcpclass.lock ─▶ Lock ─┐
//!                              Assessed (now) ┴▶ compare ─▶ Change ─▶ accept · gate ─▶ Check ─▶ reports
//! ```
//!
//! The lock holds whole definitions, so the reviewed ones can be judged again by today's rules: what differs
//! under the same rules is the server's doing, what differs on the same definition is ours. Everything here is
//! pure; reading, listing and the clock stay with the commands.

pub mod accept;
pub mod check;
pub mod compare;
pub mod edit;
pub mod facts;
pub mod gate;
pub mod lock;
pub mod origin;
pub mod phrase;
pub mod words;
