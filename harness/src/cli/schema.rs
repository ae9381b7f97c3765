//! `pidproof schema`.

use super::args::{Schema, SchemaOf};
use super::out::say;
use super::{Exit, Failure};
use crate::report::record;

pub(super) fn schema(args: &Schema) -> Result<Exit, Failure> {
    let schema = match args.of {
        SchemaOf::Results => record::schema(),
    };
    let text = serde_json::to_string_pretty(&schema)
        .map_err(|e| Failure::CannotJudge(format!("writing the schema: {e}")))?;
    say(text);
    Ok(Exit::AsExpected)
}
