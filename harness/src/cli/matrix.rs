//! `pidproof matrix`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;

use super::args::LevelArg;
use super::out::{self, say};
use super::target::Target;
use super::{Exit, Failure, read};
use crate::report::matrix::{Matrix as Table, clean, page, table};
use crate::scenario::model::Level;
use crate::subject;

/// As wide as a table is where nobody says how wide the terminal is.
const WIDTH: usize = 80;

#[derive(Debug, ClapArgs)]
pub(super) struct Matrix {
    /// Results that `run --json` wrote, a column each; say them in the order of the releases
    #[arg(required = true, num_args = 2.., value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Only rules of which the columns say different things
    #[arg(long)]
    only_differences: bool,
    /// Only rules of this level
    #[arg(long)]
    level: Option<LevelArg>,
    /// Only rules of this family, such as LEG
    #[arg(long, value_name = "FAMILY")]
    family: Vec<String>,
    /// Write it as JSON; `-` is standard output, and what people read then goes to standard error
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write it as one HTML page, with the logs behind the cells
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

pub(super) fn matrix(args: &Matrix) -> Result<Exit, Failure> {
    let read = |path: &PathBuf| read::results(path);
    let runs: Vec<_> = args.files.iter().map(read).collect::<Result<_, _>>()?;
    let library = super::library(&subject::builtin(), None)?;
    let mut matrix = Table::new(&runs, &library.rules);
    let level = args.level.map(|level| Level::from(level).word());
    matrix.only(|row| {
        let is_it = |family: &String| family.eq_ignore_ascii_case(&row.family);
        level.is_none_or(|level| row.level == level)
            && (args.family.is_empty() || args.family.iter().any(is_it))
    });
    if matrix.rows.is_empty() {
        return Err(Failure::NoRuleLeft);
    }
    if args.only_differences {
        matrix.only(|row| row.differs());
    }
    if let Some(path) = &args.json {
        let mut text = serde_json::to_vec_pretty(&matrix).map_err(|e| fail(path, e.into()))?;
        text.push(b'\n');
        write(path, &text)?;
    }
    if let Some(path) = &args.html {
        write(path, page(&matrix).as_bytes())?;
    }
    for why in matrix.caveats() {
        anstream::eprintln!("warning: {}", clean(&why));
    }
    if matrix.rows.is_empty() {
        say("no rule differs");
        return Ok(Exit::AsExpected);
    }
    table(&matrix, width()).into_iter().for_each(say);
    Ok(Exit::AsExpected)
}

fn fail(path: &Path, source: io::Error) -> Failure {
    let path = path.to_owned();
    Failure::Unopened { path, source }
}

/// Writes a whole file; `-` is standard output.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if path.as_os_str() == "-" {
        out::people_read_stderr();
        return io::stdout().write_all(bytes).map_err(|e| fail(path, e));
    }
    Target::find(path)?.write(bytes).map_err(|e| fail(path, e))
}

/// Of the terminal, or as COLUMNS says.
pub(super) fn width() -> usize {
    let said = || std::env::var("COLUMNS").ok()?.parse().ok();
    let seen = || {
        let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
        Some(usize::from(size.ws_col)).filter(|width| *width > 0)
    };
    seen().or_else(said).unwrap_or(WIDTH)
}
