//! Strings with a form. Each is checked by the schema (CEL, so that the message can say the way
//! out) and again when it is read, by the same expression: a stored value that no longer fits
//! makes its object unreadable instead of slipping into a decision.

use std::sync::LazyLock;

use regex_lite::Regex;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A value that does not have the form of its type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is refused: {rule}")]
pub struct Malformed {
    /// What was given.
    pub value: String,
    /// The rule, in words that name the way out.
    pub rule: &'static str,
}

/// A string type with bounds, a form and the sentence that explains it; where the form cannot say
/// all, also what else must hold, in Rust and, unless the field says it, in CEL.
macro_rules! scalar {
    ($(#[$doc:meta])* $name:ident, $min:literal..=$max:literal, $pattern:expr, $rule:literal
        $(, $extra:expr $(, $extra_in_cel:literal)?)?) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The form, as a regular expression that RE2 and Rust read alike.
            pub const PATTERN: &str = $pattern;
            /// The rule in words.
            pub const RULE: &str = $rule;

            /// The value as it was written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = Malformed;

            fn try_from(value: String) -> Result<Self, Malformed> {
                static FORM: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new($pattern).ok());
                let fits = ($min..=$max).contains(&value.chars().count())
                    && FORM.as_ref().is_some_and(|form| form.is_match(&value))
                    $(&& $extra(&value))?;
                if fits { Ok(Self(value)) } else { Err(Malformed { value, rule: $rule }) }
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }

        impl PartialEq<$name> for String {
            fn eq(&self, other: &$name) -> bool {
                self.as_str() == other.as_str()
            }
        }

        impl std::ops::Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string",
                    "minLength": $min,
                    "maxLength": $max,
                    "x-kubernetes-validations": [
                        {
                            "rule": concat!("self.matches(r'", $pattern, "')" $($(, " && ", $extra_in_cel)?)?),
                            "message": $rule,
                        }
                    ],
                })
            }
        }
    };
}
pub(crate) use scalar;

scalar!(
    /// The name of an object that people write. It holds no `--`, so `--` separates names.
    Name, 3..=30, r"^[a-z]([a-z0-9]|-[a-z0-9])*$",
    "3 to 30 of a-z, 0-9 and single hyphens, beginning with a letter"
);
scalar!(
    /// A tenant's name; also its namespace's name and the last part of its host names.
    TenantName, 3..=31, r"^[a-z]([a-z0-9]|-[a-z0-9])*$",
    "3 to 31 of a-z, 0-9 and single hyphens, beginning with a letter"
);
scalar!(
    /// The stable id of an object (label `yipan.dev/id`): the first digits of its first uid.
    Id, 10..=32, r"^[0-9a-f]{10,32}$",
    "10 to 32 of 0-9 and a-f, as label yipan.dev/id has it; put it in quotes"
);
scalar!(
    /// Text for people. It reaches reports, tables and terminals, hence no markup and no controls,
    /// among them those that end a line or turn the direction of writing; and it begins and ends
    /// with something to see. The form counts the characters: the API server tells a schema's bound
    /// in bytes and then keeps the sentence to itself, so the schema's is four times as wide; and
    /// `size()` counts bytes in kube's evaluator.
    Text, 1..=240,
    concat!(
        r"^[^\x00-\x20\x7f-\x{a0}\x{ad}\x{2000}-\x{200f}\x{2028}-\x{202f}\x{205f}-\x{2069}\x{3000}\x{feff}<>]",
        r"([^\x00-\x1f\x7f-\x{9f}\x{2028}-\x{202e}\x{2066}-\x{2069}<>]{0,58}",
        r"[^\x00-\x20\x7f-\x{a0}\x{ad}\x{2000}-\x{200f}\x{2028}-\x{202f}\x{205f}-\x{2069}\x{3000}\x{feff}<>])?$"
    ),
    "1 to 60 characters without control characters, < and >, no blanks at either end"
);
scalar!(
    /// A few sentences for people: as `Text`, and longer.
    LongText, 1..=2000,
    concat!(
        r"^[^\x00-\x20\x7f-\x{a0}\x{ad}\x{2000}-\x{200f}\x{2028}-\x{202f}\x{205f}-\x{2069}\x{3000}\x{feff}<>]",
        r"([^\x00-\x1f\x7f-\x{9f}\x{2028}-\x{202e}\x{2066}-\x{2069}<>]{0,498}",
        r"[^\x00-\x20\x7f-\x{a0}\x{ad}\x{2000}-\x{200f}\x{2028}-\x{202f}\x{205f}-\x{2069}\x{3000}\x{feff}<>])?$"
    ),
    "1 to 500 characters without control characters, < and >, no blanks at either end"
);
scalar!(
    /// What people call a state of a Blueprint. It stands in tables and lines of text.
    Version, 1..=30, r"^[A-Za-z0-9]([A-Za-z0-9._+-]*[A-Za-z0-9])?$",
    "1 to 30 of letters, digits and . _ + - such as 2.4.1, beginning and ending with a letter or digit"
);
scalar!(
    /// The code of a service item (政务服务事项).
    ItemCode, 1..=32, r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$",
    "1 to 32 of letters, digits, dots and hyphens, as the catalogue of service items has it; put it in quotes"
);
scalar!(
    /// A unified social credit code (GB 32100-2015) with its check digit.
    CreditCode, 18..=18, r"^[0-9A-HJ-NPQRTUWXY]{18}$",
    "18 characters of 0-9 and A-Z without I, O, S, V and Z; put it in quotes",
    check_digit_holds
);
scalar!(
    /// An image reference with a registry.
    Image, 3..=400,
    r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$",
    "an image reference with its registry, such as registry.example.gov.cn/liangzhou/parking:1.2"
);
scalar!(
    /// A registry or a path in one; images begin with it and a slash.
    Registry, 1..=200, r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$",
    "host[:port][/path] in lower case, without a slash at the end"
);
scalar!(
    /// The name of an environment variable.
    EnvName, 1..=128, r"^[A-Za-z_][A-Za-z0-9_]*$",
    "letters, digits and underscores, not beginning with a digit"
);
scalar!(
    /// The last part of a tenant's Secret `app--<app>--<part>`.
    SecretPart, 1..=30, r"^[a-z]([a-z0-9]|-[a-z0-9])*$",
    "1 to 30 of a-z, 0-9 and single hyphens, beginning with a letter; the Secret is app--<app>--<this>"
);
scalar!(
    /// A key inside a Secret. It becomes a file's name where a Secret is mounted, hence no `..`.
    SecretKey, 1..=253, r"^[.]?[-_a-zA-Z0-9][-._a-zA-Z0-9]*$",
    "letters, digits, dots, hyphens and underscores; not . alone, and no .. at the beginning"
);
scalar!(
    /// A group of the government's directory. A colon would reach the cluster's own groups.
    Group, 1..=200,
    r"^[^:\x00-\x20\x7f-\x{a0}\x{2000}-\x{200f}\x{2028}-\x{202f}\x{3000}\x{feff}]([^:\x00-\x1f\x7f-\x{9f}]*[^:\x00-\x20\x7f-\x{a0}\x{2000}-\x{200f}\x{2028}-\x{202f}\x{3000}\x{feff}])?$",
    "a group of the directory, without blanks at either end; no colon, so that no system group can be named"
);
scalar!(
    /// A path of a request.
    HttpPath, 1..=256, r"^/[^\x00-\x20\x7f]*$",
    "a path that begins with / and holds no blanks"
);
scalar!(
    /// A path in the container's file system.
    MountPath, 2..=256, r"^(/[.]?[^/:.\x00-\x20\x7f][^/:\x00-\x20\x7f]*)+$",
    "an absolute path below /, such as /tmp; no colons and blanks, no . or .. and no slash at the end"
);
scalar!(
    /// The DNS zone under which every host name of the platform lies.
    ZoneName, 4..=190, r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$",
    "a DNS name of at most 190 characters in lower case, such as gansu.example.gov.cn"
);
scalar!(
    /// A host name outside of the platform's zone. No part of it has hyphens in the third and fourth
    /// place (RFC 5890) but those of names in other scripts.
    Host, 4..=253, r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$",
    "a host name in lower case such as parking.liangzhou.gov.cn; no part of it begins like ab--, but for xn--",
    has_plain_parts, r"!self.split('.').exists(part, part.matches('^..--') && !part.startsWith('xn--'))"
);
scalar!(
    /// The name of a Secret.
    SecretName, 1..=63, r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?([.][a-z0-9]([a-z0-9-]*[a-z0-9])?)*$",
    "1 to 63 of a-z, 0-9, hyphens and dots, with a letter or digit at both ends of every part"
);

scalar!(
    /// A moment (RFC 3339). Narrower than the format's own `date-time`: what can be stored must be
    /// a time to every reader.
    Moment, 20..=35,
    r"^(19[7-9][0-9]|2[0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$",
    "a time from 1970 to 2999 such as 2026-07-01T08:00:00+08:00",
    is_a_time
);

fn has_plain_parts(host: &str) -> bool {
    host.split('.').all(|part| part.as_bytes().get(2..4) != Some(b"--") || part.starts_with("xn--"))
}

fn is_a_time(text: &str) -> bool {
    text.parse::<jiff::Timestamp>().is_ok()
}

impl Image {
    /// Whether it lies below one of these: a slash must follow, or `registry.example` would admit
    /// `registry.example.evil.com`.
    pub fn lies_below(&self, registries: &[String]) -> bool {
        let below = |registry: &String| self.strip_prefix(registry.as_str()).is_some_and(|rest| rest.starts_with('/'));
        registries.iter().any(below)
    }
}

impl Moment {
    /// The moment as a time. What has the form of a moment is one.
    pub fn timestamp(&self) -> jiff::Timestamp {
        self.as_str().parse().unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

const CREDIT_ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Whether the last character is the check digit of the first seventeen (GB 32100-2015, 4.6).
fn check_digit_holds(code: &str) -> bool {
    let values: Option<Vec<usize>> =
        code.bytes().map(|byte| CREDIT_ALPHABET.iter().position(|&known| known == byte)).collect();
    let Some((check, body)) = values.as_deref().and_then(<[usize]>::split_last) else { return false };
    let (sum, _) = body.iter().fold((0, 1), |(sum, weight), value| (sum + value * weight, weight * 3 % 31));
    (31 - sum % 31) % 31 == *check
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits() {
        for valid in ["11500103009283772K", "91350100M000100Y43"] {
            assert!(CreditCode::try_from(valid.to_owned()).is_ok(), "{valid}");
        }
        for wrong in ["91350100M000100Y4Z", "11500103009283772L", "1150010300928377"] {
            assert!(CreditCode::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_form_compiles() {
        for (pattern, sample) in [
            (Name::PATTERN, "parking"),
            (Image::PATTERN, "registry.example.gov.cn/liangzhou/parking:1.2"),
            (Registry::PATTERN, "registry.example.gov.cn:5000/common"),
            (ZoneName::PATTERN, "gansu.example.gov.cn"),
            (HttpPath::PATTERN, "/healthz"),
            (Text::PATTERN, "凉州区"),
        ] {
            assert!(Regex::new(pattern).expect(pattern).is_match(sample), "{sample}");
        }
    }

    #[test]
    fn text_has_something_to_see_at_both_ends() {
        let sixty = "凉".repeat(60);
        for right in ["凉", "凉 州", "a", "\u{1f468}\u{200d}\u{1f469}", &sixty] {
            assert!(Text::try_from(right.to_owned()).is_ok(), "{right:?}");
        }
        let more = "凉".repeat(61);
        for wrong in ["", " ", "\u{3000}", "\u{200b}", " 凉", "凉 ", "凉\u{3000}", "凉\u{202e}州", "<b>", &more] {
            assert!(Text::try_from(wrong.to_owned()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_group_has_something_to_see_at_both_ends() {
        assert!(Group::try_from("凉州区 管理员".to_owned()).is_ok());
        for wrong in [" ", "a ", " a", "\u{3000}", "system:masters", "a\u{7f}b"] {
            assert!(Group::try_from(wrong.to_owned()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_host_name_has_plain_parts() {
        for right in ["liangzhou.gov.cn", "a-b.example.com", "xn--fiqs8s.example.com", "a--b.cn", "1.example.cn"] {
            assert!(Host::try_from(right.to_owned()).is_ok(), "{right}");
        }
        for wrong in ["localhost", "ab--c.example.com", "*.example.com", "A.example.com", "-a.cn", "a.cn.", "a..cn"] {
            assert!(Host::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_key_of_a_secret_does_not_climb() {
        for right in [".pgpass", "a..b", "-", "tls.crt"] {
            assert!(SecretKey::try_from(right.to_owned()).is_ok(), "{right}");
        }
        for wrong in [".", "..", "..a", "a/b", ""] {
            assert!(SecretKey::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_holds_no_double_hyphen() {
        for wrong in ["a--b", "ab", "-ab", "ab-", "Abc", "1abc", "a_b"] {
            assert!(Name::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
