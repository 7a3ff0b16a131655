//! What a Blueprint cost, and what it replaces: the figures from which savings are worked out.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::money::{Month, Ratio, Yuan};
use super::scalar::{Name, Text};
use super::tenant::Level;

/// What was paid for a Blueprint, who pays, and what everybody building alone would have cost.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// What it cost to build.
    pub build_yuan: Yuan,
    /// Over how many months that is written off.
    #[schemars(range(min = 1, max = 360))]
    pub amortise_months: i32,
    /// The first of these months.
    pub from: Month,
    /// What it costs to run for a month, beside what is metered. Absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running_yuan_per_month: Option<Yuan>,
    /// Who pays. Absent: the province.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer: Option<Payer>,
    /// What each tenant would have paid alone.
    pub baseline: Baseline,
    /// What others have said of the savings, each held against its own parts. Absent: nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub claims: Vec<Claim>,
    /// What it is worth to society. It is told beside the savings and never added to them. Absent: nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub benefits: Vec<Benefit>,
}

/// Who pays for a Blueprint.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[x_kube(validation = Rule::new("has(self.provincePercent) == (self.type == 'Split')").message("payer: provincePercent goes with type Split, and with no other"))]
#[serde(rename_all = "camelCase")]
pub struct Payer {
    /// Who it is.
    #[serde(rename = "type")]
    pub type_: PayerType,
    /// The province's share in per cent, where the payer is `Split`; the tenants have the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 99))]
    pub province_percent: Option<i32>,
}

/// Who pays for a Blueprint.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayerType {
    /// The province pays all.
    Province,
    /// Those who use it pay all.
    Tenant,
    /// Both, in fixed shares.
    Split,
}

/// What each tenant would have paid alone, by level.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Baseline {
    /// Where the figures come from.
    pub source: Text,
    /// The figures of each level that would have built one. Absent, as each absent level: nothing is saved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 6))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["level".into()]))]
    pub per_level: Vec<LevelBaseline>,
}

/// What a tenant of one level would have paid alone.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct LevelBaseline {
    /// The level.
    pub level: Level,
    /// To build it.
    pub build: Money3,
    /// To run it for a month. Absent: no saving in running it is claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running_per_month: Option<Money3>,
}

/// An estimate: at the least, most likely, at the most.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[x_kube(validation = Rule::new("double(self.lowYuan) <= double(self.baseYuan) && double(self.baseYuan) <= double(self.highYuan)").message("lowYuan is not above baseYuan, nor that above highYuan"))]
#[serde(rename_all = "camelCase")]
pub struct Money3 {
    /// At the least.
    pub low_yuan: Yuan,
    /// Most likely.
    pub base_yuan: Yuan,
    /// At the most.
    pub high_yuan: Yuan,
}

/// What somebody has said of the savings.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// Its name in this list.
    pub name: Name,
    /// Who said it, and where.
    pub source: Text,
    /// What everybody building alone is said to cost. Absent: nothing is said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scattered: Option<Scattered>,
    /// The share of that which it is said to have cost instead. Absent: nothing is said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<Ratio>,
}

/// What everybody building alone is said to cost.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[x_kube(validation = Rule::new("double(self.lowYuan) <= double(self.highYuan)").message("lowYuan is not above highYuan"))]
#[serde(rename_all = "camelCase")]
pub struct Scattered {
    /// At the least.
    pub low_yuan: Yuan,
    /// At the most.
    pub high_yuan: Yuan,
}

/// What a Blueprint is worth to society.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Benefit {
    /// Its name in this list.
    pub name: Name,
    /// Who has it.
    pub beneficiary: Text,
    /// How much in a year.
    pub per_year: Money3,
    /// Where the figure comes from.
    pub source: Text,
}
