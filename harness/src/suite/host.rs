//! Finding out what this host can do, by doing it once.

use super::guard::{Order, Report};
use super::launch::{Lifelines, launch};
use crate::scenario::model::Tier;
use crate::world::Host;

/// What this host can do.
pub fn find_host() -> Host {
    match world_of(Tier::Namespaces) {
        Ok(calls) => Host::from_trial(Ok(()), calls),
        // Calls need no private world.
        Err(why) => Host::from_trial(Err(why), world_of(Tier::Plain).flatten()),
    }
}

/// Why a world of this tier cannot be made; and why calls are not told in it.
fn world_of(tier: Tier) -> Result<Result<(), String>, String> {
    match launch(&Order::Try(tier), &Lifelines::default())? {
        Some(Report::Fit(calls)) => Ok(calls),
        Some(Report::Unfit(why)) => Err(why),
        Some(Report::Ran(_)) | None => Err("the trial gave no answer".to_owned()),
    }
}
