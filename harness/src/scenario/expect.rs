//! Decoding the checks of a scenario.

use super::diag::Diags;
use super::fields::{Fields, list, number, wrong};
use super::model::{
    Action, ExpectEnd, ExpectFs, ExpectLock, ExpectProcess, FileKind, FsFacts, Held, LockOn,
    TextChecks,
};
use super::node::{Span, Value};
use super::step::{Context, LOCKS, SIGNALS};
use super::template::Template;

/// `expect = "<process>"`.
pub(super) fn process(
    who: String,
    fields: &mut Fields<'_>,
    cx: &Context<'_>,
    diags: &mut Diags,
) -> Option<Action> {
    let running = fields.flag("running", diags).unwrap_or(false);
    let signal = fields.word("signal", &SIGNALS, diags);
    let exit = exit("exit", fields, diags);
    let if_end = self::exit("if-exit", fields, diags);
    let stdout = text_checks("stdout", fields, cx, diags);
    let stderr = text_checks("stderr", fields, cx, diags);
    let output = text_checks("output", fields, cx, diags);
    let (stdout_asked, stderr_asked) = (!stdout.is_empty(), !stderr.is_empty());
    super::terminal::separate(&who, stdout_asked, stderr_asked, fields, cx, diags);
    let end = match (running, exit, signal) {
        (false, exit, None) => exit,
        (false, None, Some(signal)) => Some(ExpectEnd::Signal(signal)),
        (false, Some(ExpectEnd::Exit(codes)), Some(signal)) => {
            Some(ExpectEnd::ExitOrSignal(codes, signal))
        }
        (true, None, None) => Some(ExpectEnd::Running),
        (true, ..) => {
            diags.push(
                fields.span.clone(),
                "`running` excludes `exit` and `signal`",
                "keep one of them",
            );
            None
        }
        (false, Some(word), Some(_)) => {
            diags.push(
                fields.span.clone(),
                "a word for many exit statuses excludes `signal`",
                "name the exit statuses, or keep one of them",
            );
            Some(word)
        }
    };
    if let Some(node) = fields.take("if-exit").filter(|_| running || end.is_some()) {
        diags.push(
            node.span.clone(),
            "`if-exit` is for what is asked of the output",
            "how it ends is a check of its own",
        );
    }
    if !running
        && end.is_none()
        && [&stdout, &stderr, &output]
            .iter()
            .all(|text| text.is_empty())
    {
        diags.push_help(
            fields.span.clone(),
            "this check checks nothing",
            "could never fail",
            "give it `exit`, `signal`, `running = true`, `stdout`, `stderr` or `output`",
        );
    }
    Some(Action::ExpectProcess(Box::new(ExpectProcess {
        who,
        end,
        if_end,
        stdout,
        stderr,
        output,
    })))
}

/// Words for more than one exit status.
pub(super) const EXITS: [(&str, ExpectEnd); 3] = [
    ("any", ExpectEnd::AnyExit),
    ("nonzero", ExpectEnd::NonZero),
    ("failure", ExpectEnd::Failure),
];

fn exit(key: &'static str, fields: &mut Fields<'_>, diags: &mut Diags) -> Option<ExpectEnd> {
    let node = fields.take(key)?;
    match &node.value {
        Value::Number(_) => number(node, diags).map(|n| ExpectEnd::Exit(vec![n])),
        Value::Text(s) if EXITS.iter().any(|(word, _)| word == s) => EXITS
            .into_iter()
            .find_map(|(word, end)| (word == s).then_some(end)),
        Value::List(items) if !items.is_empty() => Some(ExpectEnd::Exit(
            items
                .iter()
                .filter_map(|item| number(item, diags))
                .collect(),
        )),
        other @ (Value::List(_) | Value::Text(_) | Value::Flag(_) | Value::Table(_)) => {
            wrong(
                node,
                other,
                "an exit status, an array of them, \"any\", \"nonzero\" or \"failure\"",
                diags,
            );
            None
        }
    }
}

fn text_checks(
    key: &'static str,
    fields: &mut Fields<'_>,
    cx: &Context<'_>,
    diags: &mut Diags,
) -> TextChecks {
    let Some(mut inner) = fields.table(key, diags) else {
        return TextChecks::default();
    };
    let checks = TextChecks {
        contains: inner.templates("contains", &cx.scope, diags),
        once: inner.templates("once", &cx.scope, diags),
        lacks: inner.templates("lacks", &cx.scope, diags),
        equals: inner.template("equals", &cx.scope, diags),
        ends_with: inner.template("ends-with", &cx.scope, diags),
        max_lines: inner.number("max-lines", diags),
        no_control: inner.flag("no-control", diags).unwrap_or(false),
    };
    inner.finish(diags);
    checks
}

/// `expect-fs = "<path>"`, or `"all"` for the whole world.
pub(super) fn fs(
    value: &str,
    fields: &mut Fields<'_>,
    cx: &mut Context<'_>,
    diags: &mut Diags,
) -> Option<Action> {
    let all = value == "all";
    let path = if all {
        fields.take("expect-fs");
        None
    } else {
        // A path that is wrong is told already; the rest of the step may be wrong too.
        let path = fields.template("expect-fs", &cx.scope, diags);
        Some(path.unwrap_or_else(|| Template::literal("")))
    };
    if let Some((since, span)) = fields.text("unchanged-since", diags) {
        if cx.labels.contains(since) {
            cx.snapshots.insert(since.to_owned());
        } else {
            let valid: Vec<&str> = cx.labels.iter().map(String::as_str).collect();
            diags.unknown(span, "step (before this one)", since, &valid);
        }
        return Some(Action::ExpectFs(ExpectFs::Unchanged {
            path,
            since: since.to_owned(),
            except: fields.templates("except", &cx.scope, diags),
        }));
    }
    let Some(path) = path else {
        diags.push(
            fields.span.clone(),
            "`expect-fs = \"all\"` compares with an earlier moment",
            "needs `unchanged-since`",
        );
        return None;
    };
    let facts = FsFacts {
        path,
        kind: fields.word("type", &KINDS, diags),
        mode: fields.mode("mode", diags),
        mode_lacks: fields.mode("mode-lacks", diags),
        mode_has: fields.mode("mode-has", diags),
        uid: fields.number("uid", diags),
        content: fields.template("content", &cx.scope, diags),
        line: fields.template("line", &cx.scope, diags),
        entries: entries(fields, cx, diags),
        target: fields.template("target", &cx.scope, diags),
        same_inode: opened("same-inode", fields, cx, diags),
        removed_after: fields.templates("removed-after", &cx.scope, diags),
        eventually: fields.flag("eventually", diags).unwrap_or(false),
    };
    let FsFacts {
        path: _,
        kind,
        mode,
        mode_lacks,
        mode_has,
        uid,
        content,
        line,
        entries,
        target,
        same_inode,
        removed_after,
        eventually: _,
    } = &facts;
    let nothing = kind.is_none()
        && mode.is_none()
        && mode_lacks.is_none()
        && mode_has.is_none()
        && uid.is_none()
        && content.is_none()
        && line.is_none()
        && entries.is_none()
        && target.is_none()
        && same_inode.is_none()
        && removed_after.is_empty();
    if nothing {
        diags.push_help(
            fields.span.clone(),
            "this check checks nothing",
            "could never fail",
            "give it `type`, `mode`, `content`, `entries` or another fact",
        );
    }
    Some(Action::ExpectFs(ExpectFs::Facts(facts)))
}

fn entries(
    fields: &mut Fields<'_>,
    cx: &Context<'_>,
    diags: &mut Diags,
) -> Option<Vec<super::template::Template>> {
    let node = fields.take("entries")?;
    Some(
        list(node, diags)
            .iter()
            .filter_map(|item| super::fields::template(item, &cx.scope, diags))
            .collect(),
    )
}

pub(super) const KINDS: [(&str, FileKind); 7] = [
    ("absent", FileKind::Absent),
    ("file", FileKind::File),
    ("directory", FileKind::Directory),
    ("symlink", FileKind::Symlink),
    ("fifo", FileKind::Fifo),
    ("socket", FileKind::Socket),
    ("device", FileKind::Device),
];

fn opened(
    key: &'static str,
    fields: &mut Fields<'_>,
    cx: &Context<'_>,
    diags: &mut Diags,
) -> Option<String> {
    let (name, span) = fields.text(key, diags)?;
    if !cx.opens.contains(name) {
        let valid: Vec<&str> = cx.opens.iter().copied().collect();
        diags.unknown(span, "opened inode", name, &valid);
    }
    Some(name.to_owned())
}

pub(super) const HELD: [(&str, Held); 4] = [
    (LOCKS[0].0, Held::As(LOCKS[0].1)),
    (LOCKS[1].0, Held::As(LOCKS[1].1)),
    ("either", Held::Either),
    ("none", Held::Free),
];

/// `expect-lock = "<path>"`, or `"inode:<handle of open>"`.
pub(super) fn lock<'a>(
    fields: &mut Fields<'a>,
    cx: &mut Context<'a>,
    diags: &mut Diags,
) -> Option<Action> {
    let (value, span) = fields.text("expect-lock", diags)?;
    let on = lock_on(value, span, fields, cx, diags);
    let held = fields.word("held", &HELD, diags).unwrap_or(Held::Free);
    let by = super::holder::by(fields, cx, diags);
    let close_on_exec = fields.flag("close-on-exec", diags).unwrap_or(false);
    if close_on_exec && held == Held::Free {
        diags.push(
            fields.span.clone(),
            "a free lock has no descriptor to look at",
            "`close-on-exec` needs a holder",
        );
    }
    if held != Held::Free && matches!(on, LockOn::Former(_)) {
        diags.push(
            fields.span.clone(),
            "who may hold the lock of a file that lost its name is not to be told",
            "`former:` goes with `held = \"none\"`",
        );
    }
    if held != Held::Free && by.who.is_empty() {
        diags.push(
            fields.span.clone(),
            "a held lock is held by somebody",
            "needs `by = [\"<process>\"]`",
        );
    }
    let or_at = fields.templates("or-at", &cx.scope, diags);
    if let Some(node) = fields.take("or-at")
        && (held == Held::Free || !matches!(on, LockOn::Path(_)))
    {
        diags.push(
            node.span.clone(),
            "only of a held lock on a path it can be left open where it is",
            "a check of its own for each path",
        );
    }
    Some(Action::ExpectLock(ExpectLock {
        on,
        or_at,
        held,
        by: by.who,
        one_as: by.one_as,
        close_on_exec,
        eventually: fields.flag("eventually", diags).unwrap_or(false),
    }))
}

/// What the lock is on: a path, an inode kept open, or what lost a path's name.
fn lock_on(
    value: &str,
    span: Span,
    fields: &mut Fields<'_>,
    cx: &Context<'_>,
    diags: &mut Diags,
) -> LockOn {
    let nothing = || Template::literal("");
    if let Some(name) = value.strip_prefix("inode:") {
        if !cx.opens.contains(name) {
            let valid: Vec<&str> = cx.opens.iter().copied().collect();
            diags.unknown(span, "opened inode", name, &valid);
        }
        return LockOn::Inode(name.to_owned());
    }
    if let Some(path) = value.strip_prefix("former:") {
        let path = Template::parse(path, &span, &cx.scope, diags);
        return LockOn::Former(path.unwrap_or_else(nothing));
    }
    let path = fields.template("expect-lock", &cx.scope, diags);
    LockOn::Path(path.unwrap_or_else(nothing))
}
