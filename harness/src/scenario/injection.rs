//! Decoding what is done at a certain system call of a process, and what is asked of its calls.

use serde::{Deserialize, Serialize};

use super::diag::Diags;
use super::fields::{Fields, list};
use super::model::{Action, Step};
use super::node::{Node, Span};
use super::step::{Context, SIGNALS, handle, nested, new_handle};
use super::template::Template;
use crate::calls::table::Family;
use crate::calls::{Moment, Word};

/// Something done at a call of a process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Injection {
    /// Its handle.
    pub name: String,
    /// The process, which is started later or runs already.
    pub of: String,
    /// Which calls.
    pub call: Word,
    /// On what; anything, where nothing is said.
    pub path: Option<Template>,
    /// The how manieth of them since this step.
    pub nth: usize,
    /// Whether it is done at each of them from that one on.
    pub lasting: bool,
    /// Whether the case is only for a subject that makes this call.
    pub if_called: bool,
    /// What is done.
    pub what: Injected,
}

/// What can be done at a call.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Injected {
    /// It is not made and fails.
    Fail {
        /// With this errno.
        errno: i32,
    },
    /// It is made later.
    Delay {
        /// By so many milliseconds.
        ms: u64,
    },
    /// The process gets a signal.
    Strike {
        /// Its number.
        signal: i32,
        /// When.
        moment: Moment,
    },
    /// It is held while steps are done.
    Pause {
        /// The steps.
        steps: Vec<Step>,
    },
}

/// What is asked of the calls of a process, up to the step that asks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExpectCalls {
    /// The process, with all it started.
    pub who: String,
    /// Which calls.
    pub call: Word,
    /// On what.
    pub path: Option<Template>,
    /// What is asked.
    pub want: CallsWanted,
}

/// What can be asked of calls.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum CallsWanted {
    /// There is one.
    Some,
    /// There are so many; zero is never.
    Times(usize),
    /// There is one, and the first stands before the first of these.
    Before {
        /// Which calls.
        call: Word,
        /// On what.
        path: Option<Template>,
    },
}

/// What calls can fail with.
pub const ERRNOS: [(&str, i32); 30] = [
    ("EIO", libc::EIO),
    ("ENOSPC", libc::ENOSPC),
    ("EDQUOT", libc::EDQUOT),
    ("EROFS", libc::EROFS),
    ("EACCES", libc::EACCES),
    ("EPERM", libc::EPERM),
    ("EMFILE", libc::EMFILE),
    ("ENFILE", libc::ENFILE),
    ("ENOLCK", libc::ENOLCK),
    ("EINTR", libc::EINTR),
    ("EINVAL", libc::EINVAL),
    ("ENOENT", libc::ENOENT),
    ("EEXIST", libc::EEXIST),
    ("ENOTDIR", libc::ENOTDIR),
    ("EISDIR", libc::EISDIR),
    ("ELOOP", libc::ELOOP),
    ("ENOMEM", libc::ENOMEM),
    ("EAGAIN", libc::EAGAIN),
    ("EBUSY", libc::EBUSY),
    ("ENOSYS", libc::ENOSYS),
    ("EOPNOTSUPP", libc::EOPNOTSUPP),
    ("ENAMETOOLONG", libc::ENAMETOOLONG),
    ("EXDEV", libc::EXDEV),
    ("ENOTEMPTY", libc::ENOTEMPTY),
    ("EPIPE", libc::EPIPE),
    ("EFBIG", libc::EFBIG),
    ("EBADF", libc::EBADF),
    ("ESTALE", libc::ESTALE),
    ("EMLINK", libc::EMLINK),
    ("EDEADLK", libc::EDEADLK),
];

pub(super) const MOMENTS: [(&str, Moment); 3] = [
    ("before", Moment::Before),
    ("after", Moment::After),
    ("within", Moment::Within),
];

/// A process that a step names before it is started.
pub(super) struct Promised {
    who: String,
    span: Span,
}

/// `fail`, `delay`, `strike` and `pause`.
pub(super) fn inject<'a>(
    verb: &'static str,
    value: &'a str,
    fields: &mut Fields<'a>,
    cx: &mut Context<'a>,
    diags: &mut Diags,
) -> Option<Action> {
    let span = fields.take(verb).map(|n| n.span.clone())?;
    new_handle(value, &span, "injection", &mut cx.injections, diags);
    let of = fields.need_text("of", diags).map(|(who, span)| {
        cx.promised.push(Promised {
            who: who.to_owned(),
            span,
        });
        who
    });
    let call = word(fields, diags);
    let path = fields.template("path", &cx.scope, diags);
    let nth = fields.number("nth", diags).unwrap_or(1);
    // A process can be held or struck once; a call can fail or be late as often as it is made.
    let lasting =
        matches!(verb, "fail" | "delay") && fields.flag("from-then-on", diags).unwrap_or(false);
    let what = match verb {
        "fail" => fields
            .word("errno", &ERRNOS, diags)
            .map(|errno| Injected::Fail { errno }),
        "delay" => fields.number("ms", diags).map(|ms| Injected::Delay { ms }),
        "strike" => strike(call, fields, diags),
        _ => pause(of, fields, cx, diags),
    };
    if nth == 0
        && let Some(node) = fields.take("nth")
    {
        diags.push(
            node.span.clone(),
            "there is no call number 0",
            "the first is 1",
        );
    }
    let if_called = fields.flag("if-called", diags).unwrap_or(false);
    Some(Action::Inject(Injection {
        name: value.to_owned(),
        of: of?.to_owned(),
        call: call?,
        path,
        nth,
        lasting,
        if_called,
        what: what?,
    }))
}

pub(super) fn word(fields: &mut Fields<'_>, diags: &mut Diags) -> Option<Word> {
    fields.word("call", &told(), diags)
}

/// The words for calls that are told of: what is said of any other would never come about.
pub(super) fn told() -> Vec<(&'static str, Word)> {
    let mut words = Word::all();
    words.retain(|(_, word)| {
        !matches!(
            word,
            Word::Family(Family::Read | Family::Dup | Family::Fcntl)
        )
    });
    words
}

fn strike(call: Option<Word>, fields: &mut Fields<'_>, diags: &mut Diags) -> Option<Injected> {
    let signal = fields.word("send", &SIGNALS, diags);
    let moment = fields.word("when", &MOMENTS, diags);
    let span = fields.take("when").map(|n| n.span.clone());
    let moment = moment.unwrap_or(Moment::After);
    if let (Some(signal), Some(span)) = (signal, span) {
        if moment == Moment::Before && signal != libc::SIGKILL {
            diags.push(
                span,
                "only KILL comes before a call",
                "a handler runs once the call is done",
            );
        } else if moment == Moment::Within
            && (signal != libc::SIGKILL || call.is_some_and(|c| c.word() != "write"))
        {
            // After any other signal the process would wait for the rest of its write for ever.
            diags.push(
                span,
                "only a write can be cut in the middle, and by KILL",
                "here",
            );
        }
    }
    signal.map(|signal| Injected::Strike { signal, moment })
}

fn pause<'a>(
    of: Option<&'a str>,
    fields: &mut Fields<'a>,
    cx: &mut Context<'a>,
    diags: &mut Diags,
) -> Option<Injected> {
    let node = fields.take("do")?;
    if list(node, diags).is_empty() {
        diags.push(
            node.span.clone(),
            "this pause does nothing",
            "needs a step, or `delay`",
        );
    }
    let steps = while_held(list(node, diags), of, cx, diags);
    Some(Injected::Pause { steps })
}

/// The steps that are done while a call of `of` is held, which runs by then, wherever it is started.
pub(super) fn while_held<'a>(
    nodes: &'a [Node],
    of: Option<&'a str>,
    cx: &mut Context<'a>,
    diags: &mut Diags,
) -> Vec<Step> {
    let early = of.filter(|of| cx.scope.handles.insert(of));
    let steps = nested(nodes, cx, diags);
    if let Some(early) = early {
        cx.scope.handles.remove(early);
    }
    steps
}

/// Says which processes were named and never started.
pub(super) fn promises_kept(cx: &mut Context<'_>, diags: &mut Diags) {
    for promised in std::mem::take(&mut cx.promised) {
        must_be_started(&promised.who, promised.span, cx, diags);
    }
}

/// Says so where no step starts a process of this handle.
pub(super) fn must_be_started(who: &str, span: Span, cx: &Context<'_>, diags: &mut Diags) {
    if !cx.scope.handles.contains(who) {
        let valid: Vec<&str> = cx.scope.handles.iter().copied().collect();
        diags.unknown(span, "process", who, &valid);
    }
}

/// `expect-calls`.
pub(super) fn expect_calls(
    fields: &mut Fields<'_>,
    cx: &mut Context<'_>,
    diags: &mut Diags,
) -> Option<Action> {
    let who = handle(fields, "expect-calls", cx, diags);
    let call = word(fields, diags);
    let path = fields.template("path", &cx.scope, diags);
    let never = fields.flag("never", diags).unwrap_or(false);
    let times: Option<usize> = fields.number("times", diags);
    let before = fields.table("before", diags).map(|mut inner| {
        let call = word(&mut inner, diags);
        let path = inner.template("path", &cx.scope, diags);
        inner.finish(diags);
        (call, path)
    });
    let said = [never, times.is_some(), before.is_some()];
    if said.iter().filter(|said| **said).count() > 1 {
        diags.push(
            fields.span.clone(),
            "`never`, `times` and `before` exclude each other",
            "keep one of them",
        );
    }
    let want = match (never, times, before) {
        (true, ..) => CallsWanted::Times(0),
        (_, Some(times), _) => CallsWanted::Times(times),
        (_, _, Some((call, path))) => CallsWanted::Before { call: call?, path },
        (false, None, None) => CallsWanted::Some,
    };
    cx.asks_for_calls = true;
    Some(Action::ExpectCalls(ExpectCalls {
        who: who?,
        call: call?,
        path,
        want,
    }))
}
