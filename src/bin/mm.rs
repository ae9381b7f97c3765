//! The `mm` command; everything is in [`pidkeep::memtomem`].

use std::process::ExitCode;

fn main() -> ExitCode {
    pidkeep::memtomem::mm_main(std::env::args_os())
}
