//! What was looked at is another thing when it is used: a path that a process named before is swapped right
//! before it names it, or something in it, again.

use std::collections::{BTreeMap, BTreeSet};

use super::{Point, Site, head, is_stream};
use crate::calls::table::Family;
use crate::scenario::model::Sweep;

/// What is put in the place of a directory or a file, or where nothing is yet: a name and the steps. `${there}`
/// is the place. The victims are the scenario's own, which says what must not happen to them.
struct Swap {
    name: &'static str,
    dir: bool,
    needs: Option<&'static str>,
    steps: &'static [&'static str],
}

const LINK_DIR: &[&str] = &["symlink = THERE\nto = \"${victim_dir}\""];
const LINK_FILE: &[&str] = &["symlink = THERE\nto = \"${victim_file}\""];

const KINDS: [Swap; 12] = [
    swap("link", true, None, LINK_DIR),
    swap("loose", true, None, &["mkdir = THERE\nmode = \"0777\""]),
    swap(
        "foreign",
        true,
        Some("ids"),
        &["mkdir = THERE\nmode = \"0755\"\nuid = 1001"],
    ),
    swap("copy", true, None, &["mkdir = THERE\nmode = \"0700\""]),
    swap("fifo", true, None, &["mkfifo = THERE"]),
    swap("gone", true, None, &[]),
    swap("link", false, None, LINK_FILE),
    swap(
        "loose",
        false,
        None,
        &["write = THERE\ncontent = \"1\\n\"\nmode = \"0666\""],
    ),
    swap(
        "foreign",
        false,
        Some("ids"),
        &["write = THERE\ncontent = \"1\\n\"\nmode = \"0644\"\nuid = 1001"],
    ),
    swap(
        "copy",
        false,
        None,
        &["write = THERE\ncontent = \"1\\n\"\nmode = \"0600\""],
    ),
    swap("fifo", false, None, &["mkfifo = THERE"]),
    swap("gone", false, None, &[]),
];

const fn swap(
    name: &'static str,
    dir: bool,
    needs: Option<&'static str>,
    steps: &'static [&'static str],
) -> Swap {
    Swap {
        name,
        dir,
        needs,
        steps,
    }
}

pub(super) fn points(sweep: &Sweep, sites: &[Site<'_>]) -> Vec<Point> {
    let mut seen = Seen::default();
    let mut points = Vec::new();
    for site in sites {
        let Some(here) = site.call.real.as_deref().filter(|_| !is_stream(site.path)) else {
            continue;
        };
        if site.call.family != Family::Close {
            for target in [Some(here), parent(here)].into_iter().flatten() {
                // What was never named before was not looked at, and where nothing can lie nothing is put.
                if let Some(name) = seen.named.get(target)
                    && parent(target).is_none_or(|dir| !seen.absent.contains(dir))
                {
                    let is_dir = is_dir(target, sites);
                    points.extend(swaps(sweep, site, name, target == here, is_dir));
                }
            }
        }
        seen.note(site, here, sweep);
    }
    points
}

/// What the calls until now have told.
#[derive(Default)]
struct Seen<'a> {
    /// Paths that were named and can be swapped, with their names.
    named: BTreeMap<&'a str, &'a str>,
    /// Paths at which there is nothing.
    absent: BTreeSet<&'a str>,
}

impl<'a> Seen<'a> {
    fn note(&mut self, site: &Site<'a>, here: &'a str, sweep: &Sweep) {
        let gone = matches!(site.call.family, Family::Unlink | Family::Rmdir)
            || site.call.comes_to == Some(libc::ENOENT);
        if gone {
            self.absent.insert(here);
        } else {
            self.absent.remove(here);
        }
        if can_be_swapped(site.path) && sweep.is_about(site.path) {
            self.named.insert(here, site.path);
        }
    }
}

fn swaps(sweep: &Sweep, site: &Site<'_>, target: &str, itself: bool, is_dir: bool) -> Vec<Point> {
    let there = toml::Value::String(target.to_owned()).to_string();
    let wanted = |name: &str| sweep.swaps.is_empty() || sweep.swaps.iter().any(|s| s == name);
    let of_it = KINDS
        .iter()
        .filter(|swap| swap.dir == is_dir && wanted(swap.name));
    of_it
        .map(|swap| {
            let aside = format!(
                "[[step.do]]\nrename = {there}\nto = \"${{cwd}}/aside\"\nif-there = true\n"
            );
            let steps: String = swap
                .steps
                .iter()
                .map(|step| format!("\n[[step.do]]\n{}\n", step.replace("THERE", &there)))
                .collect();
            let of = if itself { "" } else { "dir-" };
            Point {
                id: format!("{}:{of}{}", site.id, swap.name),
                step: format!("{}\n{aside}{steps}", head("pause", sweep, site)),
                needs: swap.needs,
            }
        })
        .collect()
}

/// Whether a path is one of a directory: it was made as one, opened as one, or something in it was named.
fn is_dir(path: &str, sites: &[Site<'_>]) -> bool {
    sites.iter().any(|site| {
        let real = site.call.real.as_deref();
        let as_dir = matches!(
            site.call.family,
            Family::Mkdir | Family::Rmdir | Family::List
        ) || site.call.how.contains("O_DIRECTORY");
        (real == Some(path) && as_dir) || real.and_then(parent) == Some(path)
    })
}

fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(dir, _)| dir)
}

/// The world's own directories belong to those who set up a session, and what has no name is in nobody's reach.
fn can_be_swapped(path: &str) -> bool {
    const OF_THE_SESSION: [&str; 5] = ["${home}", "${xdg}", "${tmp}", "${cwd}", "${system_tmp}"];
    path.starts_with("${") && !OF_THE_SESSION.contains(&path) && !path.contains('(')
}
