//! `yipan uninstall`: takes Yipan out of a cluster and leaves all that its tenants have.
//!
//! Every step looks at what is left to do, so a run that was broken off is completed by another.

mod declarations;
mod definitions;
mod guards;
mod operator;

use std::fmt::Write as _;
use std::time::Duration;

use clap::Args;
use kube::core::ApiResource;
use kube::{Client, ResourceExt as _};
use tokio::time::Instant;
use yipan_core::kinds::{App, Blueprint, Platform, Tenant};

use super::cluster::Cluster;
use super::{listing, output};

/// Takes Yipan out of a cluster. What runs runs on, and what is stored stays.
#[derive(Debug, Clone, Args)]
pub struct Options {
    #[command(flatten)]
    cluster: Cluster,
    /// Does it. Without this it only says what it would do.
    #[arg(long)]
    yes: bool,
    /// Leaves the definitions, and so all that is declared.
    #[arg(long)]
    keep_definitions: bool,
    /// The namespace of the operator, where its Deployment and its Lease lie.
    #[arg(long, env = "YIPAN_NAMESPACE", default_value = "yipan-system")]
    namespace: String,
    /// The Deployment of the operator, if it runs as one.
    #[arg(long, default_value = "yipan")]
    deployment: String,
    /// The Lease that the leader holds.
    #[arg(long, default_value = "yipan")]
    lease: String,
    /// How many seconds any step may wait for others.
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..))]
    timeout: u64,
}

/// One removal, with the way to the cluster.
struct Removal {
    client: Client,
    options: Options,
}

/// Says what it will do and, with `--yes`, does it.
///
/// # Errors
/// The word is missing, an operator still leads, or something of others holds what has to go.
pub fn run(options: Options) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = options.cluster.client().await?;
        let removal = Removal { client, options };
        output::print(&removal.survey().await?)?;
        if !removal.options.yes {
            anyhow::bail!("nothing was done; say --yes");
        }
        removal.carry_out().await
    })
}

impl Removal {
    /// What there is, and what will become of it.
    async fn survey(&self) -> anyhow::Result<String> {
        let count = async |resource: &ApiResource| listing::every(&self.client, resource).await.map(|all| all.len());
        let (tenants, apps) = (count(&kind::<Tenant>()).await?, count(&kind::<App>()).await?);
        let (platforms, blueprints) = (count(&kind::<Platform>()).await?, count(&kind::<Blueprint>()).await?);
        let (policies, bindings) = self.guards().await?;
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "Yipan goes from this cluster in this order:");
        let _ = writeln!(text, "- the operator: {}", self.operator_found().await?);
        let _ = writeln!(text, "- admission: {} bindings, then {} policies", bindings.len(), policies.len());
        let _ = writeln!(text, "- finalizers of Yipan: on {tenants} Tenants and {apps} Apps, where they have one");
        if self.options.keep_definitions {
            let _ = writeln!(text, "The definitions stay, and so does all that is declared.");
        } else {
            let _ = writeln!(text, "- declarations: {apps} Apps; what they made stays and is nobody's");
            let _ = writeln!(
                text,
                "- definitions, with {tenants} Tenants, {blueprints} Blueprints and {platforms} Platforms"
            );
            let _ = writeln!(text, "To come back to it, first keep what is declared: yipan backup DIR");
        }
        let _ = writeln!(
            text,
            "What stays: namespaces, Secrets, volumes, what runs, its addresses, quotas, network policies, rights."
        );
        Ok(text)
    }

    async fn carry_out(&self) -> anyhow::Result<()> {
        self.stop_operator().await?;
        // Before the rest: a policy refuses to take finalizers off.
        self.remove_guards().await?;
        self.release().await?;
        if !self.options.keep_definitions {
            self.orphan_apps().await?;
            self.remove_definitions().await?;
        }
        self.say("done")
    }

    /// Tells how far it is.
    fn say(&self, text: &str) -> anyhow::Result<()> {
        output::print(&format!("{text}\n"))
    }

    /// Asks until nothing stands in the way, or fails with what does once the time is over.
    async fn until_free(
        &self,
        mut in_the_way: impl AsyncFnMut() -> anyhow::Result<Option<String>>,
    ) -> anyhow::Result<()> {
        let deadline = Instant::now() + Duration::from_secs(self.options.timeout);
        if let Some(what) = in_the_way().await? {
            self.say(&format!("waiting, up to {} s: {what}", self.options.timeout))?;
        }
        loop {
            match in_the_way().await? {
                None => return Ok(()),
                Some(what) if Instant::now() >= deadline => {
                    anyhow::bail!("after {} s {what}; then run this again", self.options.timeout);
                }
                Some(_) => tokio::time::sleep(GLANCE).await,
            }
        }
    }
}

/// How often it is asked whether something is gone.
const GLANCE: Duration = Duration::from_millis(250);

fn kind<K: kube::Resource<DynamicType = ()>>() -> ApiResource {
    ApiResource::erase::<K>(&())
}

/// An object by kind and name, for people.
fn title(kind: &str, object: &kube::api::DynamicObject) -> String {
    match object.namespace() {
        Some(namespace) => format!("{kind} {namespace}/{}", object.name_any()),
        None => format!("{kind} {}", object.name_any()),
    }
}
