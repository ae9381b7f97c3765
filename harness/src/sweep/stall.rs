//! The process is held at each call while others do something.

use super::{Point, Site, head};
use crate::calls::table::Family;
use crate::scenario::model::Sweep;

pub(super) fn points(sweep: &Sweep, held: &str, sites: &[Site<'_>]) -> Vec<Point> {
    sites
        .iter()
        .filter(|site| site.call.family != Family::Close)
        .map(|site| Point {
            id: format!("{}:held", site.id),
            step: format!("{}\n{held}", head("pause", sweep, site)),
            needs: None,
        })
        .collect()
}
