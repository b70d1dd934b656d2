//! What a component needs from others: all of, any of, or at least k of.

use crate::id::{ComponentId, PlaneId, SegmentId};
use crate::time::Duration;

/// A requirement: a tree whose leaves are other components. It has no negation, so everything built
/// on it is monotone: more faults never bring anything back.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Requirement {
    /// One component, or the internet.
    One(Leaf),
    /// Every one of these (never empty).
    All(Vec<Requirement>),
    /// One of these is enough (never empty).
    Any(Vec<Requirement>),
    /// `k` of these are enough; `1 <= k <= of.len()`.
    AtLeast {
        /// How many.
        k: u32,
        /// Of which.
        of: Vec<Requirement>,
    },
}

/// A leaf of a requirement.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Leaf {
    /// What is required.
    pub target: Target,
    /// Inside which segment of it, where it is a switch with segments (`core-1/vlan10`).
    pub segment: Option<SegmentId>,
    /// Over which network plane, where another than the requirement's own is named (`over: storage`).
    pub plane: Option<PlaneId>,
    /// Set where the target takes over only after a while: until then it counts as absent.
    pub standby: Option<Standby>,
}

/// What a leaf names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Target {
    /// A component of the plant.
    Component(ComponentId),
    /// The internet, which upstreams provide.
    Internet,
}

/// How a standby takes over.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Standby {
    /// The shortest time it takes.
    pub takes_min: Duration,
    /// The longest.
    pub takes_max: Duration,
    /// True when a person has to do it.
    pub by_person: bool,
}

impl Requirement {
    /// Puts a component in the place of another in the last leaf that names it, whole and not a segment
    /// of it; false where there is none.
    pub(crate) fn replace_last(&mut self, from: ComponentId, to: ComponentId) -> bool {
        match self {
            Self::One(leaf) => {
                let found = leaf.target == Target::Component(from) && leaf.segment.is_none();
                if found {
                    leaf.target = Target::Component(to);
                }
                found
            }
            Self::All(of) | Self::Any(of) | Self::AtLeast { of, .. } => {
                of.iter_mut().rev().any(|part| part.replace_last(from, to))
            }
        }
    }

    /// Calls `visit` with every leaf, left to right.
    pub fn each_leaf<'a>(&'a self, visit: &mut dyn FnMut(&'a Leaf)) {
        match self {
            Self::One(leaf) => visit(leaf),
            Self::All(of) | Self::Any(of) | Self::AtLeast { of, .. } => {
                for part in of {
                    part.each_leaf(visit);
                }
            }
        }
    }
}
