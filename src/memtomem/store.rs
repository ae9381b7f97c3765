//! The memories: an SQLite database in WAL mode with full-text search.
//!
//! It is opened by the first call that needs it, and only while the legacy pidfile is held
//! (LEG-7). Nothing here opens the database file by any other way than SQLite: its locks belong to
//! the process, and closing any other descriptor of the file would drop them.

use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, InterruptHandle, OpenFlags, params};

use super::hold_keeper::{HoldError, HoldKeeper, StateDir};
use super::paths::Paths;
use crate::shell::{printable, printable_text};

/// How long a call waits for another process's transaction; less than an end waits for a call.
const BUSY: Duration = Duration::from_secs(2);

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE VIRTUAL TABLE IF NOT EXISTS pidkeep_memories USING fts5(content, tags);
";

/// Why a call could not be served.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    #[error(transparent)]
    Hold(#[from] HoldError),
    #[error("database {}: {}", printable(path), printable_text(&source.to_string()))]
    Database {
        path: PathBuf,
        source: rusqlite::Error,
    },
    #[error("cannot look at the database {}: {source}", printable(path))]
    Look {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the server is shutting down")]
    Closed,
}

/// One memory.
#[derive(Debug)]
pub(super) struct Memory {
    id: i64,
    content: String,
    tags: String,
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}", self.id, self.content)?;
        if !self.tags.is_empty() {
            write!(f, " (tags: {})", self.tags)?;
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Open {
    connection: Connection,
    /// Device and inode of the file that was opened.
    id: (u64, u64),
}

#[derive(Debug, Default)]
struct Inner {
    open: Option<Open>,
    closed: bool,
}

/// The database, opened on demand.
pub(super) struct Store {
    path: PathBuf,
    hold: Arc<HoldKeeper>,
    inner: Arc<Mutex<Inner>>,
    interrupt: Mutex<Option<InterruptHandle>>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Store {
    pub(super) fn new(paths: &Paths, hold: Arc<HoldKeeper>) -> Self {
        Self {
            path: paths.database(),
            hold,
            inner: Arc::default(),
            interrupt: Mutex::default(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Stores a memory, and makes the state dir and the database for it if need be (HOME-3).
    pub(super) fn add(&self, content: &str, tags: &[String]) -> Result<i64, StoreError> {
        let mut inner = self.inner();
        let connection = self
            .connection(&mut inner, StateDir::Make)?
            .ok_or(StoreError::Closed)?;
        connection
            .prepare("INSERT INTO pidkeep_memories (content, tags) VALUES (?1, ?2)")
            .and_then(|mut insert| insert.insert(params![content, tags.join(" ")]))
            .map_err(|source| self.explain(source))
    }

    /// Finds the memories that hold every word of `query`, the best first. A store that does not
    /// exist is empty and stays away.
    pub(super) fn search(&self, query: &str, limit: u32) -> Result<Vec<Memory>, StoreError> {
        let mut inner = self.inner();
        let Some(connection) = self.connection(&mut inner, StateDir::Leave)? else {
            return Ok(Vec::new());
        };
        let phrase = match_phrase(query);
        if phrase.is_empty() {
            return Ok(Vec::new());
        }
        let find = || {
            let mut select = connection.prepare(
                "SELECT rowid, content, tags FROM pidkeep_memories
                 WHERE pidkeep_memories MATCH ?1 ORDER BY rank LIMIT ?2",
            )?;
            let rows = select.query_map(params![phrase, limit], |row| {
                Ok(Memory {
                    id: row.get(0)?,
                    content: row.get(1)?,
                    tags: row.get(2)?,
                })
            })?;
            rows.collect::<Result<Vec<_>, _>>()
        };
        find().map_err(|source| self.explain(source))
    }

    /// Counts the memories; `None` if there is no store.
    pub(super) fn count(&self) -> Result<Option<i64>, StoreError> {
        let mut inner = self.inner();
        let Some(connection) = self.connection(&mut inner, StateDir::Leave)? else {
            return Ok(None);
        };
        connection
            .query_row("SELECT count(*) FROM pidkeep_memories", [], |row| {
                row.get::<_, i64>(0)
            })
            .map(Some)
            .map_err(|source| self.explain(source))
    }

    /// Closes the database for good. A call that is at work is interrupted and waited for until
    /// `limit` has passed; after that the process ends under it, which SQLite survives.
    pub(super) fn close(&self, limit: Duration) {
        // Only a call at work is interrupted: the flag would also cut off the checkpoint that
        // SQLite makes when an idle connection is closed.
        if self.inner.try_lock().is_err()
            && let Some(handle) = &*self
                .interrupt
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        {
            handle.interrupt();
        }
        let inner = Arc::clone(&self.inner);
        let (done, closed) = mpsc::channel();
        let close = move || {
            let mut inner = inner.lock().unwrap_or_else(PoisonError::into_inner);
            inner.closed = true;
            inner.open = None;
            // Nobody listens any more if that took too long.
            let _too_late = done.send(());
        };
        // Without a thread to wait in, the process ends at once, as it does after `limit`.
        if thread::Builder::new()
            .name("close".to_owned())
            .spawn(close)
            .is_ok()
        {
            let _timeout = closed.recv_timeout(limit);
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn explain(&self, source: rusqlite::Error) -> StoreError {
        StoreError::Database {
            path: self.path.clone(),
            source,
        }
    }

    /// The device and inode that the path leads to; `None` if there is no file.
    fn found(&self) -> Result<Option<(u64, u64)>, StoreError> {
        match std::fs::metadata(&self.path) {
            Ok(found) => Ok(Some((found.dev(), found.ino()))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => Ok(None),
            Err(source) => Err(StoreError::Look {
                path: self.path.clone(),
                source,
            }),
        }
    }

    /// The open database. Held first, opened then; opened anew if the file was removed meanwhile.
    fn connection<'a>(
        &self,
        inner: &'a mut Inner,
        state_dir: StateDir,
    ) -> Result<Option<&'a Connection>, StoreError> {
        if inner.closed {
            return Err(StoreError::Closed);
        }
        let found = self.found()?;
        if inner
            .open
            .as_ref()
            .is_some_and(|open| Some(open.id) != found)
        {
            inner.open = None;
        }
        if found.is_none() && state_dir == StateDir::Leave {
            return Ok(None);
        }
        if !self.hold.ensure(state_dir)? {
            return Ok(None);
        }
        if inner.open.is_none() {
            inner.open = self.open(state_dir)?;
        }
        Ok(inner.open.as_ref().map(|open| &open.connection))
    }

    fn open(&self, state_dir: StateDir) -> Result<Option<Open>, StoreError> {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if state_dir == StateDir::Make {
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
        }
        let open = || {
            let connection = Connection::open_with_flags(&self.path, flags)?;
            connection.busy_timeout(BUSY)?;
            connection.execute_batch(SCHEMA)?;
            Ok(connection)
        };
        let connection = open().map_err(|source| self.explain(source))?;
        let handle = connection.get_interrupt_handle();
        *self
            .interrupt
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(handle);
        Ok(self.found()?.map(|id| Open { connection, id }))
    }
}

/// Each word of a query as a quoted string, so that no character has a meaning to FTS5.
fn match_phrase(query: &str) -> String {
    let quoted = |word: &str| format!("\"{}\"", word.replace('"', "\"\""));
    query
        .split_whitespace()
        .map(quoted)
        .collect::<Vec<_>>()
        .join(" ")
}
