//! Money and months as people write them. What is computed from them is whole fen.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

use regex_lite::Regex;

use super::scalar::{Malformed, scalar};

scalar!(
    /// An amount of money in yuan.
    Yuan, 1..=16, r"^(0|[1-9][0-9]{0,12})([.][0-9]{1,2})?$",
    "yuan in quotes, with at most two places, such as \"21900000\" or \"0.35\""
);
scalar!(
    /// A share of something, or a multiple of it.
    Ratio, 1..=13, r"^(0|[1-9][0-9]{0,5})([.][0-9]{1,6})?$",
    "a number in quotes, with at most six places, such as \"0.1\""
);
scalar!(
    /// A calendar month in Asia/Shanghai.
    Month, 7..=7, r"^(19[7-9][0-9]|2[0-9]{3})-(0[1-9]|1[0-2])$",
    "a month from 1970 to 2999 such as 2020-01; put it in quotes"
);
