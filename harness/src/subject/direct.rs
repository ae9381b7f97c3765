//! A subject that is typed as its commands: `pidproof run -- ./server args`.

use std::fs;
use std::path::{Path, PathBuf};

use super::own::{commands_in, not_here};
use super::profile::Profile;
use super::{Subject, SubjectError, no_env, var};
use crate::engine::Readiness;
use crate::scenario::deviation::Deviations;
use crate::scenario::reach::Reach;

/// What it is called in errors.
const HERE: &str = "the command line";
/// The directories that a world makes itself. To show one of the host's over them, or above them, would hide them.
const OF_THE_WORLD: [&str; 4] = ["/home/user", "/run/user/1000", "/tmp/session", "/work"];

/// A subject of these commands, of which one may be empty, as they are meant in the working directory.
///
/// # Errors
/// What is not there.
pub fn direct(server: &[String], cli: &[String]) -> Result<Subject, SubjectError> {
    let mut profile = Profile {
        path: HERE.to_owned(),
        server: server.to_vec(),
        cli: cli.to_vec(),
        env: no_env(),
        shown: Vec::new(),
        parameters: Vec::new(),
        ready: Readiness::Initialize,
        reach: Reach {
            server: !server.is_empty(),
            cli: !cli.is_empty(),
            ..Reach::all()
        },
        pypi: None,
        deviations: None,
        built_in: false,
    };
    let dir = std::env::current_dir()
        .map_err(|e| not_here(&profile, format!("the working directory: {e}")))?;
    // Its processes start elsewhere, and a file that is named from here is meant here.
    for words in [&mut profile.server, &mut profile.cli] {
        for word in words.iter_mut().skip(1) {
            let at = dir.join(&*word);
            if !word.is_empty() && at.exists() {
                profile.shown.extend(at.to_str().map(str::to_owned));
                *word = at.to_str().unwrap_or(word).to_owned();
            }
        }
    }
    // What stands beside them is likely needed too.
    if hides_nothing(&dir) {
        profile.shown.extend(dir.to_str().map(str::to_owned));
    }
    let mut commands = commands_in(&profile, &dir, &var)?;
    let programs = [commands.server.first(), commands.cli.first()];
    let homes: Vec<PathBuf> = var("HOME").into_iter().map(PathBuf::from).collect();
    let around: Vec<PathBuf> = programs
        .into_iter()
        .flatten()
        .flat_map(|program| installations(Path::new(program)))
        .filter(|at| hides_nothing(at) && !homes.iter().any(|home| home.starts_with(at)))
        .collect();
    commands.shown.extend(around);
    let join = |words: &[String]| {
        shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "))
    };
    let mut typed = Vec::new();
    if !cli.is_empty() {
        typed.extend(["--cli".to_owned(), join(cli)]);
    }
    if !server.is_empty() {
        typed.push("--".to_owned());
        typed.extend(server.iter().cloned());
    }
    Ok(Subject {
        name: join(if server.is_empty() { cli } else { server }),
        commands,
        parameters: Vec::new(),
        reach: profile.reach,
        typed,
        version: None,
        deviations: Deviations::default(),
        notes: Vec::new(),
    })
}

fn hides_nothing(dir: &Path) -> bool {
    !OF_THE_WORLD
        .iter()
        .any(|own| Path::new(own).starts_with(dir))
}

/// What a program was likely installed with: `<here>` of `<here>/bin/program`, for it and all that it is a link to.
/// So interpreters outside of the system's directories find their libraries: of a virtual environment, pyenv, nvm.
fn installations(program: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    let mut at = program.to_path_buf();
    // The kernel follows 40 links at most.
    for _ in 0..40 {
        if let Some(bin) = at.parent().filter(|dir| dir.ends_with("bin"))
            && let Some(prefix) = bin.parent()
        {
            all.push(prefix.to_path_buf());
        }
        let Ok(target) = fs::read_link(&at) else {
            break;
        };
        at = at.parent().map(|dir| dir.join(&target)).unwrap_or(target);
        all.push(at.clone());
    }
    all.extend(fs::canonicalize(&at));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interpreter_brings_what_it_was_installed_with() {
        let root = tempfile::tempdir().unwrap();
        let at = |p: &str| root.path().join(p);
        fs::create_dir_all(at("venv/bin")).unwrap();
        fs::create_dir_all(at("base/bin")).unwrap();
        fs::write(at("base/bin/python3"), "").unwrap();
        std::os::unix::fs::symlink(at("base/bin/python3"), at("venv/bin/python")).unwrap();
        let found = installations(&at("venv/bin/python"));
        for path in ["venv", "base", "base/bin/python3"] {
            assert!(found.contains(&at(path)), "{path}: {found:?}");
        }
        assert!(installations(Path::new("/nowhere/serve")).is_empty());
    }

    #[test]
    fn nothing_is_laid_over_what_the_world_makes() {
        for dir in ["/", "/tmp", "/home", "/home/user", "/run", "/work"] {
            assert!(!hides_nothing(Path::new(dir)), "{dir}");
        }
        assert!(hides_nothing(Path::new("/tmp/checkout")));
    }
}
