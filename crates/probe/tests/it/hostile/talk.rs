//! A talk: a greeting, a command, its answer.

use super::{Kind, NOT_HTTP, Over};
use blackstart_model::check::{Pattern, Question, Script, Step, TalkQuestion};

pub(super) const KIND: Kind = Kind {
    name: "talk",
    over: Over::TcpGreeted,
    ask: |target| {
        let expect = |text| Step::Expect(Pattern::new(text).expect("an expression"));
        let send = Step::Send("CAPA ${1}".into());
        let steps = vec![expect(r"^\+OK .*(<.*>)"), send, expect(r"^\.$")];
        let script = Script::new(steps, None).expect("a script");
        let goodbye = Some("QUIT".into());
        Question::Talk(TalkQuestion { target, connect: None, script, goodbye, slow: None })
    },
    honest: |_| b"+OK POP3 server ready <1896.697170952@mail.example.net>\r\n".to_vec(),
    lie: None,
    flood: b"+OK and so on\r\n",
    other: NOT_HTTP,
    another: None,
};
