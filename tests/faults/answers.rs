//! What a client does and is answered while something goes wrong, and afterwards.

use blackbox::{Direct, Reply, Request};
use simulators::fault_proxy::Call;

use crate::struck::Struck;

/// How a write is answered that nothing goes wrong with.
#[derive(Clone, Copy)]
pub(crate) struct Right {
    pub(crate) status: u16,
    /// Whether it was answered before, too.
    pub(crate) answered: bool,
}

impl Right {
    /// The right answer, or an honest "later".
    pub(crate) fn or_later(self, reply: &Reply, name: &str) {
        if reply.status == self.status {
            let replayed = self.answered.then_some("true");
            assert_eq!(reply.header("idempotent-replayed"), replayed, "{name}: whether it was answered before");
            return;
        }
        assert_eq!((reply.status, reply.problem()), (503, "service-unavailable"), "{name}: {reply:?}");
        let retry_after = reply.header("retry-after").and_then(|seconds| seconds.parse::<u64>().ok());
        assert!(retry_after.is_some_and(|seconds| seconds > 0), "{name}: {reply:?}");
    }

    /// The client does as it is told: the same again, with the same key.
    pub(crate) async fn repeat(self, function: &mut Direct, request: &Request, name: &str) -> Reply {
        let reply = function.send(request).await.expect("nobody killed it");
        assert_eq!(reply.status, self.status, "{name}: {reply:?}");
        reply
    }
}

/// What a request is answered amid that trouble: nothing by who was killed, and has to be started again.
pub(crate) async fn send_amid(
    function: &mut Direct,
    request: &Request,
    (struck, calls): (Struck, &[Call]),
    name: &str,
) -> Option<Reply> {
    struck.order(calls, function);
    let reply = function.send(request).await;
    assert!(function.proxy.struck() > 0, "{name}: nothing went wrong");
    function.proxy.calm();
    assert_eq!(reply.is_none(), struck.fault.kills(), "{name}: {reply:?}\n{}", function.last_words());
    reply
}
