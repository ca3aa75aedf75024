//! An answer of a server function, without its type: each copy of the machinery around it would be paid for in the browser
//! module.

use std::any::Any;
use std::sync::Arc;

use leptos::serde_json;
use leptos::server::codee::{Decoder, Encoder};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::error::ApiError;
use crate::ui::kit::IN_BROWSER;
use crate::ui::kit::call::{self, Text};

/// An answer: as a value, or as the text that came with the page or from the server.
#[derive(Clone)]
pub enum Held {
    Value(Arc<dyn Answer>),
    Text(Result<Text, ApiError>),
}

impl Held {
    pub fn of<T: Serialize + Send + Sync + 'static>(answer: Result<T, ApiError>) -> Self {
        Self::Value(Arc::new(answer))
    }

    /// The same, of which only a part travels in the page: the browser reads the rest from the page's markup.
    pub fn lighter<T: Clone + Serialize + Send + Sync + 'static>(
        answer: Result<T, ApiError>,
        part: fn(T) -> T,
    ) -> Self {
        Self::Value(Arc::new(Lighter { answer, part }))
    }

    /// Stands where no answer is.
    pub fn none() -> Self {
        Self::of(Err::<(), _>(ApiError::Unreachable))
    }

    pub fn read<T: Clone + DeserializeOwned + 'static>(&self) -> Result<T, ApiError> {
        match self {
            Self::Value(answer) => {
                answer.as_any().downcast_ref::<Result<T, ApiError>>().cloned().unwrap_or(Err(ApiError::Unreachable))
            }
            Self::Text(text) => text.as_ref().map_err(Clone::clone).and_then(|text| call::read(text)),
        }
    }

    /// As it travels inside the page.
    pub fn json(&self) -> String {
        match self {
            Self::Value(answer) => answer.json(),
            // The browser has it from somebody else, and tells nobody.
            Self::Text(_) => String::new(),
        }
    }
}

pub trait Answer: Send + Sync {
    fn json(&self) -> String;
    fn as_any(&self) -> &dyn Any;
}

impl<T: Serialize + Send + Sync + 'static> Answer for Result<T, ApiError> {
    fn json(&self) -> String {
        // Only a page that is being rendered carries its data along: a browser's module does without the writers.
        if IN_BROWSER { String::new() } else { serde_json::to_string(self).unwrap_or_default() }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

struct Lighter<T> {
    answer: Result<T, ApiError>,
    part: fn(T) -> T,
}

impl<T: Clone + Serialize + Send + Sync + 'static> Answer for Lighter<T> {
    fn json(&self) -> String {
        self.answer.clone().map(self.part).json()
    }

    fn as_any(&self) -> &dyn Any {
        &self.answer
    }
}

/// How the browser reads what travelled inside the page.
pub struct PageJson;

impl Encoder<Held> for PageJson {
    type Error = std::convert::Infallible;
    type Encoded = String;

    fn encode(held: &Held) -> Result<String, Self::Error> {
        Ok(held.json())
    }
}

impl Decoder<Held> for PageJson {
    type Error = std::convert::Infallible;
    type Encoded = str;

    fn decode(text: &str) -> Result<Held, Self::Error> {
        let inside = |name: &str| text.strip_prefix(name).and_then(|rest| rest.strip_suffix('}'));
        Ok(Held::Text(match inside("{\"Ok\":") {
            Some(value) => Ok(value.into()),
            None => Err(inside("{\"Err\":").and_then(|error| call::read(error).ok()).unwrap_or(ApiError::Failed)),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_drawn_with_all_and_carries_a_part() {
        let held = Held::lighter(Ok(vec![1, 2, 3]), |all| all.into_iter().take(1).collect());
        assert_eq!(held.read::<Vec<i32>>(), Ok(vec![1, 2, 3]));
        assert_eq!(PageJson::decode(&held.json()).expect("held").read::<Vec<i32>>(), Ok(vec![1]));
        let failed = Held::lighter::<Vec<i32>>(Err(ApiError::NotFound), |all| all);
        assert_eq!(PageJson::decode(&failed.json()).expect("held").read::<Vec<i32>>(), Err(ApiError::NotFound));
    }

    #[test]
    fn the_browser_reads_what_the_server_put_into_the_page() {
        for answer in [Ok(vec![1, 2]), Err(ApiError::NotFound), Err(ApiError::RateLimited { retry_after_seconds: 7 })] {
            let text = Held::of(answer.clone()).json();
            assert_eq!(PageJson::decode(&text).expect("held").read::<Vec<u8>>(), answer, "{text}");
        }
        assert_eq!(PageJson::decode("").expect("held").read::<Vec<u8>>(), Err(ApiError::Failed));
    }
}
