//! Which releases something is said of: `">=0.1.24, <0.1.26"`.

use std::cmp::Ordering;
use std::str::FromStr;

use super::version::{NoVersion, Version};

/// Some releases of a subject.
#[derive(Debug, Clone)]
pub struct Versions(Vec<(Compared, Version)>);

/// How a release must compare with one that is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compared {
    Least,
    Most,
    More,
    Less,
    Same,
}

impl Versions {
    /// Whether a release is among them.
    pub fn hold(&self, version: &Version) -> bool {
        self.0.iter().all(|(compared, named)| {
            let order = version.cmp(named);
            match compared {
                Compared::Least => order != Ordering::Less,
                Compared::Most => order != Ordering::Greater,
                Compared::More => order == Ordering::Greater,
                Compared::Less => order == Ordering::Less,
                Compared::Same => order == Ordering::Equal,
            }
        })
    }
}

impl FromStr for Versions {
    type Err = NoVersion;

    fn from_str(text: &str) -> Result<Self, NoVersion> {
        // The longer signs first: `>` begins `>=`.
        const SIGNS: [(&str, Compared); 5] = [
            (">=", Compared::Least),
            ("<=", Compared::Most),
            ("==", Compared::Same),
            (">", Compared::More),
            ("<", Compared::Less),
        ];
        text.split(',')
            .map(|part| {
                let part = part.trim();
                let signed = SIGNS
                    .iter()
                    .find_map(|(sign, compared)| Some((*compared, part.strip_prefix(sign)?)));
                let (compared, named) = signed.unwrap_or((Compared::Same, part));
                Ok((compared, named.trim().parse()?))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_hold_together_and_a_bare_release_is_itself() {
        let hold = |versions: &str, version: &str| {
            let versions: Versions = versions.parse().unwrap();
            versions.hold(&version.parse().unwrap())
        };
        for (version, held) in [
            ("0.1.23", false),
            ("0.1.24", true),
            ("0.1.25", true),
            ("0.1.26", false),
        ] {
            assert_eq!(hold(">=0.1.24, <0.1.26", version), held, "{version}");
        }
        assert!(hold("0.1.25", "0.1.25") && !hold("0.1.25", "0.1.26"));
        assert!(hold("==1.0", "1") && !hold(">1.0", "1.0") && hold("<=1.0", "1.0"));
    }

    #[test]
    fn what_names_no_release_is_refused() {
        for text in ["", ">=", "~1.2", ">=1 <2", "1,,2", "latest"] {
            assert!(text.parse::<Versions>().is_err(), "{text}");
        }
    }
}
