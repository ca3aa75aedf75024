//! The fields of an application, and what they say.

use maud::{Markup, html};

use crate::model::application::LoginMethod;
use crate::server::portal::manage::entered::Entered;
use crate::server::portal::manage::form::{Draft, Field};
use crate::server::service::directory::application::{ApplicationEntry, StoredApplication};
use crate::server::service::directory::given::Given;

/// Those that say themselves what is wrong with them.
pub const FIELDS: [&str; 11] = [
    "name",
    "client_id",
    "kind",
    "login_method",
    "app_url",
    "login_url",
    "initiate_login_url",
    "redirect_uris",
    "post_logout_redirect_uris",
    "backchannel_logout_uri",
    "jwks",
];

const KINDS: [(&str, &str); 2] = [
    ("server", "On a server, which can keep a secret"),
    ("browser", "In a browser or on a device, which cannot: a public client"),
];
const METHODS: [(&str, &str); 2] =
    [("hosted", "Hosted: on Understudy’s pages"), ("embedded", "Embedded: in the application itself")];
const ALGORITHMS: [(&str, &str); 2] =
    [("RS256", "RS256: every client reads it"), ("ES256", "ES256: smaller and much faster to sign")];

/// The fields of one that is new, or of one that is stored.
pub fn fields(draft: Draft<'_>, stored: Option<&StoredApplication>) -> Markup {
    let known = stored.map(|stored| &stored.application);
    let text = |of: fn(&crate::server::domain::application::Application) -> &str| known.map(of).unwrap_or_default();
    let lines =
        |of: fn(&StoredApplication) -> &Vec<String>| stored.map(|stored| of(stored).join("\n")).unwrap_or_default();
    let method = known.map_or("hosted", |known| known.login_method.as_str());
    // Where nothing was ever said it is the app URL, and moves with it.
    let login_url = known.filter(|known| known.login_url != known.app_url).map_or("", |known| &known.login_url);
    let address = |name, label, note, hint| Field {
        name,
        label,
        note,
        hint,
        kind: "url",
        is_code: true,
        check: "address",
        maxlength: 2000,
        ..Field::default()
    };
    html! {
        (draft.text(Field { name: "name", label: "Name", required: true, maxlength: 200, placeholder: "Customer console", ..Field::default() }, text(|known| &known.name)))
        @if known.is_none() {
            (draft.text(Field { name: "client_id", label: "Client id", required: true, maxlength: 100, is_code: true, check: "slug:name", hint: "What the application calls itself by. It stays as it is.", ..Field::default() }, ""))
            (draft.choice(Field { name: "kind", label: "Where it runs", ..Field::default() }, &KINDS, "server"))
        }
        (draft.choice(Field { name: "login_method", label: "Sign-in", hint: "Where its users sign in.", ..Field::default() }, &METHODS, method))
        (draft.text(Field { required: true, placeholder: "https://console.example.com/", ..address("app_url", "App URL", "", "Where the application begins.") }, text(|known| &known.app_url)))
        (draft.area(Field { placeholder: "https://console.example.com/callback", ..address("redirect_uris", "Redirect URIs", "one a line", "Where sign-ins end. They are compared letter by letter: no wildcards.") }, &lines(|stored| &stored.redirect_uris)))
        (draft.area(address("post_logout_redirect_uris", "Addresses after sign-out", "optional, one a line", ""), &lines(|stored| &stored.post_logout_redirect_uris)))
        (draft.text(address("initiate_login_url", "Initiate-login URL", "optional", "Where an impersonation opens, so that the application begins the sign-in itself (OpenID Connect Core, section 4)."), text(|known| known.initiate_login_url.as_deref().unwrap_or_default())))
        (draft.text(address("login_url", "Login URL", "optional", "Of an embedded sign-in: the application’s own page. The app URL where nothing is said."), login_url))
        (draft.text(address("backchannel_logout_uri", "Back-channel logout URI", "optional", "Where it is told at once that a session ended."), text(|known| known.backchannel_logout_uri.as_deref().unwrap_or_default())))
        (draft.switch(Field { name: "keep_session_alive", label: "Keep impersonations alive for 60 minutes", hint: "Otherwise they end after 5 minutes, and tokens are not renewed.", ..Field::default() }, known.is_none_or(|known| known.keep_session_alive)))
        (draft.choice(Field { name: "signing_algorithm", label: "Signing algorithm", ..Field::default() }, &ALGORITHMS, known.map_or("RS256", |known| known.signing_algorithm.as_str())))
        (draft.area(Field { name: "jwks", label: "Public keys", note: "optional", hint: "A JSON Web Key Set, for clients that prove themselves by private_key_jwt.", is_code: true, check: "json", ..Field::default() }, text(|known| known.jwks.as_deref().unwrap_or_default())))
        (draft.switch(Field { name: "assigned_to_new", label: "Give it to every new account", ..Field::default() }, known.is_some_and(|known| known.assigned_to_new)))
        (draft.switch(Field { name: "default_of_new", label: "And make it their default application", hint: "One application at most is that.", ..Field::default() }, known.is_some_and(|known| known.default_of_new)))
    }
}

/// What the fields say of an application that is new, or of the one that is stored.
pub fn entry(entered: &Entered, stored: Option<&StoredApplication>) -> ApplicationEntry {
    let given = |name: &str| match entered.get(name) {
        "" => Given::Cleared,
        value => Given::Set(value.to_owned()),
    };
    let lines = |name: &str| match entered.lines(name) {
        lines if lines.is_empty() => Given::Cleared,
        lines => Given::Set(lines),
    };
    let client_id = stored.map_or(entered.get("client_id"), |stored| &stored.application.client_id);
    let method = entered.get("login_method");
    ApplicationEntry {
        version: entered.version(),
        client_id: client_id.to_owned(),
        name: entered.get("name").to_owned(),
        login_method: Some(if method.is_empty() { LoginMethod::Hosted.as_str() } else { method }.to_owned()),
        app_url: entered.get("app_url").to_owned(),
        login_url: given("login_url"),
        initiate_login_url: given("initiate_login_url"),
        redirect_uris: lines("redirect_uris"),
        post_logout_redirect_uris: lines("post_logout_redirect_uris"),
        keep_session_alive: Some(entered.has("keep_session_alive")),
        signing_algorithm: Some(entered.get("signing_algorithm").to_owned()).filter(|word| !word.is_empty()),
        jwks: given("jwks"),
        backchannel_logout_uri: given("backchannel_logout_uri"),
        assigned_to_new: Some(entered.has("assigned_to_new")),
        default_of_new: Some(entered.has("default_of_new")),
        ..ApplicationEntry::default()
    }
}
