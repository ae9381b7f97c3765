//! The command line of `mm`.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use super::console::{REFUSED, SUCCESS, say, warn};
use super::paths::Paths;
use super::{status, uninstall};
use crate::shell::printable_text;

/// Looks at the state of memtomem and removes it.
#[derive(Debug, Parser)]
#[command(name = "mm", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show where the pidfile is, why there, and who holds it. Changes nothing.
    Status,
    /// Remove ~/.memtomem and the pidfiles, unless a server is running.
    Uninstall(UninstallArguments),
}

/// What `mm uninstall` was told.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(super) struct UninstallArguments {
    /// Keep config.json, config.d and the backups of the configuration.
    #[arg(long)]
    pub(super) keep_config: bool,
    /// Keep the database and the memories.
    #[arg(long)]
    pub(super) keep_data: bool,
    /// Go ahead although a server is running or may be. It can lose what it writes.
    #[arg(long)]
    pub(super) force: bool,
    /// Do not ask.
    #[arg(short, long)]
    pub(super) yes: bool,
}

/// Runs `mm`. `arguments` begin with the name of the program.
///
/// Returns 0 if it did what it was asked to (also if there was nothing to do), 1 if the question
/// was not answered with yes (UNI-8), 2 for a usage error, a refusal (UNI-1, UNI-16) and a removal
/// that stopped halfway (UNI-17).
pub fn mm_main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let paths = match Paths::of_process() {
        Ok(paths) => paths,
        Err(error) => {
            warn(format_args!("error: {error}"));
            return ExitCode::from(REFUSED);
        }
    };
    ExitCode::from(match arguments.command {
        Command::Status => status::run(&paths),
        Command::Uninstall(arguments) => uninstall::run(&paths, arguments),
    })
}

/// Tells what clap has to tell: help and version to stdout, errors to stderr with exit status 2.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    let text = printable_text(text.trim_end());
    if error.use_stderr() {
        warn(text);
        ExitCode::from(REFUSED)
    } else {
        say(text);
        ExitCode::from(SUCCESS)
    }
}
