//! What an unquoted scalar means. kubectl reads YAML 1.1, most other tools 1.2, and a few words
//! and numbers mean different things to the two: such a scalar has to be quoted.

use serde_json::{Number, Value};

/// What an unquoted scalar means.
#[derive(Debug, Clone, PartialEq)]
pub enum Plain {
    /// The same to everybody.
    Agreed(Value),
    /// One thing to kubectl and another to the rest.
    Disputed {
        /// What kubectl reads.
        kubectl: Value,
        /// What YAML 1.2 says.
        others: Value,
    },
}

/// Reads an unquoted scalar both ways.
pub fn read(text: &str) -> Plain {
    let (kubectl, others) = (yaml_1_1(text), yaml_1_2(text));
    if kubectl == others { Plain::Agreed(kubectl) } else { Plain::Disputed { kubectl, others } }
}

/// As go-yaml v2 resolves it, which kubectl is built with. Dates stay text there, and there are no
/// numbers to the base of sixty.
fn yaml_1_1(text: &str) -> Value {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return Value::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => return Value::Bool(false),
        _ => {}
    }
    if !text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first)) {
        return word(text);
    }
    let digits = text.replace('_', "");
    let (negative, magnitude) = split_sign(&digits);
    let octal = magnitude.strip_prefix('0').filter(|rest| !rest.is_empty());
    let whole = based(magnitude, "0x", 16)
        .or_else(|| based(magnitude, "0X", 16))
        .or_else(|| based(magnitude, "0o", 8))
        .or_else(|| based(magnitude, "0O", 8))
        .or_else(|| based(magnitude, "0b", 2))
        .or_else(|| based(magnitude, "0B", 2))
        .or_else(|| octal.and_then(|rest| radix(rest, 8)))
        .or_else(|| magnitude.parse().ok().filter(|_| octal.is_none() && all_digits(magnitude)));
    whole.and_then(|whole| signed(negative, whole)).or_else(|| float(&digits)).unwrap_or_else(|| word(text))
}

/// The core schema of YAML 1.2.
fn yaml_1_2(text: &str) -> Value {
    let (negative, magnitude) = split_sign(text);
    let whole = based(text, "0x", 16)
        .or_else(|| based(text, "0o", 8))
        .or_else(|| magnitude.parse().ok().filter(|_| all_digits(magnitude)));
    whole.and_then(|whole| signed(negative, whole)).or_else(|| float(text)).unwrap_or_else(|| word(text))
}

/// What both versions agree on.
fn word(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => Value::String(text.to_owned()),
    }
}

fn split_sign(text: &str) -> (bool, &str) {
    (text.starts_with('-'), text.strip_prefix(['-', '+']).unwrap_or(text))
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn based(text: &str, prefix: &str, base: u32) -> Option<u64> {
    radix(text.strip_prefix(prefix)?, base)
}

/// `from_str_radix` alone would take a sign.
fn radix(digits: &str, base: u32) -> Option<u64> {
    digits.starts_with(|first: char| first.is_ascii_hexdigit()).then(|| u64::from_str_radix(digits, base).ok())?
}

fn signed(negative: bool, magnitude: u64) -> Option<Value> {
    if !negative {
        return Some(magnitude.into());
    }
    i64::try_from(-i128::from(magnitude)).ok().map(Value::from)
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn float(text: &str) -> Option<Value> {
    let (_, magnitude) = split_sign(text);
    let (mantissa, exponent) = magnitude.split_once(['e', 'E']).unwrap_or((magnitude, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |part: &str| part.is_empty() || all_digits(part);
    let formed = digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && all_digits(split_sign(exponent).1);
    formed.then(|| text.parse().ok().and_then(Number::from_f64).map(Value::Number))?
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn most_scalars_mean_the_same_to_all() {
        for (text, value) in [
            ("parking", json!("parking")),
            ("true", json!(true)),
            ("~", json!(null)),
            ("620602", json!(620602)),
            ("-3", json!(-3)),
            ("0.5", json!(0.5)),
            ("1e3", json!(1000.0)),
            ("0x1F", json!(31)),
            ("0o17", json!(15)),
            ("2026-07-01", json!("2026-07-01")),
            ("500m", json!("500m")),
            ("1.2.3", json!("1.2.3")),
            ("12:30:45", json!("12:30:45")),
        ] {
            assert_eq!(read(text), Plain::Agreed(value), "{text}");
        }
    }

    #[test]
    fn some_mean_another_thing_to_kubectl() {
        for (text, kubectl, others) in [
            ("no", json!(false), json!("no")),
            ("Y", json!(true), json!("Y")),
            ("on", json!(true), json!("on")),
            ("010", json!(8), json!(10)),
            ("1_000", json!(1000), json!("1_000")),
            ("0b11", json!(3), json!("0b11")),
        ] {
            assert_eq!(read(text), Plain::Disputed { kubectl, others }, "{text}");
        }
    }
}
