//! The users page by its bytes, what it says of how many there are, how many of it a second, and what memory all of it took.

use std::time::Duration;

use anyhow::Result;

use super::case::Samples;
use super::made::ENVIRONMENT;
use crate::bench::load::{Asking, Same, measure as load, request};
use crate::bench::memory;
use crate::http::Client;
use crate::steps;

/// What `--only` calls it.
pub const NAME: &str = "page: bytes, counts, pages a second, memory";

const BYTES: usize = 60_000;
const BROTLI_BYTES: usize = 12_000;
const PAGES_PER_SECOND: f64 = 2_000.0;
const MEMORY: u64 = 100_000_000;
const CONNECTIONS: usize = 16;
const WARM_UP: Duration = Duration::from_secs(1);
const LENGTH: Duration = Duration::from_secs(4);

/// Gives what is over.
pub fn measure(what: &str, client: &mut Client, server: u32, samples: &Samples) -> Result<Vec<String>> {
    let path = format!("/{ENVIRONMENT}/users");
    let whole = client.get(&path)?;
    let page = String::from_utf8_lossy(&whole.body).into_owned();
    let small = client.clone().with_header("Accept-Encoding", "br").get(&path)?.body.len();
    let counted = counted(&page).unwrap_or_default();

    let cookies = client.cookies();
    let headers = [("Cookie", cookies.as_str()), ("Accept", "text/html"), ("Accept-Encoding", "identity")];
    let request = request("GET", client.address(), &path, &headers, "");
    let one = || Box::new(Same { request: request.clone(), status: 200 }) as Box<dyn Asking>;
    let mut asking: Vec<Box<dyn Asking>> = (0..CONNECTIONS).map(|_| one()).collect();
    load(client.address(), &mut asking, WARM_UP, server)?;
    let loaded = load(client.address(), &mut asking, LENGTH, server)?;
    let most = memory(server, "VmHWM")?;

    println!("\n{what}, the page of users");
    println!(
        "  {} bytes, {} with brotli; it says \"{counted}\"",
        steps::grouped(whole.body.len()),
        steps::grouped(small)
    );
    println!(
        "  {} pages a second over {CONNECTIONS} connections, median {:.2} ms, p99 {:.2} ms, {:.0} µs of the server's \
         processor each",
        steps::grouped(loaded.per_second as usize),
        loaded.median_ms,
        loaded.p99_ms,
        loaded.cpu_us
    );
    println!("  {:.1} MB resident at the most since the server started", most as f64 / 1e6);

    let mut over = Vec::new();
    if whole.body.len() > BYTES {
        over.push(format!("{what}: the page has {} bytes, over {}", whole.body.len(), steps::grouped(BYTES)));
    }
    if small > BROTLI_BYTES {
        over.push(format!("{what}: the page has {small} bytes with brotli, over {}", steps::grouped(BROTLI_BYTES)));
    }
    for (noun, count) in [("people", samples.count("users")), ("accounts", samples.count("accounts"))] {
        if !is_true(&counted, noun, count) {
            over.push(format!("{what}: the page says {counted:?}, but there are {count} {noun}"));
        }
    }
    if loaded.per_second < PAGES_PER_SECOND {
        over.push(format!("{what}: {:.0} pages a second, promised are {PAGES_PER_SECOND}", loaded.per_second));
    }
    if most > MEMORY {
        over.push(format!("{what}: {:.0} MB were resident, over {:.0}", most as f64 / 1e6, MEMORY as f64 / 1e6));
    }
    Ok(over)
}

/// `1,000,000 people in 20,000 accounts`, without the marks that are in between in the page.
fn counted(page: &str) -> Option<String> {
    let end = page.find(" accounts</p>").or_else(|| page.find(" accounts<"))?;
    let begin = page[..end].rfind("page-count")?;
    let text = page[begin..end].split_once('>')?.1;
    let mut plain = String::new();
    let mut is_text = true;
    for c in text.chars() {
        match c {
            '<' => is_text = false,
            '>' => is_text = true,
            c if is_text => plain.push(c),
            _ => {}
        }
    }
    Some(format!("{plain} accounts"))
}

/// Whether the number before a noun is the count, or says that there are more than it.
fn is_true(counted: &str, noun: &str, count: u64) -> bool {
    let mut before = "";
    for word in counted.split_whitespace() {
        if word == noun {
            let number: String = before.chars().filter(char::is_ascii_digit).collect();
            let Ok(number) = number.parse::<u64>() else { return false };
            let more = before.ends_with('+') || counted.contains("more than");
            return number == count || more && number <= count;
        }
        before = word;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{counted, is_true};

    #[test]
    fn the_counts_of_a_page_are_read_and_held_against_the_truth() {
        let page = r#"<p class="dim page-count"><!>1,000,000 people in 20,000 accounts</p>"#;
        let counted = counted(page).unwrap();
        assert_eq!(counted, "1,000,000 people in 20,000 accounts");
        assert!(is_true(&counted, "people", 1_000_000) && is_true(&counted, "accounts", 20_000));
        assert!(!is_true(&counted, "people", 1_000_001));
        assert!(is_true("100,000+ people in 10,000+ accounts", "people", 1_000_000));
        assert!(!is_true("100,000 people in 1,000 accounts", "accounts", 20_000));
    }
}
