//! What a server's packets say, read with limits: the greeting, a refusal, fields.
//!
//! Only slices are read, and what is not there is `None`: no length is believed before it is there.
//! Tested here on packets as servers send them, and on every shorter one.

use blackstart_model::observation::{NoAnswerCode, Outcome, SymptomCode};

/// Capabilities, by the names of the manuals without their prefix `CLIENT_`.
pub(super) mod capability {
    /// `LONG_PASSWORD`, which MariaDB reads as "not its own extensions".
    pub(in super::super) const LONG_PASSWORD: u32 = 1;
    pub(in super::super) const CONNECT_WITH_DB: u32 = 1 << 3;
    pub(in super::super) const PROTOCOL_41: u32 = 1 << 9;
    /// `SSL`.
    pub(in super::super) const TLS: u32 = 1 << 11;
    /// `SECURE_CONNECTION`: a proof with its length in one byte.
    pub(in super::super) const SECURE_CONNECTION: u32 = 1 << 15;
    pub(in super::super) const PLUGIN_AUTH: u32 = 1 << 19;
}

/// Bytes of the text that a proof is made with.
const SCRAMBLE_BYTES: usize = 20;

/// Reads one field after another.
pub(super) struct Fields<'p>(pub(super) &'p [u8]);

impl<'p> Fields<'p> {
    pub(super) fn bytes(&mut self, count: usize) -> Option<&'p [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// A little-endian number of so many bytes, at most eight.
    pub(super) fn number(&mut self, bytes: usize) -> Option<u64> {
        let taken = self.bytes(bytes)?;
        Some(taken.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    /// A text that a zero byte ends.
    pub(super) fn text(&mut self) -> Option<&'p [u8]> {
        let end = self.0.iter().position(|&byte| byte == 0)?;
        let taken = self.bytes(end)?;
        self.bytes(1)?;
        Some(taken)
    }

    /// A number whose length its first byte tells; `0xfb` and `0xff` are none.
    pub(super) fn length(&mut self) -> Option<u64> {
        match self.number(1)? {
            0xfc => self.number(2),
            0xfd => self.number(3),
            0xfe => self.number(8),
            0xfb | 0xff => None,
            short => Some(short),
        }
    }
}

/// The first packet of a server.
#[derive(Debug)]
pub(super) struct Greeting {
    /// As `10.11.6-MariaDB-0+deb12u1`.
    pub(super) version: String,
    pub(super) capabilities: u32,
    pub(super) scramble: Vec<u8>,
    /// The method it would have a login use.
    pub(super) plugin: String,
}

impl Greeting {
    /// `None` when it is no greeting of version 10.
    pub(super) fn read(packet: &[u8]) -> Option<Self> {
        let mut fields = Fields(packet);
        if fields.number(1)? != 10 {
            return None;
        }
        let version = String::from_utf8_lossy(fields.text()?).into_owned();
        fields.bytes(4)?; // the session's number
        let mut scramble = fields.bytes(8)?.to_vec();
        fields.bytes(1)?;
        let low = fields.number(2)?;
        fields.bytes(3)?; // character set and status
        let high = fields.number(2)?;
        let length = usize::try_from(fields.number(1)?).ok()?;
        fields.bytes(10)?;
        let rest = fields.bytes(length.saturating_sub(8).max(13))?;
        scramble.extend(rest.iter().take(SCRAMBLE_BYTES - 8));
        let plugin = fields.text().unwrap_or(fields.0);
        let capabilities = u32::try_from(high << 16 | low).ok()?;
        let plugin = String::from_utf8_lossy(plugin).into_owned();
        Some(Self { version, capabilities, scramble, plugin })
    }

    pub(super) fn is_mariadb(&self) -> bool {
        self.version.contains("MariaDB")
    }
}

/// An error as the server tells it.
#[derive(Debug)]
pub(super) struct Refusal {
    number: u16,
    words: String,
}

impl Refusal {
    /// Reads the packet behind its `0xff`.
    pub(super) fn read(packet: &[u8]) -> Option<Self> {
        let mut fields = Fields(packet);
        let number = u16::try_from(fields.number(2)?).ok()?;
        // Before there is a session the state of SQL is left out.
        let words = match fields.0 {
            [b'#', _, _, _, _, _, words @ ..] => words,
            words => words,
        };
        Some(Self { number, words: String::from_utf8_lossy(words).into_owned() })
    }

    /// It refuses an account, not the question: who does that takes sessions.
    pub(super) const fn is_of_the_account(&self) -> bool {
        matches!(self.number, 1045 | 1130 | 1251 | 1524 | 1698 | 3118 | 3159 | 4151)
    }

    /// The server's own time for a statement was over.
    pub(super) const fn is_of_time(&self) -> bool {
        matches!(self.number, 1317 | 1969 | 3024)
    }

    /// What it says about whom; what is not known by its number is `otherwise`. The numbers are those of
    /// both manuals ("Server Error Reference", "MariaDB Error Code Reference").
    pub(super) fn outcome(&self, otherwise: SymptomCode) -> Outcome {
        use SymptomCode::{NoDatabase, NotAccepting, TooManyConnections, WrongLogin};
        let Self { number, words } = self;
        let detail = format!("{number} {words}");
        let down = |code| Outcome::down(code, detail.clone());
        let ours = |code| Outcome::unknown(code, detail.clone());
        match number {
            1040 | 1203 | 1226 => down(TooManyConnections),
            1053 | 1927 => down(NotAccepting),
            1045 | 1130 | 1698 | 1820 | 1862 | 3118 | 4151 => down(WrongLogin),
            1049 => down(NoDatabase),
            // Shut out for the broken handshakes of others on this host; not allowed; would write.
            1129 | 1044 | 1142 | 1143 | 1227 | 1290 | 1370 | 1792 | 3948 | 4166 => {
                ours(NoAnswerCode::NoPermission)
            }
            // No SQL; a method or a way we cannot use; no time limit for statements.
            1064 | 1193 | 1251 | 1524 | 3159 => ours(NoAnswerCode::NotEquipped),
            _ => down(otherwise),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greeting() -> Vec<u8> {
        let mut packet = b"\x0a5.5.5-10.11.6-MariaDB\0".to_vec();
        packet.extend_from_slice(&7_u32.to_le_bytes());
        packet.extend_from_slice(b"12345678\0\xfe\xf7\x2d\x02\x00\xff\x81\x15");
        packet.extend_from_slice(&[0; 10]);
        packet.extend_from_slice(b"abcdefghijkl\0mysql_native_password\0");
        packet
    }

    #[test]
    fn a_greeting_is_read_and_a_part_of_one_is_none() {
        let whole = greeting();
        let read = Greeting::read(&whole).unwrap();
        assert!(read.is_mariadb());
        assert_eq!(read.scramble, b"12345678abcdefghijkl");
        assert_eq!(read.plugin, "mysql_native_password");
        assert_eq!(read.capabilities, 0x81ff_f7fe);
        let scrambled = whole.len() - "mysql_native_password\0".len();
        for end in 0..scrambled {
            assert!(Greeting::read(&whole[..end]).is_none(), "{end}");
        }
        assert!(Greeting::read(b"SSH-2.0-OpenSSH_9.2\r\n").is_none());
    }

    #[test]
    fn a_refusal_has_its_state_left_out_before_a_session() {
        let early = Refusal::read(b"\x10\x04Too many connections").unwrap();
        let outcome = early.outcome(SymptomCode::QueryFailed).to_string();
        assert_eq!(outcome, "down(too-many-connections: 1040 Too many connections)");
        let later = Refusal::read(b"\x19\x04#42000Unknown database 'x'").unwrap();
        let outcome = later.outcome(SymptomCode::QueryFailed).to_string();
        assert_eq!(outcome, "down(no-database: 1049 Unknown database 'x')");
    }

    #[test]
    fn a_length_is_as_long_as_its_first_byte_says() {
        let lengths = [
            (&b"\xfa"[..], Some(250)),
            (b"\xfc\x01\x02", Some(0x0201)),
            (b"\xfd\x01\x02\x03", Some(0x03_0201)),
            (b"\xfe\x01\0\0\0\0\0\0\x80", Some(0x8000_0000_0000_0001)),
            (b"\xfb", None),
            (b"\xff", None),
            (b"\xfc\x01", None),
            (b"", None),
        ];
        for (bytes, length) in lengths {
            assert_eq!(Fields(bytes).length(), length, "{bytes:?}");
        }
    }
}
