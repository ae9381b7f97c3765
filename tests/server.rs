//! The server as a process: start, promotion, old servers, the end.

#![cfg(feature = "memtomem")]
#![expect(clippy::unwrap_used, reason = "a test ends where its helpers fail")]

mod support;

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};

use nix::sys::signal::Signal;
use serde_json::json;
use support::{World, is_locked, tree};

#[test]
fn a_handshake_leaves_no_state_dir_and_an_end_leaves_no_pidfile() {
    for how in [
        None,
        Some(Signal::SIGTERM),
        Some(Signal::SIGINT),
        Some(Signal::SIGHUP),
    ] {
        let world = World::new();
        let server = world.server();
        assert_eq!(
            fs::read_to_string(world.pidfile()).unwrap(),
            format!("{}\n", server.pid())
        );
        assert!(is_locked(&world.pidfile()));
        let (status, stderr) = server.end(how);
        assert_eq!((status.code(), stderr.as_str()), (Some(0), ""), "{how:?}");
        assert!(!world.pidfile().exists());
        assert!(tree(&world.home()).is_empty());
    }
}

#[test]
fn reading_makes_nothing_and_adding_makes_the_state_dir_under_a_hold() {
    let world = World::new();
    let mut server = world.server();
    for (tool, arguments) in [
        ("mem_status", json!({})),
        ("mem_search", json!({ "query": "x" })),
    ] {
        assert!(!server.call(tool, arguments).0);
        assert!(tree(&world.home()).is_empty(), "{tool}");
    }
    server.add("the quick brown fox");
    assert!(is_locked(&world.legacy()));
    let found = server
        .call("mem_search", json!({ "query": "brown \"quick" }))
        .1;
    assert!(found.contains("the quick brown fox"), "{found}");
    assert_eq!(server.end(Some(Signal::SIGTERM)).0.code(), Some(0));
    assert_eq!(
        tree(&world.state()),
        [world.database()],
        "the hold and the WAL are gone"
    );
}

#[test]
fn a_secondary_warns_once_and_is_promoted() {
    for state in [false, true] {
        let world = World::new();
        if state {
            fs::create_dir(world.state()).unwrap();
        }
        let first = world.server();
        let mut second = world.server();
        let warning = second.stderr_line();
        assert!(
            warning.contains(world.pidfile().to_str().unwrap()),
            "{warning}"
        );
        assert_eq!(
            fs::read_to_string(world.pidfile()).unwrap(),
            format!("{}\n", first.pid())
        );
        let (status, stderr) = first.end(Some(Signal::SIGKILL));
        assert_eq!((status.code(), stderr.as_str()), (None, ""));
        assert!(second.stderr_line().contains("now owns the pidfile"));
        assert_eq!(
            fs::read_to_string(world.pidfile()).unwrap(),
            format!("{}\n", second.pid())
        );
        assert_eq!(second.end(None).0.code(), Some(0));
        assert!(!world.pidfile().exists() && !world.legacy().exists());
    }
}

#[test]
fn an_end_of_a_secondary_changes_nothing() {
    let world = World::new();
    let first = world.server();
    let mut second = world.server();
    assert!(second.stderr_line().starts_with("warning: "));
    let (status, stderr) = second.end(Some(Signal::SIGTERM));
    assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
    assert_eq!(
        fs::read_to_string(world.pidfile()).unwrap(),
        format!("{}\n", first.pid())
    );
    assert!(is_locked(&world.pidfile()));
}

#[test]
fn an_old_server_is_refused_first_of_all() {
    let world = World::new();
    fs::create_dir(world.state()).unwrap();
    fs::write(world.legacy(), "4711").unwrap();
    let old = File::open(world.legacy()).unwrap();
    old.lock().unwrap();
    let (code, stderr) = world.refused();
    let expected = format!(
        "another memtomem-server holds a lock at {}",
        world.legacy().display()
    );
    assert!(code == 1 && stderr.contains(&expected), "{code} {stderr}");
    assert!(tree(&world.run()).is_empty());
    assert_eq!(fs::read_to_string(world.legacy()).unwrap(), "4711");
}

#[test]
fn a_state_dir_that_comes_later_is_held_before_the_database_is_opened() {
    let world = World::new();
    let mut server = world.server();
    fs::create_dir(world.state()).unwrap();
    fs::write(world.legacy(), "4711").unwrap();
    let old = File::open(world.legacy()).unwrap();
    old.lock().unwrap();
    let (failed, text) = server.call("mem_add", json!({ "content": "x" }));
    assert!(failed && text.contains("holds a lock at"), "{text}");
    assert!(!world.database().exists());
    drop(old);
    server.add("x");
    assert!(is_locked(&world.legacy()));
    assert_eq!(server.end(None).0.code(), Some(0));
    assert_eq!(
        fs::read_to_string(world.legacy()).unwrap(),
        "4711",
        "it was there before"
    );
}

#[test]
fn a_refusal_is_one_line_that_ends_with_the_remedy() {
    let world = World::new();
    let dir = world.run().join("memtomem");
    symlink("/nowhere", &dir).unwrap();
    let (code, stderr) = world.refused();
    let end = format!(
        "{} is a symlink; refusing to follow. Remove it and retry: rm -f {0}\n",
        dir.display()
    );
    assert!(
        code == 1 && stderr.ends_with(&end) && stderr.lines().count() == 1,
        "{stderr}"
    );
    fs::remove_file(&dir).unwrap();
    fs::create_dir(&dir).unwrap();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
    let (code, stderr) = world.refused();
    let end = format!(
        "{} has unsafe permissions 0o755. Remove it and retry: rm -rf {0}\n",
        dir.display()
    );
    assert!(code == 1 && stderr.ends_with(&end), "{stderr}");
    assert!(tree(&world.home()).is_empty());
}
