//! What is shown on standard error while things run.

use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often a line says how far it is, where no bar can be drawn.
const RHYTHM: Duration = Duration::from_secs(15);

/// What is being measured, for the beginning of every line.
#[derive(Debug, Clone)]
pub struct Say(pub String);

impl Say {
    /// A line about a part of it.
    pub fn of(&self, what: &str) -> String {
        format!("{}: {what}", self.0)
    }
}

/// One line that says what is being done, and how far it is. It goes when it is dropped.
pub struct Bar {
    drawn: ProgressBar,
    /// Where no bar can be drawn: what it says, of how many steps, how many are done, and when that was said.
    said: Option<Mutex<Said>>,
}

struct Said {
    what: String,
    steps: usize,
    done: usize,
    at: Instant,
}

impl Bar {
    /// Of so many steps; none where nobody can say.
    pub fn new(what: String, steps: usize) -> Self {
        if !std::io::stderr().is_terminal() {
            eprintln!("{what}");
            let said = Said { what, steps, done: 0, at: Instant::now() };
            return Self { drawn: ProgressBar::hidden(), said: Some(Mutex::new(said)) };
        }
        let (bar, style) = match steps {
            0 => (ProgressBar::new_spinner(), "{spinner} {msg} ({elapsed})"),
            _ => (ProgressBar::new(steps as u64), "{spinner} {msg} {wide_bar} {pos}/{len} ({elapsed})"),
        };
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        bar.set_message(what);
        Self { drawn: bar, said: None }
    }

    /// One that is not shown.
    pub fn hidden() -> Self {
        Self { drawn: ProgressBar::hidden(), said: None }
    }

    /// One step is done.
    pub fn step(&self) {
        self.drawn.inc(1);
        let Some(said) = &self.said else { return };
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        said.done += 1;
        if said.at.elapsed() >= RHYTHM {
            said.at = Instant::now();
            let of = if said.steps > 0 { format!(" of {}", said.steps) } else { String::new() };
            eprintln!("{}: {}{of}", said.what, said.done);
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.drawn.finish_and_clear();
    }
}
