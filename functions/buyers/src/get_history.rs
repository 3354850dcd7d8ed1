//! `GET /v1/partners/{sellerId}/buyers/{buyerId}/history`

use description::{Operation, Shown};
use domain::{
    Actor, Change, ClientId, Effect, Instant, Node, OrganisationId, PageSize, Reader, RequestId, Revision,
    RevisionKind, Source, Violations,
};
use http_edge::{Answer, Call, Listed, Problem};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use storage::Histories;

/// Every revision of the buyer in its order, page by page. Who acted for another organisation is shown as that
/// organisation only, and its request not at all.
pub(crate) async fn get_history(call: Call, histories: Histories) -> Result<Answer, Problem> {
    let seller = call.seller()?;
    let (after, size) = call.query(parse)?;
    let buyer = call.buyer()?;
    let page = histories.page((seller, buyer), after, size).await?;
    let page = page.ok_or_else(|| Problem::not_found("buyer"))?;
    let viewer = call.caller.organisation.uuid;
    let revisions = page.items.iter().map(|revision| RevisionResource::of(revision, viewer)).collect();
    Ok(Answer::json(200, &Listed::of(revisions, size, page.next)))
}

fn parse(query: &Value) -> Result<(Option<u64>, PageSize), Violations> {
    let reader = Reader::default();
    let root = reader.root(query);
    let after = root.field("cursor").if_sent(Node::numeric_cursor);
    let size = root.field("size").if_sent(|node| node.parse(1..=3)).unwrap_or_default();
    reader.finish(Some((after, size)))
}

pub(crate) fn operation() -> Operation {
    Operation::get(
        "get-history",
        "/v1/partners/{sellerId}/buyers/{buyerId}/history",
        "Lists every revision of the buyer in its order.",
    )
    .details("Who acted for another organisation is shown as that organisation only, and its request not at all.")
    .paged()
    .answers(Shown::json::<Listed<RevisionResource<'static>>>(200, "A page of revisions."))
}

/// A revision as clients see it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Revision", description = "One change of anything of a buyer.")]
struct RevisionResource<'r> {
    /// Its number, from 0 without gaps.
    seq: u64,
    /// The buyer's version after it.
    version: u64,
    /// What it is about.
    kind: RevisionKind,
    /// Who did it.
    actor: ActorResource<'r>,
    /// Through what.
    source: Source,
    /// When.
    at: Instant,
    /// Of the caller's own organisation only.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'r RequestId>,
    /// Why, in the words of whoever did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'r str>,
    /// What changed.
    changes: Vec<ChangeResource<'r>>,
    /// What it caused: the type of an event, or the name of the function that was given work, as `check-vies`.
    #[serde(skip_serializing_if = "Option::is_none")]
    effect: Option<&'static str>,
}

/// One changed field; of personal data only that it changed.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Change")]
struct ChangeResource<'r> {
    /// Dotted, as in request bodies; `contacts[<uuid>]` for a contact person.
    field: &'r str,
    /// Before; absent when there was nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'r Value>,
    /// After; absent when nothing is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'r Value>,
}

/// Who did it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Actor")]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
enum ActorResource<'r> {
    /// An API client.
    Client {
        /// Its organisation.
        organization_uuid: OrganisationId,
        /// The client; of the caller's own organisation only.
        #[serde(skip_serializing_if = "Option::is_none")]
        client_id: Option<&'r ClientId>,
    },
    /// One of our workers.
    System {
        /// Its name.
        function: &'r str,
    },
}

impl<'r> RevisionResource<'r> {
    fn of(revision: &'r Revision, viewer: OrganisationId) -> Self {
        let cause = &revision.cause;
        let foreign = matches!(&cause.actor, Actor::Client { organisation, .. } if *organisation != viewer);
        let actor = match &cause.actor {
            Actor::Client { organisation, client } => {
                ActorResource::Client { organization_uuid: *organisation, client_id: (!foreign).then_some(client) }
            }
            Actor::System { function } => ActorResource::System { function },
        };
        Self {
            seq: revision.seq,
            version: revision.version,
            kind: revision.kind,
            actor,
            source: cause.source,
            at: cause.at,
            request_id: (!foreign).then_some(&cause.request_id),
            reason: revision.reason.as_deref(),
            changes: revision.changes.iter().map(ChangeResource::of).collect(),
            effect: revision.effect.as_ref().map(Effect::name),
        }
    }
}

impl<'r> ChangeResource<'r> {
    fn of(change: &'r Change) -> Self {
        Self { field: &change.field, before: change.before.as_ref(), after: change.after.as_ref() }
    }
}
