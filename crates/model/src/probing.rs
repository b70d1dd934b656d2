//! What others may have us ask, by the page `/probe`: whom, and in which words.
//!
//! Nobody may anything until the plant says so. A target is allowed by the plant's own checks, by an address
//! or a network, or by a name; a name is allowed by itself and never by the addresses it has today, which are
//! the word of whoever runs its zone. Pure; tested here.

use crate::check::{Host, HostPort, Question, TlsQuestion};
use crate::plant::Plant;
use crate::plantfile::{as_host, as_host_port, url};
use std::net::IpAddr;

/// What `/probe` may ask.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Probing {
    /// Who may be asked; never empty in a plant that was checked.
    pub targets: Vec<Targets>,
    /// Questions by the names that others give them, beside those that are built in.
    pub modules: Vec<(Box<str>, Question)>,
}

/// Some hosts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Targets {
    /// Those that the plant's own checks name.
    Plant,
    /// The addresses of a network; of a single one when all bits count.
    Network {
        /// Its first address.
        address: IpAddr,
        /// How many bits of it count.
        bits: u8,
    },
    /// This name.
    Name(Box<str>),
    /// Every name that ends so; begins with a dot.
    Below(Box<str>),
}

impl Probing {
    /// Whether this host may be asked.
    #[must_use]
    pub fn allows(&self, host: &Host, plant: &Plant) -> bool {
        self.targets.iter().any(|targets| targets.hold(host, plant))
    }
}

impl Targets {
    fn hold(&self, host: &Host, plant: &Plant) -> bool {
        match (self, host) {
            (Self::Plant, host) => plant.checks().iter().any(|check| {
                check.question.host() == Some(host)
                    || check.question.endpoints().iter().any(|endpoint| endpoint.host == *host)
            }),
            (Self::Network { address, bits }, Host::Address(own)) => within(*own, *address, *bits),
            (Self::Name(name), Host::Name(own)) => bare(own) == bare(name),
            (Self::Below(suffix), Host::Name(own)) => {
                bare(own).len() > bare(suffix).len() && bare(own).ends_with(bare(suffix))
            }
            (Self::Network { .. }, Host::Name(_))
            | (Self::Name(_) | Self::Below(_), Host::Address(_)) => false,
        }
    }
}

/// A name without its final dot; both kinds are one host.
fn bare(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// Whether the first bits of both are the same. An IPv4 address written as an IPv6 one is the IPv4 address.
fn within(own: IpAddr, network: IpAddr, bits: u8) -> bool {
    let number = |address: IpAddr| match address.to_canonical() {
        IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    };
    let ((own, length), (network, other_length)) = (number(own), number(network));
    let differ = own ^ network;
    length == other_length && (bits == 0 || differ >> (128 - u32::from(bits).min(128)) == 0)
}

/// A module's question, put to somebody: the target takes the place of the host that the module names, which
/// lends its port, and its path, to a target without.
///
/// # Errors
/// Why it cannot be: what is written is no target of this kind of question, or the kind takes none.
pub fn aimed(module: &Question, target: &str) -> Result<Question, &'static str> {
    let mut question = module.clone();
    if let Question::Http(http) = &mut question {
        let scheme = ["http", "https"]
            .into_iter()
            .find(|scheme| target.strip_prefix(scheme).is_some_and(|rest| rest.starts_with("://")));
        let own_scheme = if http.tls.is_some() { "https" } else { "http" };
        let (authority, path) = match scheme {
            Some(scheme) => url(target, scheme)?,
            None => url(&format!("{own_scheme}://{target}"), own_scheme)?,
        };
        // Without a scheme of its own a target takes the module's port too.
        let bare = target.split(['/', '?', '#']).next().unwrap_or_default();
        let lends_port = scheme.is_none() && as_host_port(bare, None).is_none();
        let port = if lends_port { http.authority.port } else { authority.port };
        http.authority = HostPort { host: authority.host, port };
        if &*path != "/" {
            http.path = path;
        }
        match scheme {
            Some("https") if http.tls.is_none() => http.tls = Some(TlsQuestion::usual()),
            Some("http") => http.tls = None,
            Some(_) | None => {}
        }
    } else if let Question::Icmp(icmp) = &mut question {
        icmp.host = as_host(target).ok_or("the target is no host or address")?;
    } else if let Question::Tcp(tcp) = &mut question {
        tcp.target = as_host_port(target, None).ok_or("the target is no `host:port`")?;
    } else {
        let own = question.endpoint_mut().ok_or("this kind of check takes no target")?;
        *own =
            as_host_port(target, Some(own.port)).ok_or("the target is no `host` or `host:port`")?;
    }
    Ok(question)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plantfile::parse_str;
    use std::sync::Arc;

    const PLANT: &str = "\
blackstart: 1
probe:
  targets: [plant, 192.0.2.0/28, 2001:db8::/32, alone.example, \"*.below.example\"]
  modules:
    shop: { https: \"https://target:8443/health\", status: 200 }
    soa: { dns: target, query: example.net SOA }
    mail: { tcp: \"target:25\" }
services: { s: { checks: { http: \"http://shop.example/\", connect: \"10.0.0.1:8080\" } } }
";

    fn plant() -> Arc<Plant> {
        let (plant, findings) = parse_str(PLANT);
        plant.unwrap_or_else(|| panic!("{findings:#?}"))
    }

    #[test]
    fn who_is_named_may_be_asked_and_nobody_else() {
        let plant = plant();
        let probing = plant.probing().unwrap();
        let allows = |host: &str| probing.allows(&as_host(host).unwrap(), &plant);
        for host in [
            "shop.example",
            "10.0.0.1",
            "192.0.2.15",
            "::ffff:192.0.2.1",
            "2001:db8:ffff::1",
            "alone.example.",
            "a.b.below.example",
        ] {
            assert!(allows(host), "{host}");
        }
        for host in [
            "192.0.2.16",
            "127.0.0.1",
            "169.254.169.254",
            "2001:db9::1",
            "not.alone.example",
            "below.example",
            "evilbelow.example",
            "shop.example.evil",
        ] {
            assert!(!allows(host), "{host}");
        }
    }

    #[test]
    fn what_is_printed_reads_the_same() {
        let plant = plant();
        let (again, findings) = parse_str(&crate::plantfile::print(&plant));
        let again = again.unwrap_or_else(|| panic!("{findings:#?}"));
        assert_eq!(again.probing(), plant.probing());
    }

    #[test]
    fn a_target_takes_the_place_of_the_modules_host() {
        let plant = plant();
        let modules = &plant.probing().unwrap().modules;
        let aimed = |module: &str, target: &str| {
            let (_, module) = modules.iter().find(|(name, _)| **name == *module).unwrap();
            aimed(module, target).map(|question| match question {
                Question::Http(http) => {
                    let HostPort { host, port } = http.authority;
                    format!("{host:?} {port} {} {}", http.path, http.tls.is_some())
                }
                mut other => format!("{:?}", other.endpoint_mut().unwrap()),
            })
        };
        let told = |module, target| aimed(module, target).unwrap();
        assert_eq!(told("shop", "a.example"), "Name(\"a.example\") 8443 /health true");
        assert_eq!(told("shop", "a.example:1/x?y"), "Name(\"a.example\") 1 /x?y true");
        assert_eq!(told("shop", "http://a.example"), "Name(\"a.example\") 80 /health false");
        assert_eq!(told("shop", "https://[::1]/b"), "Address(::1) 443 /b true");
        assert_eq!(told("soa", "ns.example"), "HostPort { host: Name(\"ns.example\"), port: 53 }");
        assert_eq!(told("mail", "[::1]:2"), "HostPort { host: Address(::1), port: 2 }");
        assert!(aimed("mail", "mx.example").is_err(), "a connection has a port");
        assert!(aimed("shop", "http://user:password@a.example/").is_err());
        assert!(aimed("shop", "ftp://a.example/").is_err());
        assert!(aimed("soa", "a b").is_err());
        assert!(aimed("shop", "").is_err());
    }
}
