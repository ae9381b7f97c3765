//! A subject that is typed as its commands: `pidproof run -- ./server args`.

use super::own::{commands_in, not_here};
use super::profile::Profile;
use super::shown::hides_nothing;
use super::{Subject, SubjectError, no_env, var};
use crate::engine::Readiness;
use crate::scenario::deviation::Deviations;
use crate::scenario::reach::Reach;

/// What it is called in errors.
const HERE: &str = "the command line";

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
        registry: None,
        deviations: Vec::new(),
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
    let commands = commands_in(&profile, &dir, &var)?;
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
