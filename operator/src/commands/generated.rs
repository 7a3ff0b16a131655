//! Files that are made from the code and committed, so that reviewers see how a change reads.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::output;

/// A file made from the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// Its name within its directory.
    pub name: String,
    /// All of it.
    pub text: String,
}

/// Where generated files go. Without a directory they are printed.
#[derive(Debug, Clone, Args)]
pub struct Target {
    /// Writes one file each into this directory.
    #[arg(long, value_name = "DIRECTORY")]
    dir: Option<PathBuf>,
    /// Compares with the files in the directory instead of writing them.
    #[arg(long, requires = "dir")]
    check: bool,
}

impl Target {
    /// Prints, writes or compares.
    ///
    /// # Errors
    /// A file cannot be written, or differs when it is only compared.
    pub fn put(&self, files: &[Generated]) -> anyhow::Result<()> {
        let Some(dir) = &self.dir else {
            return output::print(&files.iter().map(|file| file.text.as_str()).collect::<String>());
        };
        for file in files {
            let path = dir.join(&file.name);
            if !self.check {
                std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
                std::fs::write(&path, &file.text).with_context(|| format!("cannot write {}", path.display()))?;
            } else if std::fs::read_to_string(&path).ok().as_ref() != Some(&file.text) {
                anyhow::bail!("{} is stale; run `make generate`", path.display());
            }
        }
        Ok(())
    }
}
