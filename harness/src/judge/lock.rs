//! Judging who holds a lock.

use super::Gap;
use crate::observe::lock::LockFacts;
use crate::scenario::model::{Held, LockKind};

/// What a lock must be.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// The lock, or that it must be free.
    pub held: Held,
    /// The pids that must hold it, with the names to show them by.
    pub by: &'a [(i32, &'a str)],
    /// One of them, and not all.
    pub one: bool,
    /// Each of their descriptors is closed on exec.
    pub close_on_exec: bool,
}

fn by_whom(one: bool, names: &[String]) -> String {
    if one {
        format!("by one of {}", names.join(", "))
    } else {
        format!("by {}", names.join(" and "))
    }
}

/// Judges a lock: the kind by the probe, the holders by what the kernel lists; both must say the same.
///
/// `owner` finds, for the pid of a holder, the spawned process it belongs to.
pub fn lock(wanted: &Wanted<'_>, facts: &LockFacts, owner: impl Fn(i32) -> i32) -> Option<Gap> {
    let Wanted {
        held,
        by,
        one,
        close_on_exec,
    } = wanted;
    let owners = owners(facts, owner);
    let mut pids: Vec<i32> = by.iter().map(|(pid, _)| *pid).collect();
    pids.sort_unstable();
    let right = if *one {
        matches!(owners.as_slice(), [owner] if pids.contains(owner))
    } else {
        owners == pids
    };
    let fits = match held {
        Held::Free => facts.probe.is_none(),
        Held::As(kind) => facts.probe == Some(*kind),
        Held::Either => facts.probe.is_some(),
    };
    if fits && right {
        return close_on_exec.then(|| inherited(facts)).flatten();
    }
    let names: Vec<String> = by
        .iter()
        .map(|(pid, name)| format!("{name} (pid {pid})"))
        .collect();
    let expected = match held {
        Held::Free => "the lock is free".to_owned(),
        Held::As(kind) => format!("held {} {}", word(*kind), by_whom(*one, &names)),
        Held::Either => format!("held, either way, {}", by_whom(*one, &names)),
    };
    Some(Gap::new(expected, say(facts)))
}

/// The spawned processes that hold it, by pid, each once.
pub fn owners(facts: &LockFacts, owner: impl Fn(i32) -> i32) -> Vec<i32> {
    let mut owners: Vec<i32> = facts.listed.iter().map(|(pid, _)| owner(*pid)).collect();
    owners.sort_unstable();
    owners.dedup();
    owners
}

/// The descriptors that a child would inherit; that none was seen at all is no better.
fn inherited(facts: &LockFacts) -> Option<Gap> {
    let open: Vec<String> = facts
        .held_by
        .iter()
        .filter(|by| !by.close_on_exec)
        .map(|by| format!("descriptor {} of pid {}", by.fd, by.pid))
        .collect();
    let found = match open.as_slice() {
        [] if !facts.held_by.is_empty() => return None,
        [] => "no process of the case shows a descriptor with the lock".to_owned(),
        _ => format!("{} would be inherited", open.join(", ")),
    };
    Some(Gap::new(
        "every descriptor that holds the lock is closed on exec",
        found,
    ))
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
    use crate::observe::lock::HeldBy;

    fn facts(probe: Option<LockKind>, listed: &[(i32, LockKind)]) -> LockFacts {
        LockFacts {
            probe,
            listed: listed.to_vec(),
            held_by: Vec::new(),
        }
    }

    fn wanted<'a>(held: Held, by: &'a [(i32, &'a str)]) -> Wanted<'a> {
        Wanted {
            held,
            by,
            one: false,
            close_on_exec: false,
        }
    }

    #[test]
    fn kind_and_holder_must_both_be_right() {
        let ex = Held::As(LockKind::Exclusive);
        let probed = Some(LockKind::Exclusive);
        let held = facts(probed, &[(7, LockKind::Exclusive)]);
        let same = |pid| pid;
        assert!(lock(&wanted(ex, &[(7, "new")]), &held, same).is_none());
        assert!(lock(&wanted(ex, &[(8, "new")]), &held, same).is_some());
        let shared = Held::As(LockKind::Shared);
        assert!(lock(&wanted(shared, &[(7, "new")]), &held, same).is_some());
        assert!(lock(&wanted(Held::Free, &[]), &held, same).is_some());
        assert!(lock(&wanted(Held::Free, &[]), &facts(None, &[]), same).is_none());
        // A holder that /proc/locks does not show: the witnesses disagree.
        assert!(lock(&wanted(ex, &[(7, "new")]), &facts(probed, &[]), same).is_some());
        // A child that holds the lock counts as the process it belongs to.
        let child = facts(probed, &[(9, LockKind::Exclusive)]);
        assert!(lock(&wanted(ex, &[(7, "new")]), &child, |_| 7).is_none());
        // Either kind, but still by them and by nobody else.
        for kind in [LockKind::Exclusive, LockKind::Shared] {
            let held = facts(Some(kind), &[(7, kind)]);
            assert!(lock(&wanted(Held::Either, &[(7, "new")]), &held, same).is_none());
            assert!(lock(&wanted(Held::Either, &[(8, "new")]), &held, same).is_some());
        }
        assert!(
            lock(
                &wanted(Held::Either, &[(7, "new")]),
                &facts(None, &[]),
                same
            )
            .is_some()
        );
    }

    #[test]
    fn one_of_several_is_one_and_of_them() {
        let by = [(7, "a"), (8, "b")];
        let one = Wanted {
            one: true,
            ..wanted(Held::As(LockKind::Exclusive), &by)
        };
        let by_pid = |pids: &[i32]| {
            let listed: Vec<_> = pids.iter().map(|p| (*p, LockKind::Exclusive)).collect();
            lock(&one, &facts(Some(LockKind::Exclusive), &listed), |pid| pid).is_none()
        };
        assert!(by_pid(&[8]));
        assert!(!by_pid(&[9]));
        assert!(!by_pid(&[7, 8]));
        assert!(!by_pid(&[]));
    }

    #[test]
    fn a_descriptor_that_is_inherited_is_told() {
        let by = [(7, "a")];
        let asked = Wanted {
            close_on_exec: true,
            ..wanted(Held::As(LockKind::Exclusive), &by)
        };
        let mut held = facts(Some(LockKind::Exclusive), &[(7, LockKind::Exclusive)]);
        assert!(lock(&asked, &held, |pid| pid).is_some());
        let fd = |close_on_exec| HeldBy {
            pid: 7,
            fd: 3,
            close_on_exec,
        };
        held.held_by = vec![fd(true)];
        assert!(lock(&asked, &held, |pid| pid).is_none());
        held.held_by = vec![fd(true), fd(false)];
        assert!(lock(&asked, &held, |pid| pid).is_some());
    }
}
