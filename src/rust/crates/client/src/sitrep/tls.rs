//! How a connection is protected. The SDK's connector does not tell, so another connection is made in the same way.
use std::sync::Arc;

use http::Uri;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ProtocolVersion, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::error::{Error, chain};
use crate::transport::{Proxy, Transport};

/// What a handshake agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The version, for example `TLS 1.3`.
    pub version: String,
    /// The key exchange's group, for example `X25519MLKEM768`.
    pub group: String,
    /// Whether a quantum computer could not undo the key exchange either.
    pub post_quantum: bool,
    /// The cipher suite, for example `TLS13_AES_256_GCM_SHA384`.
    pub cipher: String,
}

/// Makes a connection, through the proxy if there is one, and closes it.
pub(super) async fn shake_hands(transport: &Transport, url: &Uri) -> Result<Tls, Error> {
    let host = url.host().unwrap_or_default();
    let target = (host.trim_matches(['[', ']']), url.port_u16().unwrap_or(443));
    let name = ServerName::try_from(target.0.to_owned()).map_err(|error| failed(&error))?;
    let config = ClientConfig::builder_with_provider(Arc::new(
        rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .map_err(|error| failed(&error))?
    .with_root_certificates(roots(transport)?)
    .with_no_client_auth();
    let stream = match transport.proxies().toward(url)? {
        Some(proxy) => tunnel(proxy, target).await?,
        None => TcpStream::connect(target)
            .await
            .map_err(|error| failed(&error))?,
    };
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .map_err(|error| failed(&error))?;
    let (_, agreed) = stream.get_ref();
    let group = agreed
        .negotiated_key_exchange_group()
        .map(|group| format!("{:?}", group.name()))
        .unwrap_or_default();
    Ok(Tls {
        version: match agreed.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => "TLS 1.3".to_owned(),
            Some(ProtocolVersion::TLSv1_2) => "TLS 1.2".to_owned(),
            other => format!("{other:?}"),
        },
        // The hybrids and ML-KEM itself.
        post_quantum: group.to_ascii_uppercase().contains("MLKEM"),
        group,
        cipher: agreed
            .negotiated_cipher_suite()
            .map(|suite| format!("{:?}", suite.suite()))
            .unwrap_or_default(),
    })
}

fn roots(transport: &Transport) -> Result<RootCertStore, Error> {
    let trusted = transport.trusted()?;
    let mut roots = RootCertStore::empty();
    if trusted.system {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    roots.add_parsable_certificates(trusted.certificates.iter().cloned());
    Ok(roots)
}

/// Asks a proxy for a way through: RFC 9110, section 9.3.6.
async fn tunnel(proxy: &Proxy, (host, port): (&str, u16)) -> Result<TcpStream, Error> {
    let refused = |why: &str| Error::Transport {
        message: format!("the proxy {proxy} {why}"),
    };
    let intercept = proxy.intercept().ok_or_else(|| refused("has no address"))?;
    let address = intercept.uri();
    if address.scheme_str() == Some("https") {
        return Err(refused(
            "is reached over TLS itself, and what is inside of that is not looked at",
        ));
    }
    let address = (
        address.host().unwrap_or_default(),
        address.port_u16().unwrap_or(80),
    );
    let mut stream = TcpStream::connect(address)
        .await
        .map_err(|error| failed(&error))?;
    let mut request =
        format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n").into_bytes();
    if let Some(authorization) = intercept.basic_auth() {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(authorization.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    stream
        .write_all(&request)
        .await
        .map_err(|error| failed(&error))?;
    // Byte by byte: what follows the head belongs to TLS.
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < 8192 {
        head.push(stream.read_u8().await.map_err(|error| failed(&error))?);
    }
    let status = head.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    if status.first() == Some(&b'2') {
        return Ok(stream);
    }
    Err(refused(&format!(
        "refused: HTTP {}",
        String::from_utf8_lossy(status)
    )))
}

fn failed(error: &(dyn std::error::Error + 'static)) -> Error {
    Error::Transport {
        message: chain(error),
    }
}
