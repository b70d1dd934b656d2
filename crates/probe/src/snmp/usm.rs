//! The User-based Security Model of SNMP v3: whose message it is, and that nobody changed or read it (RFC 3414; AES by
//! RFC 3826, SHA-2 by RFC 7860).
//!
//! MD5 and DES are not there: RFC 8996 and RFC 6151 say why of MD5, and DES is broken by trying. Nor is SHA-224, which
//! the TLS provider we have anyway does not come with. Keys are made of a password by a megabyte of hashing, a few
//! milliseconds, and kept as long as password and engine stay the same. Tested on the vectors of the RFCs, and against
//! Net-SNMP.

use super::ber::{self, Reader};
use super::pdu::Pdu;
use aes::Aes128;
use aes::cipher::{BlockEncrypt as _, KeyInit as _};
use blackstart_model::check::SnmpHash;
use ring::{digest, hmac};
use std::ops::Range;

/// The message is authenticated, is encrypted, and wants a report when it cannot be answered (RFC 3412, section 6.4).
const AUTHENTICATED: u8 = 1;
const ENCRYPTED: u8 = 2;
const REPORTABLE: u8 = 4;

/// The version number of SNMP v3 in a message.
const VERSION: i64 = 3;

/// The User-based Security Model among all there are (RFC 3411, section 5).
const MODEL: i64 = 3;

/// The longest answer that we take, bytes.
const MESSAGE_BYTES_MAX: i64 = super::MESSAGE_BYTES_MAX as i64;

/// How much of a password's repetition is hashed (RFC 3414, section A.2).
const STRETCHED_BYTES: usize = 1 << 20;

/// What an engine says of itself: its clock, and how often it has been started.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct EngineTime {
    pub(super) boots: u32,
    pub(super) time: u32,
}

/// Keys that hold for one user at one engine.
#[derive(Clone)]
pub(super) struct Keys {
    hash: SnmpHash,
    auth: hmac::Key,
    privacy: Option<[u8; 16]>,
}

impl Keys {
    /// Of passwords, at this engine.
    pub(super) fn of(hash: SnmpHash, password: &str, privacy: Option<&str>, engine: &[u8]) -> Self {
        let auth = localized(hash, password, engine);
        let privacy = privacy.map(|password| {
            let key = localized(hash, password, engine);
            key.as_ref()[..16].try_into().expect("a hash has more than 16 bytes")
        });
        Self { hash, auth: hmac::Key::new(algorithm(hash), auth.as_ref()), privacy }
    }

    /// Bytes of the tag that goes with a message (RFC 3414, section 6; RFC 7860, section 4.2).
    const fn tag_bytes(&self) -> usize {
        match self.hash {
            SnmpHash::Sha1 => 12,
            SnmpHash::Sha256 => 24,
            SnmpHash::Sha384 => 32,
            SnmpHash::Sha512 => 48,
        }
    }

    /// The tag of a message in which the tag's own bytes are zero.
    fn tag(&self, message: &[u8]) -> Vec<u8> {
        hmac::sign(&self.auth, message).as_ref()[..self.tag_bytes()].to_vec()
    }
}

/// The key of a password at one engine (RFC 3414, sections 2.6 and A.2).
fn localized(hash: SnmpHash, password: &str, engine: &[u8]) -> digest::Digest {
    let algorithm = match hash {
        SnmpHash::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        SnmpHash::Sha256 => &digest::SHA256,
        SnmpHash::Sha384 => &digest::SHA384,
        SnmpHash::Sha512 => &digest::SHA512,
    };
    let mut stretched = digest::Context::new(algorithm);
    let mut left = STRETCHED_BYTES;
    while left > 0 {
        let part = &password.as_bytes()[..password.len().min(left)];
        stretched.update(part);
        left -= part.len();
    }
    let key = stretched.finish();
    digest::digest(algorithm, &[key.as_ref(), engine, key.as_ref()].concat())
}

const fn algorithm(hash: SnmpHash) -> hmac::Algorithm {
    match hash {
        SnmpHash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        SnmpHash::Sha256 => hmac::HMAC_SHA256,
        SnmpHash::Sha384 => hmac::HMAC_SHA384,
        SnmpHash::Sha512 => hmac::HMAC_SHA512,
    }
}

/// What goes with a request besides what is asked.
pub(super) struct Envelope<'a> {
    pub(super) message: i64,
    pub(super) engine: &'a [u8],
    pub(super) time: EngineTime,
    pub(super) user: &'a str,
    pub(super) keys: Option<&'a Keys>,
    /// Different for each message under one key (RFC 3826, section 3.1.2.1).
    pub(super) salt: u64,
}

impl Envelope<'_> {
    /// The message around this.
    pub(super) fn around(&self, pdu: &[u8]) -> Vec<u8> {
        let Self { message, engine, time, user, keys, salt } = self;
        let scoped = ber::element(
            ber::SEQUENCE,
            &[&ber::octets(engine)[..], &ber::octets(b""), pdu].concat(),
        );
        let privacy = keys.and_then(|keys| keys.privacy);
        let mut flags = REPORTABLE;
        if keys.is_some() {
            flags |= AUTHENTICATED;
        }
        let (data, salted) = match privacy {
            Some(key) => {
                flags |= ENCRYPTED;
                let salt = salt.to_be_bytes();
                let data = cipher(&key, *time, salt, &scoped, Direction::Encrypt);
                (ber::octets(&data), salt.to_vec())
            }
            None => (scoped, Vec::new()),
        };
        let tag = vec![0; keys.map_or(0, Keys::tag_bytes)];
        let header = ber::made_of(
            ber::SEQUENCE,
            &[
                ber::integer(*message),
                ber::integer(MESSAGE_BYTES_MAX),
                ber::octets(&[flags]),
                ber::integer(MODEL),
            ],
        );
        let security = ber::made_of(
            ber::SEQUENCE,
            &[
                ber::octets(engine),
                ber::integer(time.boots.into()),
                ber::integer(time.time.into()),
                ber::octets(user.as_bytes()),
                ber::octets(&tag),
                ber::octets(&salted),
            ],
        );
        let parts = [ber::integer(VERSION), header, ber::octets(&security), data];
        let mut whole = ber::made_of(ber::SEQUENCE, &parts);
        if let Some(keys) = keys {
            let tag = keys.tag(&whole);
            let place = Opened::of(&whole).expect("it was just written").tag;
            whole[place].copy_from_slice(&tag);
        }
        whole
    }
}

/// A message whose envelope has been read, and nothing of it believed.
#[derive(Debug)]
pub(super) struct Opened<'a> {
    whole: &'a [u8],
    pub(super) message: i64,
    flags: u8,
    pub(super) engine: &'a [u8],
    pub(super) time: EngineTime,
    user: &'a [u8],
    /// Where the tag stands.
    tag: Range<usize>,
    salt: &'a [u8],
    data: Reader<'a>,
}

impl<'a> Opened<'a> {
    /// Reads an envelope; `None` when it is none of SNMP v3.
    pub(super) fn of(whole: &'a [u8]) -> Option<Self> {
        let mut message = Reader::whole(whole)?;
        if message.integer()? != VERSION {
            return None;
        }
        let mut header = message.inside(ber::SEQUENCE)?;
        let number = header.integer()?;
        header.integer()?;
        let &[flags] = header.octets()? else { return None };
        if header.integer()? != MODEL {
            return None;
        }
        let mut security = message.inside(ber::OCTETS)?.inside(ber::SEQUENCE)?;
        let engine = security.octets()?;
        let boots = u32::try_from(security.integer()?).ok()?;
        let time = u32::try_from(security.integer()?).ok()?;
        let user = security.octets()?;
        let tag = security.inside(ber::OCTETS)?;
        let salt = security.octets()?;
        Some(Self {
            whole,
            message: number,
            flags,
            engine,
            time: EngineTime { boots, time },
            user,
            tag: tag.at()..tag.at() + tag.rest().len(),
            salt,
            data: message,
        })
    }

    pub(super) const fn is_authenticated(&self) -> bool {
        self.flags & AUTHENTICATED != 0
    }

    /// Whether it was made by one who knows these keys, and for this user.
    pub(super) fn is_by(&self, user: &str, keys: &Keys) -> bool {
        let Self { whole, tag, .. } = self;
        let mut blank = whole.to_vec();
        blank[tag.clone()].fill(0);
        let expected = keys.tag(&blank);
        let said = &whole[tag.clone()];
        // Every byte is looked at, so that the time it takes says nothing of how many fit.
        let differ = said.iter().zip(&expected).fold(0, |sum, (a, b)| sum | (a ^ b));
        self.is_authenticated()
            && said.len() == expected.len()
            && differ == 0
            && self.user == user.as_bytes()
    }

    /// What it holds, decrypted when it is encrypted; `None` when that cannot be read.
    pub(super) fn pdu(&self, keys: Option<&Keys>) -> Option<Pdu> {
        let mut data = self.data;
        if self.flags & ENCRYPTED == 0 {
            return scoped(data);
        }
        let key = keys?.privacy.as_ref()?;
        let salt = self.salt.try_into().ok()?;
        let clear = cipher(key, self.time, salt, data.octets()?, Direction::Decrypt);
        scoped(Reader::new(&clear))
    }
}

pub(super) fn scoped(mut data: Reader<'_>) -> Option<Pdu> {
    let mut scoped = data.inside(ber::SEQUENCE)?;
    scoped.octets()?;
    scoped.octets()?;
    Pdu::read(&mut scoped)
}

#[derive(Clone, Copy)]
enum Direction {
    Encrypt,
    Decrypt,
}

/// AES-128 in cipher feedback mode with 128 bits, from engine time and salt (RFC 3826, section 3.1).
fn cipher(
    key: &[u8; 16],
    time: EngineTime,
    salt: [u8; 8],
    text: &[u8],
    direction: Direction,
) -> Vec<u8> {
    let aes = Aes128::new(key.into());
    let mut feedback = [0; 16];
    feedback[..4].copy_from_slice(&time.boots.to_be_bytes());
    feedback[4..8].copy_from_slice(&time.time.to_be_bytes());
    feedback[8..].copy_from_slice(&salt);
    let mut made = Vec::with_capacity(text.len());
    for block in text.chunks(16) {
        let mut stream = feedback.into();
        aes.encrypt_block(&mut stream);
        let from = made.len();
        made.extend(block.iter().zip(stream).map(|(byte, mask)| byte ^ mask));
        let encrypted = match direction {
            Direction::Encrypt => &made[from..],
            Direction::Decrypt => block,
        };
        feedback[..encrypted.len()].copy_from_slice(encrypted);
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;
    use blackstart_model::check::Oid;
    use proptest::prelude::*;

    fn hex(text: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(text.replace(' ', "").as_bytes()).unwrap()
    }

    #[test]
    fn keys_are_those_of_rfc_3414() {
        // Section A.3.2: the password "maplesyrup" at the engine 00..02.
        let engine = hex("000000000000000000000002");
        let key = localized(SnmpHash::Sha1, "maplesyrup", &engine);
        assert_eq!(key.as_ref(), hex("6695febc9288e36282235fc7151f128497b38f3f"));
    }

    #[test]
    fn cipher_feedback_is_that_of_nist() {
        // NIST SP 800-38A, section F.3.13: CFB128-AES128.
        let key: [u8; 16] = hex("2b7e151628aed2a6abf7158809cf4f3c").try_into().unwrap();
        let time = EngineTime { boots: 0x0001_0203, time: 0x0405_0607 };
        let salt = hex("08090a0b0c0d0e0f").try_into().unwrap();
        let clear = hex("6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51");
        let secret = hex("3b3fd92eb72dad20333449f8e83cfb4a c8a64537a0b3a93fcde3cdad9f1ce58b");
        assert_eq!(cipher(&key, time, salt, &clear, Direction::Encrypt), secret);
        assert_eq!(cipher(&key, time, salt, &secret[..21], Direction::Decrypt), clear[..21]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn what_is_changed_on_the_way_is_not_believed(
            at in any::<prop::sample::Index>(),
            by in 1_u8..,
            boots in 0..=i32::MAX as u32,
        ) {
            let engine = b"\x80\0\0\0\x05engine";
            let keys = Keys::of(SnmpHash::Sha256, "a password", Some("another one"), engine);
            let time = EngineTime { boots, time: 7 };
            let envelope = Envelope {
                message: 77, engine, time, user: "us", keys: Some(&keys), salt: 9,
            };
            let oid = Oid::parse("1.3.6.1.2.1.1.3.0").unwrap();
            let mut whole = envelope.around(&super::super::pdu::get(5, [&oid].into_iter()));
            let opened = Opened::of(&whole).expect("an envelope");
            prop_assert!(opened.is_by("us", &keys) && !opened.is_by("them", &keys));
            prop_assert_eq!((opened.message, opened.time), (77, time));
            let at = at.index(whole.len());
            whole[at] ^= by;
            if let Some(opened) = Opened::of(&whole) {
                prop_assert!(!opened.is_by("us", &keys));
            }
        }

        #[test]
        fn noise_is_no_envelope_and_a_torn_one_never_panics(noise: Vec<u8>, cut in any::<prop::sample::Index>()) {
            let envelope = Envelope {
                message: 1, engine: b"", time: EngineTime::default(), user: "", keys: None, salt: 0,
            };
            let whole = envelope.around(&super::super::pdu::get(5, [].into_iter()));
            for bytes in [&noise[..], &whole[..cut.index(whole.len())]] {
                if let Some(opened) = Opened::of(bytes) {
                    let _ = opened.pdu(None);
                }
            }
        }
    }
}
