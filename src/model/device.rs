//! Where somebody signed in, in words: "Chrome on Linux" instead of what browsers say of themselves (RFC 9110, section 10.1.5).
//!
//! A browser's own words are a courtesy and anybody's to make up. They are for people to recognise their own devices by,
//! and nothing is decided by them.

/// What marks a browser, in this order: each also calls itself by the names further down.
const BROWSERS: [(&str, &str); 13] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// What marks a system, in this order: Android says that it is Linux, an iPhone that it is like Mac OS X.
const SYSTEMS: [(&str, &str); 9] = [
    ("Windows NT", "Windows"),
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// The longest name of a program that is shown as it is, in characters.
const LONGEST: usize = 40;

/// "Firefox on Windows", "Chrome", or the name of a program that is no browser: "curl", "python-requests". `None` where
/// nothing can be read.
pub fn describe(user_agent: &str) -> Option<String> {
    let find = |words: &[(&str, &'static str)]| {
        words.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    let browser = if user_agent.starts_with("Mozilla/") { find(&BROWSERS) } else { None };
    match (browser, find(&SYSTEMS)) {
        (Some(browser), Some(system)) => Some(format!("{browser} on {system}")),
        (Some(browser), None) => Some(browser.to_owned()),
        (None, system) if user_agent.starts_with("Mozilla/") => {
            system.map(|system| format!("A browser on {system}")).or_else(|| Some("A browser".to_owned()))
        }
        (None, _) => program(user_agent),
    }
}

/// The name before the version of what is no browser.
fn program(user_agent: &str) -> Option<String> {
    let name = user_agent.split(['/', ' ', '(']).next().unwrap_or_default();
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    (plain && !name.is_empty() && name.len() <= LONGEST).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::describe;

    #[test]
    fn a_browser_is_called_by_its_name_and_its_system() {
        let said = |text: &str| describe(text).unwrap_or_default();
        let chrome = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
        assert_eq!(said(&format!("Mozilla/5.0 (X11; Linux x86_64) {chrome}")), "Chrome on Linux");
        assert_eq!(said(&format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {chrome} Edg/140.0")), "Edge on Windows");
        assert_eq!(said(&format!("Mozilla/5.0 (Linux; Android 15; Pixel 9) {chrome}")), "Chrome on Android");
        assert_eq!(
            said("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0"),
            "Firefox on macOS"
        );
        assert_eq!(
            said(
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Mobile Safari/604.1"
            ),
            "Safari on iPhone"
        );
    }

    #[test]
    fn a_program_is_called_by_its_name_and_nonsense_by_none() {
        assert_eq!(describe("curl/8.5.0").as_deref(), Some("curl"));
        assert_eq!(describe("python-requests/2.32").as_deref(), Some("python-requests"));
        assert_eq!(describe("Mozilla/5.0 something").as_deref(), Some("A browser"));
        assert_eq!(describe(""), None);
        assert_eq!(describe("<script>alert(1)</script>"), None);
        assert_eq!(describe(&"a".repeat(200)), None);
    }
}
