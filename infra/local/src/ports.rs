//! Which port is whose.
//!
//! | port | what |
//! |---|---|
//! | base (4600) | the API |
//! | +1 | the AWS emulator |
//! | +2 | identity provider |
//! | +3 | VIES |
//! | +4 | iDenfy (kept free for it) |
//! | +5 | webhook sink |
//!
//! The permanent stack has fixed ones, because the issuer's port is part of what is deployed.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

use crate::failure::{Doing as _, Failure};

/// The base port, unless told otherwise.
pub const DEFAULT_BASE: u16 = 4600;

/// Ports to listen on; 0 is any free one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) gateway: u16,
    pub(crate) emulator: u16,
    pub(crate) identity_provider: u16,
    pub(crate) vies: u16,
    pub(crate) webhook_sink: u16,
}

impl Ports {
    pub(crate) fn from(base: u16) -> Self {
        let [gateway, emulator, identity_provider, vies, _idenfy, webhook_sink] =
            [0, 1, 2, 3, 4, 5].map(|offset| base.saturating_add(offset));
        Self { gateway, emulator, identity_provider, vies, webhook_sink }
    }

    /// All free ones. The emulator cannot choose by itself, so its port is chosen here.
    pub(crate) fn free() -> Result<Self, Failure> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).doing("looking for a free port")?;
        let emulator = listener.local_addr().doing("looking for a free port")?.port();
        Ok(Self { gateway: 0, emulator, identity_provider: 0, vies: 0, webhook_sink: 0 })
    }

    /// Fails when someone else listens where the emulator will.
    pub(crate) fn check_emulator(self) -> Result<(), Failure> {
        listening(TcpListener::bind((Ipv4Addr::LOCALHOST, self.emulator)), "the AWS emulator", self.emulator).map(drop)
    }
}

/// Names the port and its purpose when it could not be taken.
pub(crate) fn listening<T>(attempt: io::Result<T>, purpose: &str, port: u16) -> Result<T, Failure> {
    attempt.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => Failure::new(format!(
            "Port {port}, meant for {purpose}, is taken. Free it, or use others: cargo local --port 4700"
        )),
        _ => Failure::new(format!("Cannot listen on port {port} for {purpose}: {error}")),
    })
}
