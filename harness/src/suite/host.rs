//! Finding out what this host can do, by doing it once.

use super::guard::{Order, Report};
use super::launch::{Lifelines, launch};
use crate::scenario::model::Tier;
use crate::world::Host;

/// What this host can do.
pub fn find_host() -> Host {
    let trial = match launch(&Order::Try(Tier::Namespaces), &Lifelines::default()) {
        Ok(Some(Report::Fit)) => Ok(()),
        Ok(Some(Report::Unfit(why))) => Err(why),
        Ok(Some(Report::Ran(_)) | None) => Err("the trial gave no answer".to_owned()),
        Err(why) => Err(why),
    };
    Host::from_trial(trial)
}
