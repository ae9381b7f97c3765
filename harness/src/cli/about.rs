//! What a shell and a manual know of the command: from the definition that also parses it.

use clap::{Args as ClapArgs, CommandFactory};
use clap_complete::Shell;

use super::args::Args;
use super::out::say;
use super::{Exit, Failure, complete};

#[derive(Debug, ClapArgs)]
pub(super) struct Completions {
    /// For which shell
    shell: Shell,
}

#[derive(Debug, ClapArgs)]
pub(super) struct Man {
    /// The page of this command, and not the one of all
    command: Option<String>,
}

/// `pidproof completions`.
pub(super) fn completions(args: &Completions) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "pidproof", &mut text);
    let text = complete::live(args.shell, &String::from_utf8_lossy(&text));
    say(text.trim_end());
    Ok(Exit::AsExpected)
}

/// `pidproof man`.
pub(super) fn man(args: &Man) -> Result<Exit, Failure> {
    let mut all = Args::command();
    all.build();
    let page = match &args.command {
        None => all,
        Some(name) => {
            let known = all.get_subcommands().map(|c| c.get_name().to_owned());
            let known: Vec<String> = known.collect();
            let Some(found) = all.find_subcommand(name) else {
                let (name, known) = (name.clone(), known.join(", "));
                return Err(Failure::NoCommand { name, known });
            };
            found.clone()
        }
    };
    let mut text = Vec::new();
    // The page of a command is named as it is asked for: man pidproof-run.
    let title = match &args.command {
        Some(name) => format!("pidproof-{name}"),
        None => "pidproof".to_owned(),
    };
    clap_mangen::Man::new(page)
        .title(title)
        .render(&mut text)
        .map_err(|e| Failure::CannotJudge(format!("writing the page: {e}")))?;
    say(String::from_utf8_lossy(&text).trim_end());
    Ok(Exit::AsExpected)
}
