//! Results as GitHub Actions shows them: annotations in the log, and a summary of the step.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::record::{CaseRecord, EndRecord, Mismatch, RunRecord, Word};

/// As much as a step may say in its summary, less what the other steps of a job write before it.
const ROOM: usize = 900_000;

/// The commands that annotate a case which is not as expected: one a mismatch. `file` is where its scenario lies in
/// the repository that is built, if it lies there.
pub fn annotations(case: &CaseRecord, file: Option<&str>) -> Vec<String> {
    if !case.verdict.is_failure() {
        return Vec::new();
    }
    if case.mismatches.is_empty() {
        let title = format!("{} {}", case.verdict.text(), case.id);
        let message = case.reason.as_deref().unwrap_or_default();
        return vec![command(file, None, &title, message)];
    }
    let of = |mismatch: &Mismatch| {
        let title = format!("{} {}", mismatch.rule, case.id);
        let message = format!(
            "expected{}: {}\nfound: {}\nrerun: {}",
            if mismatch.timed_out {
                " within the deadline"
            } else {
                ""
            },
            mismatch.expected,
            mismatch.found,
            case.rerun
        );
        command(file, Some(mismatch.line), &title, &message)
    };
    case.mismatches.iter().map(of).collect()
}

fn command(file: Option<&str>, line: Option<usize>, title: &str, message: &str) -> String {
    let mut properties = Vec::new();
    if let Some(file) = file {
        properties.push(format!("file={}", property(file)));
        if let Some(line) = line {
            properties.push(format!("line={line}"));
        }
    }
    properties.push(format!("title={}", property(title)));
    format!("::error {}::{}", properties.join(","), data(message))
}

/// The text of a command is one line.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A value in a command ends at a colon or a comma too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// What has the log read as text, whatever stands in it, until [`heed`] with the same token: a subject's output may hold
/// commands of its own.
pub fn pass_over(token: &str) -> String {
    format!("::stop-commands::{token}")
}

/// What has commands in the log heeded again.
pub fn heed(token: &str) -> String {
    format!("::{token}::")
}

/// The summary of a run, in Markdown.
pub fn summary(run: &RunRecord, cases: &[CaseRecord], end: &EndRecord) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _: std::fmt::Result = write_summary(&mut out, run, cases, end);
    out
}

fn write_summary(
    out: &mut String,
    run: &RunRecord,
    cases: &[CaseRecord],
    end: &EndRecord,
) -> std::fmt::Result {
    let failures: Vec<&CaseRecord> = cases.iter().filter(|c| c.verdict.is_failure()).collect();
    let good = failures.is_empty() && cases.len() == end.selected && end.why.is_none();
    let sign = if good { "passed" } else { "FAILED" };
    writeln!(out, "## pidproof: {} {sign}\n", cell(&run.subject))?;
    if let Some(why) = &end.why {
        writeln!(out, "Nothing was judged:\n")?;
        fenced(out, why)?;
    }
    if end.interrupted {
        writeln!(
            out,
            "Interrupted: {} of {} cases were judged.\n",
            cases.len(),
            end.selected
        )?;
    }
    writeln!(out, "| passed | failed | broken | skipped | selected |")?;
    writeln!(out, "|---:|---:|---:|---:|---:|")?;
    writeln!(
        out,
        "| {} | {} | {} | {} | {} |\n",
        end.passed, end.failed, end.broken, end.skipped, end.selected
    )?;
    writeln!(
        out,
        "pidproof {} on {}, tier {}, {}\n",
        cell(&run.suite),
        cell(&run.kernel),
        cell(&run.tier),
        cell(
            run.file_system
                .as_deref()
                .unwrap_or("an unknown file system")
        ),
    )?;
    skips(out, cases)?;
    if failures.is_empty() {
        return Ok(());
    }
    writeln!(out, "### Not as expected\n")?;
    writeln!(out, "| case | came to | what |\n|---|---|---|")?;
    for (at, case) in failures.iter().enumerate() {
        let row = format!(
            "| `{}` | {} | {} |",
            cell(&case.id),
            case.verdict.text(),
            cell(&case.in_a_line())
        );
        if out.len() + row.len() > ROOM / 2 {
            return writeln!(out, "\nand {} more", failures.len() - at);
        }
        writeln!(out, "{row}")?;
    }
    writeln!(out)?;
    for (at, case) in failures.iter().enumerate() {
        let mut text = String::new();
        writeln!(
            text,
            "<details><summary><code>{}</code></summary>\n",
            cell(&case.id)
        )?;
        fenced(&mut text, case.log.as_deref().unwrap_or_default())?;
        writeln!(text, "</details>\n")?;
        if out.len() + text.len() > ROOM {
            let left = failures.len() - at;
            return writeln!(
                out,
                "The log has {left} more: a summary has no room for them."
            );
        }
        out.push_str(&text);
    }
    Ok(())
}

fn skips(out: &mut String, cases: &[CaseRecord]) -> std::fmt::Result {
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for case in cases.iter().filter(|case| case.verdict == Word::Skip) {
        *reasons
            .entry(case.reason.as_deref().unwrap_or_default())
            .or_default() += 1;
    }
    for (reason, cases) in &reasons {
        writeln!(out, "- skipped ({cases}): {}", cell(reason))?;
    }
    if !reasons.is_empty() {
        writeln!(out)?;
    }
    Ok(())
}

/// Text that is neither markup nor the end of a cell.
fn cell(text: &str) -> String {
    let mut safe = String::new();
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '|' => safe.push_str("&#124;"),
            '`' => safe.push_str("&#96;"),
            '*' => safe.push_str("&#42;"),
            '[' => safe.push_str("&#91;"),
            '\n' | '\r' => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

/// Text as it is, whatever fences stand in it.
fn fenced(out: &mut String, text: &str) -> std::fmt::Result {
    let mut fence = "```".to_owned();
    while text.contains(&fence) {
        fence.push('`');
    }
    writeln!(out, "{fence}text\n{}\n{fence}\n", text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_command_cannot_end_it() {
        let text = command(
            Some("a,b:c.toml"),
            Some(3),
            "R-1 x:y=z",
            "100%\r\n::set-env::",
        );
        assert_eq!(
            text,
            "::error file=a%2Cb%3Ac.toml,line=3,title=R-1 x%3Ay=z::100%25%0D%0A::set-env::"
        );
        assert_eq!(text.lines().count(), 1);
        // Without a file a line says nothing.
        assert_eq!(command(None, Some(3), "t", "m"), "::error title=t::m");
    }

    #[test]
    fn a_fence_is_longer_than_any_in_the_text() {
        let mut out = String::new();
        fenced(&mut out, "a\n````\nb").unwrap();
        assert!(
            out.starts_with("`````text\n") && out.ends_with("`````\n\n"),
            "{out}"
        );
    }

    #[test]
    fn a_cell_holds_no_markup() {
        assert_eq!(cell("a|b\n<c>"), "a&#124;b &lt;c&gt;");
    }
}
