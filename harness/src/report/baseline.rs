//! From what a run has seen to a deviations file: what holds stays, what is gone goes, what is new is added.

use std::collections::{BTreeMap, BTreeSet};

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, TomlError, Value};

use crate::judge::Mismatch;
use crate::judge::deviation::covers;
use crate::judge::steady::{steady, step_label};
use crate::scenario::deviation::{Deviation, Deviations};
use crate::scenario::model::Case;

/// What was seen of one case.
#[derive(Debug)]
pub struct Pinned<'a> {
    /// The case.
    pub case: &'a Case,
    /// All that is not as it must be.
    pub mismatches: Vec<Mismatch>,
}

/// A new entry of the file.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// The cases, all of one scenario.
    pub cases: Vec<String>,
    /// The rule.
    pub rule: String,
    /// The step, without its line.
    pub step: String,
    /// What was found, without what differs from run to run.
    pub found: String,
}

/// What is to be done to a deviations file.
#[derive(Debug, Default)]
pub struct Baseline {
    /// Entries to add.
    pub new: Vec<Entry>,
    /// Entries that hold, and stay as they are.
    pub kept: usize,
    /// Entries of which nothing holds any more, by where they stand.
    pub gone: Vec<(usize, String)>,
    /// Entries that hold for fewer cases, by where they stand, and the cases they still hold for.
    pub fewer: Vec<(usize, String, Vec<String>)>,
    /// Entries that do not hold, and are said of other releases too, which were not looked at.
    pub unclear: Vec<String>,
}

impl Baseline {
    /// Compares a file with what was seen of the cases that came to a verdict. `others` are the entries of other files,
    /// which stay as they are; `all` are all cases there are.
    pub fn of(file: &Deviations, others: &Deviations, seen: &[Pinned<'_>], all: &[&Case]) -> Self {
        let mut baseline = Self::default();
        // That what comes and goes has not come says nothing.
        for entry in file.iter().filter(|entry| entry.applies && !entry.varies) {
            baseline.hold_against(entry, seen, all);
        }
        baseline.kept = file.iter().count() - baseline.gone.len() - baseline.fewer.len();
        let mut groups: BTreeMap<(&str, &str, String, String), BTreeSet<&str>> = BTreeMap::new();
        for Pinned { case, mismatches } in seen {
            let in_others = others.of(&case.id, &case.rules);
            let known: Vec<&Deviation> = file.of(&case.id, &case.rules).chain(in_others).collect();
            for mismatch in mismatches {
                if known.iter().any(|entry| covers(entry, mismatch)) {
                    continue;
                }
                let key = (
                    case.id.split(':').next().unwrap_or(&case.id),
                    mismatch.rule.as_str(),
                    step_label(&mismatch.step),
                    steady(&mismatch.found),
                );
                groups.entry(key).or_default().insert(&case.id);
            }
        }
        let entry = |((_, rule, step, found), cases): ((&str, &str, _, _), BTreeSet<&str>)| Entry {
            cases: cases.into_iter().map(str::to_owned).collect(),
            rule: rule.to_owned(),
            step,
            found,
        };
        baseline.new = groups.into_iter().map(entry).collect();
        baseline
    }

    fn hold_against(&mut self, entry: &Deviation, seen: &[Pinned<'_>], all: &[&Case]) {
        let not: BTreeSet<&str> = seen
            .iter()
            .filter(|pinned| entry.is_of(&pinned.case.id, &pinned.case.rules))
            .filter(|pinned| !pinned.mismatches.iter().any(|m| covers(entry, m)))
            .map(|pinned| pinned.case.id.as_str())
            .collect();
        if not.is_empty() {
            return;
        }
        let place = entry.place.clone();
        if !entry.of_this_alone {
            self.unclear.push(place);
            return;
        }
        let left: Vec<String> = all
            .iter()
            .filter(|case| entry.is_of(&case.id, &case.rules) && !not.contains(case.id.as_str()))
            .map(|case| case.id.clone())
            .collect();
        if left.is_empty() {
            self.gone.push((entry.index, place));
        } else {
            self.fewer.push((entry.index, place, left));
        }
    }

    /// The new text of the file. `version` is what the new entries are said of.
    ///
    /// # Errors
    /// That the old text is no TOML.
    pub fn text(&self, old: &str, version: Option<&str>) -> Result<String, TomlError> {
        let mut document: DocumentMut = old.parse()?;
        if let Some(list) = document
            .get_mut("deviation")
            .and_then(Item::as_array_of_tables_mut)
        {
            for (index, _, cases) in &self.fewer {
                if let Some(table) = list.get_mut(*index) {
                    table["cases"] = array(cases);
                }
            }
            // From behind, so that those before them stay where they are.
            let mut gone: Vec<usize> = self.gone.iter().map(|(index, _)| *index).collect();
            gone.sort_unstable();
            for index in gone.into_iter().rev() {
                list.remove(index);
            }
        }
        let mut added = DocumentMut::new();
        let mut list = ArrayOfTables::new();
        for entry in &self.new {
            list.push(entry.table(version));
        }
        if !list.is_empty() {
            added.insert("deviation", Item::ArrayOfTables(list));
        }
        let (before, after) = (document.to_string(), added.to_string());
        Ok(match (before.trim_end(), after.trim()) {
            ("", after) => format!("{after}\n"),
            (before, "") => format!("{before}\n"),
            (before, after) => format!("{before}\n\n{after}\n"),
        })
    }
}

impl Entry {
    fn table(&self, version: Option<&str>) -> Table {
        let mut table = Table::new();
        table["cases"] = array(&self.cases);
        table["check"] = self.rule.as_str().into();
        table["step"] = self.step.as_str().into();
        if let Some(version) = version {
            table["versions"] = version.into();
        }
        table["found"] = self.found.as_str().into();
        table["kind"] = "bug".into();
        table["reason"] = "TODO".into();
        table
    }
}

/// One id a line, where there is more than one.
fn array(cases: &[String]) -> Item {
    let mut array: Array = cases.iter().map(String::as_str).collect();
    if cases.len() > 1 {
        for value in array.iter_mut() {
            value.decor_mut().set_prefix("\n    ");
        }
        array.set_trailing("\n");
        array.set_trailing_comma(true);
    }
    Item::Value(Value::Array(array))
}
