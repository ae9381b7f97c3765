//! The contract's rules, from `rules.toml`.

use super::diag::{BadFile, Diags};
use super::fields::Fields;
use super::model::Level;
use super::node::{Entry, read_file};
use super::shape::RULE;

/// One rule of the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// `FAMILY-number`, never reused.
    pub id: String,
    /// How much it asks.
    pub level: Level,
    /// The observable fact.
    pub statement: String,
    /// What for.
    pub why: Option<String>,
    /// Where it was seen to be broken.
    pub seen: Option<String>,
}

impl Rule {
    /// The family: what stands before the hyphen.
    pub fn family(&self) -> &str {
        self.id.split('-').next().unwrap_or(&self.id)
    }
}

/// All rules, in the order of the contract.
#[derive(Debug, Clone, Default)]
pub struct Rules(Vec<Rule>);

impl Rules {
    /// Reads `rules.toml`.
    ///
    /// # Errors
    /// All mistakes of the file.
    pub fn parse(path: &str, source: &str) -> Result<Self, BadFile> {
        read_file(path, source, |entries, diags| {
            let rules = entries
                .iter()
                .filter_map(|entry| rule(entry, diags))
                .collect();
            Some(Self(rules))
        })
    }

    /// The rule of this id.
    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.0.iter().find(|rule| rule.id == id)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.0.iter()
    }

    /// All ids.
    pub fn ids(&self) -> Vec<&str> {
        self.0.iter().map(|rule| rule.id.as_str()).collect()
    }
}

pub(super) const LEVELS: [(&str, Level); 2] =
    [("core", Level::Core), ("hardened", Level::Hardened)];

fn rule(entry: &Entry, diags: &mut Diags) -> Option<Rule> {
    let Some(entries) = entry.node.entries() else {
        super::fields::wrong(&entry.node, &entry.node.value, "a table", diags);
        return None;
    };
    let mut fields = Fields::new(entries, entry.key_span.clone(), &RULE);
    let level = fields.word("level", &LEVELS, diags);
    let statement = fields
        .need_text("statement", diags)
        .map(|(s, _)| s.to_owned());
    let mut words = |key| fields.text(key, diags).map(|(text, _)| text.to_owned());
    let (why, seen) = (words("why"), words("seen"));
    fields.finish(diags);
    Some(Rule {
        id: entry.key.clone(),
        level: level?,
        statement: statement?,
        why,
        seen,
    })
}
