//! What goes wrong, and to whom: drawn by dice that fall the same way for the same seed.
//!
//! A seed repeats what is drawn for each process and each way; in which order processes get to run is the machine's.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use blackbox::{Direct, World};
use domain::{DeliverWebhook, WebhookId};
use lambda_process::Unanswered;
use serde_json::Value;
use simulators::FaultProxy;
use simulators::fault_proxy::{Fault, Trouble, dynamodb};

const KILL: i32 = 9;
/// What its tally is kept under.
pub(crate) const KILLS: &str = "killed";
/// And those of them who were asking somebody else than AWS.
pub(crate) const ASKING: &str = "killed while asking";

/// Dice (`SplitMix64`).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn of(seed: u64, whom: u64) -> Self {
        Self(seed ^ whom.wrapping_mul(0xd134_2543_de82_ef95))
    }

    /// A number below that one.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ mixed >> 31) % limit as u64).expect("it is below a usize")
    }

    /// Whether something of that probability happens.
    pub(crate) fn percent(&mut self, probability: usize) -> bool {
        self.below(100) < probability
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// What everybody shares: whether there still is trouble, and what there was of it.
pub(crate) struct Chaos {
    pub(crate) seed: u64,
    calm: AtomicBool,
    tally: Mutex<BTreeMap<String, usize>>,
}

impl Chaos {
    /// By the seed that `BACKBONE_SEED` says, or a new one; which, is told.
    pub(crate) fn new() -> Self {
        let seed = number_of("BACKBONE_SEED").unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0);
        println!("BACKBONE_SEED={seed}");
        Self { seed, calm: AtomicBool::new(false), tally: Mutex::default() }
    }

    /// From now on nothing goes wrong any more.
    pub(crate) fn calm(&self) {
        self.calm.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }

    /// How often a process of that function was killed.
    pub(crate) fn killed(&self, function: &str) -> usize {
        self.count(&format!("{KILLS}: {function}"))
    }

    /// This happened once more.
    pub(crate) fn note(&self, what: impl Into<String>) {
        *self.tally.lock().unwrap_or_else(PoisonError::into_inner).entry(what.into()).or_default() += 1;
    }

    pub(crate) fn count(&self, what: &str) -> usize {
        self.tally().get(what).copied().unwrap_or_default()
    }

    pub(crate) fn tally(&self) -> BTreeMap<String, usize> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The number in an environment variable, if it is set.
pub(crate) fn number_of(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

/// Whom a function asks besides AWS, by the proxies between them.
pub(crate) enum Asked {
    Nobody,
    Vies(FaultProxy),
    /// By the endpoint that the message is about; shared by all who deliver.
    Receivers(Arc<BTreeMap<WebhookId, FaultProxy>>),
}

impl Asked {
    /// VIES, through a proxy of the function's own.
    pub(crate) async fn vies(url: &str) -> Self {
        Self::Vies(FaultProxy::start(url).await.expect("a free port"))
    }

    /// The proxy on the way that work on this event takes.
    fn about(&self, event: &Value) -> Option<&FaultProxy> {
        match self {
            Self::Nobody => None,
            Self::Vies(proxy) => Some(proxy),
            Self::Receivers(proxies) => {
                let body = event["Records"][0]["body"].as_str()?;
                proxies.get(&serde_json::from_str::<DeliverWebhook>(body).ok()?.webhook)
            }
        }
    }
}

/// A function whose process is killed now and then, and started again.
pub(crate) struct Mortal {
    name: &'static str,
    direct: Direct,
    asked: Asked,
    chaos: Arc<Chaos>,
    pub(crate) dice: Dice,
    /// As many calls it made for the last event that it answered.
    calls: usize,
}

/// What happens to a process while it works on an event.
enum Fate {
    Peace,
    /// With a call to AWS, before or after it took effect.
    Killed(Trouble),
    /// The same with a question to whomever else it asks.
    KilledAsking(Trouble),
    /// At whatever it is then.
    KilledAfter(Duration),
    /// It lives, and has to cope.
    Trouble(Trouble),
}

impl Mortal {
    /// `whom` is another number for each.
    pub(crate) async fn start(
        world: &World,
        (name, whom): (&'static str, u64),
        asked: Asked,
        chaos: &Arc<Chaos>,
    ) -> Self {
        let changes = match &asked {
            Asked::Vies(proxy) => vec![("VIES_URL", proxy.url())],
            Asked::Nobody | Asked::Receivers(_) => Vec::new(),
        };
        let direct = Direct::start_with(world, name, None, &changes).await;
        let dice = Dice::of(chaos.seed, whom);
        Self { name, direct, asked, chaos: Arc::clone(chaos), dice, calls: 4 }
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    /// Hands it an event; what it answers, unless it died over it or failed.
    ///
    /// # Panics
    /// When it dies of anything but us, or does not answer in time; or fails, while nothing is wrong.
    pub(crate) async fn invoke(&mut self, event: &Value) -> Option<Value> {
        let in_peace = self.chaos.is_calm();
        let asks = self.asked.about(event).is_some();
        let fate = if in_peace { Fate::Peace } else { self.fate(asks) };
        let is_asking = matches!(fate, Fate::KilledAsking(_));
        let mut killer = None;
        match fate {
            Fate::Peace => {}
            Fate::Killed(trouble) | Fate::Trouble(trouble) => self.direct.proxy.order(trouble),
            Fate::KilledAsking(trouble) => {
                if let Some(proxy) = self.asked.about(event) {
                    proxy.order(trouble);
                }
            }
            Fate::KilledAfter(time) => {
                let life = self.direct.life();
                killer = Some(tokio::spawn(async move {
                    tokio::time::sleep(time).await;
                    life.end();
                }));
            }
        }
        let answered = self.direct.attempt(event).await;
        if let Some(killer) = killer {
            killer.abort();
        }
        self.direct.proxy.calm();
        let mut calls = self.direct.proxy.take_calls().len();
        if let Some(proxy) = self.asked.about(event) {
            proxy.calm();
            calls += proxy.take_calls().len();
        }
        let answer = match answered {
            Ok(answer) => {
                self.calls = calls.max(1);
                Some(answer)
            }
            Err(Unanswered::Ended(status)) => {
                assert_eq!(status.signal(), Some(KILL), "{}: {status}\n{}", self.name, self.direct.last_words());
                if is_asking {
                    self.chaos.note(format!("{ASKING}: {}", self.name));
                }
                self.bury().await;
                return None;
            }
            Err(Unanswered::Failed(cause)) => {
                assert!(!in_peace, "{} failed: {cause}\n{}", self.name, self.direct.last_words());
                self.chaos.note(format!("failed: {}", self.name));
                None
            }
            Err(Unanswered::Late(limit)) => {
                panic!("{}: no answer after {limit:?}\n{}", self.name, self.direct.last_words())
            }
        };
        if !self.direct.is_waiting() {
            self.bury().await;
        }
        answer
    }

    async fn bury(&mut self) {
        self.chaos.note(KILLS);
        self.chaos.note(format!("killed: {}", self.name));
        self.direct.restart().await;
        let _ = self.direct.proxy.take_calls();
    }

    fn fate(&mut self, asks: bool) -> Fate {
        // Every other time among the first ones: some make many, and seldom get far.
        let limit = if self.dice.percent(50) { self.calls } else { self.calls.min(10) };
        let at = self.dice.below(limit + 1);
        match self.dice.below(100) {
            0..24 => Fate::Killed(Trouble::new(self.direct.killed_before()).at(at)),
            24..48 => Fate::Killed(Trouble::new(self.direct.killed_after()).at(at)),
            48..56 if asks => Fate::KilledAsking(Trouble::new(self.direct.killed_before())),
            56..64 if asks => Fate::KilledAsking(Trouble::new(self.direct.killed_after())),
            48..72 => Fate::KilledAfter(Duration::from_millis(self.dice.below(60) as u64)),
            72..86 => {
                let (name, trouble) = self.trouble();
                self.chaos.note(name);
                Fate::Trouble(trouble.at(at))
            }
            _ => Fate::Peace,
        }
    }

    fn trouble(&mut self) -> (&'static str, Trouble) {
        match self.dice.below(5) {
            0 => ("trouble: answer lost", Trouble::new(Fault::Lost)),
            1 => ("trouble: throttled", Trouble::new(dynamodb::throttled("ThrottlingException")).lasting()),
            2 => ("trouble: internal error", Trouble::new(dynamodb::internal_error())),
            3 => ("trouble: call made twice", Trouble::new(Fault::Twice)),
            _ => ("trouble: conflict", Trouble::new(dynamodb::conflict()).of(dynamodb::is_transaction)),
        }
    }
}
