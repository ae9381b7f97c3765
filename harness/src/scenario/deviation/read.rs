//! Reading a deviations file.

use globset::Glob;

use super::{Deviation, File, Kind, Pattern, shape};
use crate::scenario::date;
use crate::scenario::diag::{BadFile, Diags, line_of};
use crate::scenario::fields::{self, Fields, wrong};
use crate::scenario::node::{Entry, Node, Span, Value, read_file};
use crate::scenario::version::Version;
use crate::scenario::versions::Versions;

/// One file.
pub(super) fn file(
    path: &str,
    source: &str,
    version: Option<&Version>,
    strict: bool,
) -> Result<File, BadFile> {
    read_file(path, source, |entries, diags| {
        let mut top = Fields::new(&entries, source.len()..source.len(), &shape::DEVIATIONS);
        let nodes = top
            .take("deviation")
            .map_or(&[][..], |node| fields::list(node, diags));
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
        Some(File {
            path: path.to_owned(),
            text: source.to_owned(),
            list,
            warnings,
        })
    })
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
            .map_err(|e: date::NoDate| {
                diags.push(span, e.to_string(), "for instance \"2027-01-31\"");
            })
            .ok()
    });
    let varies = table.flag("varies", diags).unwrap_or_default();
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
        varies,
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
    if table.take("versions").is_none() {
        return (true, version.is_none());
    }
    let texts = table.one_or_more("versions", diags);
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
