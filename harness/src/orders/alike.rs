//! Actors that are alike: of two orders that differ only in which of them is which, one is enough.
//!
//! Who of two such actors is the first, is told where it first matters: of the calls with the same number of each, the
//! first ones that conflict. In an order in which the second comes first there, the two have changed places. Of more
//! than two, each is held against its next only: in whatever way each two of them stand to each other, they can be put in
//! a row in which everybody is before the next. So of each order there is one, by other names, that is not left out.

use std::collections::VecDeque;

use super::{Label, digest};

/// Two actors that are alike.
#[derive(Debug, Clone)]
struct Pair {
    first: u8,
    second: u8,
    /// What those of its calls touch that one has made and the other not yet, each with what stands for it.
    ahead: VecDeque<(Label, u64)>,
    /// Whose they are.
    leader: u8,
    /// It is known which is the first.
    is_settled: bool,
}

/// What is known of an order so far.
#[derive(Debug, Clone)]
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
                pair.ahead.push_back((label.clone(), digest(label)));
            } else if let Some((before, _)) = pair.ahead.pop_front()
                && before.conflicts(label)
            {
                pair.is_settled = true;
                pair.ahead.clear();
                self.is_mirrored |= pair.leader == pair.second;
            }
        }
    }

    /// Whether two have changed places.
    #[must_use]
    pub fn is_mirrored(&self) -> bool {
        self.is_mirrored
    }

    /// What stands for all that decides whether two will have changed places.
    #[must_use]
    pub fn state(&self) -> u64 {
        let pair = |pair: &Pair| {
            let ahead = pair.ahead.iter().map(|(_, label)| *label);
            // Who is ahead by nothing is nobody.
            let leader = (!pair.ahead.is_empty()).then_some(pair.leader);
            (pair.is_settled, leader, ahead.collect::<Vec<u64>>())
        };
        digest(self.pairs.iter().map(pair).collect::<Vec<_>>())
    }
}
