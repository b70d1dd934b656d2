//! Debian packages that the tests need: installed when we may, named when we may not.

use anyhow::{Result, bail};
use std::path::Path;
use std::process::{Command, Stdio};

/// Package, and a program by which it is known to be there.
const NEEDED: &[(&str, &str)] = &[
    ("nginx-light", "nginx"),
    ("bird2", "bird"),
    ("faketime", "faketime"),
    ("unbound", "unbound"),
    ("postfix", "postfix"),
    ("snmpd", "snmpd"),
    ("chrony", "chronyd"),
    ("monitoring-plugins-basic", "/usr/lib/nagios/plugins/check_dummy"),
    ("prometheus-alertmanager", "prometheus-alertmanager"),
    ("victoria-metrics", "victoria-metrics"),
    ("prometheus-blackbox-exporter", "prometheus-blackbox-exporter"),
    ("openssh-server", "sshd"),
    ("dovecot-imapd", "dovecot"),
    ("redis-server", "redis-server"),
    ("lldpd", "lldpd"),
    ("openssh-client", "ssh-keygen"),
    ("postgresql-15", "/usr/lib/postgresql/15/bin/postgres"),
    ("mariadb-server", "mariadbd"),
    ("iproute2", "ip"),
    ("procps", "sysctl"),
    ("nftables", "nft"),
    ("chromium", "chromium"),
    ("nodejs", "node"),
    ("npm", "npm"),
    ("gcc", "cc"),
    ("binutils", "strip"),
    ("man-db", "man"),
    ("systemd", "systemd-analyze"),
    ("lintian", "lintian"),
    ("mmdebstrap", "mmdebstrap"),
];

/// Whether this program is on the machine.
pub(crate) fn has(program: &str) -> bool {
    ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"]
        .iter()
        .any(|folder| Path::new(folder).join(program).exists())
        || std::env::var_os("PATH")
            .is_some_and(|path| std::env::split_paths(&path).any(|at| at.join(program).exists()))
}

/// Whether we may install packages here.
pub(crate) fn may_install() -> bool {
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.starts_with(b"0\n"));
    root && has("apt-get")
}

/// Installs what is missing. Without the right to, says what to install.
pub(crate) fn install() -> Result<()> {
    let missing: Vec<&str> =
        NEEDED.iter().filter(|(_, program)| !has(program)).map(|(package, _)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !may_install() {
        bail!("these Debian packages are missing: apt-get install {}", missing.join(" "));
    }
    println!("installing {}", missing.join(" "));
    apt(&missing)
}

/// Installs these packages, without starting their services.
pub(crate) fn apt(packages: &[&str]) -> Result<()> {
    let script = "apt-get -q update && apt-get -qy install --no-install-recommends \"$@\"";
    let status = Command::new("sh")
        .args(["-c", script, "sh"])
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive")
        // invoke-rc.d: policy-rc.d would be a file left behind; this is only for this one run.
        .env("RUNLEVEL", "1")
        .stdin(Stdio::null())
        .status()?;
    if !status.success() {
        bail!("apt-get could not install {}", packages.join(" "));
    }
    Ok(())
}
