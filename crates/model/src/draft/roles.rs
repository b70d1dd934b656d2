//! What kind of component a device is, by the words of its role.
//!
//! NetBox leaves roles to whoever fills it, and Ansible its groups, so this is reading a person's words: the first
//! line of the table with a word of the role counts. A role without such a word says nothing, and is for the
//! importer to ask about. Tested by the table of cases below.

use crate::kind::Kind;

/// What a role's words say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Said {
    /// A component of this kind.
    Kind(Kind),
    /// Something without power or ports of its own: cables are followed through it.
    Passive,
}

/// Words, and what they say; a word of two or more must stand in the role in that order. The first that
/// fits counts, so the narrower stand before the wider: a transfer switch is no switch.
const WORDS: &[(&str, Said)] = &[
    ("patch", Said::Passive),
    ("cable management", Said::Passive),
    ("blanking", Said::Passive),
    ("shelf", Said::Passive),
    ("transfer switch", Said::Kind(Kind::TransferSwitch)),
    ("ats", Said::Kind(Kind::TransferSwitch)),
    ("sts", Said::Kind(Kind::TransferSwitch)),
    ("pdu", Said::Kind(Kind::Pdu)),
    ("pdus", Said::Kind(Kind::Pdu)),
    ("rpp", Said::Kind(Kind::Pdu)),
    ("power distribution", Said::Kind(Kind::Pdu)),
    ("power strip", Said::Kind(Kind::Pdu)),
    ("ups", Said::Kind(Kind::Ups)),
    ("generator", Said::Kind(Kind::Generator)),
    ("genset", Said::Kind(Kind::Generator)),
    ("crac", Said::Kind(Kind::Cooling)),
    ("crah", Said::Kind(Kind::Cooling)),
    ("cooling", Said::Kind(Kind::Cooling)),
    ("console server", Said::Kind(Kind::Component)),
    ("terminal server", Said::Kind(Kind::Component)),
    ("firewall", Said::Kind(Kind::Firewall)),
    ("firewalls", Said::Kind(Kind::Firewall)),
    ("fw", Said::Kind(Kind::Firewall)),
    ("load balancer", Said::Kind(Kind::LoadBalancer)),
    ("loadbalancer", Said::Kind(Kind::LoadBalancer)),
    ("lb", Said::Kind(Kind::LoadBalancer)),
    ("adc", Said::Kind(Kind::LoadBalancer)),
    ("router", Said::Kind(Kind::Router)),
    ("routers", Said::Kind(Kind::Router)),
    ("rtr", Said::Kind(Kind::Router)),
    ("gateway", Said::Kind(Kind::Router)),
    ("cpe", Said::Kind(Kind::Router)),
    ("switch", Said::Kind(Kind::Switch)),
    ("switches", Said::Kind(Kind::Switch)),
    ("tor", Said::Kind(Kind::Switch)),
    ("leaf", Said::Kind(Kind::Switch)),
    ("spine", Said::Kind(Kind::Switch)),
    ("storage", Said::Kind(Kind::Storage)),
    ("nas", Said::Kind(Kind::Storage)),
    ("san", Said::Kind(Kind::Storage)),
    ("filer", Said::Kind(Kind::Storage)),
    ("hypervisor", Said::Kind(Kind::Hypervisor)),
    ("hypervisors", Said::Kind(Kind::Hypervisor)),
    ("esx", Said::Kind(Kind::Hypervisor)),
    ("esxi", Said::Kind(Kind::Hypervisor)),
    ("proxmox", Said::Kind(Kind::Hypervisor)),
    ("kvm", Said::Kind(Kind::Hypervisor)),
    ("server", Said::Kind(Kind::Server)),
    ("servers", Said::Kind(Kind::Server)),
    ("compute", Said::Kind(Kind::Server)),
    ("host", Said::Kind(Kind::Server)),
    ("node", Said::Kind(Kind::Server)),
    ("blade", Said::Kind(Kind::Server)),
];

/// What a role says, from its name and its slug; `None` when no word of it is known.
#[must_use]
pub fn read(name: &str, slug: &str) -> Option<Said> {
    let words: Vec<Vec<String>> = [name, slug].map(words).into();
    WORDS.iter().find_map(|(wanted, said)| {
        let wanted: Vec<&str> = wanted.split(' ').collect();
        let stands = |own: &Vec<String>| {
            own.windows(wanted.len())
                .any(|window| window.iter().zip(&wanted).all(|(own, wanted)| own == wanted))
        };
        words.iter().any(stands).then_some(*said)
    })
}

/// Whether a role's words put a switch nearest to the way out.
#[must_use]
pub fn is_core(name: &str, slug: &str) -> bool {
    [name, slug].map(words).iter().flatten().any(|word| {
        matches!(word.as_str(), "core" | "backbone" | "spine" | "border" | "edge" | "collapsed")
    })
}

/// Whether the words of a circuit's type say that it leads to the internet.
#[must_use]
pub fn is_internet(name: &str, slug: &str) -> bool {
    [name, slug].map(words).iter().flatten().any(|word| {
        matches!(word.as_str(), "internet" | "transit" | "dia" | "broadband" | "upstream" | "isp")
    })
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_read_as_a_person_would() {
        for (role, kind) in [
            ("ToR Switch", Kind::Switch),
            ("Automatic Transfer Switch", Kind::TransferSwitch),
            ("Core Router", Kind::Router),
            ("SAN switch", Kind::Switch),
            ("Application Server", Kind::Server),
            ("Console Server", Kind::Component),
            ("Rack PDU", Kind::Pdu),
            ("UPS", Kind::Ups),
            ("VM host", Kind::Server),
            ("edge-fw", Kind::Firewall),
        ] {
            assert_eq!(read(role, ""), Some(Said::Kind(kind)), "{role}");
        }
        assert_eq!(read("Patch Panel", "patch-panel"), Some(Said::Passive));
        assert_eq!(read("Groups", "groups"), None, "`ups` is no part of a word");
    }

    #[test]
    fn a_slug_counts_where_the_name_is_in_another_language() {
        assert_eq!(read("Commutateur", "switch"), Some(Said::Kind(Kind::Switch)));
    }
}
