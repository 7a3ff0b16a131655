//! `yipan tree`: the hierarchy with the state of each tenant.

mod forest;

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use kube::ResourceExt;
use yipan_core::kinds::{App, Tenant};
use yipan_core::plan;

use super::cluster::Cluster;
use super::listing;
use super::output::{self, Format};
use crate::manifest;

pub use forest::{Forest, Node};

/// Shows the tenants as a tree, each with its state and its Apps.
#[derive(Debug, Clone, Args)]
pub struct Options {
    #[command(flatten)]
    cluster: Cluster,
    /// Shows files instead of a cluster, as `yipan plan` would have them; may be repeated.
    #[arg(short, long = "filename", value_name = "PATH", conflicts_with_all = ["kubeconfig", "context"])]
    filenames: Vec<PathBuf>,
    /// Shows this tenant and those below it alone.
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// A tree for people, or its nodes as YAML or JSON.
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    output: Format,
}

/// Reads and prints.
///
/// # Errors
/// The cluster or the files cannot be read, or there is no such tenant.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let mut forest =
        if options.filenames.is_empty() { of_cluster(&options.cluster)? } else { of_files(&options.filenames)? };
    if let Some(name) = &options.tenant {
        forest = forest.below(name).ok_or_else(|| anyhow::anyhow!("there is no tenant `{name}`"))?;
    }
    match options.output {
        Format::Table => output::print(&forest.text()),
        Format::Yaml => output::print(&output::yaml_stream(&forest.roots)?),
        Format::Json => output::print(&format!("{}\n", serde_json::to_string_pretty(&forest.roots)?)),
    }
}

fn of_files(paths: &[PathBuf]) -> anyhow::Result<Forest> {
    let declared = manifest::read(paths)?.declared;
    let answer = plan::everything(&declared, Timestamp::now());
    let with_status = |planned: &plan::TenantAnswer| {
        let declaration = declared.tenants.get(&planned.name)?;
        Some(Tenant { status: Some(planned.status.clone()), ..(**declaration).clone() })
    };
    let tenants = answer.tenants.iter().filter_map(with_status).collect();
    // Nothing runs yet: what is not refused counts as ready.
    let apps: Vec<_> = answer.apps.iter().map(|app| (app.namespace.clone(), !app.objects.is_empty())).collect();
    Ok(Forest::of(tenants, &apps, Vec::new()))
}

fn of_cluster(cluster: &Cluster) -> anyhow::Result<Forest> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = cluster.client().await?;
        let (tenants, broken) = listing::readable::<Tenant>(&client).await?;
        let (apps, _) = listing::readable::<App>(&client).await?;
        let apps: Vec<_> =
            apps.iter().map(|app| (app.namespace().unwrap_or_default(), forest::is_ready(app))).collect();
        Ok(Forest::of(tenants, &apps, broken.into_iter().map(|(_, name)| name).collect()))
    })
}
