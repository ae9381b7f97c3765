//! Decoding a table key by key, so that unknown keys and wrong kinds are all found in one pass.

use std::collections::BTreeSet;

use super::diag::{Diags, nearest};
use super::node::{Entry, Node, Span, Value};
use super::template::{Scope, Template};

/// A table being decoded. Every key asked for counts as known; `finish` reports the others.
pub struct Fields<'a> {
    entries: &'a [Entry],
    known: BTreeSet<&'static str>,
    missing: Vec<&'static str>,
    /// Where the table stands, for a key that is missing.
    pub span: Span,
    what: &'static str,
}

impl<'a> Fields<'a> {
    /// Starts on `entries`, a table called `what` in errors.
    pub fn new(entries: &'a [Entry], span: Span, what: &'static str) -> Self {
        Self {
            entries,
            known: BTreeSet::new(),
            missing: Vec::new(),
            span,
            what,
        }
    }

    /// The value of `key`, whatever its kind.
    pub fn take(&mut self, key: &'static str) -> Option<&'a Node> {
        self.known.insert(key);
        self.entries
            .iter()
            .find(|e| e.key == key)
            .map(|entry| &entry.node)
    }

    /// A string.
    pub fn text(&mut self, key: &'static str, diags: &mut Diags) -> Option<(&'a str, Span)> {
        let node = self.take(key)?;
        text(node, diags).map(|s| (s, node.span.clone()))
    }

    /// A string that must be there.
    pub fn need_text(&mut self, key: &'static str, diags: &mut Diags) -> Option<(&'a str, Span)> {
        if self.take(key).is_none() {
            self.missing(key);
        }
        self.text(key, diags)
    }

    /// A string with `${...}` in it.
    pub fn template(
        &mut self,
        key: &'static str,
        scope: &Scope<'_>,
        diags: &mut Diags,
    ) -> Option<Template> {
        let node = self.take(key)?;
        template(node, scope, diags)
    }

    /// A string with `${...}` in it that must be there.
    pub fn need_template(
        &mut self,
        key: &'static str,
        scope: &Scope<'_>,
        diags: &mut Diags,
    ) -> Option<Template> {
        if self.take(key).is_none() {
            self.missing(key);
        }
        self.template(key, scope, diags)
    }

    /// An array of strings with `${...}` in them; empty where the key is not there.
    pub fn templates(
        &mut self,
        key: &'static str,
        scope: &Scope<'_>,
        diags: &mut Diags,
    ) -> Vec<Template> {
        let Some(node) = self.take(key) else {
            return Vec::new();
        };
        list(node, diags)
            .iter()
            .filter_map(|item| template(item, scope, diags))
            .collect()
    }

    /// An array of strings; empty where the key is not there.
    pub fn texts(&mut self, key: &'static str, diags: &mut Diags) -> Vec<(&'a str, Span)> {
        let Some(node) = self.take(key) else {
            return Vec::new();
        };
        list(node, diags)
            .iter()
            .filter_map(|item| text(item, diags).map(|s| (s, item.span.clone())))
            .collect()
    }

    /// `true` or `false`.
    pub fn flag(&mut self, key: &'static str, diags: &mut Diags) -> Option<bool> {
        let node = self.take(key)?;
        match &node.value {
            Value::Flag(flag) => Some(*flag),
            other @ (Value::Text(_) | Value::Number(_) | Value::List(_) | Value::Table(_)) => {
                wrong(node, other, "`true` or `false`", diags);
                None
            }
        }
    }

    /// An integer that fits the type.
    pub fn number<N: TryFrom<i64>>(&mut self, key: &'static str, diags: &mut Diags) -> Option<N> {
        number(self.take(key)?, diags)
    }

    /// A file mode, as an octal string such as `"0700"`: a bare 0700 is decimal in TOML's eyes.
    pub fn mode(&mut self, key: &'static str, diags: &mut Diags) -> Option<u32> {
        let node = self.take(key)?;
        let digits = text(node, diags)?;
        match u32::from_str_radix(digits, 8) {
            Ok(mode) if mode <= 0o7777 && digits.len() >= 3 => Some(mode),
            Ok(_) | Err(_) => {
                diags.push_help(
                    node.span.clone(),
                    format!("`{digits}` is no mode"),
                    "not three to five octal digits up to 07777",
                    "write it as an octal string, for instance \"0700\"",
                );
                None
            }
        }
    }

    /// One of a fixed set of words.
    pub fn word<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&'static str, T)],
        diags: &mut Diags,
    ) -> Option<T> {
        let (found, span) = self.text(key, diags)?;
        let value = words.iter().find(|(w, _)| *w == found).map(|(_, v)| *v);
        if value.is_none() {
            let valid: Vec<&str> = words.iter().map(|(w, _)| *w).collect();
            diags.unknown(span, key, found, &valid);
        }
        value
    }

    /// A table inside this one.
    pub fn table(
        &mut self,
        key: &'static str,
        what: &'static str,
        diags: &mut Diags,
    ) -> Option<Fields<'a>> {
        let node = self.take(key)?;
        match node.entries() {
            Some(entries) => Some(Fields::new(entries, node.span.clone(), what)),
            None => {
                wrong(node, &node.value, "a table", diags);
                None
            }
        }
    }

    /// All entries, for tables whose keys are free.
    pub fn entries(&self) -> &'a [Entry] {
        self.entries
    }

    /// Says that `key` must be there.
    pub fn missing(&mut self, key: &'static str) {
        self.missing.push(key);
    }

    /// Reports the keys nobody asked for, and those that are missing; a missing key that was mistyped
    /// is one mistake.
    pub fn finish(mut self, diags: &mut Diags) {
        let valid: Vec<&str> = self.known.iter().copied().collect();
        for entry in self.entries {
            if !self.known.contains(entry.key.as_str()) {
                let meant = nearest(&entry.key, &self.missing);
                self.missing.retain(|key| Some(*key) != meant);
                diags.unknown(
                    entry.key_span.clone(),
                    &format!("key of {}", self.what),
                    &entry.key,
                    &valid,
                );
            }
        }
        for key in self.missing {
            diags.push(
                self.span.clone(),
                format!("`{key}` is missing"),
                format!("{} needs it", self.what),
            );
        }
    }
}

/// Says that a value is of the wrong kind.
pub(crate) fn wrong(node: &Node, found: &Value, expected: &str, diags: &mut Diags) {
    diags.push(
        node.span.clone(),
        format!("expected {expected}, found {}", found.kind()),
        format!("must be {expected}"),
    );
}

/// The items of an array.
pub(crate) fn list<'a>(node: &'a Node, diags: &mut Diags) -> &'a [Node] {
    match &node.value {
        Value::List(items) => items,
        other @ (Value::Text(_) | Value::Number(_) | Value::Flag(_) | Value::Table(_)) => {
            wrong(node, other, "an array", diags);
            &[]
        }
    }
}

/// The text of a string.
pub(crate) fn text<'a>(node: &'a Node, diags: &mut Diags) -> Option<&'a str> {
    match &node.value {
        Value::Text(s) => Some(s),
        other @ (Value::Number(_) | Value::Flag(_) | Value::List(_) | Value::Table(_)) => {
            wrong(node, other, "a string", diags);
            None
        }
    }
}

/// An integer that fits the type.
pub(super) fn number<N: TryFrom<i64>>(node: &Node, diags: &mut Diags) -> Option<N> {
    match &node.value {
        Value::Number(n) => {
            let fits = N::try_from(*n).ok();
            if fits.is_none() {
                diags.push(node.span.clone(), format!("{n} is out of range"), "here");
            }
            fits
        }
        other @ (Value::Text(_) | Value::Flag(_) | Value::List(_) | Value::Table(_)) => {
            wrong(node, other, "an integer", diags);
            None
        }
    }
}

/// A string with `${...}` in it.
pub(super) fn template(node: &Node, scope: &Scope<'_>, diags: &mut Diags) -> Option<Template> {
    let text = match &node.value {
        Value::Number(n) => n.to_string(),
        Value::Text(s) => s.clone(),
        other @ (Value::Flag(_) | Value::List(_) | Value::Table(_)) => {
            wrong(node, other, "a string", diags);
            return None;
        }
    };
    Template::parse(&text, &node.span, scope, diags)
}
