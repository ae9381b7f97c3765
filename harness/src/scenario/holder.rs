//! Decoding who must hold a lock: all of those named, or one of them, whoever it is.

use super::diag::Diags;
use super::fields::Fields;
use super::node::Value;
use super::step::{Context, handle, new_handle};

/// Who must hold a lock.
#[derive(Default)]
pub(super) struct By {
    /// The processes.
    pub who: Vec<String>,
    /// Exactly one of them, which has this handle too from here on.
    pub one_as: Option<String>,
}

/// `by = "a"`, `by = ["a", "b"]` or `by = { one-of = ["a", "b"], as = "winner" }`.
pub(super) fn by<'a>(fields: &mut Fields<'a>, cx: &mut Context<'a>, diags: &mut Diags) -> By {
    let Some(node) = fields.take("by") else {
        return By::default();
    };
    match &node.value {
        Value::Text(_) => By {
            who: handle(fields, "by", cx, diags).into_iter().collect(),
            one_as: None,
        },
        Value::Table(_) => one_of(fields, cx, diags),
        Value::Number(_) | Value::Flag(_) | Value::List(_) => By {
            who: handles("by", fields, cx, diags),
            one_as: None,
        },
    }
}

fn one_of<'a>(fields: &mut Fields<'a>, cx: &mut Context<'a>, diags: &mut Diags) -> By {
    let Some(mut inner) = fields.table("by", diags) else {
        return By::default();
    };
    let who = handles("one-of", &mut inner, cx, diags);
    let name = inner.need_text("as", diags);
    inner.finish(diags);
    if let Some((name, span)) = &name {
        new_handle(name, span, "spawn or `as`", &mut cx.scope.handles, diags);
    }
    By {
        who,
        one_as: name.map(|(name, _)| name.to_owned()),
    }
}

fn handles(
    key: &'static str,
    fields: &mut Fields<'_>,
    cx: &Context<'_>,
    diags: &mut Diags,
) -> Vec<String> {
    let texts = fields.texts(key, diags);
    let valid: Vec<&str> = cx.scope.handles.iter().copied().collect();
    for (name, span) in &texts {
        if !cx.scope.handles.contains(name) {
            diags.unknown(
                span.clone(),
                "process (spawned before this step)",
                name,
                &valid,
            );
        }
    }
    texts.into_iter().map(|(name, _)| name.to_owned()).collect()
}
