//! An application: a relying party of its environment, and a client of OAuth.

use std::fmt;

use chrono::{DateTime, Utc};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::model::application::{LoginMethod, LogoutState};
use crate::model::key::SigningAlgorithm;

#[derive(Clone)]
pub struct Application {
    pub id: Uuid,
    pub environment_id: Uuid,
    pub client_id: String,
    pub name: String,
    pub login_method: LoginMethod,
    pub app_url: String,
    pub login_url: String,
    pub initiate_login_url: Option<String>,
    pub client_secret_hash: Option<Vec<u8>>,
    /// The hash of the secret before this one, and until when it works beside it.
    pub former_secret: Option<(Vec<u8>, DateTime<Utc>)>,
    pub keep_session_alive: bool,
    pub signing_algorithm: SigningAlgorithm,
    /// Public keys that the client signs its assertions with, a JSON Web Key Set.
    pub jwks: Option<String>,
    pub backchannel_logout_uri: Option<String>,
    /// Whether every account that is made from now on gets it, and whether it is the default one there.
    pub assigned_to_new: bool,
    pub default_of_new: bool,
    /// One more with each edit.
    pub version: i64,
}

/// Without the hash of its secret.
impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, environment_id, client_id, name, version, .. } = self;
        let mut application = f.debug_struct("Application");
        application.field("id", id).field("environment_id", environment_id).field("client_id", client_id);
        application.field("name", name).field("version", version).finish_non_exhaustive()
    }
}

impl Application {
    /// Whether the application signs its users in itself, instead of on the hosted pages.
    pub fn is_embedded(&self) -> bool {
        self.login_method == LoginMethod::Embedded
    }

    /// Without a secret and without keys a client is public: it proves itself by PKCE alone.
    pub fn is_public(&self) -> bool {
        self.client_secret_hash.is_none() && self.jwks.is_none()
    }

    /// Whether `presented`, the hash of a secret, is that of this client's, in constant time: that of its secret, or of the
    /// one before, while that works too.
    pub fn has_secret_hash(&self, presented: &[u8], now: DateTime<Utc>) -> bool {
        let former = self.former_secret.as_ref().filter(|(_, until)| now < *until).map(|(hash, _)| hash.as_slice());
        let known = [self.client_secret_hash.as_deref(), former.filter(|_| self.client_secret_hash.is_some())];
        known.into_iter().flatten().any(|known| known.ct_eq(presented).into())
    }
}

/// An application as assigned to an account.
#[derive(Clone, Debug)]
pub struct AssignedApplication {
    pub account_id: Uuid,
    pub application_id: Uuid,
    pub client_id: String,
    pub name: String,
    pub login_method: LoginMethod,
    pub app_url: String,
    pub login_url: String,
    pub keep_session_alive: bool,
    pub is_default: bool,
}

/// An application in the list.
#[derive(Clone, Debug)]
pub struct ListedApplication {
    pub id: Uuid,
    pub client_id: String,
    pub name: String,
    pub login_method: LoginMethod,
    pub has_secret: bool,
    pub has_keys: bool,
    pub keep_session_alive: bool,
    pub is_told: bool,
    /// Accounts that have it, as far as they were counted.
    pub accounts: i64,
    /// The latest message about an ended session.
    pub last_delivery: Option<LogoutState>,
}
