//! Where the fuzz targets of `tests/fuzz` reach the readers of stored columns that are otherwise this module's own.

use super::packed::{self, Packed};
use super::record::Record;
use crate::report::Assessed;

/// Reads the columns of a listing, of which the last two are stored compressed; `None` where they are refused. What is
/// read can be stored, and reads the same again.
pub fn listing(head: &[u8], definitions: &[u8], assessments: &[u8]) -> Option<Record> {
    let assessed = packed::read(head, definitions, assessments).ok()?;
    let again = Packed::new(&assessed).ok()?.unpack();
    let Assessed { manifest, assessments } = again.expect("what was stored can be read");
    assert_eq!(manifest, assessed.manifest);
    assert_eq!(assessments.len(), assessed.assessments.len());
    Some(Record::new(assessed))
}

/// JSON as it is stored in a column.
pub fn packed(json: &[u8]) -> Vec<u8> {
    packed::compress(json).unwrap_or_default()
}
