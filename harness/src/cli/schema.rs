//! `pidproof schema`.

use super::args::{Schema, SchemaOf};
use super::out::say;
use super::{Exit, Failure};
use crate::report::{claim, record};
use crate::scenario::deviation::shape::DEVIATIONS;
use crate::scenario::shape::schema as files;
use crate::subject;

pub(super) fn schema(args: &Schema) -> Result<Exit, Failure> {
    let schema = match args.of {
        SchemaOf::Results => record::schema().to_value(),
        SchemaOf::Claim => claim::schema().to_value(),
        SchemaOf::Scenario => files::scenario(subject::programs().fixtures),
        SchemaOf::Profile => files::plain("pidproof profile", &subject::shape::PROFILE),
        SchemaOf::Deviations => files::plain("pidproof deviations", &DEVIATIONS),
    };
    say(format_args!("{schema:#}"));
    Ok(Exit::AsExpected)
}
