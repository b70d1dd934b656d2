//! How a password is proved, by the method that the server names.
//!
//! `mysql_native_password` and the quick way of `caching_sha2_password` send no password, only what one
//! who knows it can make of the server's own text. Others send it whole, or need what we do not have:
//! that is for the dialogue to refuse. Tested here on known answers, and against real servers.

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

/// A method we can use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Method {
    /// `mysql_native_password`.
    Native,
    /// `caching_sha2_password`.
    CachingSha2,
    /// `mysql_clear_password`: the password as it is, for the server to ask PAM or LDAP.
    Clear,
}

impl Method {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Native => "mysql_native_password",
            Self::CachingSha2 => "caching_sha2_password",
            Self::Clear => "mysql_clear_password",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        [Self::Native, Self::CachingSha2, Self::Clear].into_iter().find(|one| one.as_str() == name)
    }

    /// The proof that goes over any way; `None` when this method has none. No password is proved by
    /// saying nothing.
    pub(super) fn proof(self, password: &str, scramble: &[u8]) -> Option<Vec<u8>> {
        if password.is_empty() {
            return Some(Vec::new());
        }
        match self {
            Self::Native => {
                let hash = |bytes: &[u8]| digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes);
                let once = hash(password.as_bytes());
                let salted = [scramble, hash(once.as_ref()).as_ref()].concat();
                Some(mixed(once.as_ref(), hash(&salted).as_ref()))
            }
            Self::CachingSha2 => {
                let hash = |bytes: &[u8]| digest(&SHA256, bytes);
                let once = hash(password.as_bytes());
                let salted = [hash(once.as_ref()).as_ref(), scramble].concat();
                // The manual: XOR(SHA256(password), SHA256(SHA256(SHA256(password)), scramble)).
                Some(mixed(once.as_ref(), hash(&salted).as_ref()))
            }
            Self::Clear => None,
        }
    }
}

fn mixed(one: &[u8], other: &[u8]) -> Vec<u8> {
    one.iter().zip(other).map(|(one, other)| one ^ other).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_what_others_make_of_the_same_words() {
        let proof = |method: Method| {
            let proof = method.proof("secret", b"12345678abcdefghijkl");
            proof.map(|proof| data_encoding::HEXLOWER.encode(&proof))
        };
        let native = "4f1522d6eb54737eda413b3e219ca6caebe3df2c";
        assert_eq!(proof(Method::Native).as_deref(), Some(native));
        let sha2 = "7f7e3878fe488ed45081455d0d6e89e26d4ef86ef6c6aeed02397b6fe8ad5422";
        assert_eq!(proof(Method::CachingSha2).as_deref(), Some(sha2));
        assert_eq!(proof(Method::Clear), None);
        assert_eq!(Method::Native.proof("", b"any"), Some(Vec::new()));
    }
}
