//! How much CPU does a session with PostgreSQL and with MariaDB take, beside `check_pgsql` and `check_mysql`?
//!
//! On paper: a conversation of a dozen small messages, some 100 us; with PostgreSQL the password is proved by 4,096
//! rounds of HMAC-SHA-256 (RFC 7677), a millisecond or two of arithmetic that nobody gets around. The plugins have that
//! too, and a fork and exec of a program with large libraries, 10 ms.
//!
//! Method: servers of Debian's packages on loopback, and [`beside`]; both sign in with a password, in the clear, for
//! neither server has a certificate. Ours asks `select 1` in a read-only transaction besides; the
//! plugins ask nothing, but `check_mysql` for the server's status. Without a user the peer is `pg_isready`. As root,
//! with postgresql-15, mariadb-server and monitoring-plugins-standard: `cargo bench -p blackstart-probe --bench
//! databases`.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads clocks and waits")]
#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

mod beside;

use beside::{Daemon, Pair, free_port};
use std::process::Command;
use std::time::Duration;

/// Sessions each second of what is built in. A server makes a process or thread for each.
const RATE: usize = 100;

const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";

fn main() {
    beside::head();
    let server = postgres();
    let at = format!("127.0.0.1:{}", server.port);
    beside::row(&Pair::new(
        "postgres",
        RATE,
        format!(
            "postgres: '{at}', user: watcher, password: {{ secret: the-password }}, database: postgres"
        ),
        format!(
            "check_pgsql -H 127.0.0.1 -P {} -d postgres -l watcher -p the-password",
            server.port
        ),
    ));
    beside::row(&Pair::new(
        "postgres, no user",
        RATE,
        format!("postgres: '{at}'"),
        format!("{PROGRAMS}/pg_isready -q -h 127.0.0.1 -p {}", server.port),
    ));
    drop(server);
    let server = mariadb();
    let at = format!("127.0.0.1:{}", server.port);
    beside::row(&Pair::new(
        "mariadb",
        RATE,
        format!("mariadb: '{at}', user: watcher, password: {{ secret: the-password }}"),
        format!("check_mysql -H 127.0.0.1 -P {} -u watcher -p the-password", server.port),
    ));
}

struct Database {
    port: u16,
    // Ended before its folder goes.
    _daemon: Daemon,
    _folder: tempfile::TempDir,
}

fn postgres() -> Database {
    let (folder, port) = (folder_of("postgres"), free_port());
    let here = folder.path().to_str().unwrap();
    let init =
        "-U postgres -A scram-sha-256 --auth-local trust --no-sync --no-locale --no-instructions";
    done(as_user("postgres", &format!("{PROGRAMS}/initdb -D {here}/data {init}")));
    let daemon = Daemon::start(&mut as_user(
        "postgres",
        &format!(
            "{PROGRAMS}/postgres -D {here}/data -c port={port} -c listen_addresses=127.0.0.1 -c fsync=off -c \
             unix_socket_directories={here}"
        ),
    ));
    let mut account = as_user("postgres", &format!("{PROGRAMS}/psql -X -q -h {here} -p {port} -c"));
    account.arg("create role watcher login password 'the-password'");
    until_done(account);
    Database { port, _daemon: daemon, _folder: folder }
}

fn mariadb() -> Database {
    let (folder, port) = (folder_of("mysql"), free_port());
    let here = folder.path().to_str().unwrap();
    let own = format!("--no-defaults --datadir={here}/data --tmpdir={here}");
    let init = "--skip-test-db --skip-name-resolve --auth-root-authentication-method=normal";
    done(as_user("mysql", &format!("mariadb-install-db {own} {init}")));
    let daemon = Daemon::start(&mut as_user(
        "mysql",
        &format!(
            "mariadbd {own} --port={port} --bind-address=127.0.0.1 --socket={here}/s --pid-file={here}/pid"
        ),
    ));
    let mut account = as_user("mysql", &format!("mariadb --no-defaults -u root -S {here}/s -e"));
    account.arg("create user watcher@'%' identified by 'the-password'");
    until_done(account);
    Database { port, _daemon: daemon, _folder: folder }
}

/// A folder of the server's own user.
fn folder_of(user: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut own = Command::new("chown");
    own.arg(format!("{user}:{user}")).arg(folder.path());
    done(own);
    folder
}

/// A command under the server's own user, for none of them runs as root.
fn as_user(user: &str, command: &str) -> Command {
    let mut own = Command::new("setpriv");
    own.args(["--reuid", user, "--regid", user, "--clear-groups", "--pdeathsig", "TERM"]);
    own.args(command.split(' '));
    own
}

/// Runs a command to its end.
fn done(mut command: Command) {
    let ended = command.output().unwrap();
    assert!(ended.status.success(), "{command:?}: {}", String::from_utf8_lossy(&ended.stderr));
}

/// Runs a command until the server takes it.
fn until_done(mut command: Command) {
    for _ in 0..300 {
        if command.output().unwrap().status.success() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{command:?}: the server does not start");
}
