//! Whether what was covered is all that there is, as orders see it that were not chosen by what is known.

use super::args::Audit;
use super::told::odd;
use super::try_all;
use crate::cli::Failure;
use crate::cli::out::say;
use crate::engine::Job;
use crate::explore::{By, How, Random};
use crate::orders::{Graph, Limits};
use crate::scenario::model::Tier;
use crate::suite::Interrupt;

/// Whether other orders stay within the states that were come to, and the steps and ends that were judged; and, if they are
/// all orders, whether they come to each of these.
pub(super) fn audit(
    job: &Job,
    tier: Tier,
    (which, seed): (Audit, u64),
    how: How,
    reached: &Graph,
    interrupt: &Interrupt,
) -> Result<(), Failure> {
    let how = match which {
        Audit::Chance(many) => How {
            by: By::Chance(Random {
                seed,
                many,
                changes: None,
            }),
            ..how
        },
        Audit::All => How {
            limits: Limits {
                full: true,
                run_all: true,
                ..how.limits
            },
            ..how
        },
    };
    let how = How {
        time: None,
        // What they break was found before.
        findings: usize::MAX,
        ..how
    };
    let came = try_all(job, tier, &how, None, interrupt);
    if let Some(why) = &came.broken {
        return Err(Failure::CannotJudge(why.clone()));
    }
    let (inside, outside) = reached.compare(&came.graph);
    let (_, missed) = came.graph.compare(reached);
    let odd = odd(&came.graph);
    let orders = came.orders;
    let is_all = which == Audit::All && came.is_whole();
    say(match which {
        Audit::Chance(_) => format!(
            "  audit: {orders} orders by chance came to {inside} states and steps of those that were reached, and to {outside} others{odd}"
        ),
        Audit::All if is_all => format!(
            "  audit: all {orders} orders came to {inside} states and steps of those that were reached, to {outside} others, and not to {missed}{odd}"
        ),
        Audit::All => format!(
            "  audit: ended after {orders} orders, which came to {inside} states and steps of those that were reached, and to {outside} others{odd}"
        ),
    });
    if outside > 0 {
        return Err(Failure::CannotJudge(
            "the reduction leaves orders out".to_owned(),
        ));
    }
    if is_all && missed > 0 {
        return Err(Failure::CannotJudge(
            "what was come to in thought, no order comes to".to_owned(),
        ));
    }
    Ok(())
}
