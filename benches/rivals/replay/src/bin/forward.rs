//! The least that a gateway can do: `forward UPSTREAM_PORT LISTEN_PORT` sends each request on as it came.
//!
//! **In:** requests on 127.0.0.1:LISTEN_PORT. **Out:** what 127.0.0.1:UPSTREAM_PORT answers.
//!
//! **Never here:** JSON, a log, a deadline: two exchanges of hyper on one thread, and nothing else. What a gateway
//! costs above this is its own.
use std::{cell::RefCell, convert::Infallible, rc::Rc};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming, client, header, server, service::service_fn};
use hyper_util::rt::TokioIo;

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Idle = Rc<RefCell<Vec<client::conn::http1::SendRequest<Full<Bytes>>>>>;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut ports = std::env::args().skip(1).map(|port| port.parse::<u16>().expect("a port"));
    let upstream = ports.next().expect("the upstream's port");
    let listen = ports.next().expect("a port to listen on");
    let idle: Idle = Rc::default();
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", listen)).await.expect("a free port");
    let serving = async {
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            stream.set_nodelay(true).ok();
            let idle = Rc::clone(&idle);
            let service = service_fn(move |request| forward(request, upstream, Rc::clone(&idle)));
            let serving = server::conn::http1::Builder::new();
            tokio::task::spawn_local(serving.serve_connection(TokioIo::new(stream), service));
        }
    };
    tokio::task::LocalSet::new().run_until(serving).await
}

async fn forward(
    request: Request<Incoming>,
    upstream: u16,
    idle: Idle,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.expect("a whole body").to_bytes();
    let mut out = Request::new(Full::new(body));
    *out.method_mut() = head.method;
    *out.uri_mut() = head.uri;
    out.headers_mut().insert(header::HOST, header::HeaderValue::from_static("127.0.0.1"));
    out.headers_mut()
        .insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    let kept = idle.borrow_mut().pop();
    let mut connection = match kept {
        Some(kept) => kept,
        None => {
            let stream =
                tokio::net::TcpStream::connect(("127.0.0.1", upstream)).await.expect("an upstream");
            stream.set_nodelay(true).ok();
            let opening = client::conn::http1::handshake(TokioIo::new(stream)).await;
            let (sender, connection) = opening.expect("a connection");
            tokio::task::spawn_local(connection);
            sender
        }
    };
    connection.ready().await.expect("an open connection");
    let answer = connection.send_request(out).await.expect("an answer");
    let bytes = answer.into_body().collect().await.expect("a whole answer").to_bytes();
    idle.borrow_mut().push(connection);
    let mut response = Response::new(Full::new(bytes));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    Ok(response)
}
