//! `pidproof init`: from a command line to files that a project can keep.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml_edit::{Array, Value};

use super::args::{CiArg, Init};
use super::out::say;
use super::run::{judged, on_interrupt};
use super::{Exit, Failure, which, whole};
use crate::scenario::deviation::Deviations;
use crate::subject;
use crate::suite::{Interrupt, find_host};

const PROFILE: &str = "pidproof.toml";
const DEVIATIONS: &str = "pidproof.deviations.toml";
const WORKFLOW: &str = ".github/workflows/pidproof.yml";
const GITLAB: &str = ".gitlab/pidproof.yml";
/// Files that an editor checks the others with, where somebody has put them there.
const PROFILE_SCHEMA: &str = "profile.schema.json";
const DEVIATIONS_SCHEMA: &str = "deviations.schema.json";

const PROFILE_HEAD: &str = "\
# How pidproof starts this project's programs, and what it should know of them. `pidproof run` in this directory
# judges what is named here. A program with a `/` in it is meant from here; others are looked up on PATH.

";

const PROFILE_TAIL: &str = r#"
# What it is known to do otherwise, each with its reason: `pidproof baseline` writes entries.
deviations = "pidproof.deviations.toml"

# Further files and directories that it needs to see, read-only, meant from here.
#shown = ["conf"]

# How the server shows that it serves, where it does not speak MCP on its standard streams.
#ready = { stderr = "listening on" }

# Variables that it needs.
#[env]
#LOG_LEVEL = "debug"

# What the contract leaves open.
#[parameters]
#refused_exit           = 1       # the status of a start that is refused (DIR-10)
#uninstall_refused_exit = 2       # and of an uninstall (UNI-1)
#uninstall_question     = "[y/N]" # what the question of an uninstall ends with (UNI-8)
#loser                  = "exits" # a server that does not get the lock: "secondary" or "exits" (PID-5)

# A rule, or a family of rules, that cannot be asked of it.
#[[does-not-apply]]
#rule   = "LEG"
#reason = "there never was a release with the legacy pidfile"
"#;

const DEVIATIONS_TEXT: &str = r#"# What this project is known to do otherwise. Each entry is held against every run: what is gone or different fails.
# `pidproof baseline --write pidproof.deviations.toml` writes those of today, for you to explain.
#
#[[deviation]]
#cases  = ["end.*:signal=hup"]  # ids or globs: `pidproof list`
#check  = "END-4"               # the rule: `pidproof explain END-4`
#found  = "exit status 1"       # as the report says it
#kind   = "bug"                 # or by-design, or environment
#reason = "the handler of SIGTERM is not installed for SIGHUP"
#expires = "2027-01-31"
"#;

const WORKFLOW_TEXT: &str = r#"# Judges the server by the pidfile contract. Written by `pidproof init`, and yours to change.
name: pidproof
on: [push, pull_request]
permissions: {}
jobs:
  pidproof:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      # Build here what pidproof.toml starts.
      - run: cargo install --locked pidproof
      # As root: some cases need files that belong to somebody else, and CI skips nothing. The server runs as an
      # ordinary user all the same. `pidproof doctor` says what a host lacks; --may-skip names what it may.
      - run: sudo env "PATH=$PATH" CI=true pidproof run --subject pidproof.toml
"#;

const GITLAB_TEXT: &str = r#"# Judges the server by the pidfile contract. Written by `pidproof init`, and yours to change.
# The project's .gitlab-ci.yml takes it in with
#
#     include:
#       - local: .gitlab/pidproof.yml
pidproof:
  # As root, which the jobs of an image are: some cases need files that belong to somebody else. The server runs as an
  # ordinary user all the same. A runner whose containers may make no namespaces lacks some cases: `pidproof doctor` says
  # which, and --may-skip names what it may.
  image: rust:1
  script:
    # Build here what pidproof.toml starts.
    - cargo install --locked pidproof
    # GitLab sets CI, so nothing may be skipped.
    - pidproof run --subject pidproof.toml --junit pidproof.xml
  artifacts:
    when: always
    reports:
      junit: pidproof.xml
"#;

pub(super) fn init(args: &Init) -> Result<Exit, Failure> {
    let interrupt = Arc::new(Interrupt::default());
    on_interrupt(&interrupt);
    let server = which::words(args.server.as_deref())?;
    let cli = which::words(args.cli.as_deref())?;
    let at = |name: &str| args.dir.join(name);
    let for_editor = |schema: &str| match at(schema).is_file() {
        true => format!("#:schema ./{schema}\n"),
        false => String::new(),
    };
    let text = profile(&args.dir, &server, &cli);
    let mut files = vec![
        (at(PROFILE), for_editor(PROFILE_SCHEMA) + &text),
        (
            at(DEVIATIONS),
            for_editor(DEVIATIONS_SCHEMA) + DEVIATIONS_TEXT,
        ),
    ];
    match args.ci {
        CiArg::Github => files.push((at(WORKFLOW), WORKFLOW_TEXT.to_owned())),
        CiArg::Gitlab => files.push((at(GITLAB), GITLAB_TEXT.to_owned())),
        CiArg::None => {}
    }
    let there = files.iter().find(|(path, _)| path.exists());
    if let (Some((path, _)), false) = (there, args.force) {
        return Err(Failure::There(path.display().to_string()));
    }
    for (path, text) in &files {
        if has_entries(path) {
            say(format_args!("kept   {}: it has entries", path.display()));
            continue;
        }
        let parent = path.parent().unwrap_or(&args.dir);
        std::fs::create_dir_all(parent).map_err(|source| Failure::Unwritten {
            path: parent.to_path_buf(),
            source,
        })?;
        whole::write(path, text)?;
        say(format_args!("wrote  {}", path.display()));
    }
    let spec = at(PROFILE).display().to_string();
    let subject = subject::find(&spec)?;
    let ready = judged(&subject, &find_host(), &interrupt);
    if interrupt.asked() {
        return Ok(Exit::Interrupted);
    }
    ready?;
    say("it starts and ends here");
    if args.ci == CiArg::Gitlab {
        say(format_args!("{GITLAB} says how .gitlab-ci.yml takes it in"));
    }
    let (named, file) = if args.dir == Path::new(".") {
        (String::new(), DEVIATIONS.to_owned())
    } else {
        let file = at(DEVIATIONS).display().to_string();
        (format!(" --subject {}", quoted(&spec)), quoted(&file))
    };
    say(format_args!(
        "\nnext:\n  pidproof run home.handshake{named}   # one case, for a first look\n  \
         pidproof run --level core{named}\n  pidproof baseline{named} --write {file}\n  pidproof run{named}"
    ));
    Ok(Exit::AsExpected)
}

/// What somebody has written reasons in is not replaced by an empty one.
fn has_entries(path: &Path) -> bool {
    if !path.ends_with(DEVIATIONS) {
        return false;
    }
    let Ok(text) = std::fs::read_to_string(path) else {
        return false;
    };
    // One with mistakes is somebody's work too.
    Deviations::parse("", &text, None, false).map_or(true, |file| file.iter().next().is_some())
}

/// The profile's text. What was typed is meant from the working directory, and what stands in a profile from its own.
fn profile(dir: &Path, server: &[String], cli: &[String]) -> String {
    let mut needs_files = false;
    let mut line = |key: &str, words: &[String]| {
        if words.is_empty() {
            return format!("# {key} = [\"./program\", \"argument\"]\n");
        }
        let words: Array = words
            .iter()
            .enumerate()
            .map(|(at, word)| match at {
                0 if word.contains('/') => {
                    // A script of the project's own likely needs what stands beside it, as after `run --`.
                    needs_files |= !word.starts_with('/');
                    from(dir, word)
                }
                0 => word.clone(),
                _ if !word.is_empty() && Path::new(word).exists() => {
                    needs_files = true;
                    argument(dir, word)
                }
                _ => word.clone(),
            })
            .collect();
        format!("{key} = {}\n", Value::Array(words))
    };
    let server = line("server", server);
    let cli = line("cli", cli);
    let tail = if needs_files && subject::hides_nothing(&absolute(".")) {
        let shown: Array = [from(dir, ".")].into_iter().collect();
        let shown = format!("shown = {}", Value::Array(shown));
        PROFILE_TAIL.replace("#shown = [\"conf\"]", &shown)
    } else {
        PROFILE_TAIL.to_owned()
    };
    format!("{PROFILE_HEAD}{server}{cli}{tail}")
}

fn is_here(dir: &Path) -> bool {
    match (std::fs::canonicalize(dir), std::env::current_dir()) {
        (Ok(dir), Ok(here)) => dir == here,
        _ => dir == Path::new("."),
    }
}

fn absolute(word: &str) -> PathBuf {
    std::path::absolute(word).unwrap_or_else(|_| PathBuf::from(word))
}

fn from(dir: &Path, word: &str) -> String {
    if is_here(dir) {
        word.to_owned()
    } else {
        absolute(word).display().to_string()
    }
}

fn argument(dir: &Path, word: &str) -> String {
    if is_here(dir) && Path::new(word).is_relative() {
        format!("${{dir}}/{}", word.trim_start_matches("./"))
    } else {
        absolute(word).display().to_string()
    }
}

fn quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), std::borrow::Cow::into_owned)
}
