//! Decoding how a process is started: its role, arguments, umask, environment, uid and what its world lacks.

use std::collections::BTreeMap;

use super::diag::Diags;
use super::fields::{Fields, template, wrong};
use super::hostile;
use super::model::{Action, Role, Spawn, StdinKind, Tier};
use super::node::{Node, Value};
use super::step::{Context, new_handle};
use super::template::{Scope, Template};
use super::terminal;

pub(super) const STDIN: [(&str, StdinKind); 2] =
    [("pipe", StdinKind::Pipe), ("null", StdinKind::Null)];

pub(super) fn spawn<'a>(
    value: &'a str,
    fields: &mut Fields<'a>,
    cx: &mut Context<'a>,
    diags: &mut Diags,
) -> Option<Action> {
    let span = fields.take("spawn").map(|n| n.span.clone())?;
    let role = match fields.need_text("role", diags) {
        Some(("server", _)) | None => Role::Server,
        Some(("cli", _)) => Role::Cli,
        Some(("tool", _)) => Role::Tool(hostile::tool(fields, cx, diags)?),
        Some((name, span)) => {
            if !cx.fixtures.contains(&name) {
                let mut valid = vec!["server", "cli", "tool"];
                valid.extend(cx.fixtures);
                diags.unknown(span, "role", name, &valid);
            }
            Role::Fixture(name.to_owned())
        }
    };
    let stdin_default = match role {
        Role::Cli | Role::Tool(_) => StdinKind::Null,
        Role::Server | Role::Fixture(_) => StdinKind::Pipe,
    };
    let terminal = terminal::streams(fields, diags);
    cx.terminals.insert(value, terminal);
    let mut args = fields.templates("args", &cx.scope, diags);
    if matches!(role, Role::Tool(_)) {
        // The first is the program.
        args = args.split_off(args.len().min(1));
    }
    let spawn = Spawn {
        handle: value.to_owned(),
        subject: cx.company.of_spawn(&role, fields, diags),
        role,
        args,
        umask: fields.mode("umask", diags),
        env: env(fields.take("env"), &cx.scope, diags),
        uid: uid(fields, cx, diags),
        stdin: fields.word("stdin", &STDIN, diags).unwrap_or(stdin_default),
        terminal,
        same_pid_as: hostile::same_pid_as(fields, cx, diags),
        own_pid_namespace: hostile::own_pid_namespace(fields, cx, diags),
        limits: hostile::limits(fields, diags),
    };
    new_handle(value, &span, "spawn", &mut cx.scope.handles, diags);
    Some(Action::Spawn(spawn))
}

/// A table of variables: a string sets one, `false` takes it away.
pub(super) fn env(
    node: Option<&Node>,
    scope: &Scope<'_>,
    diags: &mut Diags,
) -> BTreeMap<String, Option<Template>> {
    let Some(node) = node else {
        return BTreeMap::new();
    };
    let Some(entries) = node.entries() else {
        wrong(node, &node.value, "a table of variables", diags);
        return BTreeMap::new();
    };
    let mut env = BTreeMap::new();
    for entry in entries {
        let value = match &entry.node.value {
            Value::Flag(false) => None,
            Value::Flag(true) | Value::List(_) | Value::Table(_) => {
                wrong(
                    &entry.node,
                    &entry.node.value,
                    "a string, or `false` to take the variable away",
                    diags,
                );
                continue;
            }
            Value::Text(_) | Value::Number(_) => template(&entry.node, scope, diags),
        };
        env.insert(entry.key.clone(), value);
    }
    env
}

/// Another uid than the subject's, which not every host can give.
pub(super) fn uid(fields: &mut Fields<'_>, cx: &Context<'_>, diags: &mut Diags) -> Option<u32> {
    let span = fields.take("uid")?.span.clone();
    if cx.needs < Tier::Ids {
        diags.push(
            span,
            "another uid is only to be had in tier `ids`",
            "the scenario must say `needs = \"ids\"`",
        );
    }
    fields.number("uid", diags)
}
