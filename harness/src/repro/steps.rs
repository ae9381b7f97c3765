//! The steps that do something.

use serde_json::json;

use super::word::{quoted, variable, word};
use super::{NoScript, Script, Wires};
use crate::scenario::SIGNALS;
use crate::scenario::model::{
    Action, Call, ExpectFs, Injected, LockKind, Role, Spawn, StdinKind, Step, Streams,
};
use crate::world::SUBJECT_UID;

impl Script<'_> {
    pub(super) fn action(&mut self, step: &Step) -> Result<(), NoScript> {
        match &step.action {
            Action::Spawn(spawn) => return self.spawn(step, spawn),
            Action::Handshake {
                who,
                refused,
                or_fails,
            } => self.handshake(step, who, *refused, *or_fails),
            Action::Call(call) => self.call(step, call),
            Action::Await {
                who,
                stdout,
                stderr,
                output,
            } => {
                if let (Some(text), Some(fd)) = (stdout, self.wires(who).stdout) {
                    let text = word(self.case, text);
                    self.say(format!(
                        "hears {who} {fd} {text} || {{ not '{who} does not say it'; finish; }}"
                    ));
                }
                if let Some(text) = stderr {
                    let text = word(self.case, text);
                    self.say(format!(
                        "soon holds \"$sh\"/{who}.err {text} || {{ not '{who} does not say it'; finish; }}"
                    ));
                }
                if output.is_some() {
                    self.leave_out("it reads a terminal");
                }
            }
            Action::Type { .. } => self.leave_out("it types on a terminal"),
            Action::Say { who, line } => match self.wires(who).stdin {
                Some(fd) => {
                    let line = word(self.case, line);
                    self.say(format!("( printf '%s\\n' {line} >&{fd} ) 2>/dev/null"));
                }
                None => self.leave_out("its input is no pipe"),
            },
            Action::Unwatch { .. } => {}
            Action::Signal { who, signal } => {
                let name = signal_name(*signal);
                self.say(format!("kill -s {name} \"${}\" 2>/dev/null", variable(who)));
            }
            Action::CloseStdin { who } => match self.wires(who).stdin {
                Some(fd) => self.say(format!("exec {fd}>&-")),
                None => self.leave_out("it hangs up a terminal"),
            },
            Action::Wait { who } => {
                let wait = self.waiting(who);
                self.say(format!("{wait} || {{ not '{who} ends'; finish; }}"));
                self.forget(step, who);
            }
            // Without `command` a shell ends where exec cannot open a file.
            Action::Hold { name, path, lock } => {
                let fd = self.descriptor(step)?;
                let file = super::word::path(self.case, path);
                let how = match lock {
                    LockKind::Exclusive => "-x",
                    LockKind::Shared => "-s",
                };
                self.kept.insert(format!("hold {name}"), fd);
                self.say(format!(
                    "command exec {fd}<{file} && flock -n {how} {fd} || stuck 'locking a file'"
                ));
            }
            Action::Release { name } => self.close(&format!("hold {name}")),
            Action::Open { name, path } => {
                let fd = self.descriptor(step)?;
                let file = super::word::path(self.case, path);
                self.kept.insert(format!("open {name}"), fd);
                self.say(format!(
                    "command exec {fd}<{file} || stuck 'opening a file'"
                ));
            }
            Action::Change(change) => self.change(change),
            Action::Mount(_) | Action::Umount { .. } => {
                self.leave_out("it mounts, in a namespace of its own");
            }
            Action::Inject(injection) => match &injection.what {
                Injected::Fail { .. } => self.leave_out("it has a system call fail"),
                Injected::Delay { .. } => self.leave_out("it has a system call made later"),
                Injected::Strike { .. } => {
                    self.leave_out("it sends a signal at a certain system call");
                }
                Injected::Pause { steps } => {
                    self.leave_out("it holds a system call while other steps are done");
                    let starts = |step: &Step| matches!(step.action, Action::Spawn(_));
                    if steps.iter().any(starts) {
                        self.comment("What follows is about what those steps start.");
                        self.over = true;
                    }
                }
            },
            Action::NeverCreated { path } => self.never_created(step, path),
            Action::ExpectProcess(expect) => self.expect_process(step, expect),
            Action::ExpectFs(ExpectFs::Unchanged {
                path,
                since,
                except,
            }) => self.unchanged(step, path.as_ref(), since, except),
            Action::ExpectFs(ExpectFs::Facts(facts)) => self.facts(step, facts),
            Action::ExpectLock(expect) => self.lock(step, expect),
            Action::ExpectCalls(_) => {
                self.comment("Not said here: which system calls were made.");
            }
        }
        Ok(())
    }

    fn spawn(&mut self, step: &Step, spawn: &Spawn) -> Result<(), NoScript> {
        let who = &spawn.handle;
        if spawn.terminal != Streams::all(false) {
            self.comment("A terminal cannot be said in a shell: it gets pipes.");
            self.say("left_out=1");
        }
        if spawn.same_pid_as.is_some() {
            self.comment(
                "The very pid of another cannot be said in a shell: it gets one of its own. A step that cannot be done is a failure all the same.",
            );
            self.say("other_pid=1");
        }
        if spawn.own_pid_namespace {
            self.comment("A pid namespace of its own cannot be said in a shell.");
            self.say("left_out=1");
        }
        let wires = Wires {
            stdin: match spawn.stdin {
                StdinKind::Pipe => Some(self.descriptor(step)?),
                StdinKind::Null => None,
            },
            stdout: match self.is_read(who) {
                true => Some(self.descriptor(step)?),
                false => None,
            },
        };
        let variable = variable(who);
        let input = match wires.stdin {
            Some(_) => format!("\"$sh\"/{who}.in"),
            None => "/dev/null".to_owned(),
        };
        let mut fifos = format!("\"$sh\"/{who}.pipe");
        if wires.stdin.is_some() {
            fifos.push_str(&format!(" {input}"));
        }
        self.say(format!("mkfifo {fifos}; : >\"$sh\"/{who}.out"));
        let closed = self.closed();
        if wires.stdout.is_none() {
            // In time it is read to its end by somebody else.
            self.say(format!(
                "timeout \"$patience\" cat \"$sh\"/{who}.pipe >\"$sh\"/{who}.out{closed} & {variable}_reader=$!; readers=\"$readers $!\""
            ));
        }
        let mut limits = String::new();
        if let Some(files) = spawn.limits.open_files {
            limits.push_str(&format!(" && ulimit -n {files}"));
        }
        if spawn.limits.file_size.is_some() {
            self.leave_out(
                "the limit on the size of files, which would hold for the file with what it says",
            );
        }
        let umask = spawn.umask.unwrap_or(0o022);
        let command = self.command(spawn);
        self.say(format!(
            "( cd \"$cwd\" && umask {umask:04o}{limits} && {command} ) <{input} >\"$sh\"/{who}.pipe 2>\"$sh\"/{who}.err{closed} &"
        ));
        self.say(format!("{variable}=$!; started=\"$started $!\""));
        let mut opened = String::new();
        if let Some(fd) = wires.stdin {
            opened.push_str(&format!(" {fd}>{input}"));
        }
        if let Some(fd) = wires.stdout {
            opened.push_str(&format!(" {fd}<\"$sh\"/{who}.pipe"));
        }
        if !opened.is_empty() {
            self.say(format!("exec{opened}"));
        }
        self.wires.insert(who.clone(), wires);
        Ok(())
    }

    /// What the process becomes, in the environment of the world.
    fn command(&mut self, spawn: &Spawn) -> String {
        let cast = self.cast;
        let of = match &spawn.subject {
            Some(name) => cast.beside.get(name).unwrap_or(cast.judged),
            None => cast.judged,
        };
        let suite = |name: &str| vec!["@self".to_owned(), cast.role.to_owned(), name.to_owned()];
        let program: Vec<String> = match &spawn.role {
            Role::Server => of.server.clone(),
            Role::Cli => of.cli.clone(),
            Role::Fixture(name) => {
                self.comment("A program of pidproof itself.");
                suite(name)
            }
            Role::Tool(name) => vec![name.clone()],
        };
        let mut words = vec!["world".to_owned()];
        if let Some(uid) = spawn.uid.filter(|uid| *uid != SUBJECT_UID) {
            self.comment("As another user, which only root can.");
            self.say("[ \"$(id -u)\" = 0 ] || left_out=1");
            words = vec![format!(
                "as=${{as:+setpriv --reuid {uid} --regid {uid} --clear-groups}} && world"
            )];
        }
        let interrupts = self.case.steps.iter().any(|step| {
            matches!(&step.action, Action::Signal { who, signal }
                if *who == spawn.handle && [libc::SIGINT, libc::SIGQUIT].contains(signal))
        });
        let gone: Vec<&String> = spawn
            .env
            .iter()
            .filter_map(|(name, value)| value.is_none().then_some(name))
            .collect();
        if interrupts || !gone.is_empty() {
            words.push("env".into());
        }
        if interrupts {
            // A shell has what it puts into the background ignore both.
            words.push("--default-signal=INT,QUIT".into());
        }
        for name in gone {
            words.push(format!("-u {}", quoted(name)));
        }
        for (name, value) in &of.env {
            words.push(format!("{name}={}", quoted(value)));
        }
        for (name, value) in &spawn.env {
            if let Some(value) = value {
                words.push(format!("{name}={}", word(self.case, value)));
            }
        }
        if let Some(first) = program.first() {
            let first = if first == "@self" { cast.exe } else { first };
            if first.contains('/') {
                self.programs.insert(first.to_owned());
            }
        }
        for part in &program {
            words.push(quoted(if part == "@self" { cast.exe } else { part }));
        }
        words.extend(spawn.args.iter().map(|arg| word(self.case, arg)));
        words.join(" ")
    }

    fn handshake(&mut self, step: &Step, who: &str, refused: bool, or_fails: bool) {
        let Wires {
            stdin: Some(to),
            stdout: Some(from),
        } = self.wires(who)
        else {
            return self.leave_out("it has no pipes to speak through");
        };
        let rule = quoted(&format!("{}: {who}", step.rule));
        let initialize = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2024-11-05",
            "capabilities": {},
            "clientInfo": {"name": "sh", "version": "1"},
        }});
        self.send(to, &initialize.to_string());
        if refused {
            self.say(format!("answered=0; answer {who} {from} || answered=$?"));
            self.say("case $answered in");
            self.say(format!("1) ok {rule}' ends without answering';;"));
            self.say(format!(
                "0) not {rule}' answers, and should have refused to start'; : >\"$sh\"/{who}.late;;"
            ));
            self.say(format!(
                "*) not {rule}' neither answers nor ends'; : >\"$sh\"/{who}.late;;"
            ));
            return self.say("esac");
        }
        let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        let tools = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}});
        self.say(format!("if answer {who} {from}; then"));
        self.send(to, &initialized.to_string());
        self.send(to, &tools.to_string());
        self.say("fi");
        let served = format!("{}_served", variable(who));
        self.say("case $answer in");
        self.say(format!(
            "*'\"result\"'*) {served}=1; answer {who} {from} || {{ not {rule}' answers tools/list'; finish; }}"
        ));
        self.say(format!("  ok {rule}' answers the handshake';;"));
        if or_fails {
            let wait = self.waiting(who);
            self.say(format!(
                "*) {wait} && status=$(cat \"$sh\"/{who}.status) && [ \"$status\" -gt 0 ] && [ \"$status\" -lt 128 ] && [ -s \"$sh\"/{who}.err ] ||"
            ));
            self.say(format!(
                "    {{ not {rule}' answers the handshake, or fails and says why'; finish; }}"
            ));
            self.say(format!("  {served}=0; ok {rule}' fails and says why';;"));
        } else {
            self.say(format!("*) not {rule}' answers the handshake'; finish;;"));
        }
        self.say("esac");
    }

    fn call(&mut self, step: &Step, call: &Call) {
        let who = &call.who;
        let Wires {
            stdin: Some(to),
            stdout: Some(from),
        } = self.wires(who)
        else {
            return self.leave_out("it has no pipes to speak through");
        };
        let request = json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {
            "name": call.tool, "arguments": call.arguments,
        }});
        self.send(to, &request.to_string());
        let what = quoted(&format!("{}: {who}: {}", step.rule, call.tool));
        self.say(format!(
            "answer {who} {from} || {{ not {what}' is answered'; finish; }}"
        ));
        let (good, bad) = match (call.ok, call.or_fails) {
            (_, true) => ("ok", "ok"),
            (true, false) => ("ok", "not"),
            (false, false) => ("not", "ok"),
        };
        let wanted = if call.ok { "succeeds" } else { "fails" };
        self.say("case $(printf %s \"$answer\" | tr -d ' ') in");
        self.say(format!(
            "*'\"isError\":true'*|*'\"error\":'*) {bad} {what}' {wanted}';;"
        ));
        self.say(format!("*) {good} {what}' {wanted}';;"));
        self.say("esac");
        for part in &call.contains {
            let part = word(self.case, part);
            self.say(format!(
                "case $answer in *{part}*) ok {what}' holds the text';; *) not {what}' holds the text';; esac"
            ));
        }
    }

    fn send(&mut self, to: u8, message: &str) {
        // In a shell of its own, which the end of the reader may end.
        self.say(format!(
            "( printf '%s\\n' {} >&{to} ) 2>/dev/null",
            quoted(message)
        ));
    }

    pub(super) fn wires(&self, who: &str) -> Wires {
        self.wires.get(who).copied().unwrap_or(Wires {
            stdin: None,
            stdout: None,
        })
    }

    /// The command that waits for the end of a process.
    pub(super) fn waiting(&self, who: &str) -> String {
        let variable = variable(who);
        match self.wires(who).stdout {
            Some(fd) => format!("ended {who} \"${variable}\" {fd}"),
            None => format!("ended {who} \"${variable}\" - \"${{{variable}_reader-}}\""),
        }
    }

    /// Nothing is said to a process that has ended, nor read from it: its descriptors serve others.
    pub(super) fn forget(&mut self, step: &Step, who: &str) {
        // Where it may not have come to this, they stay.
        if step.when.is_some() {
            return;
        }
        let Some(wires) = self.wires.get_mut(who) else {
            return;
        };
        let gone: Vec<u8> = [wires.stdin.take(), wires.stdout.take()]
            .into_iter()
            .flatten()
            .collect();
        if !gone.is_empty() {
            let closed: String = gone.iter().map(|fd| format!(" {fd}>&-")).collect();
            self.say(format!("exec{closed}"));
            self.free.extend(gone);
        }
    }

    fn close(&mut self, key: &str) {
        if let Some(fd) = self.kept.remove(key) {
            self.say(format!("exec {fd}>&-"));
            self.free.insert(fd);
        }
    }
}

fn signal_name(signal: i32) -> &'static str {
    SIGNALS
        .iter()
        .find(|(_, number)| *number == signal)
        .map_or("TERM", |(name, _)| name)
}
