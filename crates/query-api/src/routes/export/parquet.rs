//! Rows as Parquet: typed columns, compressed with zstd, in groups that bound what lies in memory.

use std::sync::Arc;

use actix_web::web::Bytes;
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;
use runwatch_store::export::Value;

use crate::routes::export::columns::{Output, Shape};

/// Rows and bytes after which a group is written.
const GROUP_ROWS: usize = 50_000;
const GROUP_BYTES: usize = 16 << 20;
/// zstd's level, as for payloads.
const LEVEL: i32 = 1;

/// Writes rows as Parquet.
pub(super) struct Parquet {
    file: SerializedFileWriter<Vec<u8>>,
    columns: Vec<Column>,
    rows: usize,
    bytes: usize,
}

/// The values of one column of a group, with the levels that say what is null and where lists begin
/// (Parquet's documentation, Nested Encoding).
struct Column {
    values: Values,
    definitions: Vec<i16>,
    repetitions: Vec<i16>,
}

enum Values {
    Bools(Vec<bool>),
    Integers(Vec<i64>),
    Numbers(Vec<f64>),
    Texts(Texts),
    Lists(Texts),
}

/// Texts in one piece of memory, and where each ends.
#[derive(Default)]
struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Parquet {
    pub(super) fn new(outputs: &[Output]) -> Result<Self> {
        let fields: Vec<String> = outputs.iter().map(field).collect();
        let schema = format!("message runwatch {{ {} }}", fields.concat());
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(LEVEL)?))
            .set_created_by("runwatch".to_owned());
        let schema = Arc::new(parse_message_type(&schema)?);
        Ok(Self {
            file: SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties.build()))?,
            columns: outputs
                .iter()
                .map(|output| Column::new(output.shape))
                .collect(),
            rows: 0,
            bytes: 0,
        })
    }

    pub(super) fn row(&mut self, values: &[Value<'_>]) -> Result<()> {
        for (column, value) in self.columns.iter_mut().zip(values) {
            self.bytes += column.push(value);
        }
        self.rows += 1;
        if self.rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES {
            self.write_group()?;
        }
        Ok(())
    }

    /// Takes what is written so far.
    pub(super) fn take(&mut self) -> Vec<u8> {
        // The file counts by itself where it is: its bytes can be taken away.
        std::mem::take(self.file.inner_mut())
    }

    /// Writes the rest.
    pub(super) fn finish(mut self) -> Result<Vec<u8>> {
        if self.rows > 0 {
            self.write_group()?;
        }
        self.file.into_inner()
    }

    fn write_group(&mut self) -> Result<()> {
        let mut group = self.file.next_row_group()?;
        for column in &mut self.columns {
            let mut writer = group
                .next_column()?
                .expect("the schema has as many columns");
            column.write(&mut writer)?;
            writer.close()?;
        }
        group.close()?;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }
}

/// A column in Parquet's own language for schemas.
fn field(output: &Output) -> String {
    let name = output.name;
    match output.shape {
        Shape::Bool => format!("optional boolean {name}; "),
        Shape::Integer => format!("optional int64 {name}; "),
        Shape::Number => format!("optional double {name}; "),
        Shape::Time => format!("optional int64 {name} (TIMESTAMP(MICROS,true)); "),
        Shape::Text => format!("optional binary {name} (STRING); "),
        Shape::Json => format!("optional binary {name} (JSON); "),
        Shape::Texts => format!(
            "optional group {name} (LIST) {{ repeated group list {{ required binary element (STRING); }} }} "
        ),
    }
}

impl Column {
    fn new(shape: Shape) -> Self {
        let values = match shape {
            Shape::Bool => Values::Bools(Vec::new()),
            Shape::Integer | Shape::Time => Values::Integers(Vec::new()),
            Shape::Number => Values::Numbers(Vec::new()),
            Shape::Text | Shape::Json => Values::Texts(Texts::default()),
            Shape::Texts => Values::Lists(Texts::default()),
        };
        Self {
            values,
            definitions: Vec::new(),
            repetitions: Vec::new(),
        }
    }

    /// Adds a value; says about how many bytes it takes.
    fn push(&mut self, value: &Value<'_>) -> usize {
        let mut bytes = 8;
        match (&mut self.values, value) {
            (Values::Lists(lists), Value::Texts(texts)) => {
                for (at, text) in texts.iter().enumerate() {
                    self.definitions.push(2);
                    self.repetitions.push(i16::from(at > 0));
                    bytes += lists.push(text.as_bytes());
                }
                if texts.is_empty() {
                    self.definitions.push(1);
                    self.repetitions.push(0);
                }
                return bytes;
            }
            (Values::Bools(bools), Value::Bool(value)) => bools.push(*value),
            (Values::Integers(integers), Value::Integer(number)) => integers.push(*number),
            (Values::Integers(integers), Value::Time(at)) => integers.push(at.0),
            (Values::Numbers(numbers), Value::Number(number)) => numbers.push(*number),
            (
                Values::Texts(texts),
                value @ (Value::Text(_) | Value::Json(_) | Value::Uuid(_) | Value::StepId(_)),
            ) => {
                bytes += texts.push_value(value);
            }
            _ => {
                self.definitions.push(0);
                if let Values::Lists(_) = self.values {
                    self.repetitions.push(0);
                }
                return bytes;
            }
        }
        self.definitions.push(1);
        bytes
    }

    /// Writes the values, and forgets them.
    fn write(&mut self, writer: &mut SerializedColumnWriter<'_>) -> Result<()> {
        let definitions = std::mem::take(&mut self.definitions);
        let repetitions = std::mem::take(&mut self.repetitions);
        let definitions = Some(definitions.as_slice());
        match &mut self.values {
            Values::Bools(bools) => {
                let bools = std::mem::take(bools);
                writer
                    .typed::<BoolType>()
                    .write_batch(&bools, definitions, None)?;
            }
            Values::Integers(integers) => {
                let integers = std::mem::take(integers);
                writer
                    .typed::<Int64Type>()
                    .write_batch(&integers, definitions, None)?;
            }
            Values::Numbers(numbers) => {
                let numbers = std::mem::take(numbers);
                writer
                    .typed::<DoubleType>()
                    .write_batch(&numbers, definitions, None)?;
            }
            Values::Texts(texts) => {
                let texts = texts.take();
                writer
                    .typed::<ByteArrayType>()
                    .write_batch(&texts, definitions, None)?;
            }
            Values::Lists(lists) => {
                let texts = lists.take();
                let writer = writer.typed::<ByteArrayType>();
                writer.write_batch(&texts, definitions, Some(&repetitions))?;
            }
        }
        Ok(())
    }
}

impl Texts {
    fn push(&mut self, text: &[u8]) -> usize {
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
        text.len()
    }

    fn push_value(&mut self, value: &Value<'_>) -> usize {
        match value {
            Value::Text(text) | Value::Json(text) => self.push(text.as_bytes()),
            Value::Uuid(id) => self.push(id.hyphenated().encode_lower(&mut [0; 36]).as_bytes()),
            Value::StepId(id) => self.push(id.encode(&mut [0; 36]).as_bytes()),
            _ => 0,
        }
    }

    fn take(&mut self) -> Vec<ByteArray> {
        let bytes = Bytes::from(std::mem::take(&mut self.bytes));
        let mut start = 0;
        let text = |end| {
            let text = ByteArray::from(bytes.slice(start..end));
            start = end;
            text
        };
        self.ends.drain(..).map(text).collect()
    }
}
