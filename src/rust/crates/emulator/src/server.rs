//! HTTP/1.1 on loopback: bytes in, bytes out, bounded in size and time.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming as IncomingBody, SizeHint};
use hyper::header::{CONTENT_TYPE, DATE, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::crypto;
use crate::dispatch::{Reply, Service, XML};
use crate::faults::Cut;
use crate::sigv4::{Headers, Incoming};

/// The largest body that is read. The longest KMS request is a key policy of 128 KiB.
const MAX_BODY: usize = 1024 * 1024;
/// How long a client may take over the head of a request, and then over its body.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Serves until told to stop; connections still open are dropped then.
pub(crate) async fn serve(
    listener: std::net::TcpListener,
    service: Arc<Service>,
    mut stop: oneshot::Receiver<()>,
) {
    // The listener is non-blocking and the runtime has its I/O on: there is nothing else that could fail.
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    loop {
        tokio::select! {
            _ = &mut stop => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    tokio::spawn(connection(stream, Arc::clone(&service)));
                }
                // Out of file descriptors, most likely: give the open connections time to end.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
        }
    }
}

async fn connection(stream: TcpStream, service: Arc<Service>) {
    // Without this, the second of two small writes waits 40 ms for the first one's acknowledgement. If it cannot be set, the
    // connection is slow but right.
    let _ = stream.set_nodelay(true);
    let handle = service_fn(|request| {
        let service = Arc::clone(&service);
        async move { respond(&service, request).await }
    });
    // A connection ends in an error when its client goes away, sends no HTTP, or has its answer cut off: none is ours to report.
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(TIMEOUT)
        .serve_connection(TokioIo::new(stream), handle)
        .await;
}

/// An answer cut off on purpose.
#[derive(Debug)]
struct CutOff;

impl std::fmt::Display for CutOff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the answer is cut off on purpose")
    }
}

impl std::error::Error for CutOff {}

async fn respond(
    service: &Service,
    request: Request<IncomingBody>,
) -> Result<Response<AnswerBody>, CutOff> {
    let (head, body) = request.into_parts();
    let body = match read(body, TIMEOUT).await {
        Ok(body) => body,
        Err(refusal) => return response(service, refusal),
    };
    let headers = Headers(
        head.headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
            .collect(),
    );
    let incoming = Incoming {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        headers: &headers,
        body: &body,
    };
    response(service, service.answer(&incoming).await)
}

fn response(service: &Service, reply: Reply) -> Result<Response<AnswerBody>, CutOff> {
    let body = match reply.cut {
        Some(Cut::Before) => return Err(CutOff),
        Some(Cut::Within) => AnswerBody::cut(reply.body),
        None => AnswerBody::whole(reply.body),
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    let texts = [
        (REQUEST_ID, reply.request_id),
        (DATE, service.believed_time().imf_fixdate()),
    ];
    for (name, text) in texts {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    }
    Ok(response)
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// A request's body, or the refusal of one that is too long or too slow: the connection ends with it.
async fn read<B: Body>(body: B, timeout: Duration) -> Result<Bytes, Reply>
where
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let refuse = |status, body: &[u8]| Reply {
        status,
        content_type: XML,
        request_id: crypto::uuid(),
        body: body.to_vec(),
        cut: None,
    };
    match tokio::time::timeout(timeout, Limited::new(body, MAX_BODY).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(_)) => Err(refuse(413, b"<RequestEntityTooLargeException/>\n")),
        Err(_) => Err(refuse(408, b"<RequestTimeoutException/>\n")),
    }
}

/// An answer's bytes: all of them, or the first half and then an error. The head announces them all.
struct AnswerBody {
    rest: Option<Bytes>,
    announced: u64,
    cut: bool,
}

impl AnswerBody {
    fn whole(bytes: Vec<u8>) -> Self {
        Self {
            announced: bytes.len() as u64,
            rest: (!bytes.is_empty()).then(|| Bytes::from(bytes)),
            cut: false,
        }
    }

    fn cut(mut bytes: Vec<u8>) -> Self {
        // Even an empty answer must have something missing.
        let announced = bytes.len().max(1) as u64;
        bytes.truncate(bytes.len() / 2);
        Self {
            announced,
            rest: (!bytes.is_empty()).then(|| Bytes::from(bytes)),
            cut: true,
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        if let Some(bytes) = self.rest.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        Poll::Ready(self.cut.then_some(Err(CutOff)))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none() && !self.cut
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends its bytes and then no more, but does not end.
    struct Slow(Option<Bytes>);

    impl Body for Slow {
        type Data = Bytes;
        type Error = CutOff;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
            match self.0.take() {
                Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
                None => Poll::Pending,
            }
        }
    }

    #[tokio::test]
    async fn a_body_may_be_neither_too_slow_nor_too_long() {
        let status = async |length| {
            let body = Slow(Some(Bytes::from(vec![b' '; length])));
            let refusal = read(body, Duration::from_millis(20)).await;
            refusal.expect_err("it never ends").status
        };
        assert_eq!(status(1).await, 408);
        assert_eq!(status(MAX_BODY + 1).await, 413);
        let whole = read(AnswerBody::whole(b"{}".to_vec()), Duration::from_secs(1)).await;
        assert_eq!(whole.ok().as_deref(), Some(&b"{}"[..]));
    }
}
