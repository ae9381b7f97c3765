//! `pidproof model`.

use std::path::PathBuf;
use std::sync::Arc;

use super::args::Model;
use super::out::say;
use super::run::{on_interrupt, workers};
use super::{Exit, Failure};
use crate::judge::Verdict;
use crate::model::{Finding, Loser, Search};
use crate::report::failure;
use crate::scenario::load::Library;
use crate::scenario::model::Tier;
use crate::scenario::node::Value;
use crate::scenario::rules::Rules;
use crate::subject::{self, Subject};
use crate::suite::{CaseResult, Interrupt, find_host, patience};

pub(super) fn model(args: &Model) -> Result<Exit, Failure> {
    // Before any thread exists, so that all inherit it and only the waiting one gets the signal.
    let interrupt = Arc::new(Interrupt::default());
    on_interrupt(&interrupt);

    let subject = subject::find(&args.subject)?;
    if !(subject.reach.server && subject.reach.cli) {
        let why =
            "the model's actions are those of a server and a command, and this subject lacks one";
        return Err(Failure::CannotJudge(why.to_owned()));
    }
    // Parameters a profile must not fill in are told here, and the rules are needed for the report.
    let Library { rules, .. } = super::library(&subject, None)?;
    let host = find_host();
    if host.tier < Tier::Namespaces {
        let why = host.limits.first().map(ToString::to_string);
        return Err(Failure::CannotJudge(why.unwrap_or_default()));
    }
    let patience = patience(&subject.commands, &host, &interrupt).map_err(|why| {
        Failure::CannotJudge(format!(
            "{} does not start here, so there is nothing to judge\n{why}",
            subject.name
        ))
    });
    if interrupt.asked() {
        return Ok(Exit::Interrupted);
    }
    let search = Search {
        commands: &subject.commands,
        parameters: &subject.parameters,
        loser: loser(&subject),
        programs: subject::programs(),
        host: &host,
        patience: patience?,
        workers: workers(args.jobs),
        interrupt: &interrupt,
        seed: args.seed,
        sequences: args.sequences,
        length: args.length,
        findings: args.findings.max(1),
    };
    say(format_args!(
        "judging {} with {} sequences of about {} actions, seed {}",
        subject.name, args.sequences, args.length, args.seed
    ));
    let searched = search.run(|judged, failed| {
        say(format_args!(
            "{judged:>6} of {} sequences judged, {failed} not as expected",
            args.sequences
        ));
    })?;
    let mut exit = Exit::AsExpected;
    for finding in &searched.findings {
        tell(args, &subject, &rules, finding)?;
        exit = match (&finding.verdict, exit) {
            (Verdict::Broken(_) | Verdict::Skip(_), Exit::AsExpected) => Exit::CannotJudge,
            (Verdict::Broken(_) | Verdict::Skip(_), other) => other,
            _ => Exit::Broken,
        };
    }
    say(format_args!(
        "{} sequences, {} findings",
        searched.judged,
        searched.findings.len()
    ));
    Ok(if interrupt.asked() {
        Exit::Interrupted
    } else if searched.judged == 0 {
        Exit::Nothing
    } else {
        exit
    })
}

fn loser(subject: &Subject) -> Loser {
    let exits = Value::Text(Loser::Exits.word().to_owned());
    let says = |(name, value): &(String, Value)| name == "param.loser" && *value == exits;
    if subject.parameters.iter().any(says) {
        Loser::Exits
    } else {
        Loser::Secondary
    }
}

/// The finding as a failure is told, and the whole scenario that shows it.
fn tell(args: &Model, subject: &Subject, rules: &Rules, finding: &Finding) -> Result<(), Failure> {
    let name = format!("seed-{}-sequence-{}.toml", args.seed, finding.sequence);
    let path = match &args.write {
        Some(dir) => {
            let path = dir.join(&name);
            std::fs::create_dir_all(dir)
                .and_then(|()| std::fs::write(&path, &finding.text))
                .map_err(|e| Failure::CannotJudge(format!("writing {}: {e}", path.display())))?;
            path
        }
        None => PathBuf::from(&name),
    };
    let mut words = vec![
        "pidproof".to_owned(),
        "run".into(),
        path.display().to_string(),
    ];
    if subject.name != "reference" {
        words.extend(["--subject".into(), subject.name.clone()]);
    }
    let rerun =
        shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "));
    let result = CaseResult {
        case: &finding.case,
        verdict: finding.verdict.clone(),
        evidence: finding.evidence.clone(),
        took: std::time::Duration::ZERO,
    };
    let kept = path.display().to_string();
    let kept = args.write.as_ref().map_or_else(
        || format!("nothing yet; save what follows as {kept}"),
        |_| kept.clone(),
    );
    say(format_args!(
        "\nfinding: sequence {}, {} actions, {} after shrinking{}",
        finding.sequence,
        finding.found_with,
        finding.needed,
        if finding.steady {
            ""
        } else {
            "; it was not seen again when run alone, so it was not shrunk"
        }
    ));
    say(format_args!(
        "{}",
        failure(&result, rules, &rerun, Some(&kept))
    ));
    say(format_args!("{}", finding.text));
    Ok(())
}
