//! The `memtomem-server` command; everything is in [`pidkeep::memtomem`].

use std::process::ExitCode;

fn main() -> ExitCode {
    pidkeep::memtomem::server_main(std::env::args_os())
}
