//! Signing keys in memory: sealed at rest with the master key, opened once, used off the async threads.

use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, Header};
use quick_cache::sync::Cache;
use serde::Serialize;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::model::key::{KeyState, SigningAlgorithm};
use crate::server::db::{Conn, Tx, signing_key};
use crate::server::domain::key::SealedKey;
use crate::server::platform::clock::Clock;
use crate::server::platform::random::Random;

const NONCE_LENGTH: usize = 12;
/// Keys in memory at most, or about as many: an environment has four to six. Beyond, those go that sign least.
const OPENED: usize = 10_000;

/// The 256-bit key that seals private keys, from a file or the environment. It is wiped from memory when it goes.
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// Reads the base64 of 32 bytes.
    ///
    /// # Errors
    /// Where the text is anything else.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let bytes = Zeroizing::new(STANDARD.decode(text.trim()).context("the master key is not base64")?);
        let mut key = Zeroizing::new([0_u8; 32]);
        if bytes.len() != key.len() {
            bail!("the master key has {} bytes instead of 32", bytes.len());
        }
        key.copy_from_slice(&bytes);
        Ok(Self(key))
    }

    /// A new master key, as the text that [`MasterKey::parse`] reads.
    pub fn generate(random: &dyn Random) -> String {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        random.fill(bytes.as_mut_slice());
        STANDARD.encode(bytes.as_slice())
    }

    fn cipher(&self) -> anyhow::Result<LessSafeKey> {
        Ok(LessSafeKey::new(
            UnboundKey::new(&AES_256_GCM, self.0.as_slice()).map_err(|_| anyhow!("AES-256-GCM is missing"))?,
        ))
    }

    /// AES-256-GCM, the nonce in front. `name` is bound to the sealed bytes: they open under no other.
    fn seal(&self, random: &dyn Random, name: &str, plain: &[u8]) -> anyhow::Result<Vec<u8>> {
        let mut nonce = [0; NONCE_LENGTH];
        random.fill(&mut nonce);
        let mut sealed = plain.to_vec();
        self.cipher()?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(name.as_bytes()), &mut sealed)
            .map_err(|_| anyhow!("sealing failed"))?;
        Ok([&nonce[..], &sealed].concat())
    }

    fn open(&self, name: &str, sealed: &[u8]) -> anyhow::Result<Zeroizing<Vec<u8>>> {
        let (nonce, body) = sealed.split_at_checked(NONCE_LENGTH).context("the sealed key is too short")?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| anyhow!("the nonce is malformed"))?;
        let mut body = Zeroizing::new(body.to_vec());
        let length = self
            .cipher()?
            .open_in_place(nonce, Aad::from(name.as_bytes()), &mut body)
            .map_err(|_| anyhow!("the signing key {name} was sealed with another master key"))?
            .len();
        body.truncate(length);
        Ok(body)
    }
}

/// A key that is ready to sign and to verify.
pub struct SigningKey {
    pub kid: String,
    pub algorithm: Algorithm,
    pub state: KeyState,
    pub public_jwk: Jwk,
    pair: KeyPair,
    pub decoding: DecodingKey,
}

/// A private key, read and checked once: doing that takes longer than a signature.
enum KeyPair {
    Rsa(aws_lc_rs::rsa::KeyPair),
    Ec(EcdsaKeyPair),
}

impl KeyPair {
    fn read(algorithm: Algorithm, pkcs8: &[u8]) -> anyhow::Result<Self> {
        let unreadable = || anyhow!("the signing key cannot be read");
        Ok(match algorithm {
            Algorithm::RS256 => Self::Rsa(aws_lc_rs::rsa::KeyPair::from_pkcs8(pkcs8).map_err(|_| unreadable())?),
            _ => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8);
                Self::Ec(pair.map_err(|_| unreadable())?)
            }
        })
    }

    #[expect(clippy::disallowed_methods, reason = "the library signs with its own generator only")]
    fn sign(&self, message: &[u8]) -> anyhow::Result<Vec<u8>> {
        let random = aws_lc_rs::rand::SystemRandom::new();
        let failed = |_| anyhow!("signing failed");
        match self {
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
            Self::Ec(pair) => Ok(pair.sign(&random, message).map_err(failed)?.as_ref().to_vec()),
        }
    }
}

/// The keys of one environment: active first, RS256 before ES256.
pub type EnvironmentKeys = Arc<Vec<Arc<SigningKey>>>;

pub struct Keyring {
    master: MasterKey,
    /// By key id, each with its environment.
    opened: Cache<String, (Uuid, Arc<SigningKey>)>,
}

impl Keyring {
    pub fn new(master: MasterKey) -> Self {
        Self { master, opened: Cache::new(OPENED) }
    }

    /// The environment's keys as the database has them now; private halves are opened once and kept.
    pub async fn of(&self, conn: &mut Conn, environment_id: Uuid) -> anyhow::Result<EnvironmentKeys> {
        let mut keys = Vec::new();
        for row in signing_key::of_environment(conn, environment_id).await? {
            keys.push(self.open(&row).await?);
        }
        // A key that is not in the database any more is none in memory either.
        self.opened.retain(|kid, (of, _)| *of != environment_id || keys.iter().any(|key| key.kid == *kid));
        Ok(Arc::new(keys))
    }

    /// The key of `row`, opened. Its state is the row's, the rest never changes.
    pub async fn open(&self, row: &SealedKey) -> anyhow::Result<Arc<SigningKey>> {
        if let Some((_, key)) = self.opened.get(&row.kid).filter(|(_, key)| key.state == row.state) {
            return Ok(key);
        }
        let private = self.master.open(&row.kid, &row.sealed_private_key)?;
        let algorithm = jwa(row.algorithm);
        let public_jwk: Jwk = serde_json::from_str(&row.public_jwk).context("the public key is no JWK")?;
        let decoding = DecodingKey::from_jwk(&public_jwk)?;
        // Reading a private key checks it, which takes longer than a signature.
        let pair = tokio::task::spawn_blocking(move || KeyPair::read(algorithm, &private)).await??;
        let key =
            Arc::new(SigningKey { kid: row.kid.clone(), algorithm, state: row.state, public_jwk, pair, decoding });
        self.opened.insert(row.kid.clone(), (row.environment_id, key.clone()));
        Ok(key)
    }

    /// A tag over `data` that only servers with this master key can make, for `purpose` and for nothing else.
    pub fn tag(&self, purpose: &str, data: &[u8]) -> Vec<u8> {
        let sign = |key: &[u8], text: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text);
        let key = sign(self.master.0.as_slice(), purpose.as_bytes());
        sign(key.as_ref(), data).as_ref().to_vec()
    }

    /// Makes the first keys of an environment: of each algorithm one that signs and one that is published ahead.
    pub async fn create_first(
        &self,
        tx: &mut Tx,
        clock: &dyn Clock,
        random: &dyn Random,
        environment_id: Uuid,
    ) -> anyhow::Result<()> {
        for row in self.new_rows(clock, random).await? {
            signing_key::insert(tx, &SealedKey { environment_id, ..row }).await?;
        }
        Ok(())
    }

    /// A new active and a new next key of each algorithm, sealed, of no environment yet.
    pub async fn new_rows(&self, clock: &dyn Clock, random: &dyn Random) -> anyhow::Result<Vec<SealedKey>> {
        let mut rows = Vec::new();
        for algorithm in SigningAlgorithm::ALL {
            let active = self.new_row(algorithm, clock, random).await?;
            rows.push(SealedKey { state: KeyState::Active, activated_at: Some(clock.now()), ..active });
            rows.push(self.new_row(algorithm, clock, random).await?);
        }
        Ok(rows)
    }

    /// A new next key, sealed, of no environment yet.
    pub async fn new_row(
        &self,
        algorithm: SigningAlgorithm,
        clock: &dyn Clock,
        random: &dyn Random,
    ) -> anyhow::Result<SealedKey> {
        let (kid, public_jwk, private) = tokio::task::spawn_blocking(move || generate(jwa(algorithm))).await??;
        Ok(SealedKey {
            sealed_private_key: self.master.seal(random, &kid, &private)?,
            kid,
            environment_id: Uuid::nil(),
            algorithm,
            state: KeyState::Next,
            public_jwk,
            created_at: clock.now(),
            activated_at: None,
            retired_at: None,
        })
    }
}

impl SigningKey {
    /// Whether it is the one that signs.
    pub fn is_active(&self) -> bool {
        self.state == KeyState::Active
    }

    /// Runs `work`, which signs, off the async threads: RS256 takes most of a millisecond. There is no other way to sign.
    ///
    /// # Errors
    /// Those of `work`, or where it panics.
    pub async fn signing<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(Signer<'_>) -> anyhow::Result<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        let key = self.clone();
        tokio::task::spawn_blocking(move || work(Signer(&key))).await?
    }
}

/// A key on a thread that may wait. Only [`SigningKey::signing`] makes one.
pub struct Signer<'a>(&'a SigningKey);

impl Signer<'_> {
    /// A signed JWT with this `typ`.
    ///
    /// # Errors
    /// Where the claims are no JSON, or the key does not sign.
    pub fn sign<T: Serialize>(&self, typ: &str, claims: &T) -> anyhow::Result<String> {
        let mut header = Header::new(self.0.algorithm);
        header.typ = Some(typ.to_owned());
        header.kid = Some(self.0.kid.clone());
        let part = |json: Vec<u8>| URL_SAFE_NO_PAD.encode(json);
        let message = format!("{}.{}", part(serde_json::to_vec(&header)?), part(serde_json::to_vec(claims)?));
        let signature = self.0.pair.sign(message.as_bytes())?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// The algorithm as the library for tokens names it (JSON Web Algorithms, RFC 7518 section 3.1).
pub fn jwa(algorithm: SigningAlgorithm) -> Algorithm {
    match algorithm {
        SigningAlgorithm::Rs256 => Algorithm::RS256,
        SigningAlgorithm::Es256 => Algorithm::ES256,
    }
}

/// A new key: its thumbprint, its public JWK as JSON, its private key as PKCS#8.
fn generate(algorithm: Algorithm) -> anyhow::Result<(String, String, Zeroizing<Vec<u8>>)> {
    let (private, public) = match algorithm {
        Algorithm::RS256 => {
            let pair =
                aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).map_err(|_| anyhow!("no RSA key was made"))?;
            let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| anyhow!("the RSA key has no PKCS#8 form"))?;
            (Zeroizing::new(der.as_ref().to_vec()), DecodingKey::from_rsa_der(pair.public_key().as_ref()))
        }
        _ => {
            let pair =
                EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| anyhow!("no EC key was made"))?;
            let der = pair.to_pkcs8v1().map_err(|_| anyhow!("the EC key has no PKCS#8 form"))?;
            (Zeroizing::new(der.as_ref().to_vec()), DecodingKey::from_ec_der(pair.public_key().as_ref()))
        }
    };
    let mut jwk = Jwk::from_decoding_key(&public, Some(algorithm))?;
    let kid = jwk.thumbprint(ThumbprintHash::SHA256)?;
    jwk.common.key_id = Some(kid.clone());
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    Ok((kid, serde_json::to_string(&jwk)?, private))
}
