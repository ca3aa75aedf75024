//! Orders at one end of which all users of a status stand together, as those who have never visited do.

use uuid::Uuid;

use super::ranked::there_and_back;
use crate::support::{TestApp, try_execute};
use understudy::model::user::UserQuery;

/// More of a status than one step of a walk has.
const USERS: usize = 24_000;
const PAGES: usize = 4;

/// A user by number. Every fourth was invited: those have the first addresses and have never visited. One in sixty is locked, and
/// those have the last names. One in seven is an Okafor, none of whom was invited; one in nine, of whom all were, a Lindqvist.
struct Made {
    number: usize,
    status: &'static str,
    name: String,
    email: String,
    last_visit_us: usize,
}

impl Made {
    fn of(number: usize) -> Self {
        let status = match number {
            _ if number % 4 == 1 => "invited",
            _ if number % 60 == 2 => "locked",
            _ => "active",
        };
        let family = match (status, number % 7, number % 9) {
            ("active" | "locked", 0, _) => "okafor",
            ("invited", _, 0) => "lindqvist",
            _ => "doe",
        };
        let (given, first, last_visit_us) = match status {
            "invited" => ("m", "a", 0),
            "locked" => ("z", "m", 1_700_000_000_000_000 + number * 7919 % USERS),
            _ => ("m", "m", 1_700_000_000_000_000 + number * 7919 % USERS),
        };
        let name = format!("{given}{:05} {family}", number * 31 % USERS);
        let email = format!("{first}{:05}.{family}@d.example", number * 17 % USERS);
        Self { number, status, name, email, last_visit_us }
    }

    fn id(&self) -> Uuid {
        Uuid::from_u128(0xbb << 120 | self.number as u128)
    }
}

async fn fill(app: &TestApp) {
    let is_sqlite = app.state.db.kind() == "SQLite";
    let all: Vec<Made> = (0..USERS).map(Made::of).collect();
    for users in all.chunks(2_000) {
        let row = |made: &Made| {
            let id = if is_sqlite { format!("x'{}'", made.id().simple()) } else { format!("'{}'", made.id()) };
            let locked_at = if made.status == "locked" { "'2026-02-01T00:00:00+00:00'" } else { "NULL" };
            let Made { name, email, status, last_visit_us, .. } = made;
            format!(
                "({id}, (SELECT id FROM environments WHERE slug = 'production'), '{email}', 'd.example', {}, '{name}', '{name}',
                 ' {name} {email}', {locked_at}, {last_visit_us}, 0, '2026-01-01T00:00:00+00:00', 2)",
                *status != "invited"
            )
        };
        let rows: Vec<String> = users.iter().map(row).collect();
        let sql = format!(
            "INSERT INTO users (id, environment_id, email, email_domain, email_verified, name, sort_name, search_text, locked_at,
               last_visit_us, visits, created_at, text_version) VALUES {}",
            rows.join(", ")
        );
        try_execute(&app.state.db, &sql).await.expect("users");
    }
    app.execute("ANALYZE").await;
}

/// Who is on the first pages, by number.
fn expected(query: &UserQuery) -> Vec<Uuid> {
    let is_in = |made: &Made| {
        (query.status.is_empty() || made.status == query.status)
            && made.email.contains(&query.q)
            && made.email != query.exclude
    };
    let mut all: Vec<Made> = (0..USERS).map(Made::of).filter(is_in).collect();
    match query.sort.trim_start_matches('-') {
        "name" => all.sort_by_key(|made| made.name.clone()),
        "email" => all.sort_by_key(|made| made.email.clone()),
        _ => all.sort_by_key(|made| (made.last_visit_us, made.number)),
    }
    if query.sort.starts_with('-') {
        all.reverse();
    }
    all.iter().take(PAGES * 50).map(Made::id).collect()
}

#[tokio::test]
async fn whoever_stands_behind_all_of_another_status_is_found_in_order() {
    let app = TestApp::new().await;
    app.execute("DELETE FROM users").await;
    fill(&app).await;
    let caller = app.caller("olivia@understudy.example", "production").await;
    for sort in ["last_visit", "-last_visit", "name", "-name", "email", "-email"] {
        for status in ["", "active", "invited", "locked"] {
            for q in ["", "okafor", "lindqvist", "doe"] {
                for exclude in ["", "other.example"] {
                    let [sort, status, q, exclude] = [sort, status, q, exclude].map(str::to_owned);
                    let query = UserQuery { sort, status, q, exclude, ..UserQuery::default() };
                    let found = there_and_back(&caller, query.clone(), PAGES).await;
                    let ids: Vec<Uuid> = found.iter().map(|row| row.id).collect();
                    assert!(ids == expected(&query), "{query:?}");
                }
            }
        }
    }
}
