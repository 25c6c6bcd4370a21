//! Servers on 127.0.0.1 that answer as a test tells them, and remember what they were asked.
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The access key id the request is signed with.
    pub fn access_key(&self) -> Option<&str> {
        let credential = self.header("authorization")?.split("Credential=").nth(1)?;
        credential.split('/').next()
    }
}

/// What to answer.
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// How long afterwards to close the connection, without saying so.
    pub hang_up: Option<Duration>,
}

impl Reply {
    pub fn new(status: u16, body: impl Into<String>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            hang_up: None,
        }
    }

    pub fn ok(body: impl Into<String>) -> Self {
        Self::new(200, body)
    }

    pub fn error(code: &str, message: &str) -> Self {
        Self::new(
            400,
            serde_json::json!({"__type": code, "message": message}).to_string(),
        )
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn hang_up(mut self, after: Duration) -> Self {
        self.hang_up = Some(after);
        self
    }
}

/// A server. Its threads end with the test's process.
#[derive(Clone)]
pub struct Double {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
    connections: Arc<Mutex<usize>>,
}

impl Double {
    pub fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::at("127.0.0.1:0", answer)
    }

    pub fn at(address: &str, answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let double = Self {
            address: listener.local_addr().unwrap(),
            seen: Arc::default(),
            connections: Arc::default(),
        };
        let (answer, kept) = (Arc::new(answer), double.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                *kept.connections.lock().unwrap() += 1;
                let (answer, kept) = (answer.clone(), kept.clone());
                thread::spawn(move || {
                    stream.set_nodelay(true).unwrap();
                    kept.serve(stream, &*answer);
                });
            }
        });
        double
    }

    /// A KMS that has no keys and does not check signatures.
    pub fn kms() -> Self {
        Self::start(|_| Reply::ok(r#"{"Keys":[],"Truncated":false}"#))
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was asked so far.
    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    /// The one thing that was asked.
    pub fn only(&self) -> Request {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }

    pub fn last(&self) -> Request {
        self.seen().last().cloned().expect("a request")
    }

    /// How many connections were made so far.
    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    /// Answers one connection, until it is closed.
    pub fn serve(&self, stream: impl Read + Write, answer: &dyn Fn(&Request) -> Reply) {
        let mut stream = BufReader::new(stream);
        while let Some(request) = read_request(&mut stream) {
            self.seen.lock().unwrap().push(request.clone());
            let reply = answer(&request);
            let mut head = format!(
                "HTTP/1.1 {} Said\r\ncontent-length: {}\r\n",
                reply.status,
                reply.body.len()
            );
            for (name, value) in &reply.headers {
                head += &format!("{name}: {value}\r\n");
            }
            // In one piece: two would wait for each other.
            let whole = [head.as_bytes(), b"\r\n", reply.body.as_bytes()].concat();
            if stream.get_mut().write_all(&whole).is_err() {
                return;
            }
            let _ = stream.get_mut().flush();
            if let Some(after) = reply.hang_up {
                thread::sleep(after);
                return;
            }
        }
    }
}

pub fn read_request(stream: &mut impl BufRead) -> Option<Request> {
    let line = read_line(stream)?;
    let mut words = line.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let line = read_line(stream)?;
        match line.split_once(':') {
            Some((name, value)) => headers.push((name.to_owned(), value.trim().to_owned())),
            None => break,
        }
    }
    let mut request = Request {
        method,
        path,
        headers,
        body: Vec::new(),
    };
    let length = request
        .header("content-length")
        .map_or(0, |n| n.parse().unwrap());
    request.body = vec![0; length];
    stream.read_exact(&mut request.body).ok()?;
    Some(request)
}

fn read_line(stream: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    match stream.read_line(&mut line) {
        Ok(1..) => Some(line.trim_end().to_owned()),
        _ => None,
    }
}

/// Passes bytes on between two connections until both are closed.
pub fn join(a: TcpStream, b: TcpStream) {
    let (mut a_read, mut b_read) = (a.try_clone().unwrap(), b.try_clone().unwrap());
    let (mut a, mut b) = (a, b);
    let there = thread::spawn(move || {
        let _ = std::io::copy(&mut a_read, &mut b);
        let _ = b.shutdown(std::net::Shutdown::Write);
    });
    let _ = std::io::copy(&mut b_read, &mut a);
    let _ = a.shutdown(std::net::Shutdown::Write);
    let _ = there.join();
}
