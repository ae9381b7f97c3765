//! Which steps are done: those for what became of a start or a call, and in a run in which no call is held those
//! that speak of nothing that is only made while one is.

use std::collections::BTreeSet;

use super::{Done, Engine, Missing, Stop};
use crate::scenario::model::{Case, Step, When};

impl<'a> Engine<'a> {
    /// Whether the step is for what became of the start or the call it speaks of. A control run judges nothing but
    /// that the subject does its work.
    pub(super) fn is_due(&self, step: &Step) -> Result<bool, Stop> {
        if self.job.control && step.action.only_judges() {
            return Ok(false);
        }
        match &step.when {
            None => Ok(true),
            Some(When::Start { who, served }) => match self.served.get(who) {
                Some(found) => Ok(found == served),
                // It ended by a signal that was sent at a call: neither.
                None if self.is_struck(who) => Ok(false),
                None => Err(Stop::not_there(
                    who,
                    format!("no handshake of `{who}` was tried"),
                )),
            },
            // A call that was not made, since the server never served, did not succeed either.
            Some(When::Succeeded { call }) => Ok(self.answered.get(call) == Some(&true)),
            Some(When::Made { who, call, path }) => {
                let path = path.as_ref().map(|p| self.call_path(p)).transpose()?;
                let who = self.called(who);
                let is_it = |seen: &&crate::calls::Call| {
                    seen.who == who
                        && seen.is(*call)
                        && (path.is_none() || seen.subject(*call) == path.as_deref())
                };
                Ok(self.calls.supervisor.log().iter().any(|seen| is_it(&seen)))
            }
        }
    }

    /// A step that speaks of what is not there. Where that is made while a call is held, and none is in this run,
    /// there is nothing to be done; else nothing is known of the subject.
    pub(super) fn pass_over(&mut self, step: &'a Step, missing: Missing) -> Done {
        let Missing { name, why } = missing;
        if !self.calls.late.contains(&name) {
            return Err(Stop::Broken(why));
        }
        let no_call_is_held = self.job.control || self.job.case.sweep.is_some();
        if !no_call_is_held {
            let never = self.not_come_yet();
            let never = never.map_or_else(String::new, |never| format!("; {never}"));
            return Err(Stop::Broken(format!(
                "{why}: that is done while a call is held, and none was by this step{never}"
            )));
        }
        self.note(format!(
            "{}: not done, as `{name}` is there only where a call is held",
            step.label
        ));
        // What this step would have made is not there either.
        self.calls.late.extend(step.makes().map(str::to_owned));
        Ok(())
    }
}

/// What is only there once a call was held: the handles and labels of what is done meanwhile.
pub(super) fn late(case: &Case) -> BTreeSet<String> {
    let of_sweep = case.sweep.iter().flat_map(|sweep| sweep.makes.clone());
    let of_pauses = case
        .steps
        .iter()
        .flat_map(Step::held)
        .flat_map(|held| held.makes().map(str::to_owned).collect::<Vec<_>>());
    of_sweep.chain(of_pauses).collect()
}
