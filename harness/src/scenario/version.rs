//! Version numbers, as far as choosing interpreters, constraints and deviations needs them.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A version as it was written, ordered by its numbers.
///
/// `0.6` equals `0.6.0`; a pre-release (`0.6rc1`) comes before its release. What else may follow the
/// numbers (`.post1`, `+local`) makes no difference here.
#[derive(Debug, Clone)]
pub struct Version {
    text: String,
    numbers: Vec<u64>,
    is_pre: bool,
}

/// What was given is no version.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no version")]
pub struct NoVersion(pub(super) String);

impl FromStr for Version {
    type Err = NoVersion;

    fn from_str(text: &str) -> Result<Self, NoVersion> {
        let fail = || NoVersion(text.to_owned());
        let allowed = |c: char| c.is_ascii_alphanumeric() || ".+-_!".contains(c);
        // An epoch changes the order of everything; nobody has needed one yet.
        if !text.chars().all(allowed) || text.contains('!') {
            return Err(fail());
        }
        let mut numbers = Vec::new();
        let mut rest = text;
        loop {
            let end = rest
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len());
            numbers.push(rest[..end].parse().map_err(|_| fail())?);
            let after = &rest[end..];
            match after.strip_prefix('.') {
                Some(next) if next.starts_with(|c: char| c.is_ascii_digit()) => rest = next,
                Some(_) | None => {
                    rest = after;
                    break;
                }
            }
        }
        while numbers.len() > 1 && numbers.last() == Some(&0) {
            numbers.pop();
        }
        let suffix = rest
            .trim_start_matches(['.', '-', '_'])
            .to_ascii_lowercase();
        let is_pre = ["a", "b", "c", "rc", "dev", "pre"]
            .iter()
            .any(|word| suffix.starts_with(word));
        let is_known =
            is_pre || suffix.is_empty() || suffix.starts_with("post") || rest.starts_with('+');
        if !is_known {
            return Err(fail());
        }
        Ok(Self {
            text: text.to_owned(),
            numbers,
            is_pre,
        })
    }
}

impl Version {
    /// Whether it precedes its release.
    pub fn is_pre(&self) -> bool {
        self.is_pre
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        // `false` is less than `true`, and a pre-release less than its release.
        self.numbers
            .cmp(&other.numbers)
            .then(other.is_pre.cmp(&self.is_pre))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        assert!(version("0.1.9") < version("0.1.25"));
        assert!(version("3.9.18") < version("3.12"));
        assert!(version("0.5.0") < version("0.6"));
        assert_eq!(version("0.6"), version("0.6.0"));
        assert!(version("0.6.0rc1") < version("0.6"));
        assert!(version("0.5.9") < version("0.6.0.dev3"));
        assert_eq!(version("0.1.0.post1"), version("0.1.0"));
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for text in [
            "", "x y", "v1.2", "1..2", "1.2;rm", "latest", ">=1", "1!2", "1.x",
        ] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
    }
}
