//! Statements whose text depends on what is asked for. A piece of text and the values behind its placeholders are added
//! together, in one place. Only constants and placeholders make the text: what is asked in the same way has the same text, whose
//! plan is kept, and nothing of the caller's reaches the SQL.

use std::fmt::Display;

use sqlx::{Encode, PgConnection, Postgres, QueryBuilder, Sqlite, SqliteConnection, Type};

use super::limit::Watch;
use super::{Conn, Raw};

/// How many places a list of values has on SQLite.
const PLACES: [usize; 5] = [1, 8, 32, 128, 500];

/// What both databases store.
pub trait Storable<'t>: Encode<'t, Sqlite> + Type<Sqlite> + Encode<'t, Postgres> + Type<Postgres> {}

impl<'t, T: Encode<'t, Sqlite> + Type<Sqlite> + Encode<'t, Postgres> + Type<Postgres>> Storable<'t> for T {}

/// A statement that is put together for the connection on which [`built!`] runs it.
pub struct Statement<'c> {
    pub(super) text: Text<'c>,
    pub(super) watch: &'c Watch,
    /// Whether the plan is worth keeping.
    pub(super) keep: bool,
}

/// What there is of it so far, for the database that it is for.
pub(super) enum Text<'c> {
    Sqlite(QueryBuilder<Sqlite>, &'c mut SqliteConnection),
    Postgres(QueryBuilder<Postgres>, &'c mut PgConnection),
}

impl Conn {
    /// A statement that begins with `text`.
    pub fn build(&mut self, text: &str) -> Statement<'_> {
        let (raw, watch) = self.parts();
        let text = match raw {
            Raw::Sqlite(conn) => Text::Sqlite(QueryBuilder::new(text), conn),
            Raw::Postgres(conn) => Text::Postgres(QueryBuilder::new(text), conn),
        };
        Statement { text, watch, keep: true }
    }
}

impl<'c> Statement<'c> {
    pub fn is_sqlite(&self) -> bool {
        matches!(self.text, Text::Sqlite(..))
    }

    pub fn push(&mut self, text: impl Display) -> &mut Self {
        match &mut self.text {
            Text::Sqlite(query, _) => drop(query.push(text)),
            Text::Postgres(query, _) => drop(query.push(text)),
        }
        self
    }

    /// Adds a placeholder and its value.
    pub fn bind<'t>(&mut self, value: impl Storable<'t>) -> &mut Self {
        match &mut self.text {
            Text::Sqlite(query, _) => drop(query.push_bind(value)),
            Text::Postgres(query, _) => drop(query.push_bind(value)),
        }
        self
    }

    /// Adds a placeholder for each of `values`, with commas between them.
    pub fn bind_all<'t>(&mut self, values: impl IntoIterator<Item: Storable<'t>>) -> &mut Self {
        let mut list = List::of(self);
        for value in values {
            list.bind(value);
        }
        self
    }

    /// Adds that what comes before is one of `values`, of which there is one at least and 500 at most. The text is the same
    /// whatever their number on PostgreSQL, and one of a few on SQLite, where the last value fills the places that are left.
    pub fn is_one_of<'t, T>(&mut self, values: &[T]) -> &mut Self
    where
        T: Storable<'t> + Copy,
        Vec<T>: Encode<'t, Postgres> + Type<Postgres>,
    {
        match &mut self.text {
            Text::Postgres(query, _) => {
                query.push(" = ANY(").push_bind(values.to_vec()).push(")");
                self
            }
            Text::Sqlite(..) => {
                let places = PLACES.into_iter().find(|places| *places >= values.len()).unwrap_or(values.len());
                let fill = values.last().copied().into_iter().cycle();
                self.push(" IN (").bind_all(values.iter().copied().chain(fill).take(places)).push(")")
            }
        }
    }

    /// Adds `VALUES` with the list that `fill` makes of each of `rows`, of which there is one at least.
    pub fn values<I: IntoIterator>(&mut self, rows: I, mut fill: impl FnMut(&mut List<'_, 'c>, I::Item)) -> &mut Self {
        for (index, row) in rows.into_iter().enumerate() {
            self.push(if index == 0 { "VALUES (" } else { ", (" });
            fill(&mut List::of(self), row);
            self.push(")");
        }
        self
    }

    /// Its text is another one each time: kept, such statements would drive out those that are asked often.
    pub fn used_once(&mut self) -> &mut Self {
        self.keep = false;
        self
    }

    /// On PostgreSQL it is planned each time it runs: a plan that was made while a table was small would read all of it for
    /// every long list later.
    pub fn planned_anew(&mut self) -> &mut Self {
        self.keep = self.is_sqlite();
        self
    }
}

/// Values with commas between them.
pub struct List<'a, 'c> {
    statement: &'a mut Statement<'c>,
    begun: bool,
}

impl<'a, 'c> List<'a, 'c> {
    fn of(statement: &'a mut Statement<'c>) -> Self {
        Self { statement, begun: false }
    }

    pub fn bind<'t>(&mut self, value: impl Storable<'t>) -> &mut Self {
        if std::mem::replace(&mut self.begun, true) {
            self.statement.push(", ");
        }
        self.statement.bind(value);
        self
    }
}

/// Runs a [`Statement`], and gives what [`fetch_all!`](super::fetch_all), `fetch_optional!`, `fetch_one!`, `fetch_known!`,
/// `fetch_bounded!` (with its limit, behind a comma) or `execute!` would: `built!(sql, fetch_all)`.
macro_rules! built {
    ($sql:expr, execute) => {
        $crate::server::db::build::built!($sql, query, conn, keep =>
            query.build().persistent(keep).execute(conn).await.map(|done| done.rows_affected()))
        .map_err($crate::server::db::DbError::from)
    };
    ($sql:expr, fetch_known) => {
        $crate::server::db::build::built!($sql, query, conn, keep =>
            $crate::server::db::word::known_rows(query.build().persistent(keep).fetch_all(conn).await))
    };
    ($sql:expr, fetch_bounded, $limit:expr) => {
        $crate::server::db::build::built!($sql, query, conn, keep =>
            $crate::server::db::word::bounded_rows(query.build().persistent(keep).fetch_all(conn).await, $limit))
    };
    ($sql:expr, $fetch:ident) => {
        $crate::server::db::build::built!($sql, query, conn, keep =>
            query.build_query_as().persistent(keep).$fetch(conn).await)
        .map_err($crate::server::db::DbError::from)
    };
    ($sql:expr, $query:ident, $conn:ident, $keep:ident => $run:expr) => {{
        // Its name tells that of the function around it.
        fn here() {}
        let $crate::server::db::build::Statement { text, watch, keep: $keep } = $sql;
        let statement = watch.begin(std::any::type_name_of_val(&here));
        let outcome = match text {
            $crate::server::db::build::Text::Sqlite(mut $query, $conn) => statement.run(async { $run }).await,
            $crate::server::db::build::Text::Postgres(mut $query, $conn) => statement.run(async { $run }).await,
        };
        drop(statement);
        watch.end();
        outcome
    }};
}

pub(crate) use built;
