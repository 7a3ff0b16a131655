//! What was tried and what came of it.

use std::time::{Duration, Instant};

/// Counts proofs and tells each as soon as it is decided.
pub struct Report {
    started: Instant,
    proved: usize,
    failed: Vec<String>,
    not_asked: usize,
}

impl Report {
    /// Nothing is tried yet.
    pub fn new() -> Self {
        Self { started: Instant::now(), proved: 0, failed: Vec::new(), not_asked: 0 }
    }

    /// Begins a part.
    pub fn part(&self, title: &str) {
        println!("\n{title}");
    }

    /// Tries one thing. A proof that fails is told and counted, and the others go on: each says for itself what
    /// it needs.
    pub async fn prove(&mut self, what: &str, proof: impl Future<Output = anyhow::Result<String>>) {
        let begun = Instant::now();
        let outcome = proof.await;
        let took = seconds(begun.elapsed());
        match outcome {
            Ok(seen) if seen.is_empty() => println!("  proved  {took}  {what}"),
            Ok(seen) => println!("  proved  {took}  {what}: {seen}"),
            Err(error) => {
                println!("  FAILED  {took}  {what}: {error:#}");
                self.failed.push(what.to_owned());
                return;
            }
        }
        self.proved += 1;
    }

    /// Tells what this cluster or these options leave open.
    pub fn not_asked(&mut self, what: &str, why: &str) {
        println!("  not asked        {what}: {why}");
        self.not_asked += 1;
    }

    /// The last word; true when nothing failed and something was proved.
    pub fn finish(&self) -> bool {
        println!(
            "\n{} proved, {} failed, {} not asked, in {}",
            self.proved,
            self.failed.len(),
            self.not_asked,
            seconds(self.started.elapsed()).trim_start()
        );
        for what in &self.failed {
            println!("  failed: {what}");
        }
        self.failed.is_empty() && self.proved > 0
    }

    /// Whether something failed so far.
    pub fn has_failures(&self) -> bool {
        !self.failed.is_empty()
    }
}

fn seconds(took: Duration) -> String {
    format!("{:5.1} s", took.as_secs_f64())
}
