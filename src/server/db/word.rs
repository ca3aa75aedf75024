//! Words of the model in columns. A word that nobody knows, as a newer server beside this one may have written, is never taken
//! for the next best one: where one row is read it is an error, and a list goes on without the row.

use std::fmt;

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Encode, FromRow, Row, Type};

use super::limit::was_ended;
use super::page::Bounded;
use super::{DbError, DbResult};
use crate::model::application::{LoginMethod, LogoutState, RedirectKind};
use crate::model::audit::{ActorKind, Severity};
use crate::model::key::{KeyState, SigningAlgorithm};
use crate::model::mode::Mode;
use crate::model::operator::{Role, Roles};
use crate::model::problem::ProblemKind;
use crate::model::session::{EndReason, SessionKind};
use crate::model::words::UnknownWord;
use crate::server::domain::delivery::MessageKind;

/// What a column has where a word belongs: a row can be read before it is known whose it is, and what is wrong with it said
/// with that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored<T> {
    Known(T),
    Unknown(UnknownWord),
}

impl Stored<Role> {
    /// What stands there, known or not.
    pub fn text(&self) -> &str {
        match self {
            Self::Known(role) => role.as_str(),
            Self::Unknown(unknown) => &unknown.word,
        }
    }
}

impl<T> Stored<T> {
    /// The word, of this row.
    ///
    /// # Errors
    /// [`DbError::Inconsistent`] where nobody knows it.
    pub fn known(self, table: &'static str, column: &'static str, id: impl fmt::Display) -> DbResult<T> {
        match self {
            Self::Known(word) => Ok(word),
            Self::Unknown(UnknownWord { vocabulary, word }) => {
                Err(DbError::Inconsistent { table, column, id: id.to_string(), vocabulary, value: word })
            }
        }
    }
}

impl<T, DB: Database> Type<DB> for Stored<T>
where
    str: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        <str as Type<DB>>::type_info()
    }

    fn compatible(ty: &DB::TypeInfo) -> bool {
        <str as Type<DB>>::compatible(ty)
    }
}

impl<'r, T, DB: Database> Decode<'r, DB> for Stored<T>
where
    T: TryFrom<String, Error = UnknownWord>,
    &'r str: Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
        let word = <&str as Decode<'r, DB>>::decode(value)?;
        Ok(T::try_from(word.to_owned()).map_or_else(Self::Unknown, Self::Known))
    }
}

/// Lets enums of the model be written into columns of text. They are read as [`Stored`].
macro_rules! written {
    ($($word:ty),+ $(,)?) => {
        $(
            impl<DB: Database> Type<DB> for $word where str: Type<DB> {
                fn type_info() -> DB::TypeInfo {
                    <str as Type<DB>>::type_info()
                }

                fn compatible(ty: &DB::TypeInfo) -> bool {
                    <str as Type<DB>>::compatible(ty)
                }
            }

            impl<'q, DB: Database> Encode<'q, DB> for $word where &'q str: Encode<'q, DB> {
                fn encode_by_ref(&self, buffer: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
                    <&str as Encode<'q, DB>>::encode(self.as_str(), buffer)
                }
            }
        )+
    };
}

written!(
    ActorKind,
    EndReason,
    KeyState,
    MessageKind,
    LoginMethod,
    LogoutState,
    Mode,
    ProblemKind,
    RedirectKind,
    Role,
    SessionKind,
    Severity,
    SigningAlgorithm,
);

/// Words with spaces between them. One that nobody knows gives no right.
impl<DB: Database> Type<DB> for Roles
where
    str: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        <str as Type<DB>>::type_info()
    }

    fn compatible(ty: &DB::TypeInfo) -> bool {
        <str as Type<DB>>::compatible(ty)
    }
}

impl<'r, DB: Database> Decode<'r, DB> for Roles
where
    &'r str: Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
        let words = <&str as Decode<'r, DB>>::decode(value)?;
        Ok(words.split(' ').filter_map(Role::parse).collect())
    }
}

/// Makes a type what queries give, by way of a row that stays inside its module.
macro_rules! read_as {
    ($row:ty => $made:ty) => {
        $crate::server::db::word::read_as!($row => $made, sqlx::sqlite::SqliteRow, sqlx::postgres::PgRow);
    };
    ($row:ty => $made:ty, $($driver:ty),+) => {
        $(
            impl sqlx::FromRow<'_, $driver> for $made {
                fn from_row(row: &$driver) -> sqlx::Result<Self> {
                    let row = <$row as sqlx::FromRow<'_, $driver>>::from_row(row)?;
                    row.try_into().map_err(|error| sqlx::Error::Decode(Box::new(error)))
                }
            }
        )+
    };
}

/// An error of a conversion that went through the driver comes out as it was, and a statement that was ended is told apart.
impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        if was_ended(&error) {
            return Self::TooLong;
        }
        let sqlx::Error::Decode(source) = error else { return Self::Sqlx(error) };
        match source.downcast::<Self>() {
            Ok(error) => *error,
            Err(source) => Self::Sqlx(sqlx::Error::Decode(source)),
        }
    }
}

/// The rows whose words are known. The others keep nobody from anything: they are left out, and logged together, in one line.
///
/// # Errors
/// The first that is not about a word.
pub fn known<T>(read: impl IntoIterator<Item = DbResult<T>>) -> DbResult<Vec<T>> {
    Ok(known_or_none(read)?.into_iter().flatten().collect())
}

/// [`known`] with `None` in the places of the others, for who counts them.
///
/// # Errors
/// Those of [`known`].
pub fn known_or_none<T>(read: impl IntoIterator<Item = DbResult<T>>) -> DbResult<Vec<Option<T>>> {
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for row in read {
        match row {
            Ok(row) => known.push(Some(row)),
            Err(error @ DbError::Inconsistent { .. }) => {
                known.push(None);
                unknown.push(error);
            }
            Err(error) => return Err(error),
        }
    }
    if let Some(first) = unknown.first() {
        tracing::error!(rows = unknown.len(), error = %first, "rows that cannot be read are left out of a list");
    }
    Ok(known)
}

/// [`known`] of what the driver gave.
pub fn known_rows<R: Row, T: for<'r> FromRow<'r, R>>(rows: Result<Vec<R>, sqlx::Error>) -> DbResult<Vec<T>> {
    known(rows?.iter().map(|row| Ok(T::from_row(row)?)))
}

/// [`known_rows`] of a query that asks for one row over `limit`. One that is left out counts: there are more all the same.
pub fn bounded_rows<R: Row, T: for<'r> FromRow<'r, R>>(
    rows: Result<Vec<R>, sqlx::Error>,
    limit: i64,
) -> DbResult<Bounded<T>> {
    Bounded::new(rows?, limit).try_map(|rows| known_rows(Ok(rows)))
}

/// The first rows that a query finds, `$limit` at most, as [`Bounded`]: the query's own limit is one more. Those with words that
/// nobody knows are left out.
macro_rules! fetch_bounded {
    ($conn:expr, $limit:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::server::db::on!($conn, c => {
            $crate::server::db::word::bounded_rows(sqlx::query($sql)$(.bind($bind))*.fetch_all(c).await, $limit)
        })
    };
}

/// All rows that a query finds, but for those with words that nobody knows: see [`known`].
macro_rules! fetch_known {
    ($conn:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::server::db::on!($conn, c => {
            $crate::server::db::word::known_rows(sqlx::query($sql)$(.bind($bind))*.fetch_all(c).await)
        })
    };
}

pub(crate) use {fetch_bounded, fetch_known, read_as};

#[cfg(test)]
mod tests {
    use sqlx::{Connection, SqliteConnection};

    use super::*;

    #[derive(Debug, PartialEq)]
    struct Ended {
        kind: SessionKind,
        end_reason: Option<EndReason>,
        roles: Roles,
    }

    #[derive(sqlx::FromRow)]
    struct EndedRow {
        id: i64,
        kind: Stored<SessionKind>,
        end_reason: Option<Stored<EndReason>>,
        roles: Roles,
    }

    impl TryFrom<EndedRow> for Ended {
        type Error = DbError;

        fn try_from(row: EndedRow) -> DbResult<Self> {
            Ok(Self {
                kind: row.kind.known("sessions", "kind", row.id)?,
                end_reason: row.end_reason.map(|word| word.known("sessions", "end_reason", row.id)).transpose()?,
                roles: row.roles,
            })
        }
    }

    read_as!(EndedRow => Ended);

    /// What is read of rows with these values.
    async fn read(values: &'static str) -> (DbResult<Ended>, DbResult<Vec<Ended>>) {
        let sql = format!("WITH t (id, kind, end_reason, roles) AS (VALUES {values}) SELECT * FROM t");
        let sql = || sqlx::AssertSqlSafe(sql.clone());
        let mut conn = SqliteConnection::connect("sqlite::memory:").await.expect("a database");
        let one = sqlx::query_as(sql()).fetch_one(&mut conn).await.map_err(DbError::from);
        (one, known_rows(sqlx::query(sql()).fetch_all(&mut conn).await))
    }

    #[tokio::test]
    async fn a_row_with_a_word_that_nobody_knows_is_nobodys_and_a_list_goes_on_without_it() {
        for (values, said) in [
            (
                "(7, 'magic', NULL, 'owner'), (8, 'password', 'expired', 'owner')",
                "kind of sessions 7 holds \"magic\", which is no SessionKind",
            ),
            (
                "(7, 'password', 'because', 'owner'), (8, 'password', 'expired', 'owner')",
                "end_reason of sessions 7 holds \"because\", which is no EndReason",
            ),
        ] {
            let (one, all) = read(values).await;
            assert_eq!(one.expect_err("a word that nobody knows").to_string(), said);
            let roles = [Role::Owner].into_iter().collect();
            let good = Ended { kind: SessionKind::Password, end_reason: Some(EndReason::Expired), roles };
            assert_eq!(all.expect("the others"), [good]);
        }
    }

    #[tokio::test]
    async fn a_role_that_nobody_knows_is_none_and_leaves_the_others() {
        for (words, roles) in [
            ("", Vec::new()),
            ("auditor", Vec::new()),
            ("owners", Vec::new()),
            ("admin auditor admin impersonator", vec![Role::Admin, Role::Impersonator]),
        ] {
            let values = format!("(7, 'password', NULL, '{words}')");
            let (one, _) = read(values.leak()).await;
            assert_eq!(one.expect("a row").roles.iter().collect::<Vec<_>>(), roles, "{words}");
        }
    }

    #[tokio::test]
    async fn what_is_no_word_at_all_is_an_error_of_the_whole_list() {
        let (one, all) = read("(7, x'ff', NULL, 'owner')").await;
        assert!(matches!((one, all), (Err(DbError::Sqlx(_)), Err(DbError::Sqlx(_)))));
    }
}
