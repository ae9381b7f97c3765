//! Actors that are alike: of two orders that differ only in which of them is which, one is enough.
//!
//! Who of two such actors is the first, is told where it first matters: of the calls with the same number of each, the
//! first ones that conflict. In an order in which the second comes first there, the two have changed places. Of more
//! than two, each is held against its next only: in whatever way each two of them stand to each other, they can be put in
//! a row in which everybody is before the next. So of each order there is one, by other names, that is not left out.

use std::collections::VecDeque;

use super::Label;

/// Two actors that are alike.
#[derive(Debug)]
struct Pair {
    first: u8,
    second: u8,
    /// What those of its calls touch that one has made and the other not yet.
    ahead: VecDeque<Label>,
    /// Whose they are.
    leader: u8,
    /// It is known which is the first.
    is_settled: bool,
}

/// What is known of an order so far.
#[derive(Debug)]
pub struct Alike {
    pairs: Vec<Pair>,
    is_mirrored: bool,
}

impl Alike {
    /// No call has been made yet. Each actor with its next of those that are alike.
    pub fn new(pairs: &[(u8, u8)]) -> Self {
        let pair = |&(first, second): &(u8, u8)| Pair {
            first,
            second,
            ahead: VecDeque::new(),
            leader: first,
            is_settled: false,
        };
        Self {
            pairs: pairs.iter().map(pair).collect(),
            is_mirrored: false,
        }
    }

    /// An actor has made a step.
    pub fn push(&mut self, actor: u8, label: &Label) {
        for pair in &mut self.pairs {
            if pair.is_settled || ![pair.first, pair.second].contains(&actor) {
                continue;
            }
            if pair.ahead.is_empty() || pair.leader == actor {
                pair.leader = actor;
                pair.ahead.push_back(label.clone());
            } else if let Some(before) = pair.ahead.pop_front()
                && before.conflicts(label)
            {
                pair.is_settled = true;
                self.is_mirrored |= pair.leader == pair.second;
            }
        }
    }

    /// Whether two have changed places.
    #[must_use]
    pub fn is_mirrored(&self) -> bool {
        self.is_mirrored
    }
}

/// Each way in which the actors can have their names: for each its other number.
#[must_use]
pub(super) fn renamings(pairs: &[(u8, u8)]) -> Vec<Vec<u8>> {
    let last = pairs.iter().map(|(first, second)| first.max(second)).max();
    let mut all = vec![last.map_or(Vec::new(), |last| (0..=*last).collect::<Vec<u8>>())];
    let mut at = 0;
    while let Some(known) = all.get(at).cloned() {
        for (first, second) in pairs {
            let mut other = known.clone();
            other.swap(usize::from(*first), usize::from(*second));
            if !all.contains(&other) {
                all.push(other);
            }
        }
        at += 1;
    }
    all
}
