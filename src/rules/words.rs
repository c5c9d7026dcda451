//! What words say by themselves, beside every rule: for each word and the place where it stands, an integer for each
//! category, in hundredths of a nat. A table that `mcpclass rules fit` makes; owns its form as a file and how a
//! definition's words are looked up in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::book::RuleId;
use super::lexicon::Lexicon;
use super::weights::Row;
use crate::error::{Error, Result};

/// Where a word stands in a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stand {
    /// In the tool's name.
    Name,
    /// First in the description.
    First,
    /// In the first sentence of the description.
    Sentence,
    /// As the name of a parameter, its words joined with `_`.
    Parameter,
}

impl Stand {
    /// Every place.
    pub const ALL: [Self; 4] = [Self::Name, Self::First, Self::Sentence, Self::Parameter];
    /// Number of places where words of a text stand: the first ones.
    const IN_TEXT: usize = 3;

    /// As rule files write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::First => "first",
            Self::Sentence => "sentence",
            Self::Parameter => "parameter",
        }
    }
}

/// The table as a file: `name<TAB>list<TAB>104<TAB>-31<TAB>-40<TAB>-33`, a word a line; `*` for what every tool has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WordTable {
    /// What every tool has: how frequent the categories are.
    pub always: Row,
    /// By place and word.
    pub rows: BTreeMap<(Stand, String), Row>,
}

impl WordTable {
    /// Reads the file, which is shown as `shown` in errors.
    pub fn parse(shown: &str, text: &str) -> Result<Self> {
        let mut always = Row::default();
        // In the order of the file, which is that of the table: so it is made at once, not a word at a time.
        let mut rows = Vec::with_capacity(text.len() / 24);
        for (number, line) in (1..).zip(text.lines()) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let read = || {
                // Byte by byte: fields are too short for a search to be worth its while.
                let mut fields = line.as_bytes().split(|byte| *byte == b'\t').map(str::from_utf8);
                let mut next = || fields.next()?.ok();
                let (place, word) = (next()?, next()?);
                let mut row = Row::default();
                for weight in &mut row {
                    *weight = next()?.parse().ok()?;
                }
                next().is_none().then_some((place, word, row))
            };
            let (place, word, row) = read().ok_or_else(|| {
                Error::new(format!("{shown}:{number}: this is no word with its weights"))
                    .help("a place, a word and four integers (Read, Write, Execute, Destructive), with tabs in between")
            })?;
            match Stand::ALL.into_iter().find(|stand| stand.name() == place) {
                Some(stand) => rows.push(((stand, word.to_owned()), row)),
                None if place == "*" => always = row,
                None => {
                    let known = Stand::ALL.map(Stand::name).join(", ");
                    return Err(Error::new(format!("{shown}:{number}: {place:?} is no place of a word"))
                        .help(format!("one of {known}")));
                }
            }
        }
        let rows = rows.into_iter().collect();
        Ok(Self { always, rows })
    }

    /// The file's text without its comment.
    pub fn to_tsv(&self) -> String {
        let mut text = String::new();
        let mut line = |place: &str, word: &str, row: &Row| {
            let [read, write, execute, destructive] = row;
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{place}\t{word}\t{read}\t{write}\t{execute}\t{destructive}");
        };
        line("*", "", &self.always);
        for ((stand, word), row) in &self.rows {
            line(stand.name(), word, row);
        }
        text
    }

    /// The words of a place that say most, those that say more first.
    pub(super) fn telling(&self, stand: Stand) -> Vec<String> {
        /// As many as anybody reads.
        const MOST: usize = 160;
        let spread = |row: &Row| {
            let ends = row.iter().max().zip(row.iter().min());
            ends.map_or(0, |(most, least)| most - least)
        };
        let words = self.rows.iter().filter(|((at, _), _)| *at == stand);
        let mut words: Vec<_> = words.map(|((_, word), row)| (-spread(row), word)).collect();
        if words.len() > MOST {
            // Every start of the program comes by here, and sorts no more than is told.
            words.select_nth_unstable(MOST);
            words.truncate(MOST);
        }
        words.sort_unstable();
        words.into_iter().map(|(_, word)| word.clone()).collect()
    }
}

/// The table ready for the classifier: words by their entry in the lexicon, parameters by their name.
#[derive(Debug, Default)]
pub(crate) struct Words {
    /// The rule under which words of each place are evidence.
    ids: [Option<RuleId>; Stand::ALL.len()],
    /// What every tool has.
    pub(crate) always: Row,
    /// Small numbers, so that more of them are at hand.
    rows: Vec<[i16; 4]>,
    /// By entry and place: an index into `rows` and one more; 0 for none.
    by_entry: Vec<[u16; Stand::IN_TEXT]>,
}

impl Words {
    /// Notes every word in the lexicon; `parameter` is told the index of each parameter's row.
    pub(super) fn build(
        table: &WordTable,
        lexicon: &mut Lexicon,
        mut parameter: impl FnMut(&str, u16),
    ) -> Result<Self> {
        if table.rows.len() >= usize::from(u16::MAX) {
            let error = Error::new(format!("there are {} words with weights", table.rows.len()));
            return Err(error.help(format!("at most {} fit", u16::MAX - 1)));
        }
        let mut made = Self {
            always: table.always,
            ..Self::default()
        };
        for (index, ((stand, word), row)) in (1..).zip(&table.rows) {
            let most = i32::from(i16::MAX);
            made.rows.push(row.map(|weight| weight.clamp(-most, most) as i16));
            match stand {
                Stand::Parameter => parameter(word, index),
                Stand::Name | Stand::First | Stand::Sentence => {
                    let entry = lexicon.note(word) as usize;
                    if entry >= made.by_entry.len() {
                        made.by_entry.resize(entry + 1, [0; Stand::IN_TEXT]);
                    }
                    made.by_entry[entry][*stand as usize] = index;
                }
            }
        }
        Ok(made)
    }

    /// Says under which rule the words of a place are evidence.
    pub(super) fn name(&mut self, stand: Stand, id: RuleId) {
        self.ids[stand as usize] = Some(id);
    }

    /// The rule under which the words of a place are evidence.
    pub(crate) fn id(&self, stand: Stand) -> Option<RuleId> {
        self.ids[stand as usize]
    }

    /// The index of a word of a text; 0 where the table has none.
    pub(crate) fn index(&self, stand: Stand, entry: u32) -> u16 {
        let known = self.by_entry.get(entry as usize);
        known.map_or(0, |indices| indices.get(stand as usize).copied().unwrap_or(0))
    }

    /// The row of an index that is not 0.
    pub(crate) fn row(&self, index: u16) -> Row {
        self.rows[usize::from(index) - 1].map(i32::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_written_as_it_is_read() {
        let text = "*\t\t10\t0\t-5\t-5\nname\tlist\t104\t-31\t-40\t-33\nparameter\tdry_run\t-9\t9\t0\t0\n";
        let table = WordTable::parse("words.tsv", text).expect("a table");
        assert_eq!(table.rows[&(Stand::Name, "list".to_owned())], [104, -31, -40, -33]);
        assert_eq!(table.to_tsv(), text);
    }

    #[test]
    fn what_is_no_word_is_refused_with_its_place() {
        for text in [
            "\n#\nname\tlist\t1\t2\t3",
            "\n\nsomewhere\tlist\t1\t2\t3\t4",
            "\n\nname\tlist\t1\t2\t3\t4\t5",
        ] {
            let error = WordTable::parse("words.tsv", text).expect_err("refused").to_string();
            assert!(error.starts_with("words.tsv:3: "), "{error}");
        }
    }
}
