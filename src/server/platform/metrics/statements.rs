//! How long statements of the database take, by what they are about, and a span for each.

use std::pin::Pin;
use std::time::Instant;

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tracing::instrument::Instrumented;
use tracing::{Instrument, Span};

use super::Histograms;

/// Seconds: a row in memory, up to what waits for somebody else's lock.
const SECONDS: [f64; 10] = [0.000_05, 0.000_1, 0.000_25, 0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0];

/// The statements of one database.
#[derive(Clone)]
pub struct Statements(Histograms);

impl Default for Statements {
    fn default() -> Self {
        let histograms: fn() -> Histogram = || Histogram::new(SECONDS);
        Self(Family::new_with_constructor(histograms))
    }
}

impl Statements {
    /// A statement begins; it ends when what is given is dropped. `here` is the name of an item inside the function that has it.
    pub fn begin(&self, here: &'static str) -> TimedStatement {
        // Never with its values. Off at the usual levels, where it costs a comparison.
        let span = tracing::debug_span!(target: "statement", "statement", name = name(here));
        TimedStatement { statements: self.clone(), here, began: Instant::now(), span }
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let help = "Seconds that a statement takes, by what it is about";
        registry.register("statement_duration_seconds", help, self.0.clone());
    }
}

/// A statement that runs.
pub struct TimedStatement {
    statements: Statements,
    here: &'static str,
    began: Instant,
    span: Span,
}

impl TimedStatement {
    /// Its work, in its span. On the heap: it is large, and would otherwise be part of the future of each request that could
    /// come to run the statement, which is moved several times on its way through the layers.
    pub fn run<T: Future>(&self, work: T) -> Instrumented<Pin<Box<T>>> {
        Box::pin(work).instrument(self.span.clone())
    }
}

impl Drop for TimedStatement {
    fn drop(&mut self) {
        let about = [("about", about(self.here))];
        self.statements.0.get_or_create(&about).observe(self.began.elapsed().as_secs_f64());
    }
}

/// `session::standing::by_id::{{closure}}::here` of `understudy::server::db::session::standing::by_id::{{closure}}::here`.
fn inside(here: &'static str) -> &'static str {
    here.split_once("::db::").map_or(here, |(_, inside)| inside)
}

/// `session`.
fn about(here: &'static str) -> &'static str {
    inside(here).split("::").next().unwrap_or(here)
}

/// `session::standing::by_id`.
fn name(here: &'static str) -> &'static str {
    let function = inside(here).rsplit_once("::").map_or(here, |(function, _)| function);
    function.trim_end_matches("::{{closure}}")
}

#[cfg(test)]
mod tests {
    use super::{about, name};

    #[test]
    fn a_statement_has_the_name_of_its_function_and_is_about_the_first_module_of_it() {
        let here = "understudy::server::db::session::standing::by_id::{{closure}}::here";
        assert_eq!((about(here), name(here)), ("session", "session::standing::by_id"));
        let here = "understudy::server::db::user::Finder<T>::count::{{closure}}::{{closure}}::here";
        assert_eq!((about(here), name(here)), ("user", "user::Finder<T>::count"));
    }
}
