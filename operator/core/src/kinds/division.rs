//! Administrative division codes: GB/T 2260 to the county, GB/T 10114 below it.

use std::sync::LazyLock;

use regex_lite::Regex;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::scalar::{Malformed, scalar};

scalar!(
    /// A division code: six digits to the county, nine for a town, twelve for a village.
    Division, 6..=12, r"^[1-9][0-9]{5}([0-9]{3}([0-9]{3})?)?$",
    "six digits of GB/T 2260, nine for a town, twelve for a village; put it in quotes"
);

impl Division {
    /// The digits that say something: the pairs (below the county, triples) of zeros at the end
    /// only fill the code up, so `620600` means `6206`.
    pub fn significant(&self) -> &str {
        let code = self.as_str();
        let (mut end, county) = (code.len(), 6);
        while end > county && code[end - 3..end] == *"000" {
            end -= 3;
        }
        while end <= county && end > 2 && code[end - 2..end] == *"00" {
            end -= 2;
        }
        &code[..end]
    }

    /// Whether this division lies inside `other` and is not `other` itself.
    pub fn strictly_extends(&self, other: &Division) -> bool {
        let (inner, outer) = (self.significant(), other.significant());
        inner.len() > outer.len() && inner.starts_with(outer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn division(code: &str) -> Division {
        Division::try_from(code.to_owned()).expect(code)
    }

    #[test]
    fn zeros_at_the_end_say_nothing() {
        for (code, significant) in [
            ("620000", "62"),
            ("620600", "6206"),
            ("620602", "620602"),
            ("620602001", "620602001"),
            ("620602000", "620602"),
        ] {
            assert_eq!(division(code).significant(), significant);
        }
    }

    #[test]
    fn the_parent_is_the_prefix() {
        assert!(division("620602").strictly_extends(&division("620600")));
        assert!(division("500103").strictly_extends(&division("500000")), "districts of a municipality");
        assert!(!division("620600").strictly_extends(&division("620600")));
        assert!(!division("620702").strictly_extends(&division("620600")));
        assert!(!division("620600").strictly_extends(&division("620602")));
    }
}
