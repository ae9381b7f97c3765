//! The programs this one executable is beside the command: the guard of a case, the reference
//! implementation, and the fixtures.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::suite::{GUARD, ROLE, TRIAL};

/// The reference server.
pub const REFERENCE_SERVER: &str = "memtomem-server";
/// The reference `mm`.
pub const REFERENCE_CLI: &str = "mm";

/// The reference with one thing wrong: the role's arguments are the defect and the program.
pub const DEFECT: &str = "defect";

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
        TRIAL => {
            crate::engine::trial::looks();
            ExitCode::SUCCESS
        }
        REFERENCE_SERVER => pidkeep::memtomem::server_main(as_program()),
        REFERENCE_CLI => pidkeep::memtomem::mm_main(as_program()),
        DEFECT => defective(rest),
        fixture => pidproof_fixtures::run(fixture, rest).unwrap_or_else(|| {
            eprintln!("pidproof: no role is called `{fixture}`");
            ExitCode::from(2)
        }),
    })
}

/// The server or `mm` with a defect, or with none: the woven program itself.
fn defective(args: &[OsString]) -> ExitCode {
    let text = |at: usize| args.get(at).and_then(|arg| arg.to_str());
    let known =
        |name: &&str| *name == pidproof_defects::CONTROL || pidproof_defects::find(name).is_some();
    let Some(name) = text(0).filter(known) else {
        eprintln!("pidproof: no such defect");
        return ExitCode::from(2);
    };
    pidproof_defects::switch::set(name);
    let program = args.iter().skip(1).cloned();
    match text(1) {
        Some(REFERENCE_SERVER) => pidproof_defects::memtomem::server_main(program),
        Some(REFERENCE_CLI) => pidproof_defects::memtomem::mm_main(program),
        Some(_) | None => {
            eprintln!("pidproof: a defect is one of `{REFERENCE_SERVER}` or of `{REFERENCE_CLI}`");
            ExitCode::from(2)
        }
    }
}
