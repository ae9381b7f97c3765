//! An order as a scenario: a process is held at a call, by a pause, while others go on.
//!
//! That is another thing than an order. Nobody is held who is not named, so what others do between two calls takes its own
//! time; and only what lies within something else can be said: who is held goes on when those are through who were started
//! meanwhile. Most of what is found is of that kind: one is interrupted once, and another runs whole.

#[cfg(test)]
mod tests;
mod walk;

use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value};

use self::walk::Script;
use crate::orders::{Ask, Finding, Ran};

/// Why an order is no scenario.
#[derive(Debug, thiserror::Error)]
pub enum NoScript {
    /// The exploration is not one that was read from this text.
    #[error("the exploration cannot be read: {0}")]
    Exploration(String),
    /// A process is held at something that a scenario cannot name.
    #[error("{0} is held at `{1}`, at which a scenario holds nobody")]
    Place(String, String),
    /// Two take turns in a way that no pause can say.
    #[error(
        "{0} goes on while {1} is held for it: only one who is through lets another go on in a scenario"
    )]
    Turns(String, String),
    /// More than one is held.
    #[error("{0} is held while another is, or was started then: a scenario holds one at a time")]
    Nested(String),
    /// A process is killed.
    #[error("{0} is killed in it")]
    Kill(String),
    /// What was found is not seen by any check.
    #[error("no check of a scenario asks for what was found")]
    Ask,
}

/// The scenario of an order that was run, in an exploration of this text.
///
/// # Errors
/// Why there is none.
pub fn script(
    exploration: &str,
    names: &[String],
    ran: &Ran,
    finding: &Finding,
) -> Result<String, NoScript> {
    let bad = |what: &str| NoScript::Exploration(what.to_owned());
    let mut file: DocumentMut = exploration
        .parse()
        .map_err(|e: toml_edit::TomlError| NoScript::Exploration(e.to_string()))?;
    let explore = file.remove("explore").and_then(|it| it.into_table().ok());
    let mut explore = explore.ok_or_else(|| bad("it has no [explore]"))?;
    if file.contains_key("matrix") {
        return Err(bad("it stands for several, by a matrix"));
    }
    let actors = explore
        .remove("actor")
        .and_then(|it| it.into_array_of_tables().ok());
    let actors = actors.ok_or_else(|| bad("it has no actors"))?;
    let place = |key: &str| explore.get(key).and_then(Item::as_str);
    let places = place("pidfile").zip(place("state"));
    let (pidfile, state) = places.ok_or_else(|| bad("it names no pidfile, or no state"))?;
    let checks = checks(&finding.ask, names, pidfile)?;
    let actors = actors.into_iter().map(Table::into_inline_table).collect();
    let steps = Script::new(names, actors, ran, &finding.ask).walk(finding.after, &checks)?;
    let never = (finding.ask == Ask::NoState).then(|| step("never-created", state, []));
    file.insert("title", Item::Value(finding.what.as_str().into()));
    file.insert("rules", Item::Value(list([finding.rule.as_str().into()])));
    let before = file
        .entry("step")
        .or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    if let Some(all) = before.as_array_of_tables_mut() {
        for step in never.into_iter().chain(steps) {
            let mut table = step.into_table();
            table.decor_mut().set_prefix("\n");
            all.push(table);
        }
    }
    Ok(file.to_string())
}

fn list(all: impl IntoIterator<Item = Value>) -> Value {
    Value::Array(all.into_iter().collect::<Array>())
}

/// A step, its verb first.
fn step(
    verb: &str,
    value: &str,
    keys: impl IntoIterator<Item = (&'static str, Value)>,
) -> InlineTable {
    let mut table = InlineTable::new();
    table.insert(verb, value.into());
    table.extend(keys);
    table
}

/// The steps by which it is seen that a rule is broken.
fn checks(ask: &Ask, names: &[String], pidfile: &str) -> Result<Vec<InlineTable>, NoScript> {
    let name = |actor: &u8| names.get(usize::from(*actor)).cloned().unwrap_or_default();
    let held = |by: Value| {
        let keys = [("held", "exclusive".into()), ("by", by)];
        step("expect-lock", pidfile, keys)
    };
    let says = |who: &str| {
        let line = format!("${{{who}.pid}}");
        step("expect-fs", pidfile, [("line", line.into())])
    };
    let is = |path: &str, kind: &str| step("expect-fs", path, [("type", kind.into())]);
    Ok(match ask {
        Ask::Primary(actor) => {
            let name = name(actor);
            vec![says(&name), held(name.into())]
        }
        Ask::OneOf(actors) => match actors.as_slice() {
            [one] => {
                let name = name(one);
                vec![held(name.clone().into()), says(&name)]
            }
            all => {
                let all = list(all.iter().map(|one| name(one).into()));
                let by: InlineTable = [("one-of", all), ("as", "winner".into())]
                    .into_iter()
                    .collect();
                vec![held(by.into()), says("winner")]
            }
        },
        Ask::Stays(path, is_dir, _) => vec![is(path, if *is_dir { "directory" } else { "file" })],
        Ask::NoPidfile => vec![is(pidfile, "absent")],
        Ask::EndsWell(actor) => vec![step("expect", &name(actor), [("exit", 0.into())])],
        Ask::NoState => Vec::new(),
        Ask::Nothing => return Err(NoScript::Ask),
    })
}
