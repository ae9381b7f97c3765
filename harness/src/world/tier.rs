//! What this host can do, found once at the start.

use std::fmt;
use std::path::{Path, PathBuf};

use nix::unistd::AccessFlags;

use crate::scenario::model::{Case, Tier};

/// What this host can do.
#[derive(Debug, Clone)]
pub struct Host {
    /// The best tier.
    pub tier: Tier,
    /// Why there is no better one.
    pub limits: Vec<Unfit>,
    /// Whether the system calls of its processes can be told, or why not.
    pub calls: Result<(), String>,
}

/// What a case needs and this host has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// A tier of isolation.
    Tier {
        /// The tier.
        tier: Tier,
        /// Why it is not to be had.
        reason: String,
    },
    /// A program of others.
    Tool(String),
    /// System calls that are told, and why they are not.
    Calls(String),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tier { tier, reason } => write!(f, "no tier `{}` here: {reason}", tier.word()),
            Self::Tool(name) => write!(f, "no `{name}` here: it is not in {PATH}"),
            Self::Calls(reason) => write!(f, "no system calls are told here: {reason}"),
        }
    }
}

/// Where the processes of a world find programs, and so where a tool must be.
pub const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The program `name` of the host, if it has it. A world shows it at the same path.
pub fn find_tool(name: &str) -> Option<PathBuf> {
    PATH.split(':')
        .map(|dir| Path::new(dir).join(name))
        .find(|path| is_program(path))
}

/// Whether there is something that can be executed.
pub fn is_program(path: &Path) -> bool {
    nix::unistd::access(path, AccessFlags::X_OK).is_ok()
}

impl Host {
    /// What the outcome of a trial in private namespaces, and that of a trial of calls, say about this host.
    pub fn from_trial(trial: Result<(), String>, calls: Result<(), String>) -> Self {
        let root = nix::unistd::geteuid().is_root();
        let ids_reason = "files of somebody else need root".to_owned();
        let (tier, limits) = match trial {
            Ok(()) if root => (Tier::Ids, Vec::new()),
            Ok(()) => (
                Tier::Namespaces,
                vec![Unfit::Tier {
                    tier: Tier::Ids,
                    reason: ids_reason,
                }],
            ),
            Err(reason) => (
                Tier::Plain,
                [Tier::Namespaces, Tier::Ids]
                    .map(|tier| Unfit::Tier {
                        tier,
                        reason: reason.clone(),
                    })
                    .into(),
            ),
        };
        Self {
            tier,
            limits,
            calls,
        }
    }

    /// The same host, as if it could do no more than `tier`.
    pub fn at_most(mut self, tier: Tier) -> Self {
        if tier < self.tier {
            for lost in [Tier::Namespaces, Tier::Ids] {
                if lost > tier && lost <= self.tier {
                    self.limits.push(Unfit::Tier {
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
        if case.needs > self.tier {
            let of_tier = |l: &&Unfit| matches!(l, Unfit::Tier { tier, .. } if *tier == case.needs);
            let known = self.limits.iter().find(of_tier).cloned();
            return Err(known.unwrap_or_else(|| Unfit::Tier {
                tier: case.needs,
                reason: "not available".to_owned(),
            }));
        }
        if let (true, Err(reason)) = (case.calls, &self.calls) {
            return Err(Unfit::Calls(reason.clone()));
        }
        match case.tools.iter().find(|tool| find_tool(tool).is_none()) {
            Some(tool) => Err(Unfit::Tool(tool.clone())),
            None => Ok(self.tier),
        }
    }
}
