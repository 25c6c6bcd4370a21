//! Serves an emulator to other programs and languages until interrupted. `PORT` chooses the port, `STORE` a file to keep the
//! account in.
//!
//! The four lines it prints are environment variables that the AWS CLI, boto3 and Terraform understand.
#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

use std::error::Error;
use std::io::Write;

use kmsr_emulator::{Config, Emulator};

fn main() -> Result<(), Box<dyn Error>> {
    let port = match std::env::var("PORT") {
        Ok(port) => port.parse()?,
        Err(_) => 0,
    };
    let emulator = Emulator::start(Config {
        port,
        store: std::env::var_os("STORE").map(Into::into),
        ..Config::default()
    })?;
    let credentials = emulator.credentials();
    println!("AWS_ENDPOINT_URL_KMS={}", emulator.endpoint());
    println!("AWS_ACCESS_KEY_ID={}", credentials.access_key_id);
    println!("AWS_SECRET_ACCESS_KEY={}", credentials.secret_access_key);
    println!("AWS_REGION={}", emulator.region());
    std::io::stdout().flush()?;
    loop {
        std::thread::park();
    }
}
