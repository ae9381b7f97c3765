//! Choosing cases. Nothing chosen, and a name that matches nothing, are errors.

use globset::Glob;

use super::Exit;
use super::args::Select;
use crate::scenario::diag::nearest;
use crate::scenario::load::Library;
use crate::scenario::model::Case;

/// The chosen cases, in order.
#[derive(Debug)]
pub struct Selection<'a> {
    /// Those to run.
    pub cases: Vec<&'a Case>,
    /// How many more match what was asked for, and need releases that were not asked for.
    pub left_out: usize,
    /// How many sweeps match what was asked for, and were not asked for.
    pub sweeps_left_out: usize,
}

/// What takes longer, and so is run where it is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Also {
    /// Cases that start releases of packages beside the subject: seconds each.
    pub releases: bool,
    /// Sweeps: hundreds of cases each. One that a filter names is asked for by that.
    pub sweeps: bool,
}

/// Why nothing could be chosen.
#[derive(Debug, thiserror::Error)]
pub enum SelectionError {
    /// A filter that matches no case.
    #[error("no case matches `{filter}`{}; `pidproof list` shows them all", suggest(.near.as_deref()))]
    NoMatch {
        /// The filter.
        filter: String,
        /// A case it may have meant.
        near: Option<String>,
    },
    /// A filter that is a rule.
    #[error(
        "no case is called `{0}`, which is a rule; `--rule {0}` selects the cases that judge it"
    )]
    IsRule(String),
    /// A glob that is none.
    #[error("`{filter}` is no glob: {why}")]
    BadGlob {
        /// The filter.
        filter: String,
        /// What is wrong with it.
        why: String,
    },
    /// A rule or family the contract does not have.
    #[error("no {what} is called `{name}`{}", suggest(.near.as_deref()))]
    Unknown {
        /// Rule or family.
        what: &'static str,
        /// What was typed.
        name: String,
        /// What was likely meant.
        near: Option<String>,
    },
    /// Nothing that was asked for failed the last time.
    #[error("nothing that was asked for failed the last time that {0} was judged here")]
    NothingFailed(String),
    /// Every filter matches something, but no case matches all.
    #[error("no case matches all that was asked for")]
    Nothing,
    /// Every case that matches needs releases that were not asked for.
    #[error(
        "all {0} cases that match start releases beside the subject; `--releases` selects them"
    )]
    OnlyReleases(usize),
    /// Every case that matches is a sweep, and none was asked for.
    #[error("all {0} cases that match are sweeps, or need releases; `--sweeps` selects them")]
    OnlySweeps(usize),
}

fn suggest(near: Option<&str>) -> String {
    near.map(|n| format!("; did you mean `{n}`?"))
        .unwrap_or_default()
}

impl SelectionError {
    /// The exit status for it.
    pub fn exit(&self) -> Exit {
        match self {
            Self::NoMatch { .. }
            | Self::IsRule(_)
            | Self::Nothing
            | Self::NothingFailed(_)
            | Self::OnlyReleases(_)
            | Self::OnlySweeps(_) => Exit::Nothing,
            Self::BadGlob { .. } | Self::Unknown { .. } => Exit::Usage,
        }
    }
}

/// Chooses cases.
///
/// # Errors
/// What matched nothing.
pub(super) fn select<'a>(
    library: &'a Library,
    select: &Select,
    also: Also,
) -> Result<Selection<'a>, SelectionError> {
    let rules = library.rules.ids();
    for rule in &select.rule {
        known("rule", rule, &rules)?;
    }
    let families: Vec<&str> = library.rules.iter().map(|r| r.family()).collect();
    for family in &select.family {
        known("family", family, &families)?;
    }
    let all: Vec<&Case> = library.cases().collect();
    let by_name = matching(&all, &select.filter, select.exact)?;
    let family_of = |rule: &str| rule.split('-').next().unwrap_or_default().to_owned();
    let chosen: Vec<&Case> = by_name
        .into_iter()
        .filter(|c| select.rule.is_empty() || c.rules.iter().any(|r| select.rule.contains(r)))
        .filter(|c| {
            select.family.is_empty()
                || c.rules
                    .iter()
                    .any(|r| select.family.contains(&family_of(r)))
        })
        .filter(|c| select.level.is_none_or(|level| c.level == level.into()))
        .collect();
    if chosen.is_empty() {
        return Err(SelectionError::Nothing);
    }
    let named = !select.filter.is_empty()
        && (chosen.iter().all(|case| case.sweep.is_some())
            || select.filter.iter().any(|filter| filter.contains("sweep")));
    let sweeps = also.sweeps || named;
    let (cases, left): (Vec<&Case>, Vec<&Case>) = chosen.into_iter().partition(|case| {
        (also.releases || !case.needs_releases()) && (sweeps || case.sweep.is_none())
    });
    if cases.is_empty() && left.iter().all(|case| case.needs_releases()) {
        return Err(SelectionError::OnlyReleases(left.len()));
    }
    if cases.is_empty() {
        return Err(SelectionError::OnlySweeps(left.len()));
    }
    let sweeps_left_out = left.iter().filter(|case| case.sweep.is_some()).count();
    Ok(Selection {
        cases,
        left_out: left.len() - sweeps_left_out,
        sweeps_left_out,
    })
}

/// The cases that match any of the filters; all where there is none. Each filter must match something.
///
/// # Errors
/// The first filter that matches nothing.
pub(super) fn matching<'a>(
    all: &[&'a Case],
    filters: &[String],
    exact: bool,
) -> Result<Vec<&'a Case>, SelectionError> {
    if filters.is_empty() {
        return Ok(all.to_vec());
    }
    let mut chosen = vec![false; all.len()];
    for filter in filters {
        let matches = matcher(filter, exact)?;
        let mut any = false;
        for (case, chosen) in all.iter().zip(&mut chosen) {
            if matches(&case.id) || is_point_of(case, filter) {
                any = true;
                *chosen = true;
            }
        }
        if !any {
            // A rule is chosen in another way.
            let rule = filter.to_uppercase();
            if all.iter().any(|case| case.rules.contains(&rule)) {
                return Err(SelectionError::IsRule(rule));
            }
            let ids: Vec<&str> = all.iter().map(|c| c.id.as_str()).collect();
            return Err(SelectionError::NoMatch {
                filter: filter.clone(),
                near: nearest(filter, &ids).map(str::to_owned),
            });
        }
    }
    Ok(all
        .iter()
        .zip(chosen)
        .filter_map(|(case, chosen)| chosen.then_some(*case))
        .collect())
}

/// Whether a filter names a point of a sweep, which is not known before the sweep's steps were run.
pub(super) fn is_point_of(case: &Case, filter: &str) -> bool {
    let rest = filter.strip_prefix(case.id.as_str());
    case.sweep.is_some() && rest.is_some_and(|rest| rest.starts_with(':'))
}

type Matcher = Box<dyn Fn(&str) -> bool>;

fn matcher(filter: &str, exact: bool) -> Result<Matcher, SelectionError> {
    let filter = filter.to_owned();
    if exact {
        return Ok(Box::new(move |id| id == filter));
    }
    if !filter.contains(['*', '?', '[', '{']) {
        return Ok(Box::new(move |id| id.contains(&filter)));
    }
    let glob = Glob::new(&filter).map_err(|e| SelectionError::BadGlob {
        why: e.kind().to_string(),
        filter: filter.clone(),
    })?;
    let glob = glob.compile_matcher();
    Ok(Box::new(move |id| glob.is_match(id)))
}

fn known(what: &'static str, name: &str, valid: &[&str]) -> Result<(), SelectionError> {
    if valid.contains(&name) {
        return Ok(());
    }
    Err(SelectionError::Unknown {
        what,
        name: name.to_owned(),
        near: nearest(&name.to_uppercase(), valid).map(str::to_owned),
    })
}
