//! Known deviations of a subject, from its deviations file: pinned to cases, a rule and what was seen.
//!
//! Reading the file knows no scenarios; [`Deviations::check`] looks at them once they are there. What a
//! deviation does to a verdict is the judge's matter.

use globset::{Glob, GlobMatcher};

use super::date::Date;
use super::diag::{BadFile, Diags, line_of};
use super::fields::{Fields, wrong};
use super::load::Library;
use super::model::Case;
use super::node::{Entry, Node, Span, Value, read_file};
use super::version::Version;
use super::versions::Versions;

/// All that is known of one subject.
#[derive(Debug, Clone, Default)]
pub struct Deviations {
    path: String,
    text: String,
    list: Vec<Deviation>,
    /// Entries without a reason yet: for people, and where CI is set an error instead.
    pub warnings: Vec<String>,
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
        read_file(path, source, |entries, diags| {
            let mut top = Fields::new(&entries, source.len()..source.len(), &shape::DEVIATIONS);
            let nodes = top
                .take("deviation")
                .map_or(&[][..], |node| super::fields::list(node, diags));
            let mut warnings = Vec::new();
            let list = nodes
                .iter()
                .enumerate()
                .filter_map(|(index, node)| {
                    let place = format!("{path}:{}", line_of(source, node.span.start));
                    let deviation = deviation(node, place, index, version, diags)?;
                    if let Some(why) = unexplained(&deviation.reason) {
                        let span = reason_span(node);
                        match strict {
                            true => diags.push_help(
                                span,
                                why,
                                "says nothing",
                                "where CI is set, every entry must say why it is there",
                            ),
                            false => warnings.push(format!(
                                "{}:{}: {why}; where CI is set that is an error",
                                path,
                                line_of(source, span.start)
                            )),
                        }
                    }
                    Some(deviation)
                })
                .collect();
            top.finish(diags);
            Some(Self {
                path: path.to_owned(),
                text: source.to_owned(),
                list,
                warnings,
            })
        })
    }

    /// The file, as printed.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// All of the file.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Those that are said of a case.
    pub fn of<'a>(
        &'a self,
        id: &'a str,
        rules: &'a [String],
    ) -> impl Iterator<Item = &'a Deviation> + 'a {
        self.list
            .iter()
            .filter(move |deviation| deviation.is_of(id, rules))
    }

    /// All of them, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Deviation> {
        self.list.iter()
    }

    /// Holds the file against the scenarios there are: each rule and each case it names must be one of
    /// them. `builtin` are the scenarios that come with pidproof, where `library` are not these.
    ///
    /// # Errors
    /// What names nothing.
    pub fn check(&self, library: &Library, builtin: Option<&Library>) -> Result<(), BadFile> {
        let cases: Vec<&Case> = library
            .cases()
            .chain(builtin.into_iter().flat_map(Library::cases))
            .collect();
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

fn deviation(
    node: &Node,
    place: String,
    index: usize,
    version: Option<&Version>,
    diags: &mut Diags,
) -> Option<Deviation> {
    let Some(entries) = node.entries() else {
        wrong(node, &node.value, "a table", diags);
        return None;
    };
    let mut table = Fields::new(entries, node.span.clone(), &shape::DEVIATION);
    let cases = cases(&mut table, diags);
    let rule = table.need_text("check", diags);
    let step = table.text("step", diags).map(|(text, _)| text.to_owned());
    let found = table.need_text("found", diags);
    let kind = table.word("kind", &Kind::WORDS, diags);
    // One that is not there is as good as an empty one: a word on it, and where CI is set an error.
    let reason = table.text("reason", diags).map(|(text, _)| text.to_owned());
    let link = table.text("link", diags).map(|(text, _)| text.to_owned());
    let expires = table.text("expires", diags).and_then(|(text, span)| {
        text.parse()
            .map_err(|e: super::date::NoDate| {
                diags.push(span, e.to_string(), "for instance \"2027-01-31\"");
            })
            .ok()
    });
    let (applies, of_this_alone) = versions(&mut table, version, diags);
    table.finish(diags);
    let (rule, rule_span) = rule?;
    Some(Deviation {
        place,
        index,
        cases,
        rule: rule.to_owned(),
        rule_span,
        step,
        found: found?.0.to_owned(),
        kind: kind?,
        reason: reason.unwrap_or_default(),
        link,
        expires,
        applies,
        of_this_alone,
    })
}

fn cases(table: &mut Fields<'_>, diags: &mut Diags) -> Vec<Pattern> {
    let Some(node) = table.take("cases") else {
        return Vec::new();
    };
    let texts = table.texts("cases", diags);
    if matches!(&node.value, Value::List(items) if items.is_empty()) {
        diags.push(
            node.span.clone(),
            "an entry for no case",
            "must hold ids of cases, or globs over them",
        );
    }
    texts
        .into_iter()
        .filter_map(|(text, span)| match Glob::new(text) {
            Ok(glob) => Some(Pattern {
                text: text.to_owned(),
                span,
                glob: glob.compile_matcher(),
            }),
            Err(error) => {
                let why = format!("`{text}` is no glob: {}", error.kind());
                diags.push(span, why, "an id, or a glob over all of it");
                None
            }
        })
        .collect()
}

/// Whether the subject is one of the releases an entry is said of, and whether it is the only one. One text, or
/// a list of which one must hold.
fn versions(table: &mut Fields<'_>, version: Option<&Version>, diags: &mut Diags) -> (bool, bool) {
    let Some(node) = table.take("versions") else {
        return (true, version.is_none());
    };
    let texts = if matches!(node.value, Value::List(_)) {
        table.texts("versions", diags)
    } else {
        table.text("versions", diags).into_iter().collect()
    };
    let mut any = false;
    let alone = matches!(texts.as_slice(), [(text, _)] if text.parse::<Version>().is_ok());
    for (text, span) in texts {
        match (text.parse::<Versions>(), version) {
            (Ok(versions), Some(version)) => any |= versions.hold(version),
            (Ok(_), None) => diags.push(
                span,
                "this subject has no releases to tell apart",
                "only where its profile has a package, such as [pypi]",
            ),
            (Err(error), _) => diags.push(
                span,
                error.to_string(),
                "for instance \"0.1.25\" or \">=0.1.24, <0.1.26\"",
            ),
        }
    }
    (any, any && alone)
}

/// What is wrong with a reason that gives none.
fn unexplained(reason: &str) -> Option<String> {
    let word: String = reason
        .trim_start_matches(|c: char| !c.is_alphanumeric())
        .chars()
        .take_while(|c| c.is_alphanumeric())
        .collect();
    if word.is_empty() {
        return Some("this entry gives no reason".to_owned());
    }
    ["TODO", "FIXME", "TBD", "XXX"]
        .contains(&word.to_uppercase().as_str())
        .then(|| format!("this entry gives no reason yet, only `{}`", reason.trim()))
}

fn reason_span(node: &Node) -> Span {
    let entries = node.entries().unwrap_or_default();
    let reason = |entry: &&Entry| entry.key == "reason";
    entries
        .iter()
        .find(reason)
        .map_or_else(|| node.span.clone(), |entry| entry.node.span.clone())
}

#[rustfmt::skip] // A table, a key a line.
pub mod shape;
#[cfg(test)]
mod tests;
