//! What it says of a configuration that it cannot run by.

use crate::world::Home;

#[tokio::test]
async fn everything_that_is_wrong_is_said_at_once() {
    let home = Home::with("server = nowhere\nallow = pigeons\n");
    home.set_mode(0o644);
    let (code, text) = home.start().ends().await;
    assert_eq!(code, Some(2));
    for words in [
        "others may read the token (mode 644): chmod 600",
        "`agent` is missing",
        "`token` is missing",
        "`fingerprint` is missing",
        "line 1: `server`: not of the form `host:port`",
        "line 2: `allow`: `pigeons` is no kind of check",
    ] {
        assert!(text.contains(words), "{words:?} in {text}");
    }
}

#[tokio::test]
async fn a_spool_that_cannot_be_made_is_said_so() {
    let home = Home::with(&format!(
        "server = 127.0.0.1:1\nagent = a\ntoken = t\nfingerprint = {}\nallow = tcp\n\
         spool = /dev/null/spool\n",
        "00".repeat(32)
    ));
    let (code, text) = home.start().ends().await;
    assert_eq!(code, Some(1));
    assert!(text.contains("could not open the spool in /dev/null/spool"), "{text}");
}
