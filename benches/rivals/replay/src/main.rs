//! Serves from memory what an upstream answered the first time: `replay UPSTREAM_PORT LISTEN_PORT [DELAY_MS]`.
//!
//! **In:** requests on 127.0.0.1:LISTEN_PORT. **Out:** what 127.0.0.1:UPSTREAM_PORT answers to them, each asked
//! once; every answer waits DELAY_MS.
use std::{cell::RefCell, collections::HashMap, convert::Infallible, rc::Rc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming, header, server::conn::http1, service::service_fn};
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioIo},
};

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Cache = Rc<RefCell<HashMap<(String, Bytes), (u16, Bytes), ahash::RandomState>>>;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut args = std::env::args().skip(1).map(|a| a.parse::<u64>().expect("number"));
    let upstream = args.next().expect("upstream port");
    let listen = args.next().expect("listen port") as u16;
    let delay = args.next().unwrap_or(0);
    let cache: Cache = Default::default();
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", listen)).await.unwrap();
    let counts = Rc::new(RefCell::new((0u64, 0u64)));
    let local = tokio::task::LocalSet::new();
    local
        .run_until(async move {
            {
                let counts = counts.clone();
                tokio::task::spawn_local(async move {
                    let mut last = (0, 0);
                    loop {
                        tokio::time::sleep(Duration::from_secs(5)).await;
                        let now = *counts.borrow();
                        if now != last {
                            eprintln!("hits {} misses {}", now.0, now.1);
                            last = now;
                        }
                    }
                });
            }
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).ok();
                let (cache, client, counts) = (cache.clone(), client.clone(), counts.clone());
                tokio::task::spawn_local(async move {
                    let service = service_fn(move |req: Request<Incoming>| {
                        let (cache, client, counts) =
                            (cache.clone(), client.clone(), counts.clone());
                        async move {
                            let path = req
                                .uri()
                                .path_and_query()
                                .map(|p| p.to_string())
                                .unwrap_or_default();
                            let method = req.method().clone();
                            let body = req
                                .into_body()
                                .collect()
                                .await
                                .map(|b| b.to_bytes())
                                .unwrap_or_default();
                            let key = (path, body);
                            let found = cache.borrow().get(&key).cloned();
                            let (status, bytes) = match found {
                                Some(found) => {
                                    counts.borrow_mut().0 += 1;
                                    found
                                }
                                None => {
                                    counts.borrow_mut().1 += 1;
                                    let out = Request::builder()
                                        .method(method)
                                        .uri(format!("http://127.0.0.1:{upstream}{}", key.0))
                                        .header(header::CONTENT_TYPE, "application/json")
                                        .body(Full::new(key.1.clone()))
                                        .unwrap();
                                    match client.request(out).await {
                                        Ok(answer) => {
                                            let status = answer.status().as_u16();
                                            let bytes = answer
                                                .into_body()
                                                .collect()
                                                .await
                                                .map(|b| b.to_bytes())
                                                .unwrap_or_default();
                                            if status == 200 {
                                                cache
                                                    .borrow_mut()
                                                    .insert(key, (status, bytes.clone()));
                                            }
                                            (status, bytes)
                                        }
                                        Err(e) => (502, Bytes::from(e.to_string())),
                                    }
                                }
                            };
                            if delay > 0 {
                                tokio::time::sleep(Duration::from_millis(delay)).await;
                            }
                            Ok::<_, Infallible>(
                                Response::builder()
                                    .status(status)
                                    .header(header::CONTENT_TYPE, "application/json")
                                    .body(Full::new(bytes))
                                    .unwrap(),
                            )
                        }
                    });
                    let _ =
                        http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        })
        .await;
}
