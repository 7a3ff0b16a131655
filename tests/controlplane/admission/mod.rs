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

use std::collections::BTreeSet;
use std::time::Duration;

use ask::Verdict;
use attacks::{Attack, Cast};
use people::Who;
use policies::Rule;
use table::Table;

/// A tenant's namespace, another's, and one that is nobody's.
const OWN: &str = "admission-own";
const OTHER: &str = "admission-other";
const NONE: &str = "admission-none";
/// How long anything that is awaited may take on a busy machine.
const SOON: Duration = Duration::from_secs(60);

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
    let cast = Cast::of(&attacks).await;
    let (mut wrong, mut said) = (Vec::new(), Vec::new());
    for attack in &attacks {
        match attack.attempt(&cast).await {
            Ok(words) => said.push(words),
            Err(fault) => wrong.push(fault),
        }
    }
    println!("{} attacks tried, {} came through or lack their control", attacks.len(), wrong.len());
    let rules = policies::rules(&stage).await;
    let broken: BTreeSet<String> =
        said.iter().filter_map(|(policy, words)| policies::speaker(&rules, policy, words)).map(Rule::name).collect();
    let unbroken = rules.iter().map(Rule::name).filter(|rule| !broken.contains(rule));
    wrong.extend(unbroken.map(|rule| format!("no attack is stopped by rule {rule}")));
    wrong.extend(policies::faults(&stage).await);
    println!("{} rules of policies each stopped one", rules.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn break_glass_passes_and_is_seen() {
    let _alone = stage::alone().await;
    let attacks = attacks::all();
    let (cast, rescuer) = (Cast::of(&attacks).await, Who::Rescuer.client().await);
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

/// What another rule still stops when the one that speaks first is not there.
const STOPPED_BY_MORE: [&str; 5] = [
    "a namespace is taken over through its finalize",
    "an App where no quota counts it",
    "a tenant's role is bound where the cluster lives, with the operator's token",
    "the cluster's own namespace is made a tenant's, with the operator's token",
    "a protected Tenant is deleted",
];

/// Each attack is tried without the rule that stops it, and must be done. Requests say by an impersonated
/// extra which rule is not to hold for them, so that all others are judged as ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_rule_stops_what_nothing_else_stops() {
    let _alone = stage::alone().await;
    let (attacks, stage) = (attacks::all(), Who::Stage.client().await);
    let (cast, rules) = (Cast::of(&attacks).await, policies::rules(&stage).await);
    policies::loosen(&stage, true).await;
    let (mut wrong, mut needed) = (Vec::new(), BTreeSet::new());
    for attack in &attacks {
        match stopped_alone_by(attack, &cast, &rules).await {
            Ok(rule) => needed.extend(rule.map(Rule::name)),
            Err(fault) => wrong.push(format!("{}: {fault}", attack.name)),
        }
    }
    policies::loosen(&stage, false).await;
    let idle = rules.iter().map(Rule::name).filter(|rule| !needed.contains(rule));
    wrong.extend(idle.map(|rule| format!("{rule} alone stops nothing")));
    println!("{} rules are each needed", needed.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// The rule without which an attack is done; none: no policy of ours stops it, or others would as well.
async fn stopped_alone_by<'a>(attack: &Attack, cast: &Cast, rules: &'a [Rule]) -> Result<Option<&'a Rule>, String> {
    attack.prepare(cast).await?;
    let client = attack.by().impersonated().await;
    let Verdict::Policy { name, words } = attack.rehearse(&client, None).await else { return Ok(None) };
    let rule = policies::speaker(rules, &name, &words).ok_or(format!("no rule of {name} says: {words}"))?;
    // What is loosened is known to all of the API server's readers only after a while.
    let name = rule.name();
    let deadline = tokio::time::Instant::now() + SOON;
    let verdict = loop {
        let verdict = attack.rehearse(&client, Some(&name)).await;
        let holds =
            matches!(&verdict, Verdict::Policy { name, words: still } if *name == rule.policy && *still == words);
        if !holds || tokio::time::Instant::now() > deadline {
            break verdict;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    match (&verdict, STOPPED_BY_MORE.contains(&attack.name.as_str())) {
        (Verdict::Done, false) => Ok(Some(rule)),
        (Verdict::Other { code, .. }, false) if attack.connects() && *code != 403 => Ok(Some(rule)),
        (Verdict::Policy { words: others, .. }, true) if *others != words => Ok(None),
        _ => Err(format!("without {name}: {verdict:?}")),
    }
}
