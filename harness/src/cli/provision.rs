//! `pidproof provision`: releases into the cache, before anybody needs them.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use clap::Args as ClapArgs;

use super::out::{self, note, say};
use super::{Exit, Failure};
use crate::subject::{self, Had, SubjectError};

/// How many releases are set up at once: each is a pip, which takes a core, some memory and the network.
const AT_ONCE: usize = 2;

#[derive(Debug, ClapArgs)]
pub(super) struct Provision {
    /// Releases: memtomem@0.1.25, memtomem@latest, or a range such as memtomem@0.1.22..0.1.30, both ends among them;
    /// memtomem alone is all there are
    #[arg(required = true, value_name = "RELEASE")]
    releases: Vec<String>,
    /// Say which releases these are, and set up none
    #[arg(long)]
    list: bool,
}

pub(super) fn provision(args: &Provision) -> Result<Exit, Failure> {
    let specs = specs(&args.releases)?;
    if args.list {
        for spec in &specs {
            let kept = if subject::is_at_hand(spec) {
                "  set up"
            } else {
                ""
            };
            say(format_args!("{spec}{kept}"));
        }
        return Ok(Exit::AsExpected);
    }
    let mut not = Vec::new();
    let (mut before, mut wrong) = (0, false);
    out::begin(specs.len());
    all(&specs, |heard| match heard {
        Heard::Word(line) => note(line),
        Heard::Done(spec, done) => {
            match done {
                Ok(Had::Before) => {
                    before += 1;
                    say(format_args!("{spec}: was there"));
                }
                Ok(Had::Now(took)) => {
                    say(format_args!(
                        "{spec}: set up in {:.1} s",
                        took.as_secs_f64()
                    ));
                }
                Err(error) => {
                    wrong |= error.is_usage();
                    say(format_args!("{spec}: cannot tell: {error}"));
                    not.push(spec);
                }
            }
            out::one_more(0);
        }
    });
    out::over();
    say(format_args!(
        "{} of {} releases can be started, {before} were there before",
        specs.len() - not.len(),
        specs.len()
    ));
    if not.is_empty() {
        return Ok(Exit::AsExpected);
    }
    not.sort();
    say(format_args!("cannot be had here: {}", not.join(" ")));
    Ok(if wrong {
        Exit::Usage
    } else {
        Exit::CannotJudge
    })
}

/// What would stand after `--subject` for each release that was asked for, each once.
fn specs(asked: &[String]) -> Result<Vec<String>, Failure> {
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for word in asked {
        let specs = subject::releases(word)?.specs();
        if specs.is_empty() {
            return Err(Failure::NoReleases(word.clone()));
        }
        all.extend(specs.into_iter().filter(|spec| seen.insert(spec.clone())));
    }
    Ok(all)
}

/// What is heard while releases are set up.
enum Heard {
    /// What takes long.
    Word(String),
    /// What became of one.
    Done(String, Result<Had, SubjectError>),
}

/// Has all of them, some at once. None stops another.
fn all(specs: &[String], mut hear: impl FnMut(Heard)) {
    let next = AtomicUsize::new(0);
    let (tell, hears) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(specs.len()) {
            let (tell, next) = (tell.clone(), &next);
            scope.spawn(move || {
                while let Some(spec) = specs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // Nobody stops listening before the last has ended.
                    let word = |line: &str| drop(tell.send(Heard::Word(line.to_owned())));
                    let done = subject::have(spec, &word);
                    drop(tell.send(Heard::Done(spec.clone(), done)));
                }
            });
        }
        drop(tell);
        hears.into_iter().for_each(&mut hear);
    });
}
