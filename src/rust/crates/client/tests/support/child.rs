//! A client in a process of its own: with an environment that nobody else has, and the files in a home folder.
//!
//! A test file that uses it has a test `child` that calls [`live`]. The child makes a call for each line it reads, and
//! writes what became of it.
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::PathBuf;
use std::process::{self, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};
use std::{env, fs};

use kmsr_client::log::{Level, Log};
use kmsr_client::sitrep::Sitrep;
use kmsr_client::{Arguments, Client, Credentials, Error, Secret, Settings, resolve};
use serde_json::{Value, json};
use tempfile::TempDir;

/// What became of a call.
#[derive(Debug)]
pub struct Outcome {
    /// "ok", or which of the ways to fail it was.
    pub kind: String,
    pub message: String,
    pub seconds: f64,
    /// Everything the call wrote to its log.
    pub log: Vec<String>,
}

impl Outcome {
    #[track_caller]
    pub fn is_ok(&self) {
        assert_eq!(self.kind, "ok", "{self:?}");
    }

    /// Fails in this way, with a message that says all of this.
    #[track_caller]
    pub fn fails(&self, kind: &str, said: &[&str]) {
        assert_eq!(self.kind, kind, "{self:?}");
        for said in said {
            assert!(
                self.message.contains(said),
                "{said:?} is not in: {}",
                self.message
            );
        }
    }

    pub fn log(&self) -> String {
        self.log.join("\n")
    }
}

/// How to start one.
pub struct Child {
    pub home: TempDir,
    variables: Vec<(String, String)>,
    settings: Value,
}

/// One that runs.
pub struct Running {
    process: process::Child,
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
    /// Kept for as long as the process lives.
    pub home: TempDir,
}

impl Child {
    /// With an empty home folder and an empty environment, in a Region, and without instance metadata.
    pub fn new() -> Self {
        let child = Self {
            home: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
            settings: json!({"region": "eu-central-1", "max_retries": 0}),
        };
        let home = child.home.path().display().to_string();
        child
            .variable("HOME", &home)
            .variable("PATH", &env::var("PATH").unwrap_or_default())
            .variable("AWS_EC2_METADATA_DISABLED", "true")
    }

    /// As [`Self::new`], with keys in the environment and this endpoint.
    pub fn with_keys(endpoint: &str) -> Self {
        Self::new()
            .setting("endpoint", endpoint)
            .variable("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT")
            .variable("AWS_SECRET_ACCESS_KEY", "secret-of-the-environment")
    }

    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self
    }

    pub fn setting(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.settings[name] = value.into();
        self
    }

    /// Writes a file below the home folder.
    pub fn file(self, path: &str, content: &str) -> Self {
        write_below(&self.home, path, content);
        self
    }

    pub fn start(self) -> Running {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--ignored", "--exact", "child", "--nocapture"])
            .env_clear()
            .envs(self.variables)
            .env("KMSR_TEST_SETTINGS", self.settings.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Running {
            to: process.stdin.take().unwrap(),
            from: BufReader::new(process.stdout.take().unwrap()).lines(),
            process,
            home: self.home,
        }
    }

    /// Makes one call.
    pub fn call(self) -> Outcome {
        self.start().call()
    }
}

impl Running {
    /// Makes a call.
    pub fn call(&mut self) -> Outcome {
        self.ask("call")
    }

    /// Writes a file below the home folder.
    pub fn file(&self, path: &str, content: &str) {
        write_below(&self.home, path, content);
    }

    /// Where the client stands, in the words of its debugging text.
    pub fn sitrep(&mut self) -> Outcome {
        self.ask("sitrep")
    }

    fn ask(&mut self, what: &str) -> Outcome {
        writeln!(self.to, "{what}").unwrap();
        let line = self
            .from
            .by_ref()
            .map(Result::unwrap)
            .find_map(|line| line.strip_prefix("@@").map(str::to_owned))
            .expect("the child answers");
        let told: Value = serde_json::from_str(&line).unwrap();
        let text = |name: &str| told[name].as_str().unwrap().to_owned();
        Outcome {
            kind: text("kind"),
            message: text("message"),
            seconds: told["seconds"].as_f64().unwrap(),
            log: told["log"]
                .as_array()
                .unwrap()
                .iter()
                .map(|line| line.as_str().unwrap().to_owned())
                .collect(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn write_below(home: &TempDir, path: &str, content: &str) {
    let path: PathBuf = home.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// The child's life.
pub fn live() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let settings = settings();
    let mut client = None;
    for asked in std::io::stdin().lines().map(Result::unwrap) {
        let log = Log::new(Level::Trace);
        let begun = Instant::now();
        let outcome = runtime.block_on(log.during(async {
            if client.is_none() {
                let resolved = resolve(&settings).await?;
                client = Some(Client::new(&settings, &resolved).await?);
            }
            let client = client.as_ref().unwrap();
            if asked == "sitrep" {
                let patience = Duration::from_secs(2);
                return Ok(format!("{:#?}", Sitrep::of(client, patience).await));
            }
            let operation = kmsr_model::operation("ListKeys").unwrap();
            client
                .call(operation, Arguments::new())
                .await
                .map(|_| String::new())
        }));
        let (kind, message) = match &outcome {
            Ok(told) => ("ok", told.clone()),
            Err(error) => (kind(error), error.to_string()),
        };
        let log: Vec<_> = log
            .take()
            .iter()
            .map(|event| format!("{}: {}", event.level.name(), event.message))
            .collect();
        let seconds = begun.elapsed().as_secs_f64();
        println!(
            "\n@@{}",
            json!({"kind": kind, "message": message, "seconds": seconds, "log": log})
        );
    }
}

fn settings() -> Settings {
    let told: Value = serde_json::from_str(&env::var("KMSR_TEST_SETTINGS").unwrap()).unwrap();
    let text = |name: &str| told[name].as_str().map(str::to_owned);
    let credentials = if told["anonymous"] == true {
        Credentials::Anonymous
    } else if let Some(access_key_id) = text("access_key_id") {
        Credentials::Static {
            access_key_id,
            secret_access_key: Secret::new("secret-that-was-given".to_owned()).into(),
            session_token: text("session_token").map(|token| Secret::new(token).into()),
            expiration: told["expiration"]
                .as_u64()
                .map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)),
        }
    } else {
        text("profile").map_or(Credentials::Chain, Credentials::Profile)
    };
    Settings {
        region: text("region").filter(|region| !region.is_empty()),
        endpoint: text("endpoint"),
        credentials,
        profile: text("profile"),
        max_retries: told["max_retries"].as_u64().map(|retries| retries as u32),
        connect_timeout: told["connect_timeout"]
            .as_f64()
            .map(Duration::from_secs_f64),
        use_fips: told["use_fips"].as_bool(),
        use_dual_stack: told["use_dual_stack"].as_bool(),
        ..Settings::default()
    }
}

fn kind(error: &Error) -> &'static str {
    match error {
        Error::Service { .. } => "service",
        Error::Unreadable { .. } => "unreadable",
        Error::Timeout { .. } => "timeout",
        Error::Transport { .. } => "transport",
        Error::Credentials { .. } => "credentials",
        Error::MissingRegion => "missing region",
        Error::Request { .. } => "request",
        _ => "new",
    }
}
