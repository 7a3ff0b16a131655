//! The four resources of a quota, reckoned with together.

use crate::kinds::{Amounts, Figure, Quantity};

/// How many Apps an amount can name.
const MOST_APPS: i64 = 100_000;

/// An amount of each of the four resources.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// Processor time, in cores.
    pub cpu: Figure,
    /// Memory, in bytes.
    pub memory: Figure,
    /// Persistent storage, in bytes.
    pub storage: Figure,
    /// How many Apps.
    pub apps: Figure,
}

impl Figures {
    /// Nothing of each.
    pub const ZERO: Figures =
        Figures { cpu: Figure::ZERO, memory: Figure::ZERO, storage: Figure::ZERO, apps: Figure::ZERO };

    /// Reads amounts; what is absent counts as nothing.
    pub fn of(amounts: &Amounts) -> Self {
        let figure = |quantity: &Option<Quantity>| quantity.as_ref().map_or(Figure::ZERO, Quantity::figure);
        Self {
            cpu: figure(&amounts.cpu),
            memory: figure(&amounts.memory),
            storage: figure(&amounts.storage),
            apps: Figure::units(i64::from(amounts.apps.unwrap_or(0))),
        }
    }

    /// The amounts, each of them named.
    pub fn amounts(self) -> Amounts {
        let apps = self.apps.whole_units().min(MOST_APPS);
        Amounts {
            cpu: Some(self.cpu.into()),
            memory: Some(self.memory.into()),
            storage: Some(self.storage.into()),
            apps: Some(i32::try_from(apps).unwrap_or(i32::MAX)),
        }
    }

    /// Each with its name for people.
    pub fn named(self) -> [(&'static str, Figure); 4] {
        [("CPU", self.cpu), ("memory", self.memory), ("storage", self.storage), ("apps", self.apps)]
    }

    /// One made of two, resource by resource.
    pub fn zip(self, other: Self, of: impl Fn(Figure, Figure) -> Figure) -> Self {
        Self {
            cpu: of(self.cpu, other.cpu),
            memory: of(self.memory, other.memory),
            storage: of(self.storage, other.storage),
            apps: of(self.apps, other.apps),
        }
    }

    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        self.zip(other, Figure::plus)
    }

    /// What is left without the other.
    pub fn less(self, other: Self) -> Self {
        self.zip(other, Figure::less)
    }

    /// The greater of each.
    pub fn most(self, other: Self) -> Self {
        self.zip(other, |one, other| if other > one { other } else { one })
    }

    /// The smaller of each.
    pub fn least(self, other: Self) -> Self {
        self.zip(other, |one, other| if other < one { other } else { one })
    }

    /// Whether any is more than the other's.
    pub fn exceeds(self, other: Self) -> bool {
        self.cpu > other.cpu || self.memory > other.memory || self.storage > other.storage || self.apps > other.apps
    }

    /// Whether a rise to this from `before` stays within `limit`. Only what rises is asked: a
    /// resource that is over its limit already holds up no other.
    pub fn rises_within(self, before: Self, limit: Self) -> bool {
        let within = |before: Figure, after: Figure, limit: Figure| after <= before || after <= limit;
        within(before.cpu, self.cpu, limit.cpu)
            && within(before.memory, self.memory, limit.memory)
            && within(before.storage, self.storage, limit.storage)
            && within(before.apps, self.apps, limit.apps)
    }
}

impl std::iter::Sum for Figures {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Self::plus)
    }
}

/// Two are equal when they say the same numbers, in whatever form they were written.
impl PartialEq for Figures {
    fn eq(&self, other: &Self) -> bool {
        !self.exceeds(*other) && !other.exceeds(*self)
    }
}
