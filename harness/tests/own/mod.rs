//! A server of one's own in a directory of its own, with a scenario, a profile and a deviations file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use assert_cmd::Command;

/// A server that keeps no pidfile. It does `EXTRA` before it reads the first line.
pub(crate) const SERVER: &str = r#"#!/bin/sh
EXTRA
while read -r line; do
    case $line in
    *'"initialize"'*) echo '{"jsonrpc":"2.0","id":1,"result":{}}' ;;
    *tools/list*) echo '{"jsonrpc":"2.0","id":2,"result":{"tools":[]}}' ;;
    esac
done
"#;

pub(crate) const SCENARIO: &str = r#"
title = "a server has a pidfile while it serves"
rules = ["PID-2"]
[matrix]
umask = ["0022", "0077"]
[[step]]
spawn = "server"
role = "server"
umask = "${matrix.umask}"
[[step]]
handshake = "server"
[[step]]
expect-fs = "${pidfile}"
type = "file"
"#;

pub(crate) const PINNED: &str = r#"
[[deviation]]
cases  = ["it:*"]
check  = "PID-2"
step   = 'expect-fs:${pidfile}'
found  = "absent"
kind   = "by-design"
reason = "it is only a test"
"#;

pub(crate) struct Subject {
    dir: tempfile::TempDir,
}

impl Subject {
    pub(crate) fn new(extra: &str, deviations: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let subject = Self { dir };
        subject.write("server", &SERVER.replace("EXTRA", extra));
        fs::set_permissions(subject.path("server"), fs::Permissions::from_mode(0o755)).unwrap();
        subject.write(
            "mine.toml",
            "server = [\"./server\"]\ncli = [\"./server\"]\ndeviations = \"mine.deviations.toml\"\n",
        );
        subject.write("mine.deviations.toml", deviations);
        fs::create_dir(subject.path("s")).unwrap();
        subject.write("s/it.toml", SCENARIO);
        subject
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Has the subject judged by its own scenario: exit status, and all that is said.
    pub(crate) fn judge(&self, words: &[&str], ci: bool) -> (Option<i32>, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pidproof"));
        command.env_remove("CI");
        if ci {
            command.env("CI", "true");
        }
        let output = command
            .args(words)
            .arg("--subject")
            .arg(self.path("mine.toml"))
            .arg("--scenarios")
            .arg(self.path("s"))
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    }
}
