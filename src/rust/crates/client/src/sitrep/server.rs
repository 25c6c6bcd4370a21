//! What a server says to anybody: that it is there, and what time it is.
use std::error::Error as StdError;
use std::time::{Duration, SystemTime};

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use http::Uri;

use crate::error::{Error, chain};
use crate::transport::Transport;

/// A server that answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    /// The status of its answer to a request for nothing. AWS KMS says 404.
    pub status: u16,
    /// How long the answer took, the connection included.
    pub elapsed: Duration,
    /// By how many seconds its clock is ahead of this machine's; negative when it is behind. Exact to a second. `None`
    /// when it does not tell the time.
    pub ahead: Option<f64>,
}

/// Asks for nothing, unsigned, over the connections that calls use.
pub(super) async fn ask(transport: &Transport, url: &Uri) -> Result<Server, Error> {
    let request = HttpRequest::get(url.to_string()).map_err(|error| Error::Request {
        message: chain(&error),
    })?;
    let connector = transport.connector(&HttpConnectorSettings::builder().build());
    let (before, begun) = (SystemTime::now(), std::time::Instant::now());
    let answer = connector
        .call(request)
        .await
        .map_err(|error| Error::Transport {
            message: error.source().map_or_else(|| error.to_string(), chain),
        })?;
    let elapsed = begun.elapsed();
    Ok(Server {
        status: answer.status().as_u16(),
        elapsed,
        ahead: answer
            .headers()
            .get("date")
            .and_then(|date| ahead(date, before + elapsed / 2)),
    })
}

fn ahead(date: &str, here: SystemTime) -> Option<f64> {
    let there = DateTime::from_str(date, Format::HttpDate)
        .ok()?
        .as_secs_f64();
    let here = here
        .duration_since(SystemTime::UNIX_EPOCH)
        .ok()?
        .as_secs_f64();
    // A date is the beginning of its second, so the clock is half a second further on the average.
    Some(there + 0.5 - here)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_compared() {
        let here = SystemTime::UNIX_EPOCH + Duration::from_millis(1_000_000_000_500);
        assert_eq!(ahead("Sun, 09 Sep 2001 01:46:40 GMT", here), Some(0.0));
        assert_eq!(ahead("Sun, 09 Sep 2001 01:56:40 GMT", here), Some(600.0));
        assert_eq!(ahead("Sun, 09 Sep 2001 01:46:10 GMT", here), Some(-30.0));
        assert_eq!(ahead("yesterday", here), None);
    }
}
