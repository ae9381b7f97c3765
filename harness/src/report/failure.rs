//! The text of a failure: all of it at once, so that nobody has to run it again to understand it.

use std::fmt::Write;

use crate::judge::{Mismatch, Verdict};
use crate::scenario::rules::Rules;
use crate::suite::CaseResult;

/// Everything about a case that did not pass. `rerun` is the line that runs just it; `kept` where its
/// evidence lies.
pub fn failure(result: &CaseResult<'_>, rules: &Rules, rerun: &str, kept: Option<&str>) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _: std::fmt::Result = write_failure(&mut text, result, rules, rerun, kept);
    text
}

fn write_failure(
    out: &mut String,
    result: &CaseResult<'_>,
    rules: &Rules,
    rerun: &str,
    kept: Option<&str>,
) -> std::fmt::Result {
    let case = result.case;
    writeln!(out, "{} {}", result.verdict.word(), case.id)?;
    writeln!(out, "  {}", case.title)?;
    if let Some(point) = &result.evidence.point {
        writeln!(out, "  at {point}")?;
    }
    match &result.verdict {
        Verdict::Fail(mismatches) | Verdict::TimedOut(mismatches) => {
            for mismatch in mismatches {
                write_mismatch(out, &case.file, mismatch, rules)?;
            }
        }
        Verdict::Broken(why) => {
            writeln!(
                out,
                "\n  the suite or the host failed; nothing is known about the subject:"
            )?;
            indent(out, "    ", why)?;
        }
        Verdict::Skip(why) | Verdict::Deviates(why) | Verdict::Stale(why) => {
            indent(out, "  ", why)?
        }
        Verdict::Pass => {}
    }
    let evidence = &result.evidence;
    if !evidence.timeline.is_empty() {
        writeln!(out, "\n  timeline")?;
        for line in &evidence.timeline {
            writeln!(
                out,
                "    {:>9.1} ms  {}",
                line.at.as_secs_f64() * 1000.0,
                line.text
            )?;
        }
    }
    if !evidence.processes.is_empty() {
        writeln!(out, "\n  processes")?;
    }
    for process in &evidence.processes {
        writeln!(
            out,
            "    {} (pid {}): {}",
            process.handle, process.pid, process.end
        )?;
        for (name, stream) in [
            ("stdout", &process.stdout),
            ("stderr", &process.stderr),
            ("terminal", &process.terminal),
        ] {
            if !stream.is_empty() {
                writeln!(out, "      {name}:")?;
                indent(out, "        ", stream)?;
            }
        }
        if process.dropped > 0 {
            writeln!(
                out,
                "      and {} bytes more that were not kept",
                process.dropped
            )?;
        }
    }
    if !evidence.files.is_empty() {
        writeln!(out, "\n  files at the end")?;
        for line in &evidence.files {
            writeln!(out, "    {line}")?;
        }
        writeln!(out, "\n  locks at the end (/proc/locks)")?;
        for line in &evidence.locks {
            writeln!(out, "    {line}")?;
        }
        if evidence.locks.is_empty() {
            writeln!(out, "    none")?;
        }
    }
    if let Some(text) = &evidence.scenario {
        writeln!(out, "\n  as a scenario file of its own")?;
        indent(out, "    ", text)?;
    }
    writeln!(out, "\n  rerun: {rerun}")?;
    match kept {
        Some(dir) => writeln!(out, "  kept:  {dir}"),
        None => writeln!(
            out,
            "  kept:  nothing; --keep keeps the evidence of failed cases"
        ),
    }
}

fn write_mismatch(
    out: &mut String,
    file: &str,
    mismatch: &Mismatch,
    rules: &Rules,
) -> std::fmt::Result {
    let rule = rules.get(&mismatch.rule);
    let level = rule.map_or("no rule", |r| r.level.word());
    let statement = rule.map_or("", |r| r.statement.as_str());
    writeln!(out, "\n  {} ({level}): {statement}", mismatch.rule)?;
    writeln!(out, "    {file}:{}: {}", mismatch.line, mismatch.step)?;
    let late = if mismatch.timed_out {
        " (within the deadline)"
    } else {
        ""
    };
    writeln!(out, "    expected{late}:")?;
    indent(out, "      ", &mismatch.expected)?;
    writeln!(out, "    found:")?;
    indent(out, "      ", &mismatch.found)
}

fn indent(out: &mut String, by: &str, text: &str) -> std::fmt::Result {
    for line in text.lines() {
        writeln!(out, "{by}{line}")?;
    }
    Ok(())
}
