//! Mistakes that only show in some orders: an exploration finds each, and its order shows it each time.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::fs;

use assert_cmd::Command;

fn pidproof(args: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .args(args)
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), told + &error)
}

/// The defect is found, as breaking this rule first, in an order that replays.
fn is_found(defect: &str, exploration: &str, rule: &str) {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().to_str().unwrap();
    let subject = format!("defect:{defect}");
    let subject = ["--subject", &subject, "--findings", "1", "--write", to];
    let (code, told) = pidproof(&[&["explore", exploration], &subject[..]].concat());
    assert_eq!(code, Some(1), "{told}");
    let found = format!("\n  {rule}: ");
    assert!(told.contains(&found), "{told}");
    let mut files = fs::read_dir(dir.path()).unwrap();
    let file = files.next().unwrap().unwrap().path();
    let (code, told) = pidproof(&["replay", file.to_str().unwrap(), "--times", "3"]);
    assert_eq!(code, Some(1), "{told}");
    assert!(
        told.ends_with("3 times: 3 broke a rule, 0 went another way\n"),
        "{told}"
    );
}

macro_rules! races {
    ($($name:ident: $defect:literal in $exploration:literal breaks $rule:literal;)*) => {
        $(#[test]
        fn $name() {
            is_found($defect, $exploration, $rule);
        })*
    };
}

races! {
    truncates_before_locking: "truncates-before-locking" in "two-servers-start" breaks "PID-4";
    never_locks: "never-locks" in "two-servers-start" breaks "PID-12";
    loser_writes_its_pid: "loser-writes-its-pid" in "two-servers-start" breaks "PID-4";
    looks_then_makes: "looks-then-makes" in "two-servers-start" breaks "PID-4";
    begins_with_an_empty_dir: "begins-with-an-empty-dir" in "two-servers-start" breaks "PID-4";
    a_secondary_empties_the_pidfile: "a-secondary-empties-the-pidfile" in "two-servers" breaks "PID-4";
    unlinks_at_any_end: "unlinks-at-any-end" in "two-servers" breaks "PID-4";
    lets_go_before_it_unlinks: "lets-go-before-it-unlinks" in "ending-and-starting" breaks "PID-4";
    never_looks_again: "never-looks-again-at-what-it-locked" in "ending-and-starting" breaks "PID-12";
    no_look_after_the_lock: "no-look-after-the-lock" in "ending-and-starting" breaks "PID-12";
    no_look_after_the_wait: "no-look-after-the-wait" in "ending-and-starting" breaks "PID-12";
    never_promoted: "never-promoted" in "ending-and-starting" breaks "PID-12";
    does_not_look_again: "does-not-look-again" in "server-and-uninstall" breaks "UNI-14";
    works_without_locks: "works-without-locks" in "server-and-uninstall" breaks "UNI-14";
    finds_only_the_primary: "finds-only-the-primary" in "server-and-uninstall" breaks "UNI-14";
    lets_the_legacy_lock_go: "lets-the-legacy-lock-go" in "server-and-uninstall" breaks "UNI-14";
    no_legacy_step: "no-legacy-step" in "server-and-uninstall" breaks "UNI-14";
    tidies_up_before_it_refuses: "tidies-up-before-it-refuses" in "ending-and-uninstall" breaks "UNI-14";
}
