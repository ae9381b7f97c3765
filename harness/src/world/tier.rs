//! What this host can do, found once at the start.

use std::fmt;

use crate::scenario::model::{Case, Tier};

/// What this host can do.
#[derive(Debug, Clone)]
pub struct Host {
    /// The best tier.
    pub tier: Tier,
    /// Why there is no better one.
    pub limits: Vec<Unfit>,
}

/// Why a tier is not to be had here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// The tier.
    pub tier: Tier,
    /// The reason.
    pub reason: String,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no tier `{}` here: {}", self.tier.word(), self.reason)
    }
}

impl Host {
    /// What the outcome of a trial in private namespaces says about this host.
    pub fn from_trial(trial: Result<(), String>) -> Self {
        let root = nix::unistd::geteuid().is_root();
        let ids_reason = "files of somebody else need root".to_owned();
        match trial {
            Ok(()) if root => Self {
                tier: Tier::Ids,
                limits: Vec::new(),
            },
            Ok(()) => Self {
                tier: Tier::Namespaces,
                limits: vec![Unfit {
                    tier: Tier::Ids,
                    reason: ids_reason,
                }],
            },
            Err(reason) => Self {
                tier: Tier::Plain,
                limits: [Tier::Namespaces, Tier::Ids]
                    .map(|tier| Unfit {
                        tier,
                        reason: reason.clone(),
                    })
                    .into(),
            },
        }
    }

    /// The same host, as if it could do no more than `tier`.
    pub fn at_most(mut self, tier: Tier) -> Self {
        if tier < self.tier {
            for lost in [Tier::Namespaces, Tier::Ids] {
                if lost > tier && lost <= self.tier {
                    self.limits.push(Unfit {
                        tier: lost,
                        reason: format!("this run is limited to tier `{}`", tier.word()),
                    });
                }
            }
            self.tier = tier;
        }
        self
    }

    /// The tier a case runs in, or why it cannot run.
    ///
    /// # Errors
    /// What the case needs and this host has not.
    pub fn place(&self, case: &Case) -> Result<Tier, Unfit> {
        if case.needs <= self.tier {
            return Ok(self.tier);
        }
        let known = self.limits.iter().find(|l| l.tier == case.needs).cloned();
        Err(known.unwrap_or_else(|| Unfit {
            tier: case.needs,
            reason: "not available".to_owned(),
        }))
    }
}
