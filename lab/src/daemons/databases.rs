//! PostgreSQL and MariaDB, each under its own user, as Debian's packages have them.

use super::{Daemon, find};
use crate::namespace::Host;
use std::path::{Path, PathBuf};
use std::process::Command;

/// As this user, with nothing of ours.
const AS: [&str; 2] = ["--clear-groups", "--reset-env"];

/// Small files: they are only written to be thrown away.
const SMALL: [&str; 2] =
    ["--innodb-log-file-size=4M", "--innodb-data-file-path=ibdata1:10M:autoextend"];

impl Daemon {
    /// PostgreSQL on port 5432 of this address, in this folder, where everybody of the network may in without a
    /// password.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn postgres(host: &Host, address: &str, folder: &Path) -> Self {
        let user = "postgres";
        let data = folder_of(user, folder).join("data");
        let at = data.display().to_string();
        let make = ["-D", &at, "--no-sync", "-U", user, "-E", "UTF8", "--locale", "C"];
        let make = [&make[..], &["-A", "trust", "--no-instructions"]].concat();
        let mut made = Command::new(find("setpriv").expect("util-linux is installed"));
        made.args(as_user(user)).arg(postgres_program("initdb")).args(make);
        done(&mut made);
        let access = folder.join("access");
        std::fs::write(&access, "host all all 0.0.0.0/0 trust\n").expect("pg_hba.conf");
        let mut command = host.command(&find("setpriv").expect("util-linux is installed"));
        command.args(as_user(user)).arg(postgres_program("postgres")).args(["-D", &at]);
        for setting in [
            &format!("listen_addresses={address}"),
            &format!("unix_socket_directories={}", folder.display()),
            &format!("hba_file={}", access.display()),
            "fsync=off",
            "shared_buffers=1MB",
        ] {
            command.args(["-c", setting]);
        }
        let daemon = Self::start(host, command);
        daemon.answers(address, 5432);
        daemon
    }

    /// MariaDB on port 3306 of this address, in this folder, with a database `shop` of one table, which `watcher` of
    /// the network may read without a password.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn mariadb(host: &Host, address: &str, folder: &Path) -> Self {
        let user = "mysql";
        let folder = folder_of(user, folder);
        let data = format!("--datadir={}", folder.join("data").display());
        let own = format!("--tmpdir={}", folder.display());
        let program = |name: &str| find(name).expect("mariadb-server is installed");
        let mut made = Command::new(find("setpriv").expect("util-linux is installed"));
        made.args(as_user(user)).arg(program("mariadb-install-db"));
        made.args(["--no-defaults", &data, &own, "--skip-test-db", "--force"]).args(SMALL);
        made.args(["--auth-root-authentication-method=normal", "--skip-name-resolve"]);
        done(&mut made);
        let begin = folder.join("begin.sql");
        let words = "create database shop; create table shop.orders (state text); \
                     create user watcher@'%'; grant select on shop.* to watcher@'%';\n";
        std::fs::write(&begin, words.replace("; ", ";\n")).expect("what it begins with");
        let mut command = host.command(&find("setpriv").expect("util-linux is installed"));
        command.args(as_user(user)).arg(program("mariadbd"));
        command.args(["--no-defaults", &data, &own, "--skip-name-resolve"]).args(SMALL);
        command.arg(format!("--bind-address={address}"));
        command.arg(format!("--socket={}", folder.join("s").display()));
        command.arg(format!("--pid-file={}", folder.join("pid").display()));
        command.arg(format!("--init-file={}", begin.display()));
        let daemon = Self::start(host, command);
        daemon.answers(address, 3306);
        daemon
    }
}

fn as_user(user: &str) -> [&str; 6] {
    ["--reuid", user, "--regid", user, AS[0], AS[1]]
}

/// The newest that Debian has put there.
fn postgres_program(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("postgresql is installed");
    let newest = versions.flatten().map(|version| version.path()).max();
    newest.expect("there is a version").join("bin").join(name)
}

/// The folder, made, and belonging to this user.
fn folder_of(user: &str, folder: &Path) -> PathBuf {
    std::fs::create_dir_all(folder).expect("a folder for a database");
    crate::namespace::run(&["chown", user, &folder.to_string_lossy()]);
    folder.to_owned()
}

fn done(command: &mut Command) {
    let ended = command.output().expect("it is installed");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}
