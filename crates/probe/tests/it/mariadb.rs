//! MariaDB: a real server of Debian's package, asked as a plant file asks.

use crate::asked::{asked_with, closed, written};
use crate::daemon::{self, Daemon, Shared};
use crate::tls::certificate_of;
use blackstart_model::time::Duration;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

/// The account that Debian's package makes for the server.
const USER: &str = "mysql";

/// What is there to be asked.
const MADE: &str = "
create user watcher@'%' identified by 'wätch me';
create user free@'%';
create user elliptic@'%' identified via ed25519 using password('wätch me');
create user lone@'%' with max_user_connections 1;
create database shop;
create database vault;
create table shop.orders (state text);
insert into shop.orders values ('stuck'), ('stuck'), ('sent');
create table vault.secrets (words text);
grant select, insert, drop on shop.* to watcher@'%';
";

const SECRETS: &str = "db = wätch me\nold = of last year\n";

struct Server {
    daemon: Daemon,
    address: SocketAddr,
    /// The roots that its certificate is of.
    roots: String,
}

static SERVER: Shared<Server> = Shared::none();

/// A server with nothing in it, and these options.
fn empty(options: &[&str]) -> Server {
    let folder = daemon::folder_of(USER);
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let data = format!("--datadir={}", at("data"));
    // Small files: they are only written to be thrown away.
    let small = ["--innodb-log-file-size=4M", "--innodb-data-file-path=ibdata1:10M:autoextend"];
    // A server that starts clears its folder of temporary tables, another one's too.
    let own = format!("--tmpdir={}", folder.path().display());
    let made = ["mariadb-install-db", "--no-defaults", &data, &own, "--skip-test-db", "--force"];
    let more = ["--auth-root-authentication-method=normal", "--skip-name-resolve"];
    let made = made.into_iter().chain(more).chain(small).map(str::to_owned);
    daemon::done(daemon::as_user(USER, None, &made.collect::<Vec<_>>()));
    let (root, chain, key) = certificate_of(&["127.0.0.1"]);
    let roots = daemon::place(folder.path(), "roots.pem", &root);
    let chain = daemon::place(folder.path(), "chain.pem", &chain);
    let key = daemon::place(folder.path(), "key.pem", &key);
    let address = daemon::free_address();
    let port = format!("--port={}", address.port());
    let (socket, pid) = (format!("--socket={}", at("s")), format!("--pid-file={}", at("pid")));
    let plain = [
        "mariadbd",
        "--no-defaults",
        &data,
        &own,
        &port,
        &socket,
        &pid,
        "--bind-address=127.0.0.1",
        "--innodb-flush-log-at-trx-commit=0",
        "--plugin-load-add=auth_ed25519",
        "--log-warnings=9",
    ];
    let covered = [format!("--ssl-cert={chain}"), format!("--ssl-key={key}")];
    let command = plain.into_iter().chain(small).chain(options.iter().copied()).map(str::to_owned);
    let covered = covered.into_iter().filter(|_| !options.contains(&"--skip-ssl"));
    let command: Vec<String> = command.chain(covered).collect();
    let daemon = Daemon::start(folder, USER, rustix::process::Signal::KILL, &command);
    daemon.until("it takes sessions", || daemon.log().contains("ready for connections"));
    Server { daemon, address, roots }
}

fn server() -> Arc<Server> {
    SERVER.get(|| {
        let server = empty(&[]);
        server.sql(MADE);
        server
    })
}

impl Server {
    fn client(&self, user: &str, words: &str) -> Command {
        let socket = self.daemon.folder.path().join("s");
        let mut client = Command::new("mariadb");
        client.args(["--no-defaults", "-N", "-B", "-u", user, "-e", words, "-S"]).arg(socket);
        client
    }

    /// Has its owner say this to it.
    fn sql(&self, words: &str) -> String {
        daemon::done(self.client("root", words))
    }

    /// What a check says that is written so; `@` is the server.
    fn says(&self, check: &str) -> String {
        let check = check.replace('@', &self.address.to_string()).replace("ROOTS", &self.roots);
        asked_with(SECRETS, written(&check), Duration::from_secs(10)).outcome.to_string()
    }
}

#[test]
fn a_session_is_up_with_and_without_tls() {
    let server = server();
    let watcher = "user: watcher, password: { secret: db }";
    assert_eq!(server.says(&format!("mariadb: \"@\", {watcher}")), "up");
    assert_eq!(server.says(&format!("mariadb: \"@\", {watcher}, tls: off, database: shop")), "up");
    assert_eq!(server.says("mariadb: \"@\", user: free"), "up");
    let verified = format!("mariadb: \"@\", {watcher}, tls: verify, roots: \"ROOTS\"");
    let check = verified.replace('@', &server.address.to_string()).replace("ROOTS", &server.roots);
    let answer = asked_with(SECRETS, written(&check), Duration::from_secs(10));
    assert_eq!(answer.outcome.to_string(), "up");
    assert!(answer.timing.tls_us > 0 && answer.timing.wait_us > 0 && answer.timing.read_us > 0);
    assert_eq!(answer.certificate_ends_s, Some(3_786_912_000));
    let said = server.says(&format!("mariadb: \"@\", {watcher}, tls: verify"));
    assert!(said.starts_with("down(certificate-invalid: "), "{said}");
}

#[test]
fn a_login_that_fails_says_how() {
    let server = server();
    let says = |more: &str| server.says(&format!("mariadb: \"@\", {more}"));
    let old = says("user: watcher, password: { secret: old }");
    assert!(old.starts_with("down(wrong-login: 1045 Access denied for user 'watcher'"), "{old}");
    let lost = says("user: watcher, password: { secret: lost }");
    assert!(lost.starts_with("unknown(not-equipped: the secret `lost`"), "{lost}");
    let elliptic = says("user: elliptic, password: { secret: db }");
    assert!(
        elliptic.starts_with("unknown(not-equipped: the account signs in by `client_ed25519`"),
        "{elliptic}"
    );
    assert_eq!(
        server.says("mariadb: \"@\", user: watcher, password: { secret: db }, database: shop2"),
        "unknown(no-permission: 1044 Access denied for user 'watcher'@'%' to database 'shop2')"
    );
}

#[test]
fn a_query_is_judged_by_its_first_value_and_writes_nothing() {
    let server = server();
    let says = |query: &str| {
        let session = "user: watcher, password: { secret: db }, database: shop";
        server.says(&format!("mariadb: \"@\", {session}, query: {query}"))
    };
    let stuck = "\"select count(*) from orders where state = 'stuck'\"";
    assert_eq!(says(&format!("{stuck}, answer: {{ at_most: 2, is: 2 }}")), "up");
    assert_eq!(
        says(&format!("{stuck}, answer: {{ at_least: 3 }}")),
        "down(wrong-answer: `2`, expected at least 3)"
    );
    assert_eq!(
        says("\"select null\", answer: { is: x }"),
        "down(wrong-answer: NULL, expected `x`)"
    );
    assert_eq!(
        says("\"select 1 from orders where false\", answer: { is: 1 }"),
        "down(wrong-answer: no row, expected `1`)"
    );
    assert_eq!(says("\"select seq from seq_1_to_1000000\", answer: { is: 1 }"), "up");
    assert_eq!(
        says("\"select repeat('x', 1000000)\""),
        "unknown(unparsable: no whole answer: more than 256 KiB)"
    );
    let wrong = [
        ("\"insert into orders values ('new')\"", "unknown(no-permission: 1792 "),
        ("\"drop table orders\"", "unknown(no-permission: 1792 "),
        ("\"select 1; drop table orders\"", "unknown(not-equipped: 1064 "),
        ("\"selekt\"", "unknown(not-equipped: 1064 "),
        ("\"select * from vault.secrets\"", "unknown(no-permission: 1142 "),
        ("\"select * from gone\"", "down(query-failed: 1146 "),
        ("\"load data local infile '/etc/hostname' into table orders\"", "unknown("),
    ];
    for (query, expected) in wrong {
        let said = says(query);
        assert!(said.starts_with(expected), "{query}: {said}");
    }
    assert_eq!(server.sql("select count(*) from shop.orders").trim(), "3");
}

#[test]
fn a_query_that_hangs_is_ended_by_the_server_before_we_turn_away() {
    let server = server();
    let check = format!(
        "mariadb: \"{}\", user: watcher, password: {{ secret: db }}, query: \"select sleep(600)\"",
        server.address
    );
    let answer = asked_with(SECRETS, written(&check), Duration::from_millis(900));
    let said = answer.outcome.to_string();
    assert!(said.starts_with("down(query-failed: the query was ended after "), "{said}");
    let asleep = "select count(*) from information_schema.processlist where info like '%(600)' \
                  and user = 'watcher'";
    server.daemon.until("nothing sleeps there", || server.sql(asleep).trim() == "0");
}

/// A session that somebody else has.
struct Held(Child);

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_server_that_is_full_for_an_account_says_so() {
    let server = server();
    let mut client = server.client("lone", "select sleep(60)");
    let client = client.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _held = Held(client.spawn().unwrap());
    let held = "select count(*) from information_schema.processlist where user = 'lone'";
    server.daemon.until("somebody has the one session", || server.sql(held).trim() == "1");
    let said = server.says("mariadb: \"@\", user: lone");
    assert!(said.starts_with("down(too-many-connections: 1226 "), "{said}");
}

#[test]
fn without_a_user_it_is_seen_whether_sessions_are_taken_and_no_handshake_is_broken_off() {
    // One of its own: what the others break off would be counted too.
    let server = empty(&[]);
    let refused = || {
        let status = server.sql("show global status like 'Aborted_connects_preauth'");
        status.trim().to_owned()
    };
    let before = refused();
    assert_eq!(server.says("mariadb: \"@\""), "up");
    assert_eq!(server.says("mariadb: \"@\", tls: off"), "up");
    assert_eq!(server.says("mariadb: \"@\", tls: required"), "up");
    assert_eq!(refused(), before, "none was broken off before it was known who came");
    let nobody = closed();
    let answer = asked_with("", written(&format!("mariadb: \"{nobody}\"")), Duration::from_secs(9));
    assert_eq!(answer.outcome.to_string(), format!("down(refused: {nobody})"));
}

#[test]
fn a_follower_is_no_primary_and_a_full_server_is_known_by_its_first_word() {
    let server = empty(&["--read-only", "--skip-ssl", "--max-connections=10"]);
    server.sql("create user free@'%'");
    assert_eq!(server.says("mariadb: \"@\", user: free, role: standby"), "up");
    assert_eq!(
        server.says("mariadb: \"@\", user: free, role: primary, query: \"select 1\""),
        "down(wrong-role: standby, expected primary)"
    );
    // Whoever came left with a goodbye.
    assert_eq!(
        server.sql("show global status like 'Aborted_clients'").trim(),
        "Aborted_clients\t0"
    );
    let said = server.says("mariadb: \"@\", user: free, tls: required");
    assert_eq!(said, "down(tls-failed: the server offers no TLS)");
    let connect = || std::net::TcpStream::connect(server.address).unwrap();
    let held = std::cell::RefCell::new(Vec::new());
    server.daemon.until("it is full", || {
        held.borrow_mut().push(connect());
        server.says("mariadb: \"@\"").starts_with("down(too-many-connections: 1040 ")
    });
}

/// One connection with a server that speaks as MySQL's manual says, with `caching_sha2_password`: it says these
/// packets, each in answer to one of the client's.
fn speaking(said: &'static [&'static [u8]]) -> SocketAddr {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut greeting = b"\x0a8.4.3\0\x01\0\0\x0012345678\0\0\x82\x2d\x02\0\x08\0\x15".to_vec();
        greeting.extend([0; 10]);
        greeting.extend(b"abcdefghijkl\0caching_sha2_password\0");
        let length = u8::try_from(greeting.len()).unwrap();
        stream.write_all(&[&[length, 0, 0, 0], &greeting[..]].concat()).unwrap();
        for words in said {
            if stream.read(&mut [0; 1024]).unwrap_or(0) == 0 || stream.write_all(words).is_err() {
                return;
            }
        }
        // The goodbye.
        let _ = stream.read(&mut [0; 1024]);
    });
    address
}

#[test]
fn a_server_that_knows_the_hash_lets_in_and_one_that_wants_the_password_gets_it_only_over_tls() {
    let says = |said| {
        let check = format!("mariadb: \"{}\", user: a, password: {{ secret: db }}", speaking(said));
        asked_with(SECRETS, written(&check), Duration::from_secs(10)).outcome.to_string()
    };
    // Known by its hash; in; and one row of one value.
    let known = says(&[
        b"\x02\0\0\x02\x01\x03\x07\0\0\x03\0\0\0\x02\0\0\0",
        b"\x01\0\0\x01\x01\x01\0\0\x02\0\x05\0\0\x03\xfe\0\0\x02\0\x02\0\0\x04\x011\x05\0\0\x05\xfe\0\0\x02\0",
    ]);
    assert_eq!(known, "up");
    assert_eq!(
        says(&[b"\x02\0\0\x02\x01\x04"]),
        "unknown(not-equipped: the server wants the password in the clear: set `tls: verify`, or \
         `required`)"
    );
}
