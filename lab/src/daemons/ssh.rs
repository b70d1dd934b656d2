//! OpenSSH's server.

use super::{Daemon, find};
use crate::namespace::{Host, run};

impl Daemon {
    /// sshd on port 22, which nobody can log in to.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn sshd(host: &Host, address: &str) -> Self {
        let folder = host.folder().join("sshd");
        std::fs::create_dir_all(&folder).expect("a folder for sshd");
        // Debian's unit makes this one; without it sshd does not start.
        std::fs::create_dir_all("/run/sshd").expect("the folder of its unprivileged part");
        let key = folder.join("key");
        run(&["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", &key.to_string_lossy()]);
        let config = format!(
            "ListenAddress {address}:22\nHostKey {}\nPidFile none\nUsePAM no\nAllowUsers nobody\n\
             PasswordAuthentication no\nLogLevel VERBOSE\n",
            key.display()
        );
        let path = folder.join("sshd_config");
        std::fs::write(&path, config).expect("sshd_config");
        let mut command = host.command(&find("sshd").expect("openssh-server is installed"));
        command.args(["-D", "-e", "-f"]).arg(&path);
        let daemon = Self::start(host, command);
        daemon.answers(address, 22);
        daemon
    }
}
