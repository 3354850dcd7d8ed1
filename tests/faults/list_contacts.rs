//! Whom contact persons are shown to is noted first. Without the note there is no data, whatever goes wrong.

use std::sync::Arc;

use blackbox::{Crew, Request, World};
use simulators::fault_proxy::Call;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::endpoints::create_with_contacts;
use crate::faults::{FAULTS, NamedFault, Victim};
use crate::ground::{ERIKA, Ground, MAXIMILIAN, is_noted, persons_in};

/// Cases at the same time.
const AT_ONCE: usize = 16;

/// One fault with one call, once or with all after it.
#[derive(Clone, Copy)]
struct Case {
    fault: &'static NamedFault,
    index: usize,
    lasting: bool,
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_are_shown_only_once_that_is_noted_whatever_goes_wrong_at_whichever_call() {
    let crew = Crew::of(World::shared());
    let calls = Arc::new(calls(&crew).await);
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for fault in FAULTS.iter().filter(|fault| fault.of == Victim::Call) {
        for (index, lasting) in (0..calls.len()).flat_map(|index| [(index, true), (index, false)]) {
            let (crew, calls, places) = (crew.clone(), calls.clone(), places.clone());
            running.spawn(async move {
                let _place = places.acquire_owned().await;
                Case { fault, index, lasting }.run(&crew, &calls).await;
            });
        }
    }
    running.join_all().await;
}

async fn begin(crew: &Crew) -> (Ground, Request) {
    let ground = Ground::new(crew.world()).await;
    let created = crew.send(&create_with_contacts(&ground)).await;
    assert_eq!(created.status, 201, "{created:?}");
    let request = ground.about_buyer("list-contacts", "reads need no key");
    (ground, request)
}

/// What it asks of AWS when nothing goes wrong; asked twice, for the issuer's keys.
async fn calls(crew: &Crew) -> Vec<Call> {
    let mut calls = Vec::new();
    for _ in 0..2 {
        let (_, request) = begin(crew).await;
        let mut function = crew.lend("list-contacts").await;
        let _ = function.proxy.take_calls();
        assert_eq!(function.send(&request).await.expect("nobody killed it").status, 200);
        calls = function.proxy.take_calls();
    }
    assert_eq!(calls.last().map(Call::operation).as_deref(), Some("PutItem"), "nothing comes after the note");
    calls
}

impl Case {
    async fn run(self, crew: &Crew, calls: &[Call]) {
        let Self { fault, index, lasting } = self;
        let length = if lasting { "and all after it" } else { "once" };
        let operations: Vec<_> = calls.iter().map(Call::operation).collect();
        let name = format!("{} at call {index} {length} of {operations:?}", fault.name);
        let (ground, request) = begin(crew).await;
        let mut function = crew.lend("list-contacts").await;
        let trouble = fault.at(index, calls, &function);
        function.proxy.order(if lasting { trouble.lasting() } else { trouble });
        let reply = function.send(&request).await.expect("nobody killed it");
        assert!(function.proxy.struck() > 0, "{name}: nothing went wrong");
        function.proxy.calm();

        if reply.status == 200 {
            assert_eq!(persons_in(&reply.text), [ERIKA, MAXIMILIAN], "{name}");
            assert!(is_noted(&reply, &ground.disclosures(crew.world()).await), "{name}: shown, but not noted");
        } else {
            assert_eq!((reply.status, reply.problem()), (503, "service-unavailable"), "{name}: {reply:?}");
            assert!(lasting, "{name}: what happens once is gone when it is tried again");
            assert!(persons_in(&reply.text).is_empty(), "{name}: {reply:?}");
        }
        let later = function.send(&request).await.expect("nobody killed it");
        assert_eq!((later.status, persons_in(&later.text).len()), (200, 2), "{name}, and later: {later:?}");
    }
}
