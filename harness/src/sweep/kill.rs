//! The process gets a signal at each call.

use super::{Point, Site, head, is_stream};
use crate::calls::table::Family;
use crate::scenario::model::Sweep;

pub(super) fn points(sweep: &Sweep, signals: &[(String, i32)], sites: &[Site<'_>]) -> Vec<Point> {
    let mut points = Vec::new();
    for site in sites {
        for (name, number) in signals {
            for when in moments(site, *number) {
                points.push(Point {
                    id: format!("{}:{}-{when}", site.id, name.to_ascii_lowercase()),
                    step: format!(
                        "{}send = \"{name}\"\nwhen = \"{when}\"\n",
                        head("strike", sweep, site)
                    ),
                    needs: None,
                });
            }
        }
    }
    points
}

/// Before a call is after the one before it: KILL comes before each call that changes something and after
/// it, and in the middle of a write. Of another signal the handler runs after the call.
fn moments(site: &Site<'_>, signal: i32) -> &'static [&'static str] {
    let closes = site.call.family == Family::Close;
    if signal != libc::SIGKILL {
        return &["after"];
    }
    if site.call.looks {
        &[]
    } else if closes || is_stream(site.path) {
        &["before"]
    } else if site.call.name == "write" {
        &["before", "within", "after"]
    } else {
        &["before", "after"]
    }
}
