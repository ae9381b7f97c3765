//! What in a name is a day, and differs tomorrow.

use std::borrow::Cow;

/// What stands in an id for a day, and for a time of it.
const DATE: &str = "date";

/// A text with every day in it replaced: `2026-11-30`, `2026_11_30` and `20261130`, with a time that follows as in
/// `20261130T2212` and `2026-11-30-221205`. Other numbers are names: a version, a port, a uid.
pub(super) fn without(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((at, length)) = first(rest) {
        out.push_str(&rest[..at]);
        out.push_str(DATE);
        rest = &rest[at + length..];
    }
    if out.is_empty() {
        return Cow::Borrowed(text);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Where the first day begins, and how long it is with its time.
fn first(text: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    (0..bytes.len()).find_map(|at| {
        // Not in the middle of a longer number.
        if at > 0 && bytes[at - 1].is_ascii_digit() {
            return None;
        }
        let length = day(&bytes[at..])?;
        let after = &bytes[at + length..];
        let time = time(after);
        let ends = after.get(time).is_none_or(|b| !b.is_ascii_digit());
        ends.then_some((at, length + time))
    })
}

/// The length of the day that a text begins with.
fn day(text: &[u8]) -> Option<usize> {
    let number = |from: usize, to: usize| -> Option<u32> {
        let digits = text.get(from..to)?;
        let all = digits.iter().all(u8::is_ascii_digit);
        all.then(|| std::str::from_utf8(digits).ok()?.parse().ok())?
    };
    let gap = usize::from(matches!(text.get(4), Some(b'-' | b'_' | b'.')));
    if gap == 1 && text.get(4) != text.get(7) {
        return None;
    }
    let (month, day) = (4 + gap, 6 + 2 * gap);
    let is_day = (1970..=2199).contains(&number(0, 4)?)
        && (1..=12).contains(&number(month, month + 2)?)
        && (1..=31).contains(&number(day, day + 2)?);
    is_day.then_some(day + 2)
}

/// The length of the time that follows a day: six or four digits after one of `T`, `_`, `-`.
fn time(after: &[u8]) -> usize {
    let Some((b'T' | b'_' | b'-', digits)) = after.split_first() else {
        return 0;
    };
    match digits.iter().take_while(|b| b.is_ascii_digit()).count() {
        n @ (4 | 6) => 1 + n,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn days_are_told_from_other_numbers() {
        for (name, is) in [
            ("memories/2026-11-30.md", "memories/date.md"),
            ("log.20261130", "log.date"),
            ("2026_01_02-a_2026_01_03", "date-a_date"),
            ("backup-20261130T221205.json", "backup-date.json"),
            ("2026-11-30-2212.md", "date.md"),
            ("memtomem-1000", "memtomem-1000"),
            ("v2026.13.01", "v2026.13.01"),
            ("2026-11_30", "2026-11_30"),
            ("120261130", "120261130"),
            ("202611301", "202611301"),
            ("3.12.1", "3.12.1"),
            ("", ""),
        ] {
            assert_eq!(without(name), is, "{name}");
        }
    }
}
