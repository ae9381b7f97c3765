//! Which release to judge next, and what follows from what was seen: nothing here starts anything.

use serde::Serialize;

/// What a release was seen to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Seen {
    Good,
    Bad,
    /// It cannot be had or started here, or the case says nothing of it.
    CannotTell,
}

/// What follows, by places in the list.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// This one is the first that is bad.
    First(usize),
    /// One of these is: of all but the last nothing can be told.
    Among(Vec<usize>),
    /// There is more than one change: each from the first place to the second.
    Several(Vec<(usize, usize)>),
}

/// The next to judge, of releases that begin with a good one and end with a bad one. The nearest to the middle of
/// what is not known, which goes around those that cannot tell.
pub(super) fn next(seen: &[Option<Seen>]) -> Option<usize> {
    let bad = seen.iter().position(|s| *s == Some(Seen::Bad))?;
    let good = seen[..bad].iter().rposition(|s| *s == Some(Seen::Good))?;
    let middle = good + (bad - good) / 2;
    (good + 1..bad)
        .filter(|at| seen[*at].is_none())
        .min_by_key(|at| at.abs_diff(middle))
}

/// What was seen, taken together. `None` without any change from good to bad.
pub(super) fn answer(seen: &[Option<Seen>]) -> Option<Answer> {
    let told = |at: &usize| matches!(seen[*at], Some(Seen::Good | Seen::Bad));
    let told: Vec<usize> = (0..seen.len()).filter(told).collect();
    let changes: Vec<(usize, usize)> = told
        .windows(2)
        .filter(|pair| seen[pair[0]] != seen[pair[1]])
        .map(|pair| (pair[0], pair[1]))
        .collect();
    match changes.as_slice() {
        [] => None,
        [(good, bad)] if good + 1 == *bad => Some(Answer::First(*bad)),
        [(good, bad)] => Some(Answer::Among((good + 1..=*bad).collect())),
        _ => Some(Answer::Several(changes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Judges by a text: `g` good, `b` bad, `?` cannot tell. Gives the answer, and how many were judged.
    fn search(truth: &str) -> (Option<Answer>, usize) {
        let truth: Vec<Seen> = truth
            .chars()
            .map(|c| match c {
                'g' => Seen::Good,
                'b' => Seen::Bad,
                _ => Seen::CannotTell,
            })
            .collect();
        let mut seen = vec![None; truth.len()];
        let ends = [0, truth.len() - 1];
        ends.into_iter().for_each(|at| seen[at] = Some(truth[at]));
        while let Some(at) = next(&seen) {
            assert!(seen[at].is_none());
            seen[at] = Some(truth[at]);
        }
        (answer(&seen), seen.iter().flatten().count())
    }

    #[test]
    fn the_first_bad_one_is_found_wherever_it_is() {
        for len in 2..40 {
            for first in 1..len {
                let truth = "g".repeat(first) + &"b".repeat(len - first);
                let (answer, judged) = search(&truth);
                assert_eq!(answer, Some(Answer::First(first)), "{truth}");
                assert!(
                    judged <= 2 + len.ilog2() as usize + 1,
                    "{judged} of {truth}"
                );
            }
        }
    }

    #[test]
    fn the_search_goes_around_what_cannot_tell() {
        assert_eq!(search("gg?g?bbbb").0, Some(Answer::Among(vec![4, 5])));
        assert_eq!(search("g???b").0, Some(Answer::Among(vec![1, 2, 3, 4])));
        assert_eq!(search("ggg?gb??b").0, Some(Answer::First(5)));
    }

    #[test]
    fn more_than_one_change_is_not_one_answer() {
        let all = |text: &str| {
            let seen: Vec<Option<Seen>> = text
                .chars()
                .map(|c| Some(if c == 'g' { Seen::Good } else { Seen::Bad }))
                .collect();
            answer(&seen)
        };
        assert_eq!(
            all("gbgb"),
            Some(Answer::Several(vec![(0, 1), (1, 2), (2, 3)]))
        );
        assert_eq!(all("gggb"), Some(Answer::First(3)));
        assert_eq!(all("gg"), None);
    }
}
