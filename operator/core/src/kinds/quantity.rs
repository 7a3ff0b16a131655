//! Kubernetes quantities: read, compared, added, and written as the API server writes them.
//!
//! The API server stores a quantity in its canonical form (`1000m` becomes `1`). What we render
//! has to be canonical too, or it would differ from the stored object for ever.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::scalar::Malformed;

const RULE: &str = "a Kubernetes quantity from 0 to 1Ei, such as 500m, 2 or 4Gi";
const NANO: i128 = 1_000_000_000;
/// The most that may be asked for, `1Ei`.
const MOST: Figure = Figure { nano: 1024_i128.pow(6) * NANO, binary: true };

/// An amount of a resource, as the user wrote it: `500m`, `2`, `4Gi`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "serde_json::Value", into = "String")]
pub struct Quantity(Figure);

/// A quantity as a number that can be compared and added without loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Figure {
    nano: i128,
    binary: bool,
}

impl Figure {
    /// Nothing, in decimal form.
    pub const ZERO: Figure = Figure { nano: 0, binary: false };

    /// `count` whole units, in decimal form.
    pub fn units(count: i64) -> Figure {
        Figure { nano: i128::from(count) * NANO, binary: false }
    }

    /// This amount in whole thousandths of a unit, rounded up: the API server keeps processor time
    /// no finer.
    pub fn in_milli(self) -> Figure {
        let milli = NANO / 1000;
        Figure { nano: (self.nano + milli - 1) / milli * milli, ..self }
    }

    /// This amount and another together.
    pub fn plus(self, other: Figure) -> Figure {
        Figure { nano: self.nano + other.nano, binary: self.binary || other.binary }
    }

    /// What is left of this amount without another; nothing where that is more.
    pub fn less(self, other: Figure) -> Figure {
        Figure { nano: (self.nano - other.nano).max(0), binary: self.binary || other.binary }
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self.nano == 0
    }

    /// The whole units of it.
    pub fn whole_units(self) -> i64 {
        i64::try_from(self.nano / NANO).unwrap_or(i64::MAX)
    }

    /// This amount taken `count` times.
    pub fn times(self, count: i64) -> Figure {
        Figure { nano: self.nano * i128::from(count), ..self }
    }

    fn parse(text: &str) -> Option<Figure> {
        let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
        let (number, suffix) = text.split_at(split);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() || number.ends_with('.') || number.len() > 20 {
            return None;
        }
        let (multiplier, divisor, binary) = scale(suffix)?;
        let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
        let below = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?.checked_mul(divisor)?;
        let scaled = digits.checked_mul(multiplier)?.checked_mul(NANO)?;
        // The API server rounds up what is finer than a nano, and a binary amount to whole units.
        let mut nano = (scaled + below - 1) / below;
        if binary {
            nano = (nano + NANO - 1) / NANO * NANO;
        }
        Some(Figure { nano, binary })
    }
}

impl PartialOrd for Figure {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.nano.cmp(&other.nano))
    }
}

/// What a suffix multiplies and divides by, and whether it is binary.
fn scale(suffix: &str) -> Option<(i128, i128, bool)> {
    let decimal = |power: u32| Some((10_i128.pow(power), 1, false));
    let binary = |power: u32| Some((1024_i128.pow(power), 1, true));
    match suffix {
        "" => decimal(0),
        "n" => Some((1, NANO, false)),
        "u" => Some((1, 1_000_000, false)),
        "m" => Some((1, 1_000, false)),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        _ => None,
    }
}

impl std::fmt::Display for Figure {
    /// The canonical form: the largest suffix that leaves no fraction.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let units = self.nano / NANO;
        if self.binary && units >= 1024 {
            let steps = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
            let (mut value, mut step) = (units, 0);
            while value % 1024 == 0 && step + 1 < steps.len() {
                (value, step) = (value / 1024, step + 1);
            }
            return write!(formatter, "{value}{}", steps[step]);
        }
        let steps = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
        let (mut value, mut step) = (self.nano, if self.nano == 0 { 3 } else { 0 });
        while value != 0 && value % 1000 == 0 && step + 1 < steps.len() {
            (value, step) = (value / 1000, step + 1);
        }
        write!(formatter, "{value}{}", steps[step])
    }
}

impl Quantity {
    /// The amount as a number.
    pub fn figure(&self) -> Figure {
        self.0
    }
}

impl From<Figure> for Quantity {
    fn from(figure: Figure) -> Self {
        Quantity(figure)
    }
}

impl TryFrom<serde_json::Value> for Quantity {
    type Error = Malformed;

    fn try_from(value: serde_json::Value) -> Result<Self, Malformed> {
        let text = match value {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        match Figure::parse(&text) {
            Some(figure) if text.len() <= 20 && figure <= MOST => Ok(Quantity(figure)),
            _ => Err(Malformed { value: text, rule: RULE }),
        }
    }
}

impl From<Quantity> for String {
    fn from(quantity: Quantity) -> String {
        quantity.0.to_string()
    }
}

impl From<&Quantity> for k8s_openapi::apimachinery::pkg::api::resource::Quantity {
    fn from(quantity: &Quantity) -> Self {
        Self(quantity.0.to_string())
    }
}

impl From<Figure> for k8s_openapi::apimachinery::pkg::api::resource::Quantity {
    fn from(figure: Figure) -> Self {
        Self(figure.to_string())
    }
}

impl JsonSchema for Quantity {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Quantity".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "x-kubernetes-int-or-string": true,
            "maxLength": 20,
            "x-kubernetes-validations": [{
                // The form as text, so that there is no sign and no exponent; `isQuantity` takes a
                // bare dot. The bound keeps sums exact, and readable what the server accepts.
                "rule": "isQuantity(string(self)) && string(self).matches(r'^[0-9]+([.][0-9]+)?([numkMGTPE]|[KMGTPE]i)?$') && !quantity(string(self)).isGreaterThan(quantity('1Ei'))",
                "message": RULE,
            }],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_forms_are_the_api_servers() {
        for (given, canonical) in [
            ("1000m", "1"),
            ("1.5", "1500m"),
            ("0.5Gi", "512Mi"),
            ("1024Mi", "1Gi"),
            ("1000Mi", "1000Mi"),
            ("100", "100"),
            ("1000", "1k"),
            ("0", "0"),
            ("1.5Gi", "1536Mi"),
            ("512", "512"),
            ("64000", "64k"),
            ("1023Ki", "1023Ki"),
            ("0.0001", "100u"),
        ] {
            assert_eq!(Figure::parse(given).map(|figure| figure.to_string()).as_deref(), Some(canonical), "{given}");
        }
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for wrong in ["", "-1", "1 Gi", "1gi", "one", "1e3", "1.2.3", ".", ".5", "5.", "2Ei", "99999999999999999E"] {
            assert!(Quantity::try_from(serde_json::json!(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sums_and_rests_are_exact() {
        let figure = |text| Figure::parse(text).unwrap();
        for (one, other, sum, rest) in
            [("64Gi", "512Mi", "66048Mi", "65024Mi"), ("16", "300m", "16300m", "15700m"), ("1", "2", "3", "0")]
        {
            assert_eq!(figure(one).plus(figure(other)).to_string(), sum);
            assert_eq!(figure(one).less(figure(other)).to_string(), rest);
        }
        assert_eq!(figure("0").plus(figure("1Gi")).to_string(), "1Gi");
    }

    #[test]
    fn numbers_are_taken_as_they_stand() {
        assert_eq!(String::from(Quantity::try_from(serde_json::json!(16)).unwrap()), "16");
    }
}
