//! What becomes of a case in which something was planned at a call that was never made.

use super::Engine;
use crate::judge::Verdict;
use crate::supervise::Rule;

impl Engine<'_> {
    /// The verdict, where something was planned and never came: the case has not shown what it is for.
    pub(super) fn never_fired(&self) -> Option<Verdict> {
        let rules = self.calls.supervisor.rules();
        let never = || rules.iter().filter(|rule| !rule.fired());
        let first = never().next()?;
        // One that makes the call in the control run and not in the other is never judged by that, nor passed over.
        if self.job.control {
            if let Some(rule) = never().find(|rule| rule.if_called) {
                return Some(Verdict::Skip(not_for_it(rule)));
            }
        }
        Some(Verdict::Broken(never_came(first)))
    }

    /// What is to be said of the first thing that was planned and has not come by now.
    pub(super) fn not_come_yet(&self) -> Option<String> {
        let mut rules = self.calls.supervisor.rules().iter();
        rules.find(|rule| !rule.fired()).map(never_came)
    }
}

fn never_came(rule: &Rule) -> String {
    let path = rule.path.as_deref().unwrap_or("anything");
    format!(
        "`{}` never came about: {} made {} of {} calls of {} {path}",
        rule.name, rule.of, rule.seen, rule.nth, rule.call
    )
}

/// Where the subject has shown, without being disturbed, that it makes no such call, and the scenario is only for
/// those that do.
fn not_for_it(rule: &Rule) -> String {
    let Rule { of, call, .. } = rule;
    let path = rule.path.as_deref().unwrap_or("anything");
    let times = if rule.nth == 1 {
        "never calls".to_owned()
    } else {
        format!("has {} of {} calls of", rule.seen, rule.nth)
    };
    format!(
        "`{}` is not for this subject: {of} {times} {call} {path}",
        rule.name
    )
}
