//! Steps that are not for every run: for one outcome of a start or a call that may fail, or for a process that
//! came as far as a certain system call.

use serde::{Deserialize, Serialize};

use super::diag::Diags;
use super::fields::Fields;
use super::injection;
use super::model::{Action, Injected, Injection, Step};
use super::step::Context;
use super::template::Template;
use crate::calls::Word;

/// What a step is for, where it is not for every run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum When {
    /// One outcome of a start that may fail.
    Start {
        /// The process.
        who: String,
        /// Whether its handshake was answered.
        served: bool,
    },
    /// A tool call that may fail was answered without an error.
    Succeeded {
        /// The label of its step.
        call: String,
    },
    /// A process has entered a certain system call by then.
    Made {
        /// The process.
        who: String,
        /// Which call.
        call: Word,
        /// On what; anything, where nothing is said.
        path: Option<Template>,
    },
}

impl Step {
    /// The steps that are done while a call is held, where it asks for that.
    pub fn held(&self) -> &[Self] {
        if let Action::Inject(Injection {
            what: Injected::Pause { steps },
            ..
        }) = &self.action
        {
            steps
        } else {
            &[]
        }
    }

    /// By what a later step can refer to it: its label, and the handles it gives.
    #[expect(clippy::wildcard_enum_match_arm, reason = "most actions give none")]
    pub fn makes(&self) -> impl Iterator<Item = &str> {
        let handle = match &self.action {
            Action::Spawn(spawn) => Some(spawn.handle.as_str()),
            Action::Open { name, .. } => Some(name.as_str()),
            Action::ExpectLock(expect) => expect.one_as.as_deref(),
            _ => None,
        };
        std::iter::once(self.label.as_str()).chain(handle)
    }
}

/// The keys that say so, of which a step has one at most.
pub(super) const KEYS: [&str; 4] = ["if-served", "if-failed", "if-succeeded", "if-made"];

/// What a step is for, if it says so.
pub(super) fn when(
    fields: &mut Fields<'_>,
    judging: bool,
    cx: &mut Context<'_>,
    diags: &mut Diags,
) -> Option<When> {
    let said = KEYS.map(|key| fields.take(key).map(|node| (key, node.span.clone())));
    let mut said = said.into_iter().flatten();
    let first = said.next();
    if let (Some((first, _)), Some((second, span))) = (&first, said.next()) {
        diags.push(
            span,
            format!("`{first}` and `{second}` exclude each other"),
            "keep one of them",
        );
    }
    match first.map(|(key, _)| key) {
        Some("if-succeeded") => succeeded(fields, cx, diags),
        Some("if-made") => made(fields, cx, diags),
        Some(key) => start(key, fields, judging, cx, diags),
        None => {
            // What holds of either outcome judges both.
            for branches in cx.may_fail.values_mut().filter(|_| judging) {
                branches.served = true;
                branches.failed = true;
            }
            None
        }
    }
}

/// `if-served = "<handle>"` or `if-failed = "<handle>"`.
fn start(
    key: &'static str,
    fields: &mut Fields<'_>,
    judging: bool,
    cx: &mut Context<'_>,
    diags: &mut Diags,
) -> Option<When> {
    let (who, span) = fields.text(key, diags)?;
    let served = key == "if-served";
    match cx.may_fail.get_mut(who) {
        Some(branches) => {
            let branch = if served {
                &mut branches.served
            } else {
                &mut branches.failed
            };
            *branch |= judging;
        }
        None => {
            let valid: Vec<&str> = cx.may_fail.keys().copied().collect();
            diags.unknown(
                span,
                "process (whose handshake said `or-fails = true` before this step)",
                who,
                &valid,
            );
        }
    }
    Some(When::Start {
        who: who.to_owned(),
        served,
    })
}

/// `if-succeeded = "<label of a call>"`.
fn succeeded(fields: &mut Fields<'_>, cx: &Context<'_>, diags: &mut Diags) -> Option<When> {
    let (call, span) = fields.text("if-succeeded", diags)?;
    if !cx.calls_that_may_fail.contains(call) {
        let valid: Vec<&str> = cx.calls_that_may_fail.iter().map(String::as_str).collect();
        diags.unknown(
            span,
            "call (a step before this one, with `or-fails = true`)",
            call,
            &valid,
        );
    }
    Some(When::Succeeded {
        call: call.to_owned(),
    })
}

/// `if-made = { of = "<handle>", call = "...", path = "..." }`.
fn made(fields: &mut Fields<'_>, cx: &mut Context<'_>, diags: &mut Diags) -> Option<When> {
    let mut inner = fields.table("if-made", diags)?;
    let who = inner.need_text("of", diags);
    if let Some((who, span)) = &who {
        injection::must_be_started(who, span.clone(), cx, diags);
    }
    let call = injection::word(&mut inner, diags);
    let path = inner.template("path", &cx.scope, diags);
    inner.finish(diags);
    cx.asks_for_calls = true;
    Some(When::Made {
        who: who?.0.to_owned(),
        call: call?,
        path,
    })
}
