//! Does once what several want at the same moment.
//!
//! **In:** a key, and the work that it names. **Out:** the [`Turn`] of whoever came first, who works; and of
//! the others, who wait for what comes of it.
//!
//! **Never here:** what may be shared (whoever builds the key decides), keeping results: a moment ends
//! when the work does.
//!
//! **Holds:** keys are found by a keyed hash and compared in full. Work goes on while anybody wants it:
//! when the first goes away, the others do not notice; when the last goes, it is dropped. Work that ends
//! without a result, by a panic say, leaves nobody waiting.
//!
//! **Read first:** [`Together::turn`], [`First::work`].

use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use foldhash::quality::RandomState;
use futures_util::future::BoxFuture;
use hashbrown::HashTable;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

/// What is under way, by what it is.
pub struct Together<K, V> {
    keys: RandomState,
    table: Arc<Table<K, V>>,
}

/// Whose turn it is to work.
pub enum Turn<K, V> {
    /// Nobody does it yet.
    First(First<K, V>),
    /// Somebody does it.
    Other(Other<K, V>),
}

/// Whoever came first; others may follow from now on.
pub struct First<K, V>(Place<K, V>);

/// Waits for what comes of another's work: nothing if it is not to be shared.
pub struct Other<K, V> {
    table: Arc<Table<K, V>>,
    hash: u64,
    number: u64,
    result: oneshot::Receiver<V>,
}

/// The work of whoever came first. Dropped early, it goes on for the others.
struct Work<K: Send + 'static, V: Clone + Send + 'static> {
    place: Option<Place<K, V>>,
    work: Option<BoxFuture<'static, V>>,
    is_for_all: fn(&V) -> bool,
}

/// An entry of the table, taken away when this is dropped.
struct Place<K, V> {
    table: Arc<Table<K, V>>,
    hash: u64,
    number: u64,
}

struct Table<K, V>(Mutex<Entries<K, V>>);

struct Entries<K, V> {
    next: u64,
    by_key: HashTable<Entry<K, V>>,
}

struct Entry<K, V> {
    key: K,
    hash: u64,
    /// A key can come back while an older holder of it is about to end.
    number: u64,
    others: Vec<oneshot::Sender<V>>,
    /// Set when the first has gone and the work goes on.
    task: Option<AbortHandle>,
}

impl<K: Hash + Eq, V> Together<K, V> {
    /// Whose turn it is to do what `key` names.
    pub fn turn(&self, key: K) -> Turn<K, V> {
        let hash = self.keys.hash_one(&key);
        let mut entries = self.table.lock();
        if let Some(entry) = entries.by_key.find_mut(hash, |entry| entry.key == key) {
            let (sender, result) = oneshot::channel();
            entry.others.push(sender);
            let table = Arc::clone(&self.table);
            return Turn::Other(Other { table, hash, number: entry.number, result });
        }
        entries.next += 1;
        let number = entries.next;
        let entry = Entry { key, hash, number, others: Vec::new(), task: None };
        entries.by_key.insert_unique(hash, entry, |entry| entry.hash);
        let table = Arc::clone(&self.table);
        Turn::First(First(Place { table, hash, number }))
    }
}

impl<K, V> Default for Together<K, V> {
    fn default() -> Self {
        let entries = Entries { next: 0, by_key: HashTable::new() };
        Self { keys: RandomState::default(), table: Arc::new(Table(Mutex::new(entries))) }
    }
}

impl<K: Send + 'static, V: Clone + Send + 'static> First<K, V> {
    /// Works, and gives the others what comes of it if it `is_for_all`.
    pub fn work(
        self,
        work: BoxFuture<'static, V>,
        is_for_all: fn(&V) -> bool,
    ) -> impl Future<Output = V> + Send {
        Work { place: Some(self.0), work: Some(work), is_for_all }
    }
}

impl<K: Send + 'static, V: Clone + Send + 'static> Future for Work<K, V> {
    type Output = V;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<V> {
        let work = self.work.as_mut().expect("work is not polled after its end");
        let Poll::Ready(value) = work.as_mut().poll(context) else { return Poll::Pending };
        self.work = None;
        if let Some(place) = self.place.take() {
            place.end(&value, self.is_for_all);
        }
        Poll::Ready(value)
    }
}

impl<K: Send + 'static, V: Clone + Send + 'static> Drop for Work<K, V> {
    fn drop(&mut self) {
        // Work that has panicked must not be asked again: the others are let go.
        if std::thread::panicking() {
            return;
        }
        if let (Some(place), Some(work)) = (self.place.take(), self.work.take()) {
            place.hand_over(work, self.is_for_all);
        }
    }
}

impl<K: Send + 'static, V: Clone + Send + 'static> Place<K, V> {
    fn end(self, value: &V, is_for_all: fn(&V) -> bool) {
        let others = self.take_away();
        if is_for_all(value) {
            for other in others {
                // One that has gone meanwhile misses nothing.
                let _ = other.send(value.clone());
            }
        }
    }

    /// Goes on in a task of its own, if anybody waits.
    fn hand_over(self, work: BoxFuture<'static, V>, is_for_all: fn(&V) -> bool) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let table = Arc::clone(&self.table);
        let (hash, number) = (self.hash, self.number);
        let mut entries = table.lock();
        let Some(entry) = entries.by_key.find_mut(hash, |entry| entry.number == number) else {
            return;
        };
        entry.others.retain(|other| !other.is_closed());
        if entry.others.is_empty() {
            // Its place asks for the table again when it is dropped.
            drop(entries);
            return;
        }
        let task = runtime.spawn(async move {
            let place = self;
            let value = work.await;
            place.end(&value, is_for_all);
        });
        entry.task = Some(task.abort_handle());
    }
}

impl<K, V> Place<K, V> {
    fn take_away(&self) -> Vec<oneshot::Sender<V>> {
        let mut entries = self.table.lock();
        let found = entries.by_key.find_entry(self.hash, |entry| entry.number == self.number);
        found.map(|entry| entry.remove().0.others).unwrap_or_default()
    }
}

impl<K, V> Drop for Place<K, V> {
    fn drop(&mut self) {
        // Whoever still waits hears that nothing comes.
        self.take_away();
    }
}

impl<K, V> Table<K, V> {
    fn lock(&self) -> MutexGuard<'_, Entries<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V> Future for Other<K, V> {
    type Output = Option<V>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<V>> {
        Pin::new(&mut self.result).poll(context).map(Result::ok)
    }
}

impl<K, V> Drop for Other<K, V> {
    fn drop(&mut self) {
        self.result.close();
        let entries = self.table.lock();
        let number = self.number;
        let entry = entries.by_key.find(self.hash, |entry| entry.number == number);
        let task = entry.and_then(|entry| {
            let nobody_waits = entry.others.iter().all(oneshot::Sender::is_closed);
            entry.task.clone().filter(|_| nobody_waits)
        });
        // What the task holds asks for the table when it is dropped.
        drop(entries);
        if let Some(task) = task {
            task.abort();
        }
    }
}

impl<K, V> fmt::Debug for Together<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Together({} under way)", self.table.lock().by_key.len())
    }
}

#[cfg(test)]
mod tests;
