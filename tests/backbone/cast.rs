//! The endpoints of the proof about deliveries: what each asks for, and how its receiver answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use blackbox::Draft;
use domain::{EventType, SellerId, WebhookId};
use serde_json::{Value, json};
use simulators::{FaultProxy, WebhookSink};
use uuid::Uuid;

use crate::ground::Ground;
use crate::receivers::Hook;

use EventType::{InvitationUsed, ProspectSubmitted, VerificationCompleted, ViesCheckFailed};

/// What happens to buyers here.
pub(crate) const HAPPENS: [EventType; 3] = [ViesCheckFailed, VerificationCompleted, InvitationUsed];
/// What happens before that, a few times.
pub(crate) const HAPPENS_FIRST: EventType = ProspectSubmitted;
const KYC: &[EventType] = &[ViesCheckFailed, VerificationCompleted];
const NOTHING: &[EventType] = &[];
const LEAVING: (Manner, &[EventType]) = (Manner::Leaves, &[ViesCheckFailed]);
/// Endpoints that are resumed once.
const RESUMED_ONCE: usize = 10;
/// So often a receiver begins its answers anew, before it takes whatever comes.
const CYCLES: usize = 60;

/// How a receiver answers, and what becomes of its deliveries by that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Manner {
    /// 200, sometimes after others: whatever is sent to it arrives.
    Takes,
    /// 200 once in a long while: many a delivery to it runs out of retries.
    MostlyFails,
    /// 500, until it is repaired: it is paused by the service again and again, and by its client resumed.
    Fails,
    /// 200, and from some time on 410: it is disabled.
    Leaves,
}

/// An endpoint with its part.
pub(crate) struct Member {
    pub(crate) hook: Hook,
    pub(crate) manner: Manner,
    /// Which of [`HAPPENS`] it is sent.
    pub(crate) asks: &'static [EventType],
    /// Whether it is told of what happens to other endpoints of its organisation.
    pub(crate) watches: bool,
    pub(crate) client: Client,
}

/// What the client of an endpoint does while things go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    /// It resumes what the service paused.
    Looks,
    /// It pauses and resumes it, again and again.
    Wavers,
    /// It has paused it, and resumes it once: what is not released then, nobody releases.
    ResumesOnce,
}

/// All of them.
pub(crate) struct Cast {
    pub(crate) members: Vec<Member>,
    pub(crate) proxies: Arc<BTreeMap<WebhookId, FaultProxy>>,
}

/// What is said about an endpoint before it is there.
struct Part<'p> {
    of: &'p Ground,
    manner: Manner,
    asks: &'static [EventType],
    body: Value,
    answers: Value,
    client: Client,
}

impl<'p> Part<'p> {
    /// Of an endpoint that is sent these events; its receiver answers 200.
    fn new(of: &'p Ground, (manner, asks): (Manner, &'static [EventType]), events: &[&str]) -> Self {
        Self { of, manner, asks, body: json!({ "events": events }), answers: json!([]), client: Client::Looks }
    }

    /// Its receiver answers so, again and again.
    fn answering(self, answers: &[Value]) -> Self {
        Self { answers: vec![answers; CYCLES].concat().into(), ..self }
    }

    fn client(self, client: Client) -> Self {
        Self { client, ..self }
    }
}

/// All parts.
fn parts<'p>(own: &'p Ground, partner: &'p Ground, stranger: &'p Ground) -> Vec<Part<'p>> {
    let takes = |times: u32| json!({ "times": times });
    let fails = |times: u32| json!({ "status": 500, "times": times });
    let (slow, busy) =
        (json!({ "delayMs": 1_500, "times": 1 }), json!({ "status": 429, "retryAfter": "30", "times": 1 }));
    let only_of_others = json!({ "events": ["kyc.*"], "partnerIds": [partner.seller] });
    let once =
        || Part::new(own, (Manner::Takes, &[HAPPENS_FIRST]), &["prospect.submitted"]).client(Client::ResumesOnce);
    let parts = vec![
        Part::new(own, (Manner::Takes, KYC), &["kyc.*", "webhook.*"]),
        Part::new(own, (Manner::Takes, NOTHING), &["webhook.*"]).answering(&[fails(1), takes(3)]),
        Part::new(own, (Manner::Takes, KYC), &["kyc.*"]).answering(&[slow, takes(6), busy]).client(Client::Wavers),
        Part::new(
            own,
            (Manner::Takes, &[VerificationCompleted, InvitationUsed]),
            &["kyc.verification_completed", "self_service_invitation.*"],
        )
        .answering(&[fails(2), takes(3)])
        .client(Client::Wavers),
        Part::new(partner, (Manner::Takes, KYC), &["kyc.*"]).client(Client::Wavers),
        Part::new(partner, (Manner::MostlyFails, &[VerificationCompleted]), &["kyc.verification_completed"])
            .answering(&[fails(9), takes(1)]),
        Part::new(own, (Manner::Fails, &[InvitationUsed]), &["self_service_invitation.used"])
            .answering(&[json!({ "status": 500 })]),
        Part { answers: json!([takes(8), { "status": 410 }]), ..Part::new(own, LEAVING, &["kyc.vies_check_failed"]) },
        // Those who are to get nothing.
        Part { body: only_of_others, ..Part::new(partner, (Manner::Takes, NOTHING), &[]) },
        Part::new(own, (Manner::Takes, NOTHING), &["export_file.generated"]),
        Part::new(stranger, (Manner::Takes, NOTHING), &["kyc.*"]),
    ];
    parts.into_iter().chain((0..RESUMED_ONCE).map(|_| once())).collect()
}

impl Cast {
    /// Registers them; how their receivers answer, begins anew.
    pub(crate) async fn assemble(ground: &Ground, sink: &WebhookSink) -> Self {
        let partner = Draft { sellers: vec![SellerId(Uuid::new_v4()), ground.seller], ..Draft::new() };
        let partner = Ground::with(ground.crew.clone(), partner).await;
        let stranger = Ground::with(ground.crew.clone(), Draft::new()).await;
        let (mut members, mut proxies) = (Vec::new(), BTreeMap::new());
        for Part { of, manner, asks, body, answers, client } in parts(ground, &partner, &stranger) {
            let proxy = FaultProxy::start(&sink.url()).await.expect("a free port");
            let watches = body["events"].to_string().contains("webhook.*");
            let hook = Hook::register(of, &proxy.url(), body).await;
            hook.answers(sink, &answers).await;
            if client == Client::ResumesOnce {
                hook.becomes(ground, "PAUSED").await;
            }
            proxies.insert(hook.id.clone(), proxy);
            members.push(Member { hook, manner, asks, watches, client });
        }
        Self { members, proxies: Arc::new(proxies) }
    }

    /// Every receiver takes what comes from now on, but for those who are gone; and clients resume what is paused.
    pub(crate) async fn repair(&self, ground: &Ground, sink: &WebhookSink) {
        for Member { hook, manner, .. } in &self.members {
            if *manner != Manner::Leaves {
                hook.answers(sink, &json!([])).await;
            }
        }
        for Member { hook, .. } in &self.members {
            hook.resume(ground).await;
        }
    }

    /// Those whose client does that.
    pub(crate) fn of(&self, client: Client) -> Vec<&Hook> {
        self.members.iter().filter(|member| member.client == client).map(|member| &member.hook).collect()
    }
}
