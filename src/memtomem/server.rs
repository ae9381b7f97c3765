//! The start of `memtomem-server`.

use std::any::Any;
use std::ffi::OsString;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use clap::Parser;
use rmcp::ServiceExt;
use rmcp::service::ServerInitializeError;

use super::cli::usage;
use super::console::{FAILURE, warn};
use super::lifecycle::{Lifecycle, block_signals};
use super::paths::Paths;
use super::tools::Tools;
use crate::shell::printable_text;

/// An MCP server on stdin and stdout that keeps memories in ~/.memtomem.
#[derive(Debug, Parser)]
#[command(
    name = "memtomem-server",
    version,
    after_help = "\
It is started by an MCP client and ends with it. SIGTERM, SIGINT and SIGHUP end it in order."
)]
struct Arguments {}

/// Runs the server until its stdin ends or a signal ends it. `arguments` begin with the name of
/// the program.
///
/// Returns 0 after an orderly end, 1 if the server cannot start (DIR-10, LEG-1, PID-11), 2 for a
/// usage error. An orderly end leaves the process by `exit`, not by returning, since another
/// thread may be the one that ends it. To be called from a process that has started no other
/// thread: signals are blocked, and the umask set, for the whole process.
pub fn server_main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    // Before anything else: a signal from here on finds a thread that ends the server in order.
    if let Err(errno) = block_signals() {
        return fail(format_args!("cannot block signals: {}", errno.desc()));
    }
    if let Err(error) = Arguments::try_parse_from(arguments) {
        return usage(&error);
    }
    // SQLite makes its files with the umask of the process; they are as private as the rest.
    nix::sys::stat::umask(nix::sys::stat::Mode::S_IRWXG | nix::sys::stat::Mode::S_IRWXO);
    let paths = match Paths::of_process() {
        Ok(paths) => paths,
        Err(error) => return fail(error),
    };
    let lifecycle = Lifecycle::new(&paths);
    if let Err(error) = lifecycle.watch_signals().and_then(|()| lifecycle.start()) {
        return fail(error);
    }
    // The runtime panics where it cannot start a thread; that too has to undo the start (END-7)
    // and to be told in a line (DIR-13), hence the empty hook. Nothing that the closure touched is
    // used afterwards but the lifecycle, whose locks bear a panic.
    panic::set_hook(Box::new(|_| {}));
    let served = panic::catch_unwind(AssertUnwindSafe(|| run(Tools::new(lifecycle.store()))))
        .unwrap_or_else(|panic| Err(format!("internal error: {}", panic_text(&*panic))));
    match served {
        Ok(()) => lifecycle.end(),
        Err(error) => {
            lifecycle.undo_start();
            fail(error)
        }
    }
}

/// Runs the MCP service on this thread until stdin ends.
fn run(tools: Tools) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|error| format!("cannot start the runtime: {error}"))?;
    let served = runtime.block_on(serve(tools));
    // Dropping the runtime would wait for a read from stdin that nobody will end.
    runtime.shutdown_background();
    served
}

async fn serve(tools: Tools) -> Result<(), String> {
    let running = match tools.serve(rmcp::transport::stdio()).await {
        Ok(running) => running,
        // A client that leaves before the handshake has ended stdin like any other.
        Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(ServerInitializeError::ExpectedInitializeRequest(_)) => {
            return Err(
                "the MCP handshake failed: the client did not begin with initialize".into(),
            );
        }
        Err(error) => return Err(format!("the MCP handshake failed: {error}")),
    };
    match running.waiting().await {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("the MCP service stopped: {error}")),
    }
}

/// What a panic said, if it said it in words.
fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("unknown")
}

fn one_line(text: &str) -> String {
    printable_text(text).lines().collect::<Vec<_>>().join(" ")
}

fn fail(error: impl std::fmt::Display) -> ExitCode {
    warn(format_args!("error: {}", one_line(&error.to_string())));
    ExitCode::from(FAILURE)
}
