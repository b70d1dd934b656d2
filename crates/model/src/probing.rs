//! What others may have us ask, by the page `/probe`: whom, and in which words.
//!
//! Nobody may anything until the plant says so. A target is allowed by the plant's own checks, by an address
//! or a network, or by a name; a name is allowed by itself and never by the addresses it has today, which are
//! the word of whoever runs its zone. A question that takes a secret along says itself who may be told it, and of a
//! target only the host counts then. Pure; tested here.

use crate::check::{Host, HostPort, Question, TlsQuestion};
use crate::plant::Plant;
use crate::plantfile::{as_host, as_host_port, url};
use std::net::IpAddr;

/// What `/probe` may ask.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Probing {
    /// Who may be asked; never empty in a plant that was checked.
    pub targets: Vec<Targets>,
    /// What may be asked, beside what is built in.
    pub modules: Vec<Module>,
}

/// A question by the name that others give it.
#[derive(Clone, PartialEq, Debug)]
pub struct Module {
    /// Its name.
    pub name: Box<str>,
    /// What is asked; the target takes the place of its host.
    pub question: Question,
    /// Who may be asked it, in the place of those of all modules; never empty in a plant that was checked when the
    /// question has a secret.
    pub targets: Vec<Targets>,
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
    /// Whether this host may be asked by this module.
    #[must_use]
    pub fn allows(&self, module: &Module, host: &Host, plant: &Plant) -> bool {
        // The list for all says nothing of secrets.
        let own = !module.targets.is_empty() || module.has_secret();
        let targets = if own { &module.targets } else { &self.targets };
        targets.iter().any(|targets| targets.hold(host, plant))
    }
}

impl Module {
    /// Whether whoever is asked is told a secret, or something made of one.
    #[must_use]
    pub fn has_secret(&self) -> bool {
        !self.question.secrets().is_empty()
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
/// lends its port, and its path, to a target without. With a secret they are the module's own: another port or path of
/// a host may be somebody else's.
///
/// # Errors
/// Why it cannot be: what is written is no target of this kind of question, or the kind takes none.
pub fn aimed(module: &Module, target: &str) -> Result<Question, &'static str> {
    let question = aimed_anywhere(&module.question, target)?;
    if module.has_secret() && door(&question) != door(&module.question) {
        return Err("it has a secret, and goes to its own port and path alone");
    }
    Ok(question)
}

/// All that a target can change but the host.
fn door(question: &Question) -> (Option<u16>, Option<(&str, bool)>) {
    match question {
        Question::Http(http) => {
            (Some(http.authority.port), Some((&*http.path, http.tls.is_some())))
        }
        other => (other.endpoints().first().map(|end| end.port), None),
    }
}

fn aimed_anywhere(module: &Question, target: &str) -> Result<Question, &'static str> {
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
    inside:
      { https: \"https://target:8443/inside\", headers: { authorization: { secret: a } }, targets: [a.example, 192.0.2.1] }
    cache: { redis: target, password: { secret: b }, targets: [192.0.2.1] }
    near: { icmp: target, targets: [198.51.100.0/24] }
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
        let module = probing.modules.iter().find(|own| &*own.name == "mail").unwrap();
        let allows = |host: &str| probing.allows(module, &as_host(host).unwrap(), &plant);
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
    fn a_module_with_targets_of_its_own_asks_them_alone() {
        let plant = plant();
        let probing = plant.probing().unwrap();
        let by =
            |module: &Module, host: &str| probing.allows(module, &as_host(host).unwrap(), &plant);
        let module = |name: &str| probing.modules.iter().find(|own| *own.name == *name).unwrap();
        assert!(by(module("near"), "198.51.100.7") && !by(module("near"), "192.0.2.1"));
        assert!(by(module("cache"), "192.0.2.1") && !by(module("cache"), "192.0.2.2"));
        assert!(!by(module("inside"), "shop.example"), "the list for all says nothing of secrets");
        let unnamed = Module { targets: Vec::new(), ..module("inside").clone() };
        assert!(!by(&unnamed, "192.0.2.1") && !by(&unnamed, "shop.example"));
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
            let module = modules.iter().find(|own| *own.name == *module).unwrap();
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
        assert_eq!(told("inside", "a.example"), "Name(\"a.example\") 8443 /inside true");
        assert_eq!(told("inside", "https://a.example:8443/"), told("inside", "a.example"));
        for elsewhere in
            ["a.example:8444", "https://a.example/inside", "http://a.example:8443/", "a.example/b"]
        {
            assert!(aimed("inside", elsewhere).is_err(), "{elsewhere}");
        }
        assert!(aimed("cache", "192.0.2.1").is_ok() && aimed("cache", "192.0.2.1:6379").is_ok());
        assert!(aimed("cache", "192.0.2.1:6380").is_err());
    }
}
