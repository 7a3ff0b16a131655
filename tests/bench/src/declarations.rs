//! What is declared: a province of the shape of Gansu, as large as asked for.

use std::fmt;

use anyhow::Context as _;
use serde::Serialize;
use serde_json::json;
use yipan_core::kinds::{App, Platform, Tenant};

/// A province has few cities and a city about nine counties; all the rest are towns.
const CITIES: usize = 14;
const COUNTIES_PER_CITY: usize = 9;
/// As many as the county's quota in `platform.yaml` holds.
const TOWNS_PER_COUNTY: usize = 12;
/// The most tenants that [`Declarations::new`] has room for.
pub const MOST_TENANTS: usize = 1 + CITIES + CITIES * COUNTIES_PER_CITY * (1 + TOWNS_PER_COUNTY);

/// How large a province is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Size {
    /// How many tenants, the province itself included.
    pub tenants: usize,
    /// How many Apps each has.
    pub apps_per_tenant: usize,
}

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { tenants, apps_per_tenant: 0 } => write!(formatter, "{tenants} tenants"),
            Self { tenants, apps_per_tenant: 1 } => write!(formatter, "{tenants} tenants with an App each"),
            Self { tenants, apps_per_tenant } => {
                write!(formatter, "{tenants} tenants with {apps_per_tenant} Apps each")
            }
        }
    }
}

/// Everything that is declared in one run.
#[derive(Clone)]
pub struct Declarations {
    /// The one Platform.
    pub platform: Platform,
    /// Parents before children.
    pub tenants: Vec<Tenant>,
    /// In the tenants' order.
    pub apps: Vec<App>,
}

impl Declarations {
    /// A province of so many tenants, itself included, and so many Apps in each.
    ///
    /// # Errors
    /// A declaration is not as its kind wants it, which a change of that kind may cause.
    pub fn new(tenants: usize, apps_per_tenant: usize) -> anyhow::Result<Self> {
        let platform = serde_saphyr::from_str(include_str!("../platform.yaml")).context("tests/bench/platform.yaml")?;
        let tenants: Vec<Tenant> = (0..tenants).map(tenant).collect::<serde_json::Result<_>>().context("a Tenant")?;
        let names = tenants.iter().filter_map(|tenant| tenant.metadata.name.as_deref());
        let apps = names.flat_map(|tenant| (0..apps_per_tenant).map(move |number| app(tenant, number)));
        let apps = apps.collect::<serde_json::Result<_>>().context("an App")?;
        Ok(Self { platform, tenants, apps })
    }
}

/// The tenant of this number: the province, then all cities, all counties, and the towns by turns
/// among the counties.
fn tenant(number: usize) -> serde_json::Result<Tenant> {
    let counties = CITIES * COUNTIES_PER_CITY;
    let place = match number.checked_sub(1) {
        None => Place::Province,
        Some(city) if city < CITIES => Place::City(city + 1),
        Some(beyond) if beyond - CITIES < counties => {
            let county = beyond - CITIES;
            Place::County(county % CITIES + 1, county / CITIES + 1)
        }
        Some(beyond) => {
            let (county, town) = ((beyond - CITIES) % counties, (beyond - CITIES) / counties);
            Place::Town(county % CITIES + 1, county / CITIES + 1, town)
        }
    };
    let name = place.name();
    let mut spec = json!({
        "displayName": format!("基准 {name}"),
        "level": place.level(),
        "division": place.division(),
        "administrators": [{ "group": format!("{name}-admins") }],
        "viewers": [{ "group": format!("{name}-viewers") }],
    });
    if let Some(parent) = place.parent() {
        spec["parent"] = parent.name().into();
    }
    serde_json::from_value(json!({
        "apiVersion": "yipan.dev/v1alpha1", "kind": "Tenant", "metadata": { "name": name }, "spec": spec,
    }))
}

/// An App with an address. No pods: they follow at the pace of the scheduler and of kwok, which
/// nobody wants to measure here.
fn app(tenant: &str, number: usize) -> serde_json::Result<App> {
    serde_json::from_value(json!({
        "apiVersion": "yipan.dev/v1alpha1", "kind": "App",
        "metadata": { "name": format!("app-{number}"), "namespace": tenant },
        "spec": {
            "workload": {
                "image": format!("registry.example.gov.cn/{tenant}/app:{number}"), "port": 8080, "replicas": 0,
            },
            "entry": { "visibility": "Public" },
        },
    }))
}

/// Where a tenant lies: the numbers of its city, county and town.
enum Place {
    Province,
    City(usize),
    County(usize, usize),
    Town(usize, usize, usize),
}

impl Place {
    fn level(&self) -> &'static str {
        match self {
            Self::Province => "Province",
            Self::City(..) => "City",
            Self::County(..) => "County",
            Self::Town(..) => "Town",
        }
    }

    fn parent(&self) -> Option<Self> {
        match *self {
            Self::Province => None,
            Self::City(..) => Some(Self::Province),
            Self::County(city, _) => Some(Self::City(city)),
            Self::Town(city, county, _) => Some(Self::County(city, county)),
        }
    }

    fn division(&self) -> String {
        match *self {
            Self::Province => "620000".to_owned(),
            Self::City(city) => format!("62{city:02}00"),
            Self::County(city, county) => format!("62{city:02}{county:02}"),
            Self::Town(city, county, town) => format!("62{city:02}{county:02}{town:03}"),
        }
    }

    fn name(&self) -> String {
        format!("bench-{}", self.division())
    }
}
