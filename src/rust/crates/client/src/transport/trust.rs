//! Which certificate authorities are trusted: the system's, and those named in the environment.
use std::path::{Path, PathBuf};
use std::{env, fs};

use aws_smithy_http_client::tls::TrustStore;
use aws_types::os_shim_internal::Env;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::error::Error;

/// Variables that name a PEM file of certificate authorities to trust besides the system's.
const BESIDES: [&str; 2] = ["AWS_CA_BUNDLE", "CURL_CA_BUNDLE"];
/// Variables that name a file, or folders of files, to trust instead of the system's.
const INSTEAD_FILE: &str = "SSL_CERT_FILE";
const INSTEAD_FOLDERS: &str = "SSL_CERT_DIR";

/// The authorities to trust.
#[derive(Debug)]
pub(crate) struct Trusted {
    /// Whether the system's are.
    pub(crate) system: bool,
    /// Certificates that can be used.
    pub(crate) certificates: Vec<CertificateDer<'static>>,
    /// The variables that were followed, and what they name.
    pub(crate) sources: Vec<(&'static str, String)>,
}

impl Trusted {
    /// The authorities the environment names.
    ///
    /// # Errors
    /// [`Error::Request`] when a variable names what cannot be read, or what holds no certificate in PEM form.
    pub(crate) fn from_env(env: &Env) -> Result<Self, Error> {
        let mut trusted = Self {
            system: true,
            certificates: Vec::new(),
            sources: Vec::new(),
        };
        let set = |variable: &str| env.get(variable).ok().filter(|value| !value.is_empty());
        for variable in BESIDES {
            if let Some(path) = set(variable) {
                trusted.add_file(variable, path)?;
            }
        }
        if let Some(path) = set(INSTEAD_FILE) {
            trusted.system = false;
            trusted.add_file(INSTEAD_FILE, path)?;
        }
        if let Some(folders) = set(INSTEAD_FOLDERS) {
            trusted.system = false;
            trusted.add_folders(INSTEAD_FOLDERS, folders)?;
        }
        Ok(trusted)
    }

    /// In the form the SDK's connector takes.
    pub(crate) fn to_store(&self) -> TrustStore {
        let mut store = TrustStore::empty().with_native_roots(self.system);
        for certificate in &self.certificates {
            let base64 = aws_smithy_types::base64::encode(certificate.as_ref());
            store.add_pem_certificate(format!(
                "-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n"
            ));
        }
        store
    }

    fn add_file(&mut self, variable: &'static str, path: String) -> Result<(), Error> {
        let found = certificates(Path::new(&path)).map_err(|reason| Error::Request {
            message: format!("the environment variable {variable} names {path}, {reason}"),
        })?;
        self.certificates.extend(found);
        self.sources.push((variable, path));
        Ok(())
    }

    fn add_folders(&mut self, variable: &'static str, folders: String) -> Result<(), Error> {
        let files = env::split_paths(&folders).flat_map(files_in);
        // Such folders hold links and revocation lists as well.
        let found: Vec<_> = files
            .filter_map(|file| certificates(&file).ok())
            .flatten()
            .collect();
        // The file beside it may hold them all.
        let beside_file = self
            .sources
            .iter()
            .any(|(variable, _)| *variable == INSTEAD_FILE);
        if found.is_empty() && !beside_file {
            return Err(Error::Request {
                message: format!(
                    "the environment variable {variable} names {folders}, which holds no certificate in PEM form"
                ),
            });
        }
        self.certificates.extend(found);
        self.sources.push((variable, folders));
        Ok(())
    }
}

/// The certificates in a file that can be used as authorities, or why there are none.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let pem = fs::read(path).map_err(|error| format!("which cannot be read: {error}"))?;
    let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let mut usable = parsed.map_err(|error| format!("which is not valid PEM: {error}"))?;
    // Old bundles hold certificates that no verifier takes any more; the others are good all the same.
    usable.retain(|certificate| RootCertStore::empty().add(certificate.clone()).is_ok());
    if usable.is_empty() {
        Err("which holds no certificate in PEM form".to_owned())
    } else {
        Ok(usable)
    }
}

fn files_in(folder: PathBuf) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect()
}
