//! Over 125,000 events every filter of the trail, and every two of them, finds what it should, and reads a few thousand rows at the
//! most.

mod made;
mod work;

use chrono::TimeDelta;
use uuid::Uuid;

use self::made::{Made, NEWEST, SESSION, USER, USER_OF_MANY, fill};
use self::work::Work;
use crate::support::{TestApp, start_of_test};
use understudy::model::audit::Severity;
use understudy::server::db::audit::{AuditFilter, Sought};
use understudy::server::platform::text::Search;
use understudy::server::service::audit::find::find;
use understudy::server::service::audit::index;

/// A page and one more.
const LIMIT: usize = 51;

type Narrowed = (&'static str, fn(&mut AuditFilter));

/// What can be asked for: common and rare, of everything and of nothing.
const FILTERS: [Narrowed; 24] = [
    ("a common action", |filter| filter.action = Some("user.signed_in".into())),
    ("a rare action", |filter| filter.action = Some("client.deleted".into())),
    ("the beginning of an action", |filter| filter.action = Some("impersonation".into())),
    ("no action", |filter| filter.action = Some("impersonation.undone".into())),
    ("a common severity", |filter| filter.severity = Some(Severity::Info)),
    ("a severity between", |filter| filter.severity = Some(Severity::Medium)),
    ("a rare severity", |filter| filter.severity = Some(Severity::Critical)),
    ("no severity", |filter| filter.severity = Some(Severity::High)),
    ("a large account", |filter| filter.account_id = Some(made::LARGE)),
    ("a small account", |filter| filter.account_id = Some(made::SMALL)),
    ("no account", |filter| filter.account_id = Some(Uuid::max())),
    ("only impersonated", |filter| filter.only_impersonated = true),
    ("a busy operator", |filter| filter.operator_id = Some(made::BUSY)),
    ("an operator who was here twice", |filter| filter.operator_id = Some(made::RARE)),
    ("a common word", |filter| filter.words = words("okafor")),
    ("a rare word", |filter| filter.words = words("quetzal")),
    ("no word", |filter| filter.words = words("zzzzqq")),
    ("a word of common letters that nobody has", |filter| filter.words = words("tintoq")),
    ("two letters", |filter| filter.words = words("qu")),
    ("two words", |filter| filter.words = words("okafor ticket-43")),
    ("a user", |filter| filter.id = Some(USER)),
    ("a session", |filter| filter.id = Some(SESSION)),
    ("the time from a day on", |filter| filter.from = Some(start_of_test() - TimeDelta::hours(60))),
    ("the time until a day", |filter| filter.until = Some(start_of_test() - TimeDelta::hours(100))),
];

fn words(text: &str) -> Vec<Sought> {
    Search::of(text).words.into_iter().map(|word| Sought { word, applications: Vec::new() }).collect()
}

/// The first events of a filter, as they were made.
fn expected(filter: &AuditFilter) -> Vec<Uuid> {
    let has = |made: &Made| {
        filter
            .action
            .as_ref()
            .is_none_or(|action| made.action == action || made.action.starts_with(&format!("{action}.")))
            && filter.severity.is_none_or(|severity| made.severity == severity.as_str())
            && filter.account_id.is_none_or(|id| made.account_id == id)
            && filter.operator_id.is_none_or(|id| made.operator_id == Some(id))
            && (!filter.only_impersonated || made.operator_id.is_some())
            && filter.words.iter().all(|sought| sought.parts().any(|part| made.search_text.contains(&part)))
            && filter.id.is_none_or(|id| made.user_id == Some(id) || made.session_id == Some(id))
            && filter.from.is_none_or(|from| made.occurred_at >= from)
            && filter.until.is_none_or(|until| made.occurred_at < until)
    };
    let all = (1..=NEWEST).map(Made::of).filter(has).map(|made| made.id);
    let mut all: Vec<Uuid> = all.collect();
    if !filter.ascending {
        all.reverse();
    }
    all.truncate(usize::try_from(filter.limit).expect("a limit"));
    all
}

/// A server whose production has the events, all but the newest 150 in the index: four chunks in a group, and one alone.
async fn app() -> (TestApp, AuditFilter) {
    app_without(&[]).await
}

/// The same, to which these have not come yet.
async fn app_without(late: &[u128]) -> (TestApp, AuditFilter) {
    let app = TestApp::new().await;
    let environment_id = app.caller("olivia@understudy.example", "production").await.environment.id;
    fill(&app.state.db, (1..=NEWEST - 150).filter(|number| !late.contains(number))).await;
    app.advance(TimeDelta::minutes(1));
    while index::run(&app.state).await.expect("the index") > 0 {}
    assert_eq!(grouped(&app).await, [4, 1]);
    fill(&app.state.db, NEWEST - 149..=NEWEST).await;
    work::look_at_sizes(&app.state.db).await;
    let until = Some(start_of_test());
    (app, AuditFilter { environment_id, until, limit: LIMIT as i64, ..AuditFilter::default() })
}

/// How many chunks are in a group, and how many in none.
async fn grouped(app: &TestApp) -> [i64; 2] {
    [
        app.count("audit_chunks WHERE state = 'ready' AND group_id IS NOT NULL").await,
        app.count("audit_chunks WHERE state = 'ready' AND group_id IS NULL").await,
    ]
}

/// Whether both ask for the same thing, of which a filter has one.
fn is_one_field(one: &AuditFilter, other: &AuditFilter, all: &AuditFilter) -> bool {
    let fields = |filter: &AuditFilter| {
        [
            filter.action.is_some(),
            filter.severity.is_some(),
            filter.account_id.is_some(),
            filter.operator_id.is_some(),
            !filter.words.is_empty(),
            filter.id.is_some(),
            filter.from != all.from,
            filter.until != all.until,
        ]
    };
    fields(one).into_iter().zip(fields(other)).any(|(one, other)| one && other)
}

#[tokio::test]
async fn every_filter_and_every_two_of_them_find_what_there_is_without_reading_the_trail() {
    let (app, all) = app().await;
    let mut conn = work::transaction(&app.state.db).await;
    let work = Work::watch(&mut conn).await;
    let mut asked = 0;
    for (index, (name, narrow)) in FILTERS.iter().enumerate() {
        let mut alone = all.clone();
        narrow(&mut alone);
        for (other_name, narrow_more) in &FILTERS[index..] {
            let mut other = all.clone();
            narrow_more(&mut other);
            if other_name != name && is_one_field(&alone, &other, &all) {
                continue;
            }
            for ascending in [false, true] {
                let mut filter = AuditFilter { ascending, ..alone.clone() };
                narrow_more(&mut filter);
                let before = work.done(&mut conn).await;
                let found = find(&mut conn, &filter).await.expect("events");
                let done = work.done(&mut conn).await;
                let what = format!("{name} and {other_name}, ascending: {ascending}");
                let ids: Vec<Uuid> = found.rows.iter().map(|row| row.id).collect();
                assert_eq!((ids, found.stopped), (expected(&filter), None), "{what}");
                work::expect_little(&before, &done, &what);
                asked += 1;
            }
        }
    }
    assert!(asked > 400 && work.done(&mut conn).await.is_something(), "{asked}");
}

#[tokio::test]
async fn all_pages_of_a_search_lead_to_the_oldest_event_and_back() {
    let (app, all) = app().await;
    let mut conn = work::transaction(&app.state.db).await;
    let work = Work::watch(&mut conn).await;
    for (name, narrow) in FILTERS.iter().filter(|(name, _)| ["a common word", "a severity between"].contains(name)) {
        let mut filter = AuditFilter { limit: 50, ..all.clone() };
        narrow(&mut filter);
        for ascending in [false, true] {
            filter = AuditFilter { ascending, after: None, ..filter };
            let mut pages: Vec<Uuid> = Vec::new();
            loop {
                let before = work.done(&mut conn).await;
                let found = find(&mut conn, &filter).await.expect("events");
                work::expect_little(&before, &work.done(&mut conn).await, name);
                assert_eq!(found.stopped, None, "{name}");
                let Some(last) = found.rows.last() else { break };
                filter.after = Some((last.occurred_at, last.id));
                pages.extend(found.rows.iter().map(|row| row.id));
            }
            let expected = expected(&AuditFilter { limit: 1_000_000, after: None, ..filter.clone() });
            assert!(pages == expected, "{name}: {} of {}", pages.len(), expected.len());
        }
    }
}

#[tokio::test]
async fn a_user_of_very_many_events_is_looked_through_a_part_at_a_time() {
    let (app, all) = app().await;
    let mut conn = work::transaction(&app.state.db).await;
    let work = Work::watch(&mut conn).await;
    let mut filter = AuditFilter { id: Some(USER_OF_MANY), action: Some("client.deleted".into()), ..all };
    let (mut ids, mut looks) = (Vec::new(), 0);
    loop {
        let before = work.done(&mut conn).await;
        let found = find(&mut conn, &filter).await.expect("events");
        work::expect_little(&before, &work.done(&mut conn).await, "a user of many events");
        ids.extend(found.rows.iter().map(|row| row.id));
        looks += 1;
        let Some(stopped) = found.stopped else { break };
        assert!(filter.after.is_none_or(|after| stopped < after), "it goes on");
        filter.after = Some(stopped);
    }
    assert!(looks > 10, "{looks}");
    assert_eq!(ids, expected(&AuditFilter { after: None, ..filter }));
}

#[tokio::test]
async fn a_chunk_that_is_made_anew_leaves_its_group_which_is_given_up_with_the_second() {
    let late = [20_007, 100_007];
    let (app, all) = app_without(&late).await;
    let found = async |word: &str| {
        let mut conn = app.state.db.read().await.expect("a connection");
        let filter = AuditFilter { words: words(word), ..all.clone() };
        find(&mut conn, &filter).await.expect("events").rows.len()
    };
    // Of the second, what is left of the group becomes one again.
    for (number, grouping) in late.into_iter().zip([[3, 2], [4, 1]]) {
        fill(&app.state.db, number..=number).await;
        // As after events were removed.
        app.execute("UPDATE audit_chunks SET counted_at = NULL").await;
        let word = format!("number-{number}");
        assert_eq!(found(&word).await, 0);
        for _ in 0..4 {
            app.advance(TimeDelta::days(1));
            index::run(&app.state).await.expect("the index");
        }
        assert_eq!(grouped(&app).await, grouping);
        assert_eq!([found(&word).await, found("quetzal").await], [1, 12]);
    }
    assert_eq!(app.count("audit_groups").await, 1);
    assert_eq!(app.count("audit_group_terms WHERE group_id NOT IN (SELECT id FROM audit_groups)").await, 0);
}

#[tokio::test]
async fn what_came_late_is_found_once_its_chunk_is_made_anew() {
    let app = TestApp::new().await;
    let environment_id = app.caller("olivia@understudy.example", "production").await.environment.id;
    let late = 2_000;
    fill(&app.state.db, 1..=late - 1).await;
    fill(&app.state.db, late + 1..=4_000).await;
    app.advance(TimeDelta::minutes(1));
    while index::run(&app.state).await.expect("the index") > 0 {}
    fill(&app.state.db, late..=late).await;
    let words = words(&format!("number-{late}"));
    let filter = AuditFilter { environment_id, words, limit: LIMIT as i64, ..AuditFilter::default() };
    let found = async || {
        let mut conn = app.state.db.read().await.expect("a connection");
        find(&mut conn, &filter).await.expect("events").rows.len()
    };
    assert_eq!(found().await, 0, "the test shows nothing: it is found without the index");
    app.advance(TimeDelta::days(1) + TimeDelta::minutes(1));
    index::run(&app.state).await.expect("the index");
    assert_eq!(found().await, 1);
    // What it was before goes as well.
    app.advance(TimeDelta::minutes(2));
    index::run(&app.state).await.expect("the index");
    assert_eq!(app.count("audit_chunks WHERE state <> 'ready'").await, 0);
    assert_eq!(found().await, 1);
}

#[tokio::test]
async fn what_was_written_by_a_clock_that_was_set_back_is_found_and_looked_for_until_it_is_a_day_old() {
    let app = TestApp::new().await;
    let environment_id = app.caller("olivia@understudy.example", "production").await.environment.id;
    // The newest, by a clock that is ahead.
    fill(&app.state.db, NEWEST - 299..=NEWEST).await;
    app.advance(TimeDelta::minutes(1));
    while index::run(&app.state).await.expect("the index") > 0 {}
    app.clock.set_forward(TimeDelta::minutes(-90));
    fill(&app.state.db, NEWEST - 2_000..=NEWEST - 1_401).await;
    let found = async |number: u128| {
        let words = words(&format!("number-{number}"));
        let filter = AuditFilter { environment_id, words, limit: LIMIT as i64, ..AuditFilter::default() };
        let mut conn = app.state.db.read().await.expect("a connection");
        find(&mut conn, &filter).await.expect("events").rows.len()
    };
    assert_eq!(found(NEWEST - 2_000).await, 0, "the test shows nothing: it is found without the index");
    index::run(&app.state).await.expect("the index");
    assert_eq!(found(NEWEST - 2_000).await, 1);
    // More may come, each time.
    for late in [NEWEST - 2_001, NEWEST - 2_002] {
        fill(&app.state.db, late..=late).await;
        assert_eq!(found(late).await, 0);
        app.advance(TimeDelta::minutes(16));
        index::run(&app.state).await.expect("the index");
        assert_eq!(found(late).await, 1);
    }
    app.advance(TimeDelta::minutes(16));
    index::run(&app.state).await.expect("the index");
    assert_eq!(app.count("audit_chunks WHERE counted_at IS NOT NULL").await, 0);
    app.advance(TimeDelta::days(1) + TimeDelta::hours(2));
    index::run(&app.state).await.expect("the index");
    assert_eq!(app.count("audit_chunks WHERE counted_at IS NULL").await, 0);
}
