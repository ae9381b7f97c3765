//! `mm uninstall`: look, ask, lock, remove.
//!
//! The look leaves no trace (UNI-4) and decides whether to ask at all. What it saw is old by the
//! time of the answer, so nothing rests on it: the work begins by taking the locks (see `guards`),
//! and removes what is there then.

use std::io::{self, BufRead as _, IsTerminal as _};

use super::cli::UninstallArguments;
use super::console::{FAILURE, REFUSED, SUCCESS, ask, say, warn};
use super::guards::{Guards, HeldPidfile, Obstacle};
use super::inventory::{Group, Inventory, human, state_items};
use super::paths::Paths;
use super::removal::{RemovalError, remove, remove_if_empty};
use super::survey::{Live, StateDir, Survey};
use crate::shell::printable;

/// Runs the subcommand and returns the exit status.
pub(super) fn run(paths: &Paths, arguments: UninstallArguments) -> u8 {
    let survey = Survey::take(paths);
    if !may_go_ahead(paths, &survey, arguments.force) {
        return REFUSED;
    }
    for note in survey.notes() {
        warn(format_args!("note: {note}"));
    }
    let inventory = match Inventory::take(paths, &survey, arguments) {
        Ok(inventory) => inventory,
        Err(error) => {
            let place = printable(&paths.state_dir);
            warn(format_args!(
                "error: cannot list {place}: {error}. Nothing was removed"
            ));
            return REFUSED;
        }
    };
    show(&inventory);
    if inventory.is_empty() {
        say("Nothing to remove.");
        if arguments.yes {
            prune(paths, &survey);
        }
        return SUCCESS;
    }
    if !arguments.yes && !confirmed() {
        return FAILURE;
    }
    work(paths, arguments)
}

/// Whether nothing speaks against removing, or it is forced; says what speaks against it.
fn may_go_ahead(paths: &Paths, survey: &Survey, force: bool) -> bool {
    if matches!(survey.state_dir, StateDir::Link) {
        // Not a question of who runs, so no flag overrides it: what is behind it is not ours.
        let live = survey.live(paths);
        refuse(&live, &survey.unclear());
        let place = printable(&paths.state_dir);
        warn(format_args!(
            "error: the state dir {place} is a symlink; refusing to remove through it. \
             Remove the link, or what it leads to, by hand"
        ));
        return false;
    }
    let live = survey.live(paths);
    let unclear = survey.unclear();
    if live.is_empty() && unclear.is_empty() {
        return true;
    }
    if force {
        for Live { what, .. } in &live {
            warn(format_args!("warning: going ahead although {what}"));
        }
        for why in &unclear {
            warn(format_args!("warning: going ahead although {why}"));
        }
        return true;
    }
    refuse(&live, &unclear);
    false
}

/// Tells why nothing is removed.
fn refuse(live: &[Live], unclear: &[String]) {
    if !live.is_empty() {
        // The runtime pidfile comes first, and its pid is the primary's.
        let pid = live.iter().find_map(|live| live.pid);
        let pid = pid.map_or_else(|| "unknown".to_owned(), |pid| pid.to_string());
        let what: Vec<&str> = live.iter().map(|live| live.what.as_str()).collect();
        warn(format_args!(
            "error: memtomem-server is running (pid {pid}): {}",
            what.join("; ")
        ));
    }
    for why in unclear {
        warn(format_args!(
            "error: cannot tell whether memtomem-server is running: {why}"
        ));
    }
    if !live.is_empty() || !unclear.is_empty() {
        warn(
            "Nothing was removed. Stop the server (close the client that started it) and run \
             this again; --force goes ahead regardless.",
        );
    }
}

fn show(inventory: &Inventory) {
    if inventory.items.is_empty() && inventory.pidfiles.is_empty() {
        return;
    }
    say("memtomem state:");
    for item in &inventory.items {
        let count = if item.files == 1 {
            String::new()
        } else {
            format!(", {} files", item.files)
        };
        let kept = item
            .kept
            .map_or_else(String::new, |why| format!("  (kept: {why})"));
        say(format_args!(
            "  {:<16}  {}  {}{count}{kept}",
            item.group.label(),
            printable(&item.path),
            human(item.bytes)
        ));
    }
    for pidfile in &inventory.pidfiles {
        say(format_args!(
            "  {:<16}  {}",
            Group::Pidfiles.label(),
            printable(pidfile)
        ));
    }
}

/// Asks on a terminal, where anything but yes means no (UNI-8).
fn confirmed() -> bool {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        warn(
            "error: refusing to remove anything without a yes; there is no terminal to ask on. Pass -y",
        );
        return false;
    }
    ask("Remove all this that is not marked as kept? [y/N] ");
    let mut answer = String::new();
    let read = stdin.lock().read_line(&mut answer);
    let yes = read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes");
    if !yes {
        say("Nothing was removed.");
    }
    yes
}

/// Takes the locks and removes what there is by then.
fn work(paths: &Paths, arguments: UninstallArguments) -> u8 {
    let survey = Survey::take(paths);
    if !arguments.force && !may_go_ahead(paths, &survey, false) {
        return REFUSED;
    }
    let guards = match Guards::take(paths, &survey, arguments.force) {
        Ok(guards) => guards,
        Err(Obstacle::Live(live)) => {
            refuse(&[live], &[]);
            return REFUSED;
        }
        Err(Obstacle::Unclear(why)) => {
            refuse(&[], &[why]);
            return REFUSED;
        }
    };
    let mut removed = Vec::new();
    let outcome = remove_all(paths, arguments, &guards, &mut removed);
    let list = if removed.is_empty() {
        "nothing".to_owned()
    } else {
        removed.join(", ")
    };
    match outcome {
        Ok(()) => {
            say(format_args!("Removed: {list}."));
            SUCCESS
        }
        Err(error) => {
            if let Some((_, legacy)) = &guards.state {
                legacy.unmake();
            }
            warn(format_args!("error: {error}"));
            warn(format_args!(
                "Removed so far: {list}. Run this again to remove the rest."
            ));
            REFUSED
        }
    }
}

fn remove_all(
    paths: &Paths,
    arguments: UninstallArguments,
    guards: &Guards,
    removed: &mut Vec<&'static str>,
) -> Result<(), RemovalError> {
    let mut done = |label| {
        if removed.last() != Some(&label) {
            removed.push(label);
        }
    };
    if let Some((dir, _)) = &guards.state {
        let items = state_items(&paths.state_dir, arguments).map_err(|error| RemovalError {
            path: paths.state_dir.clone(),
            errno: error
                .raw_os_error()
                .map_or(nix::errno::Errno::EIO, nix::errno::Errno::from_raw),
        })?;
        for item in items.iter().filter(|item| item.kept.is_none()) {
            if item.group != Group::Pidfiles {
                remove(dir.fd(), &item.name, &item.path)?;
                done(item.group.label());
            }
        }
    }
    for pidfile in guards
        .pidfiles
        .iter()
        .chain(guards.state.as_ref().map(|(_, legacy)| legacy))
    {
        if remove_pidfile(pidfile)? && !pidfile.made {
            done(Group::Pidfiles.label());
        }
    }
    if guards.state.is_some() && remove_if_empty(&paths.state_dir)? {
        done("state dir");
    }
    for dir in &guards.runtime_dirs {
        // What else is in it stays, and then so does the directory (UNI-7).
        if remove_if_empty(dir.path())? {
            done("runtime dir");
        }
    }
    Ok(())
}

/// Unlinks a pidfile while its lock is held; with `--force` also one that somebody else holds.
/// False if there was nothing to unlink.
fn remove_pidfile(pidfile: &HeldPidfile) -> Result<bool, RemovalError> {
    let path = pidfile.dir.path().join(pidfile.name);
    if let Some(file) = &pidfile.file
        && !file.is_named().unwrap_or(false)
    {
        return Ok(false);
    }
    let is_there = matches!(pidfile.dir.entry(pidfile.name.as_ref()), Ok(Some(_)));
    remove(pidfile.dir.fd(), pidfile.name.as_ref(), &path)?;
    Ok(is_there)
}

/// Removes directories that an earlier run left empty (UNI-17).
fn prune(paths: &Paths, survey: &Survey) {
    if matches!(survey.state_dir, StateDir::Directory) {
        let _not_empty_or_not_permitted = remove_if_empty(&paths.state_dir);
    }
    for place in survey.places.iter().filter(|place| place.is_removable()) {
        let _not_empty_or_not_permitted = remove_if_empty(place.dir.path());
    }
}
