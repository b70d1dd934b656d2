//! NetBox's objects that become components, for the draft that every importer fills ([`crate::draft`]).

use crate::draft::{self, Sort};
pub(super) use crate::draft::{Key, Need};

/// The plant as it takes shape of NetBox's facts.
pub(super) type Draft = draft::Draft<Thing>;

/// An object of NetBox that becomes a component.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Thing {
    Site,
    Location,
    Rack,
    Device,
    /// A power inlet of a PDU with several: a bank of its outlets.
    Inlet,
    Panel,
    Feed,
    Circuit,
    ProviderNetwork,
    Cluster,
    Machine,
    Service,
    Tenant,
    Prefix,
}

impl Sort for Thing {
    fn word(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Location => "location",
            Self::Rack => "rack",
            Self::Device => "device",
            Self::Inlet => "inlet",
            Self::Panel => "panel",
            Self::Feed => "feed",
            Self::Circuit => "circuit",
            Self::ProviderNetwork => "network",
            Self::Cluster => "cluster",
            Self::Machine => "vm",
            Self::Service => "service",
            Self::Tenant => "tenant",
            Self::Prefix => "prefix",
        }
    }
}
