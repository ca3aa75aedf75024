//! How an impersonation enters its application.

use crate::model::application::LoginMethod;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::platform::url::{origin_of, with_query};

/// Where the new tab goes with its hand-off code.
pub enum Entrance {
    /// To the provider, which signs the user in and leads on to the application.
    Hosted,
    /// To the application itself, which trades the code at the token endpoint: sign-in that a third party initiates
    /// (OpenID Connect Core section 4), with the code as `login_hint`.
    Embedded { login_url: String, target: String },
}

impl Entrance {
    /// The entrance of an application with this method of signing in, at these addresses.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] where the application's own sign-in has no address that a browser may go to.
    pub fn of(login_method: LoginMethod, login_url: &str, app_url: &str) -> ServiceResult<Self> {
        if login_method == LoginMethod::Hosted {
            return Ok(Self::Hosted);
        }
        if origin_of(login_url).is_none() {
            let sentence =
                "The application's login address is neither http nor https. An administrator must mend it first.";
            return Err(ServiceError::invalid("application", sentence));
        }
        Ok(Self::Embedded { login_url: login_url.to_owned(), target: app_url.to_owned() })
    }

    /// The address of the new tab, with the code in it.
    pub fn url(&self, issuer: &str, code: &str) -> String {
        match self {
            Self::Hosted => format!("{issuer}/hand-off?code={code}"),
            Self::Embedded { login_url, target } => {
                with_query(login_url, &[("iss", issuer), ("login_hint", code), ("target_link_uri", target)])
            }
        }
    }
}
