//! What is asked: requests of one kind, each another one, so that no answer is one that the server has kept.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::made::{ENVIRONMENT, Made};

/// Milliseconds in the server.
#[derive(Clone, Copy)]
pub struct Limit {
    pub median: f64,
    pub p99: f64,
}

/// A row of the table: cases of one promise.
pub struct Promise {
    pub name: &'static str,
    pub limit: Limit,
    /// How many times as long as with 1,000 users it may take.
    pub ratio: Option<f64>,
    pub cases: Vec<Case>,
}

impl Promise {
    pub fn new(name: &'static str, median: f64, p99: f64, cases: Vec<Case>) -> Self {
        Self { name, limit: Limit { median, p99 }, ratio: None, cases }
    }

    pub fn at_most(mut self, ratio: f64) -> Self {
        self.ratio = Some(ratio);
        self
    }
}

pub enum Request {
    Get(String),
    Post { path: &'static str, form: String },
}

pub struct Case {
    pub name: String,
    /// The request of a number.
    pub request: Box<dyn Fn(u64) -> Request>,
}

impl Case {
    /// Pages of a list at `path`, with the words of a number.
    pub fn list(path: &'static str, name: impl Into<String>, words: impl Fn(u64) -> String + 'static) -> Self {
        let request = move |number| Request::Get(format!("/{ENVIRONMENT}/{path}?{}", words(number)));
        Self { name: name.into(), request: Box::new(request) }
    }
}

/// A cursor that is none: the list begins at its beginning, and the query is one that was never asked before.
pub fn first_page(number: u64) -> String {
    format!("cursor=~{number}")
}

/// Where a page of a list begins, as the server writes it; `value` with the letter of its kind before it.
pub fn cursor(backwards: bool, id: &str, value: &str) -> String {
    let direction = if backwards { 'b' } else { 'f' };
    format!("cursor={}", URL_SAFE_NO_PAD.encode(format!("{direction}{id}{value}")))
}

/// An id that no row has, another one for each number.
pub fn some_id(number: u64) -> String {
    format!("{:032x}", u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835) | 1)
}

/// What the made database has to ask for.
#[derive(Clone)]
pub struct Samples(Value);

impl Samples {
    pub fn of(made: &Made) -> Self {
        Self(made.samples.clone())
    }

    pub fn word(&self, name: &str) -> String {
        self.0[name].as_str().unwrap_or_default().to_owned()
    }

    pub fn number(&self, name: &str) -> i64 {
        self.0[name].as_i64().unwrap_or_default()
    }

    pub fn count(&self, name: &str) -> u64 {
        self.0["counts"][name].as_u64().unwrap_or_default()
    }

    /// One of a list, another one for each number until all were there.
    pub fn one_of(&self, name: &str, number: u64) -> &Value {
        let list = self.0[name].as_array().map(Vec::as_slice).unwrap_or_default();
        // A step that no length of these lists has in common.
        let at = (number * 127) % (list.len().max(1) as u64);
        list.get(at as usize).unwrap_or(&Value::Null)
    }

    pub fn account(&self, size: &str, number: u64) -> String {
        match size {
            "largest" => self.word("largest_account"),
            "middle" => self.one_of("middle_accounts", number).as_str().unwrap_or_default().to_owned(),
            _ => self.one_of("smallest_accounts", number).as_str().unwrap_or_default().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{cursor, some_id};

    #[test]
    fn a_cursor_is_written_as_the_server_writes_it() {
        assert_eq!(cursor(false, &"0".repeat(32), "n7"), "cursor=ZjAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwbjc");
        assert_ne!(some_id(1), some_id(2));
        assert_eq!(some_id(3).len(), 32);
    }
}
