//! The shell of Yipan: what touches the world. Decisions are taken in `yipan-core`.

pub mod commands;
pub mod manifest;
pub mod operator;
