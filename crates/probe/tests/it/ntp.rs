//! Time servers: chrony as it is, and servers that say what they should not.

use crate::asked::{asked, asked_within, at, closed};
use crate::loopback::chronyd;
use blackstart_model::check::{NtpQuestion, Question};
use blackstart_model::time::Duration;
use std::net::{SocketAddr, UdpSocket};

fn question(server: SocketAddr) -> NtpQuestion {
    NtpQuestion { server: at(server), offset_max: NtpQuestion::OFFSET_MAX, stratum_max: 15 }
}

/// A server that answers each question with what this makes of it.
fn server(answer: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut packet = [0; 512];
        while let Ok((bytes, from)) = socket.recv_from(&mut packet) {
            let _ = socket.send_to(&answer(&packet[..bytes]), from);
        }
    });
    address
}

/// An answer as a server of stratum 2 gives it; its clock shows this, seconds since 1900.
pub(crate) fn answered(packet: &[u8], clock_s: u64) -> Vec<u8> {
    let mut answer = vec![0; 48];
    answer[0] = 4 << 3 | 4;
    answer[1] = 2;
    answer[12..16].copy_from_slice(&[192, 0, 2, 1]);
    answer[24..32].copy_from_slice(&packet[40..48]);
    answer[32..40].copy_from_slice(&(clock_s << 32).to_be_bytes());
    answer[40..48].copy_from_slice(&(clock_s << 32).to_be_bytes());
    answer
}

#[test]
fn a_server_that_has_the_time_is_up_and_its_offset_is_read() {
    let server = chronyd("local stratum 3");
    let answer = asked(Question::Ntp(question(server.address)));
    assert_eq!(answer.outcome.to_string(), "up");
    let read = |name: &str| {
        answer.readings.iter().find(|read| read.name() == name).expect("it is read").value()
    };
    // The server's clock is ours.
    assert!(read("offset").abs() < 0.1 && read("delay") > 0.0, "{:?}", answer.readings);
    assert!((read("stratum") - 3.0).abs() < f64::EPSILON);
    let strict = NtpQuestion { stratum_max: 2, ..question(server.address) };
    assert_eq!(
        asked(Question::Ntp(strict)).outcome.to_string(),
        "degraded(wrong-value: stratum 3, expected at most 2)"
    );
}

#[test]
fn a_server_that_does_not_have_the_time_is_down() {
    let server = chronyd("");
    let outcome = asked(Question::Ntp(question(server.address))).outcome.to_string();
    assert_eq!(outcome, "down(unsynchronised: leap indicator 3, stratum 0)");
}

#[test]
fn a_clock_elsewhere_is_degraded_and_said_with_its_bounds() {
    // Noon of 2026-01-01, or thereabouts: far from any clock that runs this.
    let address = server(|packet| answered(packet, 3_976_257_600));
    let outcome = asked(Question::Ntp(question(address))).outcome.to_string();
    assert!(outcome.starts_with("degraded(clock-offset: "), "{outcome}");
    assert!(outcome.ends_with(" from this host's clock, expected within 125.0 ms)"), "{outcome}");
}

#[test]
fn an_answer_that_does_not_carry_what_we_sent_is_none() {
    let address = server(|packet| {
        let mut answer = answered(packet, 0);
        answer[24] ^= 1;
        answer
    });
    let outcome = asked_within(Question::Ntp(question(address)), Duration::from_secs(2)).outcome;
    assert_eq!(outcome.to_string(), format!("down(answer-timeout: {address})"));
}

#[test]
fn nobody_there_refuses() {
    let address = closed();
    let outcome = asked(Question::Ntp(question(address))).outcome;
    assert_eq!(outcome.to_string(), format!("down(refused: {address})"));
}
