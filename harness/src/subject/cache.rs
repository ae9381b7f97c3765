//! Where releases are kept: one directory each, complete only once its marker is written.
//!
//! A virtual environment cannot be moved, so it is built where it will stay. What has no marker is
//! unfinished, and whoever holds the lock wipes it.

use std::ffi::OsString;
use std::fs::{self, File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{SubjectError, Tell};

const MARKER: &str = "complete.json";
const VENV: &str = "venv";

/// The cache.
#[derive(Debug)]
pub(super) struct Cache {
    /// Its directory.
    pub(super) root: PathBuf,
}

/// What is looked for.
#[derive(Debug)]
pub(super) struct Wanted {
    /// The package.
    pub(super) package: String,
    /// The release.
    pub(super) version: String,
    /// What installs it, in short.
    pub(super) tool: &'static str,
    /// Stands for all that decides what gets installed.
    pub(super) key: String,
    /// The one interpreter that counts, where one was named.
    pub(super) python: Option<PathBuf>,
}

/// What is written last, with all that using the release needs: no interpreter is started for that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Marker {
    /// The package.
    pub(super) package: String,
    /// The release.
    pub(super) version: String,
    /// What installed it: `py` for pip.
    #[serde(default = "py")]
    pub(super) tool: String,
    /// The version of its Python, or of what else runs or built it.
    pub(super) python: String,
    /// That Python, or what else it needs to run.
    pub(super) executable: PathBuf,
    /// Host paths it needs to see.
    pub(super) shown: Vec<PathBuf>,
    /// What a person should know.
    pub(super) notes: Vec<String>,
}

/// A release that can be started.
#[derive(Debug)]
pub(super) struct Ready {
    /// Its virtual environment.
    pub(super) venv: PathBuf,
    /// What its marker says.
    pub(super) marker: Marker,
    /// Whether it was there before anybody asked for it.
    pub(super) was_there: bool,
}

impl Wanted {
    fn prefix(&self) -> String {
        format!("{}-{}-{}", self.package, self.version, self.tool)
    }

    fn suffix(&self) -> String {
        format!("-{}", self.key)
    }

    fn is_name(&self, name: &str) -> bool {
        name.starts_with(&self.prefix()) && name.ends_with(&self.suffix())
    }
}

impl Cache {
    /// Where the variables say.
    ///
    /// # Errors
    /// That they say nothing.
    pub(super) fn locate(var: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, SubjectError> {
        let set = |name| var(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let root = match set("PIDPROOF_CACHE") {
            Some(named) => {
                std::path::absolute(&named).map_err(SubjectError::cache("PIDPROOF_CACHE"))?
            }
            // The base directory specification has relative paths ignored.
            None => set("XDG_CACHE_HOME")
                .filter(|dir| dir.is_absolute())
                .or_else(|| Some(set("HOME")?.join(".cache")))
                .ok_or(SubjectError::NoCache)?
                .join("pidproof"),
        };
        Ok(Self { root })
    }

    fn subjects(&self) -> PathBuf {
        self.root.join("subjects")
    }

    /// The directory of a release on this version of Python.
    pub(super) fn dir(&self, wanted: &Wanted, python: &str) -> PathBuf {
        self.subjects()
            .join(format!("{}{python}{}", wanted.prefix(), wanted.suffix()))
    }

    /// A release that is complete and whose Python is still there.
    pub(super) fn ready(&self, wanted: &Wanted) -> Option<Ready> {
        let mut found: Vec<Ready> = self
            .entries()
            .filter(|(name, _)| wanted.is_name(name))
            .filter_map(|(_, dir)| ready(&dir))
            .filter(|ready| match &wanted.python {
                Some(python) => {
                    fs::canonicalize(&ready.marker.executable).ok().as_ref() == Some(python)
                }
                None => true,
            })
            .collect();
        // One answer, whatever order the directory is read in.
        found.sort_by(|a, b| a.venv.cmp(&b.venv));
        found.pop()
    }

    /// All that is kept here: names, and the markers of those that are complete.
    pub(super) fn list(&self) -> Vec<(String, Option<Marker>)> {
        let mut list: Vec<_> = self
            .entries()
            .filter(|(_, dir)| dir.is_dir())
            .map(|(name, dir)| (name, ready(&dir).map(|r| r.marker)))
            .collect();
        list.sort_by(|a, b| a.0.cmp(&b.0));
        list
    }

    fn entries(&self) -> impl Iterator<Item = (String, PathBuf)> {
        fs::read_dir(self.subjects())
            .into_iter()
            .flatten()
            .flatten()
            .map(|item| (item.file_name().to_string_lossy().into_owned(), item.path()))
    }

    /// Keeps every other process from provisioning this release, while the file or a copy of it is open.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn lock(&self, wanted: &Wanted, tell: Tell<'_>) -> Result<File, SubjectError> {
        let dir = self.subjects();
        fs::create_dir_all(&dir)
            .map_err(SubjectError::cache(format!("making {}", dir.display())))?;
        let path = dir.join(format!(
            "{}-{}{}.lock",
            wanted.package,
            wanted.version,
            wanted.suffix()
        ));
        let what = || format!("locking {}", path.display());
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(SubjectError::cache(what()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                tell(&format!(
                    "another process is setting up {} {}; waiting for it",
                    wanted.package, wanted.version
                ));
                file.lock().map_err(SubjectError::cache(what()))?;
            }
            Err(TryLockError::Error(e)) => return Err(SubjectError::cache(what())(e)),
        }
        Ok(file)
    }

    /// Removes what a provisioning that was ended left behind. Under the lock.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn wipe_unfinished(&self, wanted: &Wanted) -> Result<(), SubjectError> {
        for (name, dir) in self.entries() {
            if wanted.is_name(&name) && ready(&dir).is_none() {
                fs::remove_dir_all(&dir)
                    .map_err(SubjectError::cache(format!("removing {}", dir.display())))?;
            }
        }
        Ok(())
    }
}

/// The virtual environment in a release's directory.
pub(super) fn venv(dir: &Path) -> PathBuf {
    dir.join(VENV)
}

/// Writes the marker: from here on the release counts as complete.
///
/// # Errors
/// What the system says.
pub(super) fn complete(dir: &Path, marker: &Marker) -> io::Result<()> {
    make_readable(dir)?;
    let text = serde_json::to_vec_pretty(marker)?;
    let unfinished = dir.join("complete.json.new");
    fs::write(&unfinished, text)?;
    make_readable(&unfinished)?;
    fs::rename(unfinished, dir.join(MARKER))
}

/// What markers that do not say it were written for.
fn py() -> String {
    "py".to_owned()
}

fn ready(dir: &Path) -> Option<Ready> {
    let text = fs::read(dir.join(MARKER)).ok()?;
    let marker: Marker = serde_json::from_slice(&text).ok()?;
    let venv = venv(dir);
    // Follows the links to the interpreter, which may have been upgraded away.
    let needs = match marker.tool == py() {
        true => venv.join("bin/python"),
        false => marker.executable.clone(),
    };
    fs::metadata(needs).ok()?;
    Some(Ready {
        venv,
        marker,
        was_there: true,
    })
}

/// Lets everybody read it, under any umask: subjects run as an ordinary uid.
fn make_readable(path: &Path) -> io::Result<()> {
    let meta = fs::symlink_metadata(path)?;
    if meta.is_symlink() {
        return Ok(());
    }
    let mode = meta.permissions().mode();
    let search = if mode & 0o111 != 0 { 0o111 } else { 0 };
    if mode | 0o444 | search != mode {
        fs::set_permissions(
            path,
            Permissions::from_mode((mode | 0o444 | search) & 0o7777),
        )?;
    }
    if meta.is_dir() {
        for item in fs::read_dir(path)? {
            make_readable(&item?.path())?;
        }
    }
    Ok(())
}

/// A key for texts: the same for the same texts, whatever built this program (FNV-1a).
pub(super) fn key<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for text in texts {
        // A byte that no text holds keeps ["ab", "c"] apart from ["a", "bc"].
        for byte in text.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Wanted {
        Wanted {
            package: "thing".into(),
            version: "0.1.2".into(),
            tool: "py",
            key: "abc".into(),
            python: None,
        }
    }

    fn marker(executable: &Path) -> Marker {
        Marker {
            package: "thing".into(),
            version: "0.1.2".into(),
            tool: py(),
            python: "3.12.1".into(),
            executable: executable.into(),
            shown: vec!["/x".into()],
            notes: Vec::new(),
        }
    }

    /// A cache with one release in it, not yet marked.
    fn unmarked() -> (tempfile::TempDir, Cache, PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let cache = Cache {
            root: root.path().into(),
        };
        let dir = cache.dir(&wanted(), "3.12.1");
        fs::create_dir_all(venv(&dir).join("bin")).unwrap();
        fs::write(venv(&dir).join("bin/python"), "").unwrap();
        (root, cache, dir)
    }

    #[test]
    fn only_a_marked_release_is_ready_and_an_unmarked_one_is_wiped() {
        let (_root, cache, dir) = unmarked();
        assert!(cache.ready(&wanted()).is_none());
        cache.wipe_unfinished(&wanted()).unwrap();
        assert!(!dir.exists());

        let (_root, cache, dir) = unmarked();
        complete(&dir, &marker(Path::new("/x/python"))).unwrap();
        cache.wipe_unfinished(&wanted()).unwrap();
        let ready = cache.ready(&wanted()).unwrap();
        assert_eq!(ready.marker, marker(Path::new("/x/python")));
        assert_eq!(ready.venv, dir.join("venv"));
    }

    #[test]
    fn a_release_whose_python_went_away_is_unfinished() {
        let (_root, cache, dir) = unmarked();
        complete(&dir, &marker(Path::new("/x/python"))).unwrap();
        fs::remove_file(venv(&dir).join("bin/python")).unwrap();
        std::os::unix::fs::symlink("/nonexistent/python", venv(&dir).join("bin/python")).unwrap();
        assert!(cache.ready(&wanted()).is_none());
        cache.wipe_unfinished(&wanted()).unwrap();
        assert!(!dir.exists());
    }

    #[test]
    fn another_key_another_release_and_another_python_are_not_it() {
        let (_root, cache, dir) = unmarked();
        let python = venv(&dir).join("bin/python");
        complete(&dir, &marker(&python)).unwrap();
        let mut other = wanted();
        other.key = "abd".into();
        assert!(cache.ready(&other).is_none());
        other = wanted();
        other.version = "0.1".into();
        assert!(cache.ready(&other).is_none());
        other = wanted();
        other.python = Some("/y/python".into());
        assert!(cache.ready(&other).is_none());
        other.python = fs::canonicalize(python).ok();
        assert!(cache.ready(&other).is_some());
        // And nothing of theirs is wiped for this one.
        cache.wipe_unfinished(&other).unwrap();
        assert!(dir.exists());
    }

    #[test]
    fn everybody_can_read_a_complete_release() {
        let (_root, _cache, dir) = unmarked();
        let file = venv(&dir).join("secret");
        fs::write(&file, "").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        fs::set_permissions(venv(&dir), Permissions::from_mode(0o700)).unwrap();
        complete(&dir, &marker(Path::new("/x"))).unwrap();
        let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode(&file), 0o644);
        assert_eq!(mode(&venv(&dir)), 0o755);
    }

    #[test]
    fn the_lock_keeps_a_second_one_out() {
        let (_root, cache, _dir) = unmarked();
        let first = cache.lock(&wanted(), &|_| ()).unwrap();
        let path = cache.subjects().join("thing-0.1.2-abc.lock");
        let second = File::open(path).unwrap();
        assert!(matches!(second.try_lock(), Err(TryLockError::WouldBlock)));
        drop(first);
        second.try_lock().unwrap();
    }

    #[test]
    fn the_variables_say_where_the_cache_is() {
        let at = |set: &[(&str, &str)]| {
            let set: Vec<(String, OsString)> = set
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).into()))
                .collect();
            Cache::locate(&move |name| set.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone()))
                .map(|c| c.root)
        };
        let home = ("HOME", "/h");
        let xdg = ("XDG_CACHE_HOME", "/x");
        assert_eq!(at(&[home]).unwrap(), Path::new("/h/.cache/pidproof"));
        assert_eq!(at(&[home, xdg]).unwrap(), Path::new("/x/pidproof"));
        assert_eq!(
            at(&[home, ("XDG_CACHE_HOME", "x")]).unwrap(),
            Path::new("/h/.cache/pidproof")
        );
        assert_eq!(
            at(&[home, xdg, ("PIDPROOF_CACHE", "/p")]).unwrap(),
            Path::new("/p")
        );
        assert!(at(&[]).is_err());
    }

    #[test]
    fn keys_keep_texts_apart() {
        assert_ne!(key(["ab", "c"]), key(["a", "bc"]));
        assert_eq!(key(["ab", "c"]), key(["ab", "c"]));
    }
}
