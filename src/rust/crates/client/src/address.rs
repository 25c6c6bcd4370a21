//! URLs of servers: a scheme, a host, perhaps a port and a path.
use http::Uri;

/// The address in a text; `None` when it has no host, a port that is no number, or what only a page's address has.
pub(crate) fn parse(text: &str) -> Option<Uri> {
    // The parser drops a fragment without a word, and with it all that follows a "#" in a password.
    if text.contains(['?', '#']) {
        return None;
    }
    let uri: Uri = text.parse().ok()?;
    uri.scheme()?;
    let authority = uri.authority()?;
    let host = uri.host().filter(|host| !host.is_empty())?;
    let server = authority.as_str().rsplit('@').next()?;
    let port = server.strip_prefix(host)?;
    let is_port = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|port| port.parse::<u16>().is_ok());
    is_port.then_some(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_have_addresses() {
        for good in [
            "http://h",
            "https://h:1/a/b/",
            "http://u:p@h:1",
            "http://[::1]:4599",
            "socks5://h",
            "http://127.0.0.1:80/",
        ] {
            assert!(parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "h",
            "h:1",
            "/a",
            "http://",
            "http:///a",
            "http://:80",
            "http://h:p",
            "http://h:99999",
            "http://h/?a",
            "http://h#a",
            "http://u:p#q@h",
            "http://h i",
            "http://h\n",
        ] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }
}
