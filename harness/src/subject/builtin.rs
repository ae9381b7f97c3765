//! The reference implementation, from this very executable.

use super::{Subject, no_env};
use crate::engine::Commands;
use crate::roles::{REFERENCE_CLI, REFERENCE_SERVER};
use crate::suite::ROLE;

/// The reference.
pub fn builtin() -> Subject {
    let role = |name: &str| ["@self", ROLE, name].map(str::to_owned).into();
    Subject {
        name: "reference".into(),
        commands: Commands {
            server: role(REFERENCE_SERVER),
            cli: role(REFERENCE_CLI),
            env: no_env(),
            shown: Vec::new(),
        },
        parameters: Vec::new(),
        notes: Vec::new(),
    }
}
