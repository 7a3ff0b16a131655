//! `yipan backup`: writes down what is declared, so that another cluster can have it.

pub mod clean;
mod collect;
pub mod part;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use serde_json::Value;

use super::cluster::Cluster;
use super::output;
use crate::manifest::{self, Source};
use collect::Collection;

/// Writes down what is declared in a cluster, for another one.
#[derive(Debug, Clone, Args)]
pub struct Options {
    #[command(flatten)]
    cluster: Cluster,
    /// A folder that does not exist yet, or is empty.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// With the Secrets of the tenants' namespaces, in plain text: keep the folder as you keep those.
    #[arg(long)]
    secrets: bool,
}

/// Reads, writes, and reads back what was written.
///
/// # Errors
/// The folder holds something, the cluster cannot be read, or a file does not say what it should.
pub fn run(options: &Options) -> anyhow::Result<()> {
    prepare(&options.folder)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let collection = runtime.block_on(async {
        let client = options.cluster.client().await?;
        collect::collect(&client, options.secrets).await
    })?;
    for (part, objects) in &collection.parts {
        write(&options.folder.join(part.file()), objects)?;
    }
    let summary = summary(&collection, options.secrets);
    store(&options.folder.join("README.md"), &format!("{README}\n{summary}"))?;
    output::print(&summary)
}

const README: &str = "# A backup of what is declared to Yipan

Made by `yipan backup`; put back by `yipan restore` before an operator starts.

Not in it: what tenants store (volumes, databases), what runs, certificates in the operator's namespace, the
definitions, the admission policies, rights of people who are no tenant's.
";

/// Nothing of an earlier backup may be taken for a part of this one.
fn prepare(folder: &Path) -> anyhow::Result<()> {
    let cannot = || format!("cannot make {}", folder.display());
    fs::create_dir_all(folder).with_context(cannot)?;
    if fs::read_dir(folder).with_context(cannot)?.next().is_some() {
        anyhow::bail!("{} is not empty; name a new folder", folder.display());
    }
    Ok(())
}

fn write(path: &Path, objects: &[Value]) -> anyhow::Result<()> {
    let text = output::yaml_stream(objects)?;
    store(path, &text)?;
    let file = path.display().to_string();
    let back = manifest::documents(&Source { file, text: fs::read_to_string(path)? })?;
    if back != objects {
        anyhow::bail!("{} does not say what it should; tell the makers of Yipan", path.display());
    }
    Ok(())
}

/// A file that nobody else may read: it may hold Secrets.
fn store(path: &Path, text: &str) -> anyhow::Result<()> {
    let cannot = || format!("cannot write {}", path.display());
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).with_context(cannot)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).with_context(cannot)
}

fn summary(collection: &Collection, secrets: bool) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    for (part, objects) in &collection.parts {
        let _ = writeln!(text, "{}: {}", part.file(), objects.len());
    }
    if !secrets {
        text.push_str("Secrets are not in it; --secrets takes them along.\n");
    }
    if !collection.leaving.is_empty() {
        let _ = writeln!(text, "left out, for they are being deleted: {}", collection.leaving.join(", "));
    }
    text
}
