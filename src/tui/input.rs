//! What comes from outside while the terminal is held: keys, pastes, signals, and the end of the terminal itself.
//!
//! On Unix the keys are read by a thread of our own, which waits for the terminal and for being told to end, and for
//! nothing else. A reader that waits inside a sequence that is not whole would hold the program as long as a slow paste
//! lasts, and one that does not look for the other end of the terminal would read nothing for ever once it is gone.

use std::pin::Pin;

use crossterm::event::KeyEvent;
use futures_util::{Stream, stream};
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
pub type Inputs = Pin<Box<dyn Stream<Item = Input> + Send>>;

#[cfg(unix)]
pub fn of_the_process() -> std::io::Result<Inputs> {
    Ok(Box::pin(stream::select(keys::Keys::begin()?, signals())))
}

#[cfg(not(unix))]
pub fn of_the_process() -> std::io::Result<Inputs> {
    use crossterm::event::{Event, EventStream};
    use futures_util::StreamExt as _;

    Ok(Box::pin(EventStream::new().filter_map(async |event| match event {
        Ok(Event::Key(key)) => Some(Input::Key(key)),
        Ok(Event::Paste(text)) => Some(Input::Paste(Zeroizing::new(text))),
        Ok(Event::Resize(..)) => Some(Input::Resized),
        Ok(_) => None,
        Err(_) => Some(Input::Lost),
    })))
}

#[cfg(unix)]
mod keys {
    use std::io::{self, PipeReader, PipeWriter};
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use std::thread::JoinHandle;

    use futures_util::Stream;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;
    use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
    use zeroize::Zeroizing;

    use super::Input;
    use crate::tui::decode::Decoder;

    /// How long is waited for the rest of a key. Whatever a terminal sends for one key it sends at once; over a slow line
    /// the parts of it come a little apart.
    const REST: Timespec = Timespec { tv_sec: 0, tv_nsec: 40_000_000 };

    /// The keys, until this is dropped: then nobody reads the terminal any more.
    pub struct Keys {
        heard: UnboundedReceiver<Input>,
        end: Option<PipeWriter>,
        reader: Option<JoinHandle<()>>,
    }

    impl Keys {
        pub fn begin() -> io::Result<Self> {
            let (ended, end) = io::pipe()?;
            let (tell, heard) = unbounded_channel();
            let reader = std::thread::Builder::new().name("keys".into()).spawn(move || read(&ended, &tell))?;
            Ok(Self { heard, end: Some(end), reader: Some(reader) })
        }
    }

    impl Drop for Keys {
        fn drop(&mut self) {
            drop(self.end.take());
            if let Some(reader) = self.reader.take() {
                let _ = reader.join();
            }
        }
    }

    impl Stream for Keys {
        type Item = Input;

        fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Input>> {
            self.heard.poll_recv(context)
        }
    }

    fn read(ended: &PipeReader, tell: &UnboundedSender<Input>) {
        let stdin = io::stdin();
        let mut decoder = Decoder::default();
        let mut room = Zeroizing::new([0; 4096]);
        loop {
            let mut ready = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(ended, PollFlags::IN)];
            match poll(&mut ready, decoder.is_waiting().then_some(&REST)) {
                Err(Errno::INTR) => continue,
                Err(_) => break,
                Ok(_) => {}
            }
            if !ready[1].revents().is_empty() {
                return;
            }
            let told = ready[0].revents();
            let inputs = if told.contains(PollFlags::IN) {
                match rustix::io::read(&stdin, &mut room[..]) {
                    Ok(0) => break,
                    Ok(count) => decoder.feed(&room[..count]),
                    Err(Errno::INTR | Errno::AGAIN) => continue,
                    Err(_) => break,
                }
            } else if told.is_empty() {
                decoder.settle()
            } else {
                break;
            };
            for input in inputs {
                if tell.send(input).is_err() {
                    return;
                }
            }
        }
        let _ = tell.send(Input::Lost);
    }
}

#[cfg(unix)]
fn signals() -> impl Stream<Item = Input> + Send {
    use std::task::Poll;

    use tokio::signal::unix::{Signal, SignalKind, signal};

    type Ear = (Option<Signal>, fn() -> Input);

    let ear = |kind: SignalKind| signal(kind).ok();
    let (stop, go_on) = (rustix::process::Signal::TSTP.as_raw(), rustix::process::Signal::CONT.as_raw());
    // What asks the program to end by SIGINT or SIGTERM is heard by whoever runs it, for every command alike.
    let mut ears: Vec<Ear> = vec![
        (ear(SignalKind::hangup()), || Input::Lost),
        (ear(SignalKind::quit()), || Input::Lost),
        (ear(SignalKind::window_change()), || Input::Resized),
        (ear(SignalKind::from_raw(stop)), || Input::Stop),
        (ear(SignalKind::from_raw(go_on)), || Input::Continued),
    ];
    stream::poll_fn(move |context| {
        for (ear, input) in &mut ears {
            let heard = ear.as_mut().map(|ear| ear.poll_recv(context));
            if matches!(heard, Some(Poll::Ready(Some(())))) {
                return Poll::Ready(Some(input()));
            }
        }
        Poll::Pending
    })
}

/// Stops this process until it is told to go on, as Ctrl-Z does.
#[cfg(unix)]
pub fn stop() {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP);
}

#[cfg(not(unix))]
pub fn stop() {}

/// Whether nobody could tell the program to go on again once it was stopped: it is the only one in its session.
#[cfg(unix)]
pub fn is_alone() -> bool {
    rustix::process::getsid(None).map_or(true, |session| session == rustix::process::getpid())
}

/// Passes Ctrl-Z on to everybody who runs in front with us (`git` in `git access`), as the terminal would. False where
/// it [is alone](is_alone).
#[cfg(unix)]
pub fn ask_to_stop() -> bool {
    use rustix::process::{Signal, kill_current_process_group};

    !is_alone() && kill_current_process_group(Signal::TSTP).is_ok()
}

#[cfg(not(unix))]
pub fn ask_to_stop() -> bool {
    false
}
