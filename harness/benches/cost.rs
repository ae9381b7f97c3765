//! What a case costs beside the bare processes it starts, measured side by side in one run.
//!
//! `cargo bench -p pidproof --bench cost` prints medians and the ratio. The machines are noisy, so the two
//! are alternated and only the ratio travels.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use pidproof::scenario::load::Library;
use pidproof::subject;
use pidproof::suite::{Interrupt, ROLE, Ready, Subjects, find_host, run_one};

const ROUNDS: usize = 200;
const CASE: &str = "home.handshake-creates-nothing";

fn main() -> ExitCode {
    pidproof::roles::dispatch().unwrap_or_else(measure)
}

fn measure() -> ExitCode {
    let Ok(library) = Library::load(None, &Vec::new(), subject::programs()) else {
        eprintln!("the scenarios have mistakes: run `pidproof check`");
        return ExitCode::from(2);
    };
    let Some(case) = library.cases().find(|case| case.id.starts_with(CASE)) else {
        eprintln!("no case {CASE}");
        return ExitCode::from(4);
    };
    let subjects = Subjects::alone(Ready {
        commands: subject::builtin().commands,
        patience: Duration::from_secs(10),
    });
    let host = find_host();
    let interrupt = Interrupt::default();
    let (mut bare, mut judged) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        match bare_run() {
            Ok(took) => bare.push(took),
            Err(e) => {
                eprintln!("the bare server: {e}");
                return ExitCode::from(3);
            }
        }
        match run_one(case, &host, &subjects, &interrupt) {
            Some(result) if !result.verdict.is_failure() => judged.push(result.took),
            Some(result) => {
                eprintln!("{:?}", result.verdict);
                return ExitCode::from(1);
            }
            None => return ExitCode::from(130),
        }
    }
    let (bare, judged) = (median(bare), median(judged));
    println!("tier {}, {ROUNDS} rounds of {}", host.tier.word(), case.id);
    println!("bare server: start, handshake, end   {bare:>10.2?}");
    println!("the case, with its world and checks  {judged:>10.2?}");
    println!(
        "ratio                                {:>10.2}",
        judged.as_secs_f64() / bare.as_secs_f64()
    );
    ExitCode::SUCCESS
}

/// The same server, with nothing around it.
fn bare_run() -> std::io::Result<Duration> {
    let dir = tempfile::tempdir()?;
    let start = Instant::now();
    let mut server = Command::new(std::env::current_exe()?)
        .args([ROLE, pidproof::roles::REFERENCE_SERVER])
        .env_clear()
        .env("HOME", dir.path())
        .env("TMPDIR", dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let (Some(mut stdin), Some(stdout)) = (server.stdin.take(), server.stdout.take()) else {
        return Err(std::io::Error::other("a pipe is missing"));
    };
    let mut answers = BufReader::new(stdout);
    let mut line = String::new();
    stdin.write_all(
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\
          \"2024-11-05\",\"capabilities\":{},\"clientInfo\":{\"name\":\"bench\",\"version\":\"1\"}}}\n",
    )?;
    answers.read_line(&mut line)?;
    stdin.write_all(
        b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n\
          {\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\",\"params\":{}}\n",
    )?;
    answers.read_line(&mut line)?;
    drop(stdin);
    server.wait()?;
    Ok(start.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
