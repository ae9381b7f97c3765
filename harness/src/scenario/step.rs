//! Decoding the steps of a scenario: one verb each, which comes first and whose value is the handle or path.

use std::collections::{BTreeMap, BTreeSet};

use super::beside::Company;
use super::diag::Diags;
use super::expect;
use super::fields::{Fields, text, wrong};
use super::hostile::{self, Branches};
use super::injection::{self, Injected, Injection, Promised};
use super::model::{Action, Call, LockKind, Step, Streams, Tier};
use super::node::{Entry, Node, Span, Value};
use super::shape;
use super::template::Scope;
use super::terminal;
use super::when;

/// What the steps so far have named.
pub(super) struct Context<'a> {
    /// Names and processes.
    pub scope: Scope<'a>,
    /// Handles of `hold`.
    pub holds: BTreeSet<&'a str>,
    /// Handles of `open`.
    pub opens: BTreeSet<&'a str>,
    /// Processes with a terminal, and which of their streams it is.
    pub terminals: BTreeMap<&'a str, Streams>,
    /// Processes whose handshake may fail, and which outcomes are judged.
    pub may_fail: BTreeMap<&'a str, Branches>,
    /// Labels of the tool calls so far that may be answered with an error.
    pub calls_that_may_fail: BTreeSet<String>,
    /// Labels of the steps so far.
    pub labels: BTreeSet<String>,
    /// Labels that a later check compares with.
    pub snapshots: BTreeSet<String>,
    /// What the scenario says it needs of the host.
    pub needs: Tier,
    /// Programs of others that the scenario says it needs.
    pub tools: Vec<&'a str>,
    /// The scenario's rules.
    pub rules: Vec<&'a str>,
    /// Programs the suite has.
    pub fixtures: &'a [&'a str],
    /// Other subjects.
    pub company: Company<'a>,
    /// Handles of what is done at calls.
    pub injections: BTreeSet<&'a str>,
    /// Processes named before they are started.
    pub promised: Vec<Promised>,
    /// A check asks for calls.
    pub asks_for_calls: bool,
    /// The file, for line numbers.
    pub source: &'a str,
}

impl Context<'_> {
    /// Which streams of a process are its terminal.
    pub(super) fn on_terminal(&self, who: &str) -> Streams {
        self.terminals.get(who).copied().unwrap_or_default()
    }
}

/// Decodes all steps. What a check refers to must stand before it.
pub(super) fn steps<'a>(nodes: &'a [Node], cx: &mut Context<'a>, diags: &mut Diags) -> Vec<Step> {
    let mut steps = nested(nodes, cx, diags);
    hostile::both_outcomes(cx, diags);
    injection::promises_kept(cx, diags);
    remember(&mut steps, &cx.snapshots);
    steps
}

/// Decodes steps within a step.
pub(super) fn nested<'a>(nodes: &'a [Node], cx: &mut Context<'a>, diags: &mut Diags) -> Vec<Step> {
    let decode = |node: &'a Node| match node.entries() {
        Some(entries) => step(entries, cx, diags),
        None => {
            wrong(node, &node.value, "a table", diags);
            None
        }
    };
    nodes.iter().filter_map(decode).collect()
}

/// Marks the steps before which a snapshot is taken.
fn remember(steps: &mut [Step], snapshots: &BTreeSet<String>) {
    for step in steps {
        step.snapshot = snapshots.contains(&step.label);
        if let Action::Inject(Injection {
            what: Injected::Pause { steps },
            ..
        }) = &mut step.action
        {
            remember(steps, snapshots);
        }
    }
}

fn step<'a>(entries: &'a [Entry], cx: &mut Context<'a>, diags: &mut Diags) -> Option<Step> {
    let first = entries.first()?;
    let Some((verb, shape)) = shape::verb(&first.key) else {
        if entries.iter().any(|e| shape::verb(&e.key).is_some()) {
            diags.push(
                first.key_span.clone(),
                format!("`{}` stands before the verb", first.key),
                "the verb comes first in a step",
            );
        } else {
            let verbs: Vec<&str> = shape::VERBS
                .iter()
                .map(|shape| shape.keys[0].name)
                .collect();
            diags.unknown(first.key_span.clone(), "verb", &first.key, &verbs);
        }
        return None;
    };
    let value = text(&first.node, diags)?;
    let mut fields = Fields::new(entries, first.key_span.clone(), shape);
    let id = fields.text("id", diags);
    let label = id
        .as_ref()
        .map_or_else(|| format!("{verb}:{value}"), |(id, _)| (*id).to_owned());
    let judging =
        verb.starts_with("expect") || matches!(verb, "never-created" | "handshake" | "call");
    let rule = rule(&mut fields, cx, judging, diags);
    let when = when::when(&mut fields, judging, cx, diags);
    let action = match verb {
        "spawn" => super::spawn::spawn(value, &mut fields, cx, diags),
        "handshake" => hostile::handshake(value, &mut fields, cx, diags),
        "call" => call(&mut fields, cx, diags),
        "await" => terminal::wait_for_text(&mut fields, cx, diags),
        "type" => terminal::type_text(&mut fields, cx, diags),
        "say" => say(&mut fields, cx, diags),
        "signal" => signal(&mut fields, cx, diags),
        "close-stdin" => {
            handle(&mut fields, "close-stdin", cx, diags).map(|who| Action::CloseStdin { who })
        }
        "wait" => handle(&mut fields, "wait", cx, diags).map(|who| Action::Wait { who }),
        "hold" => hold(value, &mut fields, cx, diags),
        "release" => release(value, &first.node.span, &mut fields, cx, diags),
        "open" => {
            fields.take("open");
            let path = fields.need_template("path", &cx.scope, diags);
            new_handle(value, &first.node.span, "open", &mut cx.opens, diags);
            path.map(|path| Action::Open {
                name: value.to_owned(),
                path,
            })
        }
        "never-created" => fields
            .template("never-created", &cx.scope, diags)
            .map(|path| Action::NeverCreated { path }),
        "unwatch" => fields
            .template("unwatch", &cx.scope, diags)
            .map(|path| Action::Unwatch { path }),
        "expect" => handle(&mut fields, "expect", cx, diags)
            .and_then(|who| expect::process(who, &mut fields, cx, diags)),
        "expect-fs" => expect::fs(value, &mut fields, cx, diags),
        "expect-lock" => expect::lock(&mut fields, cx, diags),
        "expect-calls" => injection::expect_calls(&mut fields, cx, diags),
        "fail" => injection::inject("fail", value, &mut fields, cx, diags),
        "delay" => injection::inject("delay", value, &mut fields, cx, diags),
        "strike" => injection::inject("strike", value, &mut fields, cx, diags),
        "pause" => injection::inject("pause", value, &mut fields, cx, diags),
        "mount" | "umount" => hostile::mounts(verb, &mut fields, cx, diags),
        change => super::change::change(change, &mut fields, cx, diags),
    };
    fields.finish(diags);
    let line = super::diag::line_of(cx.source, first.key_span.start);
    let text = cx.source.lines().nth(line - 1).unwrap_or_default();
    if matches!(&action, Some(Action::Call(call)) if call.or_fails) {
        cx.calls_that_may_fail.insert(label.clone());
    }
    if action.is_some() && !cx.labels.insert(label.clone()) && id.is_some() {
        diags.push(
            first.key_span.clone(),
            format!("two steps are called `{label}`"),
            "the second",
        );
    }
    Some(Step {
        line,
        text: text.trim().to_owned(),
        label,
        rule,
        snapshot: false,
        when,
        action: action?,
    })
}

/// The rule a check judges: named, or the only one of the scenario.
fn rule(fields: &mut Fields<'_>, cx: &Context<'_>, judging: bool, diags: &mut Diags) -> String {
    if let Some((rule, span)) = fields.text("rule", diags) {
        if !cx.rules.contains(&rule) {
            diags.unknown(span, "rule (of this scenario)", rule, &cx.rules);
        }
        return rule.to_owned();
    }
    let first = cx.rules.first().copied().unwrap_or_default();
    if judging && cx.rules.len() > 1 {
        diags.push_help(
            fields.span.clone(),
            "this check does not say which rule it judges",
            "needs `rule`",
            format!("the scenario has {}", cx.rules.join(", ")),
        );
    }
    first.to_owned()
}

/// A process that was spawned before.
pub(super) fn handle(
    fields: &mut Fields<'_>,
    key: &'static str,
    cx: &Context<'_>,
    diags: &mut Diags,
) -> Option<String> {
    let (name, span) = fields.text(key, diags)?;
    if !cx.scope.handles.contains(name) {
        let valid: Vec<&str> = cx.scope.handles.iter().copied().collect();
        diags.unknown(span, "process (spawned before this step)", name, &valid);
    }
    Some(name.to_owned())
}

pub(super) fn new_handle<'a>(
    name: &'a str,
    span: &Span,
    verb: &str,
    taken: &mut BTreeSet<&'a str>,
    diags: &mut Diags,
) {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || !name.chars().all(good) {
        diags.push(
            span.clone(),
            format!("`{name}` is no handle"),
            "use [a-z0-9-]",
        );
    }
    if !taken.insert(name) {
        diags.push(
            span.clone(),
            format!("`{name}` was taken by an earlier {verb}"),
            "the second",
        );
    }
}

fn call(fields: &mut Fields<'_>, cx: &Context<'_>, diags: &mut Diags) -> Option<Action> {
    let who = handle(fields, "call", cx, diags);
    terminal::speaks(who.as_deref(), &fields.span, cx, diags);
    let tool = fields.need_text("tool", diags).map(|(s, _)| s.to_owned());
    let arguments = fields
        .take("arguments")
        .map_or_else(|| serde_json::json!({}), json);
    let ok = fields.flag("ok", diags).unwrap_or(true);
    let or_fails = fields.flag("or-fails", diags).unwrap_or(false);
    let contains = fields.templates("contains", &cx.scope, diags);
    Some(Action::Call(Call {
        who: who?,
        tool: tool?,
        arguments,
        ok,
        or_fails,
        contains,
    }))
}

fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Text(s) => s.as_str().into(),
        Value::Number(n) => (*n).into(),
        Value::Flag(b) => (*b).into(),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Table(entries) => entries
            .iter()
            .map(|e| (e.key.clone(), json(&e.node)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

fn say(fields: &mut Fields<'_>, cx: &Context<'_>, diags: &mut Diags) -> Option<Action> {
    let who = handle(fields, "say", cx, diags);
    let line = fields.need_template("line", &cx.scope, diags);
    Some(Action::Say {
        who: who?,
        line: line?,
    })
}

fn signal(fields: &mut Fields<'_>, cx: &Context<'_>, diags: &mut Diags) -> Option<Action> {
    let who = handle(fields, "signal", cx, diags);
    let signal = fields.word("send", &SIGNALS, diags);
    Some(Action::Signal {
        who: who?,
        signal: signal?,
    })
}

/// The signals a scenario may send or expect.
pub const SIGNALS: [(&str, i32); 9] = [
    ("TERM", libc::SIGTERM),
    ("INT", libc::SIGINT),
    ("HUP", libc::SIGHUP),
    ("KILL", libc::SIGKILL),
    ("QUIT", libc::SIGQUIT),
    ("PIPE", libc::SIGPIPE),
    ("USR1", libc::SIGUSR1),
    ("STOP", libc::SIGSTOP),
    ("CONT", libc::SIGCONT),
];

/// The two locks.
pub(super) const LOCKS: [(&str, LockKind); 2] = [
    ("exclusive", LockKind::Exclusive),
    ("shared", LockKind::Shared),
];

fn hold<'a>(
    value: &'a str,
    fields: &mut Fields<'a>,
    cx: &mut Context<'a>,
    diags: &mut Diags,
) -> Option<Action> {
    let span = fields.take("hold").map(|n| n.span.clone())?;
    let path = fields.need_template("path", &cx.scope, diags);
    let lock = fields
        .word("lock", &LOCKS, diags)
        .unwrap_or(LockKind::Exclusive);
    new_handle(value, &span, "hold", &mut cx.holds, diags);
    Some(Action::Hold {
        name: value.to_owned(),
        path: path?,
        lock,
    })
}

fn release<'a>(
    value: &'a str,
    span: &Span,
    fields: &mut Fields<'_>,
    cx: &mut Context<'a>,
    diags: &mut Diags,
) -> Option<Action> {
    fields.take("release");
    if !cx.holds.remove(value) {
        let valid: Vec<&str> = cx.holds.iter().copied().collect();
        diags.unknown(span.clone(), "held lock", value, &valid);
    }
    Some(Action::Release {
        name: value.to_owned(),
    })
}
