//! Proxies, from the variables that curl, Python and R's own downloads read.
use std::fmt;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_types::os_shim_internal::Env;
use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use crate::address;
use crate::error::Error;

/// Never behind a proxy: this machine, and the addresses where machines and containers find their credentials, which
/// answer only where they are asked.
const ALWAYS_DIRECT: &str = "localhost,127.0.0.0/8,::1,169.254.0.0/16,fd00:ec2::/32";

/// Which requests go through which proxy.
#[derive(Debug)]
pub(crate) struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    exempt: String,
    /// Intercepts everything that is not exempt.
    matcher: Matcher,
}

/// A proxy and the variable that names it. Shows neither user nor password.
#[derive(Clone)]
pub(crate) struct Proxy {
    variable: &'static str,
    url: String,
}

impl Proxies {
    /// The proxies the environment names. A lower-case name wins over an upper-case one, as in curl.
    pub(crate) fn from_env(env: &Env) -> Self {
        let first = |names: &[&'static str]| {
            names.iter().find_map(|&variable| {
                let value = env.get(variable).ok()?;
                let value = value.trim();
                (!value.is_empty()).then(|| (variable, value.to_owned()))
            })
        };
        let proxy =
            |names: &[&'static str]| first(names).map(|(variable, url)| Proxy { variable, url });
        // A web server that runs scripts puts a request's "Proxy" header into HTTP_PROXY: whoever asks must not choose.
        let http = if env.get("REQUEST_METHOD").is_ok() {
            &["http_proxy"][..]
        } else {
            &["http_proxy", "HTTP_PROXY"]
        };
        let all = proxy(&["all_proxy", "ALL_PROXY"]);
        let exempt = first(&["no_proxy", "NO_PROXY"]).map_or_else(String::new, |(_, rules)| rules);
        // "*.example.com" is how some write what curl writes as ".example.com".
        let exempt = format!("{},{ALWAYS_DIRECT}", exempt.replace("*.", "."));
        Self {
            http: proxy(http).or_else(|| all.clone()),
            https: proxy(&["https_proxy", "HTTPS_PROXY"]).or(all),
            matcher: Matcher::builder()
                .all("http://any")
                .no(exempt.as_str())
                .build(),
            exempt,
        }
    }

    /// The proxy a request to this address goes through, if any.
    ///
    /// # Errors
    /// [`Error::Request`] when there should be one, but what names it is not the URL of an HTTP proxy.
    pub(crate) fn toward(&self, destination: &Uri) -> Result<Option<&Proxy>, Error> {
        if self.matcher.intercept(destination).is_none() {
            return Ok(None);
        }
        let proxy = if destination.scheme_str() == Some("http") {
            &self.http
        } else {
            &self.https
        };
        proxy
            .as_ref()
            .map(|proxy| proxy.parsed().map(|_| proxy))
            .transpose()
    }

    /// For a connector that serves `http://` addresses alone. A proxy that is none is left to [`Self::toward`].
    pub(crate) fn for_http(&self) -> ProxyConfig {
        self.config(self.http.as_ref(), ProxyConfig::http)
    }

    /// For a connector that serves `https://` addresses alone.
    pub(crate) fn for_https(&self) -> ProxyConfig {
        self.config(self.https.as_ref(), ProxyConfig::https)
    }

    fn config<E>(
        &self,
        proxy: Option<&Proxy>,
        make: impl FnOnce(String) -> Result<ProxyConfig, E>,
    ) -> ProxyConfig {
        proxy
            .and_then(|proxy| proxy.parsed().ok())
            .and_then(|url| make(url).ok())
            .map_or_else(ProxyConfig::disabled, |config| {
                config.no_proxy(&self.exempt)
            })
    }
}

impl Proxy {
    /// The address to connect to, and what to say there.
    pub(crate) fn intercept(&self) -> Option<Intercept> {
        let url = self.parsed().ok()?;
        Matcher::builder()
            .all(url)
            .build()
            .intercept(&Uri::from_static("https://any"))
    }

    /// The URL with its scheme; without one it is HTTP.
    fn parsed(&self) -> Result<String, Error> {
        let url = if self.url.contains("://") {
            self.url.clone()
        } else {
            format!("http://{}", self.url)
        };
        match address::parse(&url).as_ref().and_then(Uri::scheme_str) {
            Some("http" | "https") => Ok(url),
            Some(scheme) => Err(self.wrong(&format!("names a {scheme} proxy, and only HTTP proxies can be used"))),
            // The text is not repeated: there may be a password in it.
            None => Err(self.wrong(
                "is not the URL of a proxy, such as http://proxy.example.com:8080 (with any special characters of a \
                 user and a password percent-encoded)",
            )),
        }
    }

    fn wrong(&self, what: &str) -> Error {
        Error::Request {
            message: format!("the environment variable {} {what}", self.variable),
        }
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.parsed().unwrap_or_default();
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        let (user, host) = rest
            .rsplit_once('@')
            .map_or(("", rest), |(_, host)| ("<REDACTED>@", host));
        write!(
            f,
            "{scheme}://{user}{} (environment variable {})",
            host.trim_end_matches('/'),
            self.variable
        )
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toward(variables: &[(&str, &str)], destination: &str) -> Result<Option<String>, String> {
        let proxies = Proxies::from_env(&Env::from_slice(variables));
        let destination = destination.parse().expect("a test's URL");
        proxies
            .toward(&destination)
            .map(|proxy| proxy.map(ToString::to_string))
            .map_err(|error| error.to_string())
    }

    fn named(proxy: &str) -> Result<Option<String>, String> {
        Ok(Some(proxy.to_owned()))
    }

    #[test]
    fn each_scheme_has_its_variable_and_all_proxy_stands_in() {
        let kms = "https://kms.eu-central-1.amazonaws.com/";
        assert_eq!(toward(&[], kms), Ok(None));
        for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
            assert_eq!(
                toward(&[(variable, "http://p:8080")], kms),
                named(&format!("http://p:8080 (environment variable {variable})"))
            );
        }
        assert_eq!(toward(&[("HTTP_PROXY", "http://p:8080")], kms), Ok(None));
        assert_eq!(
            toward(
                &[("HTTP_PROXY", "p:8080"), ("ALL_PROXY", "q:1")],
                "http://other/"
            ),
            named("http://p:8080 (environment variable HTTP_PROXY)")
        );
        assert_eq!(
            toward(
                &[
                    ("https_proxy", "http://lower"),
                    ("HTTPS_PROXY", "http://upper")
                ],
                kms
            ),
            { named("http://lower (environment variable https_proxy)") }
        );
        // Set but empty is not set.
        assert_eq!(
            toward(&[("https_proxy", ""), ("HTTPS_PROXY", "http://upper")], kms),
            { named("http://upper (environment variable HTTPS_PROXY)") }
        );
    }

    #[test]
    fn hosts_are_exempt_by_name_suffix_and_network() {
        let kms = "https://kms.eu-central-1.amazonaws.com/";
        for rule in [
            "*",
            "amazonaws.com",
            ".amazonaws.com",
            "*.amazonaws.com",
            "other, kms.eu-central-1.amazonaws.com",
        ] {
            assert_eq!(
                toward(&[("HTTPS_PROXY", "http://p"), ("NO_PROXY", rule)], kms),
                Ok(None),
                "{rule}"
            );
        }
        for rule in ["azonaws.com", "other.example", ""] {
            let through = toward(&[("HTTPS_PROXY", "http://p"), ("no_proxy", rule)], kms);
            assert_eq!(
                through,
                named("http://p (environment variable HTTPS_PROXY)"),
                "{rule}"
            );
        }
        assert_eq!(
            toward(
                &[("HTTPS_PROXY", "http://p"), ("NO_PROXY", "10.0.0.0/8")],
                "https://10.1.2.3/"
            ),
            Ok(None)
        );
    }

    #[test]
    fn this_machine_and_metadata_are_never_behind_a_proxy() {
        for destination in [
            "http://127.0.0.1:4599/",
            "http://localhost:4599/",
            "http://[::1]:4599/",
            "http://169.254.169.254/latest",
            "http://169.254.170.2/v2",
            "http://[fd00:ec2::254]/latest",
        ] {
            // Not even a useless one gets in the way.
            assert_eq!(
                toward(&[("ALL_PROXY", "socks5://p")], destination),
                Ok(None),
                "{destination}"
            );
        }
    }

    #[test]
    fn what_is_no_http_proxy_is_told_without_its_password() {
        let socks = toward(&[("ALL_PROXY", "socks5://user:pa55@p:1")], "https://kms/")
            .expect_err("not HTTP");
        assert!(socks.contains("ALL_PROXY names a socks5 proxy"), "{socks}");
        for url in [
            "http://user:pa55 word@p:1",
            "http://",
            "http://user:pa55#@p",
        ] {
            let error = toward(&[("HTTPS_PROXY", url)], "https://kms/").expect_err(url);
            assert!(
                error.contains("HTTPS_PROXY") && !error.contains("pa55"),
                "{error}"
            );
        }
    }

    #[test]
    fn user_and_password_are_sent_but_never_shown() {
        let proxies = Proxies::from_env(&Env::from_slice(&[(
            "HTTPS_PROXY",
            "http://user:p%40ss@p:8080/",
        )]));
        let destination = Uri::from_static("https://kms/");
        let proxy = proxies
            .toward(&destination)
            .expect("an HTTP proxy")
            .expect("a proxy");
        assert_eq!(
            proxy.to_string(),
            "http://<REDACTED>@p:8080 (environment variable HTTPS_PROXY)"
        );
        assert!(!format!("{proxies:?}").contains("p%40ss"));
        let intercept = proxy.intercept().expect("an HTTP proxy");
        assert_eq!(
            intercept.basic_auth().expect("credentials"),
            "Basic dXNlcjpwQHNz"
        );
        assert_eq!(intercept.uri(), "http://p:8080/");
    }

    #[test]
    fn a_web_request_does_not_choose_the_proxy() {
        let cgi = ("REQUEST_METHOD", "GET");
        assert_eq!(
            toward(&[cgi, ("HTTP_PROXY", "http://evil")], "http://other/"),
            Ok(None)
        );
        assert_eq!(
            toward(&[cgi, ("http_proxy", "http://good")], "http://other/"),
            named("http://good (environment variable http_proxy)")
        );
    }
}
