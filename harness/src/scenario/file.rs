//! A scenario file: its header, its matrix, and the cases it makes.

use std::collections::{BTreeMap, BTreeSet};

use super::beside::{Company, Programs};
use super::diag::{BadFile, Diags};
use super::explore;
use super::fields::{Fields, list};
use super::matrix::{self, Values};
use super::model::{Action, Case, Level, Tier};
use super::node::{Entry, Span, read_file};
use super::rules::Rules;
use super::shape;
use super::step::{self, Context};
use super::sweep;
use super::template::{Names, Scope, check_cycles};

/// What every scenario file is read against.
pub struct Frame<'a> {
    /// The contract.
    pub rules: &'a Rules,
    /// `names.toml`.
    pub shared: &'a Shared,
    /// The contract's parameters as this subject fills them in.
    pub parameters: &'a Values,
    /// What may be started beside the subject.
    pub programs: Programs,
}

/// `names.toml`: what all scenarios share.
#[derive(Debug, Default, Clone)]
pub struct Shared {
    names: Vec<Entry>,
    /// The contract's parameters where a subject says nothing.
    pub parameters: Values,
}

impl Shared {
    /// Reads `names.toml`.
    ///
    /// # Errors
    /// All mistakes of the file.
    pub fn parse(path: &str, source: &str) -> Result<Self, BadFile> {
        read_file(path, source, |entries, diags| {
            let mut fields = Fields::new(&entries, 0..0, &shape::NAMES_FILE);
            let names = fields.take("names").cloned();
            let parameters = matrix::parameters(fields.table("parameters", diags));
            fields.finish(diags);
            let names = names
                .and_then(|n| n.entries().map(<[Entry]>::to_vec))
                .unwrap_or_default();
            let set: BTreeSet<&str> = names.iter().map(|e| e.key.as_str()).collect();
            define(&names, &set, diags);
            Some(Self { names, parameters })
        })
    }
}

/// A file and the cases it makes for one subject.
#[derive(Debug)]
pub struct Scenario {
    /// Its id: the path without the ending, `/` as `.`.
    pub id: String,
    /// Its cases, in order. None where the scenario does not concern the subject.
    pub cases: Vec<Case>,
}

/// Reads one scenario file.
///
/// # Errors
/// All mistakes of the file.
pub fn parse(id: &str, path: &str, source: &str, frame: &Frame<'_>) -> Result<Scenario, BadFile> {
    read_file(path, source, |entries, diags| {
        let matrix_node = entries.iter().find(|e| e.key == "matrix").map(|e| &e.node);
        let points = matrix::points(matrix_node, diags);
        let rest: Vec<Entry> = entries
            .iter()
            .filter(|e| e.key != "matrix")
            .cloned()
            .collect();
        if let Some(sweep) = entries.iter().find(|e| e.key == "sweep")
            && matrix_node.is_some()
        {
            diags.push(
                sweep.key_span.clone(),
                "a sweep has no matrix",
                "its cases are the calls it finds",
            );
        }
        let mut cases = Vec::new();
        for point in &points {
            let mut values = point.values.clone();
            values.extend(frame.parameters.iter().cloned());
            let filled = matrix::substitute(&rest, &values, diags);
            if let Some((true, case)) = case(&filled, source, frame, diags) {
                let origin = || sweep::Origin::new(id, path, source, frame);
                cases.push(Case {
                    id: format!("{id}{}", point.suffix),
                    file: path.to_owned(),
                    sweep: case.sweep.map(|sweep| sweep.of_file(origin())),
                    ..case
                });
            }
        }
        Some(Scenario {
            id: id.to_owned(),
            cases,
        })
    })
}

/// One point of the file, and whether it concerns the subject.
fn case(
    entries: &[Entry],
    source: &str,
    frame: &Frame<'_>,
    diags: &mut Diags,
) -> Option<(bool, Case)> {
    let top = 0..source.find('\n').unwrap_or(source.len());
    let mut fields = Fields::new(entries, top, &shape::SCENARIO);
    let title = fields.need_text("title", diags).map(|(t, _)| t.to_owned());
    let rule_texts = fields.texts("rules", diags);
    let level = level(&rule_texts, frame.rules, diags);
    let tiers = Tier::ALL.map(|t| (t.word(), t));
    let needs = fields.word("needs", &tiers, diags).unwrap_or(Tier::Plain);
    let tools = super::hostile::tools(&mut fields, diags);
    let concerns = only_if(&mut fields, frame.parameters, diags);

    let own = fields
        .take("names")
        .and_then(|n| n.entries())
        .unwrap_or_default();
    let mut defined: Vec<Entry> = frame.shared.names.clone();
    defined.retain(|shared| !own.iter().any(|e| e.key == shared.key));
    defined.extend_from_slice(own);
    let set: BTreeSet<&str> = defined.iter().map(|e| e.key.as_str()).collect();
    let names = define(&defined, &set, diags);

    let explores = entries.iter().any(|e| e.key == "explore");
    let nodes = match fields.take("step") {
        Some(node) => super::crowd::written_out(list(node, diags), diags),
        None => {
            if !explores {
                fields.missing("step");
            }
            Vec::new()
        }
    };
    let mut cx = Context {
        scope: Scope {
            names: set,
            handles: BTreeSet::new(),
        },
        holds: BTreeSet::new(),
        opens: BTreeSet::new(),
        terminals: BTreeMap::new(),
        may_fail: BTreeMap::new(),
        calls_that_may_fail: BTreeSet::new(),
        labels: BTreeSet::new(),
        snapshots: BTreeSet::new(),
        needs,
        tools: tools.iter().map(String::as_str).collect(),
        rules: rule_texts.iter().map(|(r, _)| *r).collect(),
        fixtures: frame.programs.fixtures,
        company: Company::read(fields.take("subjects"), frame.programs, diags),
        injections: BTreeSet::new(),
        promised: Vec::new(),
        asks_for_calls: false,
        source,
    };
    let env = super::spawn::env(fields.take("env"), &cx.scope, diags);
    let held = sweep::held(entries, &mut cx, diags);
    let steps = step::steps(&nodes, &mut cx, diags);
    let calls = cx.asks_for_calls || !cx.injections.is_empty();
    let sweep = sweep::read(&mut fields, &held, &mut cx, diags);
    let calls = calls || sweep.is_some();
    let explore = explore::read(&mut fields, &mut cx, diags);
    let calls = calls || explores;
    let odd = steps
        .iter()
        .position(|step| !matches!(step.action, Action::Change(_)));
    if explores && let Some(odd) = odd {
        let span = nodes.get(odd).map_or(0..1, |node| node.span.clone());
        diags.push(
            span,
            "the steps before an exploration change files and do nothing else",
            "they are done anew before each order",
        );
    }
    let beside = cx.company.finish(diags);
    fields.finish(diags);
    if diags.is_empty() && !explores && !steps.iter().any(|s| judges(&s.action)) {
        diags.push(0..1, "this scenario checks nothing", "could never fail");
    }
    let case = Case {
        id: String::new(),
        file: String::new(),
        title: title?,
        rules: rule_texts.iter().map(|(r, _)| (*r).to_owned()).collect(),
        level,
        needs,
        tools,
        calls,
        controlled: false,
        sweep,
        explore,
        text: None,
        env,
        beside,
        names,
        steps,
    };
    Some((concerns, case))
}

fn judges(action: &Action) -> bool {
    match action {
        Action::ExpectProcess(_)
        | Action::ExpectFs(_)
        | Action::ExpectLock(_)
        | Action::ExpectCalls(_)
        | Action::NeverCreated { .. }
        | Action::Handshake { .. }
        | Action::Call(_) => true,
        Action::Spawn(_)
        | Action::Inject(_)
        | Action::Await { .. }
        | Action::Type { .. }
        | Action::Say { .. }
        | Action::Unwatch { .. }
        | Action::Signal { .. }
        | Action::CloseStdin { .. }
        | Action::Wait { .. }
        | Action::Hold { .. }
        | Action::Release { .. }
        | Action::Open { .. }
        | Action::Change(_)
        | Action::Mount(_)
        | Action::Umount { .. } => false,
    }
}

fn level(rules: &[(&str, Span)], known: &Rules, diags: &mut Diags) -> Level {
    let mut level = Level::Core;
    for (id, span) in rules {
        match known.get(id) {
            Some(rule) => level = level.max(rule.level),
            None => diags.unknown(span.clone(), "rule", id, &known.ids()),
        }
    }
    level
}

/// `[only-if]`: parameter by parameter, the value for which the scenario makes sense.
fn only_if(fields: &mut Fields<'_>, parameters: &Values, diags: &mut Diags) -> bool {
    let Some(inner) = fields.table("only-if", diags) else {
        return true;
    };
    let mut concerns = true;
    for entry in inner.entries() {
        let name = format!("param.{}", entry.key);
        match parameters.iter().find(|(n, _)| *n == name) {
            Some((_, value)) => concerns &= *value == entry.node.value,
            None => {
                let valid: Vec<&str> = parameters
                    .iter()
                    .filter_map(|(n, _)| n.strip_prefix("param."))
                    .collect();
                diags.unknown(entry.key_span.clone(), "parameter", &entry.key, &valid);
            }
        }
    }
    concerns
}

fn define(entries: &[Entry], set: &BTreeSet<&str>, diags: &mut Diags) -> Names {
    let scope = Scope {
        names: set.clone(),
        handles: BTreeSet::new(),
    };
    let mut names = Names::new();
    let mut spans: BTreeMap<String, Span> = BTreeMap::new();
    for entry in entries {
        if let Some(template) = super::fields::template(&entry.node, &scope, diags) {
            names.insert(entry.key.clone(), template);
            spans.insert(entry.key.clone(), entry.key_span.clone());
        }
    }
    check_cycles(&names, &spans, diags);
    names
}
