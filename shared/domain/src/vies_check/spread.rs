//! Where a buyer's checks stand among those of all others: at which second of the day, and in which queue.
//!
//! Both follow from the buyer's id alone, so nothing has to be remembered or balanced.

use std::num::NonZeroU8;

use sha2::{Digest, Sha256};

use crate::{BuyerId, Instant, VatNumber};

const DAY_SECONDS: i64 = 86_400;

/// The next daily check of a buyer, later than that instant and within a day of it: each buyer has its own second
/// of the day (UTC), and all seconds have as many.
#[must_use]
pub fn next_daily_check(buyer: BuyerId, after: Instant) -> Instant {
    let second = i64::try_from(number(buyer, "second of the day", DAY_SECONDS.unsigned_abs())).unwrap_or_default();
    let midnight = after.seconds().div_euclid(DAY_SECONDS) * DAY_SECONDS;
    let today = Instant::from_millis((midnight + second) * 1000);
    if today > after { today } else { today.plus_seconds(DAY_SECONDS) }
}

/// The group of the FIFO queue in which a buyer's checks wait, `DE-3`.
///
/// One message of a group is worked on at a time, so a member state is asked at most `lanes` things at once, and
/// one that hangs delays no other.
#[must_use]
pub fn check_group(vat_number: &VatNumber, buyer: BuyerId, lanes: NonZeroU8) -> String {
    format!("{}-{}", vat_number.state(), number(buyer, "lane", u64::from(lanes.get())))
}

/// A number below that one, from the id; for another purpose it is another one.
fn number(buyer: BuyerId, purpose: &str, below: u64) -> u64 {
    let hash = Sha256::new().chain_update(purpose).chain_update(buyer.0.as_bytes()).finalize();
    hash.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte)) % below
}

#[cfg(test)]
mod tests;
