//! Work on the items of a source, on several threads, with the results in the source's order.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// The results of work on the items of a source, in the source's order whatever the number of threads.
///
/// With one thread the caller's own thread works, item by item as results are asked for. With more, that many threads
/// are started, which take items and work ahead: at most two more items than there are threads are taken and not yet
/// given out. Dropping it stops and joins them. A panic of the work comes out of [`next`](Iterator::next).
pub struct Ordered<T>(Inner<T>);

enum Inner<T> {
    Here(Box<dyn FnMut() -> Option<T> + Send>),
    Threads(Threads<T>),
}

struct Threads<T> {
    shared: Arc<Shared<T>>,
    threads: Vec<JoinHandle<()>>,
    detached: bool,
}

struct Shared<T> {
    state: Mutex<State<T>>,
    /// The first result is there, or none will ever be.
    ready: Condvar,
    /// There is room for another item, or nobody wants one.
    room: Condvar,
}

struct State<T> {
    /// Results from number `first` on; `None` is being worked on.
    results: VecDeque<Option<T>>,
    first: u64,
    bound: usize,
    /// The source has ended.
    ended: bool,
    /// Nobody wants results any more.
    dropped: bool,
    /// The work panicked.
    fallen: bool,
}

impl<T: Send + 'static> Ordered<T> {
    /// Starts the work. `worker` is called once on each thread and gives what does the work there, with its buffers. If the
    /// system does not give so many threads, fewer do the work, if need be the caller's own alone.
    pub fn new<S, W>(threads: NonZeroUsize, source: S, worker: impl Fn() -> W + Send + Sync + 'static) -> Self
    where
        S: Iterator + Send + 'static,
        S::Item: Send,
        W: FnMut(S::Item) -> T + Send + 'static,
    {
        if threads.get() == 1 {
            let (mut source, mut work) = (source, worker());
            return Self(Inner::Here(Box::new(move || source.next().map(&mut work))));
        }
        let state = State {
            results: VecDeque::new(),
            first: 0,
            bound: threads.get() + 2,
            ended: false,
            dropped: false,
            fallen: false,
        };
        let shared = Shared { state: Mutex::new(state), ready: Condvar::new(), room: Condvar::new() };
        let shared = Arc::new(shared);
        let source = Arc::new(Mutex::new(source));
        let worker = Arc::new(worker);
        let mut started = Threads { shared, threads: Vec::new(), detached: false };
        for _ in 0..threads.get() {
            let shared = Arc::clone(&started.shared);
            let (source, worker) = (Arc::clone(&source), Arc::clone(&worker));
            let thread = thread::Builder::new().spawn(move || run(&shared, &source, &*worker));
            // The system may refuse: then those that it gave do all the work.
            let Ok(thread) = thread else { break };
            started.threads.push(thread);
        }
        if started.threads.is_empty() {
            let mut work = worker();
            let next = move || lock(&source).next().map(&mut work);
            return Self(Inner::Here(Box::new(next)));
        }
        Self(Inner::Threads(started))
    }

    /// Dropping it does not wait for its threads: for sources that may block for ever, such as a pipe. The threads end
    /// when the source gives something.
    #[must_use]
    pub fn detached(mut self) -> Self {
        if let Inner::Threads(threads) = &mut self.0 {
            threads.detached = true;
        }
        self
    }
}

impl<T> Iterator for Ordered<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        match &mut self.0 {
            Inner::Here(next) => next(),
            Inner::Threads(threads) => threads.shared.next().or_else(|| threads.fall()),
        }
    }
}

impl<T> Threads<T> {
    /// Passes a panic of the work on.
    fn fall(&mut self) -> Option<T> {
        if lock(&self.shared.state).fallen {
            for thread in self.threads.drain(..) {
                if let Err(panic) = thread.join() {
                    std::panic::resume_unwind(panic);
                }
            }
        }
        None
    }
}

impl<T> Drop for Threads<T> {
    fn drop(&mut self) {
        lock(&self.shared.state).dropped = true;
        self.shared.room.notify_all();
        if !self.detached {
            // A panic nobody asked for any more is not passed on: this may run while another one unwinds.
            self.threads.drain(..).for_each(|thread| drop(thread.join()));
        }
    }
}

impl<T> std::fmt::Debug for Ordered<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let threads = match &self.0 {
            Inner::Here(_) => 1,
            Inner::Threads(threads) => threads.threads.len(),
        };
        f.debug_struct("Ordered").field("threads", &threads).finish_non_exhaustive()
    }
}

fn run<S: Iterator, T, W: FnMut(S::Item) -> T>(
    shared: &Shared<T>,
    source: &Mutex<S>,
    worker: impl Fn() -> W,
) {
    // If the work panics, which is a bug, whoever waits must not wait for ever.
    let fallen = Fallen(shared);
    let mut work = worker();
    loop {
        // Taking an item and its number is one step, so that numbers follow the source's order.
        let mut source = lock(source);
        let Some(number) = shared.reserve() else { break };
        let Some(item) = source.next() else {
            shared.end();
            break;
        };
        drop(source);
        shared.put(number, work(item));
    }
    std::mem::forget(fallen);
}

struct Fallen<'a, T>(&'a Shared<T>);

impl<T> Drop for Fallen<'_, T> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.fallen = true;
        self.0.ready.notify_all();
        self.0.room.notify_all();
    }
}

impl<T> State<T> {
    fn is_over(&self) -> bool {
        self.ended || self.dropped || self.fallen
    }
}

impl<T> Shared<T> {
    /// Waits for room and reserves the place of the next result. `None`: no more are wanted.
    fn reserve(&self) -> Option<u64> {
        let mut state = lock(&self.state);
        while !state.is_over() && state.results.len() >= state.bound {
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.is_over() {
            return None;
        }
        state.results.push_back(None);
        Some(state.first + state.results.len() as u64 - 1)
    }

    fn put(&self, number: u64, result: T) {
        let mut state = lock(&self.state);
        let at = number.checked_sub(state.first).and_then(|at| usize::try_from(at).ok());
        if let Some(place) = at.and_then(|at| state.results.get_mut(at)) {
            *place = Some(result);
        }
        if number == state.first {
            self.ready.notify_one();
        }
    }

    /// The source gave nothing for the place that was reserved last.
    fn end(&self) {
        let mut state = lock(&self.state);
        state.results.pop_back();
        state.ended = true;
        self.ready.notify_all();
        self.room.notify_all();
    }

    fn next(&self) -> Option<T> {
        let mut state = lock(&self.state);
        loop {
            match state.results.front_mut().map(Option::take) {
                Some(Some(result)) => {
                    state.results.pop_front();
                    state.first += 1;
                    self.room.notify_one();
                    return Some(result);
                }
                None if state.ended => return None,
                _ if state.fallen => return None,
                _ => state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

/// A lock whose holder panicked is taken all the same: the panic is passed on when its thread is joined.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn threads(count: usize) -> NonZeroUsize {
        NonZeroUsize::new(count).unwrap()
    }

    #[test]
    fn results_follow_the_source() {
        for count in [1, 2, 3, 8] {
            let ordered = Ordered::new(threads(count), 0..1000u64, || {
                |n: u64| {
                    if n.is_multiple_of(7) {
                        thread::yield_now();
                    }
                    n * n
                }
            });
            assert!(ordered.eq((0..1000).map(|n| n * n)), "{count} threads");
        }
    }

    #[test]
    fn no_more_is_taken_than_said() {
        for count in [2, 4] {
            let taken = Arc::new(Mutex::new(0));
            let counter = Arc::clone(&taken);
            let source = (0..1000).inspect(move |_| *counter.lock().unwrap() += 1);
            let mut ordered = Ordered::new(threads(count), source, || |n: u64| n);
            for given in 0..100 {
                assert_eq!(ordered.next(), Some(given));
                thread::yield_now();
                assert!(*taken.lock().unwrap() <= given + 1 + count as u64 + 2);
            }
        }
    }

    #[test]
    fn dropping_stops_the_threads() {
        let alive = Arc::new(());
        let held = Arc::clone(&alive);
        let mut ordered = Ordered::new(threads(4), std::iter::repeat(1), move || {
            let _held = Arc::clone(&held);
            move |n: u64| n
        });
        assert_eq!(ordered.next(), Some(1));
        drop(ordered);
        assert_eq!(Arc::strong_count(&alive), 1);
    }

    #[test]
    fn nothing_comes_after_the_end() {
        for count in [1, 3] {
            let mut ordered = Ordered::new(threads(count), 0..2, || |n: u64| n);
            assert_eq!((ordered.next(), ordered.next()), (Some(0), Some(1)));
            assert_eq!((ordered.next(), ordered.next()), (None, None));
        }
    }

    #[test]
    #[should_panic(expected = "no worker")]
    fn a_panic_of_the_making_comes_out() {
        Ordered::new(threads(2), 0..10, || -> fn(u64) -> u64 { panic!("no worker") }).for_each(drop);
    }

    #[test]
    #[should_panic(expected = "a bug")]
    fn a_panic_of_the_work_comes_out() {
        Ordered::new(threads(2), 0..100, || |n: u64| assert!(n < 50, "a bug")).for_each(drop);
    }
}
