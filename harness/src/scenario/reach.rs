//! How much of the contract can be asked of a subject: it may have no command or no server, and its profile may
//! say that rules do not apply.

use std::collections::BTreeSet;

use super::diag::{BadFile, Diags};
use super::model::{Action, Case, Injected, Role, Step};
use super::node::Span;
use super::rules::Rules;

/// How much can be asked of one subject.
#[derive(Debug, Clone)]
pub struct Reach {
    /// It has a server.
    pub server: bool,
    /// It has a command.
    pub cli: bool,
    /// Its server speaks MCP.
    pub mcp: bool,
    /// What does not apply to it.
    pub exempt: Vec<Exempt>,
    /// Its profile as printed, and all of it: for what it exempts and nobody knows.
    pub profile: (String, String),
}

/// A rule, or a family of rules, that does not apply.
#[derive(Debug, Clone)]
pub struct Exempt {
    /// `UNI-3` or `UNI`.
    pub name: String,
    /// Where it stands.
    pub span: Span,
    /// Why it does not apply.
    pub reason: String,
}

impl Exempt {
    fn is_of(&self, rule: &str) -> bool {
        rule == self.name || rule.split('-').next() == Some(&self.name)
    }
}

impl Reach {
    /// All of the contract.
    pub fn all() -> Self {
        Self {
            server: true,
            cli: true,
            mcp: true,
            exempt: Vec::new(),
            profile: (String::new(), String::new()),
        }
    }

    /// Why a case cannot be asked of the subject, if so.
    pub fn leaves_out(&self, case: &Case) -> Option<String> {
        lacks(case, self.server, self.cli)
            .map(str::to_owned)
            .or_else(|| {
                let speaks = self.mcp || !calls_tools(case);
                (!speaks).then(|| "no MCP: the subject's `ready` is a text".to_owned())
            })
            .or_else(|| {
                let of = |rule| {
                    self.exempt
                        .iter()
                        .find(|exempt: &&Exempt| exempt.is_of(rule))
                };
                // As it was said, so that a family is told once and not rule by rule.
                let Exempt { name, reason, .. } = case.rules.iter().find_map(|rule| of(rule))?;
                Some(format!("{name} does not apply: {reason}"))
            })
    }

    /// Holds the profile against the rules there are.
    ///
    /// # Errors
    /// What names no rule and no family.
    pub fn check(&self, rules: &Rules) -> Result<(), BadFile> {
        let mut diags = Diags::default();
        for Exempt { name, span, .. } in &self.exempt {
            if !rules
                .iter()
                .any(|rule| rule.id == *name || rule.family() == name)
            {
                diags.unknown(span.clone(), "rule or family", name, &rules.ids());
            }
        }
        if diags.is_empty() {
            return Ok(());
        }
        Err(BadFile {
            path: self.profile.0.clone(),
            text: self.profile.1.clone(),
            diags: diags.into_sorted(),
        })
    }
}

/// Which program of the judged subject a case starts that there is none of.
pub fn lacks(case: &Case, has_server: bool, has_cli: bool) -> Option<&'static str> {
    if !has_server && starts(&case.steps, &Role::Server) {
        Some("no server: the subject has no `server`")
    } else if !has_cli && starts(&case.steps, &Role::Cli) {
        Some("no command: the subject has no `cli`")
    } else {
        None
    }
}

fn starts(steps: &[Step], role: &Role) -> bool {
    let mut any = false;
    visit(steps, &mut |action| {
        any |= matches!(action, Action::Spawn(spawn) if spawn.role == *role && spawn.subject.is_none());
    });
    any
}

/// Whether a case calls a tool of the judged server: of any process that is not known to be another's.
fn calls_tools(case: &Case) -> bool {
    let mut others = BTreeSet::new();
    let mut called = BTreeSet::new();
    visit(&case.steps, &mut |action| {
        if let Action::Spawn(spawn) = action
            && (spawn.role != Role::Server || spawn.subject.is_some())
        {
            others.insert(spawn.handle.clone());
        } else if let Action::Call(call) = action {
            called.insert(call.who.clone());
        }
    });
    !called.is_subset(&others)
}

/// All actions, those that are done while a call is held among them.
fn visit(steps: &[Step], see: &mut impl FnMut(&Action)) {
    for step in steps {
        see(&step.action);
        if let Action::Inject(injection) = &step.action
            && let Injected::Pause { steps } = &injection.what
        {
            visit(steps, see);
        }
    }
}
