//! What can be seen of the world between two steps: whose the pidfile is, and who holds what.

use std::path::{Path, PathBuf};

use super::files::Files;
use crate::observe::lock::{holders, listed_name};
use crate::scenario::model::LockKind;

/// Where to look.
#[derive(Debug)]
pub(super) struct Places {
    /// The pidfile.
    pub(super) pidfile: PathBuf,
    /// What an uninstall removes.
    pub(super) state: PathBuf,
    /// Another file that servers hold a lock on.
    pub(super) hold: Option<PathBuf>,
}

/// What was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// Who holds the pidfile's lock exclusively, by its name.
    pub(super) holder: Option<i32>,
    /// What the pidfile says; nothing where it is not there.
    pub(super) text: Option<Vec<u8>>,
    /// Who holds the other lock, in any way.
    pub(super) others: Vec<i32>,
    /// Whether the state is there.
    pub(super) state: bool,
}

impl Look {
    /// Looks.
    pub(super) fn take(places: &Places, files: &Files) -> std::io::Result<Self> {
        let locks = files.listing()?;
        let name_of = |path| name_of(path, files);
        let pidfile = name_of(&places.pidfile);
        let held = |name: Option<String>| -> Vec<(i32, LockKind)> {
            name.map(|name| holders(&locks, &name)).unwrap_or_default()
        };
        let text = pidfile.is_some().then(|| {
            // A link there is nobody's pidfile, and nothing behind it is read.
            crate::observe::lock::open(&places.pidfile)
                .ok()
                .and_then(|file| {
                    let mut text = Vec::new();
                    std::io::Read::read_to_end(&mut std::io::Read::take(file, 64), &mut text)
                        .ok()?;
                    Some(text)
                })
        });
        let holder = held(pidfile);
        Ok(Self {
            holder: holder
                .iter()
                .find(|(_, kind)| *kind == LockKind::Exclusive)
                .map(|(pid, _)| *pid),
            text: text.flatten(),
            others: held(places.hold.as_deref().and_then(name_of))
                .into_iter()
                .map(|(pid, _)| pid)
                .collect(),
            state: files.is_there(&places.state),
        })
    }

    /// Whether a process is the primary by all that can be seen: it holds the lock of the file that has the
    /// pidfile's name, and the file says its pid.
    pub(super) fn is_primary(&self, pid: i32) -> bool {
        let says = self.text.as_deref().map(<[u8]>::trim_ascii);
        self.holder == Some(pid) && says == Some(pid.to_string().as_bytes())
    }

    /// The pidfile in a few words.
    pub(super) fn say(&self) -> String {
        let text = match &self.text {
            None => return "it is not there".to_owned(),
            Some(text) if text.trim_ascii().is_empty() => "it is empty".to_owned(),
            Some(text) => format!("it says \"{}\"", text.trim_ascii().escape_ascii()),
        };
        match self.holder {
            Some(_) => format!("{text} and is locked"),
            None => format!("{text} and is not locked"),
        }
    }
}

/// A file as `/proc/locks` names it.
fn name_of(path: &Path, files: &Files) -> Option<String> {
    files
        .look(path)
        .filter(|found| found.is_file())
        .map(|found| listed_name(&found))
}
