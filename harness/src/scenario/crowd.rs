//! Steps for several at once: `count = 8` makes eight of a step, and a later step that names them all
//! stands for one of each. Only spelling: what comes out are the steps one could have written.

use std::collections::BTreeMap;

use super::diag::Diags;
use super::fields::{number, wrong};
use super::node::{Entry, Node, Span, Value};

/// The verbs that may make several.
const MAKING: [&str; 3] = ["spawn", "write", "mkdir"];

/// The verbs whose value is a process, so that it may be a crowd of them.
const OF_A_PROCESS: [&str; 9] = [
    "handshake",
    "call",
    "say",
    "await",
    "type",
    "signal",
    "close-stdin",
    "wait",
    "expect",
];

/// More than this is a mistake, or better a fixture.
const MOST: usize = 500;

/// The steps with every crowd written out.
pub(super) fn written_out(nodes: &[Node], diags: &mut Diags) -> Vec<Node> {
    let mut crowds: BTreeMap<String, usize> = BTreeMap::new();
    let mut steps = Vec::with_capacity(nodes.len());
    for node in nodes {
        let Some((verb, name, entries)) = verb_of(node) else {
            steps.push(node.clone());
            continue;
        };
        if MAKING.contains(&verb)
            && let Some(count) = entries.iter().find(|e| e.key == "count")
        {
            let Some(many) = many(&count.node, diags) else {
                continue;
            };
            if verb == "spawn" {
                crowds.insert(name.to_owned(), many);
            }
            let in_turn = verb == "spawn" && in_turn(entries, diags);
            for member in members(name, many) {
                steps.push(with_value(node, entries, &member));
                if in_turn {
                    steps.push(wait_for(node, &count.key_span, &member));
                }
            }
        } else if OF_A_PROCESS.contains(&verb)
            && let Some(many) = crowds.get(name)
        {
            steps.extend(members(name, *many).map(|member| with_value(node, entries, &member)));
        } else {
            steps.push(Node {
                span: node.span.clone(),
                value: Value::Table(entries.iter().map(|e| named(e, &crowds)).collect()),
            });
        }
    }
    steps
}

fn verb_of(node: &Node) -> Option<(&str, &str, &[Entry])> {
    let entries = node.entries()?;
    let first = entries.first()?;
    match &first.node.value {
        Value::Text(name) => Some((&first.key, name, entries)),
        Value::Number(_) | Value::Flag(_) | Value::List(_) | Value::Table(_) => None,
    }
}

/// Whether each is waited for before the next one starts.
fn in_turn(entries: &[Entry], diags: &mut Diags) -> bool {
    let Some(entry) = entries.iter().find(|e| e.key == "in-turn") else {
        return false;
    };
    match &entry.node.value {
        Value::Flag(flag) => *flag,
        other @ (Value::Text(_) | Value::Number(_) | Value::List(_) | Value::Table(_)) => {
            wrong(&entry.node, other, "`true` or `false`", diags);
            false
        }
    }
}

fn wait_for(node: &Node, at: &Span, member: &str) -> Node {
    let entry = Entry {
        key: "wait".to_owned(),
        key_span: at.clone(),
        node: Node {
            span: at.clone(),
            value: Value::Text(member.to_owned()),
        },
    };
    Node {
        span: node.span.clone(),
        value: Value::Table(vec![entry]),
    }
}

fn many(node: &Node, diags: &mut Diags) -> Option<usize> {
    let many: usize = number(node, diags)?;
    if (2..=MOST).contains(&many) {
        return Some(many);
    }
    diags.push(
        node.span.clone(),
        format!("{many} is no crowd"),
        format!("from 2 to {MOST}"),
    );
    None
}

fn members(name: &str, many: usize) -> impl Iterator<Item = String> {
    (1..=many).map(move |i| format!("{name}-{i}"))
}

/// The step for one member.
fn with_value(node: &Node, entries: &[Entry], member: &str) -> Node {
    let mut entries: Vec<Entry> = entries
        .iter()
        .filter(|e| e.key != "count" && e.key != "in-turn")
        .cloned()
        .collect();
    if let Some(first) = entries.first_mut() {
        first.node.value = Value::Text(member.to_owned());
    }
    Node {
        span: node.span.clone(),
        value: Value::Table(entries),
    }
}

/// A `by` in which a crowd is named, with its members in its place.
fn named(entry: &Entry, crowds: &BTreeMap<String, usize>) -> Entry {
    if entry.key != "by" {
        return entry.clone();
    }
    let mut entry = entry.clone();
    match &mut entry.node.value {
        Value::Table(inner) => {
            for list in inner.iter_mut().filter(|e| e.key == "one-of") {
                spread(&mut list.node, crowds);
            }
        }
        Value::Text(name) => {
            if crowds.contains_key(name.as_str()) {
                entry.node.value = Value::List(vec![entry.node.clone()]);
                spread(&mut entry.node, crowds);
            }
        }
        Value::List(_) => spread(&mut entry.node, crowds),
        Value::Number(_) | Value::Flag(_) => {}
    }
    entry
}

fn spread(node: &mut Node, crowds: &BTreeMap<String, usize>) {
    let Value::List(items) = &mut node.value else {
        return;
    };
    *items = items
        .iter()
        .flat_map(|item| match &item.value {
            Value::Text(name) if crowds.contains_key(name.as_str()) => {
                let many = crowds.get(name.as_str()).copied().unwrap_or_default();
                members(name, many)
                    .map(|member| Node {
                        span: item.span.clone(),
                        value: Value::Text(member),
                    })
                    .collect()
            }
            Value::Text(_)
            | Value::Number(_)
            | Value::Flag(_)
            | Value::List(_)
            | Value::Table(_) => vec![item.clone()],
        })
        .collect();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::node::parse;

    fn spelled(text: &str) -> (Vec<String>, usize) {
        let mut diags = Diags::default();
        let entries = parse(text, &mut diags);
        let Value::List(nodes) = &entries[0].node.value else {
            return (Vec::new(), 1);
        };
        let steps = written_out(nodes, &mut diags);
        let shown = steps
            .iter()
            .filter_map(|s| verb_of(s).map(|(verb, name, _)| format!("{verb} {name}")))
            .collect();
        (shown, diags.into_sorted().len())
    }

    #[test]
    fn a_crowd_is_one_step_for_each() {
        let text = "[[step]]\nspawn = \"s\"\ncount = 2\n[[step]]\nwait = \"s\"\n\
                    [[step]]\nwait = \"s-2\"\n";
        let wanted = ["spawn s-1", "spawn s-2", "wait s-1", "wait s-2", "wait s-2"];
        assert_eq!(spelled(text), (wanted.map(str::to_owned).to_vec(), 0));
    }

    #[test]
    fn one_is_no_crowd() {
        assert_eq!(spelled("[[step]]\nspawn = \"s\"\ncount = 1\n").1, 1);
    }
}
