//! Finding and reading files, in an order that does not depend on the file system.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// A text and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file's path, or `standard input`.
    pub file: String,
    /// All of it.
    pub text: String,
}

/// Every file that the paths name. A directory is searched for `*.yaml` and `*.yml`, all the way
/// down and in order; a file named itself is read whatever it is called (JSON is YAML); `-` is
/// standard input.
pub fn under(paths: &[PathBuf]) -> anyhow::Result<Vec<Source>> {
    let mut sources = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
            sources.push(Source { file: "standard input".to_owned(), text });
            continue;
        }
        let mut found = Vec::new();
        search(path, &mut found)?;
        if found.is_empty() {
            anyhow::bail!("no *.yaml or *.yml under {}", path.display());
        }
        for file in found {
            let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            sources.push(Source { file: file.display().to_string(), text });
        }
    }
    Ok(sources)
}

fn search(path: &Path, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let cannot = || format!("cannot read {}", path.display());
    if !std::fs::metadata(path).with_context(cannot)?.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    let entries = std::fs::read_dir(path).with_context(cannot)?;
    let mut entries = entries.collect::<Result<Vec<_>, _>>().with_context(cannot)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        // The entry's own type: a link to a directory could lead round in a circle.
        let is_directory = entry.file_type().with_context(|| format!("cannot read {}", path.display()))?.is_dir();
        let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if is_directory || is_yaml {
            search(&path, found)?;
        }
    }
    Ok(())
}
