//! How long statements of the database take, by the module that has them.

use std::time::Instant;

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

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
    /// A statement of this module begins; it ends when what is given is dropped.
    pub fn begin(&self, module: &'static str) -> Statement {
        Statement { statements: self.clone(), module, began: Instant::now() }
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let help = "Seconds that a statement takes, by what it is about";
        registry.register("statement_duration_seconds", help, self.0.clone());
    }
}

/// A statement that runs.
pub struct Statement {
    statements: Statements,
    module: &'static str,
    began: Instant,
}

impl Drop for Statement {
    fn drop(&mut self) {
        let about = about(self.module);
        self.statements.0.get_or_create(&[("about", about)]).observe(self.began.elapsed().as_secs_f64());
    }
}

/// `session` of `understudy::server::db::session::standing`.
fn about(module: &'static str) -> &'static str {
    let inside = module.split_once("::db::").map_or(module, |(_, inside)| inside);
    inside.split("::").next().unwrap_or(inside)
}

#[cfg(test)]
mod tests {
    use super::about;

    #[test]
    fn a_statement_is_about_the_first_module_of_its_path() {
        assert_eq!(about("understudy::server::db::session::standing"), "session");
        assert_eq!(about("understudy::server::db::user"), "user");
    }
}
