//! What a case came to, in the light of what is known of the subject. Here and nowhere else.

use std::time::Duration;

use super::run::CaseResult;
use super::subjects::Subjects;
use crate::engine::Line;
use crate::judge::Verdict;
use crate::judge::deviation::{Known, known};
use crate::scenario::date::Date;

impl CaseResult<'_> {
    /// As it is to be reported.
    pub(super) fn in_the_light_of(mut self, subjects: &Subjects) -> Self {
        let (id, rules) = (&self.case.id, &self.case.rules);
        let seen = std::mem::replace(&mut self.verdict, Verdict::Pass);
        let Known {
            verdict,
            also,
            pinned,
        } = known(seen, id, rules, &subjects.known, Date::today());
        self.verdict = verdict;
        self.evidence.pinned = pinned;
        if let Some(text) = also {
            let timeline = &mut self.evidence.timeline;
            let at = timeline.last().map_or(Duration::ZERO, |line| line.at);
            let text = format!("beside this, a known deviation is stale: {text}");
            timeline.push(Line { at, text });
        }
        self
    }
}
