//! The catalogue that the program carries: facts about well-known servers, for a first answer without a network.
//! `catalogue/README.md` says how its file is made.

use jiff::Timestamp;
use rayon::prelude::*;

use super::entry::Entry;
use super::facts::Facts;
use super::store::Store;
use super::write::Writer;
use crate::error::{Error, Result};

const PACKED: &[u8] = include_bytes!("../../catalogue/starter.jsonl.zst");

/// Unpacks it into memory.
pub fn open() -> Result<Store> {
    let fail = |what: String| Error::new(format!("the embedded catalogue is damaged: {what}; please report it"));
    let text = zstd::stream::decode_all(PACKED).map_err(|e| fail(e.to_string()))?;
    let lines: Vec<&[u8]> = text
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
        .collect();
    let entries = lines.into_par_iter().map(|line| {
        let facts = Facts::read(line).map_err(|e| fail(e.to_string()))?;
        Entry::new(facts.into_record().assessed, None).map_err(|e| fail(e.to_string()))
    });
    let entries: Vec<Entry> = entries.collect::<Result<_>>()?;
    let mut writer = Writer::new(Store::in_memory()?, "", Timestamp::UNIX_EPOCH)?;
    for entry in entries {
        writer.put(entry)?;
    }
    let store = writer.finish()?;
    store.forget_times()?;
    Ok(store)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::record::Shelf as _;

    #[test]
    fn it_opens_and_holds_no_description() {
        let store = open().expect("the embedded catalogue");
        for record in store.records().expect("readable") {
            let record = record.expect("readable");
            assert!(record.read_at.is_none());
            for tool in &record.assessed.manifest.tools {
                assert!(
                    tool.description().is_none() && tool.title().is_none(),
                    "{}",
                    tool.name()
                );
            }
        }
    }
}
