//! Reads of single rows that many ask for at once: asked for together, in one statement.
//!
//! Whoever comes first asks for itself; those who come meanwhile wait, and the next to ask takes all
//! of their questions along. So nobody waits for company, and under load a statement is shared by as
//! many as came while the last one ran. Nothing is remembered: each answer is of a statement that
//! began after the question was put.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::error::Error;

/// Questions that share a statement at most.
const TOGETHER: usize = 64;

/// Questions of one kind: keys, and what stands under them.
pub(super) struct Gather<K, V> {
    /// Statements that may run at once.
    at_once: usize,
    desk: Arc<Desk<K, V>>,
}

// Held to add, take or count questions; never while a statement runs.
struct Desk<K, V>(Mutex<State<K, V>>);

struct State<K, V> {
    /// How many batons there are.
    turns: usize,
    waiting: VecDeque<Question<K, V>>,
}

struct Question<K, V> {
    key: K,
    tell: oneshot::Sender<Told<K, V>>,
}

/// What one who waits is told.
enum Told<K, V> {
    Answer(Result<Option<V>, Error>),
    /// To ask for itself and for the others.
    YourTurn(Baton<K, V>),
}

enum Turn<K, V> {
    Ask(Baton<K, V>),
    Wait(oneshot::Receiver<Told<K, V>>),
}

/// The right to ask. Whoever lets go of it, in whatever way, hands it to one who waits.
struct Baton<K, V>(Arc<Desk<K, V>>);

impl<K, V> fmt::Debug for Gather<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gather").field("at_once", &self.at_once).finish_non_exhaustive()
    }
}

impl<K, V> Drop for Baton<K, V> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        let next = loop {
            match state.waiting.pop_front() {
                // One who has gone away does not take a turn.
                Some(question) if question.tell.is_closed() => {}
                Some(question) => break question,
                None => {
                    state.turns -= 1;
                    return;
                }
            }
        };
        drop(state);
        // Whoever goes away just now drops this baton too.
        let _ = next.tell.send(Told::YourTurn(Baton(Arc::clone(&self.0))));
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Gather<K, V> {
    pub(super) fn new(at_once: usize) -> Self {
        let state = State { turns: 0, waiting: VecDeque::new() };
        Self { at_once: at_once.max(1), desk: Arc::new(Desk(Mutex::new(state))) }
    }

    /// What stands under `key`; `ask` finds what stands under several, which are all different.
    pub(super) async fn get<F>(&self, key: K, ask: impl Fn(Vec<K>) -> F) -> Result<Option<V>, Error>
    where
        F: Future<Output = Result<Vec<(K, V)>, Error>>,
    {
        // 1. Wait for a turn, or for the answer.
        let baton = loop {
            match self.turn(&key) {
                Turn::Ask(baton) => break baton,
                Turn::Wait(told) => match told.await {
                    Ok(Told::Answer(answer)) => return answer,
                    Ok(Told::YourTurn(baton)) => break baton,
                    // Whoever asked for this one went away before it had the answer, or could not read another.
                    Err(_) => {}
                },
            }
        };

        // 2. Ask for all who wait.
        let mut others = self.take_along();
        let mut seen = HashSet::with_capacity(others.len() + 1);
        let all = others.iter().map(|question| &question.key).chain([&key]);
        let keys: Vec<K> = all.filter(|key| seen.insert(*key)).cloned().collect();
        let mut found = ask(keys).await;
        if matches!(found, Err(Error::Corrupt { .. })) && !others.is_empty() {
            // A row that cannot be read is the trouble of whoever asked for it: each asks for itself.
            others.clear();
            found = ask(vec![key.clone()]).await;
        }
        drop(baton);

        // 3. Tell them.
        let mut found: HashMap<K, V> = match found {
            Ok(found) => found.into_iter().collect(),
            Err(error) => {
                for question in others {
                    let _ = question.tell.send(Told::Answer(Err(error.clone())));
                }
                return Err(error);
            }
        };
        for Question { key, tell } in others {
            let _ = tell.send(Told::Answer(Ok(found.get(&key).cloned())));
        }
        Ok(found.remove(&key))
    }

    fn turn(&self, key: &K) -> Turn<K, V> {
        let mut state = self.desk.lock();
        if state.turns < self.at_once {
            state.turns += 1;
            return Turn::Ask(Baton(Arc::clone(&self.desk)));
        }
        let (tell, told) = oneshot::channel();
        state.waiting.push_back(Question { key: key.clone(), tell });
        Turn::Wait(told)
    }

    fn take_along(&self) -> Vec<Question<K, V>> {
        let mut state = self.desk.lock();
        let count = state.waiting.len().min(TOGETHER - 1);
        state.waiting.drain(..count).collect()
    }
}

impl<K, V> Desk<K, V> {
    fn lock(&self) -> MutexGuard<'_, State<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    const UNREADABLE: u32 = 7;

    /// Answers with ten times the key, except for odd keys; counts its statements and holds each until
    /// a permit is there.
    struct Table {
        open: Semaphore,
        statements: AtomicUsize,
        gather: Gather<u32, u32>,
    }

    impl Table {
        fn new() -> Arc<Self> {
            Arc::new(Self {
                open: Semaphore::new(0),
                statements: AtomicUsize::new(0),
                gather: Gather::new(1),
            })
        }

        async fn get(&self, key: u32) -> Result<Option<u32>, Error> {
            let ask = async |keys: Vec<u32>| {
                self.statements.fetch_add(1, Ordering::Relaxed);
                self.open.acquire().await.unwrap().forget();
                if keys.contains(&UNREADABLE) {
                    return Err(Error::corrupt("number", &7));
                }
                Ok(keys.into_iter().filter(|key| key % 2 == 0).map(|key| (key, key * 10)).collect())
            };
            self.gather.get(key, ask).await
        }
    }

    #[tokio::test]
    async fn those_who_come_meanwhile_share_the_next_statement() {
        let table = Table::new();
        let asked: Vec<_> = [2, 3, 4, 4, 5, 6]
            .map(|key| {
                let table = table.clone();
                tokio::spawn(async move { (key, table.get(key).await.unwrap()) })
            })
            .into();
        tokio::task::yield_now().await;
        table.open.add_permits(2);
        for task in asked {
            let (key, found) = task.await.unwrap();
            assert_eq!(found, (key % 2 == 0).then_some(key * 10));
        }
        assert_eq!(table.statements.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_row_that_cannot_be_read_fails_for_those_alone_who_ask_for_it() {
        let table = Table::new();
        let asked: Vec<_> = [2, 4, UNREADABLE, 6, UNREADABLE, 8]
            .map(|key| {
                let table = table.clone();
                tokio::spawn(async move { (key, table.get(key).await) })
            })
            .into();
        tokio::task::yield_now().await;
        table.open.add_permits(100);
        for task in asked {
            match task.await.unwrap() {
                (UNREADABLE, found) => assert!(matches!(found, Err(Error::Corrupt { .. }))),
                (key, found) => assert_eq!(found.unwrap(), Some(key * 10)),
            }
        }
    }

    #[tokio::test]
    async fn one_who_goes_away_while_it_asks_leaves_nobody_behind() {
        let table = Table::new();
        let spawn = |key| {
            let table = table.clone();
            tokio::spawn(async move { table.get(key).await })
        };
        let (first, second, third) = (spawn(2), spawn(4), spawn(6));
        tokio::task::yield_now().await;
        // The first one asks for itself, and is gone before its answer; so is the one to ask next.
        first.abort();
        tokio::task::yield_now().await;
        second.abort();
        table.open.add_permits(1);
        assert_eq!(third.await.unwrap().unwrap(), Some(60));
    }
}
