//! The pidfile under races: one primary at most, always on the inode that has the name.

#![expect(clippy::unwrap_used, reason = "a test ends where its helpers fail")]

use std::fs::{self, File};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Duration;

use pidkeep::{
    Acquired, DirError, Environment, Holding, LockFileError, Pidfile, PidfileError, PidfileSite,
    Released, RuntimeDir, Unsafe, probe,
};
use tempfile::TempDir;

struct Scratch {
    root: TempDir,
}

impl Scratch {
    fn new() -> Self {
        Self {
            root: TempDir::new().unwrap(),
        }
    }

    fn environment(&self) -> Environment {
        Environment {
            xdg_runtime_dir: None,
            tmpdir: Some(self.root.path().into()),
            ..Environment::of_process()
        }
    }

    fn dir(&self) -> RuntimeDir {
        RuntimeDir::resolve("app", &self.environment())
    }

    fn site(&self) -> PidfileSite {
        PidfileSite::new(self.dir(), "app.pid")
    }

    fn path(&self) -> PathBuf {
        self.site().path()
    }

    /// Makes the runtime dir and a file in the pidfile's place.
    fn plant(&self, content: &[u8]) -> File {
        fs::DirBuilder::new()
            .mode(0o700)
            .create(self.dir().path())
            .unwrap();
        fs::write(self.path(), content).unwrap();
        File::options()
            .read(true)
            .write(true)
            .open(self.path())
            .unwrap()
    }
}

fn own_pid() -> String {
    format!("{}\n", std::process::id())
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn fifty_at_once_have_one_primary() {
    let scratch = Scratch::new();
    let start = Barrier::new(50);
    let outcomes = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| {
                start.wait();
                let outcome = scratch.site().acquire().unwrap();
                outcomes.lock().unwrap().push(outcome);
            });
        }
    });
    let outcomes = outcomes.into_inner().unwrap();
    let is_primary = |outcome: &&Acquired| matches!(outcome, Acquired::Primary(_));
    assert_eq!(outcomes.iter().filter(is_primary).count(), 1);
    assert_eq!(fs::read_to_string(scratch.path()).unwrap(), own_pid());
}

/// Becomes the primary, however often that takes.
fn reign(site: &PidfileSite) -> Pidfile {
    let mut outcome = site.acquire().unwrap();
    loop {
        match outcome {
            Acquired::Primary(pidfile) => return pidfile,
            Acquired::Secondary(waiting) => outcome = waiting.block().unwrap().promote().unwrap(),
        }
    }
}

/// Locking and unlinking race all the time here: who waited wakes up on an inode that was unlinked
/// a moment ago, beside others who make the next one. Without the look at the name after the lock,
/// a thread soon owns an inode that has no name.
#[test]
fn starting_and_stopping_never_makes_two_primaries() {
    let scratch = Scratch::new();
    let owners = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let pidfile = reign(&scratch.site());
                    assert_eq!(owners.fetch_add(1, Ordering::SeqCst), 0, "a second primary");
                    // Seen from outside: the name is there, and its inode is locked.
                    let named = File::open(scratch.path()).unwrap();
                    assert!(named.try_lock().is_err(), "the name is another file's");
                    owners.fetch_sub(1, Ordering::SeqCst);
                    assert_eq!(pidfile.release().unwrap(), Released::Removed);
                }
            });
        }
    });
}

#[test]
fn a_secondary_is_promoted_when_the_primary_leaves() {
    let scratch = Scratch::new();
    let Acquired::Primary(first) = scratch.site().acquire().unwrap() else {
        panic!("nobody else is here");
    };
    let Acquired::Secondary(waiting) = scratch.site().acquire().unwrap() else {
        panic!("two primaries");
    };
    let waiting = waiting
        .within(Duration::from_millis(1))
        .unwrap()
        .unwrap_err();
    let heir = thread::spawn(|| waiting.block().unwrap().promote().unwrap());
    assert_eq!(first.release().unwrap(), Released::Removed);
    let Acquired::Primary(second) = heir.join().unwrap() else {
        panic!("the lock fell to nobody");
    };
    assert!(second.is_named().unwrap());
    assert_eq!(fs::read_to_string(scratch.path()).unwrap(), own_pid());
}

#[test]
fn a_promotion_keeps_the_file_of_a_crashed_primary() {
    let scratch = Scratch::new();
    let crashed = scratch.plant(b"1\n");
    let inode = crashed.metadata().unwrap().ino();
    crashed.lock().unwrap();
    let Acquired::Secondary(waiting) = scratch.site().acquire().unwrap() else {
        panic!("the file is locked");
    };
    assert_eq!(
        fs::read(scratch.path()).unwrap(),
        b"1\n",
        "a loser writes nothing"
    );
    drop(crashed);
    let Acquired::Primary(_pidfile) = waiting.block().unwrap().promote().unwrap() else {
        panic!("the lock is free");
    };
    assert_eq!(fs::metadata(scratch.path()).unwrap().ino(), inode);
    assert_eq!(fs::read_to_string(scratch.path()).unwrap(), own_pid());
}

#[test]
fn a_stale_file_is_taken_over_whatever_it_says() {
    for content in [
        &b""[..],
        b"1",
        b"-1",
        b"no pid",
        b"999999999999\r\n",
        &[0; 1 << 20],
    ] {
        let scratch = Scratch::new();
        let inode = scratch.plant(content).metadata().unwrap().ino();
        fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o666)).unwrap();
        let Acquired::Primary(pidfile) = scratch.site().acquire().unwrap() else {
            panic!("nobody holds it");
        };
        assert_eq!(fs::read_to_string(scratch.path()).unwrap(), own_pid());
        assert_eq!(fs::metadata(scratch.path()).unwrap().ino(), inode);
        assert_eq!(mode(&scratch.path()), 0o600);
        let _removed = pidfile.release().unwrap();
    }
}

#[test]
fn only_the_own_file_is_unlinked() {
    let scratch = Scratch::new();
    let Acquired::Primary(pidfile) = scratch.site().acquire().unwrap() else {
        panic!("nobody else is here");
    };
    fs::remove_file(scratch.path()).unwrap();
    fs::write(scratch.path(), "another's").unwrap();
    assert!(!pidfile.is_named().unwrap());
    assert_eq!(pidfile.release().unwrap(), Released::LeftAlone);
    assert_eq!(fs::read_to_string(scratch.path()).unwrap(), "another's");
}

#[test]
fn a_pidfile_that_is_dropped_is_released() {
    let scratch = Scratch::new();
    let pidfile = reign(&scratch.site());
    assert_eq!(pidfile.path(), scratch.path());
    drop(pidfile);
    assert!(!scratch.path().exists());
}

#[test]
fn a_waiting_that_is_dropped_takes_nothing() {
    let scratch = Scratch::new();
    let holder = scratch.plant(b"1\n");
    holder.lock().unwrap();
    let Acquired::Secondary(waiting) = scratch.site().acquire().unwrap() else {
        panic!("the file is locked");
    };
    drop(waiting);
    drop(holder);
    // The cancelled thread may hold the lock for the instant it needs to let go.
    let Acquired::Primary(_pidfile) = (match scratch.site().acquire().unwrap() {
        Acquired::Secondary(waiting) => waiting.block().unwrap().promote().unwrap(),
        primary @ Acquired::Primary(_) => primary,
    }) else {
        panic!("a cancelled wait kept the lock");
    };
}

#[test]
fn what_is_no_pidfile_is_refused_and_left_alone() {
    let scratch = Scratch::new();
    drop(scratch.plant(b""));
    let path = scratch.path();
    let victim = scratch.root.path().join("victim");
    fs::write(&victim, "precious").unwrap();
    let refusal = || match scratch.site().acquire() {
        Err(PidfileError::File(error)) => error,
        other => panic!("not refused: {other:?}"),
    };

    fs::remove_file(&path).unwrap();
    symlink(&victim, &path).unwrap();
    assert!(matches!(
        refusal(),
        LockFileError::NotRegular {
            kind: "symlink",
            ..
        }
    ));
    fs::remove_file(&path).unwrap();
    fs::hard_link(&victim, &path).unwrap();
    assert!(matches!(
        refusal(),
        LockFileError::HardLinked { links: 2, .. }
    ));
    fs::remove_file(&path).unwrap();
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert!(matches!(
        refusal(),
        LockFileError::NotRegular { kind: "fifo", .. }
    ));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let message = refusal().to_string();
    assert!(
        message.ends_with(&format!("rm -rf {}", path.display())),
        "{message}"
    );
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
}

#[test]
fn an_unsafe_directory_is_refused_and_not_repaired() {
    let scratch = Scratch::new();
    let dir = scratch.dir();
    fs::create_dir(dir.path()).unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o710)).unwrap();
    let error = dir.ensure().unwrap_err();
    assert!(matches!(
        &error,
        DirError::Refused {
            why: Unsafe::Permissions(0o710),
            ..
        }
    ));
    assert!(
        error
            .to_string()
            .ends_with(&format!("rm -rf {}", dir.path().display()))
    );
    assert_eq!(mode(dir.path()), 0o710);

    fs::remove_dir(dir.path()).unwrap();
    symlink(scratch.root.path(), dir.path()).unwrap();
    let message = dir.ensure().unwrap_err().to_string();
    let expected = format!("{} is a symlink; refusing to follow", dir.path().display());
    assert!(message.contains(&expected), "{message}");
}

#[test]
fn a_relative_temp_dir_is_passed_over() {
    for tmpdir in ["base", ".", "", "./base"] {
        let environment = Environment {
            xdg_runtime_dir: None,
            tmpdir: Some(tmpdir.into()),
            euid: 17,
        };
        let dir = RuntimeDir::resolve("app", &environment);
        assert_eq!(dir.path(), Path::new("/tmp/app-17"), "TMPDIR={tmpdir}");
    }
}

#[test]
fn a_probe_tells_and_leaves_no_trace() {
    let scratch = Scratch::new();
    let ask = || probe(scratch.dir().path(), "app.pid");
    assert!(matches!(ask(), Holding::Absent));
    assert!(!scratch.dir().path().exists());
    let file = scratch.plant(b"17\n");
    let before = fs::metadata(scratch.path()).unwrap();
    assert!(matches!(ask(), Holding::Free { recorded: Some(17) }));
    file.lock_shared().unwrap();
    assert!(matches!(
        ask(),
        Holding::Held {
            exclusive: false,
            recorded: Some(17)
        }
    ));
    file.lock().unwrap();
    assert!(matches!(
        ask(),
        Holding::Held {
            exclusive: true,
            recorded: Some(17)
        }
    ));
    let after = fs::metadata(scratch.path()).unwrap();
    assert_eq!(
        (before.ino(), before.ctime_nsec()),
        (after.ino(), after.ctime_nsec())
    );
    fs::remove_file(scratch.path()).unwrap();
    fs::create_dir(scratch.path()).unwrap();
    assert!(matches!(ask(), Holding::CannotTell(_)));
}
