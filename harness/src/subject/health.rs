//! What this host has for subjects from a registry.

use super::cache::{Cache, Marker};
use super::package::Pypi;
use super::python::{self, Python};
use super::{spec, var};

/// A line of a report: what it is about, and what there is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is about.
    pub label: &'static str,
    /// What there is to say.
    pub text: String,
}

/// The interpreters here and what the cache holds. Starts interpreters; provisions nothing.
pub fn health() -> Vec<Line> {
    let mut lines = pythons(&python::discover(&var), &spec::packages());
    match Cache::locate(&var) {
        Ok(cache) => lines.extend(kept(&cache)),
        Err(error) => lines.push(line("cache", error.to_string())),
    }
    lines
}

fn line(label: &'static str, text: impl Into<String>) -> Line {
    Line {
        label,
        text: text.into(),
    }
}

fn pythons(found: &[Python], packages: &[Pypi]) -> Vec<Line> {
    let mut lines: Vec<Line> = found
        .iter()
        .map(|python| {
            let sqlite = if python.loads_extensions {
                "its sqlite3 loads extensions"
            } else {
                "its sqlite3 cannot load extensions"
            };
            line(
                "python",
                format!(
                    "{} {}: {sqlite}",
                    python.version,
                    python.executable.display()
                ),
            )
        })
        .collect();
    if lines.is_empty() {
        lines.push(line("python", "none was found"));
    }
    for pypi in packages {
        let text = match python::choose(found, &pypi.python).first() {
            None => format!(
                "cannot be set up: needs Python {} or later; {} can name one",
                pypi.python,
                python::PYTHON
            ),
            Some(python) if python.loads_extensions => format!("would run on {}", python.version),
            Some(python) => match &pypi.sqlite {
                Some(cure) => format!(
                    "would run on {}, with {} in the place of sqlite3",
                    python.version, cure.package
                ),
                None => format!("would run on {}", python.version),
            },
        };
        lines.push(line("package", format!("{} {text}", pypi.package)));
    }
    lines
}

/// By what a release was set up.
fn set_up_on(marker: &Marker) -> String {
    let by = match marker.tool.as_str() {
        "npm" => "on Node.js",
        "cargo" => "with cargo",
        _ => "on Python",
    };
    format!("{by} {}", marker.python)
}

fn kept(cache: &Cache) -> Vec<Line> {
    let mut lines = vec![line("cache", cache.root.display().to_string())];
    lines.extend(cache.list().into_iter().map(|(name, marker)| match marker {
        Some(marker) => line(
            "",
            format!(
                "{} {} {}",
                marker.package,
                marker.version,
                set_up_on(&marker)
            ),
        ),
        None => line(
            "",
            format!("{name}: unfinished, set up anew when it is next used"),
        ),
    }));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python(version: &str, loads_extensions: bool) -> Python {
        Python {
            executable: "/x/python".into(),
            version: version.parse().unwrap(),
            base_prefix: "/x".into(),
            loads_extensions,
        }
    }

    fn text(found: &[Python]) -> String {
        let lines = pythons(found, &spec::packages());
        lines
            .iter()
            .map(|l| format!("{} {}\n", l.label, l.text))
            .collect()
    }

    #[test]
    fn it_tells_what_would_be_cured_and_what_cannot_be_set_up() {
        let cured = text(&[python("3.13.0", false)]);
        assert!(
            cured.contains("python 3.13.0 /x/python: its sqlite3 cannot load extensions"),
            "{cured}"
        );
        assert!(
            cured.contains("with pysqlite3-binary in the place of sqlite3"),
            "{cured}"
        );
        let fine = text(&[python("3.12.1", true), python("3.13.0", false)]);
        assert!(fine.contains("memtomem would run on 3.12.1\n"), "{fine}");
        let old = text(&[python("3.11.2", true)]);
        assert!(
            old.contains("memtomem cannot be set up: needs Python 3.12 or later"),
            "{old}"
        );
        assert!(text(&[]).contains("python none was found"));
    }
}
