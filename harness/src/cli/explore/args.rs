//! What can be typed after `pidproof explore`.

use std::path::PathBuf;

use clap::Args as ClapArgs;

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct Explore {
    /// Part of an exploration's id; without any, they are listed
    pub(in crate::cli) exploration: Vec<String>,
    /// What to judge: `reference`, or a release such as memtomem@0.1.25
    #[arg(long, default_value = "reference", value_name = "SUBJECT")]
    pub(in crate::cli) subject: String,
    /// Explorations of one's own instead of the built-in ones
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) scenarios: Option<PathBuf>,
    /// Only orders with at most so many preemptions
    #[arg(long, value_name = "N")]
    pub(in crate::cli) preemptions: Option<u32>,
    /// So many processes may be killed in an order, at any call
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(in crate::cli) kills: u32,
    /// So many orders by chance, instead of all in turn
    #[arg(long, value_name = "N", conflicts_with = "preemptions")]
    pub(in crate::cli) random: Option<u64>,
    /// The same seed makes the same choices
    #[arg(long, default_value_t = 1, value_name = "S")]
    pub(in crate::cli) seed: u64,
    /// By chance, but whoever has the highest priority goes on as long as it can; somebody falls behind all others so often
    #[arg(long, value_name = "N", requires = "random")]
    pub(in crate::cli) changes: Option<u32>,
    /// So often all at once instead, as they come, and nobody is held: what repetition finds
    #[arg(long, value_name = "N", conflicts_with_all = ["preemptions", "kills", "random", "audit", "part", "state", "write"])]
    pub(in crate::cli) at_once: Option<u64>,
    /// Then so many orders by chance, which may come to no state that was not come to; or `all`, every order by itself, which
    /// have to come to the very same states
    #[arg(long, value_name = "N", value_parser = Audit::parse, conflicts_with_all = ["preemptions", "random"])]
    pub(in crate::cli) audit: Option<Audit>,
    /// Make every step in a run, though it is known from others what it comes to
    #[arg(long)]
    pub(in crate::cli) run_all: bool,
    /// Stop after so many seconds
    #[arg(long, value_name = "SECONDS")]
    pub(in crate::cli) time: Option<u64>,
    /// Stop after so many different findings
    #[arg(long, default_value_t = 3, value_name = "N")]
    pub(in crate::cli) findings: usize,
    /// Write the order of each finding to a file in this directory
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) write: Option<PathBuf>,
    /// Only a part of the orders, such as 2/4: the second of four, which together are all
    #[arg(long, value_name = "K/N", value_parser = part, conflicts_with_all = ["random", "audit"])]
    pub(in crate::cli) part: Option<(usize, usize)>,
    /// Where it was ended early: go on with what is left in this file; it is written when an exploration ends before all is
    /// tried, and removed when all is
    #[arg(long, value_name = "FILE", conflicts_with_all = ["random", "audit"])]
    pub(in crate::cli) state: Option<PathBuf>,
    /// In how many worlds; twelve a core by default, as most of the time is spent in waiting for time to pass
    #[arg(short, long, value_name = "N")]
    pub(in crate::cli) jobs: Option<usize>,
}

/// What the states that were come to are held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Audit {
    /// So many orders by chance.
    Chance(u64),
    /// Every order.
    All,
}

impl Audit {
    fn parse(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self::All);
        }
        let many = text.parse();
        many.map(Self::Chance)
            .map_err(|_| "an audit is of so many orders, or of `all`".to_owned())
    }
}

/// `2/4`, as (1, 4).
fn part(text: &str) -> Result<(usize, usize), String> {
    let numbers = text
        .split_once('/')
        .and_then(|(part, of)| Some((part.parse::<usize>().ok()?, of.parse().ok()?)));
    match numbers {
        Some((part, of)) if (1..=of).contains(&part) => Ok((part - 1, of)),
        _ => Err("a part is K/N, with K from 1 to N".to_owned()),
    }
}
