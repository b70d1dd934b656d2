//! SSH servers and what they say of themselves.

use crate::asked::{asked, at, closed};
use blackstart_model::check::{Question, SshQuestion, TextCondition};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc;

/// A server that says this, and what it heard until the check had gone.
fn server(says: &'static [u8]) -> (SocketAddr, mpsc::Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, heard) = mpsc::channel();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(says).unwrap();
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).unwrap();
        tell.send(heard)
    });
    (address, heard)
}

fn question(server: SocketAddr) -> SshQuestion {
    SshQuestion { target: at(server), banner: Vec::new(), slow: None }
}

fn says(identification: &'static [u8]) -> String {
    let (address, _heard) = server(identification);
    asked(Question::Ssh(question(address))).outcome.to_string()
}

#[test]
fn a_server_that_identifies_itself_is_up_and_is_told_goodbye() {
    let (address, heard) = server(b"Welcome\r\nSSH-2.0-OpenSSH_9.2p1 Debian-2\r\n");
    let answer = asked(Question::Ssh(question(address)));
    assert_eq!(answer.outcome.to_string(), "up");
    assert!(answer.timing.wait_us > 0 && answer.timing.total_us >= answer.timing.wait_us);
    let heard = heard.recv().unwrap();
    let (ours, goodbye) = heard.split_at(heard.iter().position(|&byte| byte == b'\n').unwrap() + 1);
    assert!(ours.starts_with(b"SSH-2.0-Blackstart_") && ours.ends_with(b"\r\n"));
    assert_eq!(goodbye[5], 1, "SSH_MSG_DISCONNECT");
}

#[test]
fn a_condition_that_does_not_hold_is_said_with_what_was_there() {
    let (address, _heard) = server(b"SSH-2.0-OpenSSH_7.4\r\n");
    let mut asks = question(address);
    asks.banner =
        vec![TextCondition::Contains("OpenSSH".into()), TextCondition::Lacks("OpenSSH_7".into())];
    assert_eq!(
        asked(Question::Ssh(asks)).outcome.to_string(),
        "down(wrong-greeting: `OpenSSH_7` is there in `SSH-2.0-OpenSSH_7.4`)"
    );
}

#[test]
fn only_version_two_is_ssh_today() {
    assert_eq!(says(b"SSH-1.99-Both\n"), "up");
    assert_eq!(
        says(b"SSH-1.5-Old one\n"),
        "down(wrong-greeting: `SSH-1.5-Old one`: not version 2 of the protocol)"
    );
}

#[test]
fn why_a_server_closes_is_part_of_what_is_said() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        listener.accept().unwrap().0.write_all(b"Exceeded MaxStartups\r\n").unwrap();
    });
    assert_eq!(
        asked(Question::Ssh(question(address))).outcome.to_string(),
        "down(closed: before its identification was whole; it said `Exceeded MaxStartups`)"
    );
}

#[test]
fn nobody_there_refuses() {
    let nobody = closed();
    let outcome = asked(Question::Ssh(question(nobody))).outcome;
    assert_eq!(outcome.to_string(), format!("down(refused: {nobody})"));
}
