//! The matrix of a scenario: its axes, its points, and putting a point's values into the file.

use super::diag::Diags;
use super::fields::Fields;
use super::node::{Entry, Node, Span, Value};

/// Values by name: `matrix.umask`, `matrix.form.dir`, `param.refused_exit`.
pub type Values = Vec<(String, Value)>;

/// One point: the end of its case's id, and its values.
#[derive(Debug, Clone)]
pub struct Point {
    /// `:axis=label` for each axis.
    pub suffix: String,
    /// What `${matrix...}` stands for here.
    pub values: Values,
}

struct Axis {
    name: String,
    labels: Vec<(String, Values)>,
}

/// All points of `[matrix]`, the last axis running fastest. A scenario without one has one point.
pub fn points(node: Option<&Node>, diags: &mut Diags) -> Vec<Point> {
    let axes = node.map(|n| axes(n, diags)).unwrap_or_default();
    let mut points = vec![Point {
        suffix: String::new(),
        values: Vec::new(),
    }];
    for axis in &axes {
        points = points
            .iter()
            .flat_map(|point| {
                axis.labels.iter().map(|(label, values)| {
                    let mut next = point.clone();
                    next.suffix.push_str(&format!(":{}={label}", axis.name));
                    next.values.extend(values.iter().cloned());
                    next
                })
            })
            .collect();
    }
    points
}

fn axes(node: &Node, diags: &mut Diags) -> Vec<Axis> {
    let Some(entries) = node.entries() else {
        super::fields::wrong(node, &node.value, "a table of axes", diags);
        return Vec::new();
    };
    entries
        .iter()
        .filter_map(|entry| {
            check_word(&entry.key, &entry.key_span, "axis", diags);
            let labels = labels(entry, diags);
            if labels.is_empty() {
                diags.push(
                    entry.key_span.clone(),
                    format!("axis `{}` has no points", entry.key),
                    "a scenario with an empty axis would run nothing",
                );
                return None;
            }
            Some(Axis {
                name: entry.key.clone(),
                labels,
            })
        })
        .collect()
}

/// An axis is an array of values that are their own labels, or a table of labelled tables.
fn labels(entry: &Entry, diags: &mut Diags) -> Vec<(String, Values)> {
    let base = format!("matrix.{}", entry.key);
    let mut labels: Vec<(String, Values)> = Vec::new();
    match &entry.node.value {
        Value::List(items) => {
            for item in items {
                let label = match &item.value {
                    Value::Text(s) => s.clone(),
                    Value::Number(n) => n.to_string(),
                    other @ (Value::Flag(_) | Value::List(_) | Value::Table(_)) => {
                        super::fields::wrong(item, other, "a string or an integer", diags);
                        continue;
                    }
                };
                check_word(&label, &item.span, "label", diags);
                if labels.iter().any(|(l, _)| *l == label) {
                    diags.push(
                        item.span.clone(),
                        format!("`{label}` stands twice"),
                        "its case would have the same id",
                    );
                }
                labels.push((label, vec![(base.clone(), item.value.clone())]));
            }
        }
        Value::Table(points) => {
            let keys = |node: &Node| -> Vec<String> {
                let mut keys: Vec<String> = node
                    .entries()
                    .unwrap_or_default()
                    .iter()
                    .map(|e| e.key.clone())
                    .collect();
                keys.sort();
                keys
            };
            let first = points.first().map(|p| keys(&p.node)).unwrap_or_default();
            for point in points {
                check_word(&point.key, &point.key_span, "label", diags);
                let Some(inner) = point.node.entries() else {
                    super::fields::wrong(
                        &point.node,
                        &point.node.value,
                        "a table of values",
                        diags,
                    );
                    continue;
                };
                if keys(&point.node) != first {
                    diags.push(
                        point.node.span.clone(),
                        "the points of an axis differ in their keys",
                        format!("needs {}", first.join(", ")),
                    );
                }
                let values = inner
                    .iter()
                    .map(|e| (format!("{base}.{}", e.key), e.node.value.clone()))
                    .collect();
                labels.push((point.key.clone(), values));
            }
        }
        other @ (Value::Text(_) | Value::Number(_) | Value::Flag(_)) => {
            super::fields::wrong(&entry.node, other, "an array or a table", diags);
        }
    }
    labels
}

/// Ids live in `[a-z0-9:_=.-]`; `:` and `=` separate.
fn check_word(word: &str, span: &Span, what: &str, diags: &mut Diags) {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.-".contains(c);
    if word.is_empty() || !word.chars().all(good) {
        diags.push_help(
            span.clone(),
            format!("{what} `{word}` cannot be part of a case's id"),
            "not in [a-z0-9_.-]",
            "give the axis a table of labelled values: [matrix.axis] label = { value = ... }",
        );
    }
}

/// Puts `values` where `${matrix...}` and `${param...}` stand, in the whole tree.
///
/// A string that is nothing but one such place takes the value as it is, so that an exit status
/// stays an integer and `false` can take a variable away.
pub fn substitute(entries: &[Entry], values: &Values, diags: &mut Diags) -> Vec<Entry> {
    entries
        .iter()
        .map(|entry| Entry {
            node: substitute_node(&entry.node, values, diags),
            ..entry.clone()
        })
        .collect()
}

fn substitute_node(node: &Node, values: &Values, diags: &mut Diags) -> Node {
    let value = match &node.value {
        Value::Text(text) => substitute_text(text, &node.span, values, diags),
        Value::List(items) => Value::List(
            items
                .iter()
                .map(|item| substitute_node(item, values, diags))
                .collect(),
        ),
        Value::Table(entries) => Value::Table(substitute(entries, values, diags)),
        plain @ (Value::Number(_) | Value::Flag(_)) => plain.clone(),
    };
    Node {
        span: node.span.clone(),
        value,
    }
}

fn substitute_text(text: &str, span: &Span, values: &Values, diags: &mut Diags) -> Value {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let Some(len) = rest[at..].find('}') else {
            break;
        };
        let inner = &rest[at + 2..at + len];
        out.push_str(&rest[..at]);
        let whole = &rest[at..=at + len];
        rest = &rest[at + len + 1..];
        if !inner.starts_with("matrix.") && !inner.starts_with("param.") {
            out.push_str(whole);
            continue;
        }
        match values.iter().find(|(name, _)| name == inner) {
            Some((_, value)) if whole == text => return value.clone(),
            Some((_, Value::Text(s))) => out.push_str(s),
            Some((_, Value::Number(n))) => out.push_str(&n.to_string()),
            Some((_, Value::Flag(_) | Value::List(_) | Value::Table(_))) => diags.push(
                span.clone(),
                format!("`{inner}` is no text and cannot stand inside one"),
                "here",
            ),
            None => {
                let valid: Vec<&str> = values.iter().map(|(name, _)| name.as_str()).collect();
                diags.unknown(span.clone(), "matrix value or parameter", inner, &valid);
            }
        }
    }
    out.push_str(rest);
    Value::Text(out)
}

/// Parameters of the contract as values: `param.<name>`.
pub fn parameters(fields: Option<Fields<'_>>) -> Values {
    fields
        .map(|f| {
            f.entries()
                .iter()
                .map(|e| (format!("param.{}", e.key), e.node.value.clone()))
                .collect()
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::node::parse;

    #[test]
    fn points_multiply_and_keep_their_order() {
        let mut diags = Diags::default();
        let entries = parse(
            "[matrix]\na = [\"x\", \"y\"]\n[matrix.b]\nl1 = { v = 1 }\nl2 = { v = false }\n",
            &mut diags,
        );
        let points = points(Some(&entries[0].node), &mut diags);
        let ids: Vec<&str> = points.iter().map(|p| p.suffix.as_str()).collect();
        assert_eq!(ids, [":a=x:b=l1", ":a=x:b=l2", ":a=y:b=l1", ":a=y:b=l2"]);
        assert!(diags.is_empty());
    }

    #[test]
    fn a_lone_place_keeps_its_kind() {
        let mut diags = Diags::default();
        let values = vec![("matrix.n".to_owned(), Value::Number(7))];
        assert_eq!(
            substitute_text("${matrix.n}", &(0..0), &values, &mut diags),
            Value::Number(7)
        );
        assert_eq!(
            substitute_text("a${matrix.n}${home}", &(0..0), &values, &mut diags),
            Value::Text("a7${home}".into())
        );
    }
}
