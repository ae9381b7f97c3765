//! Orders of a few calls, as scenarios.

use super::*;
use crate::orders::{Line, Place};

const EXPLORATION: &str = r#"title = "what is explored"
rules = ["PID-4", "PID-12"]

[explore]
pidfile = "${pidfile}"
state   = "${state_dir}"

[[explore.actor]]
spawn = "one"
role  = "server"
until = "terminated"

[[explore.actor]]
spawn = "mm"
role  = "cli"
args  = ["uninstall", "-y"]

[[step]]
mkdir = "${state_dir}"
"#;

/// An order of calls, each by its actor and its word.
fn ran(calls: &[(u8, &str)], answered: &[(u8, usize)]) -> Ran {
    let line = |(&(actor, text), after): (&(u8, &str), usize)| Line {
        actor,
        after,
        is_step: true,
        text: text.to_owned(),
        place: (text != "read").then(|| Place {
            call: text.to_owned(),
            path: "${pidfile}".to_owned(),
            nth: 2,
        }),
    };
    Ran {
        lines: calls.iter().zip(1..).map(line).collect(),
        answered: answered.to_vec(),
        ..Ran::broken(String::new())
    }
}

fn written(ran: &Ran, ask: Ask, after: usize) -> Result<String, NoScript> {
    let finding = Finding {
        rule: "PID-4".to_owned(),
        what: "it is empty".to_owned(),
        after,
        ask,
    };
    let names = ["one".to_owned(), "mm".to_owned()];
    script(EXPLORATION, &names, ran, &finding)
}

#[test]
fn who_is_interrupted_is_held_while_the_other_runs() {
    let calls = [
        (0, "open"),
        (1, "stat"),
        (1, "unlink"),
        (0, "lock"),
        (0, "write"),
        (0, "unlink"),
    ];
    let text = written(&ran(&calls, &[(0, 5)]), Ask::Primary(0), 5).unwrap();
    let expected = r#"title = "it is empty"
rules = ["PID-4"]

[[step]]
mkdir = "${state_dir}"

[[step]]
pause = "one-1"
of = "one"
call = "lock"
path = "${pidfile}"
nth = 2
if-called = true
do = [{ spawn = "mm", role = "cli", args = ["uninstall", "-y"] }, { wait = "mm" }]

[[step]]
spawn = "one"
role = "server"

[[step]]
handshake = "one"

[[step]]
expect-fs = "${pidfile}"
line = "${one.pid}"
eventually = true

[[step]]
expect-lock = "${pidfile}"
held = "exclusive"
by = "one"
eventually = true

[[step]]
signal = "one"
send = "TERM"

[[step]]
wait = "one"
"#;
    let lines = |text: &str| {
        text.lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect::<Vec<_>>()
    };
    assert_eq!(lines(&text), lines(expected));
}

/// Whoever was wronged was started while another was held: a right one may refuse then.
#[test]
fn a_server_that_is_started_meanwhile_may_refuse() {
    let calls = [(1, "stat"), (0, "open"), (0, "lock"), (1, "unlink")];
    let stays = Ask::Stays("${pidfile}".to_owned(), false, 0);
    let text = written(&ran(&calls, &[(0, 3)]), stays, 4).unwrap();
    assert!(
        text.contains("{ handshake = \"one\", or-fails = true }"),
        "{text}"
    );
    assert!(
        text.contains("type = \"file\"\nif-served = \"one\"\n"),
        "{text}"
    );
    assert!(
        text.contains("exit = \"nonzero\"\nif-failed = \"one\"\n"),
        "{text}"
    );
}

#[test]
fn what_no_pause_can_say_is_told() {
    let why = |calls: &[(u8, &str)]| {
        let written = written(&ran(calls, &[(0, 9)]), Ask::NoPidfile, 3);
        written.unwrap_err().to_string()
    };
    let turns = [
        (0, "open"),
        (1, "stat"),
        (0, "lock"),
        (1, "unlink"),
        (0, "write"),
    ];
    assert!(why(&turns).starts_with("one goes on while mm is held for it"));
    assert_eq!(
        why(&[(0, "open"), (1, "stat"), (0, "read")]),
        "one is held at `read`, at which a scenario holds nobody"
    );
    assert_eq!(why(&[(0, "open"), (1, "is killed")]), "mm is killed in it");
    let ran = ran(&[(0, "open")], &[(0, 1)]);
    assert!(matches!(written(&ran, Ask::Nothing, 1), Err(NoScript::Ask)));
    // Nothing of it is known in another file.
    let finding = Finding {
        rule: "PID-4".to_owned(),
        what: String::new(),
        after: 1,
        ask: Ask::NoPidfile,
    };
    let no = script("title = \"x\"\n", &[], &ran, &finding);
    assert!(matches!(no, Err(NoScript::Exploration(_))));
}
