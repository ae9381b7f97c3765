//! Random sequences of actions on real servers, judged by a model of the contract.
//!
//! A list of [`Action`]s is walked by the model ([`walk::script`]), which knows who lives, who holds what and
//! what exists, and writes a scenario: each action, followed by what the contract says must hold after it.
//! That text is read by the parser and run by the engine like any other scenario ([`search`]). So whatever is
//! found is a scenario file, small enough to read, and `pidproof run FILE` shows it again.
//!
//! The model judges what the contract promises and nothing else. An action that makes no sense where it
//! stands does nothing, so a list stays a list of actions while it is shrunk. Where the contract leaves an
//! outcome open, the scenario asks only for what all outcomes have in common and then clears the difference
//! away, so that model and world are one again; where even that cannot be told, the action does nothing.

mod action;
mod legacy;
mod litter;
mod script;
pub mod search;
mod servers;
mod state;
mod uninstall;
pub mod walk;

pub use action::{Action, End, Flags, Form, Odd, actions};
pub use search::{Finding, Search, Searched};
pub use walk::{Loser, Script};
