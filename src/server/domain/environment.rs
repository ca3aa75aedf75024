//! An environment: an isolated set of data and settings.

use uuid::Uuid;

use crate::model::environment::Colour;

#[derive(Clone, Debug)]
pub struct Environment {
    pub id: Uuid,
    /// Its word in addresses.
    pub slug: String,
    pub name: String,
    /// Its own host name, with a port where it is not the scheme's own; `None` where it is below the public address.
    pub host: Option<String>,
    /// The colour that was chosen for it. One that nobody knows, as a newer server may have written, is none.
    pub colour: Option<Colour>,
}
