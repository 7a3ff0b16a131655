//! /livez, /readyz and /metrics.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use kube::runtime::watcher;

use super::caches;
use super::context::Shared;
use super::error::short;

/// What /readyz says: one line for each thing that must be so.
#[derive(Default)]
pub struct Health {
    checks: Mutex<BTreeMap<String, Result<(), String>>>,
}

impl Health {
    /// Nothing is so yet.
    pub fn new() -> Self {
        let waiting = |name: String| (name, Err("not listed yet".to_owned()));
        let watches = caches::watches().map(|watch| waiting(watch_check(watch)));
        let checks = [
            ("definitions".to_owned(), Err("not looked for yet".to_owned())),
            ("counting".to_owned(), Err("not asked for yet".to_owned())),
            ("leadership".to_owned(), Err("not known yet".to_owned())),
        ];
        Self { checks: Mutex::new(watches.chain(checks).collect()) }
    }

    /// Records that something is so, or why not. Returns whether that is news.
    pub fn set(&self, check: &str, state: Result<(), String>) -> bool {
        let mut checks = self.checks.lock().unwrap_or_else(PoisonError::into_inner);
        let news = checks.get(check) != Some(&state);
        checks.insert(check.to_owned(), state);
        news
    }

    /// Records that a watch works.
    pub fn watch_works(&self, watch: &str) {
        if self.set(&watch_check(watch), Ok(())) {
            tracing::info!(watch, "watching");
        }
    }

    /// Records that there is nothing to watch: the cluster does not know the kind, and need not.
    pub fn watch_is_idle(&self, watch: &str) {
        if self.set(&watch_check(watch), Ok(())) {
            tracing::info!(watch, "this kind is not installed; it is looked for now and then");
        }
    }

    /// Records that a watch does not work, and says so once.
    pub fn watch_failed(&self, watch: &str, error: &watcher::Error) {
        let why = short(error);
        if self.set(&watch_check(watch), Err(why.clone())) {
            tracing::warn!(watch, why, "cannot watch; trying again");
        }
    }

    /// Every watch that does not work, and why.
    pub fn broken_watches(&self) -> Vec<(String, String)> {
        let checks = self.checks.lock().unwrap_or_else(PoisonError::into_inner);
        let watches = checks.iter().filter(|(name, _)| name.starts_with(WATCH));
        let broken = watches.filter_map(|(name, state)| state.as_ref().err().map(|why| (name.clone(), why.clone())));
        broken.collect()
    }

    /// The page of /readyz, and whether all is well.
    fn page(&self) -> (bool, String) {
        let checks = self.checks.lock().unwrap_or_else(PoisonError::into_inner);
        let line = |(name, state): (&String, &Result<(), String>)| match state {
            Ok(()) => format!("[+]{name} ok\n"),
            Err(why) => format!("[-]{name} failed: {why}\n"),
        };
        let ready = checks.values().all(Result::is_ok);
        let verdict = if ready { "readyz check passed\n" } else { "readyz check failed\n" };
        (ready, checks.iter().map(line).chain([verdict.to_owned()]).collect())
    }
}

const WATCH: &str = "watch/";

fn watch_check(watch: &str) -> String {
    format!("{WATCH}{watch}")
}

/// The pages, for a server.
pub fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(shared)
}

async fn readyz(State(shared): State<Arc<Shared>>) -> (StatusCode, String) {
    let (ready, page) = shared.health.page();
    (if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, page)
}

async fn metrics(State(shared): State<Arc<Shared>>) -> (StatusCode, String) {
    match shared.metrics.page(&shared.caches) {
        Ok(page) => (StatusCode::OK, page),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}
