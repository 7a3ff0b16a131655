//! How commands write: tables for people, YAML and JSON for programs.

use std::io::{self, Write};

use clap::ValueEnum;
use comfy_table::{Table, presets};
use serde::Serialize;

/// The form of a command's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// The objects, as YAML.
    Yaml,
    /// Everything, as JSON.
    Json,
}

/// A table without lines, as kubectl prints them; it stays usable with grep and awk.
pub fn table<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Several values as one YAML stream, each text on one line so that it can be searched for.
///
/// # Errors
/// A value cannot be written as YAML.
pub fn yaml_stream<T: Serialize>(values: impl IntoIterator<Item = T>) -> anyhow::Result<String> {
    let one = |value| -> anyhow::Result<String> {
        let options = serde_saphyr::ser_options! { folded_wrap_chars: usize::MAX };
        let text = serde_saphyr::to_string_with_options(&value, options)?;
        Ok(format!("---\n{}\n", text.trim_end()))
    };
    values.into_iter().map(one).collect()
}

/// Writes to standard output. That nobody reads on, as in `yipan crds | head`, is no failure.
///
/// # Errors
/// Standard output cannot be written.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
