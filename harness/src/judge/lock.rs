//! Judging who holds a lock.

use super::Gap;
use crate::observe::lock::LockFacts;
use crate::scenario::model::{Held, LockKind};

/// Judges a lock: the kind by the probe, the holders by what the kernel lists; both must say the same.
///
/// `by` are the pids that must hold it, with the names to show them by; `owner` finds, for the pid of a
/// holder, the spawned process it belongs to.
pub fn lock(
    held: Held,
    by: &[(i32, &str)],
    facts: &LockFacts,
    owner: impl Fn(i32) -> i32,
) -> Option<Gap> {
    let mut owners: Vec<i32> = facts.listed.iter().map(|(pid, _)| owner(*pid)).collect();
    owners.sort_unstable();
    owners.dedup();
    let mut wanted: Vec<i32> = by.iter().map(|(pid, _)| *pid).collect();
    wanted.sort_unstable();
    let fits = match held {
        Held::Free => facts.probe.is_none(),
        Held::As(kind) => facts.probe == Some(kind),
        Held::Either => facts.probe.is_some(),
    };
    if fits && owners == wanted {
        return None;
    }
    let names: Vec<String> = by
        .iter()
        .map(|(pid, name)| format!("{name} (pid {pid})"))
        .collect();
    let expected = match held {
        Held::Free => "the lock is free".to_owned(),
        Held::As(kind) => format!("held {} by {}", word(kind), names.join(" and ")),
        Held::Either => format!("held, either way, by {}", names.join(" and ")),
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
        let ex = Held::As(LockKind::Exclusive);
        let probed = Some(LockKind::Exclusive);
        let held = facts(probed, &[(7, LockKind::Exclusive)]);
        let same = |pid| pid;
        assert!(lock(ex, &[(7, "new")], &held, same).is_none());
        assert!(lock(ex, &[(8, "new")], &held, same).is_some());
        assert!(lock(Held::As(LockKind::Shared), &[(7, "new")], &held, same).is_some());
        assert!(lock(Held::Free, &[], &held, same).is_some());
        assert!(lock(Held::Free, &[], &facts(None, &[]), same).is_none());
        // A holder that /proc/locks does not show: the witnesses disagree.
        assert!(lock(ex, &[(7, "new")], &facts(probed, &[]), same).is_some());
        // A child that holds the lock counts as the process it belongs to.
        let child = facts(probed, &[(9, LockKind::Exclusive)]);
        assert!(lock(ex, &[(7, "new")], &child, |_| 7).is_none());
        // Either kind, but still by them and by nobody else.
        for kind in [LockKind::Exclusive, LockKind::Shared] {
            let held = facts(Some(kind), &[(7, kind)]);
            assert!(lock(Held::Either, &[(7, "new")], &held, same).is_none());
            assert!(lock(Held::Either, &[(8, "new")], &held, same).is_some());
        }
        assert!(lock(Held::Either, &[(7, "new")], &facts(None, &[]), same).is_some());
    }
}
