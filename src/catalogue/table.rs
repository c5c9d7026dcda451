//! The catalogue as one flat table, a tool a row: the columns, and how CSV and Parquet write them.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, ConvertedType, Repetition, Type as Physical};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use super::record::Record;
use crate::assessment::Assessment;
use crate::error::{Error, Result};
use crate::manifest::Server;
use crate::text::escape::one_line;

/// Rows that Parquet keeps together.
const GROUP: usize = 50_000;

/// What stands in a column.
#[derive(Clone, Debug)]
enum Cell {
    Text(String),
    Number(f64),
    Count(i64),
}

/// What kind of cells a column has.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Text,
    Number,
    Count,
}

/// The columns: a name, a kind, and what stands in them.
type Column = (&'static str, Kind, fn(&Server, &Assessment) -> Cell);

const COLUMNS: &[Column] = &[
    ("server", Kind::Text, |server, _| Cell::Text(server.name.clone())),
    ("origin", Kind::Text, |server, _| Cell::Text(server.origin.clone())),
    ("version", Kind::Text, |server, _| {
        Cell::Text(server.version.clone().unwrap_or_default())
    }),
    ("tool", Kind::Text, |_, tool| Cell::Text(tool.name.clone())),
    ("category", Kind::Text, |_, tool| Cell::Text(tool.category.to_string())),
    ("risk", Kind::Text, |_, tool| Cell::Text(tool.risk.to_string())),
    ("confidence", Kind::Number, |_, tool| Cell::Number(tool.confidence)),
    ("decision", Kind::Text, |_, tool| Cell::Text(tool.decision.to_string())),
    ("signals", Kind::Text, |_, tool| Cell::Text(signals(tool))),
    ("conflicts", Kind::Count, |_, tool| {
        Cell::Count(tool.conflicts.len() as i64)
    }),
    ("operations", Kind::Count, |_, tool| {
        Cell::Count(tool.operations.len() as i64)
    }),
    ("rationale", Kind::Text, |_, tool| Cell::Text(tool.rationale.clone())),
    ("digest", Kind::Text, |_, tool| Cell::Text(tool.digest.clone())),
];

fn signals(tool: &Assessment) -> String {
    tool.signals
        .iter()
        .map(|signal| &*signal.id)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The rows of a record.
fn rows(record: &Record) -> impl Iterator<Item = Vec<Cell>> {
    let server = &record.assessed.manifest.server;
    let row = move |tool| COLUMNS.iter().map(|(_, _, cell)| cell(server, tool)).collect();
    record.assessed.assessments.iter().map(row)
}

/// Who reads CSV, which has no escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// A program, which gets every character as it is.
    Program,
    /// A person at a terminal, on which some characters would act.
    Person,
}

/// Writes CSV as RFC 4180 has it.
pub fn csv(records: impl Iterator<Item = Result<Record>>, reader: Reader, out: &mut impl Write) -> Result<()> {
    let names: Vec<&str> = COLUMNS.iter().map(|(name, _, _)| *name).collect();
    write!(out, "{}\r\n", names.join(","))?;
    for record in records {
        for row in rows(&record?) {
            let cells: Vec<String> = row.into_iter().map(|cell| quoted(cell, reader)).collect();
            write!(out, "{}\r\n", cells.join(","))?;
        }
    }
    Ok(())
}

/// A cell in CSV. Text that a spreadsheet would take for a formula gets an apostrophe in front.
fn quoted(cell: Cell, reader: Reader) -> String {
    let text = match cell {
        Cell::Number(number) => return number.to_string(),
        Cell::Count(number) => return number.to_string(),
        Cell::Text(text) if reader == Reader::Person => one_line(&text).into_owned(),
        Cell::Text(text) => text,
    };
    let text = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text
    };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// Writes Parquet, compressed with Zstandard.
pub fn parquet(records: impl Iterator<Item = Result<Record>>, out: &mut (impl Write + Send)) -> Result<()> {
    let fail = |error: parquet::errors::ParquetError| Error::new(format!("cannot write Parquet: {error}"));
    let fields = COLUMNS.iter().map(|(name, kind, _)| {
        let (physical, converted) = match kind {
            Kind::Text => (Physical::BYTE_ARRAY, ConvertedType::UTF8),
            Kind::Number => (Physical::DOUBLE, ConvertedType::NONE),
            Kind::Count => (Physical::INT64, ConvertedType::NONE),
        };
        let builder = Type::primitive_type_builder(name, physical);
        let field = builder
            .with_repetition(Repetition::REQUIRED)
            .with_converted_type(converted)
            .build();
        field.map(Arc::new)
    });
    let fields = fields.collect::<std::result::Result<Vec<_>, _>>().map_err(fail)?;
    let schema = Type::group_type_builder("tools")
        .with_fields(fields)
        .build()
        .map_err(fail)?;
    let properties =
        WriterProperties::builder().set_compression(Compression::ZSTD(parquet::basic::ZstdLevel::default()));
    let mut writer = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties.build())).map_err(fail)?;
    let mut waiting: Vec<Vec<Cell>> = Vec::new();
    for record in records {
        waiting.extend(rows(&record?));
        if waiting.len() >= GROUP {
            group(&mut writer, &waiting).map_err(fail)?;
            waiting.clear();
        }
    }
    if !waiting.is_empty() {
        group(&mut writer, &waiting).map_err(fail)?;
    }
    writer.close().map_err(fail)?;
    Ok(())
}

fn group<W: Write + Send>(
    writer: &mut SerializedFileWriter<W>,
    rows: &[Vec<Cell>],
) -> std::result::Result<(), parquet::errors::ParquetError> {
    let mut group = writer.next_row_group()?;
    let mut index = 0;
    while let Some(mut column) = group.next_column()? {
        let cells = rows.iter().filter_map(|row| row.get(index));
        match column.untyped() {
            ColumnWriter::ByteArrayColumnWriter(typed) => {
                let text = |cell: &Cell| match cell {
                    Cell::Text(text) => Some(ByteArray::from(text.as_str())),
                    _ => None,
                };
                typed.write_batch(&cells.filter_map(text).collect::<Vec<_>>(), None, None)?;
            }
            ColumnWriter::DoubleColumnWriter(typed) => {
                let number = |cell: &Cell| match cell {
                    Cell::Number(number) => Some(*number),
                    _ => None,
                };
                typed.write_batch(&cells.filter_map(number).collect::<Vec<_>>(), None, None)?;
            }
            ColumnWriter::Int64ColumnWriter(typed) => {
                let count = |cell: &Cell| match cell {
                    Cell::Count(count) => Some(*count),
                    _ => None,
                };
                typed.write_batch(&cells.filter_map(count).collect::<Vec<_>>(), None, None)?;
            }
            _ => {}
        }
        column.close()?;
        index += 1;
    }
    group.close().map(drop)
}
