//! `pidproof doctor`.

use super::{Exit, Failure};
use crate::subject;
use crate::suite::find_host;

pub(super) fn doctor() -> Result<Exit, Failure> {
    let host = find_host();
    let kernel = nix::sys::utsname::uname()
        .map(|u| format!("{} {}", u.sysname().display(), u.release().display()))
        .unwrap_or_else(|e| format!("unknown: {e}"));
    say("kernel", kernel);
    say("uid", nix::unistd::geteuid());
    say("tier", host.tier.word());
    for limit in &host.limits {
        say("", limit);
    }
    for line in subject::health() {
        say(line.label, line.text);
    }
    // The built-in reference needs no interpreter, so a host without one is fit all the same.
    Ok(Exit::AsExpected)
}

fn say(label: &str, text: impl std::fmt::Display) {
    anstream::println!("{label:10} {text}");
}
