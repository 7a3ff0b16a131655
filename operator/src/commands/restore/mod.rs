//! `yipan restore`: puts a backup into a cluster. Nothing that exists is changed.

mod put;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use kube::{Api, Client};
use serde_json::Value;
use tokio::time::Instant;
use yipan_core::kinds::Platform;

use super::backup::part::Part;
use super::cluster::Cluster;
use super::{leadership, output};
use crate::manifest::{self, Source};
use crate::operator::prerequisites;
use put::{Put, Putting};

/// Puts a backup into a cluster whose operator does not run yet, or is paused. The cluster has the
/// definitions and `yipan-system` already.
#[derive(Debug, Clone, Args)]
pub struct Options {
    #[command(flatten)]
    cluster: Cluster,
    /// The folder that `yipan backup` made.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The namespace of the operator.
    #[arg(long, env = "YIPAN_NAMESPACE", default_value = "yipan-system")]
    namespace: String,
    /// The Lease that a leader would hold.
    #[arg(long, default_value = "yipan")]
    lease: String,
    /// How many seconds to wait until the cluster counts what quotas count.
    #[arg(long, default_value_t = 120)]
    timeout: u64,
}

/// Reads all files, then puts back part by part.
///
/// # Errors
/// A file cannot be read, an operator leads, or something could not be put back: what, and why.
pub fn run(options: Options) -> anyhow::Result<()> {
    let parts = Part::ALL.into_iter().map(|part| Ok((part, read(&options, part)?)));
    let parts: Vec<(Part, Vec<Value>)> = parts.collect::<anyhow::Result<_>>()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = options.cluster.client().await?;
        nobody_leads(&client, &options).await?;
        let deadline = Instant::now() + Duration::from_secs(options.timeout);
        while let Err(why) = prerequisites::are_met(&client, &options.namespace).await {
            anyhow::ensure!(Instant::now() < deadline, "the cluster is not ready for it: {why}");
            tokio::time::sleep(GLANCE).await;
        }
        let mut putting = Putting::new(client, Duration::from_secs(options.timeout));
        for (part, objects) in &parts {
            let mut made = 0;
            for object in objects {
                match putting.put(*part, object).await {
                    Put::Made => made += 1,
                    Put::Same => {}
                    Put::Left(why) => output::print(&format!("left as it is: {why}\n"))?,
                }
            }
            output::print(&format!("{}: {made} made of {}\n", part.file(), objects.len()))?;
        }
        anyhow::ensure!(putting.left == 0, "{} objects were not put back; they are named above", putting.left);
        Ok(())
    })
}

/// How often it is asked whether the cluster is ready.
const GLANCE: Duration = Duration::from_millis(500);

/// The objects of a part. Secrets need not be there.
fn read(options: &Options, part: Part) -> anyhow::Result<Vec<Value>> {
    let path = options.folder.join(part.file());
    if part == Part::Secrets && !path.exists() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    manifest::documents(&Source { file: path.display().to_string(), text })
}

/// A leader would act on every half of it: on Tenants without their children, on Apps to come.
async fn nobody_leads(client: &Client, options: &Options) -> anyhow::Result<()> {
    let Some(holder) = leadership::holder(client, &options.namespace, &options.lease).await? else { return Ok(()) };
    let platform = Api::<Platform>::all(client.clone()).get_opt("platform").await?;
    let now = jiff::Timestamp::now();
    let paused = platform.and_then(|platform| platform.spec.paused).filter(|paused| paused.until.timestamp() > now);
    anyhow::ensure!(
        paused.is_some(),
        "`{holder}` leads; end that operator, or pause the Platform (spec.paused), and run this again"
    );
    Ok(())
}
