//! What the hunts say of the suite.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::hunt::{Hunt, scenario_of};
use crate::scenario::file::Scenario;
use crate::scenario::rules::Rules;
use crate::world::Host;

/// Something wrong with the suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Complaint {
    /// A wrong server that no rule it breaks caught.
    Survives {
        /// The defect.
        defect: String,
    },
    /// A rule that a wrong server is said to break and that did not catch it.
    Missed {
        /// The defect.
        defect: String,
        /// The rule.
        rule: String,
    },
    /// A rule that caught nobody.
    RuleWithoutKiller(String),
    /// A rule that no scenario judges.
    RuleWithoutScenario(String),
    /// A scenario that caught nobody.
    KillsNothing(String),
    /// A defect that claims a rule which does not exist.
    NoSuchRule {
        /// The defect.
        defect: String,
        /// What it claims.
        rule: String,
    },
    /// The suite failed on a wrong server, and so judged nothing.
    Trouble {
        /// The defect.
        defect: String,
        /// Where and how.
        what: String,
    },
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Survives { defect } => write!(f, "{defect} survives"),
            Self::Missed { defect, rule } => {
                write!(
                    f,
                    "{defect} breaks {rule}, and no scenario of {rule} noticed"
                )
            }
            Self::RuleWithoutKiller(rule) => write!(f, "{rule} has caught no defect"),
            Self::RuleWithoutScenario(rule) => write!(f, "{rule} has no scenario"),
            Self::KillsNothing(scenario) => write!(f, "{scenario} has caught no defect"),
            Self::NoSuchRule { defect, rule } => {
                write!(
                    f,
                    "{defect} breaks {rule}, which is no rule of the contract"
                )
            }
            Self::Trouble { defect, what } => {
                write!(f, "{defect}: the suite failed, at {what}")
            }
        }
    }
}

/// The verdict on the suite.
#[derive(Debug, Clone, Default)]
pub struct Score {
    /// What is wrong, in the order it should be looked at.
    pub complaints: Vec<Complaint>,
    /// For each rule the defects it caught, with the scenarios that did.
    pub matrix: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
    /// Scenarios and rules that this host, or this run, could not put to the test.
    pub untested: Vec<String>,
}

/// What the hunts were.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Every defect was hunted.
    pub whole: bool,
    /// Every sweep was run on every defect.
    pub swept: bool,
}

/// Scores the hunts. With `whole` the suite is asked to be complete, which it can only be if every defect was
/// hunted.
pub fn score(
    hunts: &[Hunt],
    rules: &Rules,
    scenarios: &[Scenario],
    host: &Host,
    asked: Asked,
) -> Score {
    let mut score = Score::default();
    for hunt in hunts {
        score.hear(hunt, rules);
    }
    if asked.whole {
        score.demand_all(hunts, rules, scenarios, host, asked.swept);
    }
    score
}

impl Score {
    fn hear(&mut self, hunt: &Hunt, rules: &Rules) {
        let defect = hunt.name.clone();
        for what in &hunt.trouble {
            self.complaints.push(Complaint::Trouble {
                defect: defect.clone(),
                what: what.clone(),
            });
        }
        for rule in hunt.breaks.iter().filter(|r| rules.get(r).is_none()) {
            self.complaints.push(Complaint::NoSuchRule {
                defect: defect.clone(),
                rule: rule.clone(),
            });
        }
        if hunt.is_caught() {
            let missed = hunt.missed().map(|rule| Complaint::Missed {
                defect: defect.clone(),
                rule: rule.clone(),
            });
            self.complaints.extend(missed);
        } else {
            self.complaints.push(Complaint::Survives {
                defect: defect.clone(),
            });
        }
        for (rule, cases) in &hunt.caught {
            let by_defect = self.matrix.entry(rule.clone()).or_default();
            by_defect
                .entry(defect.clone())
                .or_default()
                .extend(cases.iter().map(|case| scenario_of(case).to_owned()));
        }
    }

    fn demand_all(
        &mut self,
        hunts: &[Hunt],
        rules: &Rules,
        scenarios: &[Scenario],
        host: &Host,
        swept: bool,
    ) {
        let mut useful = BTreeSet::new();
        let mut defended = BTreeSet::new();
        for hunt in hunts {
            for rule in &hunt.breaks {
                for case in hunt.caught.get(rule).into_iter().flatten() {
                    defended.insert(rule.as_str());
                    useful.insert(scenario_of(case));
                }
            }
        }
        let mut judged: BTreeMap<&str, bool> = BTreeMap::new();
        for scenario in scenarios {
            let Some(first) = scenario.cases.first() else {
                continue;
            };
            let here = scenario.cases.iter().any(|case| host.place(case).is_ok());
            for rule in &first.rules {
                *judged.entry(rule).or_default() |= here;
            }
            let id = scenario_of(&first.id);
            // A sweep is only run for what nothing else has caught: with nobody left for it, nothing is known.
            let idle_sweep = first.sweep.is_some() && !swept && !useful.contains(id);
            if !here || idle_sweep {
                self.untested.push(id.to_owned());
            } else if !useful.contains(id) {
                self.complaints.push(Complaint::KillsNothing(id.to_owned()));
            }
        }
        for rule in rules.iter() {
            match judged.get(rule.id.as_str()) {
                None => self
                    .complaints
                    .push(Complaint::RuleWithoutScenario(rule.id.clone())),
                Some(false) => self.untested.push(rule.id.clone()),
                Some(true) if !defended.contains(rule.id.as_str()) => self
                    .complaints
                    .push(Complaint::RuleWithoutKiller(rule.id.clone())),
                Some(true) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::file::{self, Frame, Shared};

    const RULES: &str = "[A-1]\nlevel = \"core\"\nstatement = \"one\"\n\
                         [A-2]\nlevel = \"core\"\nstatement = \"two\"\n\
                         [A-3]\nlevel = \"core\"\nstatement = \"three\"\n";

    fn rules() -> Rules {
        Rules::parse("rules.toml", RULES).unwrap()
    }

    fn scenario(id: &str, rule: &str, rules: &Rules) -> Scenario {
        let text = format!(
            "title = \"t\"\nrules = [\"{rule}\"]\n[[step]]\nexpect-fs = \"${{home}}\"\ntype = \"directory\"\n"
        );
        let frame = Frame {
            rules,
            shared: &Shared::default(),
            parameters: &Vec::new(),
            programs: crate::scenario::beside::Programs::NONE,
        };
        file::parse(id, "x.toml", &text, &frame).unwrap()
    }

    fn hunt(name: &str, breaks: &[&str], caught: &[(&str, &str)]) -> Hunt {
        let mut hunt = Hunt {
            name: name.into(),
            breaks: breaks.iter().map(|r| (*r).to_owned()).collect(),
            ..Hunt::default()
        };
        for (rule, case) in caught {
            hunt.caught
                .entry((*rule).to_owned())
                .or_default()
                .insert((*case).to_owned());
        }
        hunt
    }

    fn complaints(hunts: &[Hunt], whole: bool) -> Vec<String> {
        let rules = rules();
        let scenarios = [
            scenario("a.one", "A-1", &rules),
            scenario("a.two", "A-2", &rules),
        ];
        let host = Host {
            tier: crate::scenario::model::Tier::Ids,
            limits: Vec::new(),
            calls: Ok(()),
        };
        let swept = true;
        score(hunts, &rules, &scenarios, &host, Asked { whole, swept })
            .complaints
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn each_way_to_be_wrong_is_told() {
        let told = complaints(
            &[
                hunt("good", &["A-1"], &[("A-1", "a.one:x=1")]),
                hunt("bad", &["A-2"], &[]),
                hunt("half", &["A-1", "A-2"], &[("A-1", "a.one")]),
                hunt("odd", &["B-9"], &[]),
            ],
            true,
        );
        assert_eq!(
            told,
            [
                "bad survives",
                "half breaks A-2, and no scenario of A-2 noticed",
                "odd breaks B-9, which is no rule of the contract",
                "odd survives",
                "a.two has caught no defect",
                "A-2 has caught no defect",
                "A-3 has no scenario",
            ]
        );
    }

    #[test]
    fn what_another_rule_caught_is_not_caught_as_claimed() {
        let told = complaints(&[hunt("bad", &["A-2"], &[("A-1", "a.one")])], false);
        assert_eq!(told, ["bad survives"]);
    }

    #[test]
    fn a_suite_that_breaks_on_a_defect_is_no_good() {
        let mut broken = hunt("good", &["A-1"], &[("A-1", "a.one")]);
        broken.trouble.push("a.two: no world".into());
        assert_eq!(
            complaints(&[broken], false),
            ["good: the suite failed, at a.two: no world"]
        );
    }
}
