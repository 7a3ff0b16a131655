//! What is shown on standard error while things run.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// One line that says what is being done, and how far it is. It goes when it is dropped.
pub struct Bar(ProgressBar);

impl Bar {
    /// Of so many steps; none where nobody can say.
    pub fn new(what: String, steps: usize) -> Self {
        if !std::io::stderr().is_terminal() {
            eprintln!("{what}"); // a bar would not be drawn
            return Self::hidden();
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
        Self(bar)
    }

    /// One that is not shown.
    pub fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    /// One step is done.
    pub fn step(&self) {
        self.0.inc(1);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
