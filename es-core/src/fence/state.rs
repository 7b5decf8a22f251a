/// What a partition of a version of a projection has to do with the version that answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FenceState {
    /// It is behind an older version, which answers.
    Building,
    /// It has come to where the older version was, and goes no further than that one until its others have, too.
    Ready,
    /// The older version was halted, and this one takes in what that one had beside what it hadn't.
    Succeeding,
    /// It has all that an older version had. Once all of a version's partitions are, it answers.
    Active,
    /// It answers, and takes in nothing any more: a newer version is about to take its place.
    Halted,
    /// A newer version has taken its place.
    Retired,
}

impl FenceState {
    pub(super) const ALL: [Self; 6] = [
        Self::Building,
        Self::Ready,
        Self::Succeeding,
        Self::Active,
        Self::Halted,
        Self::Retired,
    ];

    /// Its name, to be stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Building => "building",
            Self::Ready => "ready",
            Self::Succeeding => "succeeding",
            Self::Active => "active",
            Self::Halted => "halted",
            Self::Retired => "retired",
        }
    }

    /// The state with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether what it took in, and no version after it, had its effects beyond the database.
    pub(super) fn had_effects(self) -> bool {
        matches!(self, Self::Succeeding | Self::Active | Self::Halted)
    }

    /// Whether an older version goes on beside it.
    pub(super) fn is_before_succession(self) -> bool {
        matches!(self, Self::Building | Self::Ready)
    }
}
