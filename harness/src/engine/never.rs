//! What becomes of a case in which something was planned at a call that was never made.

use super::Engine;
use crate::judge::{Mismatch, Verdict};
use crate::scenario::model::{Action, Step};
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
            let of_subject: Option<Vec<Mismatch>> =
                never().map(|rule| self.does_not(rule)).collect();
            if let Some(mismatches) = of_subject {
                return Some(Verdict::Fail(mismatches));
            }
        }
        Some(Verdict::Broken(never_came(first)))
    }

    /// What is to be said of the first thing that was planned and has not come by now.
    pub(super) fn not_come_yet(&self) -> Option<String> {
        let mut rules = self.calls.supervisor.rules().iter();
        rules.find(|rule| !rule.fired()).map(never_came)
    }

    /// The subject, undisturbed, did all that it is asked for and made no such call: what the scenario is to show can
    /// not be seen of it. `None` where the scenario may as well be wrong: it means a process that was not started, or
    /// a path of its own writing that the process never named.
    fn does_not(&self, rule: &Rule) -> Option<Mismatch> {
        let Rule { of, call, .. } = rule;
        let named = |path: &str| {
            let mut calls = self.calls.supervisor.log().iter();
            is_a_name(path)
                || calls.any(|c| {
                    c.who == *of && [&c.path, &c.to].into_iter().flatten().any(|p| p == path)
                })
        };
        if !self.children.contains_key(of) || !rule.path.as_deref().is_none_or(named) {
            return None;
        }
        let step = step_of(&self.job.case.steps, &rule.name)?;
        let path = rule.path.as_deref().unwrap_or("anything");
        let (times, found) = match (rule.nth, rule.seen) {
            (1, _) => (String::new(), "it never does".to_owned()),
            (nth, seen) => (format!(" {nth} times"), format!("it does so {seen} times")),
        };
        Some(Mismatch {
            rule: step.rule.clone(),
            line: step.line,
            step: step.text.clone(),
            expected: format!("{of} calls {call} {path}{times}"),
            found: format!(
                "{found}, so nothing can be done there; where a right subject may do without this call, \
                 the step says `if-called = true`"
            ),
            timed_out: false,
        })
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

/// Whether a path is what a name stands for, and nothing below: names are checked when the file is read, what is
/// written behind one is not. `stdout` and `stderr` are such too.
fn is_a_name(path: &str) -> bool {
    matches!(path, "stdout" | "stderr")
        || (path.starts_with("${") && path.ends_with('}') && !path.contains('/'))
}

/// The step that planned it.
fn step_of<'s>(steps: &'s [Step], name: &str) -> Option<&'s Step> {
    steps.iter().find_map(|step| {
        let planned = matches!(&step.action, Action::Inject(injection) if injection.name == name);
        planned
            .then_some(step)
            .or_else(|| step_of(step.held(), name))
    })
}
