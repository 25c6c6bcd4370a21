//! Certificates that nobody trusts, servers that show them, and a proxy on the way there.
use std::fs;
use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

use super::double::{Double, Reply, Request, join, read_request};

/// An authority for one test, and a server's certificate from it.
pub struct Authority {
    folder: TempDir,
}

impl Authority {
    /// An authority that vouches for these hosts, such as `DNS:localhost,IP:127.0.0.1`.
    pub fn new(hosts: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Self { folder };
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2";
        authority.openssl(&format!(
            "req -x509 {key} -keyout ca.key -out ca.pem -subj /CN=Throw-away"
        ));
        authority.openssl(&format!(
            "req -x509 {key} -CA ca.pem -CAkey ca.key -keyout server.key -out server.pem -subj /CN=Server \
             -addext basicConstraints=CA:FALSE -addext subjectAltName={hosts}"
        ));
        authority
    }

    /// The authority's certificate, as a PEM file.
    pub fn pem(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn openssl(&self, arguments: &str) {
        let done = Command::new("openssl")
            .args(arguments.split_whitespace())
            .current_dir(self.folder.path())
            .output()
            .expect("the openssl command line is there");
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
    }

    /// A server with the certificate, on a port of its own.
    pub fn serve(
        &self,
        answer: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> (SocketAddr, Double) {
        let read = |name: &str| fs::read(self.folder.path().join(name)).unwrap();
        let certificate = CertificateDer::from_pem_slice(&read("server.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_slice(&read("server.key")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(
            rustls::crypto::aws_lc_rs::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
        let (config, answer) = (Arc::new(config), Arc::new(answer));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // Only its memory is used.
        let double = Double::kms();
        let kept = double.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, answer, kept) = (config.clone(), answer.clone(), kept.clone());
                thread::spawn(move || {
                    let connection = ServerConnection::new(config).unwrap();
                    kept.serve(StreamOwned::new(connection, stream), &*answer);
                });
            }
        });
        (address, double)
    }
}

/// A proxy that tunnels whatever it is asked for to one address, and remembers what it was asked.
pub struct Tunnel {
    pub port: u16,
    asked: Arc<Mutex<Vec<Request>>>,
}

impl Tunnel {
    pub fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked: Arc<Mutex<Vec<Request>>> = Arc::default();
        let kept = asked.clone();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let request = read_request(&mut BufReader::new(&stream)).unwrap();
                kept.lock().unwrap().push(request);
                stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").unwrap();
                let upstream = TcpStream::connect(target).unwrap();
                thread::spawn(move || join(stream, upstream));
            }
        });
        Self { port, asked }
    }

    pub fn asked(&self) -> Vec<Request> {
        self.asked.lock().unwrap().clone()
    }
}

/// A file that is not what it should be.
pub fn nonsense(folder: &Path) -> PathBuf {
    let path = folder.join("not.pem");
    fs::write(&path, "this is no certificate").unwrap();
    path
}
