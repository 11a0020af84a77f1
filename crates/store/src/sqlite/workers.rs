//! Threads that own connections and do what is asked, one thing at a time each.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use crate::StoreError;

type Job<T> = Box<dyn FnOnce(&mut T) + Send>;

/// Some threads, each with a `T` of its own, taking jobs from one queue.
pub(super) struct Workers<T> {
    /// None only while it is dropped.
    jobs: Option<Sender<Job<T>>>,
    threads: Vec<JoinHandle<()>>,
    /// What it means that a worker ended in the middle of a job.
    died: fn(String) -> StoreError,
}

impl<T: Send + 'static> Workers<T> {
    pub(super) fn start(
        name: &str,
        owned: Vec<T>,
        died: fn(String) -> StoreError,
    ) -> Result<Self, StoreError> {
        let (jobs, queue) = mpsc::channel::<Job<T>>();
        let queue = Arc::new(Mutex::new(queue));
        let mut workers = Self {
            jobs: Some(jobs),
            threads: Vec::new(),
            died,
        };
        for mut mine in owned {
            let queue = queue.clone();
            let thread = thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || {
                    while let Some(job) = next(&queue) {
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
        let sent = self
            .jobs
            .as_ref()
            .is_some_and(|jobs| jobs.send(job).is_ok());
        match sent {
            true => answer
                .await
                .unwrap_or_else(|_| Err((self.died)("its thread ended in the middle".to_owned()))),
            false => Err(unavailable("its threads have ended; restart the server")),
        }
    }
}

/// The next job; the lock is held while waiting, not while working.
fn next<T>(queue: &Mutex<Receiver<Job<T>>>) -> Option<Job<T>> {
    let queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    queue.recv().ok()
}

fn unavailable(text: &str) -> StoreError {
    StoreError::Unavailable(text.to_owned())
}

impl<T> Drop for Workers<T> {
    fn drop(&mut self) {
        drop(self.jobs.take());
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
