//! The command in a refusal, run by a real shell, removes exactly the path it was made for.

#![expect(clippy::unwrap_used, reason = "a test ends where its helpers fail")]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Stdio};

use pidkeep::shell::{Target, printable, removal};
use proptest::prelude::*;
use tempfile::TempDir;

fn is_harmless(text: &str) -> bool {
    !text.contains(char::is_control)
}

/// Makes a file of that name and two near misses, removes it as told, and looks what is left.
fn round_trip(name: &[u8], target: Target) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join(OsStr::from_bytes(name));
    match target {
        Target::Entry => fs::write(&path, "").unwrap(),
        Target::Directory => fs::create_dir_all(path.join("inner")).unwrap(),
    }
    let bystander = dir.path().join("bystander of a name that no test makes");
    fs::write(&bystander, "").unwrap();
    let command = removal(&path, target);
    assert!(is_harmless(&command), "{command:?}");
    let shell = Command::new("/bin/sh")
        .args(["-c", &command])
        .current_dir(dir.path())
        .stdin(Stdio::null())
        .status()
        .unwrap();
    assert!(shell.success(), "{command}");
    assert!(
        fs::symlink_metadata(&path).is_err(),
        "still there after {command}"
    );
    assert!(bystander.exists(), "{command}");
}

#[test]
fn awkward_names() {
    for name in [
        &b"plain"[..],
        b"a b",
        b"'",
        b"\"",
        b"$HOME",
        b"`id`",
        b"$(id)",
        b"-rf",
        b"*",
        b"~",
        b"\\",
        b"a\nb",
        b"a\n",
        b"\n",
        b"\n\n",
        b"\x1b[31m",
        b"\xff\xfe",
        b"%s%%",
        b"!",
        b"#",
        b";",
        b"&",
        b"\xc2\x9b",
        b"\x7f",
        "é\u{202e}x".as_bytes(),
        b"a'b\nc\"d$e`f\\g%h!",
    ] {
        round_trip(name, Target::Entry);
        round_trip(name, Target::Directory);
    }
}

#[test]
fn a_plain_path_stands_bare() {
    assert_eq!(
        removal(Path::new("/run/user/7/app"), Target::Directory),
        "rm -rf /run/user/7/app"
    );
    assert_eq!(
        removal(Path::new("/run/user/7/app"), Target::Entry),
        "rm -f /run/user/7/app"
    );
    assert_eq!(removal(Path::new("-x"), Target::Entry), "rm -f ./-x");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_name(name in proptest::collection::vec(1_u8.., 1..40)) {
        prop_assume!(!name.contains(&b'/') && name != b"." && name != b"..");
        round_trip(&name, Target::Entry);
    }

    #[test]
    fn no_control_character_is_printed(name in proptest::collection::vec(any::<u8>(), 0..40)) {
        let text = printable(Path::new(OsStr::from_bytes(&name))).into_owned();
        prop_assert!(is_harmless(&text), "{:?}", text);
    }
}
