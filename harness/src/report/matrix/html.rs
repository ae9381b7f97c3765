//! The table as one page that needs nothing else: no network, and no script to be read.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::{Cell, Matrix, Row, State};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// What stands before the style. The policy has the page load nothing, whatever a log holds.
const HEAD: &str = concat!(
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">",
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ",
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">",
    "<meta name=\"color-scheme\" content=\"light dark\"><title>pidproof matrix</title>",
);
const INTRODUCTION: &str = concat!(
    "<h1>pidproof matrix</h1>\n<p class=\"key\">✓ holds · ✗ broken (cases that hold / cases) · ",
    "? no case tells: timed out, skipped, failed elsewhere · – not judged. A cell leads to its cases.</p>\n",
);
const TABLE: &str = concat!(
    "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"rules and subjects\">",
    "<table><thead><tr><th scope=\"col\">rule</th>",
);
/// The filters, around the families. Hidden until the script shows them.
const FILTERS: (&str, &str) = (
    concat!(
        "<form id=\"filters\" hidden><label>family <select id=\"family\">",
        "<option value=\"\">all</option>",
    ),
    concat!(
        "</select></label> <label>level <select id=\"level\"><option value=\"\">all</option>",
        "<option>core</option><option>hardened</option></select></label> ",
        "<label><input type=\"checkbox\" id=\"differ\"> only differences</label></form>\n",
    ),
);

/// The page.
pub fn page(matrix: &Matrix) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _: Result<(), std::fmt::Error> = write_page(&mut out, matrix);
    out
}

fn write_page(out: &mut String, matrix: &Matrix) -> std::fmt::Result {
    write!(
        out,
        "{HEAD}<style>{STYLE}</style></head><body>\n{INTRODUCTION}"
    )?;
    for why in matrix.caveats() {
        writeln!(out, "<p class=\"caveat\">⚠ {}</p>", escape(&why))?;
    }
    turns(out, matrix)?;
    filters(out, matrix)?;
    out.push_str(TABLE);
    for column in &matrix.columns {
        let about = format!("{}, {}, {}", column.started, column.kernel, column.tier);
        let (about, name) = (escape(&about), escape(&column.name));
        // A release goes below its package, in small: a dozen of them fit a screen.
        let name = match name.split_once('@') {
            Some((package, release)) => format!("<small>{package}@</small>{release}"),
            None => name,
        };
        write!(out, "<th scope=\"col\" title=\"{about}\">{name}</th>")?;
    }
    out.push_str("</tr></thead>\n<tbody>");
    for (at, row) in matrix.rows.iter().enumerate() {
        table_row(out, matrix, at, row)?;
    }
    out.push_str("</tbody></table></div>\n");
    for (at, row) in matrix.rows.iter().enumerate() {
        for (column, cell) in row.cells.iter().enumerate() {
            let name = &matrix.columns[column].name;
            details(out, &format!("c{at}-{column}"), row, name, cell)?;
        }
    }
    writeln!(out, "<script>{SCRIPT}</script></body></html>")
}

/// When rules came to hold, and when they were lost; a lost one leads to its cases.
fn turns(out: &mut String, matrix: &Matrix) -> std::fmt::Result {
    let count = |of: fn(&Row) -> &Vec<usize>| matrix.rows.iter().map(|row| of(row).len()).sum();
    let (came, lost): (usize, usize) = (count(|row| &row.came), count(|row| &row.lost));
    if came + lost == 0 {
        return Ok(());
    }
    write!(
        out,
        "<details class=\"turns\"><summary>came to hold: {came}, lost: {lost}</summary><ul>"
    )?;
    for (at, row) in matrix.rows.iter().enumerate() {
        let rule = escape(&row.rule);
        for (column, about) in matrix.columns.iter().enumerate() {
            let name = escape(&about.name);
            if row.came.contains(&column) {
                write!(out, "<li>{rule} holds from {name}</li>")?;
            } else if row.lost.contains(&column) {
                write!(
                    out,
                    "<li>{rule} <a href=\"#c{at}-{column}\">lost in {name}</a></li>"
                )?;
            }
        }
    }
    out.push_str("</ul></details>\n");
    Ok(())
}

fn filters(out: &mut String, matrix: &Matrix) -> std::fmt::Result {
    let (before, after) = FILTERS;
    out.push_str(before);
    let mut families: Vec<&str> = matrix.rows.iter().map(|row| row.family.as_str()).collect();
    families.dedup();
    for family in families.into_iter().map(escape) {
        write!(out, "<option>{family}</option>")?;
    }
    out.push_str(after);
    Ok(())
}

fn table_row(out: &mut String, matrix: &Matrix, at: usize, row: &Row) -> std::fmt::Result {
    let statement = escape(row.statement.as_deref().unwrap_or_default());
    let (family, rule, level) = (escape(&row.family), escape(&row.rule), row.level);
    let differs = row.differs();
    write!(
        out,
        "<tr data-family=\"{family}\" data-level=\"{level}\" data-differs=\"{differs}\">\
         <th scope=\"row\" title=\"{statement}\">{rule}<small>{level}</small></th>"
    )?;
    for (column, cell) in row.cells.iter().enumerate() {
        let (class, sign, word) = look(cell.state);
        let text = match cell.state {
            State::Broken | State::Unclear if cell.text() != "?" => cell.text(),
            State::Holds => cell.held.to_string(),
            State::Broken | State::Unclear | State::NotJudged => String::new(),
        };
        let turn = if row.came.contains(&column) {
            "<small>came</small>"
        } else if row.lost.contains(&column) {
            "<small>lost</small>"
        } else {
            ""
        };
        let inner = format!("{sign} {text}{turn}");
        let label = format!(
            "{}, {}: {word} {text}",
            row.rule, matrix.columns[column].name
        );
        let label = escape(&label);
        if cell.cases.is_empty() {
            write!(out, "<td class=\"{class}\" title=\"{label}\">{inner}</td>")?;
        } else {
            write!(
                out,
                "<td class=\"{class}\"><a href=\"#c{at}-{column}\" id=\"t{at}-{column}\" \
                 aria-label=\"{label}, cases\">{inner}</a></td>"
            )?;
        }
    }
    out.push_str("</tr>\n");
    Ok(())
}

fn look(state: State) -> (&'static str, &'static str, &'static str) {
    match state {
        State::Holds => ("holds", "✓", "holds"),
        State::Broken => ("broken", "✗", "broken"),
        State::Unclear => ("unclear", "?", "cannot tell"),
        State::NotJudged => ("none", "–", "not judged"),
    }
}

/// What is behind a cell.
fn details(out: &mut String, id: &str, row: &Row, name: &str, cell: &Cell) -> std::fmt::Result {
    if cell.cases.is_empty() {
        return Ok(());
    }
    let Cell {
        held,
        broken,
        timed_out,
        untold,
        ..
    } = cell;
    write!(
        out,
        "<section id=\"{id}\"><h2>{} · {}</h2><p>{}</p><p>{held} hold, {broken} broken, \
         {timed_out} timed out, {untold} do not tell. <a href=\"#{}\">back to the table</a></p>",
        escape(&row.rule),
        escape(name),
        prose(row.statement.as_deref().unwrap_or_default()),
        id.replacen('c', "t", 1)
    )?;
    for case in &cell.cases {
        write!(
            out,
            "<details><summary><b>{}</b> {} <span>{}</span></summary><pre>{}</pre>\
             <p><code>{}</code></p></details>",
            case.verdict.text(),
            escape(&case.id),
            escape(&case.why),
            escape(&shortened(case.log.as_deref().unwrap_or("no log was kept"))),
            escape(&case.rerun)
        )?;
    }
    out.push_str("</section>\n");
    Ok(())
}

/// What stands between backticks is code; one without its fellow stays as it is.
fn prose(text: &str) -> String {
    let text = escape(text);
    let parts: Vec<&str> = text.split('`').collect();
    let mut out = String::new();
    for (at, part) in parts.iter().enumerate() {
        let is_last = at + 1 == parts.len();
        match at % 2 {
            0 => out.push_str(part),
            _ if is_last => {
                out.push('`');
                out.push_str(part);
            }
            _ => {
                let _: std::fmt::Result = write!(out, "<code>{part}</code>");
            }
        }
    }
    out
}

/// So much of a log from its beginning, and so much from its end, in bytes. A page has hundreds of them, and a
/// single one may have a line for each of a hundred thousand calls.
const SHOWN: (usize, usize) = (8_000, 4_000);

/// A log as far as a page can hold it: whole lines of its beginning and its end.
fn shortened(log: &str) -> Cow<'_, str> {
    let (first, last) = SHOWN;
    if log.len() <= first + last {
        return Cow::Borrowed(log);
    }
    let boundary = |at: &usize| log.is_char_boundary(*at);
    let head = &log[..(0..=first).rev().find(boundary).unwrap_or_default()];
    let head = head.rsplit_once('\n').map_or(head, |(whole, _)| whole);
    let from = (log.len() - last..log.len()).find(boundary);
    let tail = &log[from.unwrap_or(log.len())..];
    let tail = tail.split_once('\n').map_or(tail, |(_, whole)| whole);
    let out = log.len() - head.len() - tail.len();
    Cow::Owned(format!(
        "{head}\n[... {out} bytes are left out here; the results have all of it ...]\n{tail}"
    ))
}

/// As text, or the value of an attribute in double quotes. A control character is shown, and does nothing.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_backticks_is_code_and_nothing_is_lost() {
        let text = prose("`mm uninstall` and `<b>`, but ` alone");
        assert_eq!(
            text,
            "<code>mm uninstall</code> and <code>&lt;b&gt;</code>, but ` alone"
        );
    }

    #[test]
    fn a_long_log_keeps_its_beginning_and_its_end() {
        assert_eq!(shortened("short\n"), "short\n");
        let log: String = (0..5_000).map(|n| format!("line {n} ü\n")).collect();
        let text = shortened(&log);
        assert!(text.len() < 12_200, "{}", text.len());
        assert!(text.starts_with("line 0 ü\n") && text.ends_with("line 4999 ü\n"));
        assert!(text.contains("bytes are left out here"));
        // One line may be all there is.
        assert!(shortened(&"ü".repeat(20_000)).len() < 12_200);
    }
}
