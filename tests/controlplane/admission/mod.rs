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

/// What still ends otherwise when the rule that stops it is not there, and how.
const STOPPED_BY_MORE: [(&str, &str); 0] = [];

/// Each attack is tried without the rule that stops it, and must be done. Requests say by an impersonated
/// extra which rule is not to hold for them, so that all others are judged as ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_rule_stops_what_nothing_else_stops() {
    let _alone = stage::alone().await;
    let (attacks, stage) = (attacks::all(), Who::Stage.client().await);
    let (cast, rules) = (attacks::Cast::of(&attacks).await, policies::rules(&stage).await);
    policies::loosen(&stage, true).await;
    let (mut wrong, mut needed) = (Vec::new(), std::collections::BTreeSet::new());
    for attack in &attacks {
        attack.prepare(&cast).await.expect("the steps before it");
        let client = attack.by().impersonated().await;
        let Verdict::Policy { name, words } = attack.rehearse(&client, None).await else { continue };
        let Some(rule) = rules.iter().find(|rule| rule.policy == name && rule.says(&words)) else {
            wrong.push(format!("{}: no rule of {name} says: {words}", attack.name));
            continue;
        };
        let name = rule.name();
        let verdict = eventually(SOON, &format!("{name} lets go of `{}`", attack.name), async || {
            match attack.rehearse(&client, Some(&name)).await {
                Verdict::Policy { name, words } if name == rule.policy && rule.says(&words) => Err(words),
                verdict => Ok(verdict),
            }
        })
        .await;
        let listed = STOPPED_BY_MORE.iter().find(|(listed, _)| *listed == attack.name).map(|(_, by)| *by);
        match (&verdict, listed) {
            (Verdict::Done, None) => drop(needed.insert(name)),
            (Verdict::Other { code, .. }, None) if attack.connects() && *code != 403 => drop(needed.insert(name)),
            (Verdict::Policy { name, .. }, Some(by)) if name == by => {}
            _ => wrong.push(format!("{}: without {name}: {verdict:?}", attack.name)),
        }
    }
    policies::loosen(&stage, false).await;
    let idle = rules.iter().map(policies::Rule::name).filter(|rule| !needed.contains(rule));
    wrong.extend(idle.map(|rule| format!("{rule} alone stops nothing")));
    println!("{} rules are each needed", needed.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
