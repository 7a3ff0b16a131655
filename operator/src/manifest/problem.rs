//! What is wrong with a file, in one line that says where.

use std::fmt;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// Which of the file's documents, from 1; none where the file as a whole is the matter.
    pub document: Option<usize>,
    /// Kind and name, as far as they could be read.
    pub object: Option<String>,
    /// Where in the object, such as `spec.levels[0].quota`; empty for the object as a whole.
    pub path: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: ", self.file)?;
        match (self.document, &self.object) {
            (Some(document), Some(object)) => write!(formatter, "document {document} ({object}): ")?,
            (Some(document), None) => write!(formatter, "document {document}: ")?,
            (None, _) => {}
        }
        if !self.path.is_empty() {
            write!(formatter, "{}: ", self.path)?;
        }
        formatter.write_str(&self.message)
    }
}

/// Everything that is wrong, in the order of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    /// One line each, and a last one that counts them.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.0 {
            writeln!(formatter, "{problem}")?;
        }
        let plural = if self.0.len() == 1 { "" } else { "s" };
        write!(formatter, "{} problem{plural}; nothing was planned", self.0.len())
    }
}

impl std::error::Error for Problems {}

/// A JSON pointer as people write paths: `/spec/levels/0/quota` is `spec.levels[0].quota`.
pub(super) fn path_of_pointer(pointer: &str) -> String {
    let mut path = String::new();
    for segment in pointer.split('/').skip(1) {
        let segment = segment.replace("~1", "/").replace("~0", "~");
        match segment.parse::<usize>() {
            Ok(index) => path.push_str(&format!("[{index}]")),
            Err(_) if path.is_empty() => path.push_str(&segment),
            Err(_) => path.push_str(&format!(".{segment}")),
        }
    }
    path
}

/// The value at such a path.
pub(super) fn value_at<'a>(object: &'a serde_json::Value, path: &str) -> Option<&'a serde_json::Value> {
    let mut value = object;
    for step in path.split(['.', '[']).filter(|step| !step.is_empty()) {
        value = match step.strip_suffix(']').map(str::parse::<usize>) {
            Some(Ok(index)) => value.get(index)?,
            _ => value.get(step)?,
        };
    }
    Some(value)
}
