//! A scenario that stands for many: the same steps with something done at each of the calls that they lead to.
//!
//! Which calls there are is found by running the steps once. Each point is then a scenario file of its own,
//! in text: what is run is what is printed when it fails.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::beside::Programs;
use super::diag::Diags;
use super::fields::{Fields, list, text};
use super::file::{Frame, Shared, parse};
use super::injection;
use super::matrix::Values;
use super::model::{Case, Step};
use super::node::{Entry, Value};
use super::rules::Rules;
use super::step::{Context, SIGNALS};

/// What is done at each call.
#[derive(Clone, Serialize, Deserialize)]
pub struct Sweep {
    /// What.
    pub kind: Kind,
    /// The process whose calls they are.
    pub of: String,
    /// The only paths that are swapped, or calls on which fail, as the log of calls names them; all that the process
    /// names, where none is said.
    pub paths: Vec<String>,
    /// What is put in their place, by name; all there is, where nothing is said.
    pub swaps: Vec<String>,
    /// What a later step can refer to of what is done while a call is held: handles and labels.
    pub makes: Vec<String>,
    /// The file, for the files of the points. Only where cases are chosen, not where they run.
    #[serde(skip)]
    pub origin: Option<Arc<Origin>>,
}

/// What can be done at each call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// It fails, with each errno that it can fail with.
    Errors,
    /// The process gets each of these signals: by name and number.
    Kill(Vec<(String, i32)>),
    /// What was looked at before is another thing when it is used.
    Windows,
    /// It is held while the sweep's own steps are done.
    Stall,
}

/// The words for them.
pub(super) const KINDS: [&str; 4] = ["errors", "kill", "windows", "stall"];

/// What a path can be swapped for: a link, one open to all, another owner's, another inode, a fifo, nothing.
pub const SWAPS: [&str; 6] = ["link", "loose", "foreign", "copy", "fifo", "gone"];

/// A sweep's file, and all it takes to read it again with one point of it.
#[derive(Debug)]
pub struct Origin {
    id: String,
    path: String,
    before: String,
    held: String,
    after: String,
    says_needs: bool,
    lines: i64,
    rules: Rules,
    shared: Shared,
    parameters: Values,
    programs: Programs,
}

/// What is said of it in a file; the file itself is left out.
impl std::fmt::Debug for Sweep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            kind,
            of,
            paths,
            swaps,
            makes,
            ..
        } = self;
        f.debug_struct("Sweep")
            .field("kind", kind)
            .field("of", of)
            .field("paths", paths)
            .field("swaps", swaps)
            .field("makes", makes)
            .finish_non_exhaustive()
    }
}

impl Sweep {
    /// Whether something is to be done at this path.
    pub fn is_about(&self, path: &str) -> bool {
        self.paths.is_empty() || self.paths.iter().any(|only| only == path)
    }

    pub(super) fn of_file(self, origin: Origin) -> Self {
        Self {
            origin: Some(Arc::new(origin)),
            ..self
        }
    }
}

impl Origin {
    pub(super) fn new(id: &str, path: &str, source: &str, frame: &Frame<'_>) -> Self {
        let (mut before, mut held, mut after) = (String::new(), String::new(), String::new());
        let mut in_sweep = false;
        for line in source.lines() {
            if line.starts_with('[') {
                in_sweep = line.starts_with("[sweep") || line.starts_with("[[sweep");
            }
            let part = if in_sweep {
                &mut held
            } else if after.is_empty() && line.trim() != "[[step]]" {
                &mut before
            } else {
                &mut after
            };
            part.push_str(line);
            part.push('\n');
        }
        let held = match held.find("[[sweep.do]]") {
            Some(at) => held[at..].replace("[[sweep.do]]", "[[step.do]]"),
            None => String::new(),
        };
        Self {
            id: id.to_owned(),
            path: path.to_owned(),
            says_needs: before.lines().any(|line| line.starts_with("needs")),
            lines: i64::try_from(source.lines().count()).unwrap_or(0),
            before,
            held,
            after,
            rules: frame.rules.clone(),
            shared: frame.shared.clone(),
            parameters: frame.parameters.clone(),
            programs: frame.programs,
        }
    }

    /// The steps that are done while a call is held, as they stand in the file.
    pub fn held(&self) -> &str {
        &self.held
    }

    /// The file with one step before all others. `needs` is what that step needs of the host, if the file
    /// itself does not say.
    pub fn with(&self, step: &str, needs: Option<&str>) -> String {
        let needs = needs.filter(|_| !self.says_needs);
        let needs = needs.map(|tier| format!("needs = \"{tier}\"\n"));
        format!(
            "{}{}{step}\n{}",
            needs.unwrap_or_default(),
            self.before,
            self.after
        )
    }

    /// The case that such a file makes. Its steps keep their lines in the sweep's own file.
    ///
    /// # Errors
    /// The mistakes in it: a sweep makes none.
    pub fn case(&self, point: &str, text: String) -> Result<Case, String> {
        let frame = Frame {
            rules: &self.rules,
            shared: &self.shared,
            parameters: &self.parameters,
            programs: self.programs,
        };
        let scenario = parse(&self.id, &self.path, &text, &frame).map_err(|bad| bad.render())?;
        let case = scenario.cases.into_iter().next();
        let mut case = case.ok_or("it does not concern this subject")?;
        let lines = i64::try_from(text.lines().count()).unwrap_or(0);
        let shift = lines - self.lines;
        for step in &mut case.steps {
            // Only of the sweep's own steps is the line there; the one before them has none.
            step.line = usize::try_from(i64::try_from(step.line).unwrap_or(1) - shift).unwrap_or(1);
        }
        Ok(Case {
            id: format!("{}:{point}", self.id),
            controlled: true,
            text: Some(text),
            ..case
        })
    }
}

/// `[[sweep.do]]`, which is read before all other steps, as it stands there in the file of a point: so they may
/// speak of what it makes.
pub(super) fn held<'a>(entries: &'a [Entry], cx: &mut Context<'a>, diags: &mut Diags) -> Vec<Step> {
    let sweep = entries.iter().find(|entry| entry.key == "sweep");
    let of_it = |key: &str| {
        let mut inner = sweep?.node.entries()?.iter();
        inner
            .find(|entry| entry.key == key)
            .map(|entry| &entry.node)
    };
    let of = match of_it("of").map(|node| &node.value) {
        Some(Value::Text(of)) => Some(of.as_str()),
        _ => None,
    };
    match of_it("do").map(|node| &node.value) {
        Some(Value::List(nodes)) => injection::while_held(nodes, of, cx, diags),
        // What is none is told where the sweep itself is read.
        _ => Vec::new(),
    }
}

/// `[sweep]`; `held` is what was read of its steps.
pub(super) fn read(
    fields: &mut Fields<'_>,
    held: &[Step],
    cx: &mut Context<'_>,
    diags: &mut Diags,
) -> Option<Sweep> {
    let mut inner = fields.table("sweep", diags)?;
    let of = inner.need_text("of", diags);
    if let Some((of, span)) = &of {
        injection::must_be_started(of, span.clone(), cx, diags);
    }
    let words = KINDS.map(|word| (word, word));
    let kind = match inner.word("kind", &words, diags) {
        Some("errors") => Some(Kind::Errors),
        Some("kill") => Some(Kind::Kill(signals(&mut inner, diags))),
        Some("windows") => Some(Kind::Windows),
        Some(_) => {
            if inner
                .take("do")
                .is_none_or(|node| list(node, diags).is_empty())
            {
                inner.missing("do");
            }
            Some(Kind::Stall)
        }
        None => None,
    };
    let paths = match &kind {
        Some(Kind::Windows | Kind::Errors) => inner.texts("paths", diags),
        Some(Kind::Kill(_) | Kind::Stall) | None => Vec::new(),
    };
    let swaps = match &kind {
        Some(Kind::Windows) => inner.texts("swaps", diags),
        Some(Kind::Errors | Kind::Kill(_) | Kind::Stall) | None => Vec::new(),
    };
    for (name, span) in &swaps {
        if !SWAPS.contains(name) {
            diags.unknown(span.clone(), "swap", name, &SWAPS);
        }
    }
    inner.finish(diags);
    Some(Sweep {
        paths: paths.into_iter().map(|(path, _)| path.to_owned()).collect(),
        swaps: swaps.into_iter().map(|(name, _)| name.to_owned()).collect(),
        makes: held
            .iter()
            .flat_map(Step::makes)
            .map(str::to_owned)
            .collect(),
        kind: kind?,
        of: of?.0.to_owned(),
        origin: None,
    })
}

fn signals(inner: &mut Fields<'_>, diags: &mut Diags) -> Vec<(String, i32)> {
    let Some(node) = inner.take("signals") else {
        inner.missing("signals");
        return Vec::new();
    };
    let valid: Vec<&str> = SIGNALS.iter().map(|(name, _)| *name).collect();
    let mut signals = Vec::new();
    for item in list(node, diags) {
        let Some(name) = text(item, diags) else {
            continue;
        };
        match SIGNALS.iter().find(|(known, _)| *known == name) {
            Some((name, number)) => signals.push(((*name).to_owned(), *number)),
            None => diags.unknown(item.span.clone(), "signal", name, &valid),
        }
    }
    signals
}
