//! Who does something. Every use case is called by one, and every event names one.

use uuid::Uuid;

use super::session::Session;
use crate::model::audit::ActorKind;

/// Whoever does something.
#[derive(Clone, Debug)]
pub enum Actor {
    /// Somebody who is signed in to the portal.
    Operator(Operator),
    /// An end user.
    User(NamedActor),
    /// An application by itself: a client of OAuth, of which no user is known.
    Client(NamedActor),
    /// A program that works for operators, under an identity of its own.
    Agent(NamedActor),
    /// Understudy itself: its timers, and whoever administers the server at the command line.
    System,
}

/// A signed-in operator.
#[derive(Clone, Debug)]
pub struct Operator {
    pub id: Uuid,
    pub email: String,
    pub name: String,
    /// The portal session.
    pub session_id: Uuid,
}

/// Somebody or something of which an event says no more than its name.
#[derive(Clone, Debug)]
pub struct NamedActor {
    pub id: Uuid,
    pub name: String,
}

impl Actor {
    pub fn user(id: Uuid, name: &str) -> Self {
        Self::User(NamedActor { id, name: name.to_owned() })
    }

    pub fn client(id: Uuid, name: &str) -> Self {
        Self::Client(NamedActor { id, name: name.to_owned() })
    }

    /// The user of a session, whoever acts in it.
    pub fn user_of(session: &Session) -> Self {
        Self::user(session.user_id, &session.user_name)
    }

    /// The application in which a session runs.
    pub fn client_of(session: &Session) -> Self {
        match (session.application_id, &session.application_name) {
            (Some(id), Some(name)) => Self::client(id, name),
            _ => Self::System,
        }
    }

    /// Who really acts in a session: the operator of an impersonation, else its user.
    pub fn acting_in(session: &Session) -> Self {
        let operator = || {
            Some(Operator {
                id: session.operator_id?,
                email: session.operator_email.clone()?,
                name: session.operator_name.clone()?,
                session_id: Uuid::nil(),
            })
        };
        operator().map_or_else(|| Self::user_of(session), Self::Operator)
    }

    pub fn kind(&self) -> ActorKind {
        match self {
            Self::Operator(_) => ActorKind::Operator,
            Self::User(_) => ActorKind::User,
            Self::Client(_) => ActorKind::Client,
            Self::Agent(_) => ActorKind::Agent,
            Self::System => ActorKind::System,
        }
    }

    /// Nobody in particular is behind the system.
    pub fn id(&self) -> Option<Uuid> {
        match self {
            Self::Operator(operator) => Some(operator.id),
            Self::User(named) | Self::Client(named) | Self::Agent(named) => Some(named.id),
            Self::System => None,
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Operator(operator) => &operator.name,
            Self::User(named) | Self::Client(named) | Self::Agent(named) => &named.name,
            Self::System => "Understudy",
        }
    }

    pub fn operator(&self) -> Option<&Operator> {
        match self {
            Self::Operator(operator) => Some(operator),
            Self::User(_) | Self::Client(_) | Self::Agent(_) | Self::System => None,
        }
    }

    /// Understudy itself, or whoever administers the server.
    pub fn is_system(&self) -> bool {
        match self {
            Self::System => true,
            Self::Operator(_) | Self::User(_) | Self::Client(_) | Self::Agent(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_has_a_word_and_a_name_of_its_own_and_the_rights_of_nobody_else() {
        let id = Uuid::from_u128(7);
        let agent = Actor::Agent(NamedActor { id, name: "Night shift".to_owned() });
        assert_eq!(agent.kind().as_str(), "agent");
        assert_eq!((agent.id(), agent.name()), (Some(id), "Night shift"));
        assert!(agent.operator().is_none());
        assert!(!agent.is_system());
    }
}
