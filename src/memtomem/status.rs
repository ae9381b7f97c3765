//! `mm status`: where things are and who holds them. Looks only (RUN-5).

use super::console::{SUCCESS, say};
use super::database_lock::Usage;
use super::paths::Paths;
use super::survey::{Place, StateDir, Survey};
use crate::dir_verdict::Verdict;
use crate::probe::Holding;
use crate::runtime_dir::Form;
use crate::shell::printable;

/// Runs the subcommand and returns the exit status.
pub(super) fn run(paths: &Paths) -> u8 {
    let survey = Survey::take(paths);
    for place in survey.places.iter().filter(|place| place.own) {
        say(format_args!("pidfile      {}", printable(&place.pidfile())));
        say(format_args!("  chosen     {}", chosen(place.dir.form())));
        say(format_args!("  directory  {}", place.verdict.reason()));
        say(format_args!("  lock       {}", held(place)));
    }
    let others = survey
        .places
        .iter()
        .filter(|place| !place.own && place.verdict != Verdict::Missing);
    for place in others {
        say(format_args!("elsewhere    {}", printable(&place.pidfile())));
        say(format_args!("  directory  {}", place.verdict.reason()));
        say(format_args!("  lock       {}", held(place)));
    }
    say(format_args!("state dir    {}", printable(&paths.state_dir)));
    say(format_args!(
        "  directory  {}",
        state_dir(&survey.state_dir)
    ));
    say(format_args!(
        "legacy       {}",
        printable(&paths.legacy_pidfile())
    ));
    say(format_args!("  lock       {}", describe(&survey.legacy)));
    say(format_args!(
        "database     {}",
        printable(&paths.database())
    ));
    say(format_args!("  open by    {}", database(&survey)));
    SUCCESS
}

fn chosen(form: &Form) -> String {
    match form {
        Form::Xdg => "by XDG_RUNTIME_DIR".to_owned(),
        Form::Temp(why) => format!("in the temporary directory, since {why}"),
        Form::Elsewhere => "not by this environment".to_owned(),
    }
}

fn held(place: &Place) -> String {
    match &place.holding {
        Some(holding) => describe(holding),
        None => "not looked at: no server of yours can be here".to_owned(),
    }
}

fn describe(holding: &Holding) -> String {
    let pid = |recorded: &Option<u32>| {
        recorded.map_or_else(|| "no pid".to_owned(), |pid| format!("pid {pid}"))
    };
    match holding {
        Holding::Absent => "no such file".to_owned(),
        Holding::Free { recorded } => {
            format!("free; the file is stale and records {}", pid(recorded))
        }
        Holding::Held {
            exclusive: true,
            recorded,
        } => {
            format!("held exclusively; the file records {}", pid(recorded))
        }
        Holding::Held {
            exclusive: false,
            recorded,
        } => {
            format!(
                "held by one or more servers; the file records {}",
                pid(recorded)
            )
        }
        Holding::CannotTell(error) => format!("cannot tell: {error}"),
    }
}

fn state_dir(found: &StateDir) -> String {
    match found {
        StateDir::Absent => "does not exist".to_owned(),
        StateDir::Directory => "exists".to_owned(),
        StateDir::Link => "is a symlink; `mm uninstall` does not remove through it".to_owned(),
        StateDir::NotADirectory => "is not a directory".to_owned(),
        StateDir::CannotLook(errno) => format!("cannot be looked at: {}", errno.desc()),
    }
}

fn database(survey: &Survey) -> String {
    match &survey.database {
        Ok(Usage::Absent) => "nobody; there is none".to_owned(),
        Ok(Usage::Closed) => "nobody".to_owned(),
        Ok(Usage::Open(Some(pid))) => format!("pid {pid}"),
        Ok(Usage::Open(None)) => "somebody".to_owned(),
        Err(error) => format!("cannot tell: {error}"),
    }
}
