//! What is wrong with the fields of a form: all of it at once, so that nobody mends one field only to hear of the next.
//!
//! Validators answer with a [`FieldError`]; whoever has several fields collects them with [`Checks`].

pub mod value;

use std::fmt::{self, Display};

use serde::{Deserialize, Serialize};

/// One field is wrong. `field` is its name in the form, or empty where it is about no field in particular; `message` is a
/// sentence for whoever filled it in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct FieldError {
    pub field: String,
    pub message: String,
}

impl FieldError {
    pub fn new(field: &str, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// What is wrong with a form: at least one field. It travels as a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(try_from = "Vec<FieldError>", into = "Vec<FieldError>")]
pub struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// The errors, in the order of the form.
    pub fn iter(&self) -> impl Iterator<Item = &FieldError> {
        self.0.iter()
    }

    /// The first of them: where the focus goes.
    pub fn first(&self) -> &FieldError {
        &self.0[0]
    }

    /// What is wrong with one field.
    pub fn about(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|error| error.field == field).map(|error| error.message.as_str())
    }

    /// Without those of one field; nothing where there were no others.
    pub fn without(self, field: &str) -> Option<Self> {
        Self::try_from(self.0.into_iter().filter(|error| error.field != field).collect::<Vec<_>>()).ok()
    }

    /// Each error changed; equal ones become one.
    #[must_use]
    pub fn map(self, change: impl Fn(FieldError) -> FieldError) -> Self {
        let mut changed: Vec<FieldError> = Vec::with_capacity(self.0.len());
        for error in self.0.into_iter().map(change) {
            if !changed.contains(&error) {
                changed.push(error);
            }
        }
        Self(changed)
    }
}

/// The sentences, one after the other.
impl Display for FieldErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str(" ")?;
            }
            formatter.write_str(&error.message)?;
        }
        Ok(())
    }
}

impl From<FieldError> for FieldErrors {
    fn from(error: FieldError) -> Self {
        Self(vec![error])
    }
}

impl TryFrom<Vec<FieldError>> for FieldErrors {
    type Error = &'static str;

    fn try_from(errors: Vec<FieldError>) -> Result<Self, Self::Error> {
        if errors.is_empty() { Err("no field is wrong") } else { Ok(Self(errors)) }
    }
}

impl From<FieldErrors> for Vec<FieldError> {
    fn from(errors: FieldErrors) -> Self {
        errors.0
    }
}

/// Collects what is wrong with a form, field by field.
///
/// ```
/// use understudy::model::impersonation::{validate_reason, validate_ticket};
/// use understudy::model::validate::Checks;
///
/// let mut checks = Checks::default();
/// let reason = checks.check(validate_reason(" "));
/// let ticket = checks.check(validate_ticket("SUP-1"));
/// assert_eq!((reason, ticket), (String::new(), Some("SUP-1".to_owned())));
/// assert_eq!(checks.passed().unwrap_err().first().field, "reason");
/// ```
#[derive(Debug, Default)]
pub struct Checks(Vec<FieldError>);

impl Checks {
    /// What a validator lets through, or the type's default where it does not: [`Self::passed`] then refuses the whole form.
    pub fn check<T: Default>(&mut self, result: Result<T, FieldError>) -> T {
        result.unwrap_or_else(|error| {
            self.0.push(error);
            T::default()
        })
    }

    /// # Errors
    /// All that was wrong.
    pub fn passed(self) -> Result<(), FieldErrors> {
        FieldErrors::try_from(self.0).map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_wrong_is_said_at_once_in_the_order_of_the_form() {
        let mut checks = Checks::default();
        let name: String = checks.check(Err(FieldError::new("name", "Give it a name.")));
        let port: u16 = checks.check(Err(FieldError::new("port", "No port: it is a word.")));
        let kept = checks.check(Ok::<_, FieldError>(7));
        assert_eq!((name.as_str(), port, kept), ("", 0, 7));
        let errors = checks.passed().expect_err("two are wrong");
        assert_eq!(errors.first().field, "name");
        assert_eq!(errors.about("port"), Some("No port: it is a word."));
        assert_eq!(errors.about("kept"), None);
        assert_eq!(errors.to_string(), "Give it a name. No port: it is a word.");
        assert_eq!(errors.clone().without("name").expect("one is left").first().field, "port");
        assert_eq!(errors.without("name").and_then(|errors| errors.without("port")), None);
        assert_eq!(Checks::default().passed(), Ok(()));
    }

    #[test]
    fn they_travel_as_a_list_that_is_never_empty() {
        let errors = FieldErrors::from(FieldError::new("name", "Give it a name."));
        let text = leptos::serde_json::to_string(&errors).expect("JSON");
        assert_eq!(text, r#"[{"field":"name","message":"Give it a name."}]"#);
        assert_eq!(leptos::serde_json::from_str::<FieldErrors>(&text).expect("read"), errors);
        assert!(leptos::serde_json::from_str::<FieldErrors>("[]").is_err());
    }
}
