//! `pidproof explain`.

use super::args::Explain;
use super::out::{say, wrapped};
use super::{Exit, Failure};
use crate::report::n_cases;
use crate::scenario::diag::nearest;
use crate::subject;

pub(super) fn explain(args: &Explain) -> Result<Exit, Failure> {
    let library = super::library(&subject::builtin(), None)?;
    for name in &args.rule {
        let Some(rule) = library.rules.get(&name.to_uppercase()) else {
            let ids = library.rules.ids();
            let hint = match nearest(&name.to_uppercase(), &ids) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are: {}", ids.join(", ")),
            };
            return Err(Failure::NoRule {
                name: name.clone(),
                hint,
            });
        };
        say(format_args!("{} ({})", rule.id, rule.level.word()));
        say(wrapped(&format!("  {}", rule.statement), 2));
        for (word, text) in [("why", &rule.why), ("seen", &rule.seen)] {
            if let Some(text) = text {
                say(wrapped(&format!("\n  {word}: {text}"), 2));
            }
        }
        say(format_args!("\n  judged by"));
        let mut any = false;
        for scenario in &library.scenarios {
            let Some(case) = scenario.cases.first() else {
                continue;
            };
            if case.rules.contains(&rule.id) {
                any = true;
                let cases = n_cases(scenario.cases.len());
                let line = format!("    {cases:>9}  {}: {}", case.file, case.title);
                say(wrapped(&line, 15));
            }
        }
        if !any {
            say(format_args!("    no scenario yet"));
        }
        say("");
    }
    Ok(Exit::AsExpected)
}
