//! Rows as an app gets them: JSON objects a line, or comma-separated values.

use writ_core::dataset::{Column, ColumnType, Form};
use writ_core::statement::Rows;

/// How large a chunk becomes before it is passed on, in bytes.
const CHUNK: usize = 64 << 10;

/// Writes rows and counts them.
pub(crate) struct RowWriter {
    form: Form,
    /// `"name":` of each column, and whether its values stand bare in JSON.
    heads: Vec<(Vec<u8>, bool)>,
    buffer: Vec<u8>,
    pub(crate) rows: Rows,
}

impl RowWriter {
    pub(crate) fn new(columns: &[Column], form: Form) -> Self {
        let mut writer = Self {
            form,
            heads: Vec::new(),
            buffer: Vec::with_capacity(CHUNK + 4_096),
            rows: Rows::default(),
        };
        for (at, column) in columns.iter().enumerate() {
            let mut head = vec![if at == 0 { b'{' } else { b',' }];
            quoted(&column.name, &mut head);
            head.push(b':');
            let is_bare = match column.column_type {
                ColumnType::Integer | ColumnType::Boolean => true,
                ColumnType::Text
                | ColumnType::Decimal
                | ColumnType::Timestamp
                | ColumnType::Date => false,
            };
            writer.heads.push((head, is_bare));
        }
        if form == Form::Csv {
            writer.separated(columns.iter().map(|column| Some(column.name.as_str())));
        }
        writer
    }

    /// Writes a row: its values in the order of the columns, as text of their type.
    pub(crate) fn row<'a>(&mut self, values: impl Iterator<Item = Option<&'a str>>) {
        match self.form {
            Form::Ndjson => {
                for ((head, is_bare), value) in self.heads.iter().zip(values) {
                    self.buffer.extend_from_slice(head);
                    match value {
                        None => self.buffer.extend_from_slice(b"null"),
                        Some(value) if *is_bare => self.buffer.extend_from_slice(value.as_bytes()),
                        Some(value) => quoted(value, &mut self.buffer),
                    }
                }
                self.buffer.extend_from_slice(b"}\n");
            }
            Form::Csv => self.separated(values),
        }
        self.rows.asked += 1;
        self.rows.delivered += 1;
    }

    /// No value is an empty cell, an empty text is a quoted one.
    fn separated<'a>(&mut self, values: impl Iterator<Item = Option<&'a str>>) {
        for (at, value) in values.enumerate() {
            if at > 0 {
                self.buffer.push(b',');
            }
            let Some(value) = value else { continue };
            let is_plain = !value.is_empty()
                && !value
                    .bytes()
                    .any(|b| matches!(b, b',' | b'"' | b'\r' | b'\n'));
            if is_plain {
                self.buffer.extend_from_slice(value.as_bytes());
                continue;
            }
            self.buffer.push(b'"');
            for byte in value.bytes() {
                if byte == b'"' {
                    self.buffer.push(b'"');
                }
                self.buffer.push(byte);
            }
            self.buffer.push(b'"');
        }
        self.buffer.extend_from_slice(b"\r\n");
    }

    /// Notes rows that are not given.
    pub(crate) fn withhold(&mut self, rows: u64) {
        self.rows.asked += rows;
        self.rows.withheld += rows;
    }

    /// What is to be passed on, once it is enough.
    pub(crate) fn chunk(&mut self) -> Option<Vec<u8>> {
        (self.buffer.len() >= CHUNK).then(|| self.rest())
    }

    /// What is left.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK + 4_096))
    }
}

fn quoted(text: &str, to: &mut Vec<u8>) {
    // Into memory, so nothing can fail.
    let _ = serde_json::to_writer(to, text);
}
