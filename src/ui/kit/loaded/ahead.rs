//! Data that is there before the page. The server makes the calls of a page first and hands the answers over; then the page
//! is drawn in one go, without waiting for anything, and the answers travel in it to the browser.

use std::sync::{Arc, Mutex, PoisonError};

use leptos::serde_json;

use super::held::Held;
use crate::ui::kit::call::{Call, Coming};

/// Which call it is: the function, and what it is asked.
fn name<C: Call>(call: &C) -> String {
    C::PATH.to_owned() + "?" + &serde_json::to_string(call).unwrap_or_default()
}

/// A call that a page is going to need.
pub struct Need {
    name: String,
    answer: Coming<Held>,
}

impl Need {
    pub fn of<C: Call>(call: C) -> Self {
        Self { name: name(&call), answer: Box::pin(async move { Held::of(call.run().await) }) }
    }

    /// The same, where a part of the answer is enough for the browser beside the page's markup.
    pub fn lighter<C: Call>(call: C, part: fn(C::Output) -> C::Output) -> Self {
        Self { name: name(&call), answer: Box::pin(async move { Held::lighter(call.run().await, part) }) }
    }

    /// Makes the call.
    pub async fn load(self) -> Loaded {
        Loaded { name: self.name, held: self.answer.await }
    }
}

/// A call with its answer.
pub struct Loaded {
    name: String,
    held: Held,
}

/// The answers that a page is drawn with, and which of them it took.
#[derive(Clone)]
pub struct HandedOver(Arc<Shelf>);

struct Shelf {
    answers: Vec<Loaded>,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    /// Numbers given so far.
    numbers: usize,
    /// By the number under which the browser looks for it.
    answers: Vec<(usize, Held)>,
    missing: Vec<String>,
}

impl HandedOver {
    pub fn new(answers: Vec<Loaded>) -> Self {
        Self(Arc::new(Shelf { answers, taken: Mutex::default() }))
    }

    /// The answer to `call`, for the next resource.
    pub(super) fn take<C: Call>(&self, call: C) -> Held {
        let held = self.find(&call);
        self.keep(held)
    }

    /// The same for a resource that may have nothing to ask.
    pub(super) fn take_some<C: Call>(&self, call: C) -> Held {
        let answer = self.find(&call).read::<C::Output>();
        self.keep(Held::of(answer.map(Some)))
    }

    /// The answer to `call` for whatever is drawn before the resource that takes it.
    pub(super) fn peek<C: Call>(&self, call: &C) -> Option<C::Output> {
        let name = name(call);
        let loaded = self.0.answers.iter().find(|loaded| loaded.name == name)?;
        loaded.held.read::<C::Output>().ok()
    }

    fn find<C: Call>(&self, call: &C) -> Held {
        let name = name(call);
        if let Some(loaded) = self.0.answers.iter().find(|loaded| loaded.name == name) {
            return loaded.held.clone();
        }
        self.taken(|taken| taken.missing.push(name));
        Held::none()
    }

    /// What the next resource has, whatever it is.
    pub(super) fn keep(&self, held: Held) -> Held {
        let number = self.number();
        self.taken(|taken| taken.answers.push((number, held.clone())));
        held
    }

    /// The next number. Resources and what waits for them are counted on both sides, in the order of their making: by these
    /// numbers the browser finds its data.
    pub(super) fn number(&self) -> usize {
        self.taken(|taken| {
            taken.numbers += 1;
            taken.numbers - 1
        })
    }

    fn taken<T>(&self, change: impl FnOnce(&mut Taken) -> T) -> T {
        change(&mut self.0.taken.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The calls that the page wanted and nobody had made: a mistake of whoever said what the page needs.
    pub fn missing(&self) -> Vec<String> {
        self.taken(|taken| std::mem::take(&mut taken.missing))
    }

    /// The script that gives the browser what the page was drawn with, where Leptos looks for it.
    pub fn script(&self) -> String {
        let mut script = "__SERIALIZED_ERRORS=[];__PENDING_RESOURCES=[];__RESOURCE_RESOLVERS=[];\
                          __INCOMPLETE_CHUNKS=[];__RESOLVED_RESOURCES=[];"
            .to_owned();
        for (number, held) in self.taken(|taken| std::mem::take(&mut taken.answers)) {
            script.push_str(&format!("__RESOLVED_RESOURCES[{number}]="));
            quote(&held.json(), &mut script);
            script.push(';');
        }
        script
    }
}

/// Writes `text` as a string of JavaScript that cannot end the script around it. In single quotes, since JSON is full of
/// double ones.
fn quote(text: &str, script: &mut String) {
    script.reserve(text.len() + 16);
    script.push('\'');
    // Byte by byte: a page's data is long, and hardly anything in it is special. 0xe2 begins U+2028, U+2029 and others.
    let special = |byte: u8| matches!(byte, b'\'' | b'\\' | b'<' | b'\n' | b'\r' | 0xe2);
    let mut rest = text;
    while let Some(at) = rest.bytes().position(special) {
        let (plain, from) = rest.split_at(at);
        script.push_str(plain);
        let mut characters = from.chars();
        match characters.next() {
            Some('\'') => script.push_str("\\'"),
            Some('\\') => script.push_str("\\\\"),
            Some('\n') => script.push_str("\\n"),
            Some('\r') => script.push_str("\\r"),
            Some(other @ ('<' | '\u{2028}' | '\u{2029}')) => {
                script.push_str(&format!("\\u{:04x}", u32::from(other)));
            }
            Some(other) => script.push(other),
            None => {}
        }
        rest = characters.as_str();
    }
    script.push_str(rest);
    script.push('\'');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::users::GetUser;

    #[test]
    fn what_travels_in_the_page_cannot_end_its_script() {
        let mut script = String::new();
        quote("a'b\\\"</script>\u{2028}\nשיר", &mut script);
        assert_eq!(script, r#"'a\'b\\"\u003c/script>\u2028\nשיר'"#);
    }

    #[test]
    fn a_call_that_nobody_made_is_told() {
        let page = HandedOver::new(Vec::new());
        let call = GetUser { environment: "production".to_owned(), user_id: uuid::Uuid::nil() };
        assert!(page.take(call).read::<crate::model::user::UserDetail>().is_err());
        let missing = page.missing();
        assert_eq!(missing.len(), 1, "{missing:?}");
        assert!(missing[0].contains("users/get"), "{missing:?}");
        assert!(page.script().contains("__RESOLVED_RESOURCES[0]='"), "the browser is told the same");
    }
}
