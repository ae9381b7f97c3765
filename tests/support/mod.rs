//! A home, a runtime dir and real processes for the tests of the binaries.

#![allow(dead_code, reason = "each test file uses its part of this")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;

/// An environment of its own.
pub(crate) struct World {
    root: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let world = Self {
            root: TempDir::new().unwrap(),
        };
        for dir in [world.home(), world.run(), world.root.path().join("tmp")] {
            fs::DirBuilder::new().mode(0o700).create(dir).unwrap();
        }
        world
    }

    pub(crate) fn path(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    pub(crate) fn run(&self) -> PathBuf {
        self.root.path().join("run")
    }

    pub(crate) fn pidfile(&self) -> PathBuf {
        self.run().join("memtomem/server.pid")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.home().join(".memtomem")
    }

    pub(crate) fn legacy(&self) -> PathBuf {
        self.state().join(".server.pid")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.state().join("memtomem.db")
    }

    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(match program {
            "mm" => env!("CARGO_BIN_EXE_mm"),
            _ => env!("CARGO_BIN_EXE_memtomem-server"),
        });
        command
            .env_clear()
            .env("HOME", self.home())
            .env("XDG_RUNTIME_DIR", self.run())
            .env("TMPDIR", self.root.path().join("tmp"));
        command
    }

    /// Runs `mm` without a terminal: exit status, stdout, stderr.
    pub(crate) fn mm(&self, arguments: &[&str]) -> (i32, String, String) {
        let output = self
            .command("mm")
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.code().unwrap(),
            text(output.stdout),
            text(output.stderr),
        )
    }

    /// Starts a server and shakes hands.
    pub(crate) fn server(&self) -> Server {
        Server::start(self.command("memtomem-server"))
    }

    /// Starts a server that is to refuse: exit status and stderr.
    pub(crate) fn refused(&self) -> (i32, String) {
        let output = self
            .command("memtomem-server")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.stdout.is_empty(), "a refused start answers nothing");
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    }
}

/// A server that has answered the handshake.
pub(crate) struct Server {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    next: u64,
}

impl Server {
    fn start(mut command: Command) -> Self {
        let pipes = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = pipes.spawn().unwrap();
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut server = Self {
            child,
            stdin,
            stdout,
            next: 0,
        };
        let hello = json!({
            "protocolVersion": "2024-11-05",
            "capabilities": {},
            "clientInfo": { "name": "test", "version": "0" },
        });
        assert_eq!(
            server.request("initialize", hello)["serverInfo"]["name"],
            "memtomem"
        );
        server.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        server
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.stdin.as_ref().unwrap(), "{message}").unwrap();
    }

    fn request(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        let mut answer: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(answer["id"], id);
        answer["result"].take()
    }

    /// Calls a tool: whether it failed, and what it said.
    pub(crate) fn call(&mut self, tool: &str, arguments: Value) -> (bool, String) {
        let answer = self.request(
            "tools/call",
            json!({ "name": tool, "arguments": arguments }),
        );
        let text = answer["content"][0]["text"].as_str().unwrap().to_owned();
        (answer["isError"] == true, text)
    }

    pub(crate) fn add(&mut self, content: &str) {
        let (failed, text) = self.call("mem_add", json!({ "content": content }));
        assert!(!failed, "{text}");
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// Reads the next line that the server writes to stderr.
    pub(crate) fn stderr_line(&mut self) -> String {
        let mut line = Vec::new();
        let stderr = self.child.stderr.as_mut().unwrap();
        let mut byte = [0];
        while stderr.read(&mut byte).unwrap() == 1 && byte != *b"\n" {
            line.push(byte[0]);
        }
        String::from_utf8(line).unwrap()
    }

    /// Closes stdin, unless a signal is to end it, and waits: exit status, rest of stderr.
    pub(crate) fn end(mut self, how: Option<Signal>) -> (ExitStatus, String) {
        match how {
            Some(signal) => self.signal(signal),
            None => drop(self.stdin.take()),
        }
        let status = self.child.wait().unwrap();
        let mut stderr = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut stderr)
            .unwrap();
        (status, stderr)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After a failed assertion; a process that has ended already is not there to be killed.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Whether somebody holds any lock on the file.
pub(crate) fn is_locked(path: &Path) -> bool {
    File::open(path).unwrap().try_lock().is_err()
}

/// Each path under `root`, for comparing.
pub(crate) fn tree(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(tree(&path));
        }
        found.push(path);
    }
    found.sort();
    found
}
