//! Decoding what makes a world unfriendly: certain pids, scarce resources, file systems that are full or
//! read-only, and the steps that depend on what a server made of it.

use super::diag::Diags;
use super::fields::Fields;
use super::model::{Action, FileSystem, Limits, Mount, Tier};
use super::node::{Node, Span, Value};
use super::step::{Context, handle};
use super::terminal;

/// Says that a key needs more of the host than the scenario asks for.
fn needs_namespaces(span: Span, what: &str, cx: &Context<'_>, diags: &mut Diags) {
    if cx.needs < Tier::Namespaces {
        diags.push(
            span,
            format!("{what} is only to be had in tier `namespaces`"),
            "the scenario must say `needs = \"namespaces\"`",
        );
    }
}

/// `same-pid-as = "<handle>"`: the process whose pid a new one gets.
pub(super) fn same_pid_as(
    fields: &mut Fields<'_>,
    cx: &Context<'_>,
    diags: &mut Diags,
) -> Option<String> {
    let span = fields.take("same-pid-as")?.span.clone();
    needs_namespaces(span, "a certain pid", cx, diags);
    handle(fields, "same-pid-as", cx, diags)
}

pub(super) const PID_NAMESPACES: [(&str, bool); 2] = [("own", true), ("world", false)];

/// `pid-namespace`: `"own"`, or `"world"` as without it.
pub(super) fn own_pid_namespace(
    fields: &mut Fields<'_>,
    cx: &Context<'_>,
    diags: &mut Diags,
) -> bool {
    let own = fields.word("pid-namespace", &PID_NAMESPACES, diags);
    let Some(node) = fields.take("pid-namespace").filter(|_| own == Some(true)) else {
        return false;
    };
    let span = node.span.clone();
    needs_namespaces(span.clone(), "a pid namespace of its own", cx, diags);
    if fields.take("same-pid-as").is_some() {
        diags.push(
            span,
            "`pid-namespace` and `same-pid-as` exclude each other",
            "the first process of a pid namespace is always pid 1",
        );
    }
    true
}

/// `limits = { open-files = 16, file-size = 0 }`.
pub(super) fn limits(fields: &mut Fields<'_>, diags: &mut Diags) -> Limits {
    let Some(mut inner) = fields.table("limits", diags) else {
        return Limits::default();
    };
    let limits = Limits {
        open_files: inner.number("open-files", diags),
        file_size: inner.number("file-size", diags),
    };
    if inner.entries().is_empty() {
        diags.push(
            inner.span.clone(),
            "these limits limit nothing",
            "give it `open-files` or `file-size`",
        );
    }
    inner.finish(diags);
    limits
}

/// The outcomes of a start that may fail for which there are steps.
pub(super) struct Branches {
    /// There are checks for a start that was served.
    pub served: bool,
    /// There are checks for one that failed.
    pub failed: bool,
    /// Where it was said that it may fail.
    pub span: Span,
}

/// `handshake = "<handle>"`.
pub(super) fn handshake<'a>(
    value: &'a str,
    fields: &mut Fields<'a>,
    cx: &mut Context<'a>,
    diags: &mut Diags,
) -> Option<Action> {
    let who = handle(fields, "handshake", cx, diags);
    terminal::speaks(who.as_deref(), &fields.span, cx, diags);
    let refused = fields.flag("refused", diags).unwrap_or(false);
    let or_fails = fields.flag("or-fails", diags).unwrap_or(false);
    if let Some(node) = fields.take("or-fails").filter(|_| or_fails) {
        let span = node.span.clone();
        if refused {
            diags.push(
                span.clone(),
                "`refused` and `or-fails` exclude each other",
                "keep one of them",
            );
        }
        let branches = Branches {
            served: false,
            failed: false,
            span,
        };
        cx.may_fail.insert(value, branches);
    }
    Some(Action::Handshake {
        who: who?,
        refused,
        or_fails,
    })
}

/// The step of `verb`, if it is one of those.
pub(super) fn mounts(
    verb: &str,
    fields: &mut Fields<'_>,
    cx: &Context<'_>,
    diags: &mut Diags,
) -> Option<Action> {
    match verb {
        "mount" => mount(fields, cx, diags),
        "umount" => {
            needs_namespaces(fields.span.clone(), "unmounting", cx, diags);
            let path = fields.template("umount", &cx.scope, diags)?;
            Some(Action::Umount { path })
        }
        _ => None,
    }
}

fn mount(fields: &mut Fields<'_>, cx: &Context<'_>, diags: &mut Diags) -> Option<Action> {
    needs_namespaces(fields.span.clone(), "mounting", cx, diags);
    let path = fields.template("mount", &cx.scope, diags);
    let read_only = fields.flag("read-only", diags).unwrap_or(false);
    let bind = fields.template("bind", &cx.scope, diags);
    let tmpfs = fields.table("tmpfs", diags);
    let what = match (bind, tmpfs) {
        (Some(from), None) => FileSystem::Bind { from },
        (None, Some(mut inner)) => {
            let what = FileSystem::Tmpfs {
                size: inner.take("size").and_then(|node| size(node, diags)),
                inodes: inner.number("inodes", diags),
                mode: inner.mode("mode", diags).unwrap_or(0o700),
            };
            inner.finish(diags);
            what
        }
        (None, None) => {
            if fields.take("bind").is_none() && fields.take("tmpfs").is_none() {
                diags.push_help(
                    fields.span.clone(),
                    "nothing is mounted here",
                    "needs `tmpfs` or `bind`",
                    "for instance `tmpfs = { size = \"4k\" }`, or `bind = \"<directory>\"`",
                );
            }
            return None;
        }
        (Some(_), Some(_)) => {
            diags.push(
                fields.span.clone(),
                "`tmpfs` and `bind` exclude each other",
                "keep one of them",
            );
            return None;
        }
    };
    Some(Action::Mount(Mount {
        path: path?,
        what,
        read_only,
    }))
}

/// A size in bytes: an integer, or a string of digits and `k` or `m`. The kernel takes 0 for no limit.
fn size(node: &Node, diags: &mut Diags) -> Option<u64> {
    let bytes = match &node.value {
        Value::Number(n) => u64::try_from(*n).ok(),
        Value::Text(text) => {
            let (digits, unit) = match text.strip_suffix(['k', 'm']) {
                Some(digits) if text.ends_with('k') => (digits, 1 << 10),
                Some(digits) => (digits, 1 << 20),
                None => (text.as_str(), 1),
            };
            digits.parse::<u64>().ok().and_then(|n| n.checked_mul(unit))
        }
        Value::Flag(_) | Value::List(_) | Value::Table(_) => None,
    };
    let bytes = bytes.filter(|bytes| *bytes > 0);
    if bytes.is_none() {
        diags.push(
            node.span.clone(),
            "this is no size",
            "write bytes, or for instance \"4k\"; 0 would mean no limit",
        );
    }
    bytes
}

/// `tools = ["<program>"]` of the header: programs of others, which not every host has.
pub(super) fn tools(fields: &mut Fields<'_>, diags: &mut Diags) -> Vec<String> {
    let mut tools = Vec::new();
    for (name, span) in fields.texts("tools", diags) {
        if name.is_empty() || name.contains('/') {
            diags.push(
                span,
                format!("`{name}` is no name of a program"),
                "a bare name, which is looked up on the world's PATH",
            );
        }
        tools.push(name.to_owned());
    }
    tools
}

/// The program of a process with `role = "tool"`: the first of its arguments.
pub(super) fn tool(fields: &mut Fields<'_>, cx: &Context<'_>, diags: &mut Diags) -> Option<String> {
    let Some((name, span)) = fields.texts("args", diags).into_iter().next() else {
        fields.missing("args");
        return None;
    };
    if !cx.tools.contains(&name) {
        diags.unknown(span, "tool (of the scenario's `tools`)", name, &cx.tools);
    }
    Some(name.to_owned())
}

/// Says which starts that may fail are judged for one outcome only: the other could hide anything.
pub(super) fn both_outcomes(cx: &Context<'_>, diags: &mut Diags) {
    for (who, branches) in &cx.may_fail {
        for (seen, key) in [
            (branches.served, "if-served"),
            (branches.failed, "if-failed"),
        ] {
            if !seen {
                diags.push(
                    branches.span.clone(),
                    format!("nothing is judged where `{who}` has this outcome"),
                    format!("needs a later check with `{key} = \"{who}\"`"),
                );
            }
        }
    }
}
