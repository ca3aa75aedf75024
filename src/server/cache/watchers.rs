//! Who watches what runs: one channel an environment, however many there are at its end.

use std::collections::HashMap;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::watch;
use uuid::Uuid;

/// The impersonations that run: how many, and a mark that changes whenever one begins or ends. Only equality of marks
/// means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunningImpersonations {
    pub count: i64,
    pub mark: u64,
}

impl RunningImpersonations {
    /// The mark as browsers get it.
    pub fn word(self) -> String {
        format!("{:x}", self.mark)
    }
}

/// Who watches what, by environment.
#[derive(Default)]
pub struct Watchers(Mutex<State>);

#[derive(Default)]
struct State {
    watched: HashMap<Uuid, watch::Sender<RunningImpersonations>>,
    is_closed: bool,
}

impl Watchers {
    /// Ends every watch, and each that is begun later: the server stops, and waits for who is connected.
    pub fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        state.watched.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }

    /// Joins those who watch already.
    pub fn join(&self, environment_id: Uuid) -> Option<watch::Receiver<RunningImpersonations>> {
        self.lock().watched.get(&environment_id).map(watch::Sender::subscribe)
    }

    /// Begins a watch, unless somebody else just did. Gives whether this call did it.
    pub fn begin(
        &self,
        environment_id: Uuid,
        running: RunningImpersonations,
    ) -> (watch::Receiver<RunningImpersonations>, bool) {
        let mut state = self.lock();
        if state.is_closed {
            return (watch::channel(running).1, false);
        }
        if let Some(sender) = state.watched.get(&environment_id) {
            return (sender.subscribe(), false);
        }
        let (sender, receiver) = watch::channel(running);
        state.watched.insert(environment_id, sender);
        (receiver, true)
    }

    /// Whether anybody watches still. If not, nobody looks any more either.
    pub fn is_watched(&self, environment_id: Uuid) -> bool {
        let mut state = self.lock();
        let is_watched = state.watched.get(&environment_id).is_some_and(|sender| sender.receiver_count() > 0);
        if !is_watched {
            state.watched.remove(&environment_id);
        }
        is_watched
    }

    /// Tells those who watch, if it is another state than the one that they know.
    pub fn tell(&self, environment_id: Uuid, running: RunningImpersonations) {
        if let Some(sender) = self.lock().watched.get(&environment_id) {
            sender.send_if_modified(|known| std::mem::replace(known, running) != running);
        }
    }
}
