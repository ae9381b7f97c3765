//! From the calls of one run to the points of a sweep: each a step that does one thing at one call.
//!
//! A point's id says which call it is by what the call does, the name of its path, and the how manieth of its
//! kind it is: never by a running number, so that it is the same point in the next release.

mod dates;
mod errors;
mod kill;
mod stall;
mod windows;

use std::collections::BTreeMap;

use crate::calls::table::Family;
use crate::calls::{Call, Word};
use crate::scenario::model::{Kind, Sweep};

/// One thing done at one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// What it is called, after the sweep's own id.
    pub id: String,
    /// The step that does it, as text.
    pub step: String,
    /// What it needs of the host.
    pub needs: Option<&'static str>,
}

/// A call of the swept process, as a scenario can name it.
#[derive(Debug, Clone)]
struct Site<'a> {
    call: &'a Call,
    word: Word,
    path: &'a str,
    nth: usize,
    /// The part of a point's id that stands for it.
    id: String,
}

/// All points of a sweep, in the order of the calls.
pub fn points(sweep: &Sweep, log: &[Call]) -> Vec<Point> {
    let sites = sites(&sweep.of, log);
    let held = sweep.origin.as_ref().map(|origin| origin.held());
    match &sweep.kind {
        Kind::Errors => errors::points(sweep, &sites),
        Kind::Kill(signals) => kill::points(sweep, signals, &sites),
        Kind::Windows => windows::points(sweep, &sites),
        Kind::Stall => stall::points(sweep, held.unwrap_or_default(), &sites),
    }
}

/// The calls of a process that a scenario can name, each with its number among its like.
fn sites<'a>(of: &str, log: &'a [Call]) -> Vec<Site<'a>> {
    let mine: Vec<&Call> = log.iter().filter(|call| call.who == of).collect();
    let mut slugs: BTreeMap<String, &str> = BTreeMap::new();
    let mut sites = Vec::new();
    for (at, call) in mine.iter().enumerate() {
        let word = word_of(call);
        let Some(path) = call.subject(word) else {
            continue;
        };
        // A name that is no plain text could not be said in a scenario the same way.
        if path.contains(['\\', '"']) {
            continue;
        }
        let same = |c: &&&Call| c.is(word) && c.subject(word) == Some(path);
        let nth = 1 + mine.iter().take(at).filter(same).count();
        let mut slug = slug(path);
        // Two paths that differ only in what an id cannot hold.
        while slugs.get(&slug).is_some_and(|other| *other != path) {
            slug.push('-');
        }
        slugs.insert(slug.clone(), path);
        sites.push(Site {
            call,
            word,
            path,
            nth,
            id: format!("{word}.{slug}.{nth}"),
        });
    }
    sites
}

/// The one word by which a scenario can mean a call and its like.
fn word_of(call: &Call) -> Word {
    if call.is(Word::Unlock) {
        Word::Unlock
    } else if call.family == Family::Truncate {
        Word::Truncate
    } else {
        Word::Family(call.family)
    }
}

/// A path's name as a part of an id: `${runtime_dir}/(unnamed)` is `runtime_dir.unnamed`. What is named after the
/// day has the same name tomorrow: `notes/2026-11-30.md` is `notes.date.md`.
fn slug(path: &str) -> String {
    dates::without(path)
        .chars()
        .filter_map(|c| match c {
            'a'..='z' | '0'..='9' | '_' | '-' | '.' => Some(c),
            'A'..='Z' => Some(c.to_ascii_lowercase()),
            '/' => Some('.'),
            _ => None,
        })
        .collect::<String>()
        .trim_start_matches('.')
        .to_owned()
}

/// What the process says to whoever started it: no file of the world.
fn is_stream(path: &str) -> bool {
    matches!(path, "stdout" | "stderr")
}

/// The lines every injection begins with.
fn head(verb: &str, sweep: &Sweep, site: &Site<'_>) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    format!(
        "[[step]]\n{verb} = \"at-the-call\"\nof = {}\ncall = {}\npath = {}\nnth = {}\n",
        quoted(&sweep.of),
        quoted(site.word.word()),
        quoted(site.path),
        site.nth
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_a_part_of_an_id() {
        assert_eq!(slug("${pidfile}"), "pidfile");
        assert_eq!(slug("${runtime_dir}/(unnamed)"), "runtime_dir.unnamed");
        assert_eq!(
            slug("${home}/.memtomem/Notes.md"),
            "home..memtomem.notes.md"
        );
        assert_eq!(slug("/home"), "home");
        assert_eq!(
            slug("${state_dir}/memories/2026-11-30.md"),
            slug("${state_dir}/memories/2027-01-01.md")
        );
    }
}
