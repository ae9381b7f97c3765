//! Results files that were given.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use super::Failure;
use crate::report::record::{self, Results};

/// Reads one.
pub(super) fn results(path: &Path) -> Result<Results, Failure> {
    let read = |path| record::read(BufReader::new(File::open(path)?));
    read(path).map_err(|source| Failure::Unread {
        path: path.to_owned(),
        source,
    })
}
