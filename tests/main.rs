//! What no single crate can promise. One binary, one module per kind of promise.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod cases;
mod chart;
mod controlplane;
mod drift;
mod image;
mod previews;
mod tidy;
