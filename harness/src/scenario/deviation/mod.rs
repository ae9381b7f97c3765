//! Known deviations of a subject, from its deviations file: pinned to cases, a rule and what was seen.
//!
//! Reading the file knows no scenarios; [`Deviations::check`] looks at them once they are there. What a
//! deviation does to a verdict is the judge's matter.

use std::fs;
use std::path::Path;

use globset::GlobMatcher;

use super::date::Date;
use super::diag::{BadFile, Diags};
use super::load::Library;
use super::model::Case;
use super::node::Span;
use super::version::Version;

/// All that is known of one subject, from one file or several.
#[derive(Debug, Clone, Default)]
pub struct Deviations {
    files: Vec<File>,
}

/// A deviations file.
#[derive(Debug, Clone)]
struct File {
    path: String,
    text: String,
    list: Vec<Deviation>,
    warnings: Vec<String>,
}

/// One known deviation.
#[derive(Debug, Clone)]
pub struct Deviation {
    /// File and line, as printed.
    pub place: String,
    /// How many entries stand before it in the file.
    pub index: usize,
    /// The cases it is pinned to.
    cases: Vec<Pattern>,
    /// The rule it breaks.
    pub rule: String,
    rule_span: Span,
    /// The step that asks, without its line; any, where it is not said.
    pub step: Option<String>,
    /// What is found, exactly, but for what differs from run to run.
    pub found: String,
    /// Why it is so, in a word.
    pub kind: Kind,
    /// Why it is so.
    pub reason: String,
    /// Where that is talked about.
    pub link: Option<String>,
    /// The last day of it.
    pub expires: Option<Date>,
    /// Whether it comes and goes: that it holds in one run is no news then.
    pub varies: bool,
    /// Whether the subject is one of the releases it is said of.
    pub applies: bool,
    /// Whether it is said of this subject and of no other release: what is seen of it is all there is to say.
    pub of_this_alone: bool,
}

/// Why a subject deviates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It is wrong and will be mended.
    Bug,
    /// It is meant to be so.
    ByDesign,
    /// It is so because of where it runs.
    Environment,
}

impl Kind {
    /// The words for them.
    pub const WORDS: [(&'static str, Kind); 3] = [
        ("bug", Kind::Bug),
        ("by-design", Kind::ByDesign),
        ("environment", Kind::Environment),
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Bug => "bug",
            Self::ByDesign => "by-design",
            Self::Environment => "environment",
        }
    }
}

/// A case's id, or a glob over all of it.
#[derive(Debug, Clone)]
struct Pattern {
    text: String,
    span: Span,
    glob: GlobMatcher,
}

impl Pattern {
    fn is_match(&self, id: &str) -> bool {
        self.text == id || self.glob.is_match(id)
    }

    /// Whether it speaks of points of this sweep, which are only known on a subject.
    fn is_of_sweep(&self, case: &Case) -> bool {
        let rest = self.text.strip_prefix(case.id.as_str());
        case.sweep.is_some() && rest.is_some_and(|rest| rest.starts_with(':'))
    }

    fn means(&self, case: &Case) -> bool {
        self.is_match(&case.id) || self.is_of_sweep(case)
    }
}

impl Deviation {
    /// Whether it is said of a case with this id that judges these rules.
    pub fn is_of(&self, id: &str, rules: &[String]) -> bool {
        self.applies && rules.contains(&self.rule) && self.names(id)
    }

    /// Whether one of its patterns names this case, whatever the case judges.
    pub fn names(&self, id: &str) -> bool {
        self.cases.iter().any(|pattern| pattern.is_match(id))
    }
}

impl Deviations {
    /// Reads a deviations file. `version` is the subject's, where it has any; `strict` takes no entry without
    /// a reason.
    ///
    /// # Errors
    /// All mistakes of the file.
    pub fn parse(
        path: &str,
        source: &str,
        version: Option<&Version>,
        strict: bool,
    ) -> Result<Self, BadFile> {
        let file = read::file(path, source, version, strict)?;
        Ok(Self { files: vec![file] })
    }

    /// These, and those of other files.
    pub fn join(all: impl IntoIterator<Item = Self>) -> Self {
        Self {
            files: all.into_iter().flat_map(|one| one.files).collect(),
        }
    }

    /// Those of the files before the last one, and those of the last.
    pub fn split_last(mut self) -> (Self, Self) {
        let last = self.files.pop().into_iter().collect();
        (self, Self { files: last })
    }

    /// Those of all files but this one.
    pub fn without(mut self, path: &Path) -> Self {
        let is_it = |file: &File| match (fs::canonicalize(&file.path), fs::canonicalize(path)) {
            (Ok(a), Ok(b)) => a == b,
            _ => Path::new(&file.path) == path,
        };
        self.files.retain(|file| !is_it(file));
        self
    }

    /// The last file, as printed; empty where there is none.
    pub fn path(&self) -> &str {
        self.files.last().map_or("", |file| &file.path)
    }

    /// All of the last file.
    pub fn text(&self) -> &str {
        self.files.last().map_or("", |file| &file.text)
    }

    /// Entries without a reason yet: for people, and where CI is set an error instead.
    pub fn warnings(&self) -> Vec<String> {
        let warnings = self.files.iter().flat_map(|file| &file.warnings);
        warnings.cloned().collect()
    }

    /// Those that are said of a case.
    pub fn of<'a>(
        &'a self,
        id: &'a str,
        rules: &'a [String],
    ) -> impl Iterator<Item = &'a Deviation> + 'a {
        self.iter()
            .filter(move |deviation| deviation.is_of(id, rules))
    }

    /// All of them, in the order of the files.
    pub fn iter(&self) -> impl Iterator<Item = &Deviation> {
        self.files.iter().flat_map(|file| &file.list)
    }

    /// Holds the files against the scenarios there are: each rule and each case they name must be one of
    /// them. `builtin` are the scenarios that come with pidproof, where `library` are not these.
    ///
    /// # Errors
    /// What names nothing.
    pub fn check(&self, library: &Library, builtin: Option<&Library>) -> Result<(), Vec<BadFile>> {
        let cases: Vec<&Case> = library
            .cases()
            .chain(builtin.into_iter().flat_map(Library::cases))
            .collect();
        let check = |file: &File| file.check(library, &cases).err();
        let bad: Vec<BadFile> = self.files.iter().filter_map(check).collect();
        if bad.is_empty() { Ok(()) } else { Err(bad) }
    }
}

impl File {
    fn check(&self, library: &Library, cases: &[&Case]) -> Result<(), BadFile> {
        let mut diags = Diags::default();
        for deviation in &self.list {
            if library.rules.get(&deviation.rule).is_none() {
                let ids = library.rules.ids();
                diags.unknown(deviation.rule_span.clone(), "rule", &deviation.rule, &ids);
                continue;
            }
            for pattern in &deviation.cases {
                let meant: Vec<&&Case> = cases.iter().filter(|case| pattern.means(case)).collect();
                let span = || pattern.span.clone();
                if meant.is_empty() {
                    let ids: Vec<&str> = cases.iter().map(|case| case.id.as_str()).collect();
                    let near = super::diag::nearest(&pattern.text, &ids);
                    diags.push_help(
                        span(),
                        format!("no case is called `{}`", pattern.text),
                        "matches no case there is",
                        match near {
                            Some(near) => format!("did you mean `{near}`?"),
                            None => "`pidproof list` shows them all".to_owned(),
                        },
                    );
                } else if !meant
                    .iter()
                    .any(|case| case.rules.contains(&deviation.rule))
                {
                    let rules: Vec<&str> =
                        meant
                            .iter()
                            .flat_map(|c| &c.rules)
                            .fold(Vec::new(), |mut all, rule| {
                                if !all.contains(&rule.as_str()) {
                                    all.push(rule);
                                }
                                all
                            });
                    diags.push_help(
                        span(),
                        format!("no case here judges {}", deviation.rule),
                        "could never hold",
                        format!("what it matches judges {}", rules.join(", ")),
                    );
                }
            }
        }
        if diags.is_empty() {
            return Ok(());
        }
        Err(BadFile {
            path: self.path.clone(),
            text: self.text.clone(),
            diags: diags.into_sorted(),
        })
    }
}

mod read;
#[rustfmt::skip] // A table, a key a line.
pub mod shape;
#[cfg(test)]
mod tests;
