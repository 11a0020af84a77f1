//! Threads that own connections and do what is asked, one thing at a time each.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use crate::StoreError;

type Job<T> = Box<dyn FnOnce(&mut T) + Send>;

/// Some threads, each with a `T` of its own, taking jobs from one queue.
pub(super) struct Workers<T> {
    queue: Arc<Queue<T>>,
    threads: Vec<JoinHandle<()>>,
    /// What it means that a worker ended in the middle of a job.
    died: fn(String) -> StoreError,
}

/// What is to be done. A job wakes one worker: of several that wait in turn for
/// a lock, each would wake the next before it begins.
struct Queue<T> {
    waiting: Mutex<Waiting<T>>,
    more: Condvar,
}

struct Waiting<T> {
    jobs: VecDeque<Job<T>>,
    /// How many threads take jobs; none, once no more are taken.
    workers: usize,
}

impl<T> Queue<T> {
    fn waiting(&self) -> MutexGuard<'_, Waiting<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody will do it.
    fn add(&self, job: Job<T>) -> bool {
        let mut waiting = self.waiting();
        if waiting.workers == 0 {
            return false;
        }
        waiting.jobs.push_back(job);
        drop(waiting);
        self.more.notify_one();
        true
    }

    /// The next job, or none once the queue is closed and empty.
    fn next(&self) -> Option<Job<T>> {
        let is_idle = |waiting: &mut Waiting<T>| waiting.jobs.is_empty() && waiting.workers > 0;
        let waiting = self.more.wait_while(self.waiting(), is_idle);
        waiting
            .unwrap_or_else(PoisonError::into_inner)
            .jobs
            .pop_front()
    }
}

/// A worker's place at the queue; given up also where it panics.
struct Place<T>(Arc<Queue<T>>);

impl<T> Drop for Place<T> {
    fn drop(&mut self) {
        let mut waiting = self.0.waiting();
        waiting.workers = waiting.workers.saturating_sub(1);
        if waiting.workers == 0 {
            // Whoever waits for these learns that nobody will do them.
            let jobs = std::mem::take(&mut waiting.jobs);
            drop(waiting);
            drop(jobs);
        }
    }
}

impl<T: Send + 'static> Workers<T> {
    pub(super) fn start(
        name: &str,
        owned: Vec<T>,
        died: fn(String) -> StoreError,
    ) -> Result<Self, StoreError> {
        let waiting = Waiting {
            jobs: VecDeque::new(),
            workers: owned.len(),
        };
        let queue = Arc::new(Queue {
            waiting: Mutex::new(waiting),
            more: Condvar::new(),
        });
        let mut workers = Self {
            queue,
            threads: Vec::new(),
            died,
        };
        for mut mine in owned {
            let place = Place(workers.queue.clone());
            let thread = thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || {
                    while let Some(job) = place.0.next() {
                        job(&mut mine);
                    }
                })
                .map_err(|error| unavailable(&format!("no thread: {error}")))?;
            workers.threads.push(thread);
        }
        Ok(workers)
    }

    /// Has a worker do something, unless the caller goes away before it begins.
    pub(super) async fn call<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut T) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job: Job<T> = Box::new(move |mine| {
            if !reply.is_closed() {
                // A caller that went away meanwhile does not want the answer.
                drop(reply.send(work(mine)));
            }
        });
        match self.queue.add(job) {
            true => answer
                .await
                .unwrap_or_else(|_| Err((self.died)("its thread ended in the middle".to_owned()))),
            false => Err(unavailable("its threads have ended; restart the server")),
        }
    }
}

fn unavailable(text: &str) -> StoreError {
    StoreError::Unavailable(text.to_owned())
}

impl<T> Drop for Workers<T> {
    fn drop(&mut self) {
        self.queue.waiting().workers = 0;
        self.queue.more.notify_all();
        for thread in self.threads.drain(..) {
            // A worker that panicked has said so already.
            drop(thread.join());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_worker_that_dies_leaves_an_error_and_not_a_wait() {
        let workers = Workers::start("test", vec![1, 1], StoreError::Unknown).unwrap();
        assert_eq!(workers.call(|mine| Ok(*mine)).await, Ok(1));
        for _ in 0..2 {
            let answer = workers.call::<()>(|_| panic!("on purpose")).await;
            assert!(matches!(answer, Err(StoreError::Unknown(_))), "{answer:?}");
        }
        // Both are gone; the queue may close a moment after the last answer.
        let answer = workers.call(|mine| Ok(*mine)).await;
        assert!(answer.is_err(), "{answer:?}");
    }
}
