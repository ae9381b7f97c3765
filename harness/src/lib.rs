//! pidproof: a conformance and fault-injection suite for pidfile semantics.
//!
//! A scenario file becomes cases ([`scenario`]); each case runs in a world of its own ([`world`]) under a
//! guard ([`suite`]), where an engine ([`engine`]) takes the steps, looks ([`observe`]) and lets the judge
//! decide ([`judge`]). `docs/design.md` has the whole flow and its laws.

pub mod calls;
pub mod cli;
pub mod engine;
pub mod explore;
pub mod judge;
pub mod model;
pub mod observe;
pub mod orders;
pub mod process;
pub mod report;
pub mod repro;
pub mod roles;
pub mod scenario;
pub mod selftest;
pub mod subject;
pub mod suite;
pub mod supervise;
pub mod sweep;
pub mod sys;
pub mod world;
