//! What was measured, kept as it comes: a run that is cut short loses nothing that had ended.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;

use super::Options;
use super::bare::Bare;
use super::declarations::Size;
use super::figures::{self, Group};
use super::flood::Flood;
use super::machine::Machine;
use super::run::{Converged, Restart, Steady};

/// What was measured, of what, on what.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report<'a> {
    machine: Machine,
    options: &'a Options,
    groups: Vec<Group>,
    parts: Vec<Part>,
    /// What could not be measured, and why.
    failures: Vec<String>,
    #[serde(skip)]
    json: Option<PathBuf>,
}

/// One part of one run.
#[derive(Serialize)]
pub struct Part {
    /// Which run it is of.
    pub run: usize,
    /// How large the province was; none where that is no matter.
    pub size: Option<Size>,
    /// What was measured.
    #[serde(flatten)]
    pub measured: Measured,
}

/// What a section gives.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Measured {
    /// The floor.
    Bare(Bare),
    /// From the first create to the last Ready.
    Operator(Converged),
    /// A time in which nothing is declared.
    Steady(Steady),
    /// A new process.
    Restart(Restart),
    /// Single changes, alone and in a flood.
    Flood(Flood),
}

impl<'a> Report<'a> {
    /// An empty one, of this machine as it is now.
    pub fn new(options: &'a Options, json: Option<PathBuf>) -> Self {
        Self { machine: Machine::this(), options, groups: Vec::new(), parts: Vec::new(), failures: Vec::new(), json }
    }

    /// Takes in a part that has ended, and writes the file.
    pub fn add(&mut self, run: usize, size: Option<Size>, measured: Measured) {
        self.parts.push(Part { run, size, measured });
        self.groups = figures::groups(&self.parts);
        self.keep();
    }

    /// Takes in what could not be measured.
    pub fn failed(&mut self, what: &str, why: &anyhow::Error) {
        let failure = format!("{what}: {why:#}");
        eprintln!("yipan-bench: {failure}");
        self.failures.push(failure);
        self.keep();
    }

    /// Replaces the file as a whole, so that whoever ends this process leaves one that can be read.
    fn keep(&self) {
        let Some(file) = &self.json else { return };
        let beside = file.with_extension("part");
        let kept = self.json().map_err(std::io::Error::from);
        let kept = kept.and_then(|text| std::fs::write(&beside, text)).and_then(|()| std::fs::rename(&beside, file));
        if let Err(error) = kept {
            eprintln!("yipan-bench: {}: {error}", file.display());
        }
    }

    /// All of it, for programs.
    ///
    /// # Errors
    /// It cannot be said in JSON, which would be a fault of ours.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// The figures, for people.
    pub fn table(&self) -> String {
        let tables = self.groups.iter().map(|group| format!("\n{}\n{}\n", group.title, figures::table(group)));
        self.machine.sentence() + "\n" + &tables.collect::<String>()
    }

    /// Puts the figures where a document marks their place.
    ///
    /// # Errors
    /// The document cannot be read or written, or marks none.
    pub fn replace_in(&self, document: &Path) -> anyhow::Result<()> {
        let replace = || {
            let text = std::fs::read_to_string(document)?;
            let (before, rest) = text.split_once(BEGIN).with_context(|| format!("no line `{}`", BEGIN.trim_end()))?;
            let (_, after) = rest.split_once(END).with_context(|| format!("no line `{END}`"))?;
            let tables =
                self.groups.iter().map(|group| format!("### {}\n\n{}\n\n", group.title, figures::markdown(group)));
            let tables: String = tables.collect();
            let text = format!("{before}{BEGIN}{}\n\n{tables}{END}{after}", self.machine.sentence());
            anyhow::Ok(std::fs::write(document, text)?)
        };
        replace().with_context(|| document.display().to_string())
    }

    /// What went wrong: what could not be measured, and promises that were broken.
    pub fn faults(&self) -> Vec<String> {
        self.failures.iter().cloned().chain(figures::broken_promises(&self.parts)).collect()
    }
}

const BEGIN: &str = "<!-- figures: written by yipan-bench --markdown -->\n";
const END: &str = "<!-- end of figures -->";
