//! Judging who holds a lock.

use super::Gap;
use crate::observe::lock::LockFacts;
use crate::scenario::model::LockKind;

/// Judges a lock: the kind by the probe, the holders by what the kernel lists; both must say the same.
///
/// `by` are the pids that must hold it, with the names to show them by; `owner` finds, for the pid of a
/// holder, the spawned process it belongs to.
pub fn lock(
    held: Option<LockKind>,
    by: &[(i32, &str)],
    facts: &LockFacts,
    owner: impl Fn(i32) -> i32,
) -> Option<Gap> {
    let mut owners: Vec<i32> = facts.listed.iter().map(|(pid, _)| owner(*pid)).collect();
    owners.sort_unstable();
    owners.dedup();
    let mut wanted: Vec<i32> = by.iter().map(|(pid, _)| *pid).collect();
    wanted.sort_unstable();
    if facts.probe == held && owners == wanted {
        return None;
    }
    let names: Vec<String> = by
        .iter()
        .map(|(pid, name)| format!("{name} (pid {pid})"))
        .collect();
    let expected = match held {
        None => "the lock is free".to_owned(),
        Some(kind) => format!("held {} by {}", word(kind), names.join(" and ")),
    };
    Some(Gap::new(expected, say(facts)))
}

/// What both witnesses say, in words.
pub fn say(facts: &LockFacts) -> String {
    let probe = facts.probe.map_or("free", word);
    let listed: Vec<String> = facts
        .listed
        .iter()
        .map(|(pid, kind)| format!("pid {pid} {}", word(*kind)))
        .collect();
    let listed = if listed.is_empty() {
        "nobody".to_owned()
    } else {
        listed.join(", ")
    };
    format!("a probe says {probe}, the kernel lists {listed}")
}

fn word(kind: LockKind) -> &'static str {
    match kind {
        LockKind::Exclusive => "exclusively",
        LockKind::Shared => "shared",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(probe: Option<LockKind>, listed: &[(i32, LockKind)]) -> LockFacts {
        LockFacts {
            probe,
            listed: listed.to_vec(),
        }
    }

    #[test]
    fn kind_and_holder_must_both_be_right() {
        let ex = Some(LockKind::Exclusive);
        let held = facts(ex, &[(7, LockKind::Exclusive)]);
        let same = |pid| pid;
        assert!(lock(ex, &[(7, "new")], &held, same).is_none());
        assert!(lock(ex, &[(8, "new")], &held, same).is_some());
        assert!(lock(Some(LockKind::Shared), &[(7, "new")], &held, same).is_some());
        assert!(lock(None, &[], &held, same).is_some());
        assert!(lock(None, &[], &facts(None, &[]), same).is_none());
        // A holder that /proc/locks does not show: the witnesses disagree.
        assert!(lock(ex, &[(7, "new")], &facts(ex, &[]), same).is_some());
        // A child that holds the lock counts as the process it belongs to.
        let child = facts(ex, &[(9, LockKind::Exclusive)]);
        assert!(lock(ex, &[(7, "new")], &child, |_| 7).is_none());
    }
}
