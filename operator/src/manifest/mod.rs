//! Declarations from files: read as kubectl reads them, refused as the API server refuses them.
//!
//! Everything that is wrong is found in one go: a reader collects problems and goes on. Objects
//! that come from files have not met an API server; what it would have given them is made up in
//! [`newcomer`], the same each time.

mod files;
mod gather;
mod newcomer;
mod plain;
mod problem;
mod schema;
mod structure;
mod yaml;

pub use files::Source;
pub use gather::Manifest;
pub use problem::{Problem, Problems};
pub use structure::whole;

use std::path::PathBuf;

/// Reads every file under the paths, as one set of declarations.
///
/// # Errors
/// A path cannot be read, or anything in the files is refused: all problems of all files.
pub fn read(paths: &[PathBuf]) -> anyhow::Result<Manifest> {
    Ok(parse(&files::under(paths)?)?)
}

/// Reads a text as kubectl would, whatever kinds it holds.
///
/// # Errors
/// It is no YAML, or holds what two readers would read differently.
pub fn documents(source: &Source) -> anyhow::Result<Vec<serde_json::Value>> {
    let stream = yaml::read(&source.text);
    match stream.faults.first() {
        Some((number, fault)) => anyhow::bail!("{}: document {number}: {fault}", source.file),
        None => Ok(stream.documents.into_iter().map(|(_, value)| value).collect()),
    }
}

/// What the API server would refuse of a change to a stored object of ours, as path and sentence.
///
/// # Errors
/// The definitions do not compile, or have no such kind.
pub fn refused_change(
    kind: &str,
    stored: &serde_json::Value,
    given: &serde_json::Value,
) -> anyhow::Result<Vec<(String, String)>> {
    let rules = schema::rules().as_ref().map_err(|error| anyhow::anyhow!("{error:#}"))?;
    let rules = rules.iter().find(|rules| rules.kind == kind);
    Ok(rules.ok_or_else(|| anyhow::anyhow!("there is no kind {kind}"))?.check_change(stored, given))
}

/// Reads texts that are already in memory, as one set of declarations.
///
/// # Errors
/// Anything in them is refused: all problems of all texts.
pub fn parse(sources: &[Source]) -> anyhow::Result<Manifest, Problems> {
    let mut gathering = gather::Gathering::new();
    for source in sources {
        gathering.add(source);
    }
    gathering.finish()
}
