//! ICMP echoes by our own engine (RFC 792, RFC 4443): one raw socket for each family, thousands of
//! targets.
//!
//! A raw socket sees every ICMP packet of the host. A classic BPF program lets through only answers that
//! carry our magic word, and errors; a token in the payload then says which echo it answers, so neither
//! a rewritten id (SNAT) nor the 65,535 sequence numbers are a limit. Without the privilege for a raw
//! socket the kernel's unprivileged echo socket is tried; without that too, the answer is
//! `unknown(no-permission)` with the remedy.
//!
//! One engine serves one thread.

use crate::ask::{Answer, Equipment, micros_since};
use crate::clock;
use blackstart_model::check::IcmpQuestion;
use blackstart_model::observation::{NoAnswerCode, Outcome, SymptomCode, Timing};
use rustix::io::Errno;
use socket2::{Domain, Protocol, SockFilter, Socket, Type};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use tokio::net::UdpSocket;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

const ECHO_REPLY_V4: u8 = 0;
const UNREACHABLE_V4: u8 = 3;
const ECHO_REQUEST_V4: u8 = 8;
const TIME_EXCEEDED_V4: u8 = 11;
const UNREACHABLE_V6: u8 = 1;
const TIME_EXCEEDED_V6: u8 = 3;
const ECHO_REQUEST_V6: u8 = 128;
const ECHO_REPLY_V6: u8 = 129;

/// Type, code, checksum, identifier, sequence number.
const HEADER_BYTES: usize = 8;

/// Without extension headers: we send none.
const IP_V6_HEADER_BYTES: usize = 40;

/// Magic word and token, at the start of the payload.
const MARK_BYTES: usize = 12;

/// The largest packet read.
const PACKET_BYTES_MAX: usize = 2048;

/// Packets the kernel may hold for us, bytes: a second of ten thousand targets.
const RECEIVE_BUFFER_BYTES: usize = 4 << 20;

const REMEDY: &str = "ICMP needs the privilege: `setcap cap_net_raw+ep` on this program, or AmbientCapabilities=CAP_NET_RAW in its unit";

/// Sends echoes and hears their answers.
#[derive(Clone, Default)]
pub(crate) struct Echoes(Rc<RefCell<Engines>>);

#[derive(Default)]
struct Engines {
    v4: Option<Result<Rc<Engine>, String>>,
    v6: Option<Result<Rc<Engine>, String>>,
}

/// One family's socket and what is on its way through it.
struct Engine {
    /// A raw socket in the clothes of a datagram socket: it sends to and receives from addresses alike.
    socket: UdpSocket,
    v6: bool,
    /// Packets come with their IP header.
    with_ip_header: bool,
    magic: u32,
    waiting: RefCell<HashMap<u64, Waiting>>,
    tokens: RefCell<u64>,
}

/// An echo without an answer yet.
struct Waiting {
    of: Rc<Flight>,
    at: usize,
}

/// The echoes of one try.
struct Flight {
    target: IpAddr,
    sent: RefCell<Vec<Instant>>,
    /// Round trips, microseconds, in the order of their arrival.
    trips_us: RefCell<Vec<u32>>,
    refused: RefCell<Option<IpAddr>>,
    /// The time to live that was left of the last answer; only raw IPv4 sockets show it.
    hop_limit: Cell<Option<u8>>,
    heard: Notify,
}

impl Echoes {
    pub(crate) async fn ask(
        &self,
        equipment: &Equipment,
        question: &IcmpQuestion,
        deadline: Instant,
    ) -> Answer {
        let started = clock::now();
        let target = match equipment.resolver.addresses(&question.host, deadline).await {
            Ok(addresses) => {
                equipment.notes.note(|seen| seen.address = addresses.first().copied());
                addresses[0]
            }
            Err(outcome) => return outcome.into(),
        };
        let resolve_us = micros_since(started);
        let mut answer = match self.engine(target.is_ipv6()) {
            Ok(engine) => engine.ask(equipment, target, question, deadline).await,
            Err(why) => return Outcome::unknown(NoAnswerCode::NoPermission, why).into(),
        };
        let timing = &mut answer.timing;
        timing.resolve_us = resolve_us;
        if timing.connect_us > 0 {
            // How long we wait between echoes is ours, and says nothing of the network.
            timing.total_us = resolve_us.saturating_add(timing.connect_us);
        }
        answer
    }

    fn engine(&self, v6: bool) -> Result<Rc<Engine>, String> {
        let mut engines = self.0.borrow_mut();
        let slot = if v6 { &mut engines.v6 } else { &mut engines.v4 };
        slot.get_or_insert_with(|| match Engine::open(v6) {
            Ok(engine) => {
                let engine = Rc::new(engine);
                tokio::task::spawn_local(listen(engine.clone()));
                Ok(engine)
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(REMEDY.to_owned()),
            Err(error) => Err(format!("could not open a socket for ICMP: {error}")),
        })
        .clone()
    }
}

async fn listen(engine: Rc<Engine>) {
    while engine.socket.readable().await.is_ok() {
        engine.hear();
    }
}

impl Engine {
    fn open(v6: bool) -> io::Result<Self> {
        let (domain, protocol) =
            if v6 { (Domain::IPV6, Protocol::ICMPV6) } else { (Domain::IPV4, Protocol::ICMPV4) };
        let mut hasher = std::hash::RandomState::new().build_hasher();
        hasher.write_u8(0);
        let random = hasher.finish();
        let magic = (random >> 32) as u32;
        let (socket, raw) = match Socket::new(domain, Type::RAW, Some(protocol)) {
            Ok(socket) => (socket, true),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                (Socket::new(domain, Type::DGRAM, Some(protocol))?, false)
            }
            Err(error) => return Err(error),
        };
        socket.set_nonblocking(true)?;
        // The kernel caps it at net.core.rmem_max; less only means losses in a storm.
        let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES);
        if raw {
            socket.attach_filter(&filter(v6, magic))?;
        }
        Ok(Self {
            socket: UdpSocket::from_std(socket.into())?,
            v6,
            with_ip_header: raw && !v6,
            magic,
            waiting: RefCell::default(),
            tokens: RefCell::new(random),
        })
    }

    async fn ask(
        &self,
        equipment: &Equipment,
        target: IpAddr,
        question: &IcmpQuestion,
        deadline: Instant,
    ) -> Answer {
        let IcmpQuestion { host: _, echoes, spacing, lost_max, payload_bytes } = question;
        let flight = Rc::new(Flight {
            target,
            sent: RefCell::default(),
            trips_us: RefCell::default(),
            refused: RefCell::default(),
            hop_limit: Cell::default(),
            heard: Notify::new(),
        });
        let mut tokens = Vec::with_capacity(usize::from(*echoes));
        let started = clock::now();
        let mut failed = None;
        for at in 0..*echoes {
            if at > 0 {
                let due = started + *spacing * u32::from(at);
                if due >= deadline {
                    break;
                }
                tokio::time::sleep_until(due).await;
            }
            match self.send(&flight, usize::from(at), usize::from(*payload_bytes), deadline).await {
                Ok(token) => tokens.push(token),
                Err(outcome) => {
                    failed = Some(outcome);
                    break;
                }
            }
        }
        let whole = async {
            while flight.trips_us.borrow().len() < tokens.len() && flight.refused.borrow().is_none()
            {
                flight.heard.notified().await;
            }
        };
        if failed.is_none() {
            // Running out of time is an answer too: what was lost by then is lost.
            let _ = timeout_at(deadline, whole).await;
        }
        let mut waiting = self.waiting.borrow_mut();
        for token in &tokens {
            waiting.remove(token);
        }
        drop(waiting);
        equipment.notes.note(|seen| seen.hop_limit = flight.hop_limit.get());
        let mut trips_us = flight.trips_us.take();
        trips_us.sort_unstable();
        let median = trips_us.get(trips_us.len() / 2).copied().unwrap_or(0);
        let timing = Timing { connect_us: median, ..Timing::default() };
        let sent = tokens.len();
        let lost = sent - trips_us.len();
        let refused = flight.refused.take();
        let outcome = match (failed, refused) {
            (Some(outcome), _) => outcome,
            (None, Some(by)) if trips_us.is_empty() => {
                Outcome::down(SymptomCode::Unreachable, format!("{target}, says {by}"))
            }
            (None, _) if trips_us.is_empty() => {
                Outcome::down(SymptomCode::NoEcho, format!("none of {sent} from {target}"))
            }
            (None, _) if lost > usize::from(*lost_max) => {
                Outcome::degraded(SymptomCode::EchoLoss, format!("{lost} of {sent} lost"))
            }
            (None, _) => Outcome::Up,
        };
        Answer::of(outcome, timing)
    }

    async fn send(
        &self,
        flight: &Rc<Flight>,
        at: usize,
        payload_bytes: usize,
        deadline: Instant,
    ) -> Result<u64, Outcome> {
        let token = {
            let mut tokens = self.tokens.borrow_mut();
            *tokens = tokens.wrapping_add(1);
            *tokens
        };
        let packet = self.compose(token, payload_bytes.max(MARK_BYTES));
        let to = SocketAddr::new(flight.target, 0);
        flight.sent.borrow_mut().push(clock::now());
        self.waiting.borrow_mut().insert(token, Waiting { of: flight.clone(), at });
        loop {
            let error = match self.socket.try_send_to(&packet, to) {
                Ok(_) => return Ok(token),
                Err(error) => error,
            };
            if error.kind() == io::ErrorKind::WouldBlock
                && let Ok(Ok(())) = timeout_at(deadline, self.socket.writable()).await
            {
                continue;
            }
            self.waiting.borrow_mut().remove(&token);
            let of = flight.target.to_string();
            return Err(match error.raw_os_error().map(Errno::from_raw_os_error) {
                Some(Errno::PERM | Errno::ACCESS) => Outcome::unknown(
                    NoAnswerCode::NoPermission,
                    format!("{of}: this host's own firewall or routes forbid it"),
                ),
                _ => crate::net::of_error(&error, &of),
            });
        }
    }

    /// An echo request. The kernel fills in the checksum of ICMPv6, and the identifier on an
    /// unprivileged socket.
    fn compose(&self, token: u64, payload_bytes: usize) -> Vec<u8> {
        let mut packet = vec![0; HEADER_BYTES + payload_bytes];
        packet[0] = if self.v6 { ECHO_REQUEST_V6 } else { ECHO_REQUEST_V4 };
        packet[4..8].copy_from_slice(&(token as u32).to_be_bytes());
        packet[8..12].copy_from_slice(&self.magic.to_be_bytes());
        packet[12..20].copy_from_slice(&token.to_be_bytes());
        if !self.v6 {
            let checksum = checksum(&packet);
            packet[2..4].copy_from_slice(&checksum.to_be_bytes());
        }
        packet
    }

    /// Takes in all packets that are there.
    fn hear(&self) {
        let mut buffer = [0; PACKET_BYTES_MAX];
        loop {
            match self.socket.try_recv_from(&mut buffer) {
                Ok((bytes, from)) => self.take(&buffer[..bytes], from.ip()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // An error that waits on the socket belongs to some packet of the past.
                Err(_) => {}
            }
        }
    }

    /// Gives a packet to the try that waits for it; anything else is not ours.
    fn take(&self, packet: &[u8], from: IpAddr) {
        let _ = self.read(packet, from);
    }

    fn read(&self, packet: &[u8], from: IpAddr) -> Option<()> {
        let message = if self.with_ip_header { after_ip_v4(packet)? } else { packet };
        let kind = *message.first()?;
        let (reply, errors) = if self.v6 {
            (ECHO_REPLY_V6, [UNREACHABLE_V6, TIME_EXCEEDED_V6])
        } else {
            (ECHO_REPLY_V4, [UNREACHABLE_V4, TIME_EXCEEDED_V4])
        };
        if kind == reply {
            let token = self.token(message)?;
            let answers = self.waiting.borrow().get(&token)?.of.target == from;
            if answers {
                let Waiting { of, at } = self.waiting.borrow_mut().remove(&token)?;
                // RFC 791, section 3.1: the ninth byte of the header.
                of.hop_limit.set(packet.get(8).copied().filter(|_| self.with_ip_header));
                let sent = of.sent.borrow()[at];
                of.trips_us.borrow_mut().push(crate::ask::micros_since(sent));
                of.heard.notify_one();
            }
        } else if errors.contains(&kind) {
            // RFC 792 and RFC 4443, section 3: the packet that could not be delivered follows.
            let quoted = message.get(HEADER_BYTES..)?;
            let ours =
                if self.v6 { quoted.get(IP_V6_HEADER_BYTES..)? } else { after_ip_v4(quoted)? };
            let token = self.token(ours)?;
            let Waiting { of, .. } = self.waiting.borrow_mut().remove(&token)?;
            of.refused.replace(Some(from));
            of.heard.notify_one();
        }
        Some(())
    }

    /// The token of an echo or its answer, when it carries our magic word.
    fn token(&self, message: &[u8]) -> Option<u64> {
        let mark: &[u8; MARK_BYTES] = message.get(HEADER_BYTES..)?.first_chunk()?;
        let (magic, token) = mark.split_at(4);
        (magic == self.magic.to_be_bytes())
            .then(|| u64::from_be_bytes(token.try_into().expect("eight bytes are left")))
    }
}

/// What follows an IPv4 header.
fn after_ip_v4(packet: &[u8]) -> Option<&[u8]> {
    let words = usize::from(packet.first()? & 0x0f);
    packet.get(words * 4..)
}

/// The Internet checksum (RFC 1071).
fn checksum(packet: &[u8]) -> u16 {
    let sum = packet.chunks(2).fold(0_u32, |sum, pair| {
        sum + u32::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]))
    });
    let folded = (sum & 0xffff) + (sum >> 16);
    !((folded + (folded >> 16)) as u16)
}

/// Classic BPF: echo replies with our magic word, and errors; nothing else leaves the kernel.
/// (linux/filter.h; a raw IPv4 socket's packets begin with their IP header, an IPv6 one's do not.)
fn filter(v6: bool, magic: u32) -> Vec<SockFilter> {
    const LOAD_BYTE_AT: u16 = 0x30;
    const LOAD_WORD_AT: u16 = 0x20;
    const LOAD_BYTE_AFTER: u16 = 0x50;
    const LOAD_WORD_AFTER: u16 = 0x40;
    const IP_HEADER_LENGTH: u16 = 0xb1;
    const IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    let step = SockFilter::new;
    let tests = |kinds: [u8; 3]| {
        let [reply, unreachable, exceeded] = kinds.map(u32::from);
        (reply, unreachable, exceeded)
    };
    if v6 {
        let (reply, unreachable, exceeded) =
            tests([ECHO_REPLY_V6, UNREACHABLE_V6, TIME_EXCEEDED_V6]);
        vec![
            step(LOAD_BYTE_AT, 0, 0, 0),
            step(IF_EQUAL, 0, 2, reply),
            step(LOAD_WORD_AT, 0, 0, 8),
            step(IF_EQUAL, 3, 2, magic),
            step(IF_EQUAL, 2, 0, unreachable),
            step(IF_EQUAL, 1, 0, exceeded),
            step(RETURN, 0, 0, 0),
            step(RETURN, 0, 0, 0xffff),
        ]
    } else {
        let (reply, unreachable, exceeded) =
            tests([ECHO_REPLY_V4, UNREACHABLE_V4, TIME_EXCEEDED_V4]);
        vec![
            step(IP_HEADER_LENGTH, 0, 0, 0),
            step(LOAD_BYTE_AFTER, 0, 0, 0),
            step(IF_EQUAL, 0, 2, reply),
            step(LOAD_WORD_AFTER, 0, 0, 8),
            step(IF_EQUAL, 3, 2, magic),
            step(IF_EQUAL, 2, 0, unreachable),
            step(IF_EQUAL, 1, 0, exceeded),
            step(RETURN, 0, 0, 0),
            step(RETURN, 0, 0, 0xffff),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_rfc_1071() {
        // The example of RFC 1071, section 3: the sum is ddf2, its complement 220d.
        assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), 0x220d);
    }
}
