//! Goal: what speaks in lines is asked in its own words, and takes the check for a polite guest.
//!
//! Drawing: one host with the daemons of Debian and the server beside them, over loopback.
//!
//! Method: the real daemons, well, wrongly expected and killed; and their own logs of the check.

use blackstart_lab::{Agent, Daemon, Host, Lab, Mailbox, Server, certificate, is_possible, wait};
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};

/// A server that puts these checks, each of a service of its own, from `here` or as they say.
fn asks(host: &Host, before: &str, checks: &[&str], arguments: &[&str]) -> Server {
    let mut text = format!("blackstart: 1\nname: dialogues\ntimezone: UTC\n{before}services:\n");
    for (at, check) in checks.iter().enumerate() {
        writeln!(text, "  s-{at:02}: {{ checks: [ {{ {check}, every: 1s }} ] }}").expect("text");
    }
    let plant = host.folder().join("plant.yaml");
    std::fs::write(&plant, text).expect("a plant");
    Server::start(host, &plant, arguments)
}

/// What each check says, when all have spoken.
fn said(server: &Server) -> Vec<String> {
    wait("every check to have spoken", || {
        let checks = server.console.api("/checks")["checks"].as_array().cloned()?;
        let said = checks.iter().map(|check| check["from"][0]["outcome"].as_str());
        said.map(|outcome| outcome.map(str::to_owned)).collect()
    })
}

#[test]
fn an_ssh_server_is_known_by_its_banner_and_sees_a_goodbye() {
    if !is_possible(&["ip", "sshd", "ssh-keygen"]) {
        return;
    }
    let lab = Lab::new();
    let host = lab.host("shell");
    let daemon = Daemon::sshd(&host, "127.0.0.1");
    let checks = [
        "ssh: 127.0.0.1, banner: { contains: OpenSSH_9 }",
        "ssh: 127.0.0.1, banner: { lacks: Debian }",
        "ssh: \"127.0.0.1:23\"",
    ];
    let server = asks(&host, "", &checks, &[]);
    let told = said(&server);
    assert_eq!(told[0], "up");
    assert!(
        told[1]
            .starts_with("down(wrong-greeting: `Debian` is there in `SSH-2.0-OpenSSH_9.2p1 Debian"),
        "{told:?}"
    );
    assert_eq!(told[2], "down(refused: 127.0.0.1:23)");
    let log = host.folder().join("daemon.log");
    let log = wait("its log of a goodbye", || {
        let log = std::fs::read_to_string(&log).unwrap_or_default();
        log.contains("11: Blackstart has seen enough").then_some(log)
    });
    // Who waited for its start just closed; what came later were checks.
    let (_, of_checks) = log.split_once("Received disconnect").expect("a goodbye");
    for trouble in ["error", "reset", "closed", "Bad packet"] {
        assert!(!of_checks.contains(trouble), "{trouble} in {log}");
    }
    daemon.kill();
    wait("its end to be seen", || said(&server)[0].starts_with("down(refused").then_some(()));
}

#[test]
fn an_agent_is_not_sent_what_it_does_not_allow_and_the_server_answers_for_it() {
    if !is_possible(&["ip", "sshd", "ssh-keygen"]) {
        return;
    }
    let lab = Lab::new();
    let host = lab.host("shell");
    let _daemon = Daemon::sshd(&host, "127.0.0.1");
    let checks = ["ssh: 127.0.0.1, from: far", "tcp: \"127.0.0.1:22\", from: far"];
    let vantages = "vantages: { far: { agent: far } }\n";
    let server = asks(&host, vantages, &checks, &["--agents-listen", "127.0.0.1:8482"]);
    let _agent = Agent::start_allowing(&host, "far", server.data(), "127.0.0.1:8482", "tcp icmp");
    wait("the one check that it puts", || (said(&server)[1] == "up").then_some(()));
    let told = &said(&server)[0];
    assert!(
        told.starts_with("unknown(not-allowed: the agent far (version ")
            && told.contains("does not allow `ssh`: add it to `allow`"),
        "{told}"
    );
}

#[test]
fn a_mail_server_is_asked_in_the_clear_by_starttls_and_over_tls() {
    if !is_possible(&["ip", "postfix", "chown"]) {
        return;
    }
    let lab = Lab::new();
    let host = lab.host("mail");
    let pair = certificate(lab.folder(), ["mail.example.net".to_owned()]);
    let mailbox = Mailbox::postfix_over_tls(&host, "127.0.0.1", &pair);
    let roots = pair.0.display();
    let tls = format!("connect: 127.0.0.1, roots: {roots}");
    let talk = |target: &str, more: &str| {
        format!(
            "talk: \"{target}\", {more}, goodbye: QUIT, steps: [ \
             {{ expect: '^220 (\\S+)', send: 'EHLO check.${{1}}' }}, {{ expect: '^250[ -]STARTTLS' }}, \
             {{ expect: '^250 ' }}, {{ send: STARTTLS }}, {{ expect: '^220 ', starttls: true }}, \
             {{ send: EHLO again }}, {{ expect: '^250 ' }} ]"
        )
    };
    let checks = [
        "smtp: 127.0.0.1, greeting: { contains: ESMTP }, capabilities: { contains: PIPELINING }",
        &format!("smtp: mail.example.net, tls: starttls, {tls}"),
        &format!("smtp: mail.example.net, tls: implicit, {tls}"),
        &format!("smtp: mail.example.net, tls: starttls, {tls}, expires_within: 30000 d"),
        &format!("smtp: other.example.net, tls: starttls, {tls}"),
        "smtp: mail.example.net, tls: implicit, connect: \"127.0.0.1:25\"",
        "smtp: 127.0.0.1, capabilities: { contains: AUTH }",
        &talk("mail.example.net:25", &format!("connect: \"127.0.0.1:25\", roots: {roots}")),
        &talk("other.example.net:25", &format!("connect: \"127.0.0.1:25\", roots: {roots}")),
        &format!(
            "talk: \"mail.example.net:465\", tls: true, connect: \"127.0.0.1:465\", roots: {roots}"
        ),
    ];
    let server = asks(&host, "", &checks, &[]);
    let told = said(&server);
    assert_eq!(told[..3], ["up", "up", "up"]);
    assert!(told[3].starts_with("degraded(certificate-expires: in "), "{told:?}");
    assert!(told[4].starts_with("down(certificate-invalid: "), "{told:?}");
    assert_eq!(told[7], "up");
    assert!(told[8].starts_with("down(certificate-invalid: "), "{told:?}");
    assert_eq!(told[9], "up");
    assert!(told[5].starts_with("down(tls-failed: "), "{told:?}");
    assert_eq!(told[6], "down(wrong-capability: `AUTH` is missing)");
    let log = wait("its log of a goodbye", || {
        let log = mailbox.log();
        log.contains("ehlo=2 starttls=1 quit=1 commands=4").then_some(log)
    });
    assert!(log.contains("ehlo=1 quit=1 commands=2"), "{log}");
    assert!(!log.contains("lost connection after EHLO"), "{log}");
}

#[test]
fn a_mailbox_server_is_asked_in_the_clear_by_starttls_and_over_tls() {
    if !is_possible(&["ip", "dovecot"]) {
        return;
    }
    let lab = Lab::new();
    let host = lab.host("mailboxes");
    let pair = certificate(lab.folder(), ["mail.example.net".to_owned()]);
    let daemon = Daemon::dovecot(&host, "127.0.0.1", &pair);
    let tls = format!("connect: 127.0.0.1, roots: {}", pair.0.display());
    let checks = [
        "imap: 127.0.0.1, greeting: { contains: Dovecot }, capabilities: { contains: IMAP4rev1 }",
        &format!(
            "imap: mail.example.net, tls: starttls, {tls}, capabilities: {{ lacks: LOGINDISABLED }}"
        ),
        &format!("imap: mail.example.net, tls: implicit, {tls}"),
        "imap: mail.example.net, tls: implicit, connect: 127.0.0.1",
        "imap: 127.0.0.1, capabilities: { contains: X-NO-SUCH }",
    ];
    let server = asks(&host, "", &checks, &[]);
    let told = said(&server);
    assert_eq!(told[..3], ["up", "up", "up"]);
    assert!(told[3].starts_with("down(certificate-invalid: "), "{told:?}");
    assert_eq!(told[4], "down(wrong-capability: `X-NO-SUCH` is missing)");
    let log = host.folder().join("dovecot/log");
    let log = wait("its log of a goodbye", || {
        let log = std::fs::read_to_string(&log).unwrap_or_default();
        log.contains("Aborted login by logging out").then_some(log)
    });
    // Who waited for its start just closed. A certificate that is not trusted ends the conversation where nothing can
    // be said any more.
    let (_, log) = log.split_once("Aborted login").expect("a goodbye");
    let mut closed = log.lines().filter(|line| line.contains("Connection closed"));
    assert!(closed.all(|line| line.contains("alert unknown ca")), "{log}");
    daemon.kill();
}

#[test]
fn a_redis_server_is_asked_with_and_without_a_login_and_by_its_role() {
    if !is_possible(&["ip", "redis-server"]) {
        return;
    }
    let lab = Lab::new();
    let host = lab.host("cache");
    let (certificate, key) = certificate(lab.folder(), ["mail.example.net".to_owned()]);
    let (certificate, key) = (certificate.display().to_string(), key.display().to_string());
    let own = ["--tls-port", "6380", "--tls-auth-clients", "no"];
    let files = [
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &certificate,
    ];
    let master = Daemon::redis(&host, "127.0.0.1", 6379, &[&own[..], &files].concat());
    let _guarded = Daemon::redis(&host, "127.0.0.1", 6381, &["--requirepass", "s3cret word"]);
    let _replica = Daemon::redis(&host, "127.0.0.1", 6382, &["--replicaof", "127.0.0.1", "6379"]);
    let stale = ["--replicaof", "127.0.0.1", "1", "--replica-serve-stale-data", "no"];
    let _stale = Daemon::redis(&host, "127.0.0.1", 6383, &stale);
    let _full = Daemon::redis(&host, "127.0.0.1", 6384, &["--maxclients", "1"]);
    // Who waited for its start may still count; whoever is answered is the one client.
    let held = wait("to be the one client", || {
        host.inside(|| {
            let mut stream = std::net::TcpStream::connect("127.0.0.1:6384").ok()?;
            stream.write_all(b"PING\r\n").ok()?;
            let mut said = [0; 5];
            stream.read_exact(&mut said).ok()?;
            (said == *b"+PONG").then_some(stream)
        })
    });
    host.set("BLACKSTART_SECRET_RIGHT", "s3cret word");
    host.set("BLACKSTART_SECRET_WRONG", "guess");
    let checks = [
        "redis: 127.0.0.1, role: master",
        &format!(
            "redis: mail.example.net, tls: true, connect: \"127.0.0.1:6380\", roots: {certificate}"
        ),
        "redis: \"127.0.0.1:6381\"",
        "redis: \"127.0.0.1:6381\", password: { secret: right }, role: master",
        "redis: \"127.0.0.1:6381\", password: { secret: wrong }",
        "redis: \"127.0.0.1:6381\", role: master",
        "redis: \"127.0.0.1:6382\", role: master",
        "redis: \"127.0.0.1:6383\"",
        "redis: \"127.0.0.1:6384\"",
        "redis: \"127.0.0.1:6382\", role: replica",
        // The same, as a talk has it. The second has Redis repeat it.
        "talk: \"127.0.0.1:6381\", password: { secret: right }, goodbye: QUIT, steps: [ { send: \
         \"AUTH \\\"${password}\\\"\" }, { expect: ^.OK }, { send: PING }, { expect: ^.PONG } ]",
        "talk: \"127.0.0.1:6381\", password: { secret: right }, goodbye: QUIT, steps: [ { send: \
         \"\\\"${password}\\\"\" }, { expect: ^.OK } ]",
        "talk: \"127.0.0.1:6381\", password: { secret: wrong }, goodbye: QUIT, steps: [ { send: \
         \"AUTH ${password}\" }, { expect: ^.OK } ]",
    ];
    let server = asks(&host, "", &checks, &[]);
    wait("the replica to follow", || (said(&server)[9] == "up").then_some(()));
    let told = said(&server);
    assert_eq!(told[..4], ["up", "up", "up", "up"]);
    assert_eq!(
        told[4..9],
        [
            "down(wrong-login: WRONGPASS invalid username-password pair or user is disabled.)",
            "unknown(not-equipped: it answers, and tells its role only to who logs in: name a `password`)",
            "down(wrong-role: it is replica, expected master)",
            "degraded(not-accepting: MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.)",
            "down(too-many-connections: ERR max number of clients reached)",
        ]
    );
    assert_eq!(told[10], "up");
    assert!(told[11].contains("it said `-NOAUTH") || told[11].contains("[password]"), "{told:?}");
    assert!(told[12].contains("it said `-WRONGPASS"), "{told:?}");
    for file in std::fs::read_dir(server.data()).expect("its folder") {
        let bytes = std::fs::read(file.expect("a file").path()).expect("readable");
        for secret in ["s3cret word", "guess"] {
            let is_there = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!is_there, "a secret is kept");
        }
    }
    drop(held);
    master.kill();
    wait("a replica that grows old", || {
        said(&server)[9].starts_with("degraded(not-accepting: its link to the master").then_some(())
    });
}
