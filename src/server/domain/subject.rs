//! About whom and where a token speaks.

use uuid::Uuid;

use super::session::Session;

/// About whom and where a token speaks: a session's user in the account in which it works.
#[derive(Debug)]
pub struct Subject {
    pub session: Session,
    pub account_id: Uuid,
    /// External id of the account.
    pub tenant_id: String,
    pub account_name: String,
    /// External ids of all accounts in which the user is enabled.
    pub tenant_ids: Vec<String>,
    /// External ids of those among them that have the application.
    pub usable_tenant_ids: Vec<String>,
    /// Keys of the user's roles in the account.
    pub roles: Vec<String>,
    pub permissions: Vec<String>,
}

impl Subject {
    /// Whether a token about this account is still good: one about none needs any in which the user may work.
    pub fn may_work_in(&self, tenant_id: Option<&str>) -> bool {
        tenant_id.is_none_or(|tenant_id| self.usable_tenant_ids.iter().any(|known| known == tenant_id))
    }
}
