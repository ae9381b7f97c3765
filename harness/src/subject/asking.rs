//! What a profile says of how the subject is asked: when its server is ready, and which rules do not apply.

use super::shape;
use crate::engine::Readiness;
use crate::scenario::diag::Diags;
use crate::scenario::fields::{self, Fields};
use crate::scenario::node::Node;
use crate::scenario::reach::Exempt;

/// How the server shows that it serves.
pub(super) fn ready(top: &mut Fields<'_>, diags: &mut Diags) -> Readiness {
    let Some(node) = top.take("ready") else {
        return Readiness::Initialize;
    };
    let Some(entries) = node.entries() else {
        top.word("ready", &shape::READY_WORDS, diags);
        return Readiness::Initialize;
    };
    if let Some(entry) = entries.iter().find(|entry| entry.key == "exit") {
        diags.push_help(
            entry.key_span.clone(),
            "a server that has ended shows nothing more",
            "it could not be signalled, waited for or found as a lock's holder",
            "have it stay in the foreground, and name a text that it says: { stderr = \"listening\" }",
        );
        return Readiness::Initialize;
    }
    let mut table = Fields::new(entries, node.span.clone(), &shape::READY);
    let stdout = table.text("stdout", diags);
    let stderr = table.text("stderr", diags);
    table.finish(diags);
    let (ready, text, span) = match (stdout, stderr) {
        (Some((text, span)), None) => (Readiness::Stdout(text.to_owned()), text, span),
        (None, Some((text, span))) => (Readiness::Stderr(text.to_owned()), text, span),
        (Some(_), Some(_)) | (None, None) => {
            diags.push(
                node.span.clone(),
                "`ready` is one text, on one stream",
                "for instance { stderr = \"listening\" }",
            );
            return Readiness::Initialize;
        }
    };
    if text.is_empty() {
        diags.push(span, "an empty text is always there", "what does it say?");
    }
    ready
}

/// Rules that do not apply. Without a reason each would be a hole.
pub(super) fn exempt(top: &mut Fields<'_>, diags: &mut Diags) -> Vec<Exempt> {
    let Some(node) = top.take("does-not-apply") else {
        return Vec::new();
    };
    let one = |node: &Node, diags: &mut Diags| {
        let Some(entries) = node.entries() else {
            fields::wrong(node, &node.value, "a table", diags);
            return None;
        };
        let mut table = Fields::new(entries, node.span.clone(), &shape::EXEMPT);
        let rule = table.need_text("rule", diags);
        let reason = table.need_text("reason", diags);
        table.finish(diags);
        let ((name, span), (reason, why)) = (rule?, reason?);
        if reason.trim().is_empty() {
            diags.push(why, "no reason is given", "why does it not apply?");
        }
        Some(Exempt {
            name: name.to_owned(),
            span,
            reason: reason.to_owned(),
        })
    };
    let nodes = fields::list(node, diags);
    nodes.iter().filter_map(|node| one(node, diags)).collect()
}
