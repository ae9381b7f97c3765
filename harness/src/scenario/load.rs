//! Finding scenario files, in the executable or in a directory, and reading them all.

use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use super::beside::Programs;
use super::diag::BadFile;
use super::digest::Texts;
use super::file::{self, Frame, Scenario, Shared};
use super::matrix::Values;
use super::model::Case;
use super::rules::Rules;

static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../scenarios");

/// The contract and all its cases, for one subject.
#[derive(Debug)]
pub struct Library {
    /// The rules.
    pub rules: Rules,
    /// The scenarios, by id.
    pub scenarios: Vec<Scenario>,
    /// The explorations, by id: each case of one is many runs.
    pub explorations: Vec<Scenario>,
    /// What all of it was read from: rules, names and each scenario.
    pub(super) texts: Texts,
}

/// Why scenarios could not be had.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Files with mistakes, each with all of them.
    #[error("{}", .0.iter().map(BadFile::render).collect::<Vec<_>>().join("\n\n"))]
    Bad(Vec<BadFile>),
    /// A file or directory that could not be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A directory without scenarios.
    #[error("no scenario (*.toml) below {0}")]
    Empty(PathBuf),
    /// A profile fills in what the contract does not leave open.
    #[error(
        "the subject's profile fills in `{name}`, which is no parameter of the contract; there are: {known}"
    )]
    NoParameter {
        /// What it fills in.
        name: String,
        /// What it could.
        known: String,
    },
    /// Two files make cases of the same id.
    #[error("two cases have the id {0}")]
    SameId(String),
}

/// A file, read but not parsed.
struct Source {
    /// Below the scenario directory, with `/`.
    name: String,
    /// As printed.
    path: String,
    text: String,
}

impl Library {
    /// All cases, in order.
    pub fn cases(&self) -> impl Iterator<Item = &Case> {
        self.scenarios.iter().flat_map(|s| &s.cases)
    }

    /// Reads the scenarios of `dir`, or the built-in ones.
    ///
    /// `parameters` override those of `names.toml`. A directory of one's own may leave
    /// `rules.toml` and `names.toml` out; then the built-in ones serve.
    ///
    /// # Errors
    /// What cannot be read, or all mistakes of all files.
    pub fn load(
        dir: Option<&Path>,
        parameters: &Values,
        programs: Programs,
    ) -> Result<Self, LoadError> {
        Self::read(dir, parameters, programs, None)
    }

    /// The ids of the built-in scenarios, without reading what is in them. Explorations are none that can be run.
    pub fn names() -> Vec<String> {
        let ours =
            |source: &Source| source.name.contains('/') && !source.text.contains("[explore]");
        let sources = embedded().into_iter().filter(ours);
        sources
            .map(|source| source.name.trim_end_matches(".toml").replace('/', "."))
            .collect()
    }

    /// Reads only the built-in scenario that makes the case `id`, if there is one: a test runner asks for
    /// one case a process, and the other files need not be read for it.
    ///
    /// # Errors
    /// All mistakes of the file.
    pub fn of_case(id: &str, parameters: &Values, programs: Programs) -> Result<Self, LoadError> {
        let scenario = id.split(':').next().unwrap_or(id);
        Self::read(None, parameters, programs, Some(scenario))
    }

    /// Reads single files, with the `rules.toml` and `names.toml` above the first of them, else the built-in ones.
    ///
    /// # Errors
    /// What cannot be read, or all mistakes of all files.
    pub fn of_files(
        files: &[PathBuf],
        parameters: &Values,
        programs: Programs,
    ) -> Result<Self, LoadError> {
        let mut sources = Vec::new();
        for path in files {
            sources.push(Source {
                name: stem(path),
                path: path.display().to_string(),
                text: read(path)?,
            });
        }
        if let Some(first) = files.first() {
            sources.push(above(first, "rules.toml")?);
            sources.push(above(first, "names.toml")?);
        }
        Self::of_sources(sources, Path::new("the files"), parameters, programs, None)
    }

    /// Reads a scenario that is in no file yet, with the built-in rules and names.
    ///
    /// # Errors
    /// All its mistakes.
    pub fn of_text(
        name: &str,
        text: &str,
        parameters: &Values,
        programs: Programs,
    ) -> Result<Self, LoadError> {
        let source = Source {
            name: name.to_owned(),
            path: format!("{name}.toml"),
            text: text.to_owned(),
        };
        Self::of_sources(vec![source], Path::new(name), parameters, programs, None)
    }

    fn read(
        dir: Option<&Path>,
        parameters: &Values,
        programs: Programs,
        only: Option<&str>,
    ) -> Result<Self, LoadError> {
        let sources = match dir {
            Some(dir) => from_dir(dir)?,
            None => embedded(),
        };
        let dir = dir.unwrap_or(Path::new("scenarios"));
        Self::of_sources(sources, dir, parameters, programs, only)
    }

    fn of_sources(
        mut sources: Vec<Source>,
        dir: &Path,
        parameters: &Values,
        programs: Programs,
        only: Option<&str>,
    ) -> Result<Self, LoadError> {
        let rules_file = take(&mut sources, "rules.toml");
        let names_file = take(&mut sources, "names.toml");
        if sources.is_empty() {
            return Err(LoadError::Empty(dir.to_path_buf()));
        }
        let one = |bad: BadFile| LoadError::Bad(vec![bad]);
        let rules = Rules::parse(&rules_file.path, &rules_file.text).map_err(one)?;
        let shared = Shared::parse(&names_file.path, &names_file.text).map_err(one)?;
        let known: Vec<&str> = shared.parameters.iter().map(|(n, _)| n.as_str()).collect();
        if let Some((name, _)) = parameters
            .iter()
            .find(|(n, _)| !known.contains(&n.as_str()))
        {
            return Err(LoadError::NoParameter {
                name: name.trim_start_matches("param.").to_owned(),
                known: known.join(", ").replace("param.", ""),
            });
        }
        let mut filled = parameters.clone();
        filled.extend(shared.parameters.iter().cloned());
        let frame = Frame {
            rules: &rules,
            shared: &shared,
            parameters: &filled,
            programs,
        };
        let mut scenarios = Vec::new();
        let mut bad = Vec::new();
        let mut texts = Texts::new(&rules_file.text, &names_file.text);
        for source in &sources {
            let id = source.name.trim_end_matches(".toml").replace('/', ".");
            if only.is_some_and(|only| only != id) {
                continue;
            }
            texts.add(&id, &source.text);
            match file::parse(&id, &source.path, &source.text, &frame) {
                Ok(scenario) => scenarios.push(scenario),
                Err(file) => bad.push(file),
            }
        }
        if !bad.is_empty() {
            return Err(LoadError::Bad(bad));
        }
        let explores = |scenario: &Scenario| scenario.cases.iter().any(|c| c.explore.is_some());
        let (explorations, scenarios) = scenarios.into_iter().partition(explores);
        let library = Self {
            rules,
            scenarios,
            explorations,
            texts,
        };
        let mut ids: Vec<&str> = library.cases().map(|c| c.id.as_str()).collect();
        ids.sort_unstable();
        match ids.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(LoadError::SameId(pair[0].to_owned())),
            None => Ok(library),
        }
    }
}

/// Checks single files as `pidproof check` does.
///
/// # Errors
/// What cannot be read, or all mistakes of all files.
pub fn check(files: &[PathBuf], programs: Programs) -> Result<Vec<Scenario>, LoadError> {
    let one = |bad: BadFile| LoadError::Bad(vec![bad]);
    let mut good = Vec::new();
    let mut bad = Vec::new();
    for path in files {
        let rules = above(path, "rules.toml")?;
        let names = above(path, "names.toml")?;
        let rules = Rules::parse(&rules.path, &rules.text).map_err(one)?;
        let shared = Shared::parse(&names.path, &names.text).map_err(one)?;
        let frame = Frame {
            rules: &rules,
            shared: &shared,
            parameters: &shared.parameters,
            programs,
        };
        let text = read(path)?;
        match file::parse(&stem(path), &path.display().to_string(), &text, &frame) {
            Ok(scenario) => good.push(scenario),
            Err(file) => bad.push(file),
        }
    }
    if bad.is_empty() {
        Ok(good)
    } else {
        Err(LoadError::Bad(bad))
    }
}

/// A file's name without its ending: its scenario's id.
fn stem(path: &Path) -> String {
    path.file_stem()
        .map(|s| s.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// The file of this name in a directory above `path`, else the built-in one.
fn above(path: &Path, name: &str) -> Result<Source, LoadError> {
    for dir in path.ancestors().skip(1) {
        let file = dir.join(name);
        if file.is_file() {
            return Ok(Source {
                name: name.to_owned(),
                path: file.display().to_string(),
                text: read(&file)?,
            });
        }
    }
    Ok(take(&mut Vec::new(), name))
}

/// The file of this name, else the built-in one.
fn take(sources: &mut Vec<Source>, name: &str) -> Source {
    match sources.iter().position(|s| s.name == name) {
        Some(at) => sources.remove(at),
        None => Source {
            name: name.to_owned(),
            path: format!("scenarios/{name}"),
            text: EMBEDDED
                .get_file(name)
                .and_then(|f| f.contents_utf8())
                .unwrap_or_default()
                .to_owned(),
        },
    }
}

fn embedded() -> Vec<Source> {
    fn walk(dir: &Dir<'_>, out: &mut Vec<Source>) {
        for file in dir.files() {
            let name = file.path().to_string_lossy().into_owned();
            if name.ends_with(".toml") {
                out.push(Source {
                    path: format!("scenarios/{name}"),
                    text: file.contents_utf8().unwrap_or_default().to_owned(),
                    name,
                });
            }
        }
        for sub in dir.dirs() {
            walk(sub, out);
        }
    }
    let mut out = Vec::new();
    walk(&EMBEDDED, &mut out);
    out.sort_by(|a, b| a.name.cmp(&b.name));
    out
}

fn from_dir(dir: &Path) -> Result<Vec<Source>, LoadError> {
    fn walk(root: &Path, dir: &Path, out: &mut Vec<Source>) -> Result<(), LoadError> {
        let fail = |source| LoadError::Unreadable {
            path: dir.to_path_buf(),
            source,
        };
        for entry in std::fs::read_dir(dir).map_err(fail)? {
            let path = entry.map_err(fail)?.path();
            if path.is_dir() {
                walk(root, &path, out)?;
            } else if path.extension().is_some_and(|e| e == "toml") {
                let relative = path.strip_prefix(root).unwrap_or(&path);
                out.push(Source {
                    name: relative.to_string_lossy().into_owned(),
                    path: path.display().to_string(),
                    text: read(&path)?,
                });
            }
        }
        Ok(())
    }
    let mut out = Vec::new();
    walk(dir, dir, &mut out)?;
    out.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(out)
}

fn read(path: &Path) -> Result<String, LoadError> {
    std::fs::read_to_string(path).map_err(|source| LoadError::Unreadable {
        path: path.to_path_buf(),
        source,
    })
}
