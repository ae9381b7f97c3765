//! Profiles: how a subject is started and what it fills in, from a TOML file.

use std::collections::BTreeMap;

use super::asking::{exempt, ready};
use super::package::{Registry, registry};
use super::shape;
use crate::engine::Readiness;
use crate::scenario::diag::{BadFile, Diags};
use crate::scenario::fields::{self, Fields};
use crate::scenario::matrix::{self, Values};
use crate::scenario::node::{Entry, Span, Value, read_file};
use crate::scenario::reach::Reach;

/// The profile's own directory, for `${dir}`.
pub(super) const DIR: &str = "dir";

/// How a subject is started and what it fills in.
#[derive(Debug, Clone)]
pub(super) struct Profile {
    /// As printed.
    pub(super) path: String,
    /// The server's command, with places to fill in; empty where there is none.
    pub(super) server: Vec<String>,
    /// The CLI's command, likewise.
    pub(super) cli: Vec<String>,
    /// Variables it needs, likewise.
    pub(super) env: BTreeMap<String, String>,
    /// Host paths it needs to see, likewise.
    pub(super) shown: Vec<String>,
    /// The contract's parameters.
    pub(super) parameters: Values,
    /// How its server shows that it serves.
    pub(super) ready: Readiness,
    /// How much of the contract can be asked of it.
    pub(super) reach: Reach,
    /// Where its releases come from.
    pub(super) registry: Option<Registry>,
    /// The files with its known deviations, from where the profile is.
    pub(super) deviations: Vec<String>,
    /// It comes with pidproof, and so do its deviations.
    pub(super) built_in: bool,
}

impl Profile {
    /// Reads a profile.
    ///
    /// # Errors
    /// All mistakes of the file.
    pub(super) fn parse(path: &str, source: &str) -> Result<Self, BadFile> {
        read_file(path, source, |entries, diags| {
            profile(path, &entries, source, diags)
        })
    }
}

/// Puts values in the places of a text that was checked when its profile was read.
pub(super) fn fill(text: &str, places: &[(&str, &str)]) -> String {
    let mut out = String::new();
    let mut rest = text;
    // One pass: a path that is filled in is never looked at again, whatever it holds.
    while let Some((before, inner, after)) = next_place(rest) {
        out.push_str(before);
        match places.iter().find(|(name, _)| *name == inner) {
            Some((_, value)) => out.push_str(value),
            None => out.push_str(&format!("${{{inner}}}")),
        }
        rest = after;
    }
    out + rest
}

fn next_place(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("${")?;
    let (inner, after) = rest.split_once('}')?;
    Some((before, inner, after))
}

fn profile(path: &str, entries: &[Entry], source: &str, diags: &mut Diags) -> Option<Profile> {
    let mut top = Fields::new(entries, source.len()..source.len(), &shape::PROFILE);
    let registry = registry(&mut top, diags);
    // A package has no directory of its own to mean, and what is not a package has no environment.
    let place = registry.as_ref().map_or(DIR, |(place, _)| *place);
    let places = &[place][..];

    let server = command(&mut top, "server", places, diags);
    let cli = command(&mut top, "cli", places, diags);
    if server.is_none() && cli.is_none() {
        top.missing("server");
    }
    let exempt = exempt(&mut top, diags);
    let ready = ready(&mut top, diags);
    let shown = top.texts("shown", diags);
    for (text, span) in &shown {
        check_places(text, span, places, diags);
    }
    let env = top
        .table("env", diags)
        .map(|table| variables(table.entries(), places, diags))
        .unwrap_or_default();
    let parameters = top.table("parameters", diags);
    if let Some(table) = &parameters {
        check_parameters(table.entries(), diags);
    }
    let deviations = top.one_or_more("deviations", diags);
    top.finish(diags);
    let reach = Reach {
        server: server.is_some(),
        cli: cli.is_some(),
        mcp: ready == Readiness::Initialize,
        exempt,
        profile: (path.to_owned(), source.to_owned()),
    };
    Some(Profile {
        path: path.to_owned(),
        server: server.unwrap_or_default(),
        cli: cli.unwrap_or_default(),
        ready,
        reach,
        env,
        shown: shown.into_iter().map(|(text, _)| text.to_owned()).collect(),
        parameters: matrix::parameters(parameters),
        registry: match registry {
            Some((_, registry)) => Some(registry?),
            None => None,
        },
        deviations: deviations.into_iter().map(owned).collect(),
        built_in: false,
    })
}

/// A program and its arguments, if there is one.
fn command(
    top: &mut Fields<'_>,
    key: &'static str,
    places: &[&str],
    diags: &mut Diags,
) -> Option<Vec<String>> {
    let node = top.take(key)?;
    let words = top.texts(key, diags);
    if matches!(&node.value, Value::List(items) if items.is_empty()) {
        diags.push(
            node.span.clone(),
            format!("`{key}` starts nothing"),
            "must hold a program and its arguments",
        );
    }
    for (word, span) in &words {
        check_places(word, span, places, diags);
    }
    Some(words.into_iter().map(owned).collect())
}

fn variables(entries: &[Entry], places: &[&str], diags: &mut Diags) -> BTreeMap<String, String> {
    let mut env = BTreeMap::new();
    for entry in entries {
        if let Some(text) = fields::text(&entry.node, diags) {
            check_places(text, &entry.node.span, places, diags);
            env.insert(entry.key.clone(), text.to_owned());
        }
    }
    env
}

fn check_places(text: &str, span: &Span, places: &[&str], diags: &mut Diags) {
    let mut rest = text;
    while let Some((_, inner, after)) = next_place(rest) {
        if !places.contains(&inner) {
            diags.unknown(span.clone(), "place in a profile", inner, places);
        }
        rest = after;
    }
}

fn check_parameters(entries: &[Entry], diags: &mut Diags) {
    for entry in entries {
        match &entry.node.value {
            Value::Text(_) | Value::Number(_) => {}
            other @ (Value::Flag(_) | Value::List(_) | Value::Table(_)) => {
                fields::wrong(&entry.node, other, "a string or an integer", diags);
            }
        }
    }
}

pub(super) fn owned((text, _): (&str, Span)) -> String {
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
deviations = ["core.toml", "rest.toml"]
server = ["${venv}/bin/server", "--stdio"]
cli = ["${venv}/bin/cli"]
[env]
HERE = "${venv}/x"
[parameters]
refused_exit = 3
[pypi]
package = "server"
python = "3.12"
[[pypi.constraint]]
before = "0.6"
requires = ["mcp<2"]
"#;

    fn mistakes(source: &str) -> String {
        Profile::parse("p.toml", source).unwrap_err().to_string()
    }

    #[test]
    fn a_profile_is_read() {
        let profile = Profile::parse("p.toml", GOOD).unwrap();
        assert_eq!(profile.server, ["${venv}/bin/server", "--stdio"]);
        assert_eq!(profile.deviations, ["core.toml", "rest.toml"]);
        assert_eq!(
            profile.parameters,
            [("param.refused_exit".to_owned(), Value::Number(3))]
        );
        let Some(Registry::Pypi(pypi)) = profile.registry else {
            panic!("no package")
        };
        let needed = |v: &str| pypi.requirements(&v.parse().unwrap());
        assert_eq!(needed("0.5.0"), ["server==0.5.0", "mcp<2"]);
        assert_eq!(needed("0.6.0"), ["server==0.6.0"]);
    }

    #[test]
    fn all_mistakes_are_told_each_with_its_line() {
        let text = mistakes(
            "servr = [\"a\"]\ncli = []\n[env]\nA = 1\n[parameters]\nloser = true\n[pypi]\npackage = \"x\"\npython = \"new\"\n",
        );
        for part in [
            "unknown key of a profile `servr`",
            "did you mean `server`?",
            "p.toml:1:1",
            "`cli` starts nothing",
            "expected a string, found an integer",
            "expected a string or an integer, found a boolean",
            "`new` is no version",
        ] {
            assert!(text.contains(part), "{part} is not in:\n{text}");
        }
    }

    #[test]
    fn a_place_must_be_one_that_the_profile_has() {
        let text = mistakes("server = [\"${venv}/s\"]\ncli = [\"c\"]\n");
        assert!(text.contains("unknown place in a profile `venv`"), "{text}");
        let text = mistakes(&GOOD.replace("${venv}/x", "${dir}/x"));
        assert!(text.contains("valid: venv"), "{text}");
    }

    #[test]
    fn a_port_may_come_from_another_registry_and_from_one_only() {
        let npm = "server = [\"${npm}/bin/s\"]\n[npm]\npackage = \"@a/s\"\n";
        let profile = Profile::parse("p.toml", npm).unwrap();
        assert!(matches!(profile.registry, Some(Registry::Npm(named)) if named.package == "@a/s"));
        let cargo = npm.replace("npm", "cargo").replace("@a/s", "s");
        let profile = Profile::parse("p.toml", &cargo).unwrap();
        assert!(matches!(profile.registry, Some(Registry::Cargo(_))));
        let text = mistakes(&npm.replace("${npm}", "${venv}"));
        assert!(text.contains("valid: npm"), "{text}");
        let text = mistakes(&format!("{npm}[cargo]\npackage = \"s\"\n"));
        assert!(text.contains("a package has one registry"), "{text}");
        for package in ["--global", "a b", "../s", ""] {
            let text = mistakes(&npm.replace("@a/s", package));
            assert!(text.contains("names no package"), "{package}: {text}");
        }
    }

    #[test]
    fn an_option_of_the_installer_is_no_requirement() {
        let text = mistakes(&GOOD.replace("mcp<2", "--pre"));
        assert!(text.contains("`--pre` is no requirement"), "{text}");
    }

    #[test]
    fn places_are_filled_once() {
        let places = [("dir", "/a${venv}"), ("venv", "/v")];
        assert_eq!(fill("x${dir}y${venv}z", &places), "x/a${venv}y/vz");
    }

    #[test]
    fn every_key_of_its_shape_is_read() {
        for (key, pairs) in crate::scenario::shape::tests::one_for_each_key(&shape::PROFILE) {
            let told = Profile::parse("p.toml", &pairs.join("\n"))
                .err()
                .map_or_else(String::new, |bad| bad.to_string());
            assert!(!told.contains("unknown key"), "{key}: {told}");
        }
    }
}
