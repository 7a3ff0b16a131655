//! What the figures were measured on.

use serde::Serialize;

/// The machine and how busy it was with other things.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Machine {
    /// Processors that may be used.
    pub cores: usize,
    /// Their name.
    pub model: String,
    /// All memory.
    pub memory_gib: f64,
    /// The load of the minute before the first run: what others did.
    pub load_before: f64,
    /// When it was measured.
    pub date: String,
}

impl Machine {
    /// This one, now.
    pub fn this() -> Self {
        let first = |file: &str, key: &str| {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            let value = text.lines().find(|line| line.starts_with(key)).map(|line| line[key.len()..].to_owned());
            value.unwrap_or_default().trim_start_matches([' ', '\t', ':']).trim_end_matches(" kB").to_owned()
        };
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Self {
            cores: std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
            model: first("/proc/cpuinfo", "model name"),
            memory_gib: (first("/proc/meminfo", "MemTotal").parse::<f64>().unwrap_or(0.0) / 1048576.0).round(),
            load_before: load.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(0.0),
            date: jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(),
        }
    }

    /// In a sentence.
    pub fn sentence(&self) -> String {
        let Self { cores, model, memory_gib, load_before, date } = self;
        format!("{date}, {cores} cores of {model}, {memory_gib} GiB; load before the first run: {load_before}.")
    }
}
