//! Names to addresses, by our own query inside the check's own deadline.
//!
//! `getaddrinfo` blocks a thread, knows no deadline and caches as it likes, so it is never used in a
//! check. What the host is told counts here too: `/etc/hosts`, then the name servers of
//! `/etc/resolv.conf`, asked in their order. Names are taken as absolute: search lists are not applied.
//! Nothing is cached but those two files, which are read again when they change.

use crate::clock;
use crate::dns::{self, QueryError};
use blackstart_model::check::Host;
use blackstart_model::observation::{NoAnswerCode, Outcome, SymptomCode};
use blackstart_model::time::Duration;
use domain::base::iana::{Rcode, Rtype};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::Instant;

/// How old our reading of the host's files may be.
const STALE_AFTER: Duration = Duration::from_secs(5);

/// Name servers that are asked: as many as the C library asks (resolv.conf(5), MAXNS).
const SERVERS_MAX: usize = 3;

/// The longest file read, bytes: blocklists kept in `/etc/hosts` reach some MiB.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// Finds addresses.
#[derive(Default)]
pub(crate) struct Resolver {
    told: Mutex<Option<(Instant, Arc<Told>)>>,
}

/// What the host is told.
#[derive(Debug, Default, PartialEq)]
struct Told {
    hosts: Vec<(IpAddr, Vec<String>)>,
    servers: Vec<SocketAddr>,
}

impl Resolver {
    /// The addresses of a host; never empty.
    pub(crate) async fn addresses(
        &self,
        host: &Host,
        deadline: Instant,
    ) -> Result<Vec<IpAddr>, Outcome> {
        let name = match host {
            Host::Address(address) => return Ok(vec![*address]),
            Host::Name(name) => name.trim_end_matches('.'),
        };
        let told = self.told();
        let known: Vec<IpAddr> = told
            .hosts
            .iter()
            .filter(|(_, names)| names.iter().any(|known| known.eq_ignore_ascii_case(name)))
            .map(|(address, _)| *address)
            .collect();
        if !known.is_empty() {
            return Ok(known);
        }
        if name.eq_ignore_ascii_case("localhost") {
            // RFC 6761, section 6.3: never sent to a name server.
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        if told.servers.is_empty() {
            let detail = "no name server in /etc/resolv.conf";
            return Err(Outcome::unknown(NoAnswerCode::NotEquipped, detail));
        }
        let (v4, v6) = tokio::join!(
            resolve(&told.servers, name, Rtype::A, deadline),
            resolve(&told.servers, name, Rtype::AAAA, deadline),
        );
        match (v4, v6) {
            (Err(why), Err(_)) => Err(why),
            (v4, v6) => {
                // IPv4 first: where only one family has a route it is nearly always this one, and a
                // wrong guess costs a share of the deadline (chosen by hand; RFC 8305 races them).
                let found: Vec<IpAddr> =
                    v4.unwrap_or_default().into_iter().chain(v6.unwrap_or_default()).collect();
                if found.is_empty() {
                    let detail = format!("{name} has no address");
                    return Err(Outcome::down(SymptomCode::NoAddress, detail));
                }
                Ok(found)
            }
        }
    }

    fn told(&self) -> Arc<Told> {
        let now = clock::now();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        match &*told {
            Some((read_at, told)) if now.duration_since(*read_at) < STALE_AFTER => told.clone(),
            _ => {
                let fresh = Arc::new(Told {
                    hosts: parse_hosts(&read(Path::new("/etc/hosts"))),
                    servers: parse_resolv_conf(&read(Path::new("/etc/resolv.conf"))),
                });
                *told = Some((now, fresh.clone()));
                fresh
            }
        }
    }
}

/// A file that is absent says nothing.
fn read(path: &Path) -> String {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    if let Ok(file) = std::fs::File::open(path) {
        let _ = file.take(FILE_BYTES_MAX).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn parse_hosts(text: &str) -> Vec<(IpAddr, Vec<String>)> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split('#').next()?.split_whitespace();
            let address = words.next()?.parse().ok()?;
            Some((address, words.map(str::to_owned).collect()))
        })
        .collect()
}

fn parse_resolv_conf(text: &str) -> Vec<SocketAddr> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            (words.next()? == "nameserver").then(|| words.next()?.parse().ok())?
        })
        .take(SERVERS_MAX)
        .map(|address: IpAddr| SocketAddr::new(address, 53))
        .collect()
}

/// One type of address by the name servers in their order; the first that answers decides.
async fn resolve(
    servers: &[SocketAddr],
    name: &str,
    record_type: Rtype,
    deadline: Instant,
) -> Result<Vec<IpAddr>, Outcome> {
    let mut last = Outcome::down(SymptomCode::NoAddress, name);
    for (tried, server) in servers.iter().enumerate() {
        let now = clock::now();
        let left = u32::try_from(servers.len() - tried).unwrap_or(1);
        let share = now + deadline.saturating_duration_since(now) / left;
        match dns::query(*server, name, record_type, true, share).await {
            Ok(answer) => match answer.rcode {
                Rcode::NOERROR | Rcode::NXDOMAIN => return Ok(answer.addresses()),
                rcode => {
                    let detail = format!("{name}: {server} says {rcode}");
                    last = Outcome::down(SymptomCode::NoAddress, detail);
                }
            },
            Err(QueryError::Name) => {
                let detail = format!("`{name}` is no name of the DNS");
                return Err(Outcome::unknown(NoAnswerCode::NotEquipped, detail));
            }
            Err(QueryError::Answer(outcome)) => {
                let detail = format!("{name}: {server}: {outcome}");
                last = match outcome {
                    Outcome::Unknown(why) => Outcome::unknown(why.code, detail),
                    Outcome::Up | Outcome::Degraded(_) | Outcome::Down(_) => {
                        Outcome::down(SymptomCode::NoAddress, detail)
                    }
                };
            }
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_files_are_read_as_their_man_pages_say() {
        let hosts = parse_hosts(
            "127.0.0.1 localhost\n# a comment\n10.0.0.7\tweb-7 web-7.example # old\nnonsense\n",
        );
        assert_eq!(
            hosts[1],
            ("10.0.0.7".parse().unwrap(), vec!["web-7".into(), "web-7.example".into()])
        );
        assert_eq!(hosts.len(), 2);
        let servers = parse_resolv_conf(
            "search a.example\nnameserver 10.0.0.2\nnameserver ::1\noptions ndots:2\n",
        );
        assert_eq!(servers, ["10.0.0.2:53".parse().unwrap(), "[::1]:53".parse().unwrap()]);
    }
}
