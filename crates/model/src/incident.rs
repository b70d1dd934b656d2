//! The life of an incident.

use crate::codes::codes;

codes! {
    /// Where an incident stands.
    IncidentState {
        /// Something failed, and the verification is under way.
        Suspected = "suspected",
        /// Confirmed.
        Open = "open",
        /// Confirmed, and a person has taken it.
        Acknowledged = "acknowledged",
        /// Every symptom is seen up again; waiting for it to hold.
        Recovering = "recovering",
        /// Over.
        Resolved = "resolved",
        /// Part of another incident.
        Merged = "merged",
        /// Not confirmed, or dismissed by a person.
        Dismissed = "dismissed",
    }
}

codes! {
    /// What may happen to an incident.
    IncidentEvent {
        /// The verification agrees.
        Confirmed = "confirmed",
        /// The verification disagrees, or a person says it is nothing.
        Dismissed = "dismissed",
        /// A person takes it.
        Acknowledged = "acknowledged",
        /// Every symptom is seen up.
        SeenUp = "seen-up",
        /// A symptom is seen again.
        SeenAgain = "seen-again",
        /// Up for long enough.
        Held = "held",
        /// It turns out to be part of another.
        MergedInto = "merged-into",
        /// A person closes it, or its components left the plant.
        Closed = "closed",
    }
}

/// An event that the incident's state does not allow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("an incident that is {state} cannot be {event}")]
pub struct Rejected {
    /// The state.
    pub state: IncidentState,
    /// The event.
    pub event: IncidentEvent,
}

impl IncidentState {
    /// True until it is resolved, merged or dismissed.
    #[must_use]
    pub const fn is_live(self) -> bool {
        match self {
            Self::Suspected | Self::Open | Self::Acknowledged | Self::Recovering => true,
            Self::Resolved | Self::Merged | Self::Dismissed => false,
        }
    }

    /// The one transition function.
    ///
    /// `acknowledged` says whether a person holds the incident: a relapse returns to their hands.
    ///
    /// # Errors
    /// [`Rejected`] when the state does not allow the event; the state is unchanged.
    pub const fn apply(self, event: IncidentEvent, acknowledged: bool) -> Result<Self, Rejected> {
        use IncidentEvent as E;
        let next = match (self, event) {
            (Self::Suspected, E::Confirmed) => Self::Open,
            (Self::Suspected, E::Dismissed | E::SeenUp | E::Closed) => Self::Dismissed,
            (Self::Open | Self::Acknowledged | Self::Recovering, E::Dismissed) => Self::Dismissed,
            (Self::Open | Self::Acknowledged, E::Acknowledged) => Self::Acknowledged,
            (Self::Recovering, E::Acknowledged) => Self::Recovering,
            (Self::Open | Self::Acknowledged, E::SeenUp) => Self::Recovering,
            (Self::Recovering, E::SeenAgain) if acknowledged => Self::Acknowledged,
            (Self::Recovering, E::SeenAgain) => Self::Open,
            (Self::Recovering, E::Held) => Self::Resolved,
            (Self::Open | Self::Acknowledged | Self::Recovering, E::Closed) => Self::Resolved,
            (live, E::MergedInto) if live.is_live() => Self::Merged,
            (state, event) => return Err(Rejected { state, event }),
        };
        Ok(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_stays_over() {
        for &state in IncidentState::ALL.iter().filter(|state| !state.is_live()) {
            for &event in IncidentEvent::ALL {
                assert_eq!(state.apply(event, false), Err(Rejected { state, event }));
            }
        }
    }

    #[test]
    fn only_a_confirmed_incident_can_resolve() {
        assert!(IncidentState::Suspected.apply(IncidentEvent::Held, false).is_err());
        assert_eq!(
            IncidentState::Recovering.apply(IncidentEvent::Held, false),
            Ok(IncidentState::Resolved)
        );
    }
}
