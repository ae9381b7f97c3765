//! The table for a terminal, however narrow.

use super::{Cell, Matrix, Row};

/// Lines no wider than asked, as far as the names themselves are not. Columns that do not fit beside each other stand
/// below each other.
pub fn table(matrix: &Matrix, width: usize) -> Vec<String> {
    let names: Vec<String> = matrix.columns.iter().map(|c| clean(&c.name)).collect();
    let letters: Vec<String> = (0..names.len()).map(letter).collect();
    let first = matrix
        .rows
        .iter()
        .map(|row| clean(&row.rule).len() + 1)
        .max();
    // `*` marks what is hardened.
    let first = first.unwrap_or_default().max("rule".len());
    let whole = widths(matrix, &names);
    let short = first + whole.iter().map(|w| w + 2).sum::<usize>() > width;
    let heads = if short { &letters } else { &names };
    let widths = widths(matrix, heads);
    let mut lines = Vec::new();
    for block in blocks(&widths, width.saturating_sub(first)) {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        let line = |head: &str, texts: &[String]| {
            let mut line = format!("{head:<first$}");
            for column in block.clone() {
                line.push_str(&format!("  {:>1$}", texts[column], widths[column]));
            }
            line.trim_end().to_owned()
        };
        lines.push(line("rule", heads));
        let mut family = None;
        for row in &matrix.rows {
            if family
                .replace(&row.family)
                .is_some_and(|last| *last != row.family)
            {
                lines.push(String::new());
            }
            let texts: Vec<String> = row.cells.iter().map(Cell::text).collect();
            let mark = if row.level == "core" { "" } else { "*" };
            lines.push(line(&format!("{}{mark}", clean(&row.rule)), &texts));
        }
    }
    lines.push(String::new());
    if short {
        let legend = letters.iter().zip(&names);
        lines.extend(legend.map(|(letter, name)| format!("{letter}  {name}")));
    }
    lines.push("ok holds   12/14 cases that hold   - not judged".to_owned());
    lines.push("?  timed out, skipped, failed elsewhere   * hardened".to_owned());
    lines.extend(matrix.rows.iter().filter_map(|row| turns(row, heads)));
    lines
}

/// A name from a file, with nothing in it that a terminal obeys.
pub fn clean(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c.is_control() {
            true => out.extend(c.escape_default()),
            false => out.push(c),
        }
    }
    out
}

/// When a rule came to hold, and when it was lost.
fn turns(row: &Row, heads: &[String]) -> Option<String> {
    let said = |column: usize| {
        if row.came.contains(&column) {
            Some(format!("holds from {}", heads[column]))
        } else {
            (row.lost.contains(&column)).then(|| format!("lost in {}", heads[column]))
        }
    };
    let all: Vec<String> = (0..heads.len()).filter_map(said).collect();
    (!all.is_empty()).then(|| format!("{}: {}", clean(&row.rule), all.join(", ")))
}

fn widths(matrix: &Matrix, heads: &[String]) -> Vec<usize> {
    let width = |(column, head): (usize, &String)| {
        let cells = matrix.rows.iter().map(|row| row.cells[column].text().len());
        cells.max().unwrap_or_default().max(head.chars().count())
    };
    heads.iter().enumerate().map(width).collect()
}

/// Columns that fit beside each other, at least one a block.
fn blocks(widths: &[usize], room: usize) -> Vec<std::ops::Range<usize>> {
    let mut blocks = Vec::new();
    let (mut start, mut used) = (0, 0);
    for (column, width) in widths.iter().enumerate() {
        if column > start && used + width + 2 > room {
            blocks.push(start..column);
            (start, used) = (column, 0);
        }
        used += width + 2;
    }
    blocks.push(start..widths.len());
    blocks
}

/// A to Z, then A1 and so on.
fn letter(column: usize) -> String {
    let letter = char::from(b'A' + u8::try_from(column % 26).unwrap_or_default());
    match column / 26 {
        0 => letter.to_string(),
        more => format!("{letter}{more}"),
    }
}
