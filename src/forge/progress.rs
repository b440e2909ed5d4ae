//! How far a list has come, told to whoever asked for it while its parts arrive.
//!
//! The sink belongs to the task that asks: a list that is read for another reason tells nobody.

use tokio::sync::mpsc::UnboundedSender;

tokio::task_local! {
    static SINK: UnboundedSender<usize>;
}

/// Says that so many rows of the list have come.
pub(super) fn listed(rows: usize) {
    // Nobody may listen any more, or nobody ever did.
    let _ = SINK.try_with(|sink| sink.send(rows));
}

/// Does `work`, and tells `sink` of every part of a list that comes meanwhile: the rows so far.
pub async fn telling<T>(sink: UnboundedSender<usize>, work: impl Future<Output = T>) -> T {
    SINK.scope(sink, work).await
}
