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
    /// Every filter matches something, but no case matches all.
    #[error("no case matches all that was asked for")]
    Nothing,
    /// Every case that matches needs releases that were not asked for.
    #[error(
        "all {0} cases that match start releases beside the subject; `--releases` selects them"
    )]
    OnlyReleases(usize),
}

fn suggest(near: Option<&str>) -> String {
    near.map(|n| format!("; did you mean `{n}`?"))
        .unwrap_or_default()
}

impl SelectionError {
    /// The exit status for it.
    pub fn exit(&self) -> Exit {
        match self {
            Self::NoMatch { .. } | Self::Nothing | Self::OnlyReleases(_) => Exit::Nothing,
            Self::BadGlob { .. } | Self::Unknown { .. } => Exit::Usage,
        }
    }
}

/// Chooses cases. Those that start releases of packages beside the subject take seconds each, so they are
/// chosen only where `releases` says so.
///
/// # Errors
/// What matched nothing.
pub(super) fn select<'a>(
    library: &'a Library,
    select: &Select,
    releases: bool,
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
    let matched = chosen.len();
    let cases: Vec<&Case> = chosen
        .into_iter()
        .filter(|case| releases || !case.needs_releases())
        .collect();
    if cases.is_empty() {
        return Err(SelectionError::OnlyReleases(matched));
    }
    let left_out = matched - cases.len();
    Ok(Selection { cases, left_out })
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
            if matches(&case.id) {
                any = true;
                *chosen = true;
            }
        }
        if !any {
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
