//! Rate limits per organisation and category. Enterprise numbers make them small enough to be met in a moment.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::{Duration, Instant};

use blackbox::{Api, Crew, Draft, Reply, Request, World, buyer_body, fresh_vat_number, send};
use domain::{RateLimitTier, RateLimits};
use futures_util::{FutureExt, StreamExt, stream};
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

/// So many reads and writes a minute.
fn limited(read: u32, write: u32) -> Draft {
    Draft::new().with(|organisation| organisation.rate_limits = Some(RateLimits { read, write, webhook: 0 }))
}

/// As often as a scenario is tried on a busy machine.
const TRIES: u32 = 5;
/// Reads of the table, and the time in which a machine makes them that is not busy.
const READS: (u32, Duration) = (10, Duration::from_millis(500));

/// The limit is about seconds, and lets through what its counter says nothing to for 300 ms: on a machine that is too busy
/// a scenario breaks and proves nothing. One that fails while a simple read takes long, too, is tried again.
async fn in_time(scenario: impl AsyncFn(&World)) {
    let world = World::shared();
    for _ in 1..TRIES {
        let Err(failure) = AssertUnwindSafe(scenario(&world)).catch_unwind().await else { return };
        let begun = Instant::now();
        for _ in 0..READS.0 {
            world.behind.items("nothing").await;
        }
        if begun.elapsed() < READS.1 {
            resume_unwind(failure);
        }
    }
    scenario(&world).await;
}

const NAMES: [&str; 4] = ["x-ratelimit-category", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"];

/// Category, limit, remaining and reset; panics unless all stand there once.
fn standing(reply: &Reply) -> (&str, u32, u32, i64) {
    let values = NAMES.map(|name| {
        assert_eq!(reply.headers.get_all(name).iter().count(), 1, "{name}: {reply:?}");
        reply.header(name).unwrap()
    });
    (values[0], values[1].parse().unwrap(), values[2].parse().unwrap(), values[3].parse().unwrap())
}

fn retry_after(reply: &Reply) -> i64 {
    assert_eq!((reply.status, reply.problem()), (429, "rate-limited"), "{reply:?}");
    reply.header("retry-after").expect("Retry-After").parse().unwrap()
}

async fn pause(seconds: i64) {
    tokio::time::sleep(Duration::from_secs(seconds.unsigned_abs())).await;
}

#[tokio::test]
async fn every_answer_to_a_known_caller_says_how_he_stands() {
    in_time(async |world| {
        let api = world.organisation(limited(6000, 3000)).await;
        let mut body = buyer_body(&fresh_vat_number());
        let created = api.upsert(&body).await;
        let buyer = format!("{}/{}", api.buyers(), created.json["uuid"].as_str().unwrap());
        body["companyName"] = json!("Anders GmbH");
        let cached = api.request(Method::GET, &buyer).header("if-none-match", "\"0\"");
        let foreign = api.for_seller("00000000-0000-4000-8000-000000000000");
        let (read, write) = (("read", 6000, 2000), ("write", 3000, 1000));
        for (status, (category, limit, burst), reply) in [
            (201, write, created),
            (200, read, api.get("/v1/me").await),
            (304, read, send(cached).await),
            (404, read, api.get(&format!("{}/{}", api.buyers(), Uuid::new_v4())).await),
            (403, read, api.get(&foreign.buyers()).await),
            (422, read, api.get(&format!("{}?size=0", api.buyers())).await),
            (409, write, api.upsert(&body).await),
            (422, write, api.upsert(&json!({})).await),
            (400, write, send(api.request(Method::PATCH, &buyer).json(&json!({}))).await),
        ] {
            assert_eq!(reply.status, status, "{reply:?}");
            let now = storage::now().seconds();
            let (found, of, remaining, reset) = standing(&reply);
            assert_eq!((found, of), (category, limit), "{status}");
            assert!((burst - 10..burst).contains(&remaining), "{status}: {remaining}");
            assert!((now - 10..=now + 11).contains(&reset), "{status}: {reset} at {now}");
        }
        for nobody in [
            api.with_token("x").get("/v1/me").await,
            send(api.anonymous(Method::GET, "/v1/me")).await,
            api.get("/v1/nowhere").await,
        ] {
            assert!(NAMES.iter().all(|name| nobody.header(name).is_none()), "{nobody:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn beyond_a_third_of_a_minute_in_ten_seconds_is_429_until_retry_after_which_no_refusal_pushes() {
    in_time(async |world| {
        let api = world.organisation(limited(12, 12)).await;
        for left in [3, 2, 1, 0] {
            let reply = api.get("/v1/me").await;
            assert_eq!((reply.status, standing(&reply).2), (200, left), "{reply:?}");
        }
        let refused = api.get("/v1/me").await;
        let (seconds, reset) = (retry_after(&refused), standing(&refused).3);
        assert!((1..=11).contains(&seconds), "{seconds}");
        assert!(refused.json["detail"].as_str().unwrap().contains("12 read requests"), "{refused:?}");
        assert_eq!((standing(&refused).1, standing(&refused).2), (12, 0));

        // Whoever keeps hammering is told the same moment, and does not move it.
        pause(2).await;
        for _ in 0..5 {
            let again = api.get("/v1/me").await;
            assert_eq!(standing(&again), ("read", 12, 0, reset));
            assert!(retry_after(&again) <= seconds - 2);
        }
        while storage::now().seconds() < reset {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(api.get("/v1/me").await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn categories_have_counters_of_their_own_and_replays_count() {
    in_time(async |world| {
        let api = world.organisation(limited(3, 6)).await;
        let body = buyer_body(&fresh_vat_number());
        let first = api.upsert_with_key("key", &body).await;
        assert_eq!((first.status, standing(&first)), (201, ("write", 6, 1, standing(&first).3)));
        let replay = api.upsert_with_key("key", &body).await;
        assert_eq!((replay.status, replay.header("idempotent-replayed")), (201, Some("true")), "{replay:?}");
        assert_eq!(standing(&replay).2, 0, "the replay is a request like any other");
        let refused = api.upsert_with_key("key", &body).await;
        assert!(retry_after(&refused) > 0 && refused.header("idempotent-replayed").is_none(), "{refused:?}");

        let read = api.get("/v1/me").await;
        assert_eq!((read.status, standing(&read).2), (200, 0), "writes are not reads");
        retry_after(&api.get(&api.buyers()).await);
    })
    .await;
}

#[tokio::test]
async fn organisations_of_one_seller_do_not_share_a_limit() {
    in_time(async |world| {
        let draft = limited(3, 3);
        let sellers = draft.sellers.clone();
        let one = world.organisation(draft).await;
        let other = world.organisation(limited(3, 3).acting_for(&sellers)).await;
        assert_eq!(one.get(&one.buyers()).await.status, 200);
        retry_after(&one.get(&one.buyers()).await);
        assert_eq!(other.get(&other.buyers()).await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn of_many_at_once_as_many_are_served_as_the_limit_allows() {
    in_time(async |world| {
        // By processes of their own, past the gateway: there they would not be many at once.
        let crew = &Crew::of(World::shared());
        let (me, buyers) = ("get-me", "find-buyers");
        let api = world.organisation(limited(30, 30)).await;
        let requests = stream::iter(0..40).map(|index| {
            let request = Request::new(if index % 2 == 0 { me } else { buyers }, &api.token);
            let request = if index % 2 == 0 { request } else { request.of("sellerId", &api.seller) };
            async move { crew.send(&request).await }
        });
        let replies: Vec<_> = requests.buffer_unordered(8).collect().await;
        let (served, refused): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 200);
        assert!(refused.iter().all(|reply| (1..=11).contains(&retry_after(reply))), "{refused:?}");
        assert_eq!((served.len(), refused.len()), (10, 30));
    })
    .await;
}

#[tokio::test]
async fn without_the_agreement_the_answer_is_403_also_beyond_the_limit_and_counts() {
    in_time(async |world| {
        let draft = limited(3, 3).with(|organisation| organisation.dpa_version = None);
        let api = world.organisation(draft).await;
        for _ in 0..3 {
            let reply = api.get(&api.buyers()).await;
            assert_eq!((reply.status, reply.problem()), (403, "dpa-not-accepted"));
            assert_eq!(standing(&reply), ("read", 3, 0, standing(&reply).3));
        }
        retry_after(&api.get("/v1/me").await);
    })
    .await;
}

#[tokio::test]
async fn a_tier_has_the_published_limits() {
    in_time(async |world| {
        for (tier, read, write) in [
            (RateLimitTier::Standard, (300, 99), (60, 19)),
            (RateLimitTier::HighVolume, (1000, 332), (200, 65)),
            (RateLimitTier::Enterprise, (1000, 332), (200, 65)),
        ] {
            let draft = Draft::new().with(|organisation: &mut domain::Organisation| {
                (organisation.rate_limit_tier, organisation.rate_limits) = (tier, None);
            });
            let api: Api = world.organisation(draft).await;
            let (reading, writing) = (api.get("/v1/me").await, api.upsert(&buyer_body(&fresh_vat_number())).await);
            let shown = |reply: &Reply| (standing(reply).1, standing(reply).2);
            assert_eq!((shown(&reading), shown(&writing)), (read, write), "{tier:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn without_its_table_the_limit_lets_everything_through() {
    let world = World::beside("no-limits", &[]).await;
    let api = world.organisation(limited(3, 3)).await;
    let table = json!({ "TableName": world.behind.deployment.outputs["LimitsTableName"] });
    world.behind.aws("dynamodb", "DynamoDB_20120810.DeleteTable", &table).await;
    for _ in 0..3 {
        let reply = api.get("/v1/me").await;
        assert_eq!((reply.status, standing(&reply)), (200, ("read", 3, 1, standing(&reply).3)), "{reply:?}");
    }
}

#[tokio::test]
async fn an_organisation_has_one_item_a_category_that_expires() {
    in_time(async |world| {
        let draft = limited(3, 6);
        let organisation = draft.organisation.uuid;
        let api = world.organisation(draft).await;
        for _ in 0..3 {
            api.get("/v1/me").await;
        }
        api.upsert(&buyer_body(&fresh_vat_number())).await;
        let now = storage::now().seconds();
        for (category, expected) in [("read", 1), ("write", 1)] {
            let get = json!({
                "TableName": world.behind.deployment.outputs["LimitsTableName"],
                "Key": {"pk": {"S": format!("ORG#{organisation}#{category}")}},
                "ConsistentRead": true
            });
            let found = world.behind.aws("dynamodb", "DynamoDB_20120810.GetItem", &get).await;
            let item = found["Item"].as_object().unwrap_or_else(|| panic!("no item: {found}"));
            let number = |value: &serde_json::Value| value["N"].as_str().unwrap().parse::<i64>().unwrap();
            let counted: i64 =
                item.iter().filter(|(name, _)| name.starts_with('t')).map(|(_, count)| number(count)).sum();
            assert_eq!(counted, expected, "{category}: what was refused is not counted: {found}");
            let left = number(&item["expiresAt"]) - now;
            assert!((500..=600).contains(&left), "{left} s");
        }
    })
    .await;
}
