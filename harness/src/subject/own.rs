//! A server of one's own: its programs and paths, found from where its profile is.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::SubjectError;
use super::profile::{DIR, Profile, fill};
use super::python::{is_program, on_path};
use super::shown::installed_with;
use crate::engine::Commands;

/// How to start it, with all paths made absolute and looked up.
///
/// # Errors
/// What is not there.
pub(super) fn commands(
    profile: &Profile,
    var: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Commands, SubjectError> {
    let path = Path::new(&profile.path);
    let dir = fs::canonicalize(path)
        .ok()
        .and_then(|p| p.parent().map(Path::to_path_buf))
        .ok_or_else(|| not_here(profile, "its directory is gone".into()))?;
    commands_in(profile, &dir, var)
}

/// As [`commands`], from this directory.
pub(super) fn commands_in(
    profile: &Profile,
    dir: &Path,
    var: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Commands, SubjectError> {
    let text = dir
        .to_str()
        .ok_or_else(|| not_here(profile, "its directory's name is no UTF-8".into()))?;
    let places = [(DIR, text)];
    let fill_all = |words: &[String]| words.iter().map(|w| fill(w, &places)).collect::<Vec<_>>();

    let mut shown = Vec::new();
    for path in fill_all(&profile.shown) {
        let found = fs::canonicalize(dir.join(&path));
        shown.push(found.map_err(|e| not_here(profile, format!("`shown` names {path}: {e}")))?);
    }
    let mut command = |key: &str, words: &[String]| -> Result<Vec<String>, SubjectError> {
        let mut words = fill_all(words);
        let Some(first) = words.first_mut() else {
            // It has no such program.
            return Ok(words);
        };
        let program = program(first, dir, &var("PATH").unwrap_or_default()).ok_or_else(|| {
            not_here(
                profile,
                format!("`{key}` starts {first}, which is no program here"),
            )
        })?;
        *first = program
            .to_str()
            .ok_or_else(|| not_here(profile, format!("`{key}`: its path is no UTF-8")))?
            .to_owned();
        shown.extend(installed_with(&program));
        shown.push(program);
        Ok(words)
    };
    let server = command("server", &profile.server)?;
    let cli = command("cli", &profile.cli)?;
    let env = &profile.env;
    Ok(Commands {
        server,
        cli,
        env: env
            .iter()
            .map(|(k, v)| (k.clone(), fill(v, &places)))
            .collect(),
        shown,
        ready: profile.ready.clone(),
    })
}

/// A path is meant from the profile's directory, a bare name is looked up on PATH.
///
/// The last part of the path stays as it is: a program may go by the name it was called with.
fn program(word: &str, dir: &Path, path: &OsString) -> Option<PathBuf> {
    if !word.contains('/') {
        return on_path(&word.into(), path).into_iter().next();
    }
    let at = dir.join(word);
    let real = fs::canonicalize(at.parent()?).ok()?.join(at.file_name()?);
    is_program(&real).then_some(real)
}

pub(super) fn not_here(profile: &Profile, what: String) -> SubjectError {
    SubjectError::NotHere {
        profile: profile.path.clone(),
        what,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn found(server: &str, shown: &str) -> Result<(tempfile::TempDir, Commands), SubjectError> {
        let root = tempfile::tempdir().unwrap();
        let bin = root.path().join("bin");
        fs::create_dir(&bin).unwrap();
        fs::create_dir(root.path().join("suite")).unwrap();
        let program = bin.join("serve");
        fs::write(&program, "").unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let path = root.path().join("suite/own.toml");
        let text = format!(
            "server = [\"{server}\", \"${{dir}}/x\"]\ncli = [\"serve\"]\nshown = [\"{shown}\"]\n"
        );
        fs::write(&path, &text).unwrap();
        let profile = Profile::parse(path.to_str().unwrap(), &text).unwrap();
        let commands = commands(&profile, &|name| {
            (name == "PATH").then(|| bin.clone().into())
        })?;
        Ok((root, commands))
    }

    #[test]
    fn paths_are_meant_from_the_profile_and_names_from_path() {
        let (root, commands) = found("../bin/serve", ".").unwrap();
        let root = fs::canonicalize(root.path()).unwrap();
        let serve = root.join("bin/serve");
        assert_eq!(commands.server[0], serve.to_str().unwrap());
        assert_eq!(commands.server[1], root.join("suite/x").to_str().unwrap());
        assert!(commands.cli[0].ends_with("/bin/serve"));
        assert!(commands.shown.contains(&serve));
        assert!(commands.shown.contains(&root.join("suite")));
    }

    #[test]
    fn what_is_not_there_is_told_with_its_key() {
        let text = |server, shown| found(server, shown).unwrap_err().to_string();
        assert!(text("./gone", ".").contains("`server` starts ./gone"));
        assert!(text("no-such-name", ".").contains("`server` starts no-such-name"));
        assert!(text("../bin/serve", "gone").contains("`shown` names gone"));
        assert!(!found("./gone", ".").unwrap_err().is_usage());
    }
}
