//! Where the store is: in the caller's hands, or on a thread of its own. Jobs work on either.

use super::store::Store;
use std::future::Future;

/// Something that a job lets a store do.
pub(super) trait Desk {
    /// Lets the store do something and gives what came of it. Nothing if the store is gone: then so is whoever wanted it.
    fn with<R: Send + 'static>(&mut self, work: impl FnOnce(&mut Store) -> R + Send + 'static) -> impl Future<Output = Option<R>>;
}

impl Desk for Store {
    async fn with<R: Send + 'static>(&mut self, work: impl FnOnce(&mut Store) -> R + Send + 'static) -> Option<R> {
        Some(work(self))
    }
}
