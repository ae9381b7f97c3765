//! The same finding with fewer switches between processes.

use crate::orders::{End, Ran, Step, Task, switches};

/// Tries shorter and plainer orders as long as they break the same rule. `run` runs an order.
///
/// # Errors
/// What `run` says.
pub fn shrink(
    steps: &[Step],
    rule: &str,
    mut run: impl FnMut(&Task) -> Result<Ran, String>,
) -> Result<Option<Ran>, String> {
    let mut best: Option<Ran> = None;
    let mut known = steps.to_vec();
    let mut attempt = |steps: Vec<Step>| -> Result<Option<Ran>, String> {
        let task = Task {
            prefix: steps,
            loose: true,
            ..Task::default()
        };
        let ran = run(&task)?;
        let same = ran.findings.iter().any(|finding| finding.rule == rule);
        Ok((ran.end == End::Finished && same).then_some(ran))
    };
    // What comes after the last switch that matters comes by itself. The shortest beginning that is enough:
    for length in 0..=known.len() {
        // Only where another goes on than before is there anything to be said.
        let is_switch = length > 0
            && known
                .get(length)
                .is_none_or(|next| next.unit.actor != known[length - 1].unit.actor);
        if (length == 0 || is_switch)
            && let Some(ran) = attempt(known[..length].to_vec())?
        {
            known.truncate(length);
            best = Some(ran);
            break;
        }
    }
    // A stretch of one process comes later, together with its next.
    let mut at = 0;
    while let Some(candidate) = joined(&known, at) {
        match attempt(candidate.clone())? {
            Some(ran)
                if best
                    .as_ref()
                    .is_none_or(|best| switches(&ran.steps) < switches(&best.steps)) =>
            {
                known = candidate;
                best = Some(ran);
                at = 0;
            }
            _ => at += 1,
        }
    }
    Ok(best)
}

/// The steps with stretch number `at` put right before the next one of its process; `None` where there are not so many.
fn joined(steps: &[Step], at: usize) -> Option<Vec<Step>> {
    let mut stretches: Vec<&[Step]> = steps
        .chunk_by(|a, b| a.unit.actor == b.unit.actor)
        .collect();
    if at >= stretches.len() {
        return None;
    }
    let stretch = stretches.remove(at);
    let actor = stretch.first()?.unit.actor;
    let later = stretches
        .iter()
        .skip(at)
        .position(|other| other.first().is_some_and(|step| step.unit.actor == actor));
    // Without a next one it is left out: what it does comes by itself, at the end.
    match later {
        Some(later) => stretches.insert(at + later, stretch),
        None => return Some(stretches.concat()),
    }
    Some(stretches.concat())
}
