//! `pidproof doctor`.

use std::collections::BTreeMap;

use super::out::{say, wrapped};
use super::{Exit, Failure};
use crate::report::n_cases;
use crate::scenario::load::Library;
use crate::subject;
use crate::suite::find_host;
use crate::world::{Unfit, find_tool, kernel};

pub(super) fn doctor() -> Result<Exit, Failure> {
    let host = find_host();
    tell(
        "kernel",
        kernel().unwrap_or_else(|e| format!("unknown: {e}")),
    );
    tell("uid", nix::unistd::geteuid());
    tell("tier", host.tier.word());
    for limit in &host.limits {
        tell("", limit);
    }
    match &host.calls {
        Ok(()) => tell("calls", "told"),
        Err(why) => tell("calls", format_args!("not told: {why}")),
    }
    for (tool, cases) in tools()? {
        match find_tool(&tool) {
            Some(path) => tell("tool", path.display()),
            None => tell(
                "tool",
                format_args!("{}; needed by {}", Unfit::Tool(tool), n_cases(cases)),
            ),
        }
    }
    for line in subject::health() {
        tell(line.label, line.text);
    }
    // The built-in reference needs no interpreter, so a host without one is fit all the same.
    Ok(Exit::AsExpected)
}

/// The programs of others that scenarios need, and how many cases each.
fn tools() -> Result<BTreeMap<String, usize>, Failure> {
    let library = Library::load(None, &Vec::new(), subject::programs())?;
    let mut tools = BTreeMap::new();
    for tool in library.cases().flat_map(|case| &case.tools) {
        *tools.entry(tool.clone()).or_default() += 1;
    }
    Ok(tools)
}

fn tell(label: &str, text: impl std::fmt::Display) {
    say(wrapped(&format!("{label:10} {text}"), 11));
}
