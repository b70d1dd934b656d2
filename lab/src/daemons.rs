//! Real daemons of Debian, each with a configuration of its own, in the namespace of a host.

mod databases;
mod lldp;
mod mailboxes;
mod measured;
mod redis;
mod ssh;

pub use lldp::neighbours;
pub use measured::Strip;

use crate::namespace::Host;
use crate::wait;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

/// A program by its name, wherever Debian has put it.
#[must_use]
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/bin", "/usr/local/sbin"]
        .iter()
        .map(|folder| Path::new(folder).join(program))
        .find(|path| path.exists())
}

/// Where a web server listens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listen {
    /// The address.
    pub address: String,
    /// The port.
    pub port: u16,
    /// Behind TLS.
    pub tls: bool,
}

/// A daemon that runs on a host.
pub struct Daemon {
    host: Host,
    process: u32,
}

impl Daemon {
    /// nginx answering `hello from HOST` on these ports.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn nginx(host: &Host, address: &str, ports: &[u16]) -> Self {
        let listens: Vec<Listen> = ports
            .iter()
            .map(|&port| Listen { address: address.to_owned(), port, tls: false })
            .collect();
        Self::web(host, "nginx", &listens, &Default::default())
    }

    /// nginx with a folder of this name, answering `hello from HOST` here; with TLS by a certificate and its key.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn web(
        host: &Host,
        name: &str,
        listens: &[Listen],
        (certificate, key): &(PathBuf, PathBuf),
    ) -> Self {
        let folder = host.folder().join(name);
        std::fs::create_dir_all(&folder).expect("a folder for nginx");
        let at = folder.display();
        let tls = format!(
            "ssl_certificate {}; ssl_certificate_key {};",
            certificate.display(),
            key.display()
        );
        let servers: String = listens
            .iter()
            .map(|Listen { address, port, tls: encrypted }| {
                let (ssl, keys) = if *encrypted { (" ssl", tls.as_str()) } else { ("", "") };
                format!(
                    "  server {{ listen {address}:{port}{ssl}; {keys} location / {{ return 200 \"hello from {}\\n\"; }} }}\n",
                    host.name()
                )
            })
            .collect();
        let config = format!(
            "daemon off;\nmaster_process off;\nuser root;\npid {at}/pid;\nerror_log {at}/error.log;\n\
             events {{}}\nhttp {{\n  access_log off;\n  client_body_temp_path {at}/b;\n  \
             proxy_temp_path {at}/p;\n  fastcgi_temp_path {at}/f;\n  uwsgi_temp_path {at}/u;\n  \
             scgi_temp_path {at}/s;\n{servers}}}\n"
        );
        let path = folder.join("nginx.conf");
        std::fs::write(&path, config).expect("nginx.conf");
        let mut command = host.command(&find("nginx").expect("nginx is installed"));
        command.arg("-c").arg(&path).arg("-e").arg(folder.join("error.log"));
        let daemon = Self::start(host, command);
        for Listen { address, port, .. } in listens {
            daemon.answers(address, *port);
        }
        daemon
    }

    /// nginx that passes on what comes for `/push/` to a console on this host's loopback, as a proxy before it would.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn passes_on_pushes(host: &Host, address: &str, port: u16) -> Self {
        let folder = host.folder().join("proxy");
        std::fs::create_dir_all(&folder).expect("a folder for nginx");
        let at = folder.display();
        let config = format!(
            "daemon off;\nmaster_process off;\nuser root;\npid {at}/pid;\nerror_log {at}/error.log;\n\
             events {{}}\nhttp {{\n  access_log off;\n  client_body_temp_path {at}/b;\n  \
             proxy_temp_path {at}/p;\n  fastcgi_temp_path {at}/f;\n  uwsgi_temp_path {at}/u;\n  \
             scgi_temp_path {at}/s;\n  server {{ listen {address}:{port}; \
             location /push/ {{ proxy_pass http://127.0.0.1:8480; }} }}\n}}\n"
        );
        let path = folder.join("nginx.conf");
        std::fs::write(&path, config).expect("nginx.conf");
        let mut command = host.command(&find("nginx").expect("nginx is installed"));
        command.arg("-c").arg(&path).arg("-e").arg(folder.join("error.log"));
        let daemon = Self::start(host, command);
        daemon.answers(address, port);
        daemon
    }

    /// unbound with `name` as an A record with `record`, on port 53; and `big.name` as a TXT record that
    /// no datagram holds.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn unbound(host: &Host, address: &str, name: &str, record: &str) -> Self {
        let big = vec![format!("\"{}\"", "x".repeat(250)); 8].join(" ");
        let data = [
            format!("local-zone: \"{name}.\" static"),
            format!("local-data: \"{name}. A {record}\""),
            format!("local-data: 'big.{name}. TXT {big}'"),
        ];
        Self::names(host, address, &data)
    }

    /// unbound with this data, on port 53.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn names(host: &Host, address: &str, data: &[String]) -> Self {
        let path = host.folder().join("unbound.conf");
        let config = format!(
            "server:\n  interface: {address}\n  do-daemonize: no\n  chroot: \"\"\n  username: \"\"\n  \
             pidfile: \"{}/unbound.pid\"\n  use-syslog: no\n  logfile: \"{}/unbound.log\"\n  \
             access-control: 0.0.0.0/0 allow\n  {}\nremote-control:\n  control-enable: no\n",
            host.folder().display(),
            host.folder().display(),
            data.join("\n  ")
        );
        std::fs::write(&path, config).expect("unbound.conf");
        let mut command = host.command(&find("unbound").expect("unbound is installed"));
        command.arg("-c").arg(&path);
        let daemon = Self::start(host, command);
        daemon.answers(address, 53);
        daemon
    }

    /// Alertmanager on port 9093 of this host's loopback, telling nobody.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn alertmanager(host: &Host) -> Self {
        let folder = host.folder().join("alertmanager");
        std::fs::create_dir_all(&folder).expect("a folder for alertmanager");
        let config = folder.join("config.yml");
        std::fs::write(&config, "route: { receiver: nobody }\nreceivers: [ { name: nobody } ]\n")
            .expect("config.yml");
        let program = find("prometheus-alertmanager").expect("alertmanager is installed");
        let mut command = host.command(&program);
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.path={}", folder.join("data").display()))
            .args(["--web.listen-address=127.0.0.1:9093", "--cluster.listen-address="]);
        let daemon = Self::start(host, command);
        daemon.answers("127.0.0.1", 9093);
        daemon
    }

    fn start(host: &Host, mut command: std::process::Command) -> Self {
        let log = std::fs::File::create(host.folder().join("daemon.log")).expect("a log");
        let child: Child = command
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .stdin(Stdio::null())
            .spawn()
            .expect("the daemon is installed");
        Self { host: host.clone(), process: host.keep(child) }
    }

    fn answers(&self, address: &str, port: u16) {
        let at: SocketAddr = format!("{address}:{port}").parse().expect("an address");
        wait(&format!("{at} on {}", self.host.name()), || {
            self.host.inside(|| TcpStream::connect(at).ok())
        });
    }

    /// Kills it with SIGKILL.
    pub fn kill(self) {
        self.host.kill(self.process);
    }
}

/// A real Postfix that delivers what it takes into a mailbox of files.
pub struct Mailbox {
    folder: PathBuf,
    log: PathBuf,
}

impl Mailbox {
    /// Postfix on port 25 of this host, taking mail for `example.net`.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn postfix(host: &Host, address: &str) -> Self {
        Self::start(host, address, "", "")
    }

    /// The same with STARTTLS on port 25 and TLS from the first byte on port 465, by a certificate and its key.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn postfix_over_tls(
        host: &Host,
        address: &str,
        (certificate, key): &(PathBuf, PathBuf),
    ) -> Self {
        let main = format!(
            "smtpd_tls_security_level = may\nsmtpd_tls_cert_file = {}\nsmtpd_tls_key_file = {}\n",
            certificate.display(),
            key.display()
        );
        let master = "smtps inet n - n - - smtpd -o smtpd_tls_wrappermode=yes\n\
                      tlsmgr unix - - n 1000? 1 tlsmgr\n";
        Self::start(host, address, &main, master)
    }

    fn start(host: &Host, address: &str, more_main: &str, more_master: &str) -> Self {
        let base = host.folder().join("postfix");
        let (config, queue, data, mail) =
            (base.join("config"), base.join("queue"), base.join("data"), base.join("mail"));
        for folder in [&config, &queue, &data, &mail] {
            std::fs::create_dir_all(folder).expect("a folder for postfix");
        }
        let open = std::os::unix::fs::PermissionsExt::from_mode;
        for folder in [host.folder(), host.folder().parent().expect("the lab's"), &base] {
            std::fs::set_permissions(folder, open(0o755)).expect("postfix reads its folders");
        }
        crate::namespace::run(&["chown", "nobody", &mail.to_string_lossy()]);
        crate::namespace::run(&["chown", "postfix", &data.to_string_lossy()]);
        let main = format!(
            "compatibility_level = 3.6\nqueue_directory = {}\ndata_directory = {}\n\
             maillog_file = {}/log\nmaillog_file_prefixes = {}\nmyhostname = mail.example.net\n\
             mydestination =\ninet_interfaces = {address}\ninet_protocols = ipv4\nmynetworks = 0.0.0.0/0\n\
             virtual_mailbox_domains = example.net\nvirtual_mailbox_base = {}\n\
             virtual_mailbox_maps = static:box/\nvirtual_uid_maps = static:65534\n\
             virtual_gid_maps = static:65534\nsmtpd_recipient_restrictions = permit_mynetworks,reject\n\
             alias_maps =\nalias_database =\nsmtputf8_enable = no\n{more_main}",
            queue.display(),
            data.display(),
            base.display(),
            base.display(),
            mail.display()
        );
        std::fs::write(config.join("main.cf"), main).expect("main.cf");
        let master = "\
smtp      inet  n  -  n  -  -  smtpd
pickup    unix  n  -  n  60 1  pickup
cleanup   unix  n  -  n  -  0  cleanup
qmgr      unix  n  -  n  300 1 qmgr
rewrite   unix  -  -  n  -  -  trivial-rewrite
bounce    unix  -  -  n  -  0  bounce
defer     unix  -  -  n  -  0  bounce
trace     unix  -  -  n  -  0  bounce
verify    unix  -  -  n  -  1  verify
proxymap  unix  -  -  n  -  -  proxymap
error     unix  -  -  n  -  -  error
retry     unix  -  -  n  -  -  error
virtual   unix  -  n  n  -  -  virtual
anvil     unix  -  -  n  -  1  anvil
postlog   unix-dgram n - n - 1 postlogd
";
        let master = format!("{master}{more_master}");
        std::fs::write(config.join("master.cf"), master).expect("master.cf");
        let postfix = find("postfix").expect("postfix is installed");
        let output = host
            .command(&postfix)
            .arg("-c")
            .arg(&config)
            .arg("start")
            .output()
            .expect("postfix is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let at: SocketAddr = format!("{address}:25").parse().expect("an address");
        wait("postfix", || host.inside(|| TcpStream::connect(at).ok()));
        Self { folder: mail.join("box/new"), log: base.join("log") }
    }

    /// What it has written into its log.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// All messages that were delivered, oldest first.
    #[must_use]
    pub fn messages(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return Vec::new() };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        let read = paths.iter().filter_map(|path| std::fs::read_to_string(path).ok());
        // Long lines were folded on their way (quoted-printable, RFC 2045).
        read.map(|message| message.replace("=\n", "")).collect()
    }
}
