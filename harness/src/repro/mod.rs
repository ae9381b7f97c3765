//! A case as a shell script: the same steps without pidproof, for whoever has a shell and a doubt.
//!
//! [`script`] is where it begins. What no shell can do is said in a comment where it would stand.

mod changes;
mod checks;
mod prelude;
mod steps;
mod word;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::engine::Commands;
use crate::scenario::model::{Action, Case, Step, Tier, When};
use crate::world::{PATH, SUBJECT_UID};
use word::{quoted, variable, word};

/// Whose programs the script starts.
#[derive(Debug)]
pub struct Cast<'a> {
    /// What the subject is called.
    pub subject: &'a str,
    /// The judged subject.
    pub judged: &'a Commands,
    /// The others, by their names in the case.
    pub beside: &'a BTreeMap<String, Commands>,
    /// This executable, for programs of the suite.
    pub exe: &'a str,
    /// What comes before the name of one.
    pub role: &'a str,
}

/// Why there is no script of a case.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NoScript {
    /// A point of a sweep, or a sweep.
    #[error("what is done at a system call cannot be said in a shell, and a sweep is nothing else")]
    Sweep,
    /// A shell has descriptors of one digit.
    #[error(
        "line {0}: the case has more processes and locks at once than a POSIX shell has descriptors for"
    )]
    Crowded(usize),
}

/// How a process is heard.
#[derive(Debug, Clone, Copy)]
struct Wires {
    /// Where its input is written to.
    stdin: Option<u8>,
    /// Where its output is read, by the script itself.
    stdout: Option<u8>,
}

/// A script being written.
struct Script<'a> {
    case: &'a Case,
    cast: &'a Cast<'a>,
    out: String,
    /// Descriptors that are free, and the use of each that is not.
    free: BTreeSet<u8>,
    wires: BTreeMap<String, Wires>,
    /// Held locks and inodes kept open.
    kept: BTreeMap<String, u8>,
    /// What is judged when all processes have ended.
    at_the_end: String,
    /// What is executed.
    programs: BTreeSet<String>,
    /// A step was left out that the others need.
    over: bool,
}

/// The script of a case.
///
/// # Errors
/// Why there is none.
pub fn script(case: &Case, cast: &Cast<'_>, rerun: &str) -> Result<String, NoScript> {
    if case.sweep.is_some() || case.text.is_some() {
        return Err(NoScript::Sweep);
    }
    let mut script = Script {
        case,
        cast,
        out: String::new(),
        free: (3..=8).collect(),
        wires: BTreeMap::new(),
        kept: BTreeMap::new(),
        at_the_end: String::new(),
        programs: BTreeSet::new(),
        over: false,
    };
    for step in &case.steps {
        script.step(step)?;
        if script.over {
            break;
        }
    }
    Ok(script.whole(rerun))
}

impl<'a> Script<'a> {
    fn whole(self, rerun: &str) -> String {
        let Self {
            case,
            cast,
            out,
            at_the_end,
            programs,
            ..
        } = self;
        let mut head = String::new();
        let line = |head: &mut String, text: &str| {
            head.push_str(text);
            head.push('\n');
        };
        line(&mut head, "#!/bin/sh");
        line(&mut head, &format!("# {}: {}", case.id, case.title));
        line(
            &mut head,
            &format!("# Judges {} of {}.", case.rules.join(", "), cast.subject),
        );
        line(&mut head, &format!("# With pidproof: {rerun}"));
        line(
            &mut head,
            "# Needs a POSIX shell, GNU coreutils and find, and flock of util-linux. Exits 1 where anything is not as expected,",
        );
        line(&mut head, "# and 2 where it cannot tell.");
        head.push_str("set -u\numask 022\n");
        head.push_str("patience=${PATIENCE:-20}\n");
        head.push_str("world=$(mktemp -d) && world=$(cd \"$world\" && pwd -P) || exit 2\n");
        head.push_str(prelude::ALWAYS);
        let code = format!("{at_the_end}{out}");
        head.push_str(&prelude::helpers(&code));
        head.push_str(&self_uid(&programs));
        let _: std::fmt::Result = write!(
            head,
            "other_uid={}\nsh=$world/script home=$world/home/user xdg=$world/run/user/$uid \
             system_tmp=$world/tmp tmp=$world/tmp/session cwd=$world/work\nnl='\n'\n\
             mkdir -p \"$sh\" \"$home\" \"$xdg\" \"$tmp\" \"$cwd\"\nchmod 0755 \"$world\"; chmod 0700 \"$xdg\"; chmod 1777 \"$system_tmp\"\n\
             [ -z \"$as\" ] || chown \"$uid:$gid\" \"$home\" \"$xdg\" \"$tmp\" \"$cwd\"\n",
            crate::world::OTHER_UID
        );
        match case.needs {
            Tier::Plain => {}
            // It is for the pid that it needs them.
            Tier::Namespaces if takes_a_pid(case) => {}
            Tier::Namespaces => head.push_str(
                "# Left out: namespaces with a /tmp and a /run/user of their own. A program that does not ask TMPDIR uses the real ones.\n\
                 left_out=1\n",
            ),
            Tier::Ids => head.push_str(
                "# Left out, but for root: files and processes of somebody else.\n\
                 [ \"$(id -u)\" = 0 ] && [ -n \"$as\" ] || left_out=1\n",
            ),
        }
        head.push_str(&environment(case));
        head.push_str("at_the_end() {\n  :\n");
        head.push_str(&at_the_end);
        head.push_str("}\n");
        head.push_str(&out);
        head.push_str("\nfinish\n");
        head
    }

    /// A line of the script.
    fn say(&mut self, text: impl AsRef<str>) {
        self.out.push_str(text.as_ref());
        self.out.push('\n');
    }

    fn comment(&mut self, text: &str) {
        self.say(format!("# {text}"));
    }

    /// A step that no shell can do.
    fn leave_out(&mut self, why: &str) {
        self.comment(&format!("Left out: {why}."));
        self.say("left_out=1");
    }

    fn step(&mut self, step: &Step) -> Result<(), NoScript> {
        self.say("");
        self.comment(&format!("{}:{}: {}", self.case.file, step.line, step.text));
        if step.snapshot {
            self.say(format!(
                "look | sort >\"$sh\"/before.{}",
                snapshot(&step.label)
            ));
        }
        match &step.when {
            Some(When::Start { who, served }) => {
                let is = if *served { "1" } else { "0" };
                self.say(format!("if [ \"${}_served\" = {is} ]; then", variable(who)));
            }
            Some(When::Succeeded { .. } | When::Made { .. }) => {
                self.leave_out("a step that depends on what a call came to");
                return Ok(());
            }
            None => {}
        }
        self.action(step)?;
        if step.when.is_some() {
            self.say("fi");
        }
        Ok(())
    }

    /// A free descriptor.
    fn descriptor(&mut self, step: &Step) -> Result<u8, NoScript> {
        self.free.pop_first().ok_or(NoScript::Crowded(step.line))
    }

    /// What a process that is started now must not inherit.
    fn closed(&self) -> String {
        let wires = self.wires.values().flat_map(|w| [w.stdin, w.stdout]);
        let mut all: Vec<u8> = wires.flatten().chain(self.kept.values().copied()).collect();
        all.sort_unstable();
        all.iter().map(|fd| format!(" {fd}>&-")).collect()
    }

    /// Whether a later or earlier step reads what the process says while it runs.
    fn is_read(&self, who: &str) -> bool {
        self.case.steps.iter().any(|step| {
            if let Action::Handshake { who: of, .. } = &step.action {
                of == who
            } else if let Action::Call(call) = &step.action {
                call.who == who
            } else if let Action::Await {
                who: of,
                stdout: Some(_),
                ..
            } = &step.action
            {
                of == who
            } else {
                false
            }
        })
    }
}

/// Whether a process is to have the pid of another that has ended.
fn takes_a_pid(case: &Case) -> bool {
    let takes =
        |step: &Step| matches!(&step.action, Action::Spawn(spawn) if spawn.same_pid_as.is_some());
    case.steps.iter().any(takes)
}

/// The function that becomes a program in the environment of the world.
fn environment(case: &Case) -> String {
    let mut env: BTreeMap<&str, Option<String>> = BTreeMap::new();
    for (name, value) in [
        ("PATH", quoted(PATH)),
        ("HOME", "\"$home\"".into()),
        ("USER", "user".into()),
        ("LOGNAME", "user".into()),
        ("XDG_RUNTIME_DIR", "\"$xdg\"".into()),
        ("TMPDIR", "\"$tmp\"".into()),
        ("COLUMNS", "1000".into()),
        ("LC_ALL", "C.UTF-8".into()),
    ] {
        env.insert(name, Some(value));
    }
    for (name, value) in &case.env {
        env.insert(name, value.as_ref().map(|template| word(case, template)));
    }
    let set: Vec<String> = env
        .iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?)))
        .collect();
    format!(
        "# Becomes a program in the environment of the world, and no other.\nworld() {{ exec $as env -i {} \"$@\"; }}\n",
        set.join(" ")
    )
}

/// Who the subject is: whoever runs the script, but not root, whom no mode stops.
fn self_uid(programs: &BTreeSet<String>) -> String {
    let tests: Vec<String> = programs
        .iter()
        .map(|program| format!("$as test -x {}", quoted(program)))
        .collect();
    let able = match tests.is_empty() {
        true => ":".to_owned(),
        false => tests.join(" && "),
    };
    format!(
        "\nuid=$(id -u) gid=$(id -g) as=\n\
         if [ \"$uid\" = 0 ]; then\n  \
         as='setpriv --reuid {SUBJECT_UID} --regid {SUBJECT_UID} --clear-groups'\n  \
         if {able}; then uid={SUBJECT_UID} gid={SUBJECT_UID}\n  \
         else echo 'root runs it, whom modes do not stop: somebody else cannot start the programs' >&2; as=; fi\n\
         fi\n"
    )
}

/// The name of a snapshot's file.
fn snapshot(label: &str) -> String {
    let good = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    label.chars().map(good).collect()
}
