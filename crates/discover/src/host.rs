//! The machine, from its files. What cannot be read is said, and is no reason to stop.
//!
//! Formats: proc_net_tcp(5) and proc(5) (`/proc/net/tcp`: addresses in the host's byte order, state `0A` listens),
//! `/proc/net/route` (addresses likewise, flag 2 is a gateway), `/proc/self/mountinfo`, cgroups(7), resolv.conf(5).

mod certificates;
mod containers;
mod units;

pub use certificates::OnDisk;
pub(crate) use certificates::is_of;
pub use containers::Container;

use containers::Known;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

/// The most that is read of one file, bytes.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Processes whose sockets are looked at, at most.
const PROCESSES_MAX: usize = 50_000;

/// Listening sockets that are taken in, at most.
const LISTENING_MAX: usize = 512;

/// What a machine knows of itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Host {
    /// Its name, as far as the first dot.
    pub name: String,
    /// Its zone, by its IANA name.
    pub timezone: Option<String>,
    /// Network interfaces, loopback left out, and whether each is up.
    pub interfaces: Vec<(String, bool)>,
    /// Where packets to elsewhere go.
    pub gateways: Vec<IpAddr>,
    /// The interfaces that those packets take, and what these are made of.
    pub ways_out: Vec<String>,
    /// Whom it asks for names.
    pub resolvers: Vec<IpAddr>,
    /// File systems that another machine serves.
    pub mounts: Vec<Mount>,
    /// What listens for TCP connections.
    pub listening: Vec<Listening>,
    /// The hardware addresses of those next hops that this machine has spoken with.
    pub gateway_hardware: BTreeMap<IpAddr, String>,
    /// Containers that run, by the numbers or names that control groups have for them.
    pub containers: BTreeMap<String, Container>,
    /// Whether systemd runs this machine.
    pub has_systemd: bool,
    /// Units that are enabled and of which nothing runs.
    pub idle_units: Vec<String>,
    /// Units that something listens in, and that are not enabled.
    pub unwanted_units: Vec<String>,
    /// Certificates that its programs are configured with.
    pub certificates: Vec<OnDisk>,
    /// What could not be seen, and what to do about it.
    pub unseen: Vec<String>,
}

/// A file system that another machine serves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mount {
    /// Where it is seen.
    pub at: String,
    /// What is mounted there, as the kernel says it.
    pub source: String,
    /// Which kind of file system.
    pub kind: String,
}

/// A TCP port that takes connections.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listening {
    /// The port.
    pub port: u16,
    /// At which address; unspecified is any.
    pub address: IpAddr,
    /// The program; `None` where we may not see it.
    pub program: Option<String>,
    /// The systemd unit that it runs in.
    pub unit: Option<String>,
    /// The container that it runs in, as far as its control group says it.
    pub container: Option<String>,
}

/// Kinds of file systems that come over a network.
const REMOTE: [&str; 9] =
    ["nfs", "nfs4", "cifs", "smb3", "ceph", "fuse.glusterfs", "fuse.sshfs", "9p", "virtiofs"];

impl Listening {
    /// Where this machine itself reaches it.
    pub(crate) fn reached(&self) -> SocketAddr {
        let is_any = self.address.is_unspecified();
        let address = if is_any { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { self.address };
        SocketAddr::new(address, self.port)
    }
}

impl Host {
    /// Looks at the machine whose files are under `root`, which is `/` but in tests. Takes some milliseconds for
    /// each thousand processes.
    #[must_use]
    pub fn read(root: &Path) -> Self {
        let mut host = Self::default();
        let name = text(root, "proc/sys/kernel/hostname");
        host.name = name.trim().split('.').next().unwrap_or_default().to_owned();
        host.timezone = timezone(root);
        host.interfaces = interfaces(root);
        host.gateways = gateways(&text(root, "proc/net/route"), &text(root, "proc/net/ipv6_route"));
        host.ways_out =
            ways_out(root, &text(root, "proc/net/route"), &text(root, "proc/net/ipv6_route"));
        host.gateway_hardware = hardware(&text(root, "proc/net/arp"), &host.gateways);
        host.resolvers = resolvers(&text(root, "etc/resolv.conf"));
        host.mounts = mounts(&text(root, "proc/self/mountinfo"));
        let mut sockets = sockets(&text(root, "proc/net/tcp"));
        sockets.extend(sockets_v6(&text(root, "proc/net/tcp6")));
        if sockets.len() > LISTENING_MAX {
            let more = sockets.len() - LISTENING_MAX;
            host.unseen.push(format!(
                "{more} of the listening sockets: only {LISTENING_MAX} are taken in"
            ));
            sockets.truncate(LISTENING_MAX);
        }
        let known = Known::read(root);
        let owners = owners(root, &sockets.iter().map(|it| it.2).collect(), &known);
        let mut hidden: BTreeSet<u16> = BTreeSet::new();
        for (address, port, inode) in sockets {
            let owner = owners.get(&inode).cloned();
            if owner.is_none() {
                hidden.insert(port);
            }
            let Owner { program, unit, container } = owner.unwrap_or_default();
            host.listening.push(Listening { port, address, program, unit, container });
        }
        host.listening.sort();
        host.listening.dedup();
        let (running, contained) = groups(root);
        for id in
            contained.into_iter().chain(host.listening.iter().filter_map(|it| it.container.clone()))
        {
            let container = known.of(root, &id);
            host.containers.insert(id, container);
        }
        host.has_systemd = units::is_booted(root);
        if host.has_systemd {
            host.idle_units = units::idle(root, &running);
            let listening: BTreeSet<&String> =
                host.listening.iter().filter_map(|it| it.unit.as_ref()).collect();
            let is_not = |unit: &&&String| units::is_enabled(root, unit) == Some(false);
            host.unwanted_units =
                listening.iter().filter(is_not).map(|unit| (*unit).clone()).collect();
        }
        host.certificates = certificates::read(root);
        if !hidden.is_empty() {
            let ports: Vec<String> = hidden.iter().map(u16::to_string).collect();
            let who = if is_root(&text(root, "proc/self/status")) {
                "a container with processes of its own, or what this runs in"
            } else {
                "another user, or a container with processes of its own; root sees more"
            };
            host.unseen.push(format!("who listens on port {}: {who}", ports.join(", ")));
        }
        host
    }
}

/// Whether whoever asks may see every process of its kind (proc(5), `Uid` of `/proc/self/status`: real, effective).
fn is_root(status: &str) -> bool {
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    line.and_then(|line| line.split_whitespace().nth(1)) == Some("0")
}

/// What a file says; nothing where it cannot be read.
fn text(root: &Path, path: &str) -> String {
    let mut bytes = Vec::new();
    let read = fs::File::open(root.join(path))
        .and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes));
    read.map_or_else(|_| String::new(), |_| String::from_utf8_lossy(&bytes).into_owned())
}

/// What others call their things, fit to be shown: a process names itself as it likes.
fn plain(text: &str) -> String {
    const SHOWN_MAX: usize = 80;
    text.chars().map(|it| if it.is_control() { '?' } else { it }).take(SHOWN_MAX).collect()
}

/// `/etc/timezone` (Debian), else what `/etc/localtime` points to.
fn timezone(root: &Path) -> Option<String> {
    let named = text(root, "etc/timezone").trim().to_owned();
    if !named.is_empty() {
        return Some(named);
    }
    let link = fs::read_link(root.join("etc/localtime")).ok()?;
    let (_, zone) = link.to_str()?.split_once("zoneinfo/")?;
    Some(zone.to_owned())
}

fn interfaces(root: &Path) -> Vec<(String, bool)> {
    let Ok(entries) = fs::read_dir(root.join("sys/class/net")) else { return Vec::new() };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut found: Vec<(String, bool)> = names
        .filter(|name| name != "lo")
        .map(|name| {
            let state = text(root, &format!("sys/class/net/{name}/operstate"));
            (name, state.trim() == "up")
        })
        .filter(|(name, up)| *up || is_made(root, name))
        .collect();
    found.sort();
    found
}

/// Whether there is hardware behind an interface, or somebody made it of others (a bond, a bridge, a VLAN). The kernel
/// makes further ones by itself, as `ifb0` and `sit0`, which nobody misses when they are not up.
fn is_made(root: &Path, name: &str) -> bool {
    root.join(format!("sys/class/net/{name}/device")).exists()
        || text(root, &format!("sys/class/net/{name}/uevent")).contains("DEVTYPE=")
}

/// Of default routes the next hops, each once.
fn gateways(v4: &str, v6: &str) -> Vec<IpAddr> {
    let mut found = Vec::new();
    for line in v4.lines().skip(1) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, "00000000", gateway, flags, _, _, _, "00000000", ..] = fields[..] else { continue };
        let is_gateway = u16::from_str_radix(flags, 16).is_ok_and(|flags| flags & 3 == 3);
        if let (true, Some(address)) = (is_gateway, v4_of(gateway)) {
            found.push(IpAddr::V4(address));
        }
    }
    for line in v6.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [to, "00", _, _, hop, _, _, _, flags, _] = fields[..] else { continue };
        let is_default = to.bytes().all(|digit| digit == b'0');
        let is_gateway = u32::from_str_radix(flags, 16).is_ok_and(|flags| flags & 3 == 3);
        let hop = u128::from_str_radix(hop, 16).map(Ipv6Addr::from);
        // A link-local next hop is no address without its link.
        let hop = hop.ok().filter(|hop| is_default && is_gateway && !hop.is_unicast_link_local());
        found.extend(hop.map(IpAddr::V6));
    }
    found.sort();
    found.dedup();
    found
}

fn resolvers(text: &str) -> Vec<IpAddr> {
    let servers = text.lines().filter_map(|line| line.trim().strip_prefix("nameserver"));
    let mut found: Vec<IpAddr> = Vec::new();
    for server in servers.filter_map(|server| server.trim().parse().ok()) {
        if !found.contains(&server) {
            found.push(server);
        }
    }
    found
}

fn mounts(text: &str) -> Vec<Mount> {
    let mut found: Vec<Mount> = text
        .lines()
        .filter_map(|line| {
            let (before, after) = line.split_once(" - ")?;
            let at = before.split(' ').nth(4)?;
            let mut after = after.split(' ');
            let (kind, source) = (after.next()?, after.next()?);
            let (at, source) = (plain(at), plain(source));
            REMOTE.contains(&kind).then(|| Mount { at, source, kind: kind.to_owned() })
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

/// Address, port and inode of what listens.
fn sockets(text: &str) -> Vec<(IpAddr, u16, u64)> {
    listening(text, |address| v4_of(address).map(IpAddr::V4))
}

fn sockets_v6(text: &str) -> Vec<(IpAddr, u16, u64)> {
    listening(text, |address| {
        let words: Option<Vec<u32>> = (0..4)
            .map(|at| u32::from_str_radix(address.get(at * 8..at * 8 + 8)?, 16).ok())
            .collect();
        let bytes: Vec<u8> = words?.into_iter().flat_map(u32::to_ne_bytes).collect();
        let bytes: [u8; 16] = bytes.try_into().ok()?;
        Some(IpAddr::V6(Ipv6Addr::from(bytes)).to_canonical())
    })
}

fn listening(text: &str, address: impl Fn(&str) -> Option<IpAddr>) -> Vec<(IpAddr, u16, u64)> {
    const LISTENS: &str = "0A";
    let line = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (local, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
        let (at, port) = local.split_once(':')?;
        let port = u16::from_str_radix(port, 16).ok()?;
        (*state == LISTENS).then_some((address(at)?, port, inode.parse().ok()?))
    };
    text.lines().skip(1).filter_map(line).collect()
}

/// An address as the kernel prints it: eight digits, in the host's byte order.
fn v4_of(digits: &str) -> Option<Ipv4Addr> {
    u32::from_str_radix(digits, 16).ok().map(|word| Ipv4Addr::from(word.to_ne_bytes()))
}

/// Who holds a socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Owner {
    program: Option<String>,
    unit: Option<String>,
    container: Option<String>,
}

/// Who holds each of these sockets, as far as we may see: of several processes the one with the lowest number.
fn owners(root: &Path, inodes: &BTreeSet<u64>, known: &Known) -> BTreeMap<u64, Owner> {
    let mut found = BTreeMap::new();
    for process in processes(root) {
        let Ok(files) = fs::read_dir(root.join(format!("proc/{process}/fd"))) else { continue };
        for file in files.flatten() {
            let Ok(target) = fs::read_link(file.path()) else { continue };
            let socket =
                target.to_str().and_then(|to| to.strip_prefix("socket:[")?.strip_suffix(']'));
            let Some(inode) = socket.and_then(|inode| inode.parse().ok()) else { continue };
            if inodes.contains(&inode) && !found.contains_key(&inode) {
                let program = plain(text(root, &format!("proc/{process}/comm")).trim());
                let program = (!program.is_empty()).then_some(program);
                let (unit, mut container) = runs_in(&text(root, &format!("proc/{process}/cgroup")));
                if container.is_none() && program.as_deref() == Some("docker-proxy") {
                    let words = text(root, &format!("proc/{process}/cmdline"));
                    container = known.behind(&words).map(str::to_owned);
                }
                found.insert(inode, Owner { program, unit, container });
            }
        }
    }
    found
}

/// The unit and the container that a process runs in, by the names of its control groups.
fn runs_in(groups: &str) -> (Option<String>, Option<String>) {
    let paths = || groups.lines().filter_map(|line| line.splitn(3, ':').nth(2));
    let container = paths().find_map(containers::of_group).map(|name| plain(&name));
    let mut parts = paths().flat_map(|path| path.split('/'));
    let unit = parts.find_map(|part| part.strip_suffix(".service")).map(plain);
    (unit.filter(|_| container.is_none()), container)
}

/// All processes, the lowest number first.
fn processes(root: &Path) -> Vec<u32> {
    let Ok(entries) = fs::read_dir(root.join("proc")) else { return Vec::new() };
    let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse::<u32>().ok();
    let mut processes: Vec<u32> = entries.flatten().filter_map(number).collect();
    processes.sort_unstable();
    processes.truncate(PROCESSES_MAX);
    processes
}

/// The units and the containers that any process runs in.
fn groups(root: &Path) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut units, mut containers) = (BTreeSet::new(), BTreeSet::new());
    for process in processes(root) {
        let (unit, container) = runs_in(&text(root, &format!("proc/{process}/cgroup")));
        units.extend(unit);
        containers.extend(container);
    }
    (units, containers)
}

/// The interfaces that default routes take, and what these are made of: a bond's or bridge's ports, a VLAN's carrier.
fn ways_out(root: &Path, v4: &str, v6: &str) -> Vec<String> {
    const INTERFACES_MAX: usize = 64;
    let is_default_v4 = |fields: &Vec<&str>| {
        fields.get(1) == Some(&"00000000") && fields.get(7) == Some(&"00000000")
    };
    let rows = |text: &str| -> Vec<Vec<String>> {
        text.lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
    };
    let mut found: Vec<String> = Vec::new();
    for row in rows(v4) {
        let fields: Vec<&str> = row.iter().map(String::as_str).collect();
        if is_default_v4(&fields) {
            found.push(row[0].clone());
        }
    }
    for row in rows(v6) {
        let is_default = row.len() == 10 && row[1] == "00" && row[0].bytes().all(|it| it == b'0');
        if is_default && row[9] != "lo" {
            found.push(row[9].clone());
        }
    }
    found.sort();
    found.dedup();
    let mut nth = 0;
    while nth < found.len() && found.len() < INTERFACES_MAX {
        let is_plain =
            found[nth].chars().all(|it| it.is_ascii_alphanumeric() || "-_.".contains(it));
        let folder = root.join("sys/class/net").join(if is_plain { &found[nth] } else { "-" });
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut lower: Vec<String> =
            names.filter_map(|name| name.strip_prefix("lower_").map(str::to_owned)).collect();
        lower.sort();
        lower.retain(|name| !found.contains(name));
        found.extend(lower);
        nth += 1;
    }
    found
}

/// The hardware addresses of these next hops, as far as this machine has spoken with them.
fn hardware(arp: &str, gateways: &[IpAddr]) -> BTreeMap<IpAddr, String> {
    let mut found = BTreeMap::new();
    for line in arp.lines().skip(1) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [address, _, _, hardware, ..] = fields[..] else { continue };
        let Ok(address) = address.parse::<IpAddr>() else { continue };
        if gateways.contains(&address) && hardware != "00:00:00:00:00:00" {
            found.insert(address, plain(&hardware.to_lowercase()));
        }
    }
    found
}
