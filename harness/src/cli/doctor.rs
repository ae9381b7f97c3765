//! `pidproof doctor`.

use super::out::say;
use super::{Exit, Failure};
use crate::subject;
use crate::suite::find_host;

pub(super) fn doctor() -> Result<Exit, Failure> {
    let host = find_host();
    let kernel = nix::sys::utsname::uname()
        .map(|u| format!("{} {}", u.sysname().display(), u.release().display()))
        .unwrap_or_else(|e| format!("unknown: {e}"));
    tell("kernel", kernel);
    tell("uid", nix::unistd::geteuid());
    tell("tier", host.tier.word());
    for limit in &host.limits {
        tell("", limit);
    }
    for line in subject::health() {
        tell(line.label, line.text);
    }
    // The built-in reference needs no interpreter, so a host without one is fit all the same.
    Ok(Exit::AsExpected)
}

fn tell(label: &str, text: impl std::fmt::Display) {
    say(format_args!("{label:10} {text}"));
}
