//! Redis: an answer to `PING`.

use super::{Kind, NOT_HTTP, Over};
use blackstart_model::check::{Question, RedisQuestion};

pub(super) const KIND: Kind = Kind {
    name: "redis",
    over: Over::Tcp,
    ask: |target| {
        let (connect, tls, login, role, slow) = (None, None, None, None, None);
        Question::Redis(RedisQuestion { target, connect, tls, login, role, slow })
    },
    honest: |_| b"-LOADING Redis is loading the dataset in memory\r\n".to_vec(),
    lie: Some(|_| b"$4000000000\r\nPONG\r\n".to_vec()),
    flood: b"$60000\r\nPONG",
    other: NOT_HTTP,
    another: None,
};
