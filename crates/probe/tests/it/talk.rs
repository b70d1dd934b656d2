//! Talks: what is waited for, what is found and said back, and how they end.

use crate::asked::{asked, asked_with, asked_within, at, closed, secrets, written};
use crate::dialogues::{script, told};
use blackstart_model::check::{Host, HostPort, Pattern, Question, Script, Step, TalkQuestion};
use blackstart_model::time::Duration;
use blackstart_probe::{Equipment, ask_once_seen};
use expect_test::expect;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;

fn expects(text: &str) -> Step {
    Step::Expect(Pattern::new(text).unwrap())
}

fn sends(text: &str) -> Step {
    Step::Send(text.into())
}

/// A talk that goes through these steps, and ends with this word.
fn talk(steps: Vec<Step>, goodbye: &str) -> impl Fn(HostPort) -> Question {
    let script = Script::new(steps, None).unwrap();
    let goodbye: Option<Box<str>> = (!goodbye.is_empty()).then(|| goodbye.into());
    move |target| {
        let (script, goodbye) = (script.clone(), goodbye.clone());
        Question::Talk(TalkQuestion { target, connect: None, script, goodbye, slow: None })
    }
}

/// The deadline where a server says nothing any more.
const SHORT: Duration = Duration::from_millis(300);

/// A server that says this, and what it heard until the other side closed.
fn says(words: &'static [u8]) -> (HostPort, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = at(listener.local_addr().unwrap());
    let heard = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(words).unwrap();
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).unwrap();
        heard
    });
    (address, heard)
}

#[test]
fn what_is_found_is_said_back_and_other_lines_are_passed_over() {
    let steps = vec![
        sends("NICK prober"),
        sends("USER prober prober prober :prober"),
        expects("PING :(?<cookie>[^ ]+)"),
        sends("PONG ${1} ${cookie}"),
        expects("^:[^ ]+ 001"),
        sends("QUIT"),
    ];
    let (address, heard) = says(
        b":irc NOTICE * :*** Looking up your hostname\r\nPING :7f3a\r\n\
          :irc 002 prober :Your host\r\n:irc 001 prober :Welcome\r\n",
    );
    assert_eq!(asked(talk(steps, "")(address)).outcome.to_string(), "up");
    let heard = String::from_utf8(heard.join().unwrap()).unwrap();
    expect![[r#"
        NICK prober
        USER prober prober prober :prober
        PONG 7f3a 7f3a
        QUIT
    "#]]
    .assert_eq(&heard.replace('\r', ""));
}

#[test]
fn who_says_other_things_answers_wrongly_and_hears_a_goodbye() {
    let (address, heard) = says(b"220-hold on\r\n554 go away\r\n");
    let question = talk(vec![expects("^220 "), sends("EHLO x")], "QUIT")(address);
    expect!["down(wrong-answer: nothing of a line with `^220 `; it said `554 go away`)"]
        .assert_eq(&asked_within(question, SHORT).outcome.to_string());
    assert_eq!(heard.join().unwrap(), b"QUIT\r\n");
}

#[test]
fn who_closes_without_an_end_of_line_has_said_its_last_word() {
    // As ZooKeeper answers.
    told(
        script(&["", "imok"]),
        talk(vec![sends("ruok\n"), expects("^imok$")], ""),
        &expect![[r#"
            up
            ruok
        "#]],
    );
    told(
        script(&["", "no"]),
        talk(vec![sends("ruok\n"), expects("^imok$")], ""),
        &expect![[r#"
            down(wrong-answer: before a line with `^imok$` was whole; it said `no`)
            ruok
        "#]],
    );
    told(
        script(&["", ""]),
        talk(vec![sends("ruok"), expects("^imok$")], ""),
        &expect![[r#"
        down(closed: before a line with `^imok$` was whole)
        ruok
    "#]],
    );
}

#[test]
fn a_line_ends_as_it_says_and_else_with_cr_lf() {
    let (address, heard) = says(b"");
    let steps = vec![sends("a"), sends("b\n"), expects("never"), sends("d")];
    let outcome = asked_within(talk(steps, "e")(address), SHORT).outcome;
    assert_eq!(outcome.to_string(), "down(answer-timeout: nothing of a line with `never`)");
    assert_eq!(heard.join().unwrap(), b"a\r\nb\ne\r\n");
}

/// A talk that logs in, as it is written in a plant.
fn login(target: &HostPort) -> Question {
    let HostPort { host: Host::Address(address), port } = target else { panic!("an address") };
    written(&format!(
        "talk: \"{address}:{port}\", password: {{ secret: pop3 }}, steps: [ {{ send: \"PASS ${{password}}\" }}, \
         {{ expect: '^.OK (.*)', labels: {{ name: said, value: \"${{1}}\" }} }}, {{ send: \"SAID ${{1}}\" }} ]"
    ))
}

const SECRETS: &str = "pop3 = pass {w}ord\n";

#[test]
fn a_password_is_said_and_never_told() {
    let (address, heard) = says(b"+OK ${password} pass {w}ord\r\n");
    assert_eq!(asked_with(SECRETS, login(&address), SHORT).outcome.to_string(), "up");
    // What they say is said back as it is, and nothing of it is filled in.
    let said = String::from_utf8(heard.join().unwrap()).unwrap();
    assert_eq!(said, "PASS pass {w}ord\r\nSAID ${password} pass {w}ord\r\n");

    let (address, _) = says(b"-ERR what is `PASS pass {w}ord`?\r\n");
    let outcome = asked_with(SECRETS, login(&address), SHORT).outcome.to_string();
    expect!["down(wrong-answer: nothing of a line with `^.OK (.*)`; it said `-ERR what is `PASS [password]`?`)"]
        .assert_eq(&outcome);
    // Where what is shown is cut, none of it is left.
    let long = format!("-ERR {}pass {{w}}ord\r\n", "x".repeat(110));
    let (address, _) = says(long.leak().as_bytes());
    let outcome = asked_with(SECRETS, login(&address), SHORT).outcome.to_string();
    assert!(!outcome.contains("pass {") && outcome.contains("x[pass"), "{outcome}");
}

#[test]
fn a_password_that_cannot_be_said_is_our_lack_and_nothing_is_asked() {
    let closed = at(closed());
    let outcome = asked_with("", login(&closed), SHORT).outcome.to_string();
    assert!(outcome.starts_with("unknown(not-equipped: the secret `pop3`"), "{outcome}");
    let outcome = asked_with("pop3 = a\u{1}b\n", login(&closed), SHORT).outcome.to_string();
    expect!["unknown(not-equipped: the password is empty, or has characters that end a line)"]
        .assert_eq(&outcome);
}

#[test]
fn what_is_found_is_a_label_for_who_scrapes() {
    let folder = tempfile::tempdir().unwrap();
    let store = secrets(&folder, SECRETS);
    let (address, _) = says(b"+OK pass {w}ord, \"welcome\"\r\n");
    let (_, seen) =
        ask_once_seen(&Equipment::new(Arc::new(store)), &login(&address), SHORT).unwrap();
    assert_eq!(seen.labels, [("said".to_owned(), "[password], \"welcome\"".to_owned())]);
}

/// A talk in bytes, as it is written in a plant.
fn in_bytes(target: &HostPort, more: &str) -> Question {
    let HostPort { host: Host::Address(address), port } = target else { panic!("an address") };
    written(&format!("talk: \"{address}:{port}\", {more}"))
}

#[test]
fn bytes_are_said_as_they_are_and_compared_one_by_one() {
    // As PostgreSQL is asked for TLS; a line may follow at once.
    let steps = "steps: [ { send_bytes: { hex: 00 00 00 08 04 d2 16 2f } }, { expect_bytes: S }, \
                 { expect_bytes: { hex: 00ff } }, { expect: '^b(.)$' }, { send: 'C ${1}' } ]";
    let (address, heard) = says(b"S\0\xffbx\n");
    assert_eq!(asked(in_bytes(&address, steps)).outcome.to_string(), "up");
    assert_eq!(heard.join().unwrap(), b"\0\0\0\x08\x04\xd2\x16\x2fC x\r\n");

    let folder = tempfile::tempdir().unwrap();
    let said = |words: &'static [u8], steps: &str| {
        let (address, _) = says(words);
        let question = in_bytes(&address, &format!("steps: {steps}"));
        asked_within(question, SHORT).outcome.to_string()
    };
    assert_eq!(said(b"greeting", "{ expect_bytes: greeting }"), "up");
    expect!["down(wrong-answer: instead of the bytes `S` it said `N`)"]
        .assert_eq(&said(b"N", "{ expect_bytes: S }"));
    expect!["down(wrong-answer: instead of the bytes `01 02` it said `01 ff`)"]
        .assert_eq(&said(b"\x01\xff\x02", "{ expect_bytes: { hex: 0102 } }"));
    // The first wrong one is enough: nobody waits for as many as there should be.
    expect!["down(wrong-answer: instead of the bytes `welcome, dear guest` it said `wee`)"]
        .assert_eq(&said(b"wee", "{ expect_bytes: 'welcome, dear guest' }"));
    let (address, _) = says(b"N");
    let question = in_bytes(&address, "steps: { expect_bytes: S }");
    let (_, seen) =
        ask_once_seen(&Equipment::new(Arc::new(secrets(&folder, ""))), &question, SHORT).unwrap();
    assert!(seen.has_other_bytes);
    expect!["down(answer-timeout: a part of the bytes `SS`)"]
        .assert_eq(&said(b"S", "{ expect_bytes: SS }"));
}

#[test]
fn of_a_password_nothing_is_told_among_bytes() {
    let (address, _) = says(b"\x01pass {w}");
    let steps = "password: { secret: pop3 }, steps: [ { send: 'PASS ${password}' }, { \
                 expect_bytes: { hex: 01 00 00 00 00 00 } } ]";
    let outcome = asked_with(SECRETS, in_bytes(&address, steps), SHORT).outcome.to_string();
    expect!["down(wrong-answer: instead of the bytes `01 00 00 00 00 00` it said others)"]
        .assert_eq(&outcome);
}

#[test]
fn nobody_there_is_refused() {
    let closed = closed();
    let outcome = asked(talk(vec![expects("x")], "")(at(closed))).outcome;
    assert_eq!(outcome.to_string(), format!("down(refused: {closed})"));
}
