//! What the admission policies stop, and what they let through.
//!
//! `table` asks everything of everybody, against a small oracle. `attacks.yaml` holds attacks by name,
//! each with what the same person may do instead. Nobody here is system:masters but who sets the stage.

mod ask;
mod attacks;
mod oracle;
mod people;
mod served;
mod stage;
mod table;

use std::time::Duration;

use people::Who;
use table::Table;

/// A tenant's namespace, another's, and one that is nobody's.
const OWN: &str = "admission-own";
const OTHER: &str = "admission-other";
const NONE: &str = "admission-none";
/// How long anything that is awaited may take on a busy machine.
const SOON: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_way_in_ends_as_the_rules_say() {
    stage::set().await;
    let table = Table::generate(&Who::Stage.client().await).await;
    table.furnish().await;
    let (asked, counts, wrong) = table.wrong().await;
    println!("{asked} combinations asked: {counts:?}");
    assert!(wrong.is_empty(), "{} of {asked}:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_attack_comes_through() {
    stage::set().await;
    let attacks = attacks::all();
    let cast = attacks::Cast::of(&attacks).await;
    let mut wrong = Vec::new();
    for attack in &attacks {
        wrong.extend(attack.attempt(&cast).await.err());
    }
    println!("{} attacks tried, {} came through or lack their control", attacks.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
