//! HTTP/1.1 on loopback: bytes in, bytes out, bounded in size and time.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming as IncomingBody};
use hyper::header::{CONTENT_TYPE, DATE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::dispatch::{Reply, Service};
use crate::sigv4::{Headers, Incoming};

/// The largest body that is read. The longest KMS request is a key policy of 128 KiB.
const MAX_BODY: usize = 1024 * 1024;
/// How long a client may take over the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

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
        async move { Ok::<_, Infallible>(respond(&service, request).await) }
    });
    // A connection ends in an error when its client goes away or sends no HTTP: neither is ours to report.
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), handle)
        .await;
}

async fn respond(service: &Service, request: Request<IncomingBody>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_BODY).collect().await else {
        return response(service, too_large());
    };
    let body = body.to_bytes();
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

fn response(service: &Service, reply: Reply) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(reply.body)));
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    for (name, value) in [
        ("x-amzn-requestid", reply.request_id),
        (DATE.as_str(), service.clock.now().imf_fixdate()),
    ] {
        if let (Ok(name), Ok(value)) = (
            hyper::header::HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(&value),
        ) {
            headers.insert(name, value);
        }
    }
    response
}

fn too_large() -> Reply {
    Reply {
        status: 413,
        content_type: "text/xml",
        request_id: crate::operations::uuid(),
        body: b"<RequestEntityTooLargeException/>\n".to_vec(),
    }
}
