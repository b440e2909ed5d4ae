//! The server: connections on 127.0.0.1, and what every request goes through whoever answers it.
//!
//! A request is counted, delayed, perhaps disturbed, answered by the imitation, and logged. A connection can be dropped
//! without an answer: each carries a switch, and once it is thrown nothing is written any more.

use std::io;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::extract::{Request, State};
use axum::response::Response;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::disturbance::Disturbances;
use super::request_log::RequestLog;
use super::scenario::Scenario;
use super::world::World;
use super::{Imitation, SandboxError};

/// An open port.
pub(super) struct Gate {
    listener: TcpListener,
    port: u16,
}

/// Opens a port of the loopback interface; 0 takes a free one.
pub(super) async fn listen(port: u16) -> Result<Gate, SandboxError> {
    let refused = |source| SandboxError::Port { port, source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(refused)?;
    let port = listener.local_addr().map_err(refused)?.port();
    Ok(Gate { listener, port })
}

impl Gate {
    pub(super) fn host(&self) -> String {
        format!("http://{}:{}", Ipv4Addr::LOCALHOST, self.port)
    }
}

/// A server that runs until it is dropped.
pub(super) struct Server {
    _stop: oneshot::Sender<()>,
}

/// The login that a request came from. An imitation leaves it in the response for the log.
#[derive(Clone)]
pub(super) struct SignedIn(pub String);

struct Station {
    imitation: &'static Imitation,
    world: Arc<World>,
    delay: Duration,
    disturbances: Disturbances,
    log: Arc<RequestLog>,
}

impl Server {
    pub(super) fn start(
        gate: Gate,
        imitation: &'static Imitation,
        world: Arc<World>,
        scenario: &Scenario,
        log: Arc<RequestLog>,
    ) -> Self {
        let station = Arc::new(Station {
            imitation,
            world,
            delay: Duration::from_millis(scenario.delay_ms),
            disturbances: Disturbances::new(imitation.name, &scenario.disturbances),
            log,
        });
        let service =
            Router::new().fallback(handle).with_state(station).into_make_service_with_connect_info::<Switch>();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = axum::serve(gate, service).with_graceful_shutdown(async {
            // An error means that the sender was dropped, which is the signal.
            let _ = stopped.await;
        });
        tokio::spawn(serving.into_future());
        Self { _stop: stop }
    }
}

async fn handle(
    State(station): State<Arc<Station>>,
    ConnectInfo(switch): ConnectInfo<Switch>,
    request: Request,
) -> Response {
    let path = request.uri().path().to_owned();
    let method = request.method().as_str();
    let mut entry = station.log.begin(station.imitation.name, method, &path, request.uri().query());
    let outcome = station.disturbances.meet(method, request.uri());
    tokio::time::sleep(station.delay + outcome.delay).await;
    entry.fault = outcome.answer.map(super::scenario::Disturbance::summary);
    let mut response = if let Some(disturbance) = outcome.answer {
        if disturbance.afterwards {
            drop((station.imitation.answer)(Arc::clone(&station.world), request).await);
        }
        let Some(response) = disturbance.response(&station.world.host) else {
            switch.throw();
            return Response::default();
        };
        response
    } else {
        (station.imitation.answer)(Arc::clone(&station.world), request).await
    };
    (station.imitation.dress)(&station.world, &path, &mut response);
    entry.status = Some(response.status().as_u16());
    entry.account = response.extensions_mut().remove::<SignedIn>().map(|SignedIn(login)| login);
    response
}

/// Breaks its connection, once thrown.
#[derive(Clone, Default)]
struct Switch(Arc<AtomicBool>);

impl Switch {
    fn throw(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn check(&self) -> io::Result<()> {
        if self.0.load(Ordering::Acquire) { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl Connected<IncomingStream<'_, Gate>> for Switch {
    fn connect_info(stream: IncomingStream<'_, Gate>) -> Self {
        stream.io().switch.clone()
    }
}

pub(super) struct Connection {
    stream: TcpStream,
    switch: Switch,
}

impl Listener for Gate {
    type Io = Connection;
    type Addr = ();

    async fn accept(&mut self) -> (Connection, ()) {
        let (stream, _) = Listener::accept(&mut self.listener).await;
        // Small answers should not wait for more to send. Without it they arrive later, but they arrive.
        let _ = stream.set_nodelay(true);
        (Connection { stream, switch: Switch::default() }, ())
    }

    fn local_addr(&self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.switch.check()?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// The segments of a path, each decoded once. None where the encoding is broken.
pub(super) fn segments(path: &str) -> Option<Vec<String>> {
    path.strip_prefix('/')?.split('/').map(decoded).collect()
}

fn decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let high = char::from(rest.next()?).to_digit(16)?;
        let low = char::from(rest.next()?).to_digit(16)?;
        bytes.push(u8::try_from(16 * high + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::segments;

    #[test]
    fn an_encoded_slash_stays_within_its_segment() {
        assert_eq!(segments("/acme/a%2Fb").unwrap(), ["acme", "a/b"]);
        assert_eq!(segments("/acme/").unwrap(), ["acme", ""]);
        assert_eq!(segments("/%zz"), None);
        assert_eq!(segments("/%2"), None);
    }
}
