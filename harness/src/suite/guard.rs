//! The guard: a process between the suite and a case's world that survives neither.
//!
//! The suite holds the write end of the guard's standard input. When it closes, on purpose or because
//! the suite was killed, the guard ends everything below it and removes what was made. The engine is the
//! guard's only child; in private namespaces it is pid 1, and all ends with it.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde::{Deserialize, Serialize};

use super::line::Word;
use super::{ROLE, TRIAL};
use crate::engine::shell::Streams;
use crate::engine::stage::Stage;
use crate::engine::trial::calls_are_told;
use crate::engine::{Engine, Job, Outcome};
use crate::judge::Verdict;
use crate::orders::{Limits, Ran, Task};
use crate::scenario::model::Tier;
use crate::sys::fork;
use crate::sys::pidfd::End;
use crate::world::{self, World};

/// What the suite tells a guard.
#[derive(Debug, Serialize, Deserialize)]
pub enum Order {
    /// Make a world of this tier and end: can this host do it?
    Try(Tier),
    /// Run a case in a world of this tier.
    Run(Box<Job>, Tier),
    /// Run orders of an exploration, one after another, as they come in.
    Explore(Box<Job>, Tier, Limits),
}

/// What a guard tells the suite.
#[derive(Debug, Serialize, Deserialize)]
pub enum Report {
    /// The world could be made; and whether calls are told in it, or why not.
    Fit(Result<(), String>),
    /// It could not.
    Unfit(String),
    /// What became of the case.
    Ran(Box<Outcome>),
}

/// The guard's `main`.
pub fn main() -> ExitCode {
    match guard() {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("pidproof guard: {e}");
            ExitCode::from(1)
        }
    }
}

fn guard() -> io::Result<()> {
    // Out of the terminal's process group: Ctrl-C goes to the suite, which then closes the lifeline.
    nix::unistd::setsid()?;
    let order = read_order()?;
    let tier = match &order {
        Order::Try(tier) | Order::Run(_, tier) | Order::Explore(_, tier, _) => *tier,
    };
    let exe = std::env::current_exe()?;
    // The suite's, as long as they can be seen.
    let streams = match &order {
        Order::Run(job, _) if job.stop.is_some() => {
            Some(Streams::of(nix::unistd::getppid().as_raw())?)
        }
        Order::Run(..) | Order::Explore(..) | Order::Try(_) => None,
    };
    if tier == Tier::Plain {
        guard_plain(&order, &exe, streams.as_ref())
    } else {
        if let Err(e) = world::enter() {
            return tell(&Report::Unfit(e.to_string()));
        }
        let engine = fork::split(|| {
            let shown = shown(&order);
            serve(&order, World::private(tier, &exe, &shown), streams.as_ref())
        })?;
        watch_over(&engine)
    }
}

fn guard_plain(order: &Order, exe: &Path, streams: Option<&Streams>) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    // Orphans of the case come to the guard, and not to init where nobody would find them.
    nix::sys::prctl::set_child_subreaper(true)?;
    let dir = tempfile::Builder::new()
        .prefix("pidproof-")
        .permissions(std::fs::Permissions::from_mode(0o755))
        .tempdir()?;
    let root = dir.path().to_path_buf();
    let engine = fork::split(|| {
        nix::sys::prctl::set_child_subreaper(true).ok();
        serve(order, World::plain(&root, exe), streams)
    })?;
    let watched = watch_over(&engine);
    end_descendants()?;
    remove_tree(dir)?;
    watched
}

/// A case may leave directories that only their owner could enter, and that nobody can.
fn remove_tree(dir: tempfile::TempDir) -> io::Result<()> {
    let root = dir.keep();
    if std::fs::remove_dir_all(&root).is_ok() {
        return Ok(());
    }
    open_up(&root)?;
    std::fs::remove_dir_all(&root)
}

fn open_up(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))?;
    for item in std::fs::read_dir(dir)? {
        let item = item?;
        if item.file_type()?.is_dir() {
            open_up(&item.path())?;
        }
    }
    Ok(())
}

/// In the engine's process: does the work and tells what came of it.
fn serve(order: &Order, world: Result<World, world::BuildError>, streams: Option<&Streams>) -> i32 {
    let report = match (order, world) {
        (Order::Explore(job, _, limits), world) => {
            return i32::from(explore(job, *limits, world).is_err());
        }
        (Order::Try(_), Ok(world)) => Report::Fit(calls_are_told(&world, &[ROLE, TRIAL])),
        (Order::Try(_), Err(e)) => Report::Unfit(e.to_string()),
        (Order::Run(job, _), Ok(world)) => {
            Report::Ran(Box::new(Engine::run_on(job, &world, streams)))
        }
        (Order::Run(..), Err(e)) => Report::Ran(Box::new(Outcome {
            verdict: Verdict::Broken(format!("making the world: {e}")),
            evidence: crate::engine::Evidence::default(),
        })),
    };
    match tell(&report) {
        Ok(()) => 0,
        Err(_) => 1,
    }
}

/// Orders come in and what became of them goes out, each with its length before it, until no more come.
fn explore(job: &Job, limits: Limits, world: Result<World, world::BuildError>) -> io::Result<()> {
    let world = world.map_err(|e| format!("making the world: {e}"));
    let stage = world.as_ref().map_err(Clone::clone);
    let mut stage = stage.and_then(|world| Stage::new(job, world, limits));
    let (mut stdin, mut out) = (io::stdin().lock(), io::stdout().lock());
    while let Some(task) = super::frames::receive::<Task>(&mut stdin)? {
        let mut turn = |is_mine: bool| {
            let word = if is_mine { Word::Wakes } else { Word::Waits };
            super::frames::send(&mut out, &word)?;
            if is_mine {
                super::frames::receive::<()>(&mut stdin)?;
            }
            Ok(())
        };
        let ran = match &mut stage {
            Ok(stage) => stage.run(&task, &mut turn),
            Err(why) => Ran::broken(why.clone()),
        };
        super::frames::send(&mut out, &Word::Ran(Box::new(ran)))?;
    }
    Ok(())
}

fn shown(order: &Order) -> Vec<PathBuf> {
    match order {
        Order::Try(_) => Vec::new(),
        Order::Run(job, _) | Order::Explore(job, ..) => {
            let all = std::iter::once(&job.commands).chain(job.beside.values());
            all.flat_map(|commands| commands.shown.clone()).collect()
        }
    }
}

/// Waits for the engine to end, or ends it when the suite is gone.
fn watch_over(engine: &fork::Started) -> io::Result<()> {
    let stdin = io::stdin();
    loop {
        let mut fds = [
            PollFd::new(engine.pidfd.as_fd(), PollFlags::POLLIN),
            // Its end only: what comes in by it is for the engine.
            PollFd::new(stdin.as_fd(), PollFlags::empty()),
        ];
        poll(&mut fds, PollTimeout::NONE)?;
        if fds[0].any().unwrap_or(false) {
            break;
        }
        if fds[1].any().unwrap_or(false) {
            engine.pidfd.signal(libc::SIGKILL)?;
            break;
        }
    }
    match engine.pidfd.wait()? {
        Some(End::Code(0)) | None => Ok(()),
        Some(End::Code(code)) => Err(io::Error::other(format!(
            "the engine ended with status {code}"
        ))),
        Some(End::Signal(signal)) => Err(io::Error::other(format!(
            "the engine was ended by signal {signal}"
        ))),
    }
}

/// Kills what the case left behind, generation by generation: an orphan's children become the guard's.
fn end_descendants() -> io::Result<()> {
    loop {
        let me = std::process::id();
        let children = std::fs::read_to_string(format!("/proc/{me}/task/{me}/children"))?;
        let pids: Vec<i32> = children
            .split_whitespace()
            .filter_map(|p| p.parse().ok())
            .collect();
        if pids.is_empty() {
            return Ok(());
        }
        for pid in pids {
            let child = crate::sys::pidfd::PidFd::open(nix::unistd::Pid::from_raw(pid))?;
            child.signal(libc::SIGKILL)?;
            child.wait()?;
        }
    }
}

fn read_order() -> io::Result<Order> {
    let order = super::frames::receive(&mut io::stdin())?;
    order.ok_or_else(|| io::Error::other("no order came"))
}

fn tell(report: &Report) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, report).map_err(io::Error::other)?;
    out.flush()
}
