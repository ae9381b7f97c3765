//! The `pidproof` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    pidproof::roles::dispatch().unwrap_or_else(pidproof::cli::main)
}
