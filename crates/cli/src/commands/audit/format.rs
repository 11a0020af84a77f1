//! The forms that readers of audit logs know.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use writ_client::audit::Record;
use writ_core::csv::row;

/// A form of audit records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// A line of JSON for each record, in the common schema of the Office 365
    /// Management Activity API
    #[value(name = "office365")]
    Office365,
    /// The columns CreationDate, UserIds, Operations, AuditData
    Csv,
}

impl Format {
    /// The file of an export that has it.
    pub(super) const fn file(self) -> &'static str {
        match self {
            Self::Office365 => "office365.jsonl",
            Self::Csv => "office365.csv",
        }
    }

    /// What comes before the records.
    pub(super) const fn head(self) -> &'static str {
        match self {
            Self::Office365 => "",
            Self::Csv => "CreationDate,UserIds,Operations,AuditData\r\n",
        }
    }

    /// A record, its line ended.
    pub(super) fn row(self, record: &Record) -> String {
        let line = record.line();
        let data = &record.data;
        match self {
            Self::Office365 => line + "\n",
            Self::Csv => row([
                &record.time.to_string(),
                &data.user_id,
                &data.operation,
                &line,
            ]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let text = include_str!("../../../../core/tests/vectors/entries.json");
        let all: serde_json::Value = serde_json::from_str(text).unwrap();
        let leaf = all[0]["leaf"].as_str().unwrap();
        let mut record = Record::read(3, leaf.as_bytes()).unwrap();
        record.data.user_id = "=cmd|' /C calc'!A0".to_owned();
        record.data.operation = "@SUM(\"A1\")".to_owned();
        let row = Format::Csv.row(&record);
        let cells = ",\"'=cmd|' /C calc'!A0\",\"'@SUM(\"\"A1\"\")\",\"{\"\"Id\"\":";
        assert!(row.contains(cells), "{row}");
        assert_eq!(row.lines().count(), 1);
    }
}
