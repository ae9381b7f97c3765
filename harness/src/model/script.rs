//! Writing scenario text.

use std::collections::BTreeSet;
use std::fmt::Write;

use toml::Value;

/// A step being written; a rule named in it becomes one of the scenario's.
#[derive(Debug, Clone)]
pub(super) struct Step {
    lines: Vec<String>,
    rule: Option<&'static str>,
}

impl Step {
    pub(super) fn new(verb: &str, value: &str) -> Self {
        Self {
            lines: Vec::new(),
            rule: None,
        }
        .set(verb, value)
    }

    pub(super) fn set(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.lines.push(format!("{key} = {}", value.into()));
        self
    }

    pub(super) fn rule(mut self, rule: &'static str) -> Self {
        self.rule = Some(rule);
        self.set("rule", rule)
    }
}

/// The text of a scenario so far.
#[derive(Debug, Default)]
pub(super) struct Text {
    body: String,
    rules: BTreeSet<&'static str>,
}

impl Text {
    pub(super) fn comment(&mut self, text: &str) {
        let _infallible = writeln!(self.body, "\n# {text}");
    }

    pub(super) fn push(&mut self, step: Step) {
        self.rules.extend(step.rule);
        let _infallible = writeln!(self.body, "\n[[step]]\n{}", step.lines.join("\n"));
    }

    /// The file: header, then `first`, then all steps.
    pub(super) fn finish(mut self, title: &str, loser: &str, first: Option<Step>) -> String {
        let steps = std::mem::take(&mut self.body);
        if let Some(first) = first {
            self.push(first);
        }
        let rules: Vec<Value> = self.rules.iter().map(|r| Value::from(*r)).collect();
        format!(
            "title = {}\nrules = {}\n# /run/user is looked at whatever the environment says.\nneeds = \"namespaces\"\n\n\
             [only-if]\nloser = {}\n{}{steps}",
            Value::from(title),
            Value::Array(rules),
            Value::from(loser),
            self.body,
        )
    }

    pub(super) fn judges(&self) -> bool {
        !self.rules.is_empty()
    }
}

impl Text {
    /// Adds what another text holds.
    pub(super) fn append(&mut self, other: Self) {
        self.body.push_str(&other.body);
        self.rules.extend(other.rules);
    }
}
