//! What a connection remembers, so that one request serves all who need its answer.
//!
//! Those who ask at the same time share one request. A value is kept, and so is the refusal of the credential (asking
//! again with it could lock the account out); any other fault lasts only for those who waited for it.

use std::collections::BTreeMap;
use std::sync::Mutex;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, WeakShared};

use super::client::locked;
use crate::fact::{Fault, FaultKind};

type Answered<T> = Result<T, Fault>;

pub(crate) struct Memo<K, T>(Mutex<BTreeMap<K, State<T>>>);

enum State<T> {
    /// Being asked. The request ends when nobody waits for it any more.
    Asked(WeakShared<BoxFuture<'static, Answered<T>>>),
    Known(Answered<T>),
}

impl<K, T> Default for Memo<K, T> {
    fn default() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }
}

impl<K: Ord + Clone, T: Clone> Memo<K, T> {
    /// The answer for `key`; `request` makes the request if nobody has made it yet.
    pub async fn ask<F>(&self, key: K, request: impl FnOnce() -> F) -> Answered<T>
    where
        F: Future<Output = Answered<T>> + Send + 'static,
    {
        let shared = {
            let mut states = locked(&self.0);
            let running = match states.get(&key) {
                Some(State::Known(answer)) => return answer.clone(),
                Some(State::Asked(shared)) => shared.upgrade(),
                None => None,
            };
            running.unwrap_or_else(|| {
                let shared = request().boxed().shared();
                if let Some(weak) = shared.downgrade() {
                    states.insert(key.clone(), State::Asked(weak));
                }
                shared
            })
        };
        let answer = shared.await;
        if answer.as_ref().map_or_else(|fault| fault.kind == FaultKind::Auth, |_| true) {
            locked(&self.0).insert(key, State::Known(answer.clone()));
        }
        answer
    }

    pub fn clear(&self) {
        locked(&self.0).clear();
    }

    pub fn forget(&self, key: &K) {
        locked(&self.0).remove(key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join;

    use super::*;

    async fn check(outcome: Answered<u8>, requests: usize) {
        let (memo, count) = (Memo::<(), u8>::default(), Arc::new(AtomicUsize::new(0)));
        let ask = || {
            let (count, outcome) = (count.clone(), outcome.clone());
            memo.ask((), move || async move {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                outcome
            })
        };
        let (first, second) = join(ask(), ask()).await;
        assert_eq!((&first, &second), (&outcome, &outcome));
        assert_eq!(ask().await, outcome);
        assert_eq!(count.load(Ordering::Relaxed), requests, "{outcome:?}");
    }

    #[tokio::test]
    async fn values_and_401_are_kept_and_other_faults_are_shared_once() {
        check(Ok(7), 1).await;
        check(Err(Fault::new(FaultKind::Auth, "no")), 1).await;
        check(Err(Fault::new(FaultKind::Server, "down")), 2).await;
    }

    #[tokio::test]
    async fn an_abandoned_request_does_not_stay_asked() {
        let memo = Memo::<(), u8>::default();
        let hanging = memo.ask((), futures_util::future::pending);
        assert!(tokio::time::timeout(std::time::Duration::from_millis(5), hanging).await.is_err());
        assert_eq!(memo.ask((), || async { Ok(1) }).await, Ok(1));
    }
}
