//! Runs a program and prints how often it made each call that is told, as `strace -f` would count it.
//!
//! With `--told` alone it prints the calls that are told. `.ci/strace-counts` compares the two. No world is made: the program runs as it would without.

use std::ffi::CString;
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

use pidproof::process::{Attend, Child, Wiring, pump};
use pidproof::supervise::{Places, Scope, Supervisor, filter, stay_on_this_core, told};
use pidproof::sys::birth::Birth;
use pidproof::sys::fork::Plan;
use pidproof::sys::pidfd::End;

/// Longer than any program that is compared here takes.
const PATIENCE: Duration = Duration::from_secs(120);

fn main() -> ExitCode {
    match counts() {
        Ok(code) => code,
        Err(e) => {
            eprintln!("counts: {e}");
            ExitCode::from(2)
        }
    }
}

fn counts() -> Result<ExitCode, Box<dyn std::error::Error>> {
    if std::env::args_os()
        .nth(1)
        .is_some_and(|arg| arg == "--told")
    {
        for call in told(Scope::Everything) {
            println!("{}", call.name);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let argv: Vec<CString> = std::env::args_os()
        .skip(1)
        .map(|arg| CString::new(arg.into_vec()))
        .collect::<Result<_, _>>()?;
    let env = std::env::vars_os()
        .map(|(key, value)| {
            let pair = [key.into_vec(), value.into_vec()].join(&b'=');
            CString::new(pair)
        })
        .collect::<Result<_, _>>()?;
    stay_on_this_core()?;
    let plan = Plan {
        argv,
        env,
        cwd: CString::new(std::env::current_dir()?.into_os_string().into_vec())?,
        umask: 0o022,
        ids: None,
        limits: Vec::new(),
        birth: Birth::default(),
        filter: Some(Rc::new(filter(Scope::Everything))),
    };
    let wiring = Wiring {
        stdin: false,
        terminal: [false; 3],
    };
    let start = Instant::now();
    let mut supervisor = Supervisor::new(Places::default(), start);
    let mut child = Child::spawn(&plan, wiring)?;
    if let Some(gate) = child.take_gate() {
        supervisor.add("it", child.pid, gate);
    }
    // What it has left behind may call for longer than it lives itself.
    while child.end.is_none() || !supervisor.gates().is_empty() {
        pump(
            std::iter::once(&mut child),
            None,
            &mut supervisor,
            start + PATIENCE,
        )?;
        if start.elapsed() > PATIENCE {
            return Err("it has not ended in time".into());
        }
    }
    for (_, name, times) in supervisor.counts() {
        println!("{name} {times}");
    }
    eprint!("{}", String::from_utf8_lossy(child.stderr()));
    match child.end {
        Some(End::Code(0)) => Ok(ExitCode::SUCCESS),
        end => Err(format!("it ended with {end:?}").into()),
    }
}
