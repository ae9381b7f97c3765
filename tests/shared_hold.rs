//! The shared hold: old programs stay out, new ones do not disturb each other, the last one cleans.

#![expect(clippy::unwrap_used, reason = "a test ends where its helpers fail")]

use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use pidkeep::{Hold, Released, SharedHold};
use tempfile::TempDir;

const NAME: &str = ".old.pid";

fn take(dir: &Path) -> Hold {
    SharedHold::take(dir, NAME, Duration::from_millis(20)).unwrap()
}

fn held(dir: &Path) -> SharedHold {
    match take(dir) {
        Hold::Held(hold) => hold,
        other @ (Hold::NoDirectory | Hold::Busy(_)) => panic!("not held: {other:?}"),
    }
}

/// What an old program does to find out whether it is alone.
fn old_gets_the_lock(dir: &Path) -> bool {
    File::open(dir.join(NAME)).unwrap().try_lock().is_ok()
}

#[test]
fn the_last_one_out_removes_a_file_made_for_holds() {
    let dir = TempDir::new().unwrap();
    let first = held(dir.path());
    let second = held(dir.path());
    assert_eq!(second.path(), dir.path().join(NAME));
    assert!(!old_gets_the_lock(dir.path()));
    assert_eq!(first.release().unwrap(), Released::LeftAlone);
    assert!(!old_gets_the_lock(dir.path()));
    assert_eq!(second.release().unwrap(), Released::Removed);
    assert!(!dir.path().join(NAME).exists());
}

#[test]
fn the_file_of_a_crashed_maker_is_known_by_its_mark() {
    let dir = TempDir::new().unwrap();
    drop(held(dir.path()));
    let text = fs::read_to_string(dir.path().join(NAME)).unwrap();
    assert_eq!(text, format!("+{}\n", std::process::id()));
    assert_eq!(held(dir.path()).release().unwrap(), Released::Removed);
}

#[test]
fn a_file_that_was_there_before_keeps_its_bytes_and_its_name() {
    for content in ["4711\n", "4711", "", "+", "+47a\n", "text"] {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join(NAME);
        fs::write(&path, content).unwrap();
        assert_eq!(held(dir.path()).release().unwrap(), Released::LeftAlone);
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
}

#[test]
fn an_exclusive_lock_is_busy_until_it_falls_free() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join(NAME), "1").unwrap();
    let old = File::open(dir.path().join(NAME)).unwrap();
    old.lock().unwrap();
    let Hold::Busy(busy) = take(dir.path()) else {
        panic!("two owners")
    };
    assert!(!busy.falls_free_within(Duration::from_millis(1)));
    drop(old);
    assert!(busy.falls_free_within(Duration::from_secs(10)));
    drop(held(dir.path()));
}

#[test]
fn without_a_directory_nothing_is_made() {
    let dir = TempDir::new().unwrap();
    let missing = dir.path().join("missing");
    assert!(matches!(take(&missing), Hold::NoDirectory));
    assert!(!missing.exists());
}

#[test]
fn an_old_program_that_got_the_file_keeps_it() {
    let dir = TempDir::new().unwrap();
    let hold = held(dir.path());
    // It opens with truncation before it asks for the lock, and may get it later on.
    fs::write(dir.path().join(NAME), "").unwrap();
    fs::write(dir.path().join(NAME), "4711").unwrap();
    assert_eq!(hold.release().unwrap(), Released::LeftAlone);
    assert!(dir.path().join(NAME).exists());
}
