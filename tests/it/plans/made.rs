//! Many users and accounts, made by the database itself.

use crate::support::TestApp;

pub const USERS: i64 = 100_000;
pub const ACCOUNTS: i64 = 2_000;

/// Fills production. One user in twenty is in the first account, the others in all; one in forty is called Okafor, one in a
/// hundred is locked, one in twenty was only invited.
pub async fn users(app: &TestApp) {
    for sql in if app.state.db.kind() == "SQLite" { SQLITE } else { POSTGRES } {
        app.execute(sql).await;
    }
}

const SQLITE: [&str; 4] = [
    "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1999)
     INSERT INTO accounts (id, environment_id, external_id, name, created_at, sort_name, search_text, text_version)
     SELECT unhex('aa' || printf('%030x', i)), (SELECT id FROM environments WHERE slug = 'production'), 'acc-' || i,
       CASE i WHEN 0 THEN 'Kestrel Crew' ELSE 'Account ' || (i * 7919 % 2000) END, '2026-01-01T00:00:00+00:00',
       CASE i WHEN 0 THEN 'kestrel crew' ELSE 'account ' || printf('%04d', i * 7919 % 2000) END,
       CASE i WHEN 0 THEN ' kestrel crew acc-0' ELSE ' account ' || (i * 7919 % 2000) || ' acc-' || i END, 2
     FROM n",
    "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99999),
       parts AS (SELECT i,
         CASE i % 50 WHEN 0 THEN 'amara' WHEN 1 THEN 'zoltan' ELSE 'f' || (i * 31 % 997) || 'an' END AS given,
         CASE i % 40 WHEN 0 THEN 'okafor' ELSE 'l' || (i * 17 % 389) || 'sen' END AS family,
         'd' || (i % 2000) || '.example' AS domain FROM n)
     INSERT INTO users (id, environment_id, email, email_domain, email_verified, name, sort_name, search_text, locked_at,
       active_account_id, last_visit_us, visits, created_at, text_version)
     SELECT unhex('bb' || printf('%030x', i)), (SELECT id FROM environments WHERE slug = 'production'),
       given || '.' || family || '-' || i || '@' || domain, domain, i % 20 <> 7,
       given || ' ' || family, given || ' ' || family,
       ' ' || given || ' ' || family || ' ' || given || '.' || family || '-' || i || '@' || domain,
       CASE WHEN i % 100 = 9 THEN '2026-02-01T00:00:00+00:00' END,
       unhex('aa' || printf('%030x', CASE WHEN i % 20 = 3 THEN 0 ELSE i * 13 % 2000 END)),
       CASE WHEN i % 20 = 7 THEN 0 ELSE 1700000000000000 + (i * 104729 % 100000) * 1000000 END, i * 7 % 90,
       strftime('%Y-%m-%dT%H:%M:%S+00:00', 1700000000 + i, 'unixepoch'), 2
     FROM parts",
    "INSERT INTO memberships (account_id, user_id, created_at)
     SELECT active_account_id, id, created_at FROM users WHERE hex(id) LIKE 'BB0%'",
    "ANALYZE",
];

const POSTGRES: [&str; 4] = [
    "INSERT INTO accounts (id, environment_id, external_id, name, created_at, sort_name, search_text, text_version)
     SELECT CAST('aa' || lpad(to_hex(i), 30, '0') AS UUID), (SELECT id FROM environments WHERE slug = 'production'), 'acc-' || i,
       CASE i WHEN 0 THEN 'Kestrel Crew' ELSE 'Account ' || (i * 7919 % 2000) END, '2026-01-01T00:00:00Z',
       CASE i WHEN 0 THEN 'kestrel crew' ELSE 'account ' || lpad((i * 7919 % 2000)::text, 4, '0') END,
       CASE i WHEN 0 THEN ' kestrel crew acc-0' ELSE ' account ' || (i * 7919 % 2000) || ' acc-' || i END, 2
     FROM generate_series(0, 1999) AS i",
    "INSERT INTO users (id, environment_id, email, email_domain, email_verified, name, sort_name, search_text, locked_at,
       active_account_id, last_visit_us, visits, created_at, text_version)
     SELECT CAST('bb' || lpad(to_hex(i), 30, '0') AS UUID), (SELECT id FROM environments WHERE slug = 'production'),
       given || '.' || family || '-' || i || '@' || domain, domain, i % 20 <> 7,
       given || ' ' || family, given || ' ' || family,
       ' ' || given || ' ' || family || ' ' || given || '.' || family || '-' || i || '@' || domain,
       CASE WHEN i % 100 = 9 THEN CAST('2026-02-01T00:00:00Z' AS TIMESTAMPTZ) END,
       CAST('aa' || lpad(to_hex(CASE WHEN i % 20 = 3 THEN 0 ELSE i * 13 % 2000 END), 30, '0') AS UUID),
       CASE WHEN i % 20 = 7 THEN 0 ELSE 1700000000000000 + (CAST(i AS BIGINT) * 104729 % 100000) * 1000000 END, i * 7 % 90,
       to_timestamp(1700000000 + i), 2
     FROM (SELECT i,
       CASE i % 50 WHEN 0 THEN 'amara' WHEN 1 THEN 'zoltan' ELSE 'f' || (i * 31 % 997) || 'an' END AS given,
       CASE i % 40 WHEN 0 THEN 'okafor' ELSE 'l' || (i * 17 % 389) || 'sen' END AS family,
       'd' || (i % 2000) || '.example' AS domain FROM generate_series(0, 99999) AS i) AS parts",
    "INSERT INTO memberships (account_id, user_id, created_at)
     SELECT active_account_id, id, created_at FROM users WHERE id::text LIKE 'bb0%'",
    "ANALYZE",
];
