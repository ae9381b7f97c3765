//! Other subjects that a case starts beside the judged one: old releases, mostly.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::diag::Diags;
use super::fields::{Fields, text, wrong};
use super::model::Role;
use super::node::{Entry, Node, Span};

/// What a scenario may start beside the judged subject.
#[derive(Debug, Clone, Copy)]
pub struct Programs {
    /// Programs of the suite.
    pub fixtures: &'static [&'static str],
    /// Understands what may stand in `[subjects]`, or says what would be right. Touches no network.
    pub subject: fn(&str) -> Result<Beside, String>,
}

impl Programs {
    /// For what starts the judged subject only.
    pub const NONE: Programs = Programs {
        fixtures: &[],
        subject: |_| Err("there are no other subjects here".into()),
    };
}

/// Another subject of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beside {
    /// As after `--subject`, or the name of a fixture that is a server.
    pub spec: String,
    /// It is a release of a package: installed before the run, and slow beside what comes with pidproof.
    pub release: bool,
    /// It has a command too, and not only a server.
    pub has_cli: bool,
}

/// The subjects a scenario has named, and what its steps have made of them.
#[derive(Debug, Default)]
pub(super) struct Company<'a> {
    named: BTreeMap<&'a str, Beside>,
    spans: BTreeMap<&'a str, Span>,
    /// Those of the table that name no subject: told once, and not again by every step.
    bad: BTreeSet<&'a str>,
    started: BTreeSet<&'a str>,
}

impl<'a> Company<'a> {
    /// Reads `[subjects]`.
    pub(super) fn read(node: Option<&'a Node>, programs: Programs, diags: &mut Diags) -> Self {
        let mut company = Self::default();
        let Some(node) = node else { return company };
        let Some(entries) = node.entries() else {
            wrong(node, &node.value, "a table of subjects", diags);
            return company;
        };
        for Entry {
            key,
            key_span,
            node,
        } in entries
        {
            company.spans.insert(key, key_span.clone());
            let known = text(node, diags).map(|spec| (programs.subject)(spec));
            match known {
                Some(Ok(beside)) => {
                    company.named.insert(key, beside);
                }
                Some(Err(why)) => {
                    diags.push(node.span.clone(), why, "names no subject");
                    company.bad.insert(key);
                }
                None => {
                    company.bad.insert(key);
                }
            }
        }
        company
    }

    /// The `subject` of a spawn: whose server or command it starts, where it is not the judged one's.
    pub(super) fn of_spawn(
        &mut self,
        role: &Role,
        fields: &mut Fields<'a>,
        diags: &mut Diags,
    ) -> Option<String> {
        let (name, span) = fields.text("subject", diags)?;
        if let Role::Fixture(fixture) = role {
            diags.push(
                span,
                format!("`{fixture}` comes with pidproof and is of no subject"),
                "only for the roles `server` and `cli`",
            );
            return None;
        }
        let Some((key, beside)) = self.named.get_key_value(name) else {
            if !self.bad.contains(name) {
                let valid: Vec<&str> = self.spans.keys().copied().collect();
                diags.unknown(span, "subject (of [subjects])", name, &valid);
            }
            return None;
        };
        if *role == Role::Cli && !beside.has_cli {
            diags.push(
                span,
                format!("`{}` is a server without a command", beside.spec),
                "has no role `cli`",
            );
        }
        self.started.insert(key);
        Some(name.to_owned())
    }

    /// All of them, once every step was read. One that nothing starts would be installed for nothing.
    pub(super) fn finish(self, diags: &mut Diags) -> BTreeMap<String, Beside> {
        for name in self.named.keys() {
            if let (false, Some(span)) = (self.started.contains(name), self.spans.get(name)) {
                diags.push_help(
                    span.clone(),
                    format!("nothing of `{name}` is started"),
                    "no spawn names it",
                    format!("a spawn with `subject = \"{name}\"`"),
                );
            }
        }
        let own = |(name, beside): (&str, Beside)| (name.to_owned(), beside);
        self.named.into_iter().map(own).collect()
    }
}
