//! Decoding the steps that change the world's files.

use super::diag::Diags;
use super::fields::Fields;
use super::model::{Action, Change, ChangeKind};
use super::spawn::uid;
use super::step::Context;
use super::template::Template;

/// The step of `verb`, if it is one of those.
pub(super) fn change(
    verb: &'static str,
    fields: &mut Fields<'_>,
    cx: &Context<'_>,
    diags: &mut Diags,
) -> Option<Action> {
    let path = fields.template(verb, &cx.scope, diags);
    let how = match verb {
        "write" => ChangeKind::Write {
            content: fields
                .need_template("content", &cx.scope, diags)
                .unwrap_or_else(|| Template::literal("")),
            repeat: fields.number("repeat", diags).unwrap_or(1),
        },
        "mkdir" => ChangeKind::Mkdir,
        "symlink" => ChangeKind::Symlink {
            to: fields.need_template("to", &cx.scope, diags)?,
        },
        "hardlink" => ChangeKind::Hardlink {
            to: fields.need_template("to", &cx.scope, diags)?,
        },
        "mkfifo" => ChangeKind::Mkfifo,
        "mksock" => ChangeKind::Mksock,
        "chmod" => ChangeKind::Chmod,
        "chown" => ChangeKind::Chown,
        "remove" => ChangeKind::Remove {
            if_there: fields.flag("if-there", diags).unwrap_or(false),
        },
        "rename" => ChangeKind::Rename {
            to: fields.need_template("to", &cx.scope, diags)?,
            if_there: fields.flag("if-there", diags).unwrap_or(false),
        },
        "touch" => ChangeKind::Touch {
            time: fields.number("time", diags).unwrap_or_default(),
        },
        _ => return None,
    };
    let makes = matches!(
        how,
        ChangeKind::Write { .. } | ChangeKind::Mkdir | ChangeKind::Mkfifo | ChangeKind::Mksock
    );
    let mode = (makes || matches!(how, ChangeKind::Chmod))
        .then(|| fields.mode("mode", diags))
        .flatten();
    let uid = (makes || matches!(how, ChangeKind::Chown | ChangeKind::Symlink { .. }))
        .then(|| uid(fields, cx, diags))
        .flatten();
    Some(Action::Change(Change {
        path: path?,
        how,
        uid,
        mode,
    }))
}
