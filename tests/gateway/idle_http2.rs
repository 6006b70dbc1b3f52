//! Clients of HTTP/2 that have asked and ask no more: they go, and what is under way stays.
//!
//! **Never here:** HTTP/2 to upstreams (`http2`), clients that never ask (`workers`).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::house::start;
use crate::stub::Stub;
use crate::wire::folder;

type Client = (SendRequest<Full<Bytes>>, JoinHandle<hyper::Result<()>>);

async fn connect(address: SocketAddr) -> Client {
    let stream = TcpStream::connect(address).await.unwrap();
    let mut http2 = Builder::new(TokioExecutor::new());
    // What is not read soon stays with the gateway.
    http2.initial_stream_window_size(65_535).initial_connection_window_size(65_535);
    let (sender, connection) = http2.handshake(TokioIo::new(stream)).await.unwrap();
    (sender, tokio::spawn(connection))
}

fn get(path: &str) -> Request<Full<Bytes>> {
    Request::get(format!("http://gateway{path}")).body(Full::default()).unwrap()
}

/// Asks once, then waits until the gateway says goodbye.
async fn asks_no_more(address: SocketAddr) {
    let (mut sender, connection) = connect(address).await;
    let answer = sender.send_request(get("/health")).await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.into_body().collect().await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(20), connection).await;
    // In good order: the client was told.
    ended.expect("the gateway says goodbye").unwrap().unwrap();
}

#[tokio::test]
async fn an_idle_client_goes_and_a_busy_one_stays() {
    let gate = Arc::new(Semaphore::new(0));
    let behind = Arc::clone(&gate);
    let stub = Stub::start(move |request| {
        let gate = Arc::clone(&behind);
        async move {
            if request.uri().path() == "/files/slow" {
                gate.acquire().await.unwrap().forget();
            }
            Response::new(Full::new(Bytes::from(vec![b'a'; 1_000_000])))
        }
    })
    .await;
    let yaml = format!(
        "listen: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\nworkers: 1\n\
         limits: {{ header_timeout: 50ms }}\n\
         supergraph:\n  subgraphs: {{ only: {{ schema: only.graphql, url: http://127.0.0.1:9 }} }}\n\
         upstreams: {{ pool: {{ targets: [{{ url: \"http://{}\" }}] }} }}\n\
         routes: [{{ match: {{ path: \"/files/{{name}}\" }}, upstream: pool }}]\n",
        stub.address
    );
    let folder = folder();
    let (gateway, _) = start(folder.path(), &yaml).await;
    let address = gateway.public_address;
    // One waits for its answer, another reads nothing of its body, which is larger than what may be under way.
    let (mut waiting, _held) = connect(address).await;
    let waiting = tokio::spawn(async move { waiting.send_request(get("/files/slow")).await });
    let (mut reading, _held_too) = connect(address).await;
    let unread = reading.send_request(get("/files/fast")).await.unwrap();
    for _ in 0..3 {
        asks_no_more(address).await;
    }
    gate.add_permits(1);
    let late = waiting.await.unwrap().unwrap();
    for answer in [late, unread] {
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes().len(), 1_000_000);
    }
}
