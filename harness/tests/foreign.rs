//! No call is lost, whatever language a program is in, however it starts others, and in whichever world: programs
//! that go a number of rounds, each of a known number of calls.
//!
//! `.ci/strace-counts` compares more programs with what strace sees of them.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::{Arguments, Trial};
use pidproof::calls::Call;
use pidproof::calls::table::{self, Family};
use pidproof::engine::{Commands, Evidence};
use pidproof::judge::Verdict;
use pidproof::scenario::beside::Programs;
use pidproof::scenario::file::{self, Frame, Shared};
use pidproof::scenario::load::Library;
use pidproof::scenario::model::Tier;
use pidproof::suite::{Interrupt, Ready, Subjects, find_host, run_one};
use pidproof::world::{Host, find_tool};

/// A start; what it makes last is waited for, as a daemon's first process ends long before.
const WORK: &str = r#"
title = "work"
rules = ["END-2"]
[[step]]
spawn = "work"
role = "cli"
args = ["HOW", "${tmp}", "ROUNDS"]
[[step]]
expect-fs = "${tmp}/done"
type = "directory"
eventually = true
[[step]]
expect = "work"
exit = 0
"#;

const SERVER: &str = r#"
title = "a server's life"
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

/// What one round of work.c and of work.py calls.
const ROUND: [(Family, usize); 16] = [
    (Family::Mkdir, 1),
    (Family::Open, 1),
    (Family::Lock, 1),
    (Family::Fcntl, 1),
    (Family::Write, 1),
    (Family::Sync, 1),
    (Family::Truncate, 1),
    (Family::Chmod, 1),
    (Family::Symlink, 1),
    (Family::Unlink, 3),
    (Family::Link, 1),
    (Family::Rename, 1),
    (Family::Stat, 1),
    (Family::Close, 1),
    (Family::Rmdir, 1),
    (Family::Signal, 1),
];
/// What one round of work.sh does to files; what its programs call to start is theirs.
const SHELL_ROUND: [(Family, usize); 4] = [
    (Family::Mkdir, 1),
    (Family::Symlink, 1),
    (Family::Unlink, 2),
    (Family::Rmdir, 1),
];
const ROUNDS: usize = 20;

fn main() -> ExitCode {
    if let Some(code) = pidproof::roles::dispatch() {
        return code;
    }
    let arguments = Arguments::from_args();
    let host = find_host();
    let mut trials = Vec::new();
    for tier in [Tier::Plain, Tier::Namespaces] {
        let here = Arc::new(host.clone().at_most(tier));
        // Named, and counted as left out: a host that cannot is no failure of the suite.
        let unfit = host.tier < tier || host.calls.is_err();
        let mut add = |name: String, lacks: bool, test: fn(&Host, &str), how: &'static str| {
            let here = Arc::clone(&here);
            let trial = Trial::test(format!("{}::{name}", tier.word()), move || {
                test(&here, how);
                Ok(())
            });
            trials.push(trial.with_ignored_flag(unfit || lacks));
        };
        for how in ["alone", "threads", "fork", "vfork", "posix_spawn", "daemon"] {
            let lacks = find_tool("gcc").is_none();
            add(format!("c_static_{how}"), lacks, c_static, how);
            add(format!("c_dynamic_{how}"), lacks, c_dynamic, how);
        }
        for how in ["alone", "threads", "child"] {
            let lacks = find_tool("python3").is_none();
            add(format!("python_{how}"), lacks, python, how);
        }
        add("shell".into(), false, shell, "alone");
        add("tokio".into(), false, tokio, "");
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn c_static(host: &Host, how: &str) {
    c(host, how, &["-static"]);
}

fn c_dynamic(host: &Host, how: &str) {
    c(host, how, &[]);
}

fn c(host: &Host, how: &str, link: &[&str]) {
    let dir = directory();
    let program = dir.path().join("work");
    let status = Command::new("gcc")
        .args(["-O1", "-pthread"])
        .args(link)
        .arg("-o")
        .arg(&program)
        .arg(source("work.c"))
        .status()
        .unwrap();
    assert!(status.success(), "gcc: {status}");
    all_are_told(host, vec![text(&program)], vec![program], how, &ROUND);
}

fn python(host: &Host, how: &str) {
    let dir = directory();
    let script = copy(&dir, "work.py");
    let python = text(&find_tool("python3").unwrap());
    let argv = vec![python, "-ISB".to_owned(), text(&script)];
    all_are_told(host, argv, vec![script], how, &ROUND);
}

fn shell(host: &Host, how: &str) {
    let dir = directory();
    let script = copy(&dir, "work.sh");
    let argv = vec!["/bin/sh".to_owned(), text(&script)];
    all_are_told(host, argv, vec![script], how, &SHELL_ROUND);
}

/// Runs a program with rounds and without. The difference is what the rounds call, to the last one.
fn all_are_told(
    host: &Host,
    argv: Vec<String>,
    shown: Vec<PathBuf>,
    how: &str,
    round: &[(Family, usize)],
) {
    let run = |rounds: usize| {
        let scenario = WORK
            .replace("HOW", how)
            .replace("ROUNDS", &rounds.to_string());
        let commands = Commands {
            cli: argv.clone(),
            shown: shown.clone(),
            ..Commands::default()
        };
        evidence(host, commands, &scenario)
    };
    let (without, with) = (by_family(&run(0)), by_family(&run(ROUNDS)));
    let of = |counts: &BTreeMap<Family, usize>, family| counts.get(&family).copied().unwrap_or(0);
    // Each of four threads goes all of them.
    let rounds = if how == "threads" { 4 * ROUNDS } else { ROUNDS };
    for (family, times) in round {
        assert_eq!(
            of(&with, *family) - of(&without, *family),
            rounds * times,
            "{}: without rounds {without:?}, with {with:?}",
            family.word(),
        );
    }
}

/// The reference, whose runtime is tokio: what its life takes to the call.
fn tokio(host: &Host, _: &str) {
    let evidence = evidence(host, pidproof::subject::builtin().commands, SERVER);
    let of = |family: Family, path: &str| {
        let meant = |call: &&Call| call.family == family && call.path.as_deref() == Some(path);
        evidence.calls.iter().filter(meant).count()
    };
    // The pidfile gets its name when it is locked and written.
    let (unnamed, pidfile) = ("${xdg}/memtomem/(unnamed)", "${xdg}/memtomem/server.pid");
    let told = || {
        let lines: Vec<String> = evidence.calls.iter().map(Call::line).collect();
        lines.join("\n")
    };
    for (family, path, times) in [
        (Family::Mkdir, "${xdg}/memtomem", 1),
        (Family::Lock, unnamed, 1),
        (Family::Unlink, pidfile, 1),
        // An answer to `initialize`, and one to `tools/list`.
        (Family::Write, "stdout", 2),
    ] {
        assert_eq!(
            of(family, path),
            times,
            "{} {path} in\n{}",
            family.word(),
            told()
        );
    }
}

/// Runs a scenario whose calls are told.
fn evidence(host: &Host, commands: Commands, scenario: &str) -> Evidence {
    // Its rules, as a scenario that checks something names one.
    let library = Library::load(None, &Vec::new(), pidproof::subject::programs()).unwrap();
    let frame = Frame {
        rules: &library.rules,
        shared: &Shared::default(),
        parameters: &Vec::new(),
        programs: Programs::NONE,
    };
    let mut scenario = file::parse("foreign", "foreign.toml", scenario, &frame).unwrap();
    let mut case = scenario.cases.remove(0);
    case.calls = true;
    let subjects = Subjects::alone(Ready {
        commands,
        patience: Duration::from_secs(60),
    });
    let result = run_one(&case, host, &subjects, &Interrupt::default()).unwrap();
    let said = &result.evidence.processes;
    assert!(
        matches!(result.verdict, Verdict::Pass),
        "{:?}\n{said:#?}",
        result.verdict
    );
    result.evidence
}

fn by_family(evidence: &Evidence) -> BTreeMap<Family, usize> {
    let mut counts = BTreeMap::new();
    for (name, times) in &evidence.counts["work"] {
        let row = table::watched().find(|call| call.name == name);
        if let Some(row) = row {
            *counts.entry(row.family).or_default() += times;
        }
    }
    counts
}

/// A directory that subjects, who may be somebody else, can get into.
fn directory() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/foreign")
        .join(name)
}

fn copy(dir: &tempfile::TempDir, name: &str) -> PathBuf {
    let to = dir.path().join(name);
    fs::copy(source(name), &to).unwrap();
    to
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
