//! A new secret in the place of the old one, which goes on signing beside it for a while.

use schemars::JsonSchema;
use serde_json::Value;

use super::sealed::read_secret;
use super::{SealedSecret, Secret};
use crate::{Instant, Node, Reader, Violations};

/// What a client wants of a rotation.
#[derive(Debug)]
pub struct Rotation {
    /// How many hours the old secret goes on signing; 0 ends it at once.
    pub overlap_hours: u64,
    /// The secret it supplied, if it did.
    pub secret: Option<Secret>,
}

/// The wire form of a [`Rotation`], for its schema.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WebhookRotation", description = "How the secret is rotated; none of it is required.")]
pub struct RotationBody {
    /// How many hours the old secret goes on signing beside the new one; 0 ends it at once.
    #[schemars(range(min = 0, max = 168), extend("default" = 24), example = 24)]
    pub overlap_hours: Option<u64>,
    /// A secret of yours instead of ours: 24 to 128 bytes in UTF-8, without white space or control characters.
    #[schemars(length(min = 24, max = 128), regex(pattern = "^[0-9!-~]*$"))]
    pub secret: Option<String>,
}

impl Default for Rotation {
    fn default() -> Self {
        Self { overlap_hours: 24, secret: None }
    }
}

impl Rotation {
    /// Most hours of overlap: a week.
    pub const MOST_HOURS: u64 = 168;

    /// Parses a body. Unknown members are ignored.
    ///
    /// # Errors
    /// Every rule that the body breaks.
    pub fn parse(body: &Value) -> Result<Self, Violations> {
        let reader = Reader::default();
        let root = reader.root(body);
        let if_present = |name: &str| Some(root.field(name)).filter(Node::is_present);
        let hours = if_present("overlapHours")
            .map_or(Some(Self::default().overlap_hours), |node| node.integer(0..=Self::MOST_HOURS));
        let secret = if_present("secret").map(|node| read_secret(&node));
        let rotation = hours.and_then(|overlap_hours| {
            Some(Self { overlap_hours, secret: secret.map_or(Some(None), |read| read.map(Some))? })
        });
        reader.finish(rotation)
    }

    /// Until when the old secret signs after a rotation of that moment.
    #[must_use]
    pub fn overlap_until(&self, at: Instant) -> Option<Instant> {
        (self.overlap_hours > 0).then(|| at.plus_seconds(self.overlap_hours.cast_signed() * 60 * 60))
    }
}

/// The secrets after a rotation: the new one first, beside it the newest of the old ones until the overlap ends, and
/// nothing else. So at most two sign, and one that is over is not kept.
#[must_use]
pub fn rotated(secrets: &[SealedSecret], new: SealedSecret, overlap_until: Option<Instant>) -> Vec<SealedSecret> {
    let old = secrets.first().filter(|_| overlap_until.is_some());
    let old = old.map(|old| SealedSecret { until: overlap_until, ..old.clone() });
    std::iter::once(new).chain(old).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sealed(revision: u64) -> SealedSecret {
        SealedSecret { revision, sealed: format!("sealed {revision}"), until: None }
    }

    #[test]
    fn the_old_secret_signs_beside_the_new_one_for_a_day_unless_said_otherwise() {
        let at = Instant::from_millis(1_000);
        let until = |body: &Value| Rotation::parse(body).unwrap().overlap_until(at);
        assert_eq!(until(&json!({})), Some(at.plus_seconds(24 * 60 * 60)));
        assert_eq!(until(&json!({"overlapHours": null, "secret": null})), Some(at.plus_seconds(24 * 60 * 60)));
        assert_eq!(until(&json!({"overlapHours": 168})), Some(at.plus_seconds(7 * 24 * 60 * 60)));
        assert_eq!(until(&json!({"overlapHours": 0})), None);
        for bad in [json!(-1), json!(169), json!(1.5), json!("24")] {
            let Err(Violations(found)) = Rotation::parse(&json!({"overlapHours": bad, "secret": "short"})) else {
                panic!("{bad} was taken")
            };
            let fields: Vec<_> = found.iter().map(|violation| violation.field.as_str()).collect();
            assert_eq!(fields, ["overlapHours", "secret"], "{bad}");
        }
    }

    #[test]
    fn at_most_two_secrets_sign_the_newest_first() {
        let [first, second] = [5_000, 9_000].map(|millis| Some(Instant::from_millis(millis)));
        let once = rotated(&[sealed(0)], sealed(1), first);
        assert_eq!(once, [sealed(1), SealedSecret { until: first, ..sealed(0) }]);
        let twice = rotated(&once, sealed(2), second);
        assert_eq!(twice, [sealed(2), SealedSecret { until: second, ..sealed(1) }], "the oldest is dropped");
        assert_eq!(rotated(&twice, sealed(3), None), [sealed(3)], "without an overlap the old ones end at once");
    }
}
