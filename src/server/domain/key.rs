//! Signing keys of an environment. Private halves are sealed.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::key::{KeyState, SigningAlgorithm};

#[derive(Clone, Debug)]
pub struct SealedKey {
    /// RFC 7638 thumbprint of the public key.
    pub kid: String,
    pub environment_id: Uuid,
    pub algorithm: SigningAlgorithm,
    pub state: KeyState,
    /// The public key as a JWK, JSON text.
    pub public_jwk: String,
    pub sealed_private_key: Vec<u8>,
    pub created_at: DateTime<Utc>,
    /// When it began to sign.
    pub activated_at: Option<DateTime<Utc>>,
    /// When it stopped.
    pub retired_at: Option<DateTime<Utc>>,
}

/// A key that is published no more, for reading id tokens that come back as hints.
#[derive(Clone, Debug)]
pub struct PastKey {
    pub algorithm: SigningAlgorithm,
    /// The public key as a JWK, JSON text.
    pub public_jwk: String,
}
