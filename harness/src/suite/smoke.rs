//! The first thing done with a subject: does it start at all, and how long does that take?

use std::time::Duration;

use super::{Interrupt, Ready, Subjects, run_one};
use crate::engine::{Commands, Readiness};
use crate::judge::Verdict;
use crate::scenario::beside::Programs;
use crate::scenario::file::{self, Frame, Shared};
use crate::scenario::rules::Rules;
use crate::world::Host;

/// A start, a handshake and an orderly end: no rule, only that there is something to judge.
const SCENARIO: &str = r#"
title = "the subject starts, answers a handshake and ends"
rules = []
[[step]]
spawn = "server"
role = "server"
[[step]]
handshake = "server"
[[step]]
close-stdin = "server"
[[step]]
wait = "server"
"#;

/// The same of a server that does not speak MCP, and so may not look at its standard input at all.
const SIGNALLED: &str = r#"
title = "the subject starts, shows that it is ready and ends"
rules = []
[[step]]
spawn = "server"
role = "server"
[[step]]
handshake = "server"
[[step]]
signal = "server"
send = "TERM"
[[step]]
wait = "server"
"#;

/// The same of a subject that has only a command. What it says to this is no matter.
const COMMAND: &str = r#"
title = "the subject's command starts and ends"
rules = []
[[step]]
spawn = "command"
role = "cli"
args = ["--help"]
[[step]]
expect = "command"
exit = "any"
"#;

/// The least that is waited for anything, whatever the subject: the machine may be busy.
const LEAST: Duration = Duration::from_secs(10);
/// What a first start may take: a cold cache, an interpreter, a slow machine.
const FIRST: Duration = Duration::from_secs(120);
/// How many times its own start a subject may take for anything.
const FACTOR: u32 = 20;

/// How long to wait for this subject before it counts as never.
///
/// # Errors
/// That it does not start, with what it said.
pub fn patience(
    commands: &Commands,
    host: &Host,
    interrupt: &Interrupt,
) -> Result<Duration, String> {
    let frame = Frame {
        rules: &Rules::default(),
        shared: &Shared::default(),
        parameters: &Vec::new(),
        programs: Programs::NONE,
    };
    let text = if commands.server.is_empty() {
        COMMAND
    } else if commands.ready != Readiness::Initialize {
        SIGNALLED
    } else {
        SCENARIO
    };
    let scenario = file::parse("smoke", "(built-in)", text, &frame).map_err(|e| e.to_string())?;
    let case = scenario
        .cases
        .first()
        .ok_or("the smoke scenario has no case")?;
    let alone = Subjects::alone(Ready {
        commands: commands.clone(),
        patience: FIRST,
    });
    let Some(result) = run_one(case, host, &alone, interrupt) else {
        return Err("interrupted".into());
    };
    // By convention a wrapper's word for a program that is not there, or cannot be run.
    let of_wrapper = |end: &str| ["exit status 126", "exit status 127"].contains(&end);
    let processes = &result.evidence.processes;
    if let Some(process) = processes.iter().find(|p| of_wrapper(&p.end)) {
        return Err(format!("{}: {}", process.end, process.stderr.trim_end()));
    }
    match result.verdict {
        Verdict::Pass => Ok(LEAST.max(result.took * FACTOR)),
        Verdict::Fail(gaps) | Verdict::TimedOut(gaps) => {
            let told: Vec<String> = gaps
                .iter()
                .map(|gap| format!("expected: {}\nfound:    {}", gap.expected, gap.found))
                .collect();
            Err(told.join("\n"))
        }
        Verdict::Broken(why)
        | Verdict::Skip(why)
        | Verdict::Deviates(why)
        | Verdict::Stale(why) => Err(why),
    }
}
