//! What is asked of the list of users, and of the choice of an account.

use super::case::{Case, Promise, Request, Samples, cursor, first_page, some_id};
use super::made::ENVIRONMENT;

const SORTS: [&str; 7] = ["last_visit", "name", "email", "visits", "created", "account", "status"];

pub fn promises(samples: &Samples) -> Vec<Promise> {
    vec![
        Promise::new("users, any sort, any page", 3.0, 8.0, pages(samples)).at_most(1.5),
        Promise::new("search, a common word", 5.0, 12.0, searches(samples, "common_word")),
        Promise::new("search, a rare word", 5.0, 12.0, searches(samples, "rare_word")),
        Promise::new(
            "search, no hits",
            5.0,
            12.0,
            words(&["q=zzzzqq", "q=zzzzqq&sort=name", "q=zzzzqq&sort=-account"]),
        ),
        Promise::new(
            "search of two letters",
            5.0,
            12.0,
            words(&["q=ok", "q=qu", "q=jz", "q=ok&sort=name", "q=ok&sort=-account"]),
        ),
        Promise::new("search by a domain", 5.0, 12.0, domains()),
        Promise::new("status", 5.0, 12.0, statuses()),
        Promise::new("search and status together", 8.0, 20.0, searches_and_statuses(samples)),
        Promise::new("one account's users", 5.0, 12.0, accounts(samples)),
        Promise::new("account and another, excluded domain", 8.0, 20.0, combinations(samples)),
        Promise::new("choosing an account", 8.0, 20.0, choices(samples)),
    ]
}

fn users(name: impl Into<String>, words: impl Fn(u64) -> String + 'static) -> Case {
    Case::list("users", name, words)
}

/// First pages with these words.
fn words(all: &[&'static str]) -> Vec<Case> {
    all.iter().copied().map(|words| first(words, move |_| words.to_owned())).collect()
}

/// First pages with words that differ.
fn first(name: impl Into<String>, words: impl Fn(u64) -> String + 'static) -> Case {
    users(name, move |number| format!("{}&{}", words(number), first_page(number)))
}

/// A sort in one direction and in the other.
fn sorted(sort: &str, number: u64) -> String {
    format!("sort={}{sort}", if number.is_multiple_of(2) { "" } else { "-" })
}

/// A place in the list of a sort.
fn place(samples: &Samples, sort: &str, number: u64) -> String {
    let user = samples.one_of("users", number);
    let text = |name: &str| format!("t{}", user[name].as_str().unwrap_or_default());
    let number_of = |name: &str| format!("n{}", user[name].as_i64().unwrap_or_default());
    let value = match sort {
        "name" | "email" => text(sort),
        "created" => format!("d{}", user["created_us"].as_i64().unwrap_or_default()),
        // Who has no account is behind all who have one.
        "account" => user["account"].as_str().map_or_else(|| "t1".to_owned(), |name| format!("t0{name}")),
        "status" => format!("t{}{}", user["status"], user["name"].as_str().unwrap_or_default()),
        _ => number_of(sort),
    };
    cursor(number % 4 > 1, &some_id(number), &value)
}

/// Behind all rows of a sort, whichever way it goes.
fn end(sort: &str, number: u64) -> String {
    let ascending = number.is_multiple_of(2);
    let value = match (sort, ascending) {
        ("name" | "email" | "account" | "status", true) => "t~",
        ("name" | "email" | "account" | "status", false) => "t",
        ("created", true) => "d253402300799000000",
        ("created", false) => "d0",
        (_, true) => "n9000000000000000",
        (_, false) => "n-1",
    };
    let id = some_id(number);
    let id = if ascending { format!("ffffffff{}", &id[8..]) } else { format!("00000000{}", &id[8..]) };
    cursor(true, &id, value)
}

fn pages(samples: &Samples) -> Vec<Case> {
    let of = |sort: &'static str| {
        let samples = samples.clone();
        [
            users(format!("{sort}, first page"), move |number| {
                format!("{}&{}", sorted(sort, number), first_page(number))
            }),
            users(format!("{sort}, any page"), move |number| {
                format!("{}&{}", sorted(sort, number), place(&samples, sort, number))
            })
            .within(),
            users(format!("{sort}, deepest page"), move |number| {
                format!("{}&{}", sorted(sort, number), end(sort, number))
            })
            .within(),
        ]
    };
    SORTS.into_iter().flat_map(of).collect()
}

fn searches(samples: &Samples, which: &str) -> Vec<Case> {
    let word = samples.word(which);
    // As a name begins: the word itself is in the search box.
    let found: String =
        word.chars().enumerate().map(|(at, c)| if at == 0 { c.to_ascii_uppercase() } else { c }).collect();
    let mut cases: Vec<Case> = SORTS
        .into_iter()
        .map(|sort| {
            let word = word.clone();
            first(format!("q={word}, by {sort}"), move |number| format!("q={word}&{}", sorted(sort, number)))
                .finding(&found)
        })
        .collect();
    cases.push(first(format!("q={word}, page after page"), move |_| format!("q={word}")).followed());
    cases
}

fn domains() -> Vec<Case> {
    let domain = |number: u64| format!("d{}.example", 77 + number % 1900);
    vec![
        first("q=d77.example", |_| "q=d77.example".to_owned()).finding("@d77.example"),
        first("q=d77.example and others", move |number| format!("q={}", domain(number))),
        first("q=@d77.example and others, by name", move |number| format!("q=%40{}&sort=name", domain(number))),
        first("q=mail.example, a quarter of all", |_| "q=mail.example".to_owned()).finding("@mail.example"),
    ]
}

fn statuses() -> Vec<Case> {
    let mut cases = Vec::new();
    for status in ["locked", "invited", "active"] {
        for sort in ["last_visit", "name", "account"] {
            cases.push(first(format!("{status}, by {sort}"), move |number| {
                format!("status={status}&{}", sorted(sort, number))
            }));
        }
        let by_name = first(format!("{status}, page after page"), move |_| format!("status={status}&sort=name"));
        cases.push(by_name.followed());
    }
    cases
}

fn searches_and_statuses(samples: &Samples) -> Vec<Case> {
    let mut cases = Vec::new();
    for status in ["locked", "invited", "active"] {
        for word in
            [samples.word("common_word"), samples.word("rare_word"), "zzzzqq".to_owned(), "mail.example".to_owned()]
        {
            cases.push(first(format!("q={word}, {status}"), move |number| {
                format!("q={word}&status={status}&{}", sorted("name", number))
            }));
        }
        cases.push(first(format!("q=d77.example and others, {status}"), move |number| {
            format!("q=d{}.example&status={status}", 77 + number % 1900)
        }));
    }
    cases
}

fn accounts(samples: &Samples) -> Vec<Case> {
    let mut cases = Vec::new();
    for size in ["largest", "middle", "smallest"] {
        let of = samples.clone();
        cases.push(first(format!("the {size}"), move |number| format!("account={}", of.account(size, number))));
        let of = samples.clone();
        let pages = first(format!("the {size}, page after page"), move |number| {
            format!("account={}", of.account(size, number))
        });
        cases.push(pages.followed());
    }
    cases
}

fn combinations(samples: &Samples) -> Vec<Case> {
    let mut cases = Vec::new();
    for size in ["largest", "middle"] {
        for sort in SORTS {
            let of = samples.clone();
            cases.push(first(format!("the {size} account by {sort}"), move |number| {
                format!("account={}&{}", of.account(size, number), sorted(sort, number))
            }));
        }
        for rest in ["status=locked", "status=invited&sort=name", "exclude=mail.example", "q=zzzzqq"] {
            let of = samples.clone();
            cases.push(first(format!("the {size} account, {rest}"), move |number| {
                format!("account={}&{rest}", of.account(size, number))
            }));
        }
        for word in [samples.word("common_word"), samples.word("rare_word"), "mail.example".to_owned()] {
            let of = samples.clone();
            cases.push(first(format!("the {size} account, q={word}"), move |number| {
                format!("account={}&q={word}", of.account(size, number))
            }));
        }
    }
    cases.extend(words(&[
        "exclude=mail.example",
        "exclude=d77.example&sort=name",
        "exclude=mail.example&status=invited",
    ]));
    let pages = first("exclude=mail.example, page after page", |_| "exclude=mail.example&sort=name".to_owned());
    cases.push(pages.followed());
    cases
}

/// The choice as a browser asks for it while somebody types.
fn choices(samples: &Samples) -> Vec<Case> {
    let accounts = samples.count("accounts");
    let typed = |name: &str, typed: Box<dyn Fn(u64) -> String>| Case {
        name: name.to_owned(),
        request: Box::new(move |number| Request::Post {
            path: "/rpc/accounts/search",
            form: format!("environment={ENVIRONMENT}&typed={}&cursor=", typed(number)),
        }),
        has: "\"accounts\":[".to_owned(),
        is_followed: false,
    };
    vec![
        typed("nothing typed", Box::new(|_| String::new())).finding("\"external_id\":\"acct-"),
        typed("one letter", Box::new(|number| char::from(b'a' + (number % 26) as u8).to_string())),
        typed("a common beginning", Box::new(|_| "har".to_owned())),
        typed("two words", Box::new(|_| "aurora+works".to_owned())),
        typed("an id", Box::new(move |number| format!("acct-{:06}", (number * 127) % accounts)))
            .finding("\"external_id\":\"acct-"),
        typed("no hits", Box::new(|_| "zzzzqq".to_owned())),
    ]
}
