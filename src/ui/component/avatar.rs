//! Faces. Initials on one of six tints; a picture only where it comes from this host, since the page loads nothing from others.

use leptos::prelude::*;

use crate::ui::component::markup::Markup;
use crate::ui::kit::erase::Erase;
use uuid::Uuid;

pub fn avatar(id: Uuid, name: &str, picture_url: Option<&str>, large: bool) -> AnyView {
    let tint = id.as_u128() % 6;
    let size = if large { " large" } else { "" };
    match picture_url.filter(|url| is_own(url)) {
        Some(url) => view! { <img class=format!("avatar{size}") src=url.to_owned() alt="" loading="lazy"/> }.erased(),
        None => view! {
            <span class=format!("avatar tint-{tint}{size}") aria-hidden="true">
                {initials(name)}
            </span>
        }
        .erased(),
    }
}

/// The same as text, for the rows of a long list.
pub fn markup(markup: Markup, id: Uuid, name: &str, picture_url: Option<&str>) -> Markup {
    const TINTS: [&str; 6] = ["0\">", "1\">", "2\">", "3\">", "4\">", "5\">"];
    match picture_url.filter(|url| is_own(url)) {
        Some(url) => markup.tag("<img class=\"avatar\" alt=\"\" loading=\"lazy\" src=\"").text(url).tag("\">"),
        None => {
            let tint = TINTS[(id.as_u128() % 6) as usize];
            markup.tag("<span aria-hidden=\"true\" class=\"avatar tint-").tag(tint).text(&initials(name)).tag("</span>")
        }
    }
}

fn is_own(url: &str) -> bool {
    url.starts_with("data:image/") || (url.starts_with('/') && !url.starts_with("//"))
}

/// The first letters of the first and the last word.
fn initials(name: &str) -> String {
    let mut words = name
        .split(|c: char| c.is_whitespace() || c == '@')
        .filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let first = words.next();
    first.into_iter().chain(words.next_back()).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_those_of_the_first_and_last_word() {
        assert_eq!(initials("Fatima Zahra El Idrissi-Benkirane"), "FI");
        assert_eq!(initials("השיר כהן"), "הכ");
        assert_eq!(initials("Plato"), "P");
        assert_eq!(initials(" <script> "), "S");
        assert_eq!(initials(""), "");
    }

    #[test]
    fn pictures_of_other_hosts_are_not_shown() {
        assert!(is_own("/avatars/1.png"));
        assert!(is_own("data:image/png;base64,AA=="));
        assert!(!is_own("//elsewhere.example/1.png"));
        assert!(!is_own("https://elsewhere.example/1.png"));
    }
}
