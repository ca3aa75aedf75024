//! The title of the document.

/// The document's title. `leptos_meta` writes it into the page as it is, so a name could end the element and begin another:
/// angle brackets become their look-alikes, on both sides alike.
pub fn document_title(page: String) -> String {
    if page.is_empty() {
        return "Understudy".to_owned();
    }
    format!("{} · Understudy", page.replace('<', "‹").replace('>', "›"))
}
