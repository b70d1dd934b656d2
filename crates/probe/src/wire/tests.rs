//! The wire as its two ends rely on it.

use super::v1::{self, FromAgent, FromServer};
use super::*;
use blackstart_model::check;
use blackstart_model::observation::{self, NoAnswerCode, Standing, SymptomCode};
use blackstart_model::plant::Secret;
use blackstart_model::reading::{Reading, Unit};
use blackstart_model::time::Duration;
use proptest::prelude::*;
use std::net::IpAddr;

#[test]
fn golden_frames_are_read_and_written_as_ever() {
    let mut seen = std::collections::BTreeSet::new();
    for line in include_str!("v1.golden").lines() {
        let (side, json) = line.split_once(' ').expect("side, blank, frame");
        let (frame, again) = match side {
            "agent" => reread::<FromAgent>(json),
            "server" => reread::<FromServer>(json),
            other => panic!("no side is called {other}"),
        };
        assert_eq!(again, json);
        seen.insert(frame);
    }
    let all = FromAgent::FRAMES.iter().chain(FromServer::FRAMES);
    assert_eq!(seen, all.map(|name| (*name).to_owned()).collect());
}

fn reread<T: Message + Serialize>(json: &str) -> (String, String) {
    let message: T = decode(json.as_bytes()).expect("readable").expect("known");
    let marks: Marks = serde_json::from_str(json).expect("a frame");
    (marks.frame, serde_json::to_string(&message).expect("writable"))
}

#[test]
fn a_newer_peers_frame_is_passed_over_only_when_it_says_so() {
    let optional = br#"{"frame":"weather","optional":true,"body":{"sun":1}}"#;
    assert!(matches!(decode::<FromAgent>(optional), Ok(None)));
    let needed = br#"{"frame":"weather","body":{"sun":1}}"#;
    let refused = decode::<FromAgent>(needed).expect_err("not optional");
    assert_eq!(
        refused.to_string(),
        "a frame `weather` is not known to this version and is not optional"
    );
    let broken = br#"{"frame":"told","optional":true,"body":{"seq":"x"}}"#;
    assert!(matches!(decode::<FromAgent>(broken), Err(FrameError::Malformed(_))));
}

#[test]
fn a_newer_peers_unit_is_a_plain_number_and_what_is_no_reading_is_left_out() {
    let mut told: Vec<v1::Reading> = [("a", "A"), ("flow", "m3/h"), ("", "A"), ("b\u{7}", "")]
        .map(|(name, unit)| v1::Reading { name: name.into(), value: 1.5, unit: unit.into() })
        .into();
    let read = |name, unit| Reading::new(name, 1.5, unit).expect("a reading");
    let expected = [read("a", Unit::Amperes), read("flow", Unit::Plain)];
    assert_eq!(v1::Reading::read(&told), expected);
    told.splice(..0, vec![told[0].clone(); 40]);
    assert_eq!(v1::Reading::read(&told).len(), Reading::MAX);
    assert!(Reading::new("a", f64::NAN, Unit::Plain).is_none());
}

#[test]
fn buckets_that_cannot_be_are_no_percentiles_and_sums_count_all_the_same() {
    let steady = |buckets: &[(u16, u32)]| {
        let (check, buckets) = ("a/tcp".to_owned(), buckets.to_vec());
        let (tries, sum_us, min_us, max_us) = (3, 60, 10, 30);
        let readings = Vec::new();
        v1::SteadyCheck { check, tries, sum_us, min_us, max_us, buckets, readings }.times()
    };
    assert_eq!(steady(&[(10, 1), (18, 2)]).permille_us(990), Some(18));
    for odd in [&[][..], &[(10, 1)], &[(10, 1), (10, 2)], &[(9_999, 3)], &[(1, 0), (2, 3)]] {
        let times = steady(odd);
        assert_eq!((times.permille_us(500), times.mean_us(), times.count), (None, Some(20), 3));
    }
}

#[test]
fn a_newer_peers_field_is_passed_over() {
    let hello = br#"{"frame":"alive","body":{"mood":"fine"},"sent_by":"x"}"#;
    assert_eq!(decode(hello).expect("readable"), Some(FromAgent::Alive(v1::Alive {})));
}

#[test]
fn the_versions_are_read_from_a_first_frame_of_any_version() {
    let later = br#"{"frame":"greeting","body":{"protocol":7,"program":"3.0.0","key":[]}}"#;
    let versions = v1::Versions::of(later).expect("an opening");
    assert_eq!((versions.protocol, versions.program.as_str()), (7, "3.0.0"));
    assert_eq!(v1::Versions::of(b"GET / HTTP/1.1\r\n"), None);
}

#[test]
fn a_peer_that_has_proved_nothing_is_heard_briefly() {
    let mut deframer = Deframer::new();
    deframer.push(&u32::try_from(FIRST_FRAME_BYTES_MAX + 1).unwrap().to_be_bytes());
    assert!(matches!(deframer.take(), Err(FrameError::TooLong { max: FIRST_FRAME_BYTES_MAX, .. })));
    let mut deframer = Deframer::new();
    deframer.trust();
    deframer.push(b"GET ");
    assert!(matches!(deframer.take(), Err(FrameError::TooLong { max: FRAME_BYTES_MAX, .. })));
}

#[test]
fn what_is_too_long_is_not_sent() {
    let asks = FromServer::Ask(v1::Ask { checks: vec!["x".repeat(FRAME_BYTES_MAX)] });
    assert!(matches!(encode(&asks), Err(FrameError::TooLong { .. })));
}

#[test]
fn a_token_never_shows_in_debug() {
    let token = v1::Token("very-secret".to_owned());
    assert!(!format!("{token:?}").contains("secret"));
}

#[test]
fn an_outcome_in_words_we_do_not_know_is_no_answer() {
    let told = v1::Outcome { standing: "down".into(), code: "melted".into(), detail: "hot".into() };
    let outcome = observation::Outcome::from(told);
    assert_eq!(outcome.standing(), Standing::Unknown);
    assert_eq!(outcome.detail(), "the agent said down(melted: hot)");
}

#[test]
fn what_no_check_may_ask_is_not_asked() {
    let echoes = check::Question::Icmp(check::IcmpQuestion {
        host: check::Host::Address(IpAddr::from([127, 0, 0, 1])),
        echoes: 200,
        spacing: Duration::ZERO,
        lost_max: 0,
        payload_bytes: 32,
    });
    assert!(check::Question::try_from(v1::Question::from(&echoes)).is_err());
    let hasty = v1::Assignment {
        check: "a/b".to_owned(),
        every_us: 1,
        deadline_us: 1,
        question: v1::Question::from(&echoes),
        crosses_way_out: false,
    };
    assert!(hasty.pace().is_err());
}

proptest! {
    #[test]
    fn a_question_comes_out_as_it_went_in(question in question()) {
        let mirror = v1::Question::from(&question);
        let frame = encode(&mirror).unwrap();
        let read: v1::Question = serde_json::from_slice(&frame[4..]).unwrap();
        prop_assert_eq!(check::Question::try_from(read).unwrap(), question);
    }

    #[test]
    fn an_outcome_comes_out_as_it_went_in(outcome in outcome()) {
        let mirror = v1::Outcome::from(&outcome);
        let read: v1::Outcome =
            serde_json::from_slice(&serde_json::to_vec(&mirror).unwrap()).unwrap();
        prop_assert_eq!(observation::Outcome::from(read), outcome);
    }

    #[test]
    fn a_message_comes_out_as_it_went_in(message in told()) {
        let frame = encode(&message).unwrap();
        prop_assert_eq!(decode::<FromAgent>(&frame[4..]).unwrap(), Some(message));
    }

    #[test]
    fn frames_are_cut_the_same_however_the_bytes_arrive(
        bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..6),
        pieces in prop::collection::vec(1_usize..50, 1..80),
    ) {
        let mut stream = Vec::new();
        for body in &bodies {
            stream.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
            stream.extend(body);
        }
        let mut deframer = Deframer::new();
        let mut out = Vec::new();
        let mut rest = stream.as_slice();
        for piece in pieces.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (now, later) = rest.split_at((*piece).min(rest.len()));
            deframer.push(now);
            rest = later;
            while let Some(body) = deframer.take().unwrap() {
                out.push(body.to_vec());
            }
        }
        prop_assert_eq!(out, bodies);
    }

    #[test]
    fn noise_never_panics(noise in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = (decode::<FromAgent>(&noise), decode::<FromServer>(&noise));
        let mut deframer = Deframer::new();
        deframer.push(&noise);
        while let Ok(Some(body)) = deframer.take() {
            let _ = (decode::<FromAgent>(&body), v1::Versions::of(&body));
        }
    }

    #[test]
    fn a_torn_golden_frame_never_panics(at in 0_usize..4_000, by in any::<u8>()) {
        for line in include_str!("v1.golden").lines() {
            let mut bytes = line.split_once(' ').unwrap().1.as_bytes().to_vec();
            let at = at % bytes.len();
            bytes[at] = by;
            if let Ok(Some(FromServer::Assign(assign))) = decode(&bytes) {
                for assignment in assign.checks {
                    let _ = (assignment.pace(), check::Question::try_from(assignment.question));
                }
            }
            let _ = decode::<FromAgent>(&bytes[..at]);
        }
    }
}

fn text() -> impl Strategy<Value = Box<str>> {
    "\\PC{0,12}".prop_map(String::into_boxed_str)
}

fn span() -> impl Strategy<Value = Duration> {
    (0_u64..u64::from(u32::MAX)).prop_map(Duration::from_micros)
}

fn host() -> impl Strategy<Value = check::Host> {
    prop_oneof![any::<IpAddr>().prop_map(check::Host::Address), text().prop_map(check::Host::Name),]
}

fn host_port() -> impl Strategy<Value = check::HostPort> {
    (host(), any::<u16>()).prop_map(|(host, port)| check::HostPort { host, port })
}

fn condition() -> impl Strategy<Value = check::TextCondition> {
    prop_oneof![
        text().prop_map(check::TextCondition::Contains),
        text().prop_map(check::TextCondition::Lacks),
    ]
}

fn few<T: std::fmt::Debug>(of: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
    prop::collection::vec(of, 0..3)
}

fn http() -> impl Strategy<Value = check::HttpQuestion> {
    let header = prop_oneof![
        text().prop_map(check::HeaderValue::Text),
        text().prop_map(|name| check::HeaderValue::Secret(Secret(name))),
    ];
    let tls = (span(), prop::option::of(text()))
        .prop_map(|(expires_within, roots)| check::TlsQuestion { expires_within, roots });
    let asked = (
        prop::sample::select(vec!["GET", "HEAD", "OPTIONS"]),
        host_port(),
        text(),
        prop::option::of(host_port()),
        few((text(), header)),
        prop::option::of(tls),
    );
    let wanted = (
        few(any::<(u16, u16)>()),
        few(condition()),
        few((text(), condition())),
        any::<u32>(),
        prop::option::of(span()),
    );
    (asked, wanted).prop_map(|(asked, wanted)| {
        let (method, authority, path, connect, headers, tls) = asked;
        let (status, body, response_headers, body_bytes_max, slow) = wanted;
        check::HttpQuestion {
            method,
            authority,
            path,
            connect,
            headers,
            tls,
            status,
            body,
            response_headers,
            body_bytes_max,
            slow,
        }
    })
}

fn database() -> impl Strategy<Value = check::DatabaseQuestion> {
    let roots = prop::option::of(text());
    let tls = prop_oneof![
        Just(check::DatabaseTls::Off),
        Just(check::DatabaseTls::Prefer),
        Just(check::DatabaseTls::Required),
        (span(), roots).prop_map(|(expires_within, roots)| {
            check::DatabaseTls::Verify(check::TlsQuestion { expires_within, roots })
        }),
    ];
    let condition = prop_oneof![
        text().prop_map(check::ValueCondition::Is),
        any::<i32>().prop_map(|eighths| check::ValueCondition::AtLeast(f64::from(eighths) / 8.0)),
        any::<i32>().prop_map(|eighths| check::ValueCondition::AtMost(f64::from(eighths) / 8.0)),
    ];
    let password = text().prop_map(blackstart_model::plant::Secret);
    let role = prop::sample::select(check::DatabaseRole::ALL);
    let optional = || prop::option::of(text());
    let session = (
        (text(), prop::option::of(password), optional(), optional()),
        (few(condition), prop::option::of(role)),
    )
        .prop_map(|((user, password, database, query), (answer, role))| {
            check::DatabaseSession { user, password, database, query, answer, role }
        });
    (host_port(), tls, prop::option::of(session), prop::option::of(span())).prop_map(
        |(target, tls, session, slow)| check::DatabaseQuestion { target, tls, session, slow },
    )
}

fn tls() -> impl Strategy<Value = check::TlsQuestion> {
    (span(), prop::option::of(text()))
        .prop_map(|(expires_within, roots)| check::TlsQuestion { expires_within, roots })
}

fn mail() -> impl Strategy<Value = check::DialogueQuestion> {
    let begins = prop::sample::select(vec![check::TlsBegins::AtOnce, check::TlsBegins::ByStartTls]);
    let tls =
        (begins, tls()).prop_map(|(begins, question)| check::DialogueTls { begins, question });
    let slow = prop::option::of(span());
    let ends = (host_port(), prop::option::of(host_port()));
    (ends, prop::option::of(tls), few(condition()), few(condition()), slow).prop_map(
        |((target, connect), tls, greeting, capabilities, slow)| check::DialogueQuestion {
            target,
            connect,
            tls,
            greeting,
            capabilities,
            slow,
        },
    )
}

fn redis() -> impl Strategy<Value = check::RedisQuestion> {
    let login = (prop::option::of(text()), text())
        .prop_map(|(user, name)| check::RedisLogin { user, password: Secret(name) });
    let role = prop::option::of(prop::sample::select(check::RedisRole::ALL));
    let ends = (host_port(), prop::option::of(host_port()));
    let slow = prop::option::of(span());
    (ends, prop::option::of(tls()), prop::option::of(login), role, slow).prop_map(
        |((target, connect), tls, login, role, slow)| check::RedisQuestion {
            target,
            connect,
            tls,
            login,
            role,
            slow,
        },
    )
}

fn talk() -> impl Strategy<Value = check::TalkQuestion> {
    let pattern = prop::sample::select(vec!["^220 ", "PING :([^ ]+)", "(?<a>x)|(y)"]);
    let step = prop_oneof![
        pattern.prop_map(|text| check::Step::Expect(check::Pattern::new(text).expect("it is one"))),
        "[ -#%-~]{1,20}".prop_map(|text| check::Step::Send(text.into())),
        prop::collection::vec(any::<u8>(), 1..20)
            .prop_map(|bytes| check::Step::ExpectBytes(bytes.into())),
        prop::collection::vec(any::<u8>(), 1..20)
            .prop_map(|bytes| check::Step::SendBytes(bytes.into())),
    ];
    let steps = (prop::collection::vec(step, 1..5), prop::option::of((0..5_usize, tls())));
    let steps = steps.prop_map(|(mut steps, tls)| {
        if let Some((at, tls)) = tls {
            steps.insert(at.min(steps.len()), check::Step::Tls(tls));
        }
        steps
    });
    let steps = (steps, prop::option::of(text())).prop_map(|(mut steps, name)| {
        if name.is_some() {
            steps.push(check::Step::Send("PASS ${password}".into()));
        }
        check::Script::new(steps, name.map(Secret)).expect("it is one")
    });
    let goodbye = prop::option::of("[a-z]{1,9}".prop_map(String::into_boxed_str));
    (host_port(), prop::option::of(host_port()), steps, goodbye, prop::option::of(span())).prop_map(
        |(target, connect, script, goodbye, slow)| check::TalkQuestion {
            target,
            connect,
            script,
            goodbye,
            slow,
        },
    )
}

fn question() -> impl Strategy<Value = check::Question> {
    let tcp = (host_port(), prop::option::of(span()))
        .prop_map(|(target, slow)| check::TcpQuestion { target, slow });
    let icmp = (host(), 1_u8..=20, span(), any::<u8>(), 16_u16..=1400).prop_map(
        |(host, echoes, spacing, lost_max, payload_bytes)| check::IcmpQuestion {
            host,
            echoes,
            spacing,
            lost_max,
            payload_bytes,
        },
    );
    let record = prop_oneof![
        any::<u16>().prop_map(check::RecordCondition::AtLeast),
        text().prop_map(check::RecordCondition::Has),
        few(text()).prop_map(check::RecordCondition::Exactly),
    ];
    let dns = (
        host_port(),
        text(),
        prop::sample::select(vec!["A", "AAAA", "MX", "NS", "SOA", "TXT", "CNAME", "PTR", "CAA"]),
        prop::sample::select(vec!["NOERROR", "SERVFAIL", "NXDOMAIN", "REFUSED"]),
        few(record),
        any::<bool>(),
    )
        .prop_map(|(server, name, record_type, rcode, records, recursion)| {
            check::DnsQuestion { server, name, record_type, rcode, records, recursion }
        });
    let ssh = (host_port(), few(condition()), prop::option::of(span()))
        .prop_map(|(target, banner, slow)| check::SshQuestion { target, banner, slow });
    let ntp = (host_port(), span(), 1_u8..=15).prop_map(|(server, offset_max, stratum_max)| {
        check::NtpQuestion { server, offset_max, stratum_max }
    });
    let word = || "[A-Za-z0-9.:@]{1,20}".prop_filter("a word", |word| !word.contains(".."));
    let plugin = ("[a-z][a-z0-9-]{0,9}", few(("[a-z]{1,9}", word()))).prop_map(|(name, with)| {
        let with = with.into_iter().map(|(name, word)| (name.into(), word.into())).collect();
        check::PluginQuestion { plugin: name.into(), with }
    });
    prop_oneof![
        http().prop_map(check::Question::Http),
        tcp.prop_map(check::Question::Tcp),
        talk().prop_map(check::Question::Talk),
        icmp.prop_map(check::Question::Icmp),
        dns.prop_map(check::Question::Dns),
        ssh.prop_map(check::Question::Ssh),
        mail().prop_map(check::Question::Smtp),
        mail().prop_map(check::Question::Imap),
        redis().prop_map(check::Question::Redis),
        database().prop_map(check::Question::Postgres),
        database().prop_map(check::Question::Mariadb),
        snmp().prop_map(check::Question::Snmp),
        ntp.prop_map(check::Question::Ntp),
        plugin.prop_map(check::Question::Plugin),
    ]
}

fn snmp() -> impl Strategy<Value = check::SnmpQuestion> {
    let secret = || text().prop_map(Secret);
    let auth = (prop::sample::select(check::SnmpHash::ALL), secret(), prop::option::of(secret()))
        .prop_map(|(hash, password, privacy)| check::SnmpAuth { hash, password, privacy });
    let access = prop_oneof![
        secret().prop_map(check::SnmpAccess::Community),
        ("[a-z]{1,32}", prop::option::of(auth)).prop_map(|(name, auth)| {
            check::SnmpAccess::User(check::SnmpUser { name: name.into(), auth })
        }),
    ];
    // Thousandths, as for readings.
    let number = || any::<i32>().prop_map(|thousandths| f64::from(thousandths) / 1_000.0);
    let word = (text(), prop::option::of(any::<i64>()))
        .prop_map(|(text, number)| check::SnmpWord { text, number });
    let condition = prop_oneof![
        number().prop_map(check::SnmpCondition::AtLeast),
        number().prop_map(check::SnmpCondition::AtMost),
        few(word).prop_map(check::SnmpCondition::Is),
    ];
    let oid = few(any::<u32>())
        .prop_map(|rest| check::Oid::new(&[&[1, 3][..], &rest].concat()).expect("it is one"));
    let unit = prop::sample::select(Unit::ALL);
    let value = (text(), oid, text(), number(), unit, few(condition)).prop_map(
        |(written, oid, name, scale, unit, conditions)| check::SnmpValue {
            written,
            oid,
            name,
            scale,
            unit,
            conditions,
        },
    );
    (host_port(), access, prop::collection::vec(value, 1..4))
        .prop_map(|(agent, access, values)| check::SnmpQuestion { agent, access, values })
}

fn outcome() -> impl Strategy<Value = observation::Outcome> {
    let code = || prop::sample::select(SymptomCode::ALL);
    prop_oneof![
        Just(observation::Outcome::Up),
        (code(), text()).prop_map(|(code, detail)| observation::Outcome::degraded(code, detail)),
        (code(), text()).prop_map(|(code, detail)| observation::Outcome::down(code, detail)),
        (prop::sample::select(NoAnswerCode::ALL), text())
            .prop_map(|(code, detail)| observation::Outcome::unknown(code, detail)),
    ]
}

fn age() -> impl Strategy<Value = v1::Age> {
    any::<(u64, bool)>().prop_map(|(us, at_least)| v1::Age { us, at_least })
}

fn readings() -> impl Strategy<Value = Vec<v1::Reading>> {
    // Thousandths: a decimal of few digits is read back as the very number it was.
    let reading = (text(), any::<i32>(), prop::sample::select(Unit::ALL)).prop_map(
        |(name, thousandths, unit)| v1::Reading {
            name: name.into(),
            value: f64::from(thousandths) / 1_000.0,
            unit: unit.as_str().to_owned(),
        },
    );
    few(reading)
}

fn told() -> impl Strategy<Value = FromAgent> {
    let timing = any::<[u32; 6]>().prop_map(
        |[resolve_us, connect_us, tls_us, wait_us, read_us, total_us]| v1::Timing {
            resolve_us,
            connect_us,
            tls_us,
            wait_us,
            read_us,
            total_us,
        },
    );
    let certificate = prop::option::of(any::<i64>());
    let ends = (certificate, readings());
    let sample = (text(), outcome(), timing, any::<bool>(), any::<u32>(), age(), ends).prop_map(
        |(check, outcome, timing, asked, tries, age, (certificate_ends_s, readings))| v1::Sample {
            check: check.into(),
            outcome: (&outcome).into(),
            timing,
            asked,
            tries,
            age,
            certificate_ends_s,
            readings,
        },
    );
    let buckets = prop::collection::vec(any::<(u16, u32)>(), 0..4);
    let steady_check = (text(), any::<(u32, u64, u32, u32)>(), buckets, readings()).prop_map(
        |(check, (tries, sum_us, min_us, max_us), buckets, readings)| v1::SteadyCheck {
            check: check.into(),
            tries,
            sum_us,
            min_us,
            max_us,
            buckets,
            readings,
        },
    );
    let steady = (age(), any::<(u64, u32)>(), few(steady_check)).prop_map(
        |(age, (lasted_us, dropped), checks)| v1::Steady { age, lasted_us, dropped, checks },
    );
    let way_out = (any::<bool>(), text(), age()).prop_map(|(open, detail, age)| v1::WayOut {
        open,
        detail: detail.into(),
        age,
    });
    let news = prop_oneof![
        few(sample).prop_map(v1::News::Samples),
        steady.prop_map(v1::News::Steady),
        way_out.prop_map(v1::News::WayOut),
    ];
    (any::<u64>(), news).prop_map(|(seq, news)| FromAgent::Told(v1::Told { seq, news }))
}
