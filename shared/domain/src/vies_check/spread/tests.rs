//! Whether chance is fair: the limits are five standard deviations and more, and the ids are the same in every run.

use uuid::Uuid;

use super::*;
use crate::SellerId;

fn vat(text: &str) -> VatNumber {
    VatNumber::parse(text).unwrap()
}

/// Buyers with ids as real ones have them.
fn buyers(count: u32) -> impl Iterator<Item = BuyerId> {
    let seller = SellerId(Uuid::from_u128(7));
    (0..count).map(move |n| BuyerId::of(seller, &vat(&format!("DE{}", 100_000_000 + n))))
}

#[test]
fn a_buyer_has_the_same_second_of_every_day() {
    let before_the_epoch = -40_000_001;
    for (n, buyer) in buyers(500).enumerate() {
        let mut at = Instant::from_millis([1_795_123_456_789, before_the_epoch][n % 2]);
        let first = next_daily_check(buyer, at);
        assert!(at < first && first <= at.plus_seconds(DAY_SECONDS));
        for day in 0..400 {
            at = next_daily_check(buyer, at);
            assert_eq!(at, first.plus_seconds(day * DAY_SECONDS));
        }
    }
}

#[test]
fn the_next_daily_check_is_later_than_now_even_by_a_millisecond() {
    let buyer = buyers(1).next().unwrap();
    let at = next_daily_check(buyer, Instant::from_millis(0));
    assert_eq!(next_daily_check(buyer, Instant::from_millis(at.millis() - 1)), at);
    assert_eq!(next_daily_check(buyer, at), at.plus_seconds(DAY_SECONDS));
}

#[test]
fn daily_checks_are_spread_evenly_over_the_day() {
    let mut hours = [0_u32; 24];
    for buyer in buyers(24_000) {
        let second = next_daily_check(buyer, Instant::from_millis(0)).seconds() % DAY_SECONDS;
        hours[usize::try_from(second / 3600).unwrap()] += 1;
    }
    assert!(hours.iter().all(|count| (840..=1160).contains(count)), "1000 each expected: {hours:?}");
}

#[test]
fn a_group_is_the_member_state_and_one_of_its_lanes() {
    let buyer = buyers(1).next().unwrap();
    let one = NonZeroU8::MIN;
    assert_eq!(check_group(&vat("DE136695976"), buyer, one), "DE-0");
    assert_eq!(check_group(&vat("GR094259216"), buyer, one), "EL-0");
    assert_eq!(check_group(&vat("XI980780684"), buyer, one), "XI-0");
    let of_255 = check_group(&vat("DE136695976"), buyer, NonZeroU8::MAX);
    assert_eq!(of_255, check_group(&vat("DE136695976"), buyer, NonZeroU8::MAX), "the same every time");
}

#[test]
fn all_lanes_of_a_state_are_used_alike() {
    for lanes in [2_u8, 3, 4, 7] {
        let number = vat("DE136695976");
        let mut used = std::collections::BTreeMap::<_, u32>::new();
        for buyer in buyers(7000) {
            *used.entry(check_group(&number, buyer, NonZeroU8::new(lanes).unwrap())).or_default() += 1;
        }
        let expected = 7000 / u32::from(lanes);
        assert_eq!(used.len(), usize::from(lanes));
        assert!(used.values().all(|count| count.abs_diff(expected) < 300), "{expected} each expected: {used:?}");
    }
}

#[test]
fn the_lane_says_nothing_about_the_second_of_the_day() {
    let lanes = NonZeroU8::new(2).unwrap();
    let early = |buyer: &BuyerId| next_daily_check(*buyer, Instant::from_millis(0)).seconds() % 2 == 0;
    let first = |buyer: &BuyerId| check_group(&vat("DE136695976"), *buyer, lanes) == "DE-0";
    let both = buyers(8000).filter(|buyer| early(buyer) && first(buyer)).count();
    assert!((1800..=2200).contains(&both), "2000 expected: {both}");
}
