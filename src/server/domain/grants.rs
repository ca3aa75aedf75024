//! Which roles somebody holds and where, and what that lets them do about operators and environments themselves.

use uuid::Uuid;

use crate::model::operator::{Role, Roles};

/// Where roles hold: in one environment, or in all of them.
pub type Place = Option<Uuid>;

/// The roles of one operator, as they were granted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// Granted for all environments.
    pub everywhere: Roles,
    /// Granted for single ones.
    pub within: Vec<(Uuid, Roles)>,
}

impl Grants {
    /// The roles that are in force at a place: those for all environments are in force in each.
    pub fn at(&self, place: Place) -> Roles {
        let own = self.granted(place);
        self.everywhere.iter().chain(own.iter()).collect()
    }

    /// What was granted for exactly this place.
    pub fn granted(&self, place: Place) -> Roles {
        match place {
            None => self.everywhere,
            Some(id) => self.within.iter().find(|(known, _)| *known == id).map(|(_, roles)| *roles).unwrap_or_default(),
        }
    }

    /// Granting and taking roles there: for Owners of the place, and nobody else grants anything.
    pub fn may_grant(&self, place: Place) -> bool {
        self.at(place).has(Role::Owner)
    }

    /// Suspending, removing and signing out operators, giving them links, and environments themselves: for Owners of everything.
    pub fn may_manage(&self) -> bool {
        self.may_grant(None)
    }

    /// Seeing the operators of an environment.
    pub fn may_see(&self, environment_id: Uuid) -> bool {
        self.at(Some(environment_id)).can_administer()
    }

    /// The places that are owned by a grant for exactly them.
    pub fn owned(&self) -> Vec<Place> {
        let within = self.within.iter().filter(|(_, roles)| roles.has(Role::Owner)).map(|(id, _)| Some(*id));
        self.everywhere.has(Role::Owner).then_some(None).into_iter().chain(within).collect()
    }
}

impl FromIterator<(Place, Role)> for Grants {
    fn from_iter<I: IntoIterator<Item = (Place, Role)>>(rows: I) -> Self {
        let mut grants = Self::default();
        for (place, role) in rows {
            let Some(id) = place else {
                grants.everywhere = grants.everywhere.iter().chain([role]).collect();
                continue;
            };
            match grants.within.iter_mut().find(|(known, _)| *known == id) {
                Some((_, roles)) => *roles = roles.iter().chain([role]).collect(),
                None => grants.within.push((id, [role].into_iter().collect())),
            }
        }
        grants
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HERE: Uuid = Uuid::from_u128(1);
    const THERE: Uuid = Uuid::from_u128(2);

    fn grants(everywhere: i64, here: i64) -> Grants {
        let within = vec![(HERE, Roles::from_bits(here))];
        Grants { everywhere: Roles::from_bits(everywhere), within }
    }

    proptest! {
        #[test]
        fn nobody_grants_where_they_are_no_owner(everywhere in 0_i64..32, here in 0_i64..32) {
            let grants = grants(everywhere, here);
            prop_assert_eq!(grants.may_grant(None), everywhere & 1 != 0);
            prop_assert_eq!(grants.may_grant(Some(HERE)), (everywhere | here) & 1 != 0);
            prop_assert_eq!(grants.may_grant(Some(THERE)), everywhere & 1 != 0);
            prop_assert_eq!(grants.may_manage(), everywhere & 1 != 0);
            prop_assert_eq!(grants.may_see(HERE), (everywhere | here) & 3 != 0);
            prop_assert_eq!(grants.may_see(THERE), everywhere & 3 != 0);
        }
    }

    #[test]
    fn rows_become_what_they_say() {
        let rows = [(None, Role::Admin), (Some(HERE), Role::Owner), (Some(HERE), Role::Impersonator)];
        let read: Grants = rows.into_iter().collect();
        assert_eq!(read, grants(2, 5));
        assert_eq!(read.owned(), [Some(HERE)]);
        assert_eq!(read.at(Some(HERE)).labels(), "Owner · Admin · Impersonator");
        assert_eq!(read.granted(Some(THERE)), Roles::default());
    }
}
