//! Steps that are not for every run: what is started while a call is held, and what is only asked where a start, a
//! call or an end came to something. The reference is the subject.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::fs;

use assert_cmd::Command;

const START: &str = "[[step]]\nspawn = \"s\"\nrole = \"server\"\n[[step]]\nhandshake = \"s\"\n";
const END: &str = "[[step]]\nclose-stdin = \"s\"\n[[step]]\nwait = \"s\"\n";

/// Runs a scenario of these steps, and expects this exit status and these words.
fn comes_to(steps: &str, code: i32, words: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("it.toml");
    fs::write(
        &file,
        format!("title = \"a trial\"\nrules = [\"PID-1\"]\n{steps}"),
    )
    .unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .env_remove("CI")
        .env_remove("GITHUB_ACTIONS")
        .arg("run")
        .arg(&file)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{text}");
    for part in words {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
}

/// Another server comes to live while the first one makes its directory.
const HELD: &str = "[[step]]\npause = \"window\"\nof = \"s\"\ncall = \"mkdir\"\npath = \"${runtime_dir}\"\n\
     do = [{ spawn = \"other\", role = \"server\" }, { handshake = \"other\" }]\n";

#[test]
fn what_is_started_while_a_call_is_held_can_be_spoken_of_later() {
    let steps = |exit: i32| {
        format!(
            "{HELD}{START}[[step]]\nexpect-lock = \"${{pidfile}}\"\nheld = \"exclusive\"\nby = \"other\"\n\
             [[step]]\nclose-stdin = \"other\"\n[[step]]\nexpect = \"other\"\nexit = {exit}\n"
        )
    };
    comes_to(&steps(0), 0, &["1 passed"]);
    comes_to(&steps(7), 1, &["FAIL it", "exit status 7"]);
}

#[test]
fn before_a_call_is_held_nothing_that_is_started_meanwhile_is_there() {
    let early = format!("{HELD}[[step]]\nsignal = \"other\"\nsend = \"TERM\"\n{START}");
    comes_to(
        &early,
        3,
        &[
            "it.toml:10: no process `other` was started: that is done while a call is held, and none was by this \
             step; `window` never came about: s made 0 of 1 calls of mkdir ${runtime_dir}",
        ],
    );
    // What no held call starts is missing in the control run too.
    let never =
        format!("{HELD}{START}[[step]]\nspawn = \"t\"\nrole = \"server\"\nif-failed = \"u\"\n");
    comes_to(&never, 2, &["unknown process", "`u`"]);
}

#[test]
fn a_step_may_be_for_a_call_that_succeeded() {
    let call = |tool: &str, or_fails: bool| {
        format!(
            "{START}[[step]]\ncall = \"s\"\ntool = \"{tool}\"\narguments = {{ content = \"one\" }}\n\
             or-fails = {or_fails}\n[[step]]\nexpect-fs = \"${{pidfile}}\"\nif-succeeded = \"call:s\"\n\
             type = \"absent\"\n{END}"
        )
    };
    comes_to(
        &call("mem_add", true),
        1,
        &["FAIL it", "server.pid: absent"],
    );
    comes_to(&call("no_such_tool", true), 0, &["1 passed"]);
    comes_to(
        &call("mem_add", false),
        2,
        &["unknown call (a step before this one, with `or-fails = true`) `call:s`"],
    );
}

#[test]
fn a_step_may_be_for_who_made_a_call() {
    let made = |call: &str| {
        format!(
            "{START}[[step]]\nexpect-fs = \"${{pidfile}}\"\ntype = \"absent\"\n\
             if-made = {{ of = \"s\", call = \"{call}\" }}\n{END}"
        )
    };
    comes_to(&made("lock"), 1, &["FAIL it", "server.pid: absent"]);
    comes_to(&made("symlink"), 0, &["1 passed"]);
    comes_to(
        &made("lok"),
        2,
        &["unknown call `lok`", "did you mean `lock`?"],
    );
    let both = made("lock").replace("if-made", "if-served = \"s\"\nif-made");
    comes_to(&both, 2, &["`if-served` and `if-made` exclude each other"]);
}

#[test]
fn a_lock_may_be_at_one_of_several_paths() {
    let lock = |at: &str, or_at: &str| {
        format!(
            "{START}[[step]]\nexpect-lock = \"{at}\"\nor-at = [\"{or_at}\"]\nheld = \"exclusive\"\nby = \"s\"\n{END}"
        )
    };
    let other = "${temp_form}/server.pid";
    comes_to(&lock(other, "${pidfile}"), 0, &["1 passed"]);
    comes_to(&lock("${pidfile}", other), 0, &["1 passed"]);
    comes_to(
        &lock(other, "${cwd}/nowhere"),
        1,
        &[
            "server.pid or ${cwd}/nowhere: ",
            "; ${cwd}/nowhere: No such file",
        ],
    );
    let free = lock("${pidfile}", other).replace("\"exclusive\"\nby = \"s\"", "\"none\"");
    comes_to(&free, 2, &["only of a held lock"]);
}

#[test]
fn words_may_be_judged_for_one_kind_of_end() {
    let words = |exit: &str| {
        format!(
            "{START}{END}[[step]]\nexpect = \"s\"\nif-exit = {exit}\nstderr.contains = [\"never said\"]\n"
        )
    };
    comes_to(&words("\"nonzero\""), 0, &["1 passed"]);
    comes_to(&words("0"), 1, &["FAIL it", "never said"]);
    let both = words("0").replace("if-exit", "exit = 0\nif-exit");
    comes_to(&both, 2, &["`if-exit` is for what is asked of the output"]);
}
