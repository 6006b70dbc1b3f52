//! Laws of work that several want: done once, for all who stay, by whoever is left.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use futures_util::future::{join_all, poll_immediate};
use tokio::sync::Notify;

use super::{First, Other, Together, Turn};

type Words = Together<&'static str, usize>;

/// Work that ends when it is told, counting that it was begun and that it ended early.
struct Bench {
    begun: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
    go: Arc<Notify>,
}

struct CountsDrop(Arc<AtomicUsize>);

impl Drop for CountsDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Bench {
    fn new() -> Self {
        Self { begun: Arc::default(), dropped: Arc::default(), go: Arc::default() }
    }

    fn work(&self) -> futures_util::future::BoxFuture<'static, usize> {
        let (begun, go) = (Arc::clone(&self.begun), Arc::clone(&self.go));
        let dropped = CountsDrop(Arc::clone(&self.dropped));
        async move {
            let _dropped = dropped;
            go.notified().await;
            begun.fetch_add(1, Ordering::SeqCst) + 1
        }
        .boxed()
    }
}

fn first(words: &Words, key: &'static str) -> First<&'static str, usize> {
    match words.turn(key) {
        Turn::First(first) => first,
        Turn::Other(_) => panic!("somebody else is at it"),
    }
}

fn other(words: &Words, key: &'static str) -> Other<&'static str, usize> {
    match words.turn(key) {
        Turn::First(_) => panic!("nobody is at it"),
        Turn::Other(other) => other,
    }
}

#[tokio::test]
async fn it_is_done_once_for_all_and_then_anew() {
    let (words, bench) = (Words::default(), Bench::new());
    let work = first(&words, "a").work(bench.work(), |_| true);
    let others: Vec<_> = (0..5).map(|_| other(&words, "a")).collect();
    let alone = first(&words, "b");
    bench.go.notify_one();
    assert_eq!(work.await, 1);
    assert_eq!(join_all(others).await, [Some(1); 5]);
    drop(alone);
    first(&words, "b");
    let work = first(&words, "a").work(bench.work(), |_| true);
    bench.go.notify_one();
    assert_eq!(work.await, 2);
}

#[tokio::test]
async fn what_is_not_for_all_comes_to_the_first_alone() {
    let (words, bench) = (Words::default(), Bench::new());
    let work = first(&words, "a").work(bench.work(), |_| false);
    let other = other(&words, "a");
    bench.go.notify_one();
    assert_eq!((work.await, other.await), (1, None));
}

#[tokio::test]
async fn when_the_first_goes_the_work_goes_on_for_the_others() {
    let (words, bench) = (Words::default(), Bench::new());
    let mut work = Box::pin(first(&words, "a").work(bench.work(), |_| true));
    let others = [other(&words, "a"), other(&words, "a")];
    assert!(poll_immediate(&mut work).await.is_none());
    drop(work);
    let late = other(&words, "a");
    bench.go.notify_one();
    let [one, two] = others;
    drop(two);
    assert_eq!((one.await, late.await), (Some(1), Some(1)));
    assert_eq!(bench.begun.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn when_the_last_goes_the_work_is_dropped() {
    let (words, bench) = (Words::default(), Bench::new());
    let dropped = || bench.dropped.load(Ordering::SeqCst);
    drop(first(&words, "a").work(bench.work(), |_| true));
    assert_eq!(dropped(), 1);
    let work = first(&words, "a").work(bench.work(), |_| true);
    let others = [other(&words, "a"), other(&words, "a")];
    drop(work);
    let [one, two] = others;
    drop(one);
    tokio::task::yield_now().await;
    assert_eq!(dropped(), 1);
    drop(two);
    while dropped() == 1 {
        tokio::task::yield_now().await;
    }
    // Its key is free again.
    first(&words, "a");
}

#[tokio::test]
async fn work_that_panics_leaves_nobody_waiting() {
    let words = Words::default();
    let work = first(&words, "a").work(async { panic!("as it must") }.boxed(), |_| true);
    let other = other(&words, "a");
    let panicked = std::panic::AssertUnwindSafe(work).catch_unwind().await;
    assert!(panicked.is_err());
    assert_eq!(other.await, None);
    first(&words, "a");
}
