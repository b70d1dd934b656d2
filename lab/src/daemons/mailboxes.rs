//! Dovecot, as a mailbox server.

use super::{Daemon, find};
use crate::namespace::Host;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

impl Daemon {
    /// Dovecot with IMAP on port 143 with STARTTLS and on port 993 with TLS from the first byte, by a
    /// certificate and its key. Nobody has a mailbox.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn dovecot(host: &Host, address: &str, (certificate, key): &(PathBuf, PathBuf)) -> Self {
        let folder = host.folder().join("dovecot");
        std::fs::create_dir_all(&folder).expect("a folder for dovecot");
        // Its parts run as users of their own, in folders below.
        let open = std::fs::Permissions::from_mode(0o755);
        for folder in [host.folder(), host.folder().parent().expect("the lab's"), &folder] {
            std::fs::set_permissions(folder, open.clone()).expect("dovecot reads its folders");
        }
        let at = folder.display();
        let config = format!(
            "base_dir = {at}/run\nstate_dir = {at}/state\nlog_path = {at}/log\nprotocols = imap\n\
             listen = {address}\nssl = yes\nssl_cert = <{}\nssl_key = <{}\ndisable_plaintext_auth = yes\n\
             default_vsz_limit = 0\npassdb {{\n  driver = static\n  args = nopassword=n password=none\n}}\n\
             userdb {{\n  driver = static\n  args = uid=nobody gid=nogroup home={at}\n}}\n",
            certificate.display(),
            key.display()
        );
        let path = folder.join("dovecot.conf");
        std::fs::write(&path, config).expect("dovecot.conf");
        let mut command = host.command(&find("dovecot").expect("dovecot-imapd is installed"));
        command.args(["-F", "-c"]).arg(&path);
        let daemon = Self::start(host, command);
        daemon.answers(address, 143);
        daemon
    }
}
