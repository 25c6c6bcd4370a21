//! Where requests go: botocore's expectations for every Region, and what the environment and the files say.
mod support;

use kmsr_client::{Client, Credentials, Error, Settings, resolve};
use support::{Child, Double};

#[test]
#[ignore = "a process of its own, for the other tests"]
fn child() {
    support::child::live();
}

/// One line of the table.
struct Case<'a> {
    region: &'a str,
    fips: bool,
    dual_stack: bool,
    endpoint: &'a str,
    expected: &'a str,
}

fn cases() -> Vec<Case<'static>> {
    let table = include_str!("data/endpoints.tsv");
    let rows = table.lines().skip(2).map(|line| {
        let cells: Vec<_> = line.split('\t').collect();
        let [region, fips, dual_stack, endpoint, expected] = cells[..] else {
            panic!("five cells, not {line:?}");
        };
        Case {
            region,
            fips: fips == "true",
            dual_stack: dual_stack == "true",
            endpoint,
            expected,
        }
    });
    rows.collect()
}

fn settings(case: &Case<'_>) -> Settings {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Settings {
        region: text(case.region),
        endpoint: text(case.endpoint),
        credentials: Credentials::Anonymous,
        use_fips: Some(case.fips),
        use_dual_stack: Some(case.dual_stack),
        ..Settings::default()
    }
}

#[tokio::test]
async fn requests_go_where_botocore_sends_them() {
    let cases = cases();
    assert!(cases.len() > 190);
    for case in &cases {
        let settings = settings(case);
        let Ok(resolved) = resolve(&settings).await else {
            assert_eq!(case.expected, "error", "{} {}", case.region, case.endpoint);
            continue;
        };
        let client = Client::new(&settings, &resolved).await.expect("a client");
        let url = client.endpoint_url().map(|url| url.to_string());
        // A URL's path is never empty.
        let expected = (case.expected != "error").then(|| format!("{}/", case.expected));
        assert_eq!(
            url, expected,
            "{} fips {} dual {}",
            case.region, case.fips, case.dual_stack
        );
    }
}

#[tokio::test]
async fn a_custom_endpoint_excludes_the_variants_of_the_regions_own() {
    for (fips, dual_stack, setting) in [(true, false, "use_fips"), (false, true, "use_dual_stack")]
    {
        let settings = settings(&Case {
            region: "us-east-1",
            fips,
            dual_stack,
            endpoint: "https://kms.example.com",
            expected: "error",
        });
        let error = resolve(&settings).await.expect_err("both");
        let told = error.to_string();
        assert!(matches!(error, Error::Request { .. }));
        assert!(
            told.contains(setting) && told.contains("https://kms.example.com"),
            "{told}"
        );
    }
    // Switches in the environment are meant for the endpoints of Regions.
    let kms = Double::kms();
    Child::with_keys(&kms.url())
        .variable("AWS_USE_FIPS_ENDPOINT", "true")
        .variable("AWS_USE_DUALSTACK_ENDPOINT", "true")
        .call()
        .is_ok();
}

#[tokio::test]
async fn a_region_is_a_part_of_a_host_name_and_nothing_else() {
    for region in [
        "x.evil.com/",
        "x.evil.com#",
        "evil.com@x",
        "eu central 1",
        "eu-central-1\r\nx: y",
        "../..",
        "-eu",
        "eu-",
        "123",
        "ü",
        "a:80",
        &"a".repeat(64),
    ] {
        let settings = Settings {
            region: Some(region.to_owned()),
            ..Settings::default()
        };
        let error = resolve(&settings).await.expect_err(region);
        assert!(
            error
                .to_string()
                .starts_with("region must be the name of an AWS Region"),
            "{error}"
        );
    }
    // One that AWS has yet to open.
    let settings = Settings {
        region: Some("xx-north-77".to_owned()),
        ..Settings::default()
    };
    resolve(&settings)
        .await
        .expect("a name that could be a Region's");
}

#[tokio::test]
async fn an_endpoint_is_a_servers_address() {
    for endpoint in [
        "kms.example.com",
        "ftp://h",
        "http://",
        "http://u:p@h",
        "http://h?a=b",
        "http://h:port",
        " ",
    ] {
        let settings = Settings {
            endpoint: Some(endpoint.to_owned()),
            ..Settings::default()
        };
        let error = resolve(&settings).await.expect_err(endpoint);
        assert!(
            error.to_string().starts_with("endpoint must be a URL"),
            "{error}"
        );
    }
}

// --- The order of places that name an endpoint ---------------------------------------------------------------------------

fn plain() -> Child {
    Child::with_keys("").setting("endpoint", serde_json::Value::Null)
}

#[test]
fn the_services_own_variable_wins_over_the_general_one() {
    let (own, general, file) = (Double::kms(), Double::kms(), Double::kms());
    let config = format!("[default]\nendpoint_url = {}\n", file.url());
    plain()
        .file(".aws/config", &config)
        .variable("AWS_ENDPOINT_URL_KMS", &own.url())
        .variable("AWS_ENDPOINT_URL", &general.url())
        .call()
        .is_ok();
    plain()
        .file(".aws/config", &config)
        .variable("AWS_ENDPOINT_URL", &general.url())
        .call()
        .is_ok();
    plain().file(".aws/config", &config).call().is_ok();
    assert_eq!(
        (own.seen().len(), general.seen().len(), file.seen().len()),
        (1, 1, 1)
    );
}

#[test]
fn a_profiles_services_section_wins_over_its_general_endpoint() {
    let (own, general) = (Double::kms(), Double::kms());
    let config = format!(
        "[profile work]\nservices = local\nendpoint_url = {}\n[services local]\nkms =\n  endpoint_url = {}\n",
        general.url(),
        own.url()
    );
    plain()
        .file(".aws/config", &config)
        .variable("AWS_PROFILE", "work")
        .call()
        .is_ok();
    assert_eq!((own.seen().len(), general.seen().len()), (1, 0));
}

#[test]
fn configured_endpoints_can_be_ignored() {
    let kms = Double::kms();
    let outcome = plain()
        .variable("AWS_ENDPOINT_URL_KMS", &kms.url())
        .variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
        // Not further than this machine.
        .variable("HTTPS_PROXY", "http://127.0.0.1:9")
        .setting("connect_timeout", 2.0)
        .call();
    assert_eq!(outcome.kind, "transport", "{outcome:?}");
    assert!(kms.seen().is_empty());
}

#[test]
fn a_path_of_an_endpoint_is_kept() {
    let kms = Double::kms();
    Child::with_keys(&format!("{}/behind/a/gateway", kms.url()))
        .call()
        .is_ok();
    assert_eq!(kms.only().path, "/behind/a/gateway/");
}

#[test]
fn values_that_make_no_sense_are_told_with_where_they_are() {
    for (variable, value) in [
        ("AWS_REGION", "eu west"),
        ("AWS_ENDPOINT_URL_KMS", "kms.example.com"),
        ("AWS_USE_FIPS_ENDPOINT", "perhaps"),
        ("AWS_MAX_ATTEMPTS", "0"),
        ("AWS_RETRY_MODE", "stubborn"),
    ] {
        let child = Child::new()
            .setting("region", "")
            .setting("max_retries", serde_json::Value::Null);
        let source = format!("the environment variable {variable} says {value:?}");
        child
            .variable(variable, value)
            .call()
            .fails("request", &[&source]);
    }
}

#[test]
fn without_a_region_nothing_is_sent() {
    let kms = Double::kms();
    Child::with_keys(&kms.url())
        .setting("region", "")
        .call()
        .fails("missing region", &[]);
    assert!(kms.seen().is_empty());
}
