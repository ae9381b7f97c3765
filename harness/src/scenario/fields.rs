//! Decoding a table key by key, so that unknown keys and wrong kinds are all found in one pass.

use std::collections::BTreeSet;

use super::diag::{Diags, nearest};
use super::node::{Entry, Node, Span, Value};
use super::shape::{As, Shape};
use super::template::{Scope, Template};

/// A table being decoded, by its shape. Every key asked for counts as known; `finish` reports the others.
pub struct Fields<'a> {
    entries: &'a [Entry],
    known: BTreeSet<&'static str>,
    missing: Vec<&'static str>,
    /// Where the table stands, for a key that is missing.
    pub span: Span,
    shape: &'static Shape,
}

impl<'a> Fields<'a> {
    /// Starts on `entries`.
    pub fn new(entries: &'a [Entry], span: Span, shape: &'static Shape) -> Self {
        Self {
            entries,
            known: BTreeSet::new(),
            missing: Vec::new(),
            span,
            shape,
        }
    }

    /// The value of `key`, whatever its kind.
    pub fn take(&mut self, key: &'static str) -> Option<&'a Node> {
        debug_assert!(
            self.shape.key(key).is_some(),
            "`{key}` is read and does not stand in the shape of {}",
            self.shape.what
        );
        // What the published schema does not have is never taken, whoever asks for it.
        self.shape.key(key)?;
        self.known.insert(key);
        self.entries
            .iter()
            .find(|e| e.key == key)
            .map(|entry| &entry.node)
    }

    /// A string.
    pub fn text(&mut self, key: &'static str, diags: &mut Diags) -> Option<(&'a str, Span)> {
        let node = self.take_as(key, As::Text)?;
        text(node, diags).map(|s| (s, node.span.clone()))
    }

    /// A string that must be there.
    pub fn need_text(&mut self, key: &'static str, diags: &mut Diags) -> Option<(&'a str, Span)> {
        self.must_be_needed(key);
        self.text(key, diags)
    }

    /// A string with `${...}` in it.
    pub fn template(
        &mut self,
        key: &'static str,
        scope: &Scope<'_>,
        diags: &mut Diags,
    ) -> Option<Template> {
        let node = self.take_as(key, As::Template)?;
        template(node, scope, diags)
    }

    /// A string with `${...}` in it that must be there.
    pub fn need_template(
        &mut self,
        key: &'static str,
        scope: &Scope<'_>,
        diags: &mut Diags,
    ) -> Option<Template> {
        self.must_be_needed(key);
        self.template(key, scope, diags)
    }

    /// An array of strings with `${...}` in them; empty where the key is not there.
    pub fn templates(
        &mut self,
        key: &'static str,
        scope: &Scope<'_>,
        diags: &mut Diags,
    ) -> Vec<Template> {
        let Some(node) = self.take_as(key, As::Templates) else {
            return Vec::new();
        };
        list(node, diags)
            .iter()
            .filter_map(|item| template(item, scope, diags))
            .collect()
    }

    /// An array of strings; empty where the key is not there.
    pub fn texts(&mut self, key: &'static str, diags: &mut Diags) -> Vec<(&'a str, Span)> {
        let Some(node) = self.take_as(key, As::Texts) else {
            return Vec::new();
        };
        list(node, diags)
            .iter()
            .filter_map(|item| text(item, diags).map(|s| (s, item.span.clone())))
            .collect()
    }

    /// A string, or an array of them; empty where the key is not there.
    pub fn one_or_more(&mut self, key: &'static str, diags: &mut Diags) -> Vec<(&'a str, Span)> {
        match self.take(key) {
            None => Vec::new(),
            Some(node) if matches!(node.value, Value::List(_)) => self.texts(key, diags),
            Some(_) => self.text(key, diags).into_iter().collect(),
        }
    }

    /// `true` or `false`.
    pub fn flag(&mut self, key: &'static str, diags: &mut Diags) -> Option<bool> {
        let node = self.take_as(key, As::Flag)?;
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
        number(self.take_as(key, As::Number)?, diags)
    }

    /// A file mode, as an octal string such as `"0700"`: a bare 0700 is decimal in TOML's eyes.
    pub fn mode(&mut self, key: &'static str, diags: &mut Diags) -> Option<u32> {
        let node = self.take_as(key, As::Mode)?;
        if let Value::Number(_) = node.value {
            diags.push_help(
                node.span.clone(),
                "a mode is octal, and a number in TOML is not",
                "must be a string",
                "write the octal digits in quotes, for instance \"0022\"",
            );
            return None;
        }
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
        let valid: Vec<&'static str> = words.iter().map(|(w, _)| *w).collect();
        let node = self.take_as(key, As::Word(&valid))?;
        let (found, span) = (text(node, diags)?, node.span.clone());
        let value = words.iter().find(|(w, _)| *w == found).map(|(_, v)| *v);
        if value.is_none() {
            diags.unknown(span, key, found, &valid);
        }
        value
    }

    /// A table inside this one.
    pub fn table(&mut self, key: &'static str, diags: &mut Diags) -> Option<Fields<'a>> {
        let node = self.take(key)?;
        let shape = self.shape.key(key).and_then(|key| key.kind.table());
        debug_assert!(
            shape.is_some(),
            "`{key}` of {} is read as a table and is none by its shape",
            self.shape.what
        );
        match (node.entries(), shape) {
            (Some(entries), Some(shape)) => Some(Fields::new(entries, node.span.clone(), shape)),
            _ => {
                wrong(node, &node.value, "a table", diags);
                None
            }
        }
    }

    /// All entries, for tables whose keys are free.
    pub fn entries(&self) -> &'a [Entry] {
        self.entries
    }

    /// The value of `key`, which is to be read like that.
    fn take_as(&mut self, key: &'static str, how: As<'_>) -> Option<&'a Node> {
        debug_assert!(
            self.shape.key(key).is_none_or(|key| key.kind.reads(how)),
            "`{key}` of {} is read as {how:?} and is something else by its shape",
            self.shape.what
        );
        self.take(key)
    }

    fn must_be_needed(&self, key: &'static str) {
        debug_assert!(
            self.shape.key(key).is_none_or(|key| key.needed),
            "`{key}` of {} must be there, and its shape does not say so",
            self.shape.what
        );
    }

    /// Says that `key`, which may be left out elsewhere, must be there.
    pub fn missing(&mut self, key: &'static str) {
        self.missing.push(key);
    }

    /// Reports the keys nobody asked for, and those that are missing; a missing key that was mistyped
    /// is one mistake.
    pub fn finish(mut self, diags: &mut Diags) {
        for key in self.shape.all().filter(|key| key.needed) {
            let is_there = self.entries.iter().any(|entry| entry.key == key.name);
            if !is_there && !self.missing.contains(&key.name) {
                self.missing.push(key.name);
            }
        }
        let valid: Vec<&str> = self.known.iter().copied().collect();
        for entry in self.entries {
            if !self.known.contains(entry.key.as_str()) {
                let meant = nearest(&entry.key, &self.missing);
                self.missing.retain(|key| Some(*key) != meant);
                diags.unknown(
                    entry.key_span.clone(),
                    &format!("key of {}", self.shape.what),
                    &entry.key,
                    &valid,
                );
            }
        }
        for key in self.missing {
            diags.push(
                self.span.clone(),
                format!("`{key}` is missing"),
                format!("{} needs it", self.shape.what),
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
