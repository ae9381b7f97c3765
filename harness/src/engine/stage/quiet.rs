//! Whether a process stands still: no thread of it will do anything unless something happens.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::time::Duration;

use super::sleep;

/// Who sleeps longer does so for ever, as far as an order goes: an idle thread that goes home after ten seconds.
const SOON: Duration = Duration::from_secs(2);

/// What a process does that does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stillness {
    /// At least one thread runs.
    Runs,
    /// All wait.
    Waits {
        /// The first of those that wait only for a short time does so for so long at most.
        wakes: Option<Duration>,
    },
}

/// The threads of a process. Their files in /proc stay open: to find one takes ten times as long as to read it.
#[derive(Debug, Default)]
pub struct Threads {
    known: Vec<Thread>,
    /// The directory of all of them.
    list: Option<File>,
}

#[derive(Debug)]
struct Thread {
    tid: i32,
    stat: File,
    schedstat: File,
    syscall: File,
    /// How often it had run when the process last stood still.
    ran: u64,
}

impl Threads {
    /// Looks at all threads but those that wait in a held call. Who asks must see afterwards that no call has come
    /// meanwhile: a thread in a held call sleeps like any other, and says so before it sleeps.
    ///
    /// One look is not enough, since threads wake each other between two lines of it: a token that goes round is always
    /// where nobody looks. Two looks agree only if nobody ran in between, which the number of times each ran tells. What
    /// they sleep in is read between the two: the time of one may have come, and then it sleeps in no call any more, and
    /// has not run yet.
    #[must_use]
    pub fn look(&mut self, pid: i32, held: &[i32]) -> Stillness {
        if !self.are_all() && self.list(pid).is_err() {
            return Stillness::Runs;
        }
        let Some(first) = self.scan(held) else {
            // It runs, or it is gone: then the next look needs a new list.
            self.known
                .retain(|thread| times(&thread.schedstat).is_some());
            return Stillness::Runs;
        };
        let free = self
            .known
            .iter()
            .filter(|thread| !held.contains(&thread.tid));
        let left = |thread: &Thread| sleep::left(thread.tid, &thread.syscall);
        let wakes = free.filter_map(left).filter(|left| *left <= SOON).min();
        if first.is_empty() || self.scan(held).as_ref() != Some(&first) || !self.are_all() {
            return Stillness::Runs;
        }
        for (thread, ran) in self.known.iter_mut().zip(first) {
            thread.ran = ran;
        }
        Stillness::Waits { wakes }
    }

    /// Whether nobody but the one thread that was let go has run since it last stood still, and no thread has come or
    /// gone. Then that one alone has to be looked at, and that it is held again was told.
    ///
    /// That a thread has not run says nothing while it waits for a core: on a host with much to do, one that has just got
    /// the lock that it slept for runs long after.
    #[must_use]
    pub fn are_as_before(&self, but: i32) -> bool {
        let slept = |thread: &Thread| {
            // In this turn: what has run by the second look was ready at the first, or had run already.
            let is_ready = || state(&thread.stat) == Some('R');
            thread.tid == but || !is_ready() && times(&thread.schedstat) == Some(thread.ran)
        };
        !self.known.is_empty() && self.are_all() && self.known.iter().all(slept)
    }

    /// Whether no thread has come or gone: the number of names of the directory is that of its threads, and two.
    fn are_all(&self) -> bool {
        let found = self.list.as_ref().map(File::metadata);
        let many = found.and_then(Result::ok).map_or(0, |found| found.nlink());
        many == self.known.len() as u64 + 2
    }

    fn list(&mut self, pid: i32) -> io::Result<()> {
        let path = format!("/proc/{pid}/task");
        if self.list.is_none() {
            self.list = Some(File::open(&path)?);
        }
        let mut known = std::mem::take(&mut self.known);
        for task in fs::read_dir(path)? {
            let name = task?.file_name();
            let tid = name.to_str().and_then(|tid| tid.parse().ok());
            let tid = tid.ok_or_else(|| io::Error::other("a thread without a number"))?;
            if let Some(at) = known.iter().position(|thread| thread.tid == tid) {
                self.known.push(known.swap_remove(at));
                continue;
            }
            // Not by the directory of the process: at its end each thread forgets its own names there, and the process
            // all of them. Who reaps it then spins in the kernel until the last thread is done, milliseconds on one core.
            self.known.push(Thread {
                tid,
                stat: File::open(format!("/proc/{tid}/stat"))?,
                schedstat: File::open(format!("/proc/{tid}/schedstat"))?,
                syscall: File::open(format!("/proc/{tid}/syscall"))?,
                ran: 0,
            });
        }
        Ok(())
    }

    /// How often each thread ran, if all sleep that are not held.
    fn scan(&self, held: &[i32]) -> Option<Vec<u64>> {
        let ran = |thread: &Thread| {
            // What waits for a disk goes on by itself: that is no sleep.
            let sleeps = held.contains(&thread.tid) || state(&thread.stat) == Some('S');
            sleeps.then(|| times(&thread.schedstat)).flatten()
        };
        self.known.iter().map(ran).collect()
    }
}

/// The state of a thread, a letter.
fn state(stat: &File) -> Option<char> {
    let mut text = [0; 512];
    let read = stat.read_at(&mut text, 0).ok()?;
    // The name in the brackets may hold anything; the state follows the last of them.
    let text = text.get(..read)?;
    let end = text.iter().rposition(|byte| *byte == b')')?;
    text.get(end + 2).map(|byte| char::from(*byte))
}

/// How often a thread has run.
fn times(schedstat: &File) -> Option<u64> {
    let mut text = [0; 96];
    let read = schedstat.read_at(&mut text, 0).ok()?;
    let text = std::str::from_utf8(text.get(..read)?).ok()?;
    text.split_whitespace().nth(2)?.parse().ok()
}
