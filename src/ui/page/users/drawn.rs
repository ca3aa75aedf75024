//! A row as it is drawn. What the browser has to know of one it reads from here, so that a page need not carry its users a second
//! time. What it finds a part by is what `row` writes.

use chrono::{DateTime, Utc};
use leptos::web_sys::Element;

use crate::model::time::{of_exact, relative};

/// A row of the table.
pub struct Drawn(pub Element);

impl Drawn {
    fn part(&self, selector: &str) -> Option<Element> {
        self.0.query_selector(selector).ok().flatten()
    }

    fn text(&self, selector: &str) -> String {
        self.part(selector).and_then(|part| part.text_content()).unwrap_or_default()
    }

    fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        self.part(selector)?.get_attribute(name)
    }

    pub fn name(&self) -> String {
        self.text(".person-name")
    }

    pub fn email(&self) -> String {
        self.text(".person-name + span")
    }

    /// Of the user's page.
    pub fn href(&self) -> String {
        self.attribute(".person-name", "href").unwrap_or_default()
    }

    pub fn user_id(&self) -> String {
        self.href().rsplit('/').next().unwrap_or_default().to_owned()
    }

    /// The address of the list with the user's drawer, or why there is none, as far as the list knows it.
    pub fn impersonate(&self) -> Result<String, String> {
        let denial = || self.attribute(".row-action", "title").unwrap_or_default();
        self.attribute(".row-action", "href").ok_or_else(denial)
    }

    /// Says anew how long ago the last visit was.
    pub fn pass_time(&self, now: DateTime<Utc>) {
        let cell = self.part("td:nth-child(5)[title]");
        let then = cell.as_ref().and_then(|cell| of_exact(&cell.get_attribute("title")?));
        if let (Some(cell), Some(then)) = (cell, then) {
            cell.set_text_content(Some(&relative(then, now)));
        }
    }
}
