//! What somebody entered into a form, as the browser sent it.

use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::server::http::page;

/// The fields of a form, in its order. A field may come several times.
#[derive(Clone, Debug, Default)]
pub struct Entered(Vec<(String, String)>);

impl Entered {
    /// From the body of a form. Where somebody was asked which of two values to take, the one that was chosen is the field's.
    pub fn parse(body: &[u8]) -> Self {
        let mut entered = Self(url::form_urlencoded::parse(body).into_owned().collect());
        let theirs: Vec<String> = entered
            .0
            .iter()
            .filter(|(_, value)| value == "theirs")
            .filter_map(|(name, _)| name.strip_prefix("take.").map(str::to_owned))
            .collect();
        for name in theirs {
            let value = entered.get(&format!("now.{name}")).to_owned();
            entered.set(&name, &value);
        }
        entered
    }

    /// The value of a field, without white space around it; empty where it did not come.
    pub fn get(&self, name: &str) -> &str {
        self.typed(name).trim()
    }

    /// The value of a field as it was typed: a password's spaces are its own.
    pub fn typed(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The values of a field that may come several times, without empty ones.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let values = self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.trim());
        values.filter(|value| !value.is_empty())
    }

    /// The lines of a text area, without empty ones.
    pub fn lines(&self, name: &str) -> Vec<String> {
        self.get(name).lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    /// Whether the field came: a box that is checked.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(field, _)| field == name)
    }

    /// The version that the form was about.
    pub fn version(&self) -> Option<i64> {
        self.get("version").parse().ok()
    }

    /// All fields, as they came.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn set(&mut self, name: &str, value: &str) {
        match self.0.iter_mut().find(|(field, _)| field == name) {
            Some((_, known)) => value.clone_into(known),
            None => self.0.push((name.to_owned(), value.to_owned())),
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Entered {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        match axum::body::Bytes::from_request(request, state).await {
            Ok(body) => Ok(Self::parse(&body)),
            Err(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(page::too_large(error)),
            Err(error) => Err(error.into_response()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Entered;

    #[test]
    fn a_field_is_read_as_it_was_typed_or_without_the_space_around_it() {
        let entered = Entered::parse(b"name=+Ada+&password=+a+b+&role=x&role=&role=y&uris=a%0D%0A%0D%0A+b&on=");
        assert_eq!((entered.get("name"), entered.typed("password"), entered.get("none")), ("Ada", " a b ", ""));
        assert_eq!(entered.all("role").collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(entered.lines("uris"), ["a", "b"]);
        assert!(entered.has("on") && !entered.has("off"));
    }

    #[test]
    fn of_two_values_the_one_that_was_chosen_counts() {
        let chosen = Entered::parse(b"name=mine&now.name=theirs%21&take.name=theirs&version=4");
        assert_eq!((chosen.get("name"), chosen.version()), ("theirs!", Some(4)));
        let kept = Entered::parse(b"name=mine&now.name=theirs%21&take.name=mine");
        assert_eq!(kept.get("name"), "mine");
    }
}
