//! Functions as processes of the test's own, behind neither gateway nor emulator: a call takes milliseconds, a process
//! can be killed in the middle of it, and what it asks of AWS goes through a proxy that breaks things on order.
//!
//! ```text
//! test ─event─▶ function ─▶ fault proxy ─▶ emulator's DynamoDB of the run's stack
//! ```
//!
//! Binaries, environment and time limits are those of the deployed functions. Roles are not enforced here; the tests
//! over HTTP see to that.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lambda_process::{Function, Life, Program, Unanswered};
use serde_json::Value;
use simulators::FaultProxy;
use simulators::fault_proxy::{Fault, Hook, Trouble};

use crate::request::reply;
use crate::{Reply, Request, Route, World, routes};

/// As often as a client asks again before it gives up.
const TIMES: u32 = 20;

/// A function's process with a proxy of its own.
pub struct Direct {
    /// Between it and AWS.
    pub proxy: FaultProxy,
    function: Function,
    /// A worker has none.
    route: Option<Route>,
}

impl Direct {
    /// Starts a function of this deployment.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(world: &World, function: &str) -> Self {
        Self::start_amid(world, function, None).await
    }

    /// The same amid trouble.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start_amid(world: &World, function: &str, trouble: Option<Trouble>) -> Self {
        Self::start_with(world, function, trouble, &[]).await
    }

    /// The same with other values of some environment variables than it was deployed with.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start_with(
        world: &World,
        function: &str,
        trouble: Option<Trouble>,
        changes: &[(&str, String)],
    ) -> Self {
        let route = routes().get(function).cloned();
        let proxy = FaultProxy::start(&world.stack.aws_endpoint).await.expect("a free port");
        if let Some(trouble) = trouble {
            proxy.order(trouble);
        }
        let configuration = world.behind.deployment.configuration_of(function).await.expect("it is deployed");
        let of_aws = [
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_ENDPOINT_URL", proxy.url()),
        ];
        let changes = of_aws.iter().chain(changes).map(|(name, value)| ((*name).to_owned(), value.clone()));
        let program = Program {
            binary: world.stack.executables.get(function).unwrap_or_else(|| panic!("{function} is not built")).clone(),
            function: function.to_owned(),
            memory: configuration.memory,
            region: world.stack.region.clone(),
            time_limit: configuration.time_limit,
            environment: configuration.environment.into_iter().chain(changes).collect(),
        };
        let function = Function::start(program).await.unwrap_or_else(|error| panic!("{error:#}"));
        Self { proxy, function, route }
    }

    /// Sends it a request. Nothing comes back when it is killed meanwhile; then it has to be started again.
    ///
    /// # Panics
    /// When it has no route, and as of [`Self::invoke`].
    pub async fn send(&mut self, request: &Request) -> Option<Reply> {
        assert_eq!(request.function, self.function.program().function);
        let route = self.route.as_ref().unwrap_or_else(|| panic!("{} has no route", request.function));
        let event = request.event(route);
        Some(reply(&self.invoke(&event).await?))
    }

    /// Hands it an event of any kind. Nothing comes back when it is killed meanwhile, as of [`Self::send`].
    ///
    /// # Panics
    /// When the handler fails or does not answer in time: ours answer whatever happens.
    pub async fn invoke(&mut self, event: &Value) -> Option<Value> {
        match self.attempt(event).await {
            Ok(answer) => Some(answer),
            Err(Unanswered::Ended(_)) => None,
            Err(failure) => panic!("{failure}; its last words:\n{}", self.function.last_words()),
        }
    }

    /// The same, whatever comes of it.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub async fn attempt(&mut self, event: &Value) -> Result<Value, Unanswered> {
        self.function.invoke(event).await
    }

    /// Whether it waits for an event, or has to be started again.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        self.function.is_waiting()
    }

    /// To kill it by, at any moment.
    #[must_use]
    pub fn life(&self) -> Life {
        self.function.life()
    }

    /// A new process in place of this one.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn restart(&mut self) {
        self.function.restart().await.unwrap_or_else(|error| panic!("{error:#}"));
    }

    /// Its process is killed before the call arrives.
    #[must_use]
    pub fn killed_before(&self) -> Fault {
        Fault::Before(self.killing())
    }

    /// Its process is killed between the call's effect and its answer.
    #[must_use]
    pub fn killed_after(&self) -> Fault {
        Fault::After(self.killing())
    }

    fn killing(&self) -> Hook {
        let life = self.function.life();
        Arc::new(move || life.end())
    }

    /// The end of its log.
    #[must_use]
    pub fn last_words(&self) -> String {
        self.function.last_words()
    }
}

/// Functions of a deployment, started as they are needed and lent to one caller at a time. Cheap to clone.
#[derive(Clone)]
pub struct Crew(Arc<Members>);

struct Members {
    world: World,
    idle: Mutex<BTreeMap<String, Vec<Direct>>>,
}

/// A function that goes back to its crew when this is dropped. It must be alive then.
pub struct Lent {
    direct: Option<Direct>,
    members: Arc<Members>,
}

impl Crew {
    /// Of this deployment; nothing runs yet.
    #[must_use]
    pub fn of(world: World) -> Self {
        Self(Arc::new(Members { world, idle: Mutex::default() }))
    }

    /// The deployment.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.0.world
    }

    /// One that nobody else has now.
    pub async fn lend(&self, function: &str) -> Lent {
        let idle = self.0.idle().get_mut(function).and_then(Vec::pop);
        let direct = match idle {
            Some(direct) => direct,
            None => Direct::start(self.world(), function).await,
        };
        Lent { direct: Some(direct), members: Arc::clone(&self.0) }
    }

    /// Sends a request to whichever process of its function is free.
    ///
    /// # Panics
    /// When it is not answered.
    pub async fn send(&self, request: &Request) -> Reply {
        self.lend(&request.function).await.send(request).await.expect("nobody killed it")
    }

    /// The same as a client does it: again under the same key while it is told to come back. An emulator that many ask at
    /// once lets functions wait too long now and then.
    ///
    /// # Panics
    /// When it is told so again and again.
    pub async fn insist(&self, request: &Request) -> Reply {
        for _ in 0..TIMES {
            let reply = self.send(request).await;
            if reply.status != 503 {
                return reply;
            }
        }
        panic!("{}: 503 for ever", request.function)
    }
}

impl Members {
    fn idle(&self) -> MutexGuard<'_, BTreeMap<String, Vec<Direct>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deref for Lent {
    type Target = Direct;
    fn deref(&self) -> &Direct {
        self.direct.as_ref().expect("it is lent until it is dropped")
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut Direct {
        self.direct.as_mut().expect("it is lent until it is dropped")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // After a failed assertion nobody knows what state it is in.
        if let Some(direct) = self.direct.take().filter(|_| !std::thread::panicking()) {
            let name = direct.function.program().function.clone();
            self.members.idle().entry(name).or_default().push(direct);
        }
    }
}
