//! Setting up a release, once: what is the same whichever registry it comes from.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::signal::{SigSet, SigmaskHow, Signal};

use super::cache::{self, Cache, Marker, Ready, Wanted};
use super::package::Registry;
use super::pip::{tail, unreached};
use super::version::Version;
use super::{SubjectError, Tell, prefix, pypi, python};

/// Raised where the layout below or the way of installing changes, so that old releases are left alone.
pub(super) const LAYOUT: &str = "1";

/// How a release is to be set up.
pub(super) struct Recipe<'a> {
    /// Where it comes from.
    pub(super) registry: &'a Registry,
    /// Which release.
    pub(super) version: &'a Version,
    /// Programs below its place that must be there in the end.
    pub(super) programs: Vec<String>,
    /// Who hears of what takes long.
    pub(super) tell: Tell<'a>,
}

impl Recipe<'_> {
    /// The release, from the cache or set up now.
    ///
    /// # Errors
    /// Why it cannot be had.
    pub(super) fn have(
        &self,
        cache: &Cache,
        var: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Ready, SubjectError> {
        let wanted = match self.registry {
            Registry::Pypi(pypi) => pypi::wanted(self, pypi, python::named(var)),
            Registry::Npm(_) | Registry::Cargo(_) => prefix::wanted(self),
        };
        let is_pypi = matches!(self.registry, Registry::Pypi(_));
        let in_vain = is_pypi && python::is_named_in_vain(var);
        let at_hand = |cache: &Cache| cache.ready(&wanted).filter(|_| !in_vain);
        if let Some(ready) = at_hand(cache) {
            return Ok(ready);
        }
        let interruptible = Interruptible::begin();
        let lock = cache.lock(&wanted, self.tell)?;
        // Somebody else may have set it up while this process waited.
        if let Some(ready) = at_hand(cache) {
            return Ok(ready);
        }
        cache.wipe_unfinished(&wanted)?;
        let made = match self.registry {
            Registry::Pypi(pypi) => pypi::set_up(self, pypi, cache, wanted, &lock, var),
            Registry::Npm(named) => prefix::npm(self, named, cache, &wanted, &lock, var),
            Registry::Cargo(named) => prefix::cargo(self, named, cache, &wanted, &lock, var),
        };
        drop(interruptible);
        made
    }

    /// The package and which release of it, for people.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.registry.package(), self.version)
    }

    /// Builds it where it will stay, on a tool of this version; what does not get done is removed.
    pub(super) fn build<E: From<SubjectError>>(
        &self,
        cache: &Cache,
        wanted: &Wanted,
        tool: (&str, &str),
        install: impl FnOnce(&Path) -> Result<Marker, E>,
    ) -> Result<Ready, E> {
        let (what, version) = tool;
        let dir = cache.dir(wanted, version);
        let name = self.name();
        (self.tell)(&format!(
            "setting up {name} {what} {version} in {}, once",
            dir.display()
        ));
        let made = fs::create_dir_all(&dir)
            .map_err(SubjectError::cache(format!("making {}", dir.display())))
            .map_err(E::from)
            .and_then(|()| install(&dir))
            .and_then(|marker| {
                let done = cache::complete(&dir, &marker);
                let fail = SubjectError::cache(format!("completing {}", dir.display()));
                done.map_err(fail).map_err(E::from).map(|()| marker)
            });
        if made.is_err() {
            // The next attempt wipes it too; a disk should not have to wait for that.
            drop(fs::remove_dir_all(&dir));
        }
        Ok(Ready {
            venv: cache::venv(&dir),
            marker: made?,
            was_there: false,
        })
    }

    /// That the release brings what its profile starts.
    pub(super) fn check_programs(&self, place: &Path) -> Result<(), SubjectError> {
        for program in &self.programs {
            let places = [(self.registry.place(), &*place.to_string_lossy())];
            let path = super::profile::fill(program, &places);
            if !python::is_program(Path::new(&path)) {
                return Err(self.failed(format!("the release brings no {program}")));
            }
        }
        Ok(())
    }

    /// Runs one step. Its standard input is the lock: should this process be killed, the lock is held
    /// until the step has ended too, and nobody else builds in the same place meanwhile.
    pub(super) fn run(
        &self,
        step: &str,
        mut command: Command,
        lock: &File,
    ) -> Result<String, SubjectError> {
        let lock = lock
            .try_clone()
            .map_err(SubjectError::cache("sharing the lock"))?;
        let out = command
            .stdin(Stdio::from(lock))
            .output()
            .map_err(|e| self.failed(format!("{step}: {e}")))?;
        let stdout = String::from_utf8_lossy(&out.stdout).into_owned();
        if out.status.success() {
            return Ok(stdout);
        }
        let stderr = String::from_utf8_lossy(&out.stderr);
        Err(self.failed(format!(
            "{step} ended with {}\n{}",
            out.status,
            tail(&stdout, &stderr) + unreached(&stderr)
        )))
    }

    /// That it cannot be set up.
    pub(super) fn failed(&self, why: String) -> SubjectError {
        SubjectError::Provision {
            what: self.name(),
            why,
        }
    }
}

/// While it lives, Ctrl-C and SIGTERM end this process as they end any other: the run that wants to
/// hear of them in order has not begun, and pip inherits the mask of the thread that starts it.
struct Interruptible(Option<SigSet>);

impl Interruptible {
    fn begin() -> Self {
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGINT);
        signals.add(Signal::SIGTERM);
        Self(signals.thread_swap_mask(SigmaskHow::SIG_UNBLOCK).ok())
    }
}

impl Drop for Interruptible {
    fn drop(&mut self) {
        if let Some(before) = self.0.take() {
            // It was in force a moment ago, so it is a valid one.
            let _restored = before.thread_set_mask();
        }
    }
}
