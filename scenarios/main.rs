//! The scenarios as tests: `cargo nextest run` lists and runs each case as its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    pidproof::roles::dispatch().unwrap_or_else(pidproof::cli::test_target::main)
}
