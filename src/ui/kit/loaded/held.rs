//! An answer of a server function, without its type: each copy of the machinery around it would be paid for in the browser
//! module.

use std::any::Any;
use std::sync::Arc;

use leptos::serde_json;
use leptos::server::codee::{Decoder, Encoder};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::error::ApiError;

/// An answer: as a value, or as the text that came with the page.
#[derive(Clone)]
pub enum Held {
    Value(Arc<dyn Answer>),
    Text(Arc<str>),
}

impl Held {
    pub fn of<T: Serialize + Send + Sync + 'static>(answer: Result<T, ApiError>) -> Self {
        Self::Value(Arc::new(answer))
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
            // From bytes, as the answers of server functions are: one reader for each type.
            Self::Text(text) => serde_json::from_slice(text.as_bytes()).unwrap_or(Err(ApiError::Unreachable)),
        }
    }

    /// As it travels inside the page.
    pub fn json(&self) -> String {
        match self {
            Self::Value(answer) => answer.json(),
            Self::Text(text) => text.as_ref().to_owned(),
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
        if cfg!(target_arch = "wasm32") { String::new() } else { serde_json::to_string(self).unwrap_or_default() }
    }

    fn as_any(&self) -> &dyn Any {
        self
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
        Ok(Held::Text(text.into()))
    }
}
