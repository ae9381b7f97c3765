//! The steps that judge, as far as a shell can.

use super::word::{path, printed, quoted, variable, word};
use super::{Script, snapshot};
use crate::scenario::model::{
    ExpectEnd, ExpectLock, ExpectProcess, FileKind, FsFacts, Held, LockKind, LockOn, Step,
    TextChecks,
};
use crate::scenario::template::Template;
use crate::world::{OTHER_UID, SUBJECT_UID};

impl Script<'_> {
    /// `ok` where a command succeeds, and else that it is not as expected.
    fn judge(&mut self, step: &Step, command: &str, what: &str) {
        let text = quoted(&format!("{}: {what}", step.rule));
        self.say(format!("if {command}; then ok {text}; else not {text}; fi"));
    }

    pub(super) fn never_created(&mut self, step: &Step, at: &Template) {
        self.comment("A shell sees what is there at the end, and not what came and went.");
        let flag = format!("watched_{}", step.line);
        self.say(format!("{flag}=1"));
        let at = path(self.case, at);
        let text = quoted(&format!("{}: is never created: ", step.rule));
        self.at_the_end.push_str(&format!(
            "  [ -z \"${{{flag}-}}\" ] || if [ -e {at} ] || [ -L {at} ]; then not {text}{at}; else ok {text}{at}; fi\n"
        ));
    }

    pub(super) fn expect_process(&mut self, step: &Step, expect: &ExpectProcess) {
        let ExpectProcess {
            who,
            end,
            if_end,
            stdout,
            stderr,
            output,
        } = expect;
        if if_end.is_some() {
            self.leave_out("a check of words that depends on an exit status");
            return;
        }
        if end == &Some(ExpectEnd::Running) {
            let command = format!("lives \"${}\"", variable(who));
            self.judge(step, &command, &format!("{who} still runs"));
            return self.texts(step, who, [stdout, stderr, output]);
        }
        let text = quoted(&format!("{}: {who}", step.rule));
        let wait = self.waiting(who);
        self.say(format!("if ! {wait}; then not {text}' ends'; else"));
        self.say(format!("status=$(cat \"$sh\"/{who}.status)"));
        if let Some((command, what)) = end.as_ref().and_then(end_as) {
            let what = format!("{who}: {what}");
            self.judge(step, &command, &what);
        }
        self.texts(step, who, [stdout, stderr, output]);
        self.say("fi");
        self.forget(step, who);
    }

    fn texts(&mut self, step: &Step, who: &str, [stdout, stderr, output]: [&TextChecks; 3]) {
        self.text(step, who, "stdout", &format!("\"$sh\"/{who}.out"), stdout);
        self.text(step, who, "stderr", &format!("\"$sh\"/{who}.err"), stderr);
        if !output.is_empty() {
            self.say(format!(
                "cat \"$sh\"/{who}.out \"$sh\"/{who}.err >\"$sh\"/{who}.all"
            ));
            self.text(step, who, "output", &format!("\"$sh\"/{who}.all"), output);
        }
    }

    fn text(&mut self, step: &Step, who: &str, stream: &str, file: &str, checks: &TextChecks) {
        let TextChecks {
            contains,
            once,
            lacks,
            equals,
            ends_with,
            max_lines,
            no_control,
        } = checks;
        let case = self.case;
        for text in contains {
            let text = word(case, text);
            self.judge_text(
                step,
                &format!("holds {file} {text}"),
                &format!("{who}: {stream} holds "),
                &text,
            );
        }
        for text in once {
            let text = word(case, text);
            self.judge_text(
                step,
                &format!("once {file} {text}"),
                &format!("{who}: {stream} holds once "),
                &text,
            );
        }
        for text in lacks {
            let text = word(case, text);
            self.judge_text(
                step,
                &format!("! holds {file} {text}"),
                &format!("{who}: {stream} lacks "),
                &text,
            );
        }
        if let Some(all) = equals {
            let command = format!("{} | cmp -s - {file}", printed(case, all));
            self.judge_text(
                step,
                &command,
                &format!("{who}: {stream} is "),
                &word(case, all),
            );
        }
        if let Some(end) = ends_with {
            let text = word(case, end);
            let command = format!("case $(cat {file}) in *{text}) :;; *) false;; esac");
            self.judge_text(
                step,
                &command,
                &format!("{who}: {stream} ends with "),
                &text,
            );
        }
        if let Some(most) = max_lines {
            let command = format!("[ \"$(grep -c . {file})\" -le {most} ]");
            self.judge(
                step,
                &command,
                &format!("{who}: {stream} has at most {most} lines"),
            );
        }
        if *no_control {
            let command = format!("! tr -d '\\n\\t' <{file} | LC_ALL=C grep -q '[[:cntrl:]]'");
            self.judge(
                step,
                &command,
                &format!("{who}: {stream} has no control byte"),
            );
        }
    }

    /// As `judge`, with a word of the shell after what is said.
    fn judge_text(&mut self, step: &Step, command: &str, what: &str, word: &str) {
        let text = quoted(&format!("{}: {what}", step.rule));
        self.say(format!(
            "if {command}; then ok {text}{word}; else not {text}{word}; fi"
        ));
    }

    pub(super) fn unchanged(
        &mut self,
        step: &Step,
        root: Option<&Template>,
        since: &str,
        except: &[Template],
    ) {
        let case = self.case;
        let root = root.map_or_else(|| "''".to_owned(), |root| path(case, root));
        let except: Vec<String> = except.iter().map(|p| path(case, p)).collect();
        let except = match except.is_empty() {
            true => "''".to_owned(),
            false => except.join("\"$nl\""),
        };
        self.say("look | sort >\"$sh\"/now");
        let command = format!("same {} {root} {except}", snapshot(since));
        self.judge(
            step,
            &command,
            &format!("nothing has changed since {since}"),
        );
    }

    pub(super) fn facts(&mut self, step: &Step, facts: &FsFacts) {
        let FsFacts {
            path: at,
            kind,
            mode,
            mode_lacks,
            mode_has,
            uid,
            content,
            line,
            entries,
            target,
            same_inode,
            removed_after,
            eventually,
        } = facts;
        let case = self.case;
        let at = path(case, at);
        let soon = if *eventually { "soon " } else { "" };
        let mut checks: Vec<(String, String)> = Vec::new();
        let mut check = |command: String, what: String| checks.push((command, what));
        match kind {
            None => check(format!("{soon}test -e {at} -o -L {at}"), "is there".into()),
            Some(FileKind::Absent) if *eventually => {
                check(
                    format!("soon test ! -e {at} -a ! -L {at}"),
                    "is absent".into(),
                );
            }
            Some(FileKind::Absent) => {
                check(
                    format!("[ ! -e {at} ] && [ ! -L {at} ]"),
                    "is absent".into(),
                );
            }
            Some(kind) => {
                let test = match kind {
                    FileKind::Directory => "-d",
                    FileKind::Symlink => "-L",
                    FileKind::Fifo => "-p",
                    FileKind::Socket => "-S",
                    FileKind::Device => "-c",
                    FileKind::File | FileKind::Absent => "-f",
                };
                let link = if *kind == FileKind::Symlink {
                    String::new()
                } else {
                    format!(" && [ ! -L {at} ]")
                };
                check(
                    format!("{soon}test {test} {at}{link}"),
                    format!("is a {}", kind.word()),
                );
            }
        }
        if let Some(mode) = mode {
            check(
                format!("[ \"$(stat -c %a {at})\" = {mode:o} ]"),
                format!("has mode {mode:04o}"),
            );
        }
        let bits = |bits: &u32| format!("$((0$(stat -c %a {at}) & 0{bits:o}))");
        if let Some(lacks) = mode_lacks {
            check(
                format!("[ {} -eq 0 ]", bits(lacks)),
                format!("has none of the mode bits {lacks:04o}"),
            );
        }
        if let Some(has) = mode_has {
            check(
                format!("[ {} -eq $((0{has:o})) ]", bits(has)),
                format!("has all of the mode bits {has:04o}"),
            );
        }
        if let Some(uid) = uid {
            let uid = match *uid {
                SUBJECT_UID => "\"$uid\"".to_owned(),
                OTHER_UID => "\"$other_uid\"".to_owned(),
                other => other.to_string(),
            };
            check(
                format!("[ \"$(stat -c %u {at})\" = {uid} ]"),
                "has the right owner".into(),
            );
        }
        if let Some(content) = content {
            check(
                format!("{} | cmp -s - {at}", printed(case, content)),
                "has that content".into(),
            );
        }
        if let Some(line) = line {
            let text = word(case, line);
            let wanted = format!("[ \"$(cat {at})\" = {text} ] && [ \"$(wc -l <{at})\" -le 1 ]");
            let wanted = match *eventually {
                true => format!("soon sh -c '[ \"$(cat \"$1\")\" = \"$2\" ]' sh {at} {text}"),
                false => wanted,
            };
            check(wanted, "has that one line".into());
        }
        if let Some(entries) = entries {
            let names: Vec<String> = entries.iter().map(|name| word(case, name)).collect();
            let wanted = match names.is_empty() {
                true => ":".to_owned(),
                false => format!("printf '%s\\n' {} | sort", names.join(" ")),
            };
            check(
                format!("[ \"$(ls -A {at} | sort)\" = \"$({wanted})\" ]"),
                "has exactly those entries".into(),
            );
        }
        if let Some(target) = target {
            check(
                format!("[ \"$(readlink {at})\" = {} ]", word(case, target)),
                "is a link to that".into(),
            );
        }
        if let Some(fd) = same_inode.as_ref().and_then(|name| self.inode(name)) {
            check(
                format!("[ \"$(stat -c %d:%i {at})\" = \"$(stat -Lc %d:%i - <&{fd})\" ]"),
                "is the same inode".into(),
            );
        }
        for (command, what) in checks {
            let text = quoted(&format!("{}: ", step.rule));
            let what = quoted(&format!(" {what}"));
            self.say(format!(
                "if {command}; then ok {text}{at}{what}; else not {text}{at}{what}; fi"
            ));
        }
        if !removed_after.is_empty() {
            self.comment("Not said here: in which order things were removed.");
        }
    }

    fn inode(&self, name: &str) -> Option<u8> {
        self.kept.get(&format!("open {name}")).copied()
    }

    pub(super) fn lock(&mut self, step: &Step, expect: &ExpectLock) {
        let ExpectLock {
            on,
            or_at,
            held,
            by,
            one_as,
            close_on_exec,
            eventually,
        } = expect;
        if !or_at.is_empty() {
            self.leave_out("a lock that may be at one of several paths");
            return;
        }
        let soon = if *eventually { "soon " } else { "" };
        let (at, fd) = match on {
            LockOn::Path(at) => (path(self.case, at), None),
            LockOn::Inode(name) => match self.inode(name) {
                Some(fd) => (format!("/dev/fd/{fd}"), Some(fd)),
                None => return self.comment("Not said here: an inode without a name."),
            },
            LockOn::Former(_) => {
                return self.comment("Not said here: locks on files that have lost their names.");
            }
        };
        if let Some(fd) = fd {
            // Asked through the descriptor itself: what it names may have no path any more.
            let how = match held {
                Held::As(LockKind::Exclusive) => "-s",
                Held::As(LockKind::Shared) | Held::Either | Held::Free => "-x",
            };
            let free = format!("flock -n {how} {fd} && flock -u {fd}");
            return match held {
                Held::Free => self.judge(step, &free, "the lock on that inode is free"),
                Held::As(_) | Held::Either => {
                    self.judge(step, &format!("! {{ {free}; }}"), "the inode is locked");
                }
            };
        }
        let text = |what: &str| (quoted(&format!("{}: ", step.rule)), quoted(what));
        let say = |script: &mut Self, command: String, what: &str| {
            let (rule, what) = text(what);
            script.say(format!(
                "if {command}; then ok {rule}{at}{what}; else not {rule}{at}{what}; fi"
            ));
        };
        match held {
            Held::Free => {
                let free = format!("sh -c '( flock -n -x 9 ) 9<\"$1\"' sh {at}");
                say(self, format!("{soon}{free}"), " is not locked");
            }
            Held::As(LockKind::Exclusive) => {
                say(
                    self,
                    format!("{soon}locked -s {at}"),
                    " is locked exclusively",
                );
            }
            Held::As(LockKind::Shared) => {
                let shared = format!("{soon}locked -x {at} && ! locked -s {at}");
                say(self, shared, " is locked, and shared");
            }
            Held::Either => say(self, format!("{soon}locked -x {at}"), " is locked"),
        }
        if one_as.is_some() {
            self.leave_out("which of them holds it");
        } else {
            for who in by {
                let command = format!("{soon}holder \"${}\" {at}", variable(who));
                say(self, command, &format!(" is locked by {who}"));
            }
        }
        if *close_on_exec {
            self.comment("Not said here: whether its descriptors are closed on exec.");
        }
    }
}

fn one_of(codes: &[i32]) -> (String, String) {
    let all: Vec<String> = codes.iter().map(i32::to_string).collect();
    (
        format!("case $status in {}) :;; *) false;; esac", all.join("|")),
        format!("exit status {}", all.join(" or ")),
    )
}

/// What is asked of `$status`, and in words.
fn end_as(end: &ExpectEnd) -> Option<(String, String)> {
    Some(match end {
        ExpectEnd::Running => return None,
        ExpectEnd::Exit(codes) => one_of(codes),
        // What a shell makes of a signal.
        ExpectEnd::ExitOrSignal(codes, signal) => {
            let mut all = codes.clone();
            all.retain(|code| *code != 128 + signal);
            all.push(128 + signal);
            one_of(&all)
        }
        ExpectEnd::AnyExit => ("[ \"$status\" -lt 128 ]".into(), "ends by itself".into()),
        ExpectEnd::NonZero => (
            "[ \"$status\" -gt 0 ] && [ \"$status\" -lt 128 ]".into(),
            "an exit status other than 0".into(),
        ),
        ExpectEnd::Failure => (
            "[ \"$status\" -gt 0 ]".into(),
            "an exit status other than 0, or a signal".into(),
        ),
        ExpectEnd::Signal(signal) => (
            format!("[ \"$status\" = {} ]", 128 + signal),
            format!("ended by signal {signal}"),
        ),
    })
}
