//! A page of measures in Prometheus' text format, as far as sums need it.

/// One line: a measure's name, its labels and its value.
struct Sample {
    name: String,
    labels: Vec<(String, String)>,
    value: f64,
}

/// A page of measures.
pub struct Exposition(Vec<Sample>);

impl Exposition {
    /// Reads a page. The labels of the measures we ask for hold no escaped quotes.
    pub fn read(page: &str) -> Self {
        Self(page.lines().filter(|line| !line.starts_with('#')).filter_map(sample).collect())
    }

    /// The sum of a measure over all label values but the ones given.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let all = |sample: &&Sample| labels.iter().all(|(key, wanted)| sample.label(key) == *wanted);
        self.0.iter().filter(|sample| sample.name == name).filter(all).map(|sample| sample.value).sum()
    }

    /// The sum of a measure by whatever is made of its labels; what it makes nothing of is left out.
    pub fn by(
        &self,
        name: &str,
        group: impl Fn(&dyn Fn(&str) -> String) -> Option<String>,
    ) -> std::collections::BTreeMap<String, f64> {
        let mut sums = std::collections::BTreeMap::new();
        for sample in self.0.iter().filter(|sample| sample.name == name) {
            if let Some(key) = group(&|label| sample.label(label).to_owned()) {
                *sums.entry(key).or_default() += sample.value;
            }
        }
        sums
    }
}

impl Sample {
    fn label(&self, key: &str) -> &str {
        self.labels.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

fn sample(line: &str) -> Option<Sample> {
    let (series, value) = line.rsplit_once(' ')?;
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    let pairs = labels.trim_end_matches('}').split("\",").filter_map(|pair| pair.split_once("=\""));
    let labels = pairs.map(|(key, value)| (key.to_owned(), value.trim_end_matches('"').to_owned())).collect();
    Some(Sample { name: name.to_owned(), labels, value: value.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_select_by_label() {
        let page =
            "# TYPE w counter\nw{kind=\"Tenant\",verb=\"status\"} 3\nw{kind=\"Role,x\",verb=\"apply\"} 4\nup 1\n";
        let read = Exposition::read(page);
        assert_eq!((read.sum("w", &[]), read.sum("w", &[("kind", "Role,x")]), read.sum("up", &[])), (7.0, 4.0, 1.0));
    }
}
