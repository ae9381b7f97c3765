//! What there is to remove, what is kept and why. Looks only.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::cli::UninstallArguments;
use super::paths::{DATABASE, LEGACY_PIDFILE, Paths};
use super::survey::{StateDir, Survey};
use crate::probe::Holding;

/// What an entry of the state dir is for, in the order of removal: what matters least goes first,
/// the database last (UNI-17).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    Session,
    Uploads,
    Fragments,
    Backups,
    Config,
    Memories,
    Database,
    /// Lock files go after all they guard.
    Pidfiles,
    /// Not memtomem's, as far as `mm` knows: never removed.
    Other,
}

impl Group {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Session => "Session",
            Self::Uploads => "Uploads",
            Self::Fragments => "Config fragments",
            Self::Backups => "Backups",
            Self::Config => "Config",
            Self::Memories => "Memories",
            Self::Database => "Database",
            Self::Pidfiles => "Pidfiles",
            Self::Other => "Other",
        }
    }

    /// Which group an entry of the state dir belongs to, by its name.
    fn of(name: &OsStr) -> Self {
        let name = name.as_bytes();
        match name {
            b".current_session" => Self::Session,
            b"uploads" => Self::Uploads,
            b"config.d" => Self::Fragments,
            b"config.json" => Self::Config,
            b"memories" => Self::Memories,
            _ if name.starts_with(b"config.json.bak-") => Self::Backups,
            _ if name == LEGACY_PIDFILE.as_bytes() => Self::Pidfiles,
            _ if database_rank(name).is_some() => Self::Database,
            _ => Self::Other,
        }
    }

    /// Why it stays, if it stays (UNI-10).
    fn kept_by(self, arguments: UninstallArguments) -> Option<&'static str> {
        match self {
            Self::Fragments | Self::Backups | Self::Config if arguments.keep_config => {
                Some("--keep-config")
            }
            Self::Memories | Self::Database if arguments.keep_data => Some("--keep-data"),
            Self::Other => Some("not memtomem's"),
            Self::Session
            | Self::Uploads
            | Self::Fragments
            | Self::Backups
            | Self::Config
            | Self::Memories
            | Self::Database
            | Self::Pidfiles => None,
        }
    }
}

/// The place of a database file in the order of removal: the main file last, since the others are
/// worth nothing without it and it is worth much without them.
fn database_rank(name: &[u8]) -> Option<u8> {
    match name.strip_prefix(DATABASE.as_bytes())? {
        b"-shm" => Some(0),
        b"-journal" => Some(1),
        b"-wal" => Some(2),
        b"" => Some(3),
        _ => None,
    }
}

/// One entry of the state dir.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) group: Group,
    pub(super) name: OsString,
    pub(super) path: PathBuf,
    pub(super) files: u64,
    pub(super) bytes: u64,
    pub(super) kept: Option<&'static str>,
}

/// All there is.
#[derive(Debug, Default)]
pub(super) struct Inventory {
    /// The entries of the state dir, in the order of removal.
    pub(super) items: Vec<Item>,
    /// The stale or, with `--force`, held pidfiles in runtime dirs that may be touched.
    pub(super) pidfiles: Vec<PathBuf>,
}

impl Inventory {
    pub(super) fn take(
        paths: &Paths,
        survey: &Survey,
        arguments: UninstallArguments,
    ) -> io::Result<Self> {
        let mut inventory = Self::default();
        for place in &survey.places {
            let is_there = match place.holding {
                Some(Holding::Free { .. } | Holding::Held { .. }) => true,
                Some(Holding::Absent | Holding::CannotTell(_)) | None => false,
            };
            if is_there && place.is_removable() {
                inventory.pidfiles.push(place.pidfile());
            }
        }
        if matches!(survey.state_dir, StateDir::Directory) {
            inventory.items = state_items(&paths.state_dir, arguments)?;
        }
        Ok(inventory)
    }

    /// Whether nothing is there that goes.
    pub(super) fn is_empty(&self) -> bool {
        self.pidfiles.is_empty() && self.items.iter().all(|item| item.kept.is_some())
    }
}

/// The entries of the state dir, in the order of removal.
pub(super) fn state_items(dir: &Path, arguments: UninstallArguments) -> io::Result<Vec<Item>> {
    let mut items = Vec::new();
    for name in names(dir)? {
        let path = dir.join(&name);
        let (files, bytes) = size(&path);
        let group = Group::of(&name);
        let kept = group.kept_by(arguments);
        items.push(Item {
            group,
            name,
            path,
            files,
            bytes,
            kept,
        });
    }
    items.sort_by_cached_key(|item| {
        (
            item.group,
            database_rank(item.name.as_bytes()),
            item.name.clone(),
        )
    });
    Ok(items)
}

/// The names in a directory; none if it is gone, as it is once another run has finished with it.
/// One that goes while it is listed answers ENOENT as well.
fn names(dir: &Path) -> io::Result<Vec<OsString>> {
    let list = || -> io::Result<Vec<OsString>> {
        fs::read_dir(dir)?
            .map(|entry| Ok(entry?.file_name()))
            .collect()
    };
    match list() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        listed => listed,
    }
}

/// Number and size of the files at and under `path`, links not followed. What cannot be read
/// counts as nothing: the sizes are for people.
fn size(path: &Path) -> (u64, u64) {
    let Ok(found) = fs::symlink_metadata(path) else {
        return (0, 0);
    };
    if !found.is_dir() {
        return (1, found.len());
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.fold((0, 0), |(files, bytes), entry| {
        let (more_files, more_bytes) = size(&entry.path());
        (files + more_files, bytes + more_bytes)
    })
}

/// A size for people.
pub(super) fn human(bytes: u64) -> String {
    const STEP: u64 = 1024;
    if bytes < STEP {
        return format!("{bytes} B");
    }
    let mut unit = 1;
    let mut value = bytes;
    while value >= STEP * STEP && unit < 3 {
        value /= STEP;
        unit += 1;
    }
    let unit = ["B", "KiB", "MiB", "GiB"][unit];
    format!("{}.{} {unit}", value / STEP, value % STEP * 10 / STEP)
}
