//! Nothing of a case outlives the suite, however the suite ends.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::collections::BTreeSet;
use std::fs;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use pidproof::sys::pidfd::PidFd;

/// A case that hangs with a server and two fixtures alive, one of them on a terminal, until its deadline or the suite's end.
const HANGS: &str = r#"
title = "hangs"
rules = ["PID-1"]
[[step]]
spawn = "server"
role = "server"
[[step]]
handshake = "server"
[[step]]
spawn = "on-a-terminal"
role = "sleeper"
terminal = true
[[step]]
spawn = "sleeper"
role = "sleeper"
[[step]]
await = "sleeper"
stdout = "it never says this"
"#;

struct Hanging {
    suite: Child,
    dir: tempfile::TempDir,
    below: Vec<PidFd>,
}

/// A suite in the middle of a case: guard, engine, server and sleeper run.
#[expect(clippy::zombie_processes, reason = "nothing_is_left waits for it")]
fn hang(tier: &str) -> Hanging {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("s")).unwrap();
    fs::create_dir(dir.path().join("tmp")).unwrap();
    // Subjects of a suite that root runs are somebody else, and have to get to their world.
    open_to_all(dir.path());
    fs::write(dir.path().join("s/it.toml"), HANGS).unwrap();
    let suite = Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .args(["run", "--tier", tier, "--scenarios"])
        .arg(dir.path().join("s"))
        .env("TMPDIR", dir.path().join("tmp"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    let root = i32::try_from(suite.id()).unwrap();
    loop {
        let all = descendants(root);
        let names: Vec<String> = all.iter().map(|pid| command_line(*pid)).collect();
        if names.iter().filter(|n| n.contains("sleeper")).count() == 2 {
            assert!(all.len() >= 5, "{names:?}");
            let below = all
                .iter()
                .map(|pid| PidFd::open(Pid::from_raw(*pid)).unwrap())
                .collect();
            return Hanging { suite, dir, below };
        }
        assert!(
            Instant::now() < deadline,
            "the case never got going: {names:?}"
        );
        std::thread::yield_now();
    }
}

impl Hanging {
    /// All that ran below the suite ends soon, and its temporary directory is empty then.
    fn nothing_is_left(mut self) {
        let status = self.suite.wait().unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        for process in &self.below {
            let mut fds = [PollFd::new(process.as_fd(), PollFlags::POLLIN)];
            let left = deadline.saturating_duration_since(Instant::now());
            let ms = u16::try_from(left.as_millis()).unwrap_or(u16::MAX);
            assert_eq!(
                poll(&mut fds, PollTimeout::from(ms)),
                Ok(1),
                "a process outlived {status}"
            );
        }
        let left: Vec<_> = fs::read_dir(self.dir.path().join("tmp")).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }

    fn signal(&self, signal: Signal) {
        kill(
            Pid::from_raw(i32::try_from(self.suite.id()).unwrap()),
            signal,
        )
        .unwrap();
    }
}

#[test]
fn a_killed_suite_leaves_nothing_in_a_private_world() {
    let hanging = hang("ids");
    hanging.signal(Signal::SIGKILL);
    hanging.nothing_is_left();
}

#[test]
fn a_killed_suite_leaves_nothing_in_a_plain_world() {
    let hanging = hang("plain");
    hanging.signal(Signal::SIGKILL);
    hanging.nothing_is_left();
}

#[test]
fn an_interrupted_suite_says_so_and_leaves_nothing() {
    let mut hanging = hang("ids");
    hanging.signal(Signal::SIGINT);
    assert_eq!(hanging.suite.wait().unwrap().code(), Some(130));
    hanging.nothing_is_left();
}

fn open_to_all(dir: &Path) {
    use std::os::unix::fs::PermissionsExt;
    for path in [dir.to_path_buf(), dir.join("tmp")] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

fn descendants(root: i32) -> BTreeSet<i32> {
    let mut found = BTreeSet::new();
    let mut todo = vec![root];
    while let Some(pid) = todo.pop() {
        let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else {
            continue;
        };
        for task in tasks.flatten() {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            for child in children.split_whitespace().filter_map(|p| p.parse().ok()) {
                if found.insert(child) {
                    todo.push(child);
                }
            }
        }
    }
    found
}

fn command_line(pid: i32) -> String {
    fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default()
}
