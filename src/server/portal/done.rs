//! What was done, said on the page that follows: a cookie that lasts until then. Not a word in the address, where anybody can
//! write one, and where it would be said again with each reload.

use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

use crate::server::http::page::icon;
use crate::server::platform::cookies::{self, SameSite, SetCookie, host_name};

/// Bytes of a cookie at most; browsers take four thousand with its name.
const LONGEST: usize = 3_600;
/// How long the next page may be on its way.
const LASTS: TimeDelta = TimeDelta::seconds(60);

/// What was done.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Done {
    text: String,
    #[serde(default)]
    undo: Option<Undo>,
    /// It did not come to what was wanted.
    #[serde(default)]
    is_bad: bool,
}

/// The action that takes it back: a form, as any other on the page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Undo {
    pub action: String,
    pub fields: Vec<(String, String)>,
}

impl Done {
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), undo: None, is_bad: false }
    }

    /// Something was done and came to nothing.
    pub fn failed(text: impl Into<String>) -> Self {
        Self { is_bad: true, ..Self::new(text) }
    }

    #[must_use]
    pub fn undone_by(self, action: String, fields: &[(&str, &str)]) -> Self {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { undo: Some(Undo { action, fields }), ..self }
    }

    /// Leads on to `path`, where this is said.
    pub fn lead_to(self, is_https: bool, path: &str) -> Response {
        let mut response = Redirect::to(path).into_response();
        // What is too long for a cookie is said without the way back.
        let plain = Self { undo: None, text: self.text.chars().take(500).collect(), is_bad: self.is_bad };
        for said in [self, plain] {
            let value = serde_json::to_vec(&said).map(|json| URL_SAFE_NO_PAD.encode(json)).unwrap_or_default();
            if value.len() <= LONGEST {
                cookie(is_https, &value, LASTS).add_to(&mut response);
                break;
            }
        }
        response
    }

    /// What the page before this one did.
    pub fn of(is_https: bool, headers: &HeaderMap) -> Option<Self> {
        let value = cookies::value(headers, &name(is_https))?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(value).ok()?).ok()
    }

    /// It is said once.
    pub fn forget(is_https: bool, response: &mut Response) {
        cookie(is_https, "", TimeDelta::zero()).add_to(response);
    }

    /// The same for a page that the browser module takes over: beside that page, in the corner.
    pub fn in_corner(&self) -> Markup {
        html! { div.toaster.said { (self.drawn()) } }
    }

    pub fn drawn(&self) -> Markup {
        html! {
            div.notice.done.bad[self.is_bad] role="status" data-done {
                (icon(if self.is_bad { "circle-alert" } else { "check" }))
                p { bdi { (self.text) } }
                @if let Some(undo) = &self.undo {
                    form method="post" action=(undo.action) {
                        @for (name, value) in &undo.fields { input type="hidden" name=(name) value=(value); }
                        button.link type="submit" { "Undo" }
                    }
                }
            }
        }
    }
}

fn name(is_https: bool) -> String {
    host_name(is_https, "understudy_done")
}

fn cookie(is_https: bool, value: &str, lasts: TimeDelta) -> OwnedCookie {
    OwnedCookie { is_https, name: name(is_https), value: value.to_owned(), lasts }
}

struct OwnedCookie {
    is_https: bool,
    name: String,
    value: String,
    lasts: TimeDelta,
}

impl OwnedCookie {
    fn add_to(&self, response: &mut Response) {
        let lasting = SetCookie::lasting(self.is_https, &self.name, &self.value, self.lasts);
        SetCookie { same_site: SameSite::Strict, ..lasting }.add_to(response);
    }
}
