//! The programs this one executable is beside the command: the guard of a case, the reference
//! implementation, and the fixtures.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::suite::{GUARD, ROLE};

/// The reference server.
pub const REFERENCE_SERVER: &str = "memtomem-server";
/// The reference `mm`.
pub const REFERENCE_CLI: &str = "mm";

/// Runs a hidden role, if the arguments ask for one. Every executable that runs cases calls this first.
pub fn dispatch() -> Option<ExitCode> {
    let args: Vec<OsString> = std::env::args_os().collect();
    if args.get(1)?.to_str() != Some(ROLE) {
        return None;
    }
    let Some(name) = args.get(2).and_then(|a| a.to_str()) else {
        eprintln!("pidproof: a role needs a name");
        return Some(ExitCode::from(2));
    };
    let rest = args.get(3..).unwrap_or_default();
    let as_program = || std::iter::once(OsString::from(name)).chain(rest.iter().cloned());
    Some(match name {
        GUARD => crate::suite::guard::main(),
        REFERENCE_SERVER => pidkeep::memtomem::server_main(as_program()),
        REFERENCE_CLI => pidkeep::memtomem::mm_main(as_program()),
        fixture => pidproof_fixtures::run(fixture, rest).unwrap_or_else(|| {
            eprintln!("pidproof: no role is called `{fixture}`");
            ExitCode::from(2)
        }),
    })
}
