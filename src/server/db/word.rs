//! Words of the model in columns. A word that nobody knows, as a newer server beside this one may have written, is never taken
//! for the next best one: where one row is read it is an error, and a list goes on without the row.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Encode, FromRow, Row, Type};

use super::{DbError, DbResult};
use crate::model::application::{LoginMethod, LogoutState, RedirectKind};
use crate::model::audit::{ActorKind, Severity};
use crate::model::key::{KeyState, SigningAlgorithm};
use crate::model::mode::Mode;
use crate::model::operator::{Role, Roles};
use crate::model::problem::ProblemKind;
use crate::model::session::{EndReason, SessionKind};
use crate::model::words::UnknownWord;

/// Makes enums of the model columns of text.
macro_rules! stored {
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

            impl<'r, DB: Database> Decode<'r, DB> for $word where &'r str: Decode<'r, DB> {
                fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
                    let word = <&str as Decode<'r, DB>>::decode(value)?;
                    Ok(Self::try_from(word.to_owned())?)
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

stored!(
    ActorKind,
    EndReason,
    KeyState,
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

/// A sum of bits. Not by `#[sqlx(try_from)]`, which does not say what was wrong.
impl<DB: Database> Type<DB> for Roles
where
    i64: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        <i64 as Type<DB>>::type_info()
    }

    fn compatible(ty: &DB::TypeInfo) -> bool {
        <i64 as Type<DB>>::compatible(ty)
    }
}

impl<'r, DB: Database> Decode<'r, DB> for Roles
where
    i64: Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self::try_from(<i64 as Decode<'r, DB>>::decode(value)?)?)
    }
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        let sqlx::Error::ColumnDecode { index, source } = error else { return Self::Sqlx(error) };
        match source.downcast::<UnknownWord>() {
            Ok(unknown) => Self::inconsistent(index.trim_matches('"'), *unknown),
            Err(source) => Self::Sqlx(sqlx::Error::ColumnDecode { index, source }),
        }
    }
}

impl DbError {
    fn inconsistent(column: &str, UnknownWord { vocabulary, word }: UnknownWord) -> Self {
        Self::Inconsistent { column: column.to_owned(), vocabulary, value: word }
    }
}

/// The word of a column that was read as text.
///
/// # Errors
/// [`DbError::Inconsistent`] where nobody knows it.
pub fn word<T: TryFrom<String, Error = UnknownWord>>(column: &'static str, text: &str) -> DbResult<T> {
    T::try_from(text.to_owned()).map_err(|unknown| DbError::inconsistent(column, unknown))
}

/// The rows whose words are known. The others keep nobody from anything: they are left out, and logged together, in one line.
///
/// # Errors
/// The first that is not about a word.
pub fn known<T>(read: impl IntoIterator<Item = DbResult<T>>) -> DbResult<Vec<T>> {
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for row in read {
        match row {
            Ok(row) => known.push(row),
            Err(error @ DbError::Inconsistent { .. }) => unknown.push(error),
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

/// All rows that a query finds, but for those with words that nobody knows: see [`known`].
macro_rules! fetch_known {
    ($conn:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::server::db::on!($conn, c => {
            $crate::server::db::word::known_rows(sqlx::query($sql)$(.bind($bind))*.fetch_all(c).await)
        })
    };
}

pub(crate) use fetch_known;

#[cfg(test)]
mod tests {
    use sqlx::{Connection, SqliteConnection};

    use super::*;

    #[derive(Debug, PartialEq, sqlx::FromRow)]
    struct Ended {
        kind: SessionKind,
        end_reason: Option<EndReason>,
        roles: Roles,
    }

    /// What is read of rows with these values.
    async fn read(values: &'static str) -> (DbResult<Ended>, DbResult<Vec<Ended>>) {
        let sql = format!("WITH t (kind, end_reason, roles) AS (VALUES {values}) SELECT * FROM t");
        let sql = || sqlx::AssertSqlSafe(sql.clone());
        let mut conn = SqliteConnection::connect("sqlite::memory:").await.expect("a database");
        let one = sqlx::query_as(sql()).fetch_one(&mut conn).await.map_err(DbError::from);
        (one, known_rows(sqlx::query(sql()).fetch_all(&mut conn).await))
    }

    #[tokio::test]
    async fn a_row_with_a_word_that_nobody_knows_is_nobodys_and_a_list_goes_on_without_it() {
        for (values, said) in [
            ("('magic', NULL, 1), ('password', 'expired', 1)", "kind holds \"magic\", which is no SessionKind"),
            (
                "('password', 'because', 1), ('password', 'expired', 1)",
                "end_reason holds \"because\", which is no EndReason",
            ),
            ("('password', NULL, 33), ('password', 'expired', 1)", "roles holds \"33\", which is no Roles"),
        ] {
            let (one, all) = read(values).await;
            assert_eq!(one.expect_err("a word that nobody knows").to_string(), said);
            let roles = [Role::Owner].into_iter().collect();
            let good = Ended { kind: SessionKind::Password, end_reason: Some(EndReason::Expired), roles };
            assert_eq!(all.expect("the others"), [good]);
        }
    }

    #[tokio::test]
    async fn what_is_no_word_at_all_is_an_error_of_the_whole_list() {
        let (one, all) = read("('password', NULL, 'x')").await;
        assert!(matches!((one, all), (Err(DbError::Sqlx(_)), Err(DbError::Sqlx(_)))));
    }

    #[test]
    fn a_word_is_written_as_it_is_read() {
        assert!(word::<KeyState>("state", KeyState::Next.as_str()).is_ok_and(|state| state == KeyState::Next));
        assert!(word::<KeyState>("state", "gone").is_err());
    }
}
