//! The self-test as a person meets it. That the suite catches every defect is `pidproof self-test`, in CI.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use assert_cmd::Command;

fn self_test(args: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .arg("self-test")
        .args(args)
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn it_lists_its_defects_and_knows_no_others() {
    let (code, listed, _) = self_test(&["--list"]);
    assert_eq!(code, Some(0));
    assert!(listed.contains("unlinks-by-name  [END-6]"), "{listed}");
    let (code, _, error) = self_test(&["unlinks-by-nam"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("did you mean `unlinks-by-name`?"), "{error}");
}

#[test]
fn it_says_which_rule_caught_a_defect_where() {
    let (code, told, _) = self_test(&["unlinks-by-name"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(
        told.contains("unlinks-by-name  END-6 by end.foreign-"),
        "{told}"
    );
    assert!(
        told.lines()
            .last()
            .unwrap()
            .starts_with("1 of 1 defects caught"),
        "{told}"
    );
}
