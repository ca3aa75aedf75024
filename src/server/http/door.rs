//! Which door a request came to, by its route: few words, none of which anybody outside can make up.

use axum::extract::{MatchedPath, Request};
use std::sync::{Arc, OnceLock};
/// What turns a kind of requests into use cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The portal's pages.
    Portal,
    /// The calls of the portal's pages.
    Rpc,
    /// The portal's live list.
    Live,
    Discovery,
    Keys,
    Authorize,
    HandOff,
    Token,
    Userinfo,
    Introspection,
    Revocation,
    /// What applications report.
    Events,
    Logout,
    /// Pages that users of an environment see.
    Hosted,
    Frontegg,
    /// The script with which the Frontegg SDKs sign users in.
    LoginBox,
    Health,
    /// Static files, and addresses at which there is nothing.
    Files,
}

/// The doors of one route below an environment.
const PROVIDER: [(&str, Door); 13] = [
    ("/.well-known/openid-configuration", Door::Discovery),
    ("/.well-known/jwks.json", Door::Keys),
    ("/frontegg/.well-known/jwks.json", Door::Keys),
    ("/authorize", Door::Authorize),
    ("/hand-off", Door::HandOff),
    ("/hand-off/claim", Door::HandOff),
    ("/token", Door::Token),
    ("/userinfo", Door::Userinfo),
    ("/introspect", Door::Introspection),
    ("/revoke", Door::Revocation),
    ("/events", Door::Events),
    ("/logout", Door::Logout),
    ("/logout/confirm", Door::Logout),
];
/// The hosted pages, each with all that is below it.
const HOSTED: [&str; 4] = ["/login", "/password", "/choose", "/account"];
const PROVIDED: &str = "/id/{environment}";

impl Door {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Portal => "portal",
            Self::Rpc => "rpc",
            Self::Live => "live",
            Self::Discovery => "discovery",
            Self::Keys => "keys",
            Self::Authorize => "authorize",
            Self::HandOff => "hand_off",
            Self::Token => "token",
            Self::Userinfo => "userinfo",
            Self::Introspection => "introspection",
            Self::Revocation => "revocation",
            Self::Events => "events",
            Self::Logout => "logout",
            Self::Hosted => "hosted",
            Self::Frontegg => "frontegg",
            Self::LoginBox => "login_box",
            Self::Health => "health",
            Self::Files => "files",
        }
    }

    /// The door of a route as the router writes it; none was found for what is a file, or nothing.
    pub fn of(route: Option<&str>) -> Self {
        let Some(route) = route else { return Self::Files };
        if let Some(rest) = route.strip_prefix(PROVIDED) {
            let known = PROVIDER.iter().find(|(path, _)| *path == rest).map(|(_, door)| *door);
            let is_hosted = HOSTED
                .iter()
                .any(|page| rest.strip_prefix(page).is_some_and(|below| below.is_empty() || below.starts_with('/')));
            return known.unwrap_or(if is_hosted { Self::Hosted } else { Self::Frontegg });
        }
        match route {
            "/healthz" | "/readyz" => Self::Health,
            "/{environment}/live" => Self::Live,
            _ if route.starts_with("/rpc/") => Self::Rpc,
            _ if route.starts_with("/admin-box/") => Self::LoginBox,
            _ => Self::Portal,
        }
    }
}

/// The route of a request, told by the router to the layers around it, which come before it.
#[derive(Clone, Default)]
pub struct Route(Arc<OnceLock<MatchedPath>>);

impl Route {
    /// `/id/{environment}/token`.
    pub fn path(&self) -> Option<&str> {
        self.0.get().map(MatchedPath::as_str)
    }

    pub fn door(&self) -> Door {
        Door::of(self.path())
    }
}

/// Tells the [`Route`] of a request, which was found just now.
pub fn tell(request: Request) -> Request {
    let extensions = request.extensions();
    if let (Some(route), Some(matched)) = (extensions.get::<Route>(), extensions.get::<MatchedPath>()) {
        // Only the first that is found: what is answered within another route is that route's.
        if route.0.set(matched.clone()).is_ok() {
            tracing::Span::current().record("route", matched.as_str());
        }
    }
    request
}

#[cfg(test)]
mod tests {
    use super::Door;

    #[test]
    fn each_route_has_its_door() {
        for (route, door) in [
            ("/id/{environment}/token", Door::Token),
            ("/id/{environment}/oauth/token", Door::Frontegg),
            ("/id/{environment}/frontegg/oauth/authorize", Door::Frontegg),
            ("/id/{environment}/frontegg/.well-known/jwks.json", Door::Keys),
            ("/id/{environment}/account/sessions/{session_id}/revoke", Door::Hosted),
            ("/id/{environment}/logout/confirm", Door::Logout),
            ("/{environment}/users/{user_id}", Door::Portal),
            ("/{environment}/live", Door::Live),
            ("/rpc/users/list", Door::Rpc),
            ("/readyz", Door::Health),
        ] {
            assert_eq!(Door::of(Some(route)), door, "{route}");
        }
        assert_eq!(Door::of(None), Door::Files);
    }
}
