//! PostgreSQL: real servers of Debian's package, asked as a plant file asks.

use crate::asked::{asked_with, closed, written};
use crate::daemon::{self, Daemon, Shared};
use crate::tls::certificate_of;
use blackstart_model::time::Duration;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The account that Debian's package makes for the server.
const USER: &str = "postgres";

/// Who may in, and how they prove it. The first line that fits counts.
const ACCESS: &str = "\
local all postgres trust
host all postgres 127.0.0.1/32 trust
host all shut 127.0.0.1/32 reject
host all free 127.0.0.1/32 trust
host all digest 127.0.0.1/32 md5
host all clear 127.0.0.1/32 password
host all all 127.0.0.1/32 scram-sha-256
";

/// What is there to be asked.
const MADE: &str = "
set password_encryption = 'scram-sha-256';
create role watcher login password 'wätch me';
create role free login;
create role shut login;
create role clear login password 'in the clear';
create role crowded login password 'wätch me' connection limit 0;
set password_encryption = 'md5';
create role digest login password 'wätch me';
create table orders (state text);
insert into orders values ('stuck'), ('stuck'), ('sent');
grant select on orders to watcher;
create table secrets (words text);
";

struct Server {
    daemon: Daemon,
    address: SocketAddr,
    /// The roots that its certificate is of.
    roots: String,
}

static SERVER: Shared<Server> = Shared::none();

fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("postgresql is installed");
    let newest = versions.map(|version| version.unwrap().path()).max().unwrap();
    newest.join("bin")
}

fn program(name: &str) -> String {
    programs().join(name).to_str().unwrap().to_owned()
}

/// A server with nothing in it, and these settings.
fn empty(marker: Option<&str>, settings: &[String]) -> (Daemon, SocketAddr) {
    let folder = daemon::folder_of(USER);
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let made = [&program("initdb"), "-D", &at("data"), "--no-sync", "-U", USER, "-E", "UTF8"];
    let more = ["--locale", "C", "-A", "trust", "--no-instructions"];
    let made: Vec<String> = made.into_iter().chain(more).map(str::to_owned).collect();
    daemon::done(daemon::as_user(USER, None, &made));
    if let Some(marker) = marker {
        daemon::place(&folder.path().join("data"), marker, "");
    }
    let access = daemon::place(folder.path(), "access", ACCESS);
    let address = daemon::free_address();
    let mut command = vec![program("postgres"), "-D".to_owned(), at("data")];
    let always = [
        format!("port={}", address.port()),
        "listen_addresses=127.0.0.1".to_owned(),
        format!("unix_socket_directories={}", folder.path().display()),
        format!("hba_file={access}"),
        "fsync=off".to_owned(),
        "log_disconnections=on".to_owned(),
        "shared_buffers=1MB".to_owned(),
    ];
    for setting in always.iter().chain(settings) {
        command.extend(["-c".to_owned(), setting.clone()]);
    }
    let signal = rustix::process::Signal::QUIT;
    (Daemon::start(folder, USER, signal, &command), address)
}

fn server() -> Arc<Server> {
    SERVER.get(|| {
        let server = encrypted();
        server.sql(MADE);
        server
    })
}

/// A server with nothing in it, and a certificate.
fn encrypted() -> Server {
    let secrets = daemon::folder_of(USER);
    let (root, chain, key) = certificate_of(&["127.0.0.1", "db.example"]);
    let keep = |name: &str, text: &str| daemon::place(secrets.path(), name, text);
    let (chain, key) = (keep("chain.pem", &chain), keep("key.pem", &key));
    let tls =
        ["ssl=on".to_owned(), format!("ssl_cert_file={chain}"), format!("ssl_key_file={key}")];
    let (daemon, address) = empty(None, &tls);
    daemon.until("it takes sessions", || daemon.log().contains("ready to accept"));
    let roots = daemon::place(daemon.folder.path(), "roots.pem", &root);
    Server { daemon, address, roots }
}

impl Server {
    /// Has its owner say this to it.
    fn sql(&self, words: &str) -> String {
        owner_says(self.daemon.folder.path(), self.address, words)
    }

    /// What a check says that is written so; `@` is the server.
    fn says(&self, check: &str) -> String {
        let check = check.replace('@', &self.address.to_string()).replace("ROOTS", &self.roots);
        asked_with(SECRETS, written(&check), Duration::from_secs(10)).outcome.to_string()
    }
}

fn owner_says(folder: &Path, address: SocketAddr, words: &str) -> String {
    let port = address.port().to_string();
    let folder = folder.to_str().unwrap();
    let mut psql = std::process::Command::new(program("psql"));
    psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", folder, "-p", &port]);
    psql.args(["-U", USER, "-c", words]);
    daemon::done(psql)
}

const SECRETS: &str = "db = wätch me\nold = of last year\nclear = in the clear\n";

#[test]
fn a_session_with_a_password_is_up_by_each_way_of_proving_it() {
    let server = server();
    let watcher = "user: watcher, password: { secret: db }, database: postgres";
    assert_eq!(server.says(&format!("postgres: \"@\", {watcher}")), "up");
    assert_eq!(server.says(&format!("postgres: \"@\", {watcher}, tls: off")), "up");
    let digest = "user: digest, password: { secret: db }, database: postgres";
    assert_eq!(server.says(&format!("postgres: \"@\", {digest}")), "up");
    assert_eq!(server.says("postgres: \"@\", user: free, database: postgres"), "up");
    assert_eq!(server.says("postgres: \"@\", user: postgres, role: primary"), "up");
    assert_eq!(
        server.says("postgres: \"@\", user: postgres, role: standby"),
        "down(wrong-role: primary, expected standby)"
    );
    let clear = "postgres: \"@\", user: clear, password: { secret: clear }, database: postgres";
    assert_eq!(
        server.says(clear),
        "unknown(not-equipped: the server wants the password in the clear: set `tls: verify`, or \
         `required`)"
    );
    assert_eq!(server.says(&format!("{clear}, tls: required")), "up");
}

#[test]
fn a_login_that_fails_says_how() {
    let server = server();
    let says = |more: &str| server.says(&format!("postgres: \"@\", database: postgres, {more}"));
    assert_eq!(
        says("user: watcher, password: { secret: old }"),
        "down(wrong-login: 28P01 password authentication failed for user \"watcher\")"
    );
    let shut = says("user: shut");
    assert!(shut.starts_with("down(wrong-login: 28000 pg_hba.conf rejects connection"), "{shut}");
    assert_eq!(
        says("user: watcher"),
        "unknown(not-equipped: the server wants a password for `watcher`, and the check names none)"
    );
    let lost = says("user: watcher, password: { secret: lost }");
    assert!(lost.starts_with("unknown(not-equipped: the secret `lost`"), "{lost}");
    assert_eq!(
        server.says("postgres: \"@\", user: free, database: gone"),
        "down(no-database: 3D000 database \"gone\" does not exist)"
    );
    assert_eq!(
        says("user: crowded, password: { secret: db }"),
        "down(too-many-connections: 53300 too many connections for role \"crowded\")"
    );
}

#[test]
fn a_query_is_judged_by_its_first_value_and_writes_nothing() {
    let server = server();
    let says = |query: &str| {
        let session = "user: watcher, password: { secret: db }, database: postgres";
        server.says(&format!("postgres: \"@\", {session}, query: {query}"))
    };
    let stuck = "\"select count(*) from orders where state = 'stuck'\"";
    assert_eq!(says(&format!("{stuck}, answer: {{ at_most: 2 }}")), "up");
    assert_eq!(
        says(&format!("{stuck}, answer: {{ at_most: 1.5 }}")),
        "down(wrong-answer: `2`, expected at most 1.5)"
    );
    assert_eq!(says("show transaction_read_only, answer: { is: on }"), "up");
    assert_eq!(
        says("\"select null\", answer: { at_least: 0 }"),
        "down(wrong-answer: NULL, expected at least 0)"
    );
    assert_eq!(
        says("\"select 1 where false\", answer: { is: 1 }"),
        "down(wrong-answer: no row, expected `1`)"
    );
    // A million rows: one is fetched.
    assert_eq!(says("\"select g from generate_series(1, 1000000) g\", answer: { is: 1 }"), "up");
    assert_eq!(
        says("\"select repeat('x', 1000000)\""),
        "unknown(unparsable: no whole answer: more than 256 KiB)"
    );
    let wrong = [
        ("\"insert into orders values ('new')\"", "unknown(no-permission: 25006 "),
        ("\"create temp table t (a int)\"", "unknown(no-permission: 25006 "),
        ("\"select 1; commit; select 2\"", "unknown(not-equipped: 42601 "),
        ("\"selekt\"", "unknown(not-equipped: 42601 "),
        ("\"select * from secrets\"", "unknown(no-permission: 42501 "),
        ("\"select 1 / 0\"", "down(query-failed: 22012 division by zero)"),
        ("\"select * from gone\"", "down(query-failed: 42P01 "),
        ("\"copy orders from stdin\"", "unknown("),
    ];
    for (query, expected) in wrong {
        let said = says(query);
        assert!(said.starts_with(expected), "{query}: {said}");
    }
    assert_eq!(server.sql("select count(*) from orders").trim(), "3");
}

#[test]
fn a_query_that_hangs_is_ended_by_the_server_before_we_turn_away() {
    let server = server();
    let check = format!(
        "postgres: \"{}\", user: watcher, password: {{ secret: db }}, database: postgres, \
         query: \"select pg_sleep(600)\"",
        server.address
    );
    let answer = asked_with(SECRETS, written(&check), Duration::from_millis(900));
    let said = answer.outcome.to_string();
    assert!(said.starts_with("down(query-failed: the query was ended after "), "{said}");
    let asleep = "select count(*) from pg_stat_activity where state = 'active' \
                  and query like '%pg_sleep(600)' and usename = 'watcher'";
    server.daemon.until("nothing sleeps there", || server.sql(asleep).trim() == "0");
}

#[test]
fn tls_is_verified_where_that_is_asked_and_demanded_where_it_is_required() {
    let server = server();
    let session = "user: watcher, password: { secret: db }, database: postgres";
    let verified = format!("postgres: \"@\", {session}, tls: verify, roots: \"ROOTS\"");
    let check = verified.replace('@', &server.address.to_string()).replace("ROOTS", &server.roots);
    let answer = asked_with(SECRETS, written(&check), Duration::from_secs(10));
    assert_eq!(answer.outcome.to_string(), "up");
    assert!(answer.timing.tls_us > 0 && answer.timing.wait_us > 0 && answer.timing.read_us > 0);
    assert_eq!(answer.certificate_ends_s, Some(3_786_912_000));
    let soon = server.says(&format!("{verified}, expires_within: 30000 d"));
    assert!(soon.starts_with("degraded(certificate-expires: in "), "{soon}");
    // The certificate is for the address, and not for this name.
    let named = verified.replace('@', &format!("localhost:{}", server.address.port()));
    let said = server.says(&named);
    assert!(said.starts_with("down(certificate-invalid: "), "{said}");
    let said = server.says(&format!("postgres: \"@\", {session}, tls: verify"));
    assert!(said.starts_with("down(certificate-invalid: "), "{said}");
}

#[test]
fn without_a_user_it_is_seen_whether_sessions_are_taken_and_nothing_is_logged() {
    let server = server();
    assert_eq!(server.says("postgres: \"@\""), "up");
    assert_eq!(server.says("postgres: \"@\", tls: off"), "up");
    assert_eq!(server.says("postgres: \"@\", tls: required"), "up");
    let log = server.daemon.log();
    assert!(!log.contains("\"blackstart\"") && !log.contains("protocol"), "{log}");
    assert!(!log.contains("unexpected EOF") && !log.contains("reset by peer"), "{log}");
    let nobody = closed();
    let answer =
        asked_with("", written(&format!("postgres: \"{nobody}\"")), Duration::from_secs(9));
    assert_eq!(answer.outcome.to_string(), format!("down(refused: {nobody})"));
}

#[test]
fn a_talk_in_bytes_begins_tls_as_the_check_does() {
    // Of its own: its log tells who came.
    let server = encrypted();
    let steps = "steps: [ { send_bytes: { hex: 00 00 00 08 04 d2 16 2f } }, { expect_bytes: S, starttls: true } ]";
    let talk = format!("talk: \"@\", roots: \"ROOTS\", {steps}");
    assert_eq!(server.says(&talk), "up");
    let soon = server.says(&format!("{talk}, expires_within: 30000 d"));
    assert!(soon.starts_with("degraded(certificate-expires: in "), "{soon}");
    let log = server.daemon.log();
    let (_, of_checks) = log.split_once("ready to accept connections\n").unwrap();
    assert_eq!(of_checks, "", "it takes both for polite guests");
    assert_eq!(
        server.says(&talk.replace("expect_bytes: S", "expect_bytes: N")),
        "down(wrong-answer: instead of the bytes `N` it said `S`)"
    );
}

#[test]
fn a_standby_is_no_primary_and_one_that_only_recovers_takes_no_sessions() {
    let (standby, address) = empty(Some("standby.signal"), &["hot_standby=on".to_owned()]);
    standby.until("it follows", || standby.log().contains("accept read-only connections"));
    let says = |check: &str| {
        let check = check.replace('@', &address.to_string());
        asked_with("", written(&check), Duration::from_secs(10)).outcome.to_string()
    };
    let owner = "postgres: \"@\", user: postgres";
    assert_eq!(says(&format!("{owner}, role: standby")), "up");
    assert_eq!(
        says(&format!("{owner}, role: primary, query: \"select 1\"")),
        "down(wrong-role: standby, expected primary)"
    );
    assert_eq!(says("postgres: \"@\""), "up");
    assert_eq!(
        says("postgres: \"@\", tls: required"),
        "down(tls-failed: the server offers no TLS)"
    );
    drop(standby);
    let (cold, address) = empty(Some("standby.signal"), &["hot_standby=off".to_owned()]);
    let check = format!("postgres: \"{address}\"");
    let says = || asked_with("", written(&check), Duration::from_secs(10)).outcome.to_string();
    cold.until("it says that it takes none", || says().starts_with("down(not-accepting: 57P03 "));
}

#[test]
fn a_server_that_may_not_read_its_own_files_is_down_and_not_ours_to_judge() {
    use std::os::unix::fs::PermissionsExt;
    let (daemon, address) = empty(None, &[]);
    daemon.until("it takes sessions", || daemon.log().contains("ready to accept"));
    let says = |check: &str| {
        let check = check.replace('@', &address.to_string());
        asked_with(SECRETS, written(&check), Duration::from_secs(10)).outcome.to_string()
    };
    assert_eq!(says("postgres: \"@\", user: postgres"), "up");
    let files = daemon.folder.path().join("data/global");
    let may = |mode| std::fs::set_permissions(&files, PermissionsExt::from_mode(mode)).unwrap();
    may(0o000);
    let (session, knock) = (says("postgres: \"@\", user: postgres"), says("postgres: \"@\""));
    may(0o700);
    for said in [session, knock] {
        assert!(said.starts_with("down(query-failed: 42501 could not "), "{said}");
    }
    assert_eq!(says("postgres: \"@\", user: postgres"), "up");
}
