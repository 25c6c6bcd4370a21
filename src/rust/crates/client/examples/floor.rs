//! The floor: the same calls as the benchmarks make from R, made with the AWS SDK for Rust as its manual says.
//!
//! Usage: `floor URL`. Reads commands from standard input, one a line, and answers each with the seconds it took:
//! `parameters N` (GetParametersForImport, one after the other), `decrypt N ACTIVE` (Decrypt, so many at once),
//! `describe N` (DescribeKey), `list N` (ListKeys, a thousand to a page).
#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

use std::env;
use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};
use std::time::Instant;

use aws_credential_types::Credentials;
use aws_sdk_kms::Client;
use aws_sdk_kms::config::{BehaviorVersion, Region};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{AlgorithmSpec, WrappingKeySpec};
use futures_util::{StreamExt, stream};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = env::args().nth(1).ok_or("usage: floor URL")?;
    let config = aws_sdk_kms::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new(
            "AKIDEXAMPLE",
            "secret",
            None,
            None,
            "bench",
        ))
        .endpoint_url(url)
        .build();
    let client = Client::from_conf(config);
    for line in stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        let number = |index: usize| {
            words
                .get(index)
                .and_then(|word| word.parse::<usize>().ok())
                .unwrap_or(1)
        };
        let start = Instant::now();
        match words[0] {
            "parameters" => parameters(&client, number(1)).await?,
            "describe" => describe(&client, number(1)).await?,
            "list" => list(&client, number(1)).await?,
            "decrypt" => decrypt(&client, number(1), number(2)).await?,
            command => return Err(format!("unknown command {command}").into()),
        }
        println!("{}", start.elapsed().as_secs_f64());
        stdout().flush()?;
    }
    Ok(())
}

async fn parameters(client: &Client, count: usize) -> Result<(), Box<dyn Error>> {
    for _ in 0..count {
        client
            .get_parameters_for_import()
            .key_id("1234abcd-12ab-34cd-56ef-1234567890ab")
            .wrapping_algorithm(AlgorithmSpec::RsaesOaepSha256)
            .wrapping_key_spec(WrappingKeySpec::Rsa4096)
            .send()
            .await?;
    }
    Ok(())
}

async fn describe(client: &Client, count: usize) -> Result<(), Box<dyn Error>> {
    for _ in 0..count {
        client
            .describe_key()
            .key_id("1234abcd-12ab-34cd-56ef-1234567890ab")
            .send()
            .await?;
    }
    Ok(())
}

async fn list(client: &Client, count: usize) -> Result<(), Box<dyn Error>> {
    for _ in 0..count {
        client.list_keys().limit(1000).send().await?;
    }
    Ok(())
}

async fn decrypt(client: &Client, count: usize, active: usize) -> Result<(), Box<dyn Error>> {
    let mut answers = stream::iter(0..count)
        .map(|_| {
            client
                .decrypt()
                .ciphertext_blob(Blob::new(vec![7; 184]))
                .send()
        })
        .buffer_unordered(active);
    while let Some(answer) = answers.next().await {
        answer?;
    }
    Ok(())
}
