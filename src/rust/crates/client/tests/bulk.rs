//! Many calls at once, against a server on this machine that answers what it is told to.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use kmsr_client::{Arguments, Bulk, Client, Credentials, Error, Limits, Secret, Settings, Value};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep, timeout};

/// What the server does, and what it has seen.
#[derive(Default)]
struct Server {
    delay: Duration,
    /// Requests per second that are not refused as too many.
    quota: Option<u32>,
    connections: Cell<usize>,
    requests: Cell<usize>,
    throttled: Cell<usize>,
    active: Cell<usize>,
    most_active: Cell<usize>,
    second: RefCell<Option<(Instant, u32)>>,
}

/// Runs `work` with a client of such a server, retries allowed, on one thread.
async fn with_server<F: Future>(server: Server, work: impl FnOnce(Arc<Client>, Rc<Server>) -> F) {
    LocalSet::new()
        .run_until(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let endpoint = format!("http://{}", listener.local_addr().unwrap());
            let server = Rc::new(server);
            let serving = server.clone();
            tokio::task::spawn_local(async move {
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    serving.connections.set(serving.connections.get() + 1);
                    tokio::task::spawn_local(serve(stream, serving.clone()));
                }
            });
            let settings = Settings {
                region: Some("us-east-1".into()),
                endpoint: Some(endpoint),
                credentials: Credentials::Static {
                    access_key_id: "AKIAEXAMPLE".into(),
                    secret_access_key: Secret::new("secret".into()).into(),
                    session_token: None,
                    expiration: None,
                },
                max_retries: Some(3),
                ..Settings::default()
            };
            let resolved = kmsr_client::resolve(&settings).await.unwrap();
            let client = Client::new(&settings, &resolved).await.unwrap();
            work(Arc::new(client), server).await;
        })
        .await;
}

/// Answers with the key id that was asked for, in place of a description; refuses the key id `bad`.
async fn serve(stream: TcpStream, server: Rc<Server>) {
    let mut bytes = Vec::new();
    loop {
        let body = loop {
            let head = bytes.windows(4).position(|window| window == b"\r\n\r\n");
            if let Some(head) = head.map(|head| head + 4) {
                let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
                let length: usize = text
                    .split("content-length: ")
                    .nth(1)
                    .and_then(|rest| rest.split("\r\n").next()?.parse().ok())
                    .unwrap_or(0);
                if bytes.len() >= head + length {
                    break bytes.drain(..head + length).skip(head).collect::<Vec<u8>>();
                }
            }
            stream.readable().await.unwrap();
            match stream.try_read_buf(&mut bytes) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        };
        let request: HashMap<String, String> = serde_json::from_slice(&body).unwrap();
        server.requests.set(server.requests.get() + 1);
        server.active.set(server.active.get() + 1);
        server
            .most_active
            .set(server.most_active.get().max(server.active.get()));
        sleep(server.delay).await;
        server.active.set(server.active.get() - 1);

        let (status, answer) = if server.is_over_quota() {
            server.throttled.set(server.throttled.get() + 1);
            (
                400,
                r#"{"__type":"ThrottlingException","message":"slow down"}"#.to_owned(),
            )
        } else if request["KeyId"] == "bad" {
            (
                400,
                r#"{"__type":"NotFoundException","message":"no such key"}"#.to_owned(),
            )
        } else {
            (
                200,
                format!(r#"{{"KeyMetadata":{{"KeyId":"{}"}}}}"#, request["KeyId"]),
            )
        };
        let answer = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\n\r\n{answer}",
            answer.len()
        );
        stream.writable().await.unwrap();
        if stream.try_write(answer.as_bytes()).is_err() {
            return;
        }
    }
}

impl Server {
    fn is_over_quota(&self) -> bool {
        let Some(quota) = self.quota else {
            return false;
        };
        let mut second = self.second.borrow_mut();
        let (since, count) = second.get_or_insert((Instant::now(), 0));
        if since.elapsed() >= Duration::from_secs(1) {
            (*since, *count) = (Instant::now(), 0);
        }
        *count += 1;
        *count > quota
    }
}

fn bulk(client: &Arc<Client>, count: usize, active: usize, rate: Option<f64>) -> Bulk {
    let operation = kmsr_model::operation("DescribeKey").unwrap();
    Bulk::new(client.clone(), operation, count, Limits { active, rate })
}

fn key(id: impl ToString) -> Option<Arguments> {
    let mut arguments = Arguments::new();
    arguments.push("KeyId", Value::Text(id.to_string()));
    Some(arguments)
}

/// The outcomes by index, in words.
async fn outcomes(
    bulk: &mut Bulk,
    arguments: impl Fn(usize) -> Option<Arguments>,
) -> HashMap<usize, String> {
    let mut outcomes = HashMap::new();
    while let Some((index, outcome)) = bulk.next(&arguments).await {
        let before = outcomes.insert(index, in_words(outcome));
        assert_eq!(before, None, "call {index} finished twice");
    }
    outcomes
}

fn in_words(outcome: Result<kmsr_client::Answer, Error>) -> String {
    match outcome {
        Ok(answer) => String::from_utf8(answer.body).unwrap(),
        Err(Error::Service { code, .. }) => code,
        Err(other) => other.to_string(),
    }
}

fn described(id: impl ToString) -> String {
    format!(r#"{{"KeyMetadata":{{"KeyId":"{}"}}}}"#, id.to_string())
}

#[tokio::test]
async fn every_call_gets_its_own_answer_over_few_connections() {
    with_server(Server::default(), |client, server| async move {
        let outcomes = outcomes(&mut bulk(&client, 500, 8, None), key).await;
        assert_eq!(
            outcomes,
            (0..500).map(|index| (index, described(index))).collect()
        );
        assert_eq!(server.requests.get(), 500);
        assert!(server.most_active.get() <= 8);
        assert!(
            server.connections.get() <= 8,
            "{} connections",
            server.connections.get()
        );
    })
    .await;
}

#[tokio::test]
async fn as_many_calls_are_under_way_as_are_allowed() {
    let slow = Server {
        delay: Duration::from_millis(20),
        ..Server::default()
    };
    with_server(slow, |client, server| async move {
        let start = Instant::now();
        outcomes(&mut bulk(&client, 64, 16, None), key).await;
        assert_eq!(server.most_active.get(), 16);
        // One after the other would be 1.3 seconds.
        assert!(
            start.elapsed() < Duration::from_millis(800),
            "{:?}",
            start.elapsed()
        );
    })
    .await;
}

#[tokio::test]
async fn a_refusal_is_one_calls_own() {
    with_server(Server::default(), |client, _| async move {
        let arguments = |index| if index == 3 { key("bad") } else { key(index) };
        let outcomes = outcomes(&mut bulk(&client, 10, 4, None), arguments).await;
        assert_eq!(outcomes.len(), 10);
        assert_eq!(outcomes[&3], "NotFoundException");
        assert_eq!(outcomes[&9], described(9));
    })
    .await;
}

#[tokio::test]
async fn a_call_without_arguments_is_left_out() {
    with_server(Server::default(), |client, server| async move {
        let arguments = |index| if index % 2 == 0 { key(index) } else { None };
        let outcomes = outcomes(&mut bulk(&client, 9, 2, None), arguments).await;
        assert_eq!(outcomes.len(), 5);
        assert_eq!(server.requests.get(), 5);
    })
    .await;
}

#[tokio::test]
async fn stopping_finishes_what_is_under_way() {
    let slow = Server {
        delay: Duration::from_millis(30),
        ..Server::default()
    };
    with_server(slow, |client, server| async move {
        let mut bulk = bulk(&client, 100, 4, None);
        assert!(bulk.next(key).await.is_some());
        assert_eq!(bulk.under_way().count(), 3);
        bulk.stop();
        assert_eq!(outcomes(&mut bulk, key).await.len(), 3);
        assert_eq!(bulk.under_way().count(), 0);
        assert_eq!(server.requests.get(), 4);
    })
    .await;
}

#[tokio::test]
async fn pausing_in_between_loses_nothing() {
    let slow = Server {
        delay: Duration::from_millis(3),
        ..Server::default()
    };
    with_server(slow, |client, server| async move {
        let mut bulk = bulk(&client, 100, 4, None);
        let mut seen = Vec::new();
        loop {
            match timeout(Duration::from_millis(1), bulk.next(key)).await {
                Ok(Some((index, outcome))) => seen.push((index, in_words(outcome))),
                Ok(None) => break,
                Err(_) => {}
            }
        }
        seen.sort();
        assert_eq!(
            seen,
            (0..100)
                .map(|index| (index, described(index)))
                .collect::<Vec<_>>()
        );
        assert_eq!(server.requests.get(), 100);
    })
    .await;
}

#[tokio::test]
async fn a_rate_is_kept() {
    with_server(Server::default(), |client, server| async move {
        let start = Instant::now();
        outcomes(&mut bulk(&client, 100, 16, Some(200.0)), key).await;
        let took = start.elapsed();
        assert!((450..900).contains(&took.as_millis()), "{took:?}");
        assert_eq!(server.requests.get(), 100);
    })
    .await;
}

#[tokio::test]
async fn a_quota_is_found_and_every_call_gets_through() {
    let strict = Server {
        delay: Duration::from_millis(2),
        quota: Some(200),
        ..Server::default()
    };
    with_server(strict, |client, server| async move {
        let outcomes = outcomes(&mut bulk(&client, 500, 32, None), key).await;
        let failed: Vec<_> = outcomes
            .values()
            .filter(|body| !body.starts_with('{'))
            .collect();
        assert_eq!(failed, Vec::<&String>::new());
        let throttled = server.throttled.get();
        assert!(
            throttled < 300,
            "{throttled} of {} were refused",
            server.requests.get()
        );
    })
    .await;
}
