//! Rules against subjects: what the results of several runs say of each rule.

mod cell;
mod html;
mod names;
mod terminal;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

pub use cell::{Cell, State, Untold};
pub use html::page;
pub use terminal::{clean, table};

use super::record::Results;
use crate::scenario::model::Level;
use crate::scenario::rules::Rules;

/// The table.
#[derive(Debug, Clone, Serialize)]
pub struct Matrix {
    /// One a results file, in the order in which they were given.
    pub columns: Vec<Column>,
    /// One a rule, in the order of the contract.
    pub rows: Vec<Row>,
}

/// A run.
#[derive(Debug, Clone, Serialize)]
pub struct Column {
    /// Subject and version; no two columns have the same.
    pub name: String,
    /// The digest of what was asked.
    pub scenarios: String,
    /// The kernel.
    pub kernel: String,
    /// The best tier of isolation.
    pub tier: String,
    /// When it started.
    pub started: String,
    /// Whether all that was selected was judged.
    pub whole: bool,
    /// Why not, where that was said.
    pub why: Option<String>,
}

/// A rule.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Its id.
    pub rule: String,
    /// What stands before the hyphen.
    pub family: String,
    /// `core` or `hardened`.
    pub level: &'static str,
    /// What it asks, where this pidproof knows the rule.
    pub statement: Option<String>,
    /// One a column.
    pub cells: Vec<Cell>,
    /// The columns (from 0) in which it holds, and was last seen broken.
    pub came: Vec<usize>,
    /// The columns (from 0) in which it is broken, and was last seen to hold.
    pub lost: Vec<usize>,
}

impl Matrix {
    /// Of some runs.
    pub fn new(runs: &[Results], rules: &Rules) -> Self {
        let mut levels: BTreeMap<&str, Level> = BTreeMap::new();
        for case in runs.iter().flat_map(|run| &run.cases) {
            let gaps = case.gaps().map(|gap| &gap.rule);
            for rule in case.rules.iter().chain(gaps) {
                // A case with one hardened rule is hardened, so only a core one says anything.
                let level = levels.entry(rule).or_insert(Level::Hardened);
                if case.is_of(Level::Core) {
                    *level = Level::Core;
                }
            }
        }
        let known: Vec<&str> = rules.ids();
        let mut ids: Vec<&str> = levels.keys().copied().collect();
        // Rules of somebody's own come last, by name.
        ids.sort_by_key(|id| {
            (
                known.iter().position(|k| k == id).unwrap_or(known.len()),
                *id,
            )
        });
        let rows = ids
            .into_iter()
            .map(|id| {
                let rule = rules.get(id);
                let guess = levels.get(id).copied().unwrap_or(Level::Hardened);
                let cells: Vec<Cell> = runs.iter().map(|run| Cell::new(id, run)).collect();
                let (came, lost) = turns(&cells, runs);
                Row {
                    rule: id.to_owned(),
                    family: id.split('-').next().unwrap_or(id).to_owned(),
                    level: rule.map_or(guess, |rule| rule.level).word(),
                    statement: rule.map(|rule| rule.statement.clone()),
                    cells,
                    came,
                    lost,
                }
            })
            .collect();
        let columns = columns(runs);
        Self { columns, rows }
    }

    /// Leaves only rows that are wanted.
    pub fn only(&mut self, wanted: impl Fn(&Row) -> bool) {
        self.rows.retain(wanted);
    }

    /// Why the columns cannot simply be compared, each in a line.
    pub fn caveats(&self) -> Vec<String> {
        let differ = |of: fn(&Column) -> &String| {
            let told = self.columns.iter().map(of).filter(|text| !text.is_empty());
            told.collect::<BTreeSet<_>>().len() > 1
        };
        let mut all = Vec::new();
        if differ(|column| &column.scenarios) {
            all.push("not all were asked the same: their rules or scenarios differ".to_owned());
        }
        if differ(|column| &column.kernel) {
            all.push("not all ran on the same kernel".to_owned());
        }
        if differ(|column| &column.tier) {
            all.push("not all ran at the same tier of isolation".to_owned());
        }
        for column in self.columns.iter().filter(|column| !column.whole) {
            let why = column.why.as_deref().unwrap_or_default();
            let why = why.lines().next().unwrap_or_default();
            let why = if why.is_empty() {
                String::new()
            } else {
                format!(": {why}")
            };
            all.push(format!("{}: this run did not judge all{why}", column.name));
        }
        all
    }
}

impl Row {
    /// Whether the columns say different things.
    pub fn differs(&self) -> bool {
        let texts: BTreeSet<String> = self.cells.iter().map(Cell::text).collect();
        texts.len() > 1
    }
}

/// Where a rule came to hold, and where it was lost, among the releases of one subject. A column that does not tell is
/// passed over.
fn turns(cells: &[Cell], runs: &[Results]) -> (Vec<usize>, Vec<usize>) {
    let (mut came, mut lost) = (Vec::new(), Vec::new());
    let mut last: BTreeMap<&str, bool> = BTreeMap::new();
    for (column, (cell, run)) in cells.iter().zip(runs).enumerate() {
        let subject = run.run.subject.as_str();
        let subject = subject.rsplit_once('@').map_or(subject, |(name, _)| name);
        let holds = match cell.state {
            State::Holds => true,
            State::Broken => false,
            State::Unclear | State::NotJudged => continue,
        };
        match last.insert(subject, holds) {
            Some(false) if holds => came.push(column),
            Some(true) if !holds => lost.push(column),
            Some(_) | None => {}
        }
    }
    (came, lost)
}

fn columns(runs: &[Results]) -> Vec<Column> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let subjects: Vec<&str> = runs.iter().map(|run| run.run.subject.as_str()).collect();
    let short = names::short(&subjects);
    let column = |(results, subject): (&Results, &String)| {
        let run = &results.run;
        let name = match &run.subject_version {
            Some(version) if !run.subject.ends_with(&format!("@{version}")) => {
                format!("{subject} {version}")
            }
            Some(_) | None => subject.clone(),
        };
        let times = seen.entry(name.clone()).or_default();
        *times += 1;
        Column {
            name: match times {
                1 => name,
                n => format!("{name} ({n})"),
            },
            scenarios: run.scenarios.clone(),
            kernel: run.kernel.clone(),
            tier: run.tier.clone(),
            started: run.started.clone(),
            whole: (results.end.as_ref()).is_some_and(|end| !end.interrupted && end.why.is_none()),
            why: results.end.as_ref().and_then(|end| end.why.clone()),
        }
    };
    runs.iter().zip(&short).map(column).collect()
}
