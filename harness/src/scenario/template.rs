//! Strings with `${...}` in them: parsed and checked when the file is read, filled in when a step runs.
//!
//! One pass: what is filled in is never looked at again, so a path that holds `${` stays a path.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::diag::Diags;
use super::node::Span;

/// A string with places to fill in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Segment {
    Text(String),
    Place(Place),
}

/// What a `${...}` stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// A fact of the world a case runs in.
    World(WorldVar),
    /// A name that the scenario or `names.toml` defines.
    Name(String),
    /// The pid of a process, by its handle: `${new.pid}`.
    Pid(String),
    /// What a process has written to standard error by now: `${new.stderr}`.
    Stderr(String),
    /// One raw byte, `${byte.ff}`: for paths that are no UTF-8.
    Byte(u8),
}

/// The facts every world has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WorldVar {
    /// The subject's HOME.
    Home,
    /// A usable XDG_RUNTIME_DIR.
    Xdg,
    /// The subject's TMPDIR.
    Tmp,
    /// `/tmp` as the subject sees it; private only under namespaces.
    SystemTmp,
    /// The subject's working directory.
    Cwd,
    /// The uid subjects run as.
    Uid,
    /// A uid that is neither the subject's nor root's.
    OtherUid,
}

const WORLD_VARS: [(&str, WorldVar); 7] = [
    ("home", WorldVar::Home),
    ("xdg", WorldVar::Xdg),
    ("tmp", WorldVar::Tmp),
    ("system_tmp", WorldVar::SystemTmp),
    ("cwd", WorldVar::Cwd),
    ("uid", WorldVar::Uid),
    ("other_uid", WorldVar::OtherUid),
];

/// A part of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text as it is.
    Text(&'a str),
    /// A place to fill in.
    Place(&'a Place),
}

/// Which names a template may use at its place in the file.
#[derive(Debug, Clone, Default)]
pub struct Scope<'a> {
    /// Names defined by `names.toml` and the scenario.
    pub names: BTreeSet<&'a str>,
    /// Processes spawned so far.
    pub handles: BTreeSet<&'a str>,
}

/// The templates behind the names.
pub type Names = BTreeMap<String, Template>;

impl Template {
    /// Parses `text`, which stands at `span`.
    pub fn parse(text: &str, span: &Span, scope: &Scope<'_>, diags: &mut Diags) -> Option<Self> {
        let mut segments = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            if at > 0 {
                segments.push(Segment::Text(rest[..at].to_owned()));
            }
            let after = &rest[at + 2..];
            let Some(end) = after.find('}') else {
                diags.push(span.clone(), "`${` without `}`", "never closed");
                return None;
            };
            segments.push(Segment::Place(place(&after[..end], span, scope, diags)?));
            rest = &after[end + 1..];
        }
        if !rest.is_empty() {
            segments.push(Segment::Text(rest.to_owned()));
        }
        Some(Self { segments })
    }

    /// A template without places.
    pub fn literal(text: &str) -> Self {
        Self {
            segments: vec![Segment::Text(text.to_owned())],
        }
    }

    /// The names it uses.
    pub fn used_names(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Place(Place::Name(name)) => Some(name.as_str()),
            Segment::Place(Place::World(_) | Place::Pid(_) | Place::Stderr(_) | Place::Byte(_))
            | Segment::Text(_) => None,
        })
    }

    /// What it consists of, with the names that are templates themselves taken apart too.
    pub fn pieces<'a>(&'a self, names: &'a Names) -> Vec<Piece<'a>> {
        let mut pieces = Vec::new();
        for segment in &self.segments {
            match segment {
                Segment::Text(text) => pieces.push(Piece::Text(text)),
                Segment::Place(Place::Name(name)) if names.contains_key(name) => {
                    pieces.extend(names[name].pieces(names));
                }
                Segment::Place(place) => pieces.push(Piece::Place(place)),
            }
        }
        pieces
    }

    /// Fills the places in. `value` knows them all but the names, which are templates in `names`.
    ///
    /// # Errors
    /// The first error of `value`.
    pub fn fill<E>(
        &self,
        names: &Names,
        value: &mut dyn FnMut(&Place) -> Result<Vec<u8>, E>,
    ) -> Result<Vec<u8>, E> {
        let mut out = Vec::new();
        for segment in &self.segments {
            match segment {
                Segment::Text(text) => out.extend_from_slice(text.as_bytes()),
                Segment::Place(Place::Byte(byte)) => out.push(*byte),
                Segment::Place(place @ Place::Name(name)) => match names.get(name) {
                    Some(template) => out.extend(template.fill(names, value)?),
                    None => out.extend(value(place)?),
                },
                Segment::Place(place @ (Place::World(_) | Place::Pid(_) | Place::Stderr(_))) => {
                    out.extend(value(place)?);
                }
            }
        }
        Ok(out)
    }
}

fn place(inner: &str, span: &Span, scope: &Scope<'_>, diags: &mut Diags) -> Option<Place> {
    if let Some((_, var)) = WORLD_VARS.iter().find(|(name, _)| *name == inner) {
        return Some(Place::World(*var));
    }
    if scope.names.contains(inner) {
        return Some(Place::Name(inner.to_owned()));
    }
    if let Some(hex) = inner.strip_prefix("byte.")
        && hex.len() == 2
        && let Ok(byte) = u8::from_str_radix(hex, 16)
    {
        if byte == 0 {
            diags.push(
                span.clone(),
                "no path and no argument can hold a NUL byte",
                "here",
            );
            return None;
        }
        return Some(Place::Byte(byte));
    }
    for suffix in [".pid", ".stderr"] {
        let Some(handle) = inner.strip_suffix(suffix) else {
            continue;
        };
        if scope.handles.contains(handle) {
            let handle = handle.to_owned();
            return Some(if suffix == ".pid" {
                Place::Pid(handle)
            } else {
                Place::Stderr(handle)
            });
        }
        let handles: Vec<&str> = scope.handles.iter().copied().collect();
        diags.unknown(
            span.clone(),
            "process (spawned before this step)",
            handle,
            &handles,
        );
        return None;
    }
    let mut valid: Vec<&str> = WORLD_VARS.iter().map(|(name, _)| *name).collect();
    valid.extend(&scope.names);
    valid.push("matrix.<axis>");
    valid.push("param.<name>");
    valid.push("<handle>.pid");
    valid.push("<handle>.stderr");
    diags.unknown(span.clone(), "variable", inner, &valid);
    None
}

/// Reports names that are defined by themselves.
pub fn check_cycles(names: &Names, spans: &BTreeMap<String, Span>, diags: &mut Diags) {
    for name in names.keys() {
        let mut seen = BTreeSet::new();
        let mut todo = vec![name.as_str()];
        while let Some(next) = todo.pop() {
            let Some(template) = names.get(next) else {
                continue;
            };
            for used in template.used_names() {
                if used == name {
                    let span = spans.get(name).cloned().unwrap_or(0..0);
                    diags.push(
                        span,
                        format!("`{name}` is defined by itself"),
                        "goes in a circle",
                    );
                    return;
                }
                if seen.insert(used.to_owned()) {
                    todo.push(used);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(text: &str) -> Vec<u8> {
        let mut diags = Diags::default();
        let scope = Scope {
            names: ["dir"].into(),
            handles: ["new"].into(),
        };
        let names: Names = [(
            "dir".to_owned(),
            Template::parse("${xdg}/d", &(0..0), &scope, &mut diags).unwrap(),
        )]
        .into();
        let template = Template::parse(text, &(0..0), &scope, &mut diags).unwrap();
        template
            .fill(&names, &mut |place| match place {
                Place::World(WorldVar::Xdg) => Ok::<_, ()>(b"/x/${home}".to_vec()),
                Place::Pid(_) => Ok(b"42".to_vec()),
                Place::World(_) | Place::Name(_) | Place::Stderr(_) | Place::Byte(_) => Err(()),
            })
            .unwrap()
    }

    #[test]
    fn places_are_filled_once_and_names_are_followed() {
        assert_eq!(fill("${dir}/a-${new.pid}"), b"/x/${home}/d/a-42");
        assert_eq!(fill("a${byte.ff}"), [b'a', 0xff]);
    }

    #[test]
    fn an_unknown_variable_is_an_error() {
        let mut diags = Diags::default();
        assert!(Template::parse("${hoem}", &(0..7), &Scope::default(), &mut diags).is_none());
        let list = diags.into_sorted();
        assert!(
            list[0]
                .help
                .as_deref()
                .is_some_and(|help| help.contains("`home`"))
        );
    }
}
