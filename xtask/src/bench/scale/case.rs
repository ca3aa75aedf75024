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

impl Request {
    /// For messages.
    pub fn shown(&self) -> String {
        match self {
            Self::Get(path) => path.clone(),
            Self::Post { path, form } => format!("{path} with {form}"),
        }
    }
}

pub struct Case {
    pub name: String,
    /// The request of a number.
    pub request: Box<dyn Fn(u64) -> Request>,
    /// What most answers have in them: an answer that is none is quick.
    pub has: String,
    /// Whether each request but the first is for the page behind the one before.
    pub is_followed: bool,
}

impl Case {
    /// Pages of a list at `path`, with the words of a number.
    pub fn list(path: &'static str, name: impl Into<String>, words: impl Fn(u64) -> String + 'static) -> Self {
        let request = move |number| Request::Get(format!("/{ENVIRONMENT}/{path}?{}", words(number)));
        Self { name: name.into(), request: Box::new(request), has: "class=\"toolbar".to_owned(), is_followed: false }
    }

    /// A cursor that the server does not take leads to the first page, which has none before it.
    pub fn within(self) -> Self {
        self.finding("rel=\"prev\"")
    }

    pub fn followed(self) -> Self {
        Self { is_followed: true, ..self }
    }

    pub fn finding(self, has: impl Into<String>) -> Self {
        Self { has: has.into(), ..self }
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

/// Where a page says that the one behind it is.
pub fn next_page(page: &str) -> Option<String> {
    let at = page.find("rel=\"next\"")?;
    let tag = &page[page[..at].rfind('<')?..];
    let href = tag[..tag.find('>')?].split_once("href=\"")?.1;
    Some(href.split('"').next()?.replace("&amp;", "&"))
}

/// What the made database has to ask for.
#[derive(Clone)]
pub struct Samples(Value);

impl Samples {
    /// Of nothing that is made: what is asked has its names all the same.
    pub fn none() -> Self {
        Self(Value::Null)
    }

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
    use super::{cursor, next_page, some_id};

    #[test]
    fn the_page_behind_is_where_its_link_leads() {
        let page = r#"<a rel="prev" href="/a">x</a><a class="button" rel="next" href="/b?q=1&amp;cursor=2">y</a><a href="/c">"#;
        assert_eq!(next_page(page).as_deref(), Some("/b?q=1&cursor=2"));
        assert_eq!(next_page(r#"<span rel="next">y</span><a href="/c">"#), None);
        assert_eq!(next_page("nothing"), None);
    }

    #[test]
    fn a_cursor_is_written_as_the_server_writes_it() {
        assert_eq!(cursor(false, &"0".repeat(32), "n7"), "cursor=ZjAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwbjc");
        assert_ne!(some_id(1), some_id(2));
        assert_eq!(some_id(3).len(), 32);
    }
}
