//! A day of the calendar, as far as an expiry needs one.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

/// A day, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// What was given is no date.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no date")]
pub struct NoDate(String);

impl Date {
    /// The day it is now.
    pub fn today() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self::after_epoch(since.map_or(0, |since| since.as_secs() / 86_400))
    }

    /// So many days after 1970-01-01.
    fn after_epoch(mut days: u64) -> Self {
        let mut year = 1970;
        loop {
            let length = if is_leap(year) { 366 } else { 365 };
            if days < length {
                break;
            }
            days -= length;
            year += 1;
        }
        let mut month = 1;
        while days >= u64::from(length(year, month)) {
            days -= u64::from(length(year, month));
            month += 1;
        }
        Self {
            year,
            month,
            day: u8::try_from(days).unwrap_or_default() + 1,
        }
    }
}

impl FromStr for Date {
    type Err = NoDate;

    fn from_str(text: &str) -> Result<Self, NoDate> {
        let fail = || NoDate(text.to_owned());
        let parts: Vec<&str> = text.split('-').collect();
        let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        let digits = parts.concat().bytes().all(|b| b.is_ascii_digit());
        let ([year, month, day], [4, 2, 2], true) = (parts.as_slice(), lengths.as_slice(), digits)
        else {
            return Err(fail());
        };
        let date = Self {
            year: year.parse().map_err(|_| fail())?,
            month: month.parse().map_err(|_| fail())?,
            day: day.parse().map_err(|_| fail())?,
        };
        let there = (1..=12).contains(&date.month)
            && (1..=length(date.year, date.month)).contains(&date.day);
        if there { Ok(date) } else { Err(fail()) }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day } = self;
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn length(year: u16, month: u8) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_over_leap_years() {
        for (days, date) in [
            (0, "1970-01-01"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (20_453, "2025-12-31"),
            (20_454, "2026-01-01"),
        ] {
            assert_eq!(Date::after_epoch(days).to_string(), date);
        }
        assert!(Date::today() > "2025-01-01".parse().unwrap());
    }

    #[test]
    fn what_is_no_day_is_refused() {
        assert_eq!(
            "2024-02-29".parse::<Date>().unwrap().to_string(),
            "2024-02-29"
        );
        for text in [
            "",
            "2025-02-29",
            "2025-13-01",
            "2025-1-1",
            "01-01-2025",
            "+025-01-01",
            "soon",
        ] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
    }
}
