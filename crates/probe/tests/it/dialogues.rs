//! Mail servers and Redis by what they say, and what they are told: every one of them a goodbye.

use crate::asked::{PATIENCE, asked, asked_with, at};
use blackstart_model::check::{
    DialogueQuestion, DialogueTls, HostPort, Question, RedisLogin, RedisQuestion, RedisRole,
    TextCondition, TlsBegins, TlsQuestion,
};
use blackstart_model::plant::Secret;
use blackstart_model::time::Duration;
use expect_test::{Expect, expect};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc;

/// A server that says the first of these, and another one to each thing it is told; after the last it closes.
pub(crate) struct Script {
    address: HostPort,
    heard: mpsc::Receiver<String>,
}

pub(crate) fn script(says: &'static [&'static str]) -> Script {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = at(listener.local_addr().unwrap());
    let (tell, heard) = mpsc::channel();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut all = String::new();
        let mut told = [0; 4096];
        for (at, words) in says.iter().enumerate() {
            let _ = stream.write_all(words.as_bytes());
            if at > 0 && at + 1 == says.len() {
                break;
            }
            match stream.read(&mut told) {
                Ok(0) | Err(_) => break,
                Ok(read) => all.push_str(&String::from_utf8_lossy(&told[..read])),
            }
        }
        tell.send(all)
    });
    Script { address, heard }
}

fn mail(target: HostPort) -> DialogueQuestion {
    let (greeting, capabilities) = (Vec::new(), Vec::new());
    DialogueQuestion { target, connect: None, tls: None, greeting, capabilities, slow: None }
}

fn starttls() -> Option<DialogueTls> {
    let question = TlsQuestion { expires_within: Duration::ZERO, roots: None };
    Some(DialogueTls { begins: TlsBegins::ByStartTls, question })
}

/// What the check says, and below it what the server heard.
pub(crate) fn told(script: Script, ask: impl FnOnce(HostPort) -> Question, expected: &Expect) {
    let outcome = asked(ask(script.address)).outcome;
    let heard = script.heard.recv().unwrap();
    expected.assert_eq(&format!("{outcome}\n{}", heard.replace('\r', "")));
}

#[test]
fn a_mail_server_that_greets_in_many_lines_is_up_and_hears_quit() {
    told(
        script(&[
            "220-mail.example.net\r\n220 ESMTP\r\n",
            "250-mail\r\n250 SIZE\r\n",
            "221 Bye\r\n",
        ]),
        |at| Question::Smtp(mail(at)),
        &expect![[r#"
            up
            EHLO [127.0.0.1]
            QUIT
        "#]],
    );
}

#[test]
fn a_mail_server_without_extensions_is_greeted_as_of_old() {
    told(
        script(&["220 old\r\n", "502 what?\r\n", "250 old\r\n", "221 Bye\r\n"]),
        |at| Question::Smtp(mail(at)),
        &expect![[r#"
            up
            EHLO [127.0.0.1]
            HELO [127.0.0.1]
            QUIT
        "#]],
    );
}

#[test]
fn a_mail_server_that_takes_nobody_says_so_and_hears_quit() {
    told(
        script(&["554 5.7.1 No SMTP service here\r\n", "221 Bye\r\n"]),
        |at| Question::Smtp(mail(at)),
        &expect![[r#"
            down(not-accepting: 554 5.7.1 No SMTP service here)
            QUIT
        "#]],
    );
    told(
        script(&["421 4.3.2 All server ports are busy\r\n"]),
        |at| Question::Smtp(mail(at)),
        &expect![[r#"
            down(not-accepting: 421 4.3.2 All server ports are busy)
            QUIT
        "#]],
    );
}

#[test]
fn starttls_that_is_not_offered_or_not_had_is_a_symptom_of_its_own() {
    let ask = |at| Question::Smtp(DialogueQuestion { tls: starttls(), ..mail(at) });
    told(
        script(&["220 mail\r\n", "250-mail\r\n250 SIZE\r\n", "221 Bye\r\n"]),
        ask,
        &expect![[r#"
            down(no-starttls: it does not offer it)
            EHLO [127.0.0.1]
            QUIT
        "#]],
    );
    told(
        script(&[
            "220 mail\r\n",
            "250-mail\r\n250 STARTTLS\r\n",
            "454 4.7.0 no key\r\n",
            "221\r\n",
        ]),
        ask,
        &expect![[r#"
            down(no-starttls: 454 4.7.0 no key)
            EHLO [127.0.0.1]
            STARTTLS
            QUIT
        "#]],
    );
}

#[test]
fn what_stands_in_the_clear_behind_the_agreement_on_tls_is_of_nobody() {
    told(
        script(&["220 mail\r\n", "250-m\r\n250 STARTTLS\r\n", "220 go on\r\n250 injected\r\n"]),
        |at| Question::Smtp(DialogueQuestion { tls: starttls(), ..mail(at) }),
        &expect![[r#"
            unknown(unparsable: more in the clear where TLS should begin)
            EHLO [127.0.0.1]
            STARTTLS
        "#]],
    );
}

#[test]
fn conditions_on_greetings_and_capabilities_hold_or_are_said() {
    let says: &[&str] =
        &["220 mx1 ESMTP\r\n", "250-mx1\r\n250-SIZE 100\r\n250 STARTTLS\r\n", "221\r\n"];
    let with = |greeting: TextCondition, capability: TextCondition| {
        move |at| {
            let (greeting, capabilities) = (vec![greeting], vec![capability]);
            Question::Smtp(DialogueQuestion { greeting, capabilities, ..mail(at) })
        }
    };
    let contains = |text: &str| TextCondition::Contains(text.into());
    let lacks = |text: &str| TextCondition::Lacks(text.into());
    let outcome =
        |ask: &dyn Fn(HostPort) -> Question| asked(ask(script(says).address)).outcome.to_string();
    assert_eq!(outcome(&|at| with(contains("mx1"), contains("SIZE"))(at)), "up");
    assert_eq!(
        outcome(&|at| with(contains("mx2"), contains("SIZE"))(at)),
        "down(wrong-greeting: `mx2` is missing in `mx1 ESMTP`)"
    );
    assert_eq!(
        outcome(&|at| with(contains("mx1"), lacks("STARTTLS"))(at)),
        "down(wrong-capability: `STARTTLS` is there)"
    );
}

#[test]
fn a_reply_of_two_codes_is_none() {
    told(
        script(&["220-mail\r\n250 mail\r\n"]),
        |at| Question::Smtp(mail(at)),
        &expect![[r#"
            unknown(unparsable: not one reply of SMTP: `250 mail`)
        "#]],
    );
}

#[test]
fn a_mailbox_server_is_asked_for_its_capabilities_and_hears_logout() {
    told(
        script(&[
            "* OK ready\r\n",
            "* CAPABILITY IMAP4rev1 IDLE\r\n* OK [ALERT] soon\r\na1 OK done\r\n",
            "* BYE\r\nbye OK\r\n",
        ]),
        |at| {
            let capabilities = vec![TextCondition::Contains("IDLE".into())];
            Question::Imap(DialogueQuestion { capabilities, ..mail(at) })
        },
        &expect![[r#"
            up
            a1 CAPABILITY
            bye LOGOUT
        "#]],
    );
}

#[test]
fn a_mailbox_server_that_says_bye_takes_nobody() {
    told(
        script(&["* BYE Too many connections.\r\n"]),
        |at| Question::Imap(mail(at)),
        &expect![[r#"
            down(not-accepting: BYE Too many connections.)
        "#]],
    );
}

#[test]
fn a_mailbox_server_without_starttls_or_capabilities_is_told_from_one_that_is_well() {
    told(
        script(&["* OK hi\r\n", "* CAPABILITY IMAP4rev1\r\na1 OK\r\n", "* BYE\r\n"]),
        |at| Question::Imap(DialogueQuestion { tls: starttls(), ..mail(at) }),
        &expect![[r#"
            down(no-starttls: it does not offer it)
            a1 CAPABILITY
            bye LOGOUT
        "#]],
    );
    told(
        script(&["* OK hi\r\n", "a1 BAD never heard of it\r\n", "* BYE\r\n"]),
        |at| Question::Imap(mail(at)),
        &expect![[r#"
            down(wrong-capability: it tells none: BAD never heard of it)
            a1 CAPABILITY
            bye LOGOUT
        "#]],
    );
}

fn redis(target: HostPort) -> RedisQuestion {
    let (connect, tls, login, role, slow) = (None, None, None, None, None);
    RedisQuestion { target, connect, tls, login, role, slow }
}

/// What is said of a Redis server by its answers; it hears before it speaks.
fn of_redis(says: &'static [&'static str], ask: impl FnOnce(HostPort) -> RedisQuestion) -> String {
    asked(Question::Redis(ask(script(says).address))).outcome.to_string()
}

#[test]
fn an_answer_of_redis_that_is_an_error_tells_how_the_server_is() {
    let ping = |says| of_redis(says, redis);
    assert_eq!(ping(&["", "+PONG\r\n", "+OK\r\n"]), "up");
    assert_eq!(ping(&["", "-NOAUTH Authentication required.\r\n", "+OK\r\n"]), "up");
    assert_eq!(
        ping(&["", "-LOADING Redis is loading the dataset in memory\r\n", "+OK\r\n"]),
        "degraded(not-accepting: LOADING Redis is loading the dataset in memory)"
    );
    assert_eq!(
        ping(&["", "-ERR max number of clients reached\r\n"]),
        "down(too-many-connections: ERR max number of clients reached)"
    );
    // A real one says so in 1067 bytes, in one line.
    let denied =
        format!("-DENIED Redis is running in protected mode{}\r\n", " and so on".repeat(102));
    let denied: &[&str] = &["", denied.leak()];
    let denied = ping(Box::leak(denied.into()));
    assert!(
        denied.starts_with("down(not-accepting: DENIED Redis is running in protected mode"),
        "{denied}"
    );
    assert_eq!(ping(&["", "PONG\r\n"]), "unknown(unparsable: not Redis: `PONG`)");
}

#[test]
fn a_role_is_what_the_server_says_it_has() {
    let replica = |at| RedisQuestion { role: Some(RedisRole::Replica), ..redis(at) };
    assert_eq!(
        of_redis(&["", "+PONG\r\n", "$13\r\nrole:master\r\n\r\n", "+OK\r\n"], replica),
        "down(wrong-role: it is master, expected replica)"
    );
    assert_eq!(
        of_redis(
            &["", "+PONG\r\n", "$37\r\nrole:slave\r\nmaster_link_status:down\r\n\r\n", "+OK\r\n"],
            replica
        ),
        "degraded(not-accepting: its link to the master is down: what it has grows old)"
    );
    assert_eq!(
        of_redis(&["", "-NOAUTH Authentication required.\r\n", "+OK\r\n"], replica),
        "unknown(not-equipped: it answers, and tells its role only to who logs in: name a `password`)"
    );
}

#[test]
fn a_password_is_looked_up_said_as_one_word_and_never_shown() {
    let login = |name: &str| {
        let (user, password) = (Some("probe".into()), Secret(name.into()));
        Some(RedisLogin { user, password })
    };
    let server = script(&["", "-WRONGPASS invalid username-password pair\r\n", "+OK\r\n"]);
    let ask = RedisQuestion { login: login("redis-password"), ..redis(server.address) };
    let secrets = "redis-password = pass word\n";
    let answer = asked_with(secrets, Question::Redis(ask), PATIENCE / 2);
    assert_eq!(
        answer.outcome.to_string(),
        "down(wrong-login: WRONGPASS invalid username-password pair)"
    );
    assert_eq!(
        server.heard.recv().unwrap(),
        "*3\r\n$4\r\nAUTH\r\n$5\r\nprobe\r\n$9\r\npass word\r\n*1\r\n$4\r\nQUIT\r\n"
    );
    let missing = of_redis(&[""], |at| RedisQuestion { login: login("nobodys"), ..redis(at) });
    assert!(
        missing.starts_with("unknown(not-equipped: the secret `nobodys` is not set"),
        "{missing}"
    );
}
