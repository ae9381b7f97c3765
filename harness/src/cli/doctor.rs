//! `pidproof doctor`.

use super::{Exit, Failure};
use crate::suite::find_host;

pub(super) fn doctor() -> Result<Exit, Failure> {
    let host = find_host();
    let kernel = nix::sys::utsname::uname()
        .map(|u| format!("{} {}", u.sysname().display(), u.release().display()))
        .unwrap_or_else(|e| format!("unknown: {e}"));
    println!("kernel     {kernel}");
    println!("uid        {}", nix::unistd::geteuid());
    println!("tier       {}", host.tier.word());
    for limit in &host.limits {
        println!("           {limit}");
    }
    crate::subject::doctor();
    Ok(Exit::AsExpected)
}
