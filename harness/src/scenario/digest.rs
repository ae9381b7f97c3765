//! What a set of scenarios is called by: two runs with the same digest asked the same questions.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::load::Library;
use super::model::Case;

/// The texts that cases were made of.
#[derive(Debug, Default)]
pub(super) struct Texts {
    shared: [(&'static str, String); 2],
    scenarios: BTreeMap<String, String>,
}

impl Texts {
    /// Of the rules and names, and no scenario yet.
    pub(super) fn new(rules: &str, names: &str) -> Self {
        Self {
            shared: [
                ("rules.toml", rules.to_owned()),
                ("names.toml", names.to_owned()),
            ],
            scenarios: BTreeMap::new(),
        }
    }

    /// One scenario more.
    pub(super) fn add(&mut self, id: &str, text: &str) {
        self.scenarios.insert(id.to_owned(), text.to_owned());
    }

    fn digest(&self, chosen: &BTreeSet<&str>) -> String {
        let mut hash = Sha256::new();
        let mut add = |name: &str, text: &str| {
            // With its length, so that no text can look like two.
            hash.update(format!("{name} {}\n", text.len()));
            hash.update(text);
        };
        for (name, text) in &self.shared {
            add(name, text);
        }
        for (id, text) in &self.scenarios {
            if chosen.contains(id.as_str()) {
                add(id, text);
            }
        }
        hex(hash.finalize())
    }
}

/// The scenarios that cases are of.
fn chosen<'a>(cases: &[&'a Case]) -> BTreeSet<&'a str> {
    let scenario = |case: &Case| case.id.find(':').unwrap_or(case.id.len());
    cases
        .iter()
        .map(|case| &case.id[..scenario(case)])
        .collect()
}

fn hex(hash: impl AsRef<[u8]>) -> String {
    let hex: String = hash.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    format!("sha256:{hex}")
}

impl Library {
    /// What [`Library::digest`] says of cases of these scenarios; other names are passed over.
    pub fn digest_of(&self, names: &BTreeSet<&str>) -> String {
        self.texts.digest(names)
    }

    /// The file of a scenario, or of an exploration.
    pub fn text(&self, id: &str) -> Option<&str> {
        self.texts.scenarios.get(id).map(String::as_str)
    }

    /// The rules, the names and all scenarios, each with a digest.
    pub fn all_digests(&self) -> BTreeMap<String, String> {
        let shared = self.texts.shared.iter().map(|(name, text)| (*name, text));
        let scenarios = self.texts.scenarios.iter();
        shared
            .chain(scenarios.map(|(id, text)| (id.as_str(), text)))
            .map(|(name, text)| (name.to_owned(), hex(Sha256::digest(text))))
            .collect()
    }

    /// The same, of the scenarios that these cases are of.
    pub fn digests(&self, cases: &[&Case]) -> BTreeMap<String, String> {
        let chosen = chosen(cases);
        let mut all = self.all_digests();
        let shared = |name: &str| self.texts.shared.iter().any(|(own, _)| *own == name);
        all.retain(|name, _| shared(name) || chosen.contains(name.as_str()));
        all
    }

    /// Stands for the rules, the names and the text of all scenarios that these cases are of. Where the files
    /// lie makes no difference.
    pub fn digest(&self, cases: &[&Case]) -> String {
        self.texts.digest(&chosen(cases))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_makes_the_digest() {
        let texts = |rules: &str, a: &str| {
            let mut texts = Texts::new(rules, "names");
            texts.add("a", a);
            texts.add("b", "text of b");
            texts
        };
        let only_a = BTreeSet::from(["a"]);
        let first = texts("rules", "text").digest(&only_a);
        assert!(first.starts_with("sha256:") && first.len() == 71, "{first}");
        assert_eq!(texts("rules", "text").digest(&only_a), first);
        assert_ne!(texts("other rules", "text").digest(&only_a), first);
        assert_ne!(texts("rules", "text.").digest(&only_a), first);
        assert_ne!(
            texts("rules", "text").digest(&BTreeSet::from(["a", "b"])),
            first
        );
    }
}
