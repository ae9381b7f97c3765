//! The parser asks for every key of its shapes: what it asks for beside them it says itself, with a panic.

use super::*;
use crate::scenario::beside::Programs;
use crate::scenario::file::{Frame, Shared, parse};
use crate::scenario::rules::Rules;

/// What must stand beside a key for the parser to ask for it.
const COMPANIONS: [(&str, &str, &str); 6] = [
    ("this step", "except", "unchanged-since = \"x\""),
    ("this step", "in-turn", "count = 2"),
    ("`[sweep]`", "signals", "kind = \"kill\""),
    ("`[sweep]`", "paths", "kind = \"windows\""),
    ("`[sweep]`", "swaps", "kind = \"windows\""),
    ("`[sweep]`", "do", "kind = \"stall\""),
];

/// For each key of a table, a text of the table that has it; of a key that takes tables one for each key of those.
pub(crate) fn one_for_each_key(shape: &Shape) -> Vec<(String, Vec<String>)> {
    let mut all = Vec::new();
    for key in shape.all() {
        let companion = COMPANIONS
            .iter()
            .find(|(what, name, _)| (*what, *name) == (shape.what, key.name));
        for (name, value) in values(&key.kind) {
            let mut pairs: Vec<String> = Vec::new();
            for other in shape.all().filter(|other| other.needed) {
                let said = companion.is_some_and(|(.., text)| text.starts_with(other.name));
                if other.name != key.name && !said {
                    let (_, value) = values(&other.kind).swap_remove(0);
                    pairs.push(format!("{} = {value}", other.name));
                }
            }
            pairs.extend(companion.map(|(.., text)| (*text).to_owned()));
            // A verb comes first; it is the first of the needed ones, or the key itself.
            let own = format!("{} = {value}", key.name);
            match shape
                .keys
                .first()
                .is_some_and(|first| first.name == key.name)
            {
                true => pairs.insert(0, own),
                false => pairs.push(own),
            }
            all.push((name.unwrap_or_else(|| key.name.to_owned()), pairs));
        }
    }
    all
}

/// Values of a kind; of tables each with the key that it shows.
fn values(kind: &Kind) -> Vec<(Option<String>, String)> {
    let one = |text: &str| vec![(None, text.to_owned())];
    match kind {
        Kind::Text | Kind::Template => one("\"x\""),
        Kind::Role => one("\"server\""),
        Kind::Mode => one("\"0700\""),
        Kind::Number(_) => one("2"),
        Kind::Flag => one("true"),
        Kind::Off => one("false"),
        Kind::Any => one("{}"),
        Kind::Word(words) => one(&format!("\"{}\"", words()[0])),
        Kind::OneOf(kinds) => kinds.iter().flat_map(values).collect(),
        Kind::Steps => one("[{ wait = \"x\" }]"),
        Kind::List(of) | Kind::Some(of) => values(of)
            .into_iter()
            .map(|(name, text)| (name, format!("[{text}]")))
            .collect(),
        Kind::Table(shape) => {
            let mut tables: Vec<_> = one_for_each_key(shape)
                .into_iter()
                .map(|(name, pairs)| (Some(name), format!("{{ {} }}", pairs.join(", "))))
                .collect();
            if tables.is_empty() {
                tables.extend(one("{}"));
            }
            tables
        }
    }
}

fn complaints(text: &str) -> String {
    let rules = Rules::parse("rules.toml", "[X-1]\nlevel = \"core\"\nstatement = \"x\"\n").unwrap();
    let frame = Frame {
        rules: &rules,
        shared: &Shared::default(),
        parameters: &Vec::new(),
        programs: Programs::NONE,
    };
    match parse("x", "x.toml", text, &frame) {
        Ok(_) => String::new(),
        Err(bad) => bad.render(),
    }
}

#[test]
fn the_parser_knows_every_key_of_a_step() {
    let mut seen = 0;
    for shape in VERBS {
        for (key, pairs) in one_for_each_key(shape) {
            let text = format!(
                "title = \"x\"\nrules = [\"X-1\"]\n[[step]]\n{}\n",
                pairs.join("\n")
            );
            let told = complaints(&text);
            assert!(!told.contains("unknown key"), "{key}:\n{text}\n{told}");
            assert!(!told.contains("unknown verb"), "{key}:\n{text}\n{told}");
            seen += 1;
        }
    }
    assert!(seen > 250, "only {seen} keys");
    assert!(
        complaints("title = \"x\"\nrules = []\n[[step]]\nwait = \"x\"\nfoo = 1\n")
            .contains("unknown key")
    );
}

#[test]
fn the_parser_knows_every_key_of_a_file() {
    for (key, pairs) in one_for_each_key(&SCENARIO) {
        let told = complaints(&pairs.join("\n"));
        assert!(!told.contains("unknown key"), "{key}:\n{pairs:?}\n{told}");
    }
}

#[test]
fn a_verb_stands_once() {
    for (at, shape) in VERBS.iter().enumerate() {
        let name = shape.keys[0].name;
        assert!(shape.keys[0].needed, "{name}");
        let first = VERBS.iter().position(|other| other.keys[0].name == name);
        assert_eq!(first, Some(at), "{name}");
        let mut names: Vec<&str> = shape.all().map(|key| key.name).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{name}");
    }
}
