//! What it costs that calls are told, measured side by side in one run: only the ratios travel.
//!
//! `cargo bench -p pidproof --bench calls [memtomem@0.1.25]`: one open and close in a loop, bare, told, and under strace where there is
//! one; then whole runs of the reference, and of a subject that is named. All of it on one core, as cases with told calls are; so
//! processor time, of this process and all that it starts, is what a quiet machine would need by the clock.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::rc::Rc;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use pidproof::engine::Commands;
use pidproof::process::{Child, Ready, Wiring, pump};
use pidproof::subject;
use pidproof::supervise::{Places, Scope, Supervisor, filter, stay_on_this_core};
use pidproof::sys::birth::Birth;
use pidproof::sys::fork::Plan;
use pidproof::sys::seccomp::Filter;
use pidproof::world::find_tool;

const ROUNDS: usize = 60;
const FEW_ROUNDS: usize = 7;
const OPENS: usize = 20_000;
const LOOP: &str = "open-and-close";
const PATIENCE: Duration = Duration::from_secs(120);
const TALK: [&str; 2] = [
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2024-11-05\",\
     \"capabilities\":{},\"clientInfo\":{\"name\":\"bench\",\"version\":\"1\"}}}\n",
    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n\
     {\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\",\"params\":{}}\n",
];

fn main() -> ExitCode {
    if let Some(code) = pidproof::roles::dispatch() {
        return code;
    }
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let done = match args.next() {
        Some(word) if word == LOOP => open_and_close(args.next().unwrap_or_default().as_ref()),
        subject => measure(subject.as_deref()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("{e}");
            ExitCode::from(1)
        }
    }
}

type Done = Result<(), Box<dyn std::error::Error>>;

fn measure(named: Option<&str>) -> Done {
    stay_on_this_core()?;
    one_call()?;
    whole_runs("reference", &subject::builtin().commands, ROUNDS)?;
    if let Some(name) = named {
        whole_runs(name, &subject::find(name)?.commands, FEW_ROUNDS)?;
    }
    Ok(())
}

/// The measured loop: an open that writes is told in each scope, and a close is not in `Scope::Changes`.
fn open_and_close(path: &Path) -> Done {
    for _ in 0..OPENS {
        drop(OpenOptions::new().write(true).open(path)?);
    }
    Ok(())
}

fn one_call() -> Done {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("file");
    drop(File::create(&path)?);
    let exe = std::env::current_exe()?;
    let argv =
        [exe.as_os_str(), LOOP.as_ref(), path.as_os_str()].map(|arg| arg.as_bytes().to_vec());
    let filter = Rc::new(filter(Scope::Changes));
    let (mut bare, mut told, mut traced) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..FEW_ROUNDS {
        for (filter, times) in [(None, &mut bare), (Some(&filter), &mut told)] {
            let before = processor_time()?;
            let mut run = Run::start(&argv, &BTreeMap::new(), dir.path(), filter)?;
            run.until(|child| child.end.is_some())?;
            times.push(processor_time()? - before);
        }
        if let Some(strace) = find_tool("strace") {
            let before = processor_time()?;
            let status = Command::new(strace)
                .args([
                    "-f",
                    "--seccomp-bpf",
                    "-e",
                    "trace=openat",
                    "-o",
                    "/dev/null",
                ])
                .arg(&exe)
                .arg(LOOP)
                .arg(&path)
                .status()?;
            assert!(status.success(), "strace: {status}");
            traced.push(processor_time()? - before);
        }
    }
    let bare = median(bare);
    let each = |took: Duration| took / u32::try_from(OPENS).unwrap_or(u32::MAX);
    println!("open and close, bare                 {:>10.2?}", each(bare));
    for (what, times) in [
        ("told, with its path", told),
        ("strace -f --seccomp-bpf", traced),
    ] {
        if !times.is_empty() {
            let took = median(times);
            println!(
                "  {what:<35}{:>10.2?}  ratio {:.2}",
                each(took),
                ratio(took, bare)
            );
        }
    }
    Ok(())
}

/// Start, handshake, end.
fn whole_runs(name: &str, commands: &Commands, rounds: usize) -> Done {
    let exe = std::env::current_exe()?;
    let argv: Vec<Vec<u8>> = commands
        .server
        .iter()
        .map(|arg| match arg.as_str() {
            "@self" => exe.as_os_str().as_bytes().to_vec(),
            arg => arg.as_bytes().to_vec(),
        })
        .collect();
    let scopes = [
        ("bare", None),
        ("told: everything", Some(Rc::new(filter(Scope::Everything)))),
        ("told: changes", Some(Rc::new(filter(Scope::Changes)))),
    ];
    let mut times = scopes.each_ref().map(|_| Vec::new());
    let mut calls = [0; 3];
    for _ in 0..rounds {
        for ((at, times), calls) in scopes.iter().zip(&mut times).zip(&mut calls) {
            let dir = tempfile::tempdir()?;
            let start = processor_time()?;
            let mut run = Run::start(&argv, &commands.env, dir.path(), at.1.as_ref())?;
            for (line, talk) in (1..).zip(TALK) {
                run.child.send(talk.as_bytes());
                run.until(|child| child.stdout().iter().filter(|b| **b == b'\n').count() >= line)?;
            }
            run.child.close_stdin()?;
            run.until(|child| child.end.is_some())?;
            times.push(processor_time()? - start);
            *calls = run.supervisor.counts().map(|(_, _, times)| times).sum();
        }
    }
    let medians = times.map(median);
    for (((what, _), took), calls) in scopes.iter().zip(medians).zip(calls) {
        println!(
            "{name}: {what:<24} {took:>10.2?}  ratio {:.2}, {calls} calls",
            ratio(took, medians[0])
        );
    }
    Ok(())
}

/// A process and whoever answers its calls.
struct Run {
    child: Child,
    supervisor: Supervisor,
}

impl Run {
    fn start(
        argv: &[Vec<u8>],
        env: &BTreeMap<String, String>,
        dir: &Path,
        filter: Option<&Rc<Filter>>,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let home = dir.display();
        let mut all = vec![
            format!("HOME={home}"),
            format!("TMPDIR={home}"),
            "PATH=/usr/local/bin:/usr/bin:/bin".to_owned(),
        ];
        all.extend(env.iter().map(|(key, value)| format!("{key}={value}")));
        let plan = Plan {
            argv: argv
                .iter()
                .cloned()
                .map(CString::new)
                .collect::<Result<_, _>>()?,
            env: all
                .into_iter()
                .map(CString::new)
                .collect::<Result<_, _>>()?,
            cwd: CString::new(dir.as_os_str().as_bytes())?,
            umask: 0o022,
            ids: None,
            limits: Vec::new(),
            birth: Birth::default(),
            filter: filter.cloned(),
        };
        let wiring = Wiring {
            stdin: true,
            terminal: [false; 3],
        };
        let places = Places::new(vec![(dir.to_owned(), "${tmp}".to_owned())]);
        let mut supervisor = Supervisor::new(places, Instant::now());
        let mut child = Child::spawn(&plan, wiring)?;
        if let Some(gate) = child.take_gate() {
            supervisor.add("it", child.pid, gate);
        }
        Ok(Self { child, supervisor })
    }

    fn until(&mut self, is_done: impl Fn(&Child) -> bool) -> io::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !is_done(&self.child) {
            let child = std::iter::once(&mut self.child);
            if pump(child, None, &mut self.supervisor, deadline)? == Ready::Deadline {
                return Err(io::Error::other("it takes too long"));
            }
        }
        Ok(())
    }
}

/// Of this process and of all that has ended below it.
fn processor_time() -> nix::Result<Duration> {
    let mut sum = Duration::ZERO;
    for who in [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_CHILDREN] {
        let used = getrusage(who)?;
        for time in [used.user_time(), used.system_time()] {
            let micros = time.num_microseconds();
            sum += Duration::from_micros(u64::try_from(micros).unwrap_or(0));
        }
    }
    Ok(sum)
}

fn ratio(took: Duration, bare: Duration) -> f64 {
    took.as_secs_f64() / bare.as_secs_f64()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
