//! A TOML file as a tree that owns its text and knows where each value stands.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diag::{Diag, Diags};

/// A byte range in the file.
pub type Span = Range<usize>;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub value: Value,
}

/// The kinds of value that pidproof's files use.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A string.
    Text(String),
    /// An integer.
    Number(i64),
    /// `true` or `false`.
    Flag(bool),
    /// An array.
    List(Vec<Node>),
    /// A table, in the order of the file.
    Table(Vec<Entry>),
}

/// One key of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_span: Span,
    /// Its value.
    pub node: Node,
}

impl Value {
    /// The kind, as said in an error.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Number(_) => "an integer",
            Self::Flag(_) => "a boolean",
            Self::List(_) => "an array",
            Self::Table(_) => "a table",
        }
    }
}

impl Node {
    /// The entries, where this is a table.
    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Table(entries) => Some(entries),
            Value::Text(_) | Value::Number(_) | Value::Flag(_) | Value::List(_) => None,
        }
    }
}

/// Reads TOML; what is wrong with it goes to `diags`, and what could be read is returned.
pub fn parse(source: &str, diags: &mut Diags) -> Vec<Entry> {
    let (table, errors) = DeTable::parse_recoverable(source);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        diags.push(span, error.message().trim_end().to_owned(), "here");
    }
    entries(table.get_ref(), source, diags)
}

/// In the order of the file: the parser's map is sorted by key.
fn entries(table: &DeTable<'_>, source: &str, diags: &mut Diags) -> Vec<Entry> {
    let mut list: Vec<Entry> = Vec::new();
    for (key, value) in table.iter() {
        if let Some(node) = node(value, source, diags) {
            list.push(Entry {
                key: key.get_ref().to_string(),
                key_span: key.span(),
                node,
            });
        }
    }
    list.sort_by_key(|e| e.key_span.start);
    list
}

fn node(value: &Spanned<DeValue<'_>>, source: &str, diags: &mut Diags) -> Option<Node> {
    let span = value.span();
    let value = match value.get_ref() {
        DeValue::String(s) => Value::Text(s.to_string()),
        DeValue::Integer(i) => {
            let digits = i.as_str().replace('_', "");
            match i64::from_str_radix(&digits, i.radix()) {
                Ok(n) => Value::Number(n),
                Err(_) => {
                    diags.push(span, "this integer does not fit in 64 bits", "here");
                    return None;
                }
            }
        }
        DeValue::Boolean(b) => Value::Flag(*b),
        DeValue::Array(items) => Value::List(
            items
                .iter()
                .filter_map(|item| node(item, source, diags))
                .collect(),
        ),
        DeValue::Table(table) => Value::Table(entries(table, source, diags)),
        DeValue::Float(_) | DeValue::Datetime(_) => {
            diags.push(
                span,
                "floats and dates have no meaning here",
                "write a string or an integer",
            );
            return None;
        }
    };
    Some(Node { span, value })
}

/// The mistakes of a whole file, or what `read` made of it.
pub fn read_file<T>(
    path: &str,
    source: &str,
    read: impl FnOnce(Vec<Entry>, &mut Diags) -> Option<T>,
) -> Result<T, super::diag::BadFile> {
    let mut diags = Diags::default();
    let entries = parse(source, &mut diags);
    let made = read(entries, &mut diags);
    match made {
        Some(value) if diags.is_empty() => Ok(value),
        Some(_) | None => {
            let mut list = diags.into_sorted();
            if list.is_empty() {
                list.push(Diag {
                    span: 0..0,
                    message: "this file could not be read, and nobody said why".into(),
                    label: "a defect of pidproof".into(),
                    help: None,
                });
            }
            Err(super::diag::BadFile {
                path: path.to_owned(),
                text: source.to_owned(),
                diags: list,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_the_order_of_the_file() {
        let mut diags = Diags::default();
        let keys: Vec<String> = parse("z = 1\na = 2\n", &mut diags)
            .into_iter()
            .map(|e| e.key)
            .collect();
        assert_eq!(keys, ["z", "a"]);
        assert!(diags.is_empty());
    }

    #[test]
    fn two_syntax_errors_are_both_found() {
        let mut diags = Diags::default();
        parse("a = \nb = 1\nc = \n", &mut diags);
        assert_eq!(diags.into_sorted().len(), 2);
    }
}
