//! Names of what the cluster has already: namespaces, Gateways, labels, addresses. The forms are
//! Kubernetes' own; what passes here is taken there.

use std::net::IpAddr;
use std::sync::LazyLock;

use regex_lite::Regex;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::scalar::{Malformed, scalar};

scalar!(
    /// A DNS label (RFC 1123), such as a namespace's name.
    DnsLabel, 1..=63, r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
    "1 to 63 of a-z, 0-9 and hyphens, with no hyphen at either end"
);
scalar!(
    /// A DNS name (RFC 1123), such as a Gateway's name or its listener's.
    DnsName, 1..=253, r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?([.][a-z0-9]([a-z0-9-]*[a-z0-9])?)*$",
    "1 to 253 of a-z, 0-9, hyphens and dots, with a letter or digit at both ends of every part"
);
scalar!(
    /// The key of a label, with or without a prefix.
    LabelKey, 1..=317,
    r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?([.][a-z0-9]([a-z0-9-]*[a-z0-9])?)*/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$",
    "a label's key such as app.kubernetes.io/name: up to 63 of letters, digits, - _ . after an optional DNS name and a slash",
    prefix_is_a_dns_name
);
scalar!(
    /// The value of a label; it may be empty.
    LabelValue, 0..=63, r"^([A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?)?$",
    "a label's value: up to 63 of letters, digits, - _ . with a letter or digit at both ends"
);
scalar!(
    /// A range of addresses.
    Cidr, 1..=43, r"^[0-9a-fA-F.:]+/[0-9]{1,3}$",
    "a range of addresses in CIDR form such as 169.254.20.10/32 or fd00::a/128: an address, a slash, the length of its prefix",
    is_cidr, "isCIDR(self)"
);
scalar!(
    /// A range of addresses that pods may be let out to. What is never beyond the cluster is refused:
    /// the machine's own addresses (loopback, link-local with its metadata service) and groups of
    /// receivers (multicast).
    Destination, 1..=43, r"^[0-9a-fA-F.:]+/[0-9]{1,3}$",
    "a range of addresses in CIDR form such as 203.0.113.0/24 or 2001:db8::/32; not loopback, link-local or multicast",
    is_destination,
    "isCIDR(self) && (cidr(self).ip().isUnspecified() || cidr(self).ip().isGlobalUnicast())"
);

/// The form of [`LabelKey`] over all keys of a map, which a schema can ask in no other way.
pub const KEYS_IN_CEL: &str = r"self.all(key, key.matches(r'^([a-z0-9]([a-z0-9-]*[a-z0-9])?([.][a-z0-9]([a-z0-9-]*[a-z0-9])?)*/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$') && key.indexOf('/') <= 253)";
/// The sentence to it.
pub const KEYS_RULE: &str = LabelKey::RULE;

fn prefix_is_a_dns_name(key: &str) -> bool {
    key.find('/').is_none_or(|length| length <= 253)
}

/// As CEL's `isCIDR` reads it.
fn is_cidr(text: &str) -> bool {
    let Some((address, prefix)) = text.split_once('/') else { return false };
    // Go takes no zeros before the length, and no IPv4 address in IPv6 form.
    let plain = prefix == "0" || !prefix.starts_with('0');
    let longest = match address.parse() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(address)) if address.to_ipv4_mapped().is_none() => 128,
        _ => return false,
    };
    plain && prefix.parse::<u8>().is_ok_and(|prefix| prefix <= longest)
}

/// As the rule of [`Destination`] reads it: as an address, in whatever form it is written.
fn is_destination(text: &str) -> bool {
    let Some((address, _)) = text.split_once('/').filter(|_| is_cidr(text)) else { return false };
    match address.parse() {
        Ok(IpAddr::V4(address)) => {
            !(address.is_loopback() || address.is_link_local() || address.is_multicast() || address.is_broadcast())
        }
        Ok(IpAddr::V6(address)) => {
            !(address.is_loopback() || address.is_unicast_link_local() || address.is_multicast())
        }
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_addresses() {
        for right in ["169.254.20.10/32", "0.0.0.0/0", "10.0.0.1/8", "fd00::a/128"] {
            assert!(Cidr::try_from(right.to_owned()).is_ok(), "{right}");
        }
        for wrong in
            ["169.254.20.10", "10.0.0.0/33", "10.0.0.0/08", "10.0.0/8", "::1/129", "::ffff:10.0.0.1/128", "a/1"]
        {
            assert!(Cidr::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ways_out_lead_out() {
        for right in ["203.0.113.0/24", "10.8.0.1/32", "0.0.0.0/0", "2001:db8::/32", "fd00::/8", "::/0"] {
            assert!(Destination::try_from(right.to_owned()).is_ok(), "{right}");
        }
        for wrong in [
            "127.0.0.1/32",
            "169.254.169.254/32",
            "224.0.0.1/32",
            "239.1.0.0/16",
            "fe80::/10",
            "FEBF::1/128",
            "ff02::1/128",
            "::1/128",
            "0::1/128",
            "0:0:0:0:0:0:0:1/128",
            "255.255.255.255/32",
            "10.0.0.0",
        ] {
            assert!(Destination::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn labels() {
        let (part, long) = ("a".repeat(63), format!("{}a/b", "a.".repeat(126)));
        for right in ["gateway", "k8s-app", "app.kubernetes.io/name", "A_b.c", &part, &long] {
            assert!(LabelKey::try_from(right.to_owned()).is_ok(), "{right}");
        }
        let (part, long) = ("a".repeat(64), format!("{}aa/b", "a.".repeat(126)));
        for wrong in ["", "-a", "a-", "/a", "a/", "A.io/a", "a/b/c", "标签", &part, &long] {
            assert!(LabelKey::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
        assert!(LabelValue::try_from(String::new()).is_ok());
        assert!(LabelValue::try_from("-a".to_owned()).is_err());
    }

    #[test]
    fn keys_are_asked_in_the_same_form() {
        assert!(KEYS_IN_CEL.contains(LabelKey::PATTERN));
    }
}
