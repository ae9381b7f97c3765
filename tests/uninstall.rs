//! `mm`: looking without a trace, refusing beside a server, removing what is memtomem's.

#![cfg(feature = "memtomem")]
#![expect(clippy::unwrap_used, reason = "a test ends where its helpers fail")]

mod support;

use std::fs::{self, File};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, symlink};
use std::path::Path;

use rexpect::session::spawn_command;
use support::{World, is_locked, tree};

/// A state dir with one of each, and stale pidfiles.
fn furnish(world: &World) {
    for dir in ["config.d", "memories/deep", "uploads"] {
        fs::create_dir_all(world.state().join(dir)).unwrap();
    }
    for file in [
        "config.json",
        "config.json.bak-1",
        "config.d/a",
        "memories/deep/m",
        "uploads/u",
        ".current_session",
        ".server.pid",
        "memtomem.db",
        "memtomem.db-wal",
        "memtomem.db-shm",
        "memtomem.db-journal",
    ] {
        fs::write(world.state().join(file), "x").unwrap();
    }
    fs::DirBuilder::new()
        .mode(0o700)
        .create(world.run().join("memtomem"))
        .unwrap();
    fs::write(world.pidfile(), format!("{}\n", std::process::id())).unwrap();
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn looking_makes_nothing() {
    let world = World::new();
    let before = tree(world.path());
    assert_eq!(world.mm(&["status"]).0, 0);
    let (code, stdout, _) = world.mm(&["uninstall"]);
    assert_eq!((code, stdout.as_str()), (0, "Nothing to remove.\n"));
    assert_eq!(tree(world.path()), before);
}

#[test]
fn everything_goes_and_no_link_is_followed() {
    let world = World::new();
    furnish(&world);
    let outside = world.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("precious"), "x").unwrap();
    symlink(&outside, world.state().join("memories/link")).unwrap();
    symlink(&outside, world.state().join("config.json.bak-2")).unwrap();
    let (code, stdout, stderr) = world.mm(&["uninstall", "-y"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    for path in [world.pidfile(), world.legacy(), world.database()] {
        assert!(stdout.contains(path.to_str().unwrap()), "{stdout}");
    }
    assert!(names(&world.home()).is_empty() && names(&world.run()).is_empty());
    assert_eq!(names(&outside), ["precious"]);
}

#[test]
fn what_is_to_be_kept_is_kept_and_nothing_else() {
    let config = ["config.d", "config.json", "config.json.bak-1"];
    let data = [
        "memories",
        "memtomem.db",
        "memtomem.db-journal",
        "memtomem.db-shm",
        "memtomem.db-wal",
    ];
    for (flags, kept) in [
        (&["--keep-config"][..], config.to_vec()),
        (&["--keep-data"], data.to_vec()),
        (
            &["--keep-config", "--keep-data"],
            [&config[..], &data].concat(),
        ),
    ] {
        let world = World::new();
        furnish(&world);
        assert_eq!(world.mm(&[&["uninstall", "-y"], flags].concat()).0, 0);
        assert_eq!(names(&world.state()), kept);
    }
}

#[test]
fn what_is_not_memtomems_stays() {
    let world = World::new();
    furnish(&world);
    fs::write(world.state().join("notes.txt"), "x").unwrap();
    fs::write(world.run().join("memtomem/other.sock"), "x").unwrap();
    assert_eq!(world.mm(&["uninstall", "-y"]).0, 0);
    assert_eq!(names(&world.state()), ["notes.txt"]);
    assert_eq!(names(&world.run().join("memtomem")), ["other.sock"]);
}

#[test]
fn a_held_lock_refuses_and_leaves_no_trace() {
    for legacy in [false, true] {
        for shared in [false, true] {
            let world = World::new();
            furnish(&world);
            let path = if legacy {
                world.legacy()
            } else {
                world.pidfile()
            };
            fs::write(&path, "4711\n").unwrap();
            let holder = File::open(&path).unwrap();
            if shared {
                holder.lock_shared()
            } else {
                holder.lock()
            }
            .unwrap();
            let before = (tree(world.path()), fs::metadata(&path).unwrap());
            let (code, _, stderr) = world.mm(&["uninstall", "-y"]);
            assert!(
                code == 2 && stderr.contains("is running (pid 4711)"),
                "{stderr}"
            );
            let after = fs::metadata(&path).unwrap();
            assert_eq!(tree(world.path()), before.0);
            assert_eq!(after.ctime_nsec(), before.1.ctime_nsec());
            assert_eq!(world.mm(&["uninstall", "-y", "--force"]).0, 0);
            assert!(names(&world.home()).is_empty());
        }
    }
}

#[test]
fn a_server_that_lost_every_name_still_keeps_its_database() {
    let world = World::new();
    let mut server = world.server();
    server.add("keep me");
    fs::remove_dir_all(world.run().join("memtomem")).unwrap();
    fs::remove_file(world.legacy()).unwrap();
    let (code, _, stderr) = world.mm(&["uninstall", "-y"]);
    let expected = format!("is running (pid {})", server.pid());
    assert!(code == 2 && stderr.contains(&expected), "{stderr}");
    assert!(world.database().exists() && !world.legacy().exists());
    // Forced, it goes; the next call begins anew, and is held again.
    assert_eq!(world.mm(&["uninstall", "-y", "--force"]).0, 0);
    assert!(!world.state().exists());
    server.add("a new start");
    assert!(is_locked(&world.legacy()));
    assert_eq!(server.end(None).0.code(), Some(0));
}

#[test]
fn another_environment_is_no_way_round() {
    let world = World::new();
    let mut server = world.server();
    server.add("x");
    let mut mm = world.command("mm");
    mm.args(["uninstall", "-y"])
        .env_remove("XDG_RUNTIME_DIR")
        .env("TMPDIR", "/nonexistent");
    assert_eq!(mm.output().unwrap().status.code(), Some(2));
    assert!(world.database().exists());
}

#[test]
fn what_cannot_be_judged_counts_as_alive() {
    let world = World::new();
    furnish(&world);
    fs::remove_file(world.legacy()).unwrap();
    nix::unistd::mkfifo(&world.legacy(), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let (code, _, stderr) = world.mm(&["uninstall", "-y"]);
    assert!(
        code == 2 && stderr.contains("cannot tell") && stderr.contains("fifo"),
        "{stderr}"
    );
    assert!(world.database().exists());
}

#[test]
fn a_linked_state_dir_is_not_removed_through() {
    let world = World::new();
    let real = world.path().join("real");
    fs::create_dir(&real).unwrap();
    fs::write(real.join("memtomem.db"), "x").unwrap();
    symlink(&real, world.state()).unwrap();
    for flags in [&["uninstall", "-y"][..], &["uninstall", "-y", "--force"]] {
        let (code, _, stderr) = world.mm(flags);
        assert!(code == 2 && stderr.contains("is a symlink"), "{stderr}");
    }
    assert_eq!(names(&real), ["memtomem.db"]);
}

#[test]
fn without_a_terminal_it_does_not_guess_the_answer() {
    let world = World::new();
    furnish(&world);
    let before = tree(world.path());
    assert_eq!(world.mm(&["uninstall"]).0, 1);
    assert_eq!(tree(world.path()), before);
}

#[test]
fn on_a_terminal_only_yes_means_yes() {
    for (answer, code) in [("", 1), ("n", 1), ("what?", 1), ("y", 0)] {
        let world = World::new();
        furnish(&world);
        let mut mm = world.command("mm");
        mm.arg("uninstall");
        let mut terminal = spawn_command(mm, Some(20_000)).unwrap();
        terminal.exp_string("[y/N]").unwrap();
        terminal.send_line(answer).unwrap();
        terminal.exp_eof().unwrap();
        let status = terminal.process().wait().unwrap();
        assert_eq!(
            status,
            rexpect::process::wait::WaitStatus::Exited(status.pid().unwrap(), code)
        );
        assert_eq!(world.database().exists(), code == 1, "{answer:?}");
    }
}
