//! Decoding what has to do with terminals: which streams of a process are one, what is typed, what is waited for.

use super::diag::Diags;
use super::fields::{Fields, list, text, wrong};
use super::model::{Action, Streams};
use super::node::{Span, Value};
use super::step::{Context, handle};

pub(super) const STREAMS: [&str; 3] = ["stdin", "stdout", "stderr"];

/// `terminal` of `spawn`: `true` for all three streams, or an array of some.
pub(super) fn streams(fields: &mut Fields<'_>, diags: &mut Diags) -> Streams {
    let mut streams = Streams::default();
    let Some(node) = fields.take("terminal") else {
        return streams;
    };
    match &node.value {
        Value::Flag(all) => streams = Streams::all(*all),
        Value::List(_) => {
            for item in list(node, diags) {
                match text(item, diags) {
                    Some("stdin") => streams.stdin = true,
                    Some("stdout") => streams.stdout = true,
                    Some("stderr") => streams.stderr = true,
                    Some(other) => diags.unknown(item.span.clone(), "stream", other, &STREAMS),
                    None => {}
                }
            }
        }
        other @ (Value::Text(_) | Value::Number(_) | Value::Table(_)) => {
            wrong(node, other, "`true`, `false` or an array of streams", diags);
        }
    }
    if streams.stdin && fields.take("stdin").is_some() {
        diags.push_help(
            node.span.clone(),
            "standard input is the terminal, and `stdin` says something else",
            "keep one of them",
            "for a terminal that is not standard input: terminal = [\"stdout\", \"stderr\"]",
        );
    }
    streams
}

/// `type = "<process>"`.
pub(super) fn type_text(
    fields: &mut Fields<'_>,
    cx: &Context<'_>,
    diags: &mut Diags,
) -> Option<Action> {
    let span = fields.span.clone();
    let who = handle(fields, "type", cx, diags);
    let text = fields.need_template("text", &cx.scope, diags);
    let who = who?;
    if cx.scope.handles.contains(who.as_str()) && !cx.on_terminal(&who).stdin {
        diags.push_help(
            span,
            format!("`{who}` has no terminal to type on"),
            "its standard input is something else",
            "spawn it with `terminal = true`",
        );
    }
    Some(Action::Type { who, text: text? })
}

/// `await = "<process>"`.
pub(super) fn wait_for_text(
    fields: &mut Fields<'_>,
    cx: &Context<'_>,
    diags: &mut Diags,
) -> Option<Action> {
    let who = handle(fields, "await", cx, diags);
    let stdout = fields.template("stdout", &cx.scope, diags);
    let stderr = fields.template("stderr", &cx.scope, diags);
    let output = fields.template("output", &cx.scope, diags);
    if stdout.is_none() && stderr.is_none() && output.is_none() {
        fields.missing("stdout");
    }
    let who = who?;
    separate(&who, stdout.is_some(), stderr.is_some(), fields, cx, diags);
    Some(Action::Await {
        who,
        stdout,
        stderr,
        output,
    })
}

/// Says that a stream which is the terminal is not to be read by itself.
pub(super) fn separate(
    who: &str,
    stdout: bool,
    stderr: bool,
    fields: &Fields<'_>,
    cx: &Context<'_>,
    diags: &mut Diags,
) {
    let terminal = cx.on_terminal(who);
    for (stream, asked) in [
        ("stdout", stdout && terminal.stdout),
        ("stderr", stderr && terminal.stderr),
    ] {
        if asked {
            diags.push_help(
                fields.span.clone(),
                format!("`{stream}` of `{who}` is its terminal"),
                "what a terminal shows does not tell which stream it came from",
                "use `output`",
            );
        }
    }
}

/// Says that MCP is spoken through pipes.
pub(super) fn speaks(who: Option<&str>, span: &Span, cx: &Context<'_>, diags: &mut Diags) {
    let Some(who) = who else { return };
    let terminal = cx.on_terminal(who);
    if terminal.stdin || terminal.stdout {
        diags.push_help(
            span.clone(),
            format!("`{who}` has a terminal where MCP would be spoken"),
            "needs pipes at stdin and stdout",
            "a server can have one at stderr: terminal = [\"stderr\"]",
        );
    }
}
