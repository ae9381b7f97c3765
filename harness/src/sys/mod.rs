//! The kernel's side: everything that needs `unsafe`, and nothing that knows about scenarios.

pub mod birth;
mod filter;
pub mod fork;
pub mod mount;
pub mod pidfd;
pub mod seccomp;
pub mod terminal;
