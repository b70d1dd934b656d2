//! What it tells, and that none of it is lost.

use crate::world::{Home, Identity, Peer, Server, Target};
use blackstart_probe::wire::v1::{
    Assignment, Host, IcmpQuestion, News, PluginQuestion, Question, Sample, SteadyCheck,
};
use std::time::Duration;

const OFTEN: Duration = Duration::from_millis(500);
const NEVER: Duration = Duration::from_secs(10_000_000);

struct Set {
    server: Server,
    home: Home,
}

async fn set() -> Set {
    let identity = Identity::new();
    let server = Server::start(&identity).await;
    let home = Home::enrolled(&server, &identity);
    Set { server, home }
}

fn saw(sample: &Sample) -> (&str, &str) {
    (&sample.outcome.standing, &sample.outcome.code)
}

/// The next sample that is not up. On a machine so busy that three tries in a row were late, `up` is
/// news again; that steady answers are not is shown beside the intake.
async fn change(peer: &mut Peer) -> (u64, Sample) {
    loop {
        let told = peer.sample().await;
        if told.1.outcome.standing != "up" {
            return told;
        }
    }
}

#[tokio::test]
async fn first_answers_and_changes_are_told() {
    let Set { server, home } = set().await;
    let target = Target::start().await;
    let _agent = home.start();
    let mut peer = server.welcomed(0).await;
    peer.assign(vec![target.check("web/tcp", OFTEN)]).await;
    let (first, sample) = peer.sample().await;
    assert_eq!((sample.check.as_str(), saw(&sample)), ("web/tcp", ("up", "")));
    assert!(!sample.asked && !sample.age.at_least);
    peer.ack(first).await;
    target.met(3).await;
    target.stop().await;
    let (second, sample) = change(&mut peer).await;
    assert_eq!(saw(&sample), ("down", "refused"));
    assert!(second > first);
}

#[tokio::test]
async fn it_runs_what_its_own_configuration_names_and_nothing_else() {
    let identity = Identity::new();
    let server = Server::start(&identity).await;
    let home = Home::with_plugins(&server, &identity, "echo = /bin/echo {words} | load=3\n");
    let _agent = home.start();
    let mut peer = server.welcomed(0).await;
    let check = |key: &str, plugin: &str, words: &[(&str, &str)]| Assignment {
        check: key.to_owned(),
        every_us: 1_000_000,
        deadline_us: 900_000,
        question: Question::Plugin(PluginQuestion {
            plugin: plugin.to_owned(),
            with: words
                .iter()
                .map(|(name, word)| ((*name).to_owned(), (*word).to_owned()))
                .collect(),
        }),
        crosses_way_out: false,
    };
    for (asked, answer) in [
        (check("a/fine", "echo", &[("words", "well")]), ("up", "")),
        (check("b/path", "/bin/sh", &[]), ("unknown", "not-equipped")),
        (check("c/option", "echo", &[("words", "-n")]), ("unknown", "not-equipped")),
        (check("d/other", "reboot", &[]), ("unknown", "not-allowed")),
    ] {
        let key = asked.check.clone();
        peer.assign(vec![asked]).await;
        let (_, sample) = peer.sample().await;
        assert_eq!((sample.check.as_str(), saw(&sample)), (key.as_str(), answer));
        let loads: Vec<f64> = sample.readings.iter().map(|reading| reading.value).collect();
        assert_eq!(loads, if answer.0 == "up" { vec![3.0] } else { Vec::new() });
    }
}

#[tokio::test]
async fn what_is_asked_is_answered_as_asked() {
    let Set { server, home } = set().await;
    let target = Target::start().await;
    let _agent = home.start();
    let mut peer = server.welcomed(0).await;
    peer.assign(vec![target.check("web/tcp", NEVER)]).await;
    for tries in 1..=2 {
        peer.ask("web/tcp").await;
        let (seq, sample) = peer.sample().await;
        assert_eq!((saw(&sample), sample.asked, sample.tries), (("up", ""), true, tries));
        peer.ack(seq).await;
    }
}

#[tokio::test]
async fn what_its_configuration_does_not_name_is_unknown() {
    let Set { server, home } = set().await;
    let target = Target::start().await;
    let _agent = home.start();
    let mut peer = server.welcomed(0).await;
    let mut check = target.check("web/icmp", NEVER);
    check.question = Question::Icmp(IcmpQuestion {
        host: Host::Address(target.address.ip()),
        echoes: 1,
        spacing_us: 0,
        lost_max: 0,
        payload_bytes: 16,
    });
    peer.assign(vec![check]).await;
    let (_, sample) = peer.sample().await;
    assert_eq!((saw(&sample), sample.asked), (("unknown", "not-allowed"), false));
    peer.ask("web/icmp").await;
    let (_, sample) = peer.sample().await;
    assert_eq!((saw(&sample), sample.asked), (("unknown", "not-allowed"), true));
}

#[tokio::test]
async fn what_happens_while_it_is_cut_off_is_told_afterwards() {
    let Set { server, home } = set().await;
    let target = Target::start().await;
    let _agent = home.start();
    let mut peer = server.welcomed(0).await;
    peer.assign(vec![target.check("web/tcp", OFTEN)]).await;
    let (first, before) = peer.sample().await;
    let spool = peer.hello.spool.clone();
    // Not acknowledged, and cut off; the prober goes on.
    drop(peer);
    target.met(2).await;
    target.stop().await;
    let mut peer = server.welcomed(0).await;
    assert_eq!(peer.hello.spool, spool);
    let (again, sample) = peer.sample().await;
    assert_eq!((again, saw(&sample)), (first, ("up", "")));
    assert!(sample.age.us > before.age.us, "it has grown older");
    let (second, sample) = change(&mut peer).await;
    assert!(second > first);
    assert_eq!(saw(&sample), ("down", "refused"));
    peer.ack(second).await;
    peer.ask("web/tcp").await;
    let (third, _) = peer.sample().await;
    // What was acknowledged is gone, also for a server that has forgotten it.
    drop(peer);
    let mut peer = server.welcomed(0).await;
    assert_eq!(peer.sample().await.0, third);
}

#[tokio::test]
async fn what_the_server_has_taken_is_not_told_again() {
    let Set { server, home } = set().await;
    let (one, two) = (Target::start().await, Target::start().await);
    let _agent = home.start();
    let mut peer = server.welcomed(0).await;
    peer.assign(vec![one.check("one/tcp", NEVER), two.check("two/tcp", NEVER)]).await;
    peer.ask("one/tcp").await;
    let (first, _) = peer.sample().await;
    peer.ask("two/tcp").await;
    let (second, _) = peer.sample().await;
    // The acknowledgement is lost on its way, the server knows.
    drop(peer);
    let mut peer = server.welcomed(first).await;
    assert_eq!(peer.hello.newest, second);
    let (seq, sample) = peer.sample().await;
    assert_eq!((seq, sample.check.as_str()), (second, "two/tcp"));
}

#[tokio::test]
async fn killed_it_still_tells_what_was_not_acknowledged() {
    let Set { server, home } = set().await;
    let target = Target::start().await;
    let agent = home.start();
    let mut peer = server.welcomed(0).await;
    peer.assign(vec![target.check("web/tcp", NEVER)]).await;
    peer.ask("web/tcp").await;
    let (first, _) = peer.sample().await;
    peer.ask("web/tcp").await;
    let (second, before) = peer.sample().await;
    peer.ack(first).await;
    let spool = peer.hello.spool.clone();
    agent.kill().await;
    drop(peer);

    let _agent = home.start();
    // The server has forgotten everything.
    let mut peer = server.welcomed(0).await;
    assert_eq!((&peer.hello.spool, peer.hello.newest), (&spool, second));
    let (mut seq, mut sample) = peer.sample().await;
    if seq == first {
        // Its acknowledgement had not reached the disk: at least once.
        (seq, sample) = peer.sample().await;
    }
    assert_eq!((seq, saw(&sample), sample.asked), (second, ("up", ""), true));
    assert!(sample.age.us > before.age.us && !sample.age.at_least, "it is as old as it is");
    peer.ack(second).await;
    peer.assign(vec![target.check("web/tcp", NEVER)]).await;
    peer.ask("web/tcp").await;
    let (third, _) = peer.sample().await;
    assert!(third > second, "no number names two things");
}

#[tokio::test]
async fn told_to_end_it_keeps_what_it_has_counted() {
    let Set { server, home } = set().await;
    let target = Target::start().await;
    let mut agent = home.start();
    let mut peer = server.welcomed(0).await;
    peer.assign(vec![target.check("web/tcp", OFTEN)]).await;
    let (first, _) = peer.sample().await;
    peer.ack(first).await;
    agent.logs("assigned 1 checks").await;
    target.met(5).await;
    agent.terminate();
    assert_eq!(agent.ends().await.0, Some(0));
    drop(peer);

    let _agent = home.start();
    let mut peer = server.welcomed(first).await;
    let steady = loop {
        if let News::Steady(steady) = peer.told().await.news {
            break steady;
        }
    };
    let [SteadyCheck { check, tries, .. }] = &steady.checks[..] else { panic!("{steady:?}") };
    assert_eq!(check, "web/tcp");
    assert!(*tries > 0);
}

#[tokio::test]
async fn a_spool_put_back_from_a_copy_takes_a_new_name() {
    let Set { server, home } = set().await;
    let target = Target::start().await;
    let mut agent = home.start();
    let peer = server.welcomed(1_000).await;
    let spool = peer.hello.spool.clone();
    agent.logs("the server has taken more than this spool ever held").await;
    drop(peer);
    let mut peer = server.welcomed(0).await;
    assert_ne!(peer.hello.spool, spool);
    peer.assign(vec![target.check("web/tcp", NEVER)]).await;
    peer.ask("web/tcp").await;
    assert_eq!(saw(&peer.sample().await.1), ("up", ""));
}
