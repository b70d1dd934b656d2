//! The configuration: a file of `key = value` lines that only its owner may read.
//!
//! It decides what the agent may do, whoever the server is. Everything that is wrong with it is told at
//! once, each with its line, and nothing runs on a half of it. Tested on texts.

pub(crate) mod alerts;

use crate::permit::Permit;
use alerts::Alerts;
use blackstart_model::check::CheckKind;
use blackstart_probe::plugins::PluginStore;
use blackstart_probe::secrets::is_open_to_others;
use blackstart_probe::wire::v1::Token;
use std::collections::BTreeMap;
use std::fmt;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The longest file, bytes: it has two dozen keys.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// The longest name of an agent, and the longest token, bytes: both go into the first frame.
const NAME_BYTES_MAX: usize = 200;
const TOKEN_BYTES_MAX: usize = 1_000;

const KEYS: &[&str] =
    &["server", "agent", "token", "fingerprint", "allow", "spool", "secrets", "roots", "plugins"];

/// What the agent runs by.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Config {
    /// `host:port` of the server.
    pub(crate) server: String,
    /// The name it was enrolled under.
    pub(crate) agent: String,
    pub(crate) token: Token,
    /// SHA-256 of the server's certificate.
    pub(crate) fingerprint: [u8; 32],
    pub(crate) permit: Permit,
    /// The folder of the spool.
    pub(crate) spool: PathBuf,
    /// The file of secrets.
    pub(crate) secrets: Option<PathBuf>,
    /// How it alerts by itself.
    pub(crate) alerts: Alerts,
    /// The file of plugins.
    pub(crate) plugins: PluginStore,
}

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Complaint {
    /// Counted from 1; `None` when it is about the whole file.
    line: Option<usize>,
    words: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.words),
            None => f.write_str(&self.words),
        }
    }
}

/// Reads the file.
pub(crate) fn read(path: &Path) -> Result<Config, Vec<Complaint>> {
    let whole = |words: String| Complaint { line: None, words };
    let opened = std::fs::File::open(path).and_then(|file| {
        let mode = file.metadata()?.permissions().mode();
        let mut text = String::new();
        file.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
        Ok((mode, text))
    });
    let (mode, text) =
        opened.map_err(|error| vec![whole(format!("could not be read: {error}"))])?;
    let parsed = parse(&text);
    if !is_open_to_others(path, mode) {
        return parsed;
    }
    let open = whole(format!("others may read the token (mode {:o}): chmod 600", mode & 0o777));
    Err(std::iter::once(open).chain(parsed.err().unwrap_or_default()).collect())
}

fn parse(text: &str) -> Result<Config, Vec<Complaint>> {
    let mut complaints = Vec::new();
    let mut values: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let complain = |words| Complaint { line: Some(number), words };
        let Some((key, value)) = line.split_once('=') else {
            complaints.push(complain("not of the form `key = value`".to_owned()));
            continue;
        };
        let (key, value) = (key.trim(), value.trim());
        if !KEYS.contains(&key) && !alerts::KEYS.contains(&key) {
            let shown = key.chars().take(40).collect::<String>();
            let known = [KEYS, alerts::KEYS].concat().join(", ");
            let words = format!("`{shown}` is no key; the keys are {known}");
            complaints.push(complain(words));
        } else if let Some((first, _)) = values.get(key) {
            complaints.push(complain(format!("`{key}` stands in line {first} already")));
        } else {
            values.insert(key, (number, value));
        }
    }
    let mut reading = Reading { values, complaints };
    let server = reading.required("server", address);
    let agent = reading.required("agent", |text| bounded(text, NAME_BYTES_MAX));
    let token = reading.required("token", |text| bounded(text, TOKEN_BYTES_MAX).map(Token));
    let fingerprint = reading.required("fingerprint", fingerprint);
    let kinds = reading.required("allow", kinds);
    let spool = reading.optional("spool", absolute);
    let secrets = reading.optional("secrets", absolute);
    let roots = reading.optional("roots", roots);
    let alerts = alerts::read(&mut reading);
    let plugins = reading.optional("plugins", plugins).unwrap_or_default();
    match (server, agent, token, fingerprint, kinds) {
        (Some(server), Some(agent), Some(token), Some(fingerprint), Some(kinds))
            if reading.complaints.is_empty() =>
        {
            let permit = Permit { kinds, roots: roots.unwrap_or_default() };
            let spool = spool.unwrap_or_else(|| PathBuf::from("/var/lib/blackstart-agent"));
            Ok(Config {
                server,
                agent,
                token,
                fingerprint,
                permit,
                spool,
                secrets,
                alerts,
                plugins,
            })
        }
        _ => {
            reading.complaints.sort_by_key(|complaint| complaint.line);
            Err(reading.complaints)
        }
    }
}

/// The lines of the file, and what is wrong with them.
struct Reading<'a> {
    values: BTreeMap<&'a str, (usize, &'a str)>,
    complaints: Vec<Complaint>,
}

impl Reading<'_> {
    fn optional<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let (line, value) = *self.values.get(key)?;
        let complain = |why| Complaint { line: Some(line), words: format!("`{key}`: {why}") };
        read(value).map_err(|why| self.complaints.push(complain(why))).ok()
    }

    /// Whether a key is there.
    fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// A key makes no sense without another.
    fn misses(&mut self, one: &str, other: &str) {
        let (given, missing) = if self.has(one) { (one, other) } else { (other, one) };
        let line = self.values.get(given).map(|(line, _)| *line);
        let words = format!("`{given}` needs `{missing}` besides");
        self.complaints.push(Complaint { line, words });
    }

    fn required<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        if !self.values.contains_key(key) {
            let words = format!("`{key}` is missing: `blackstart enroll` prints it");
            self.complaints.push(Complaint { line: None, words });
        }
        self.optional(key, read)
    }
}

fn address(text: &str) -> Result<String, String> {
    let port = |text: &str| text.parse::<u16>().is_ok_and(|port| port > 0);
    match text.rsplit_once(':') {
        Some((host, digits)) if !host.is_empty() && port(digits) => Ok(text.to_owned()),
        _ => Err("not of the form `host:port`".to_owned()),
    }
}

fn bounded(text: &str, bytes_max: usize) -> Result<String, String> {
    // The value is not shown: it may be the token.
    if text.is_empty() || text.len() > bytes_max || text.contains(char::is_whitespace) {
        return Err(format!("has to be 1 to {bytes_max} bytes without blanks"));
    }
    Ok(text.to_owned())
}

/// With or without colons between the bytes, as `openssl x509 -fingerprint -sha256` prints it.
fn fingerprint(text: &str) -> Result<[u8; 32], String> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| *c != ':')
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()
        .unwrap_or_default();
    let bytes: Vec<u8> =
        digits.chunks(2).map(|two| two.iter().fold(0, |b, d| b << 4 | d)).collect();
    <[u8; 32]>::try_from(bytes)
        .ok()
        .filter(|_| digits.len() == 64)
        .ok_or_else(|| "not the 64 hexadecimal digits of a SHA-256".to_owned())
}

fn kinds(text: &str) -> Result<Vec<CheckKind>, String> {
    let mut kinds = Vec::new();
    for word in text.split([' ', '\t', ',']).filter(|word| !word.is_empty()) {
        let kind = CheckKind::parse(word).ok_or_else(|| {
            let known =
                CheckKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
            format!("`{}` is no kind of check; known are {known}", word.escape_debug())
        })?;
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    if kinds.is_empty() { Err("allows nothing".to_owned()) } else { Ok(kinds) }
}

fn absolute(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.is_absolute() { Ok(path) } else { Err("has to be an absolute path".to_owned()) }
}

fn plugins(text: &str) -> Result<PluginStore, String> {
    let store = PluginStore { file: Some(absolute(text)?) };
    let complaints = store.complaints();
    if complaints.is_empty() { Ok(store) } else { Err(complaints.join("; ")) }
}

fn roots(text: &str) -> Result<Vec<String>, String> {
    let paths = text.split(':').map(str::trim).filter(|path| !path.is_empty());
    paths.map(|path| absolute(path).map(|_| path.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENROLLED: &str = "# as `blackstart enroll` prints it\n\
        server = blackstart.example:8482\n\
        agent = probe-fra\n\
        token = 0123abcd\n\
        fingerprint = 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n\
        allow = http tcp icmp dns\n";

    fn complaints(text: &str) -> Vec<String> {
        parse(text).expect_err("it is wrong").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_enroll_prints_is_enough() {
        let config = parse(ENROLLED).expect("it is whole");
        assert_eq!(config.server, "blackstart.example:8482");
        assert_eq!(
            config.permit.kinds,
            [CheckKind::Http, CheckKind::Tcp, CheckKind::Icmp, CheckKind::Dns]
        );
        assert_eq!(config.fingerprint[1], 0x11);
        assert_eq!(config.spool, Path::new("/var/lib/blackstart-agent"));
        let more = format!("{ENROLLED}spool=/srv/spool\nroots = /etc/a.pem:/etc/b.pem\n");
        let config = parse(&more).expect("it is whole");
        assert_eq!(config.permit.roots, ["/etc/a.pem", "/etc/b.pem"]);
        assert!(!format!("{config:?}").contains("0123abcd"), "the token is in no log");
    }

    #[test]
    fn a_fingerprint_may_be_written_as_openssl_prints_it() {
        let colons = ["AB"; 32].join(":");
        assert_eq!(fingerprint(&colons), Ok([0xab; 32]));
        assert!(fingerprint(&colons[..colons.len() - 1]).is_err());
        assert!(fingerprint(&["0g"; 32].concat()).is_err());
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let text = "server = nowhere\nagent = a\nagent = b\nallow = http gopher\nspool = here\n\
            colour = blue\nnoise\ntoken = two words\n";
        let told = complaints(text);
        let found = |words: &str| told.iter().any(|told| told.contains(words));
        assert!(found("`fingerprint` is missing"), "{told:?}");
        assert!(found("line 1: `server`"), "{told:?}");
        assert!(found("line 3: `agent` stands in line 2 already"), "{told:?}");
        assert!(found("line 4: `allow`: `gopher` is no kind of check"), "{told:?}");
        assert!(found("line 5: `spool`"), "{told:?}");
        assert!(found("line 6: `colour` is no key"), "{told:?}");
        assert!(found("line 7: not of the form"), "{told:?}");
        assert!(found("line 8: `token`"), "{told:?}");
        assert!(!found("two words"), "no token is shown");
    }

    #[test]
    fn the_alerts_of_the_page_are_read() {
        let page = include_str!("../../../docs/agent.md");
        let block =
            page.split("```").find(|block| block.contains("alert_after =")).expect("an example");
        let config = parse(&format!("{ENROLLED}{block}")).expect("it is whole");
        let ways: Vec<String> = config.alerts.ways.iter().map(ToString::to_string).collect();
        assert_eq!(ways, ["mail to oncall@example.net", "ntfy", "command"]);
        assert_eq!((config.alerts.after.as_secs(), config.alerts.way_out.len()), (300, 2));
        for key in alerts::KEYS {
            assert!(page.contains(&format!("`{key}`")), "{key} is not documented");
        }
    }

    #[test]
    fn half_a_way_to_tell_is_complained_of() {
        let more = "alert_mail = a@example.net\nalert_after = 1 s\nalert_webhook_token = t\n\
            alert_ntfy = https://ntfy.example/\nalert_command = page --core\nalert_way_out = nowhere\n\
            alert_mail_user = a\nalert_every = often\n";
        let told = complaints(&format!("{ENROLLED}{more}"));
        let found = |words: &str| {
            assert!(told.iter().any(|told| told.contains(words)), "{words}: {told:?}")
        };
        found("line 7: `alert_mail` needs `alert_mail_relay` besides");
        found("line 7: `alert_mail` needs `alert_mail_from` besides");
        found("line 8: `alert_after`: has to be from 5 s to 7 d");
        found("line 9: `alert_webhook_token` needs `alert_webhook` besides");
        found("line 10: `alert_ntfy`: does not end in a topic");
        found("line 11: `alert_command`: has to begin with the absolute path of a program");
        found("line 12: `alert_way_out`: `nowhere` is not of the form `host:port`");
        found("line 13: `alert_mail_user` needs `alert_mail_password` besides");
        found("line 14: `alert_every`: has to be a number with");
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.conf");
        std::fs::write(&path, ENROLLED).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let told = read(&path).expect_err("others may read it");
        assert!(told[0].to_string().contains("(mode 640): chmod 600"), "{told:?}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(read(&path).is_ok());
    }
}
