//! `yipan plan --diff`: what would change in a cluster, who could newly reach whom, and who no longer.

mod differences;
mod read;
mod report;
mod text;
mod unified;

use std::process::ExitCode;

use jiff::Timestamp;
use kube::Client;
use serde_json::Value;
use yipan_core::plan::preview::{Change, Fates, Named, Preview, laid_over};
use yipan_core::plan::{Declared, Kind};

use super::Options;
use crate::commands::output::{self, Format};
use crate::manifest::{self, Manifest};
use differences::{Sorting, differences};

pub use report::Report;
pub use text::text;

/// What the process ends with when something would change.
const CHANGES: u8 = 2;

/// Compares and prints. It reads and writes nothing.
///
/// # Errors
/// The cluster cannot be read, or refuses what is given.
pub fn run(options: &Options, manifest: &Manifest) -> anyhow::Result<ExitCode> {
    let deleted = options.delete.iter().map(|given| named(given)).collect::<anyhow::Result<Vec<Named>>>()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(async {
        let client = options.cluster.client().await?;
        compare(&client, manifest, &deleted, Timestamp::now()).await
    })?;
    match options.output {
        Format::Table => output::print(&text(&report))?,
        Format::Yaml => output::print(&output::yaml_stream([&report])?)?,
        Format::Json => output::print(&format!("{}\n", serde_json::to_string_pretty(&report)?))?,
    }
    let blocking = report.refusals.iter().filter(|refusal| !refusal.already).count();
    match blocking {
        0 if report.is_empty() => Ok(ExitCode::SUCCESS),
        0 => Ok(ExitCode::from(CHANGES)),
        1 => anyhow::bail!("1 declaration would be refused"),
        many => anyhow::bail!("{many} declarations would be refused"),
    }
}

/// Takes every decision beforehand and holds it against what is stored.
async fn compare(client: &Client, manifest: &Manifest, deleted: &[Named], now: Timestamp) -> anyhow::Result<Report> {
    let read::Cluster { declared, unreadable_tenants, held } = read::cluster(client).await?;
    let (preview, changes) = decide(declared, unreadable_tenants, manifest, deleted, now)?;
    let fates = Fates::of(&preview);
    let differences = differences(client, &preview, &fates, &held).await?;
    Ok(Report::of(manifest, &preview, changes, differences))
}

/// The same for a cluster that was read already: what is declared there and found, and every object of
/// ours with its `managedFields`.
///
/// # Errors
/// The cluster would refuse what is given.
pub fn foretold(
    cluster: Declared,
    stored: &[(Kind, Value)],
    manifest: &Manifest,
    deleted: &[Named],
    now: Timestamp,
) -> anyhow::Result<Report> {
    let (preview, changes) = decide(cluster, Vec::new(), manifest, deleted, now)?;
    let fates = Fates::of(&preview);
    let mut sorting = Sorting::of(&fates);
    stored.iter().for_each(|(kind, object)| sorting.judge(*kind, object));
    Ok(Report::of(manifest, &preview, changes, sorting.finish(&preview)))
}

/// Lays the files over what is declared in the cluster, and lets everything come to rest.
fn decide(
    cluster: Declared,
    unreadable_tenants: Vec<String>,
    manifest: &Manifest,
    deleted: &[Named],
    now: Timestamp,
) -> anyhow::Result<(Preview, Vec<Change>)> {
    let files = &manifest.declared;
    for named in deleted {
        let place = (named.namespace.clone().unwrap_or_default(), named.name.clone());
        let holds = |declared: &Declared| match named.kind {
            "App" => declared.apps.contains_key(&place),
            "Blueprint" => declared.blueprints.contains_key(&named.name),
            _ => declared.tenants.contains_key(&named.name),
        };
        anyhow::ensure!(holds(&cluster), "there is no {named} that could be deleted");
        anyhow::ensure!(!holds(files), "{named} cannot both be given and be deleted");
    }
    let (after, changes) = laid_over(&cluster, files, deleted);
    refuse_changes(&changes)?;
    let ending = deleted.iter().filter(|named| named.kind == "Tenant").map(|named| named.name.clone());
    let preview = Preview::of(cluster, after, &ending.collect::<Vec<_>>(), unreadable_tenants, now);
    Ok((preview, changes))
}

/// What the API server would not store is no change: a parent that differs, and the like.
fn refuse_changes(changes: &[Change]) -> anyhow::Result<()> {
    let mut refused = Vec::new();
    for change in changes {
        let (Some(before), Some(after)) = (&change.before, &change.after) else { continue };
        let named = &change.named;
        let wrong = manifest::refused_change(named.kind, before, after)?;
        let colon = |path: &str| if path.is_empty() { String::new() } else { format!("{path}: ") };
        refused.extend(wrong.into_iter().map(|(path, message)| format!("{named}: {}{message}", colon(&path))));
    }
    match refused.is_empty() {
        true => Ok(()),
        false => anyhow::bail!("the cluster would refuse:\n{}", refused.join("\n")),
    }
}

/// Reads `app/<tenant>/<name>`, `blueprint/<name>` or `tenant/<name>`.
///
/// # Errors
/// It is none of these.
pub fn named(given: &str) -> anyhow::Result<Named> {
    match *given.split('/').collect::<Vec<_>>() {
        ["app", tenant, name] => Ok(Named::new("App", Some(tenant), name)),
        ["tenant", name] => Ok(Named::new("Tenant", None, name)),
        ["blueprint", name] => Ok(Named::new("Blueprint", None, name)),
        _ => anyhow::bail!("--delete {given}: give app/<tenant>/<name>, blueprint/<name> or tenant/<name>"),
    }
}
