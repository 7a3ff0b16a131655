//! What the admission policies stop, and what they let through.
//!
//! `table` asks everything of everybody, against a small oracle. `attacks.yaml` holds attacks by name,
//! each with what the same person may do instead. Nobody here is system:masters but who sets the stage.

mod ask;
mod attacks;
mod oracle;
mod people;
mod policies;
mod served;
mod stage;
mod table;

use std::time::Duration;

use ask::Verdict;
use people::Who;
use table::Table;

use super::plane::eventually;

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
    let _alone = stage::alone().await;
    let (attacks, stage) = (attacks::all(), Who::Stage.client().await);
    let cast = attacks::Cast::of(&attacks).await;
    let (mut wrong, mut said) = (Vec::new(), Vec::new());
    for attack in &attacks {
        match attack.attempt(&cast).await {
            Ok(words) => said.push(words),
            Err(fault) => wrong.push(fault),
        }
    }
    println!("{} attacks tried, {} came through or lack their control", attacks.len(), wrong.len());
    let rules = policies::rules(&stage).await;
    let unbroken = rules.iter().filter(|rule| !said.iter().any(|words| rule.says(words)));
    wrong.extend(unbroken.map(|rule| format!("no attack is stopped by rule {} of {}", rule.index, rule.policy)));
    wrong.extend(policies::faults(&stage).await);
    println!("{} rules of policies each stopped one", rules.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn break_glass_passes_and_is_seen() {
    let _alone = stage::alone().await;
    let attacks = attacks::all();
    let (cast, rescuer) = (attacks::Cast::of(&attacks).await, Who::Rescuer.client().await);
    let (mut passed, mut wrong) = (0, Vec::new());
    for attack in attacks.iter().filter(|attack| attack.is_for_break_glass()) {
        attack.prepare(&cast).await.expect("the steps before it");
        match attack.by_break_glass(&rescuer).await {
            Ok(()) => passed += 1,
            Err(fault) => wrong.push(fault),
        }
    }
    println!("{passed} deeds passed by break-glass, each with a warning");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Each rule taken out for a moment: an attack must come through that it stopped, or be stopped by
/// another rule only. It changes what all others rely on, so it runs when it is asked for:
/// `cargo test -p yipan-tests each_rule_stops -- --ignored --nocapture`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes policies out of the control plane that other tests use"]
async fn each_rule_stops_what_nothing_else_stops() {
    let _alone = stage::alone().await;
    let (attacks, stage) = (attacks::all(), Who::Stage.client().await);
    let cast = attacks::Cast::of(&attacks).await;
    for rule in policies::rules(&stage).await {
        let mut by_it = None;
        for attack in attacks.iter().filter(|attack| attack.stopped_by == rule.policy) {
            attack.prepare(&cast).await.expect("the steps before it");
            match attack.rehearse(&cast).await {
                Verdict::Policy { words, .. } if rule.says(&words) => by_it = Some(attack),
                _ => continue,
            }
            break;
        }
        let attack = by_it.unwrap_or_else(|| panic!("no attack is stopped by rule {} of {}", rule.index, rule.policy));
        rule.set(&stage, false).await;
        let escaped = eventually(SOON, &format!("`{}` comes through", attack.name), async || {
            match attack.rehearse(&cast).await {
                Verdict::Policy { words, .. } if rule.says(&words) => Err(words),
                verdict => Ok(verdict),
            }
        })
        .await;
        rule.set(&stage, true).await;
        eventually(SOON, &format!("`{}` is stopped again", attack.name), async || match attack.rehearse(&cast).await {
            Verdict::Policy { words, .. } if rule.says(&words) => Ok(()),
            verdict => Err(format!("{verdict:?}")),
        })
        .await;
        println!("without rule {} of {}: `{}`: {escaped:?}", rule.index, rule.policy, attack.name);
    }
}
