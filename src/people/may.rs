//! The one place that decides who may do what.

use sqlx::PgPool;

use crate::model::handoff::HandoffState;
use crate::model::ids::{HandoffId, PersonId};
use crate::model::person::{Person, Role};
use crate::store::{self, StoreError};

/// What somebody wants to do with a handoff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// See it with its transcript.
    Read,
    /// Take it from the queue.
    Accept,
    /// Reply, change metadata, put away.
    Write,
    End,
}

/// What somebody wants to do with the desk itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upkeep {
    /// Know that something is wrong.
    KnowOfAlarms,
    /// See how everything runs.
    SeeHealth,
    /// Look at events that could not be applied, and decide about them. They hold what customers wrote.
    HandleEvents,
}

/// Whether somebody may do this with the desk itself.
pub fn may_keep_up(person: &Person, what: Upkeep) -> bool {
    match what {
        Upkeep::KnowOfAlarms => person.role >= Role::Supervisor,
        Upkeep::SeeHealth | Upkeep::HandleEvents => person.role >= Role::Administrator,
    }
}

/// What a decision about a handoff depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    pub state: HandoffState,
    pub owner: Option<PersonId>,
}

/// Whether somebody may do this.
///
/// Agents see what waits and what is theirs; supervisors and administrators see everything, and may end what is stuck. Only its owner
/// writes to a customer. Accepting is open to all: who is too late is told who was faster.
pub fn may(person: &Person, action: Action, facts: Facts) -> bool {
    let own = facts.owner == Some(person.id);
    let helps = person.role >= Role::Supervisor;
    match action {
        Action::Read => own || helps || (facts.owner.is_none() && facts.state == HandoffState::Waiting),
        Action::Accept => true,
        Action::Write => own,
        Action::End => own || helps,
    }
}

/// The same, for a handoff of the store. One that does not exist: no.
pub async fn on_handoff(pool: &PgPool, person: &Person, action: Action, handoff: HandoffId) -> Result<bool, StoreError> {
    match store::handoffs::facts(pool, handoff).await {
        Ok(facts) => Ok(may(person, action, facts)),
        Err(StoreError::NotFound) => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(role: Role) -> Person {
        Person { id: PersonId::new(), name: "Ana".to_owned(), email: "ana@example.com".to_owned(), role }
    }

    #[test]
    fn an_agent_sees_the_queue_and_their_own_only() {
        let ana = person(Role::Agent);
        let waiting = Facts { state: HandoffState::Waiting, owner: None };
        let others = Facts { state: HandoffState::Active, owner: Some(PersonId::new()) };
        let own = Facts { state: HandoffState::Ended, owner: Some(ana.id) };
        let abandoned = Facts { state: HandoffState::Ended, owner: None };
        assert!(may(&ana, Action::Read, waiting));
        assert!(!may(&ana, Action::Read, others));
        assert!(may(&ana, Action::Read, own));
        assert!(!may(&ana, Action::Read, abandoned));
        for action in [Action::Write, Action::End] {
            assert!(!may(&ana, action, waiting));
            assert!(!may(&ana, action, others));
            assert!(may(&ana, action, own));
        }
    }

    #[test]
    fn a_supervisor_sees_and_ends_but_does_not_write_for_others() {
        let sam = person(Role::Supervisor);
        let others = Facts { state: HandoffState::Active, owner: Some(PersonId::new()) };
        assert!(may(&sam, Action::Read, others));
        assert!(may(&sam, Action::End, others));
        assert!(!may(&sam, Action::Write, others));
    }

    #[test]
    fn the_desk_itself_is_kept_up_by_administrators() {
        for (role, alarms, rest) in [(Role::Agent, false, false), (Role::Supervisor, true, false), (Role::Administrator, true, true)] {
            let person = person(role);
            assert_eq!(may_keep_up(&person, Upkeep::KnowOfAlarms), alarms);
            assert_eq!(may_keep_up(&person, Upkeep::SeeHealth), rest);
            assert_eq!(may_keep_up(&person, Upkeep::HandleEvents), rest);
        }
    }
}
