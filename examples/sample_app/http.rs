//! The application's own `reqwest` for the `openidconnect` crate, which brings an older one.

use std::pin::Pin;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};

#[derive(Clone)]
pub struct Http(pub reqwest::Client);

#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error(transparent)]
    Reqwest(#[from] reqwest::Error),
    #[error(transparent)]
    Http(#[from] axum::http::Error),
}

impl Http {
    #[expect(clippy::disallowed_methods, reason = "an application of its own, which has none of the server's state")]
    pub fn new() -> Result<Self, reqwest::Error> {
        // A provider that redirects its own endpoints could send secrets anywhere.
        let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        Ok(Self(builder.timeout(Duration::from_secs(10)).build()?))
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let response = self.0.execute(request.try_into()?).await?;
            let mut builder = axum::http::Response::builder().status(response.status());
            for (name, value) in response.headers() {
                builder = builder.header(name, value);
            }
            Ok(builder.body(response.bytes().await?.to_vec())?)
        })
    }
}
