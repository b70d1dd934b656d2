//! One exchange with a time server in client mode (RFC 5905): is it synchronised, and how far are its clock and ours
//! apart.
//!
//! An answer counts only when it carries what we sent as its origin timestamp; that is a random number, so that nobody
//! off the path can answer in the server's place, and nobody on it learns our clock. The wall clock is read once, as
//! the question leaves; the rest of the exchange is timed by the monotonic one, so that a step in between spoils
//! nothing.
//!
//! It never sets a clock. An offset is between two clocks: past its bound it is *degraded*, whichever of them is wrong.

use crate::ask::{Answer, Equipment, micros_since};
use crate::clock;
use crate::udp::{Dialogue, Heard, random};
use blackstart_model::check::NtpQuestion;
use blackstart_model::observation::{NoAnswerCode, Outcome, SymptomCode, Timing};
use blackstart_model::reading::{Reading, Unit};
use blackstart_model::time::Duration;
use std::net::SocketAddr;
use tokio::time::Instant;

/// A packet without extensions (RFC 5905, section 7.3).
const PACKET_BYTES: usize = 48;

/// Answers are read so far: extension fields and a MAC may follow, and are not looked at.
const ANSWER_BYTES_MAX: usize = 1024;

/// Leap indicator 0, version 4, mode 3.
const CLIENT: u8 = 4 << 3 | 3;

/// The mode of an answer.
const SERVER: u8 = 4;

/// The leap indicator of a server that does not have the time.
const ALARM: u8 = 3;

/// `MAXDISP`: a server whose own distance to its reference is greater does not have the time.
const DISTANCE_MAX_S: f64 = 16.0;

/// From 1900, where NTP counts from, to 1970, seconds (RFC 5905, section 6).
const EPOCH_S: u64 = 2_208_988_800;

/// Timestamps are seconds since 1900 in 32.32 bits.
const FRACTION: f64 = 4_294_967_296.0;

/// A question on its way.
struct Sent {
    /// What it carries as its transmit timestamp.
    cookie: [u8; 8],
    /// When it left by the wall clock, as NTP counts.
    wall: u64,
    /// When it left.
    at: Instant,
}

/// What a server said.
#[derive(Clone, Debug)]
struct Said {
    leap: u8,
    stratum: u8,
    /// The kiss code of stratum 0, the reference otherwise.
    reference: [u8; 4],
    root_distance_s: f64,
    /// Its clock less ours.
    offset_s: f64,
    /// There and back, without its own part.
    delay_s: f64,
}

pub(crate) async fn ask(
    equipment: &Equipment,
    question: &NtpQuestion,
    deadline: Instant,
) -> Answer {
    let mut timing = Timing::default();
    let started = clock::now();
    let address = match equipment.resolver.addresses(&question.server.host, deadline).await {
        Ok(addresses) => SocketAddr::new(addresses[0], question.server.port),
        Err(outcome) => return outcome.into(),
    };
    timing.resolve_us = micros_since(started);
    let asked = clock::now();
    let said = exchange(address, deadline).await;
    timing.wait_us = micros_since(asked);
    match said {
        Ok(said) => Answer {
            readings: if said.stratum == 0 { Vec::new() } else { readings(&said) },
            ..Answer::of(judge(&said, question), timing)
        },
        Err(outcome) => Answer::of(outcome, timing),
    }
}

async fn exchange(address: SocketAddr, deadline: Instant) -> Result<Said, Outcome> {
    let mut dialogue = Dialogue::with(address, ANSWER_BYTES_MAX).await?;
    let sent = std::cell::RefCell::new(Vec::new());
    let compose = || {
        let cookie = random().to_be_bytes();
        let mut packet = vec![0; PACKET_BYTES];
        packet[0] = CLIENT;
        packet[40..].copy_from_slice(&cookie);
        sent.borrow_mut().push(Sent { cookie, wall: timestamp(clock::unix()), at: clock::now() });
        packet
    };
    let read = |packet: &[u8], at: Instant| {
        let Some(packet) = Packet::of(packet) else { return Heard::Unreadable };
        match sent.borrow().iter().find(|sent| sent.cookie == packet.origin) {
            Some(sent) => Heard::Answer(packet.against(sent, at)),
            None => Heard::NotOurs,
        }
    };
    dialogue.ask(deadline, compose, read).await
}

/// The fields of an answer that count (RFC 5905, figure 8).
struct Packet {
    leap: u8,
    stratum: u8,
    root_delay_s: f64,
    root_dispersion_s: f64,
    reference: [u8; 4],
    origin: [u8; 8],
    received: u64,
    transmitted: u64,
}

impl Packet {
    /// Reads one; `None` when it is no answer of a server, of version 3 or 4.
    fn of(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; PACKET_BYTES] = bytes.first_chunk()?;
        let word = |at: usize| -> [u8; 4] { bytes[at..at + 4].try_into().expect("four bytes") };
        let long = |at: usize| -> [u8; 8] { bytes[at..at + 8].try_into().expect("eight bytes") };
        let short = |at: usize| f64::from(u32::from_be_bytes(word(at))) / 65_536.0;
        let (leap, version, mode) = (bytes[0] >> 6, bytes[0] >> 3 & 7, bytes[0] & 7);
        (mode == SERVER && (3..=4).contains(&version)).then(|| Self {
            leap,
            stratum: bytes[1],
            root_delay_s: short(4),
            root_dispersion_s: short(8),
            reference: word(12),
            origin: long(24),
            received: u64::from_be_bytes(long(32)),
            transmitted: u64::from_be_bytes(long(40)),
        })
    }

    /// What it says, with when its question left and when it came (RFC 5905, section 8).
    fn against(&self, sent: &Sent, came: Instant) -> Said {
        let took_s = came.duration_since(sent.at).as_secs_f64();
        let there_s = seconds_between(self.received, sent.wall);
        let held_s = seconds_between(self.transmitted, self.received);
        Said {
            leap: self.leap,
            stratum: self.stratum,
            reference: self.reference,
            root_distance_s: self.root_delay_s / 2.0 + self.root_dispersion_s,
            offset_s: f64::midpoint(there_s, there_s + held_s - took_s),
            // A clock of coarse steps can make it negative; less than nothing it does not take.
            delay_s: (took_s - held_s).max(0.0),
        }
    }
}

/// A time since 1970 as NTP counts it, modulo 2^32 seconds: its eras (RFC 5905, section 6).
fn timestamp(since_1970: Duration) -> u64 {
    let seconds = since_1970.as_secs().wrapping_add(EPOCH_S) << 32;
    seconds | ((u64::from(since_1970.subsec_nanos()) << 32) / 1_000_000_000)
}

/// One less the other, in the era in which they are near each other: right up to 68 years.
fn seconds_between(one: u64, other: u64) -> f64 {
    one.wrapping_sub(other).cast_signed() as f64 / FRACTION
}

fn judge(said: &Said, question: &NtpQuestion) -> Outcome {
    let NtpQuestion { server: _, offset_max, stratum_max } = question;
    if said.stratum == 0 && said.reference.iter().any(u8::is_ascii_graphic) {
        return kissed(said.reference);
    }
    let down = |detail: String| Outcome::down(SymptomCode::Unsynchronised, detail);
    if said.leap == ALARM || !(1..=NtpQuestion::STRATUM_MAX).contains(&said.stratum) {
        return down(format!("leap indicator {}, stratum {}", said.leap, said.stratum));
    }
    if said.root_distance_s >= DISTANCE_MAX_S {
        return down(format!("{:.1} s away from its own reference", said.root_distance_s));
    }
    // The true offset is within half the round trip of the one computed (RFC 5905, section 8): beyond its bound for
    // certain, or not said.
    let offset_max_s = offset_max.as_secs_f64();
    if said.offset_s.abs() - said.delay_s / 2.0 > offset_max_s {
        let detail = format!(
            "{} ± {} from this host's clock, expected within {}",
            shown(said.offset_s),
            shown(said.delay_s / 2.0).trim_start_matches('+'),
            shown(offset_max_s).trim_start_matches('+'),
        );
        return Outcome::degraded(SymptomCode::ClockOffset, detail);
    }
    if said.stratum > *stratum_max {
        let detail = format!("stratum {}, expected at most {stratum_max}", said.stratum);
        return Outcome::degraded(SymptomCode::WrongValue, detail);
    }
    Outcome::Up
}

/// A kiss code (RFC 5905, section 7.4; RFC 8915 for `NTSN`): why the server gives no time.
fn kissed(code: [u8; 4]) -> Outcome {
    let text: String = code.iter().filter(|b| b.is_ascii_graphic()).map(|b| *b as char).collect();
    match &code {
        b"RATE" => {
            let detail = "the server says RATE: it is asked too often";
            Outcome::unknown(NoAnswerCode::RateLimited, detail)
        }
        b"DENY" | b"RSTR" => {
            Outcome::down(SymptomCode::Refused, format!("the server says {text}: not for us"))
        }
        _ => Outcome::down(SymptomCode::Unsynchronised, format!("the server says `{text}`")),
    }
}

fn readings(said: &Said) -> Vec<Reading> {
    let Said { leap: _, stratum, reference: _, root_distance_s, offset_s, delay_s } = said;
    [
        ("offset", *offset_s, Unit::Seconds),
        ("delay", *delay_s, Unit::Seconds),
        ("stratum", f64::from(*stratum), Unit::Plain),
        ("root distance", *root_distance_s, Unit::Seconds),
    ]
    .into_iter()
    .filter_map(|(name, value, unit)| Reading::new(name, value, unit))
    .collect()
}

/// `+3.2 s`, `-120 ms`, `+45 us`.
fn shown(seconds: f64) -> String {
    let size = seconds.abs();
    // What would be rounded to a thousand of the smaller is one of the larger.
    if size >= 0.999_95 {
        format!("{seconds:+.1} s")
    } else if size >= 0.999_5e-3 {
        format!("{:+.1} ms", seconds * 1e3)
    } else {
        format!("{:+.0} us", seconds * 1e6)
    }
}

/// Whatever a time server answers: it is read or not, and what is told of it are numbers. For `fuzz/`.
#[cfg(any(test, fuzzing))]
pub fn fuzzed(bytes: &[u8]) {
    let Some(packet) = Packet::of(bytes) else { return };
    let host = blackstart_model::check::Host::Address(std::net::Ipv4Addr::LOCALHOST.into());
    let question = NtpQuestion {
        server: blackstart_model::check::HostPort { host, port: 123 },
        offset_max: NtpQuestion::OFFSET_MAX,
        stratum_max: 4,
    };
    let at = clock::now();
    for wall in [0, packet.received, u64::MAX] {
        let said = packet.against(&Sent { cookie: packet.origin, wall, at }, at);
        let outcome = judge(&said, &question);
        assert!(said.stratum > 0 || outcome != Outcome::Up, "{said:?}");
        assert!(readings(&said).iter().all(|read| read.value().is_finite()), "{said:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use blackstart_model::check::{Host, HostPort};

    const QUESTION: fn() -> NtpQuestion = || NtpQuestion {
        server: HostPort { host: Host::Address([127, 0, 0, 1].into()), port: 123 },
        offset_max: NtpQuestion::OFFSET_MAX,
        stratum_max: 4,
    };

    /// An answer as it would be at the instant of the question, with these timestamps of the server.
    fn said(received: u64, transmitted: u64, wall: u64, took: Duration) -> Said {
        let mut bytes = [0; PACKET_BYTES];
        bytes[0] = 4 << 3 | SERVER;
        bytes[1] = 2;
        bytes[32..40].copy_from_slice(&received.to_be_bytes());
        bytes[40..48].copy_from_slice(&transmitted.to_be_bytes());
        let at = clock::now();
        let sent = Sent { cookie: [0; 8], wall, at };
        Packet::of(&bytes).expect("an answer").against(&sent, at + took)
    }

    const MS: u64 = (1 << 32) / 1_000;

    #[test]
    fn offset_and_delay_are_those_of_rfc_5905() {
        // T1 = 0, T2 = 1010 ms, T3 = 1012 ms by a clock one second ahead; T4 = 22 ms: ten there, ten back.
        let said = said((1 << 32) + 10 * MS, (1 << 32) + 12 * MS, 0, Duration::from_millis(22));
        assert!((said.offset_s - 1.0).abs() < 1e-5, "{said:?}");
        assert!((said.delay_s - 0.02).abs() < 1e-5, "{said:?}");
        let outcome = judge(&said, &QUESTION());
        assert_eq!(
            outcome.to_string(),
            "degraded(clock-offset: +1.0 s ± 10.0 ms from this host's clock, expected within 125.0 ms)"
        );
    }

    #[test]
    fn a_new_era_is_no_offset() {
        // One second before and after the end of 2036-02-07 06:28:16.
        let (before, after) = (u64::MAX - (1 << 32) + 1, 0);
        let said = said(after, after, before, Duration::from_secs(2));
        assert!((said.offset_s).abs() < 1e-6, "{said:?}");
        assert_eq!(timestamp(Duration::from_secs((1 << 32) - EPOCH_S)), 0);
    }

    #[test]
    fn an_offset_that_a_slow_path_could_explain_is_none() {
        let said = said(200 * MS, 200 * MS, 0, Duration::from_millis(200));
        assert!(said.offset_s > 0.05, "{said:?}");
        assert_eq!(judge(&said, &QUESTION()), Outcome::Up);
    }

    #[test]
    fn a_server_without_the_time_is_down_and_one_that_sends_us_away_says_so() {
        let fine = said(0, 0, 0, Duration::ZERO);
        let of = |change: &dyn Fn(&mut Said)| {
            let mut said = fine.clone();
            change(&mut said);
            judge(&said, &QUESTION()).to_string()
        };
        assert_eq!(of(&|_| {}), "up");
        assert_eq!(of(&|said| said.leap = 3), "down(unsynchronised: leap indicator 3, stratum 2)");
        assert_eq!(
            of(&|said| said.stratum = 16),
            "down(unsynchronised: leap indicator 0, stratum 16)"
        );
        assert_eq!(
            of(&|said| said.stratum = 5),
            "degraded(wrong-value: stratum 5, expected at most 4)"
        );
        assert!(of(&|said| said.root_distance_s = 17.0).starts_with("down(unsynchronised"));
        let kiss = |code: &[u8; 4]| {
            of(&|said| {
                said.stratum = 0;
                said.reference = *code;
            })
        };
        assert!(kiss(b"RATE").starts_with("unknown(rate-limited"), "{}", kiss(b"RATE"));
        assert!(kiss(b"DENY").starts_with("down(refused"), "{}", kiss(b"DENY"));
        assert_eq!(kiss(b"INIT"), "down(unsynchronised: the server says `INIT`)");
        assert_eq!(kiss(&[0; 4]), "down(unsynchronised: leap indicator 0, stratum 0)");
    }

    #[test]
    fn what_is_no_answer_of_a_server_is_not_read() {
        assert!(Packet::of(&[0; PACKET_BYTES]).is_none());
        assert!(Packet::of(&[4 << 3 | SERVER; PACKET_BYTES - 1]).is_none());
        assert!(Packet::of(&[CLIENT; PACKET_BYTES]).is_none(), "our own question, sent back");
    }
}
