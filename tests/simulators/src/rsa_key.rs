//! A fresh RSA-2048 key.
//!
//! ring signs but cannot make RSA keys, so the two primes come from
//! `crypto-primes`. (The `rsa` crate would do both, and carries an advisory
//! that would have to be excused in every audit.)

use crypto_bigint::{BoxedUint, ConcatenatingMul, NonZero, Resize};
use crypto_primes::hazmat::{SetBits, SmallFactorsSieveFactory};
use crypto_primes::{Flavor, is_prime, sieve_and_find};
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use ring::rsa::{KeyPairComponents, PublicKeyComponents};

/// The components of a new key, big-endian without leading zeros. Takes about 50 ms of one core.
///
/// # Panics
/// When the operating system has no randomness to give.
#[must_use]
pub fn generate() -> KeyPairComponents<Box<[u8]>> {
    let mut primes = [prime_1024(), prime_1024()];
    primes.sort();
    let [q, p] = primes; // ring wants p > q
    let exponent = BoxedUint::from(65_537u32).resize(2048);
    let one = BoxedUint::one();
    let (p_less_1, q_less_1) = (p.wrapping_sub(&one), q.wrapping_sub(&one));
    let Some(d) = inverse(&exponent, &p_less_1.concatenating_mul(&q_less_1)) else {
        return generate(); // 65537 divides the totient, once in 32,000 tries
    };
    KeyPairComponents {
        public_key: PublicKeyComponents { n: bytes(&p.concatenating_mul(&q)), e: bytes(&exponent) },
        d: bytes(&d),
        dP: bytes(&d.rem(&not_zero(&p_less_1))),
        dQ: bytes(&d.rem(&not_zero(&q_less_1))),
        qInv: bytes(&inverse(&q, &p).expect("two primes have no common factor")),
        p: bytes(&p),
        q: bytes(&q),
    }
}

/// With the two top bits set, so that the product of two has exactly 2048 bits.
fn prime_1024() -> BoxedUint {
    let sieve = SmallFactorsSieveFactory::new(Flavor::Any, 1024, SetBits::TwoMsb).expect("1024 bits hold a prime");
    sieve_and_find(&mut UnwrapErr(SysRng), sieve, |_, candidate| is_prime(Flavor::Any, candidate))
        .expect("the sieve accepts its own settings")
        .expect("there are primes of 1024 bits")
}

fn inverse(of: &BoxedUint, modulus: &BoxedUint) -> Option<BoxedUint> {
    of.invert_mod(&not_zero(modulus)).into_option()
}

fn not_zero(modulus: &BoxedUint) -> NonZero<BoxedUint> {
    NonZero::new(modulus.clone()).expect("a prime is not zero, nor is a prime less one")
}

fn bytes(number: &BoxedUint) -> Box<[u8]> {
    number.to_be_bytes_trimmed_vartime()
}
