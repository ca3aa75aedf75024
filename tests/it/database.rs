//! The database layer: transactions that share commits, and knowing that something was committed.

use understudy::server::db::{Db, Raw, environment};

use crate::support::TestApp;

/// Adds one, with every fourth number in a transaction that nobody shares.
async fn add(db: &Db, slug: String, keep: bool) -> bool {
    let is_long = slug[1..].parse::<u32>().expect("a number") % 4 == 1;
    let tx = if is_long { db.write_long().await } else { db.write().await };
    let mut tx = tx.expect("a transaction");
    let sql = "INSERT INTO environments (id, slug, name, created_at)
               SELECT $1, $2, 'Made', created_at FROM environments WHERE slug = 'production'";
    let id = uuid::Uuid::from_u128(slug[1..].parse::<u128>().expect("a number") + 1);
    let result = match tx.raw() {
        Raw::Sqlite(c) => sqlx::query(sql).bind(id).bind(&slug).execute(c).await.map(drop),
        Raw::Postgres(c) => sqlx::query(sql).bind(id).bind(&slug).execute(c).await.map(drop),
    };
    if result.is_ok() && keep {
        tx.commit().await.expect("it commits");
        return true;
    }
    false
}

/// Adds two in one message that commits them, too.
async fn add_two(db: &Db, slugs: [String; 2]) -> bool {
    let mut tx = db.write().await.expect("a transaction");
    let mut batch = tx.batch();
    for slug in &slugs {
        let id = uuid::Uuid::from_u128(slug[1..].parse::<u128>().expect("a number") + 1);
        let sql = batch.add().push("INSERT INTO environments (id, slug, name, created_at) SELECT ").bind(id).push(", ");
        sql.bind(slug).push(", 'Made', created_at FROM environments WHERE slug = 'production'");
    }
    let writes = batch.done();
    match tx.commit_with(writes).await {
        Ok(changed) => {
            assert_eq!(changed, [1, 1]);
            true
        }
        Err(error) => {
            assert!(error.is_unique_violation(), "{error}");
            false
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_written_and_committed_in_one_message_is_kept_or_undone_on_its_own_too() {
    let app = TestApp::new().await;
    let before = app.count("environments").await;
    assert!(add(&app.state.db, "n0".to_owned(), true).await);
    let tasks: Vec<_> = (1..200)
        .map(|number| {
            let db = app.state.db.clone();
            // Of every fifth pair the second one is there already.
            let second = if number % 5 == 4 { "n0".to_owned() } else { format!("n{}", 1000 + number) };
            tokio::spawn(async move {
                match number % 3 {
                    0 => i64::from(add(&db, format!("n{number}"), number % 2 == 0).await),
                    _ => 2 * i64::from(add_two(&db, [format!("n{number}"), second]).await),
                }
            })
        })
        .collect();
    let mut kept = 1;
    for task in tasks {
        kept += task.await.expect("no panic");
    }
    assert_eq!(app.count("environments").await - before, kept);
    assert!(kept >= 200, "{kept}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_goes_away_while_it_commits_keeps_nobody_waiting() {
    let app = TestApp::new().await;
    for number in 0..40 {
        let (db, slugs) = (app.state.db.clone(), [format!("n{number}"), format!("n{}", 2000 + number)]);
        let task = tokio::spawn(async move { add_two(&db, slugs).await });
        for _ in 0..number % 7 {
            tokio::task::yield_now().await;
        }
        task.abort();
        let finished = task.await.is_ok_and(|kept| kept);
        assert!(
            add(&app.state.db, format!("n{}", 1000 + number), true).await,
            "after one that was given up at {number}"
        );
        let mut conn = app.state.db.read().await.expect("a connection");
        let all = environment::all(&mut conn).await.expect("the environments");
        let slugs: Vec<String> = all.into_iter().map(|environment| environment.slug).collect();
        let there = [number, 2000 + number].iter().filter(|number| slugs.contains(&format!("n{number}"))).count();
        assert!(there == 2 || (there == 0 && !finished), "both or neither, at {number}: {there}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_transactions_at_once_each_is_kept_or_undone_on_its_own() {
    let app = TestApp::new().await;
    let before = app.count("environments").await;
    let tasks: Vec<_> = (0..200)
        .map(|number| {
            let db = app.state.db.clone();
            // Every third is dropped, every fifth breaks a constraint in the middle.
            let slug = if number % 5 == 4 { "n0".to_owned() } else { format!("n{number}") };
            tokio::spawn(async move { add(&db, slug, number % 3 != 2).await })
        })
        .collect();
    let mut kept = 0;
    for task in tasks {
        kept += i64::from(task.await.expect("no panic"));
    }
    assert_eq!(app.count("environments").await - before, kept);
    assert!(kept >= 107, "{kept}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_goes_away_in_the_middle_leaves_nothing_behind() {
    let app = TestApp::new().await;
    let before = app.count("environments").await;
    for number in 0..40 {
        let (db, slug) = (app.state.db.clone(), format!("n{number}"));
        let task = tokio::spawn(async move { add(&db, slug, true).await });
        for _ in 0..number % 7 {
            tokio::task::yield_now().await;
        }
        task.abort();
        let finished = task.await.is_ok_and(|kept| kept);
        let (db, slug) = (app.state.db.clone(), format!("n{}", 1000 + number));
        assert!(add(&db, slug, true).await, "the next transaction goes on after one that was given up at {number}");
        assert!(!finished || app.count("environments").await > before);
    }
    assert!(app.count("environments").await - before >= 40);
}

#[tokio::test]
async fn a_commit_of_another_process_starts_a_new_epoch_and_nothing_else_does() {
    let app = TestApp::new().await;
    let other = Db::connect(app.database_url(), 1).await.expect("a second server");
    let first = app.state.db.epoch().await.expect("an epoch");
    app.count_by_reading("environments").await;
    let same = app.state.db.epoch().await.expect("an epoch");
    assert!(add(&other, "n7".to_owned(), true).await);
    let second = app.state.db.epoch().await.expect("an epoch");
    assert!(add(&app.state.db, "n8".to_owned(), true).await);
    let third = app.state.db.epoch().await.expect("an epoch");
    // Several test databases share one PostgreSQL, and any commit on it starts an epoch: only SQLite can promise this.
    assert!(app.state.db.kind() == "PostgreSQL" || first == same);
    assert!(second > same && third > second);
    other.close().await;
}

/// Columns that name a row of another table, of the tables that a browser fills, and whether an index leads to them.
async fn references(app: &TestApp) -> Vec<(String, String, bool)> {
    let mut tx = app.state.db.write().await.expect("a transaction");
    let rows: Vec<(String, String, i64)> = match tx.raw() {
        Raw::Sqlite(c) => {
            sqlx::query_as(
                "SELECT t.name, f.\"from\", (SELECT count(*) FROM pragma_index_list(t.name) l
               JOIN pragma_index_info(l.name) i ON i.seqno = 0 WHERE i.name = f.\"from\")
             FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) f
             WHERE t.type = 'table' AND t.name LIKE 'browser%'",
            )
            .fetch_all(c)
            .await
        }
        Raw::Postgres(c) => {
            sqlx::query_as(
                "SELECT f.conrelid::regclass::text, a.attname::text,
               (SELECT count(*) FROM pg_index i WHERE i.indrelid = f.conrelid AND i.indkey[0] = a.attnum)
             FROM pg_constraint f JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
             WHERE f.contype = 'f' AND f.conrelid::regclass::text LIKE 'browser%'",
            )
            .fetch_all(c)
            .await
        }
    }
    .expect("the schema");
    rows.into_iter().map(|(table, column, indexes)| (table, column, indexes > 0)).collect()
}

#[tokio::test]
async fn what_goes_with_another_row_is_found_without_looking_at_every_browser() {
    let app = TestApp::new().await;
    let references = references(&app).await;
    assert_eq!(references.len(), 7, "{references:?}");
    for (table, column, is_indexed) in references {
        assert!(is_indexed, "{table}.{column}");
    }
}
