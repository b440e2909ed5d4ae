//! What comes from outside while the terminal is held: keys, pastes, signals, and the end of the terminal itself.

use std::pin::Pin;

use crossterm::event::{Event, EventStream, KeyEvent};
use futures_util::{Stream, StreamExt as _, stream};
use zeroize::Zeroizing;

/// Something that came in.
#[derive(Debug)]
pub enum Input {
    Key(KeyEvent),
    /// A token may be in it.
    Paste(Zeroizing<String>),
    Resized,
    /// Nobody is there to type any more.
    Lost,
    /// Somebody asked the program to stop for a while.
    Stop,
    /// The program goes on after it was stopped: somebody else may have changed the modes of the terminal.
    Continued,
}

/// Everything that comes in, from the terminal of this process and from its signals.
pub fn of_the_process() -> Pin<Box<dyn Stream<Item = Input> + Send>> {
    let keys = EventStream::new().filter_map(async |event| match event {
        Ok(Event::Key(key)) => Some(Input::Key(key)),
        Ok(Event::Paste(text)) => Some(Input::Paste(Zeroizing::new(text))),
        Ok(Event::Resize(..)) => Some(Input::Resized),
        Ok(_) => None,
        Err(_) => Some(Input::Lost),
    });
    Box::pin(stream::select(keys, signals()))
}

#[cfg(unix)]
fn signals() -> impl Stream<Item = Input> + Send {
    use std::task::Poll;

    use tokio::signal::unix::{SignalKind, signal};

    let ear = |kind: SignalKind| signal(kind).ok();
    // What asks the program to end by SIGINT or SIGTERM is heard by whoever runs it, for every command alike.
    let mut hangup = ear(SignalKind::hangup());
    let mut quit = ear(SignalKind::quit());
    let mut stop = ear(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()));
    let mut go_on = ear(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()));
    let mut end = Box::pin(end_of_terminal());
    stream::poll_fn(move |context| {
        let mut heard = |ear: &mut Option<tokio::signal::unix::Signal>| {
            ear.as_mut().is_some_and(|ear| matches!(ear.poll_recv(context), Poll::Ready(Some(()))))
        };
        if heard(&mut hangup) || heard(&mut quit) {
            return Poll::Ready(Some(Input::Lost));
        }
        if heard(&mut stop) {
            return Poll::Ready(Some(Input::Stop));
        }
        if heard(&mut go_on) {
            return Poll::Ready(Some(Input::Continued));
        }
        end.as_mut().poll(context).map(|()| Some(Input::Lost))
    })
}

/// Waits until nobody holds the other end of the terminal. The reader of keys does not tell: it goes on reading nothing.
///
/// A thread of its own, since the system tells of this only to who waits for it. It sleeps until then.
#[cfg(unix)]
async fn end_of_terminal() {
    use rustix::event::{PollFd, PollFlags, poll};

    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let stdin = std::io::stdin();
        // No event is asked for: that the other end is gone is told anyway.
        let mut ends = [PollFd::new(&stdin, PollFlags::empty())];
        while poll(&mut ends, None).is_err_and(|error| error == rustix::io::Errno::INTR) {}
        let _ = tell.send(());
    });
    if told.await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(not(unix))]
fn signals() -> impl Stream<Item = Input> + Send {
    stream::pending()
}

/// Stops this process until it is told to go on, as Ctrl-Z does.
#[cfg(unix)]
pub fn stop() {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP);
}

#[cfg(not(unix))]
pub fn stop() {}

/// Passes Ctrl-Z on to everybody who runs in front with us (`git` in `git access`), as the terminal would. False where
/// nobody could tell the program to go on again: it is the only one in its session.
#[cfg(unix)]
pub fn ask_to_stop() -> bool {
    use rustix::process::{Signal, getpid, getsid, kill_current_process_group};

    let alone = getsid(None).map_or(true, |session| session == getpid());
    !alone && kill_current_process_group(Signal::TSTP).is_ok()
}

#[cfg(not(unix))]
pub fn ask_to_stop() -> bool {
    false
}
