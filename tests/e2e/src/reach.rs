//! Who reaches whom, as the pods themselves find.

use std::collections::BTreeMap;

use anyhow::ensure;

use super::cluster::Cluster;

/// How often a blocked way is tried again: a policy that comes and goes would let one of them through.
const AGAIN: usize = 2;

/// A pod to ask from.
pub struct Pod<'a> {
    /// Its namespace.
    pub namespace: &'a str,
    /// `pod/NAME` or `deployment/NAME`.
    pub target: &'a str,
}

impl Pod<'_> {
    /// That every one of these opens now.
    ///
    /// # Errors
    /// One does not.
    pub async fn is_open(&self, cluster: &Cluster, targets: &[&str]) -> anyhow::Result<()> {
        let found = self.ask(cluster, targets).await?;
        let shut: Vec<String> = found.iter().filter(|(_, state)| *state != "open").map(said).collect();
        ensure!(shut.is_empty(), "from {}/{}: {}", self.namespace, self.target, shut.join(", "));
        Ok(())
    }

    /// That none of these opens, now and when asked again. Says nothing by itself: something else must reach them.
    ///
    /// # Errors
    /// One opens, or its name cannot be asked for.
    pub async fn is_shut(&self, cluster: &Cluster, targets: &[&str]) -> anyhow::Result<()> {
        for _ in 0..=AGAIN {
            let found = self.ask(cluster, targets).await?;
            let open = found.iter().filter(|(_, state)| *state == "open" || state.starts_with("unresolved"));
            let open: Vec<String> = open.map(said).collect();
            ensure!(open.is_empty(), "from {}/{}: {}", self.namespace, self.target, open.join(", "));
        }
        Ok(())
    }

    async fn ask(&self, cluster: &Cluster, targets: &[&str]) -> anyhow::Result<BTreeMap<String, String>> {
        let answer = cluster.probe(self.namespace, self.target, &[&["reach"], targets].concat()).await?;
        let found: BTreeMap<String, String> =
            answer.lines().filter_map(|line| line.split_once(' ')).map(|(t, s)| (t.to_owned(), s.to_owned())).collect();
        let answered = targets.iter().all(|target| found.contains_key(*target));
        ensure!(answered, "from {}/{}: answered {answer}", self.namespace, self.target);
        Ok(found)
    }
}

fn said((target, state): (&String, &String)) -> String {
    format!("{target} is {state}")
}
