//! The reference implementation and its defective twins, from this very executable.

use super::{Subject, no_env};
use crate::engine::{Commands, Readiness};
use crate::roles::{DEFECT, REFERENCE_CLI, REFERENCE_SERVER};
use crate::scenario::deviation::Deviations;
use crate::scenario::reach::Reach;
use crate::suite::ROLE;

/// The reference.
pub fn builtin() -> Subject {
    of_roles("reference".into(), &[])
}

/// The reference with one thing wrong, or with nothing wrong in it.
pub fn defective(name: &str) -> Subject {
    of_roles(format!("defect:{name}"), &[DEFECT, name])
}

fn of_roles(name: String, before: &[&str]) -> Subject {
    let role = |program: &str| {
        ["@self", ROLE]
            .iter()
            .chain(before)
            .chain(&[program])
            .map(|word| (*word).to_owned())
            .collect()
    };
    Subject {
        name,
        commands: Commands {
            server: role(REFERENCE_SERVER),
            cli: role(REFERENCE_CLI),
            env: no_env(),
            shown: Vec::new(),
            ready: Readiness::Initialize,
        },
        parameters: Vec::new(),
        reach: Reach::all(),
        typed: Vec::new(),
        version: None,
        deviations: Deviations::default(),
        notes: Vec::new(),
    }
}
