//! Where a client stands, and whose credentials it found.
use std::time::{Duration, SystemTime};

use extendr_api::prelude::*;
use kmsr_client::Sourced;
use kmsr_client::log::Log;
use kmsr_client::sitrep::{self, Caller, Server, Sitrep, Tls};

use crate::client::Handle;
use crate::error::{Failure, into_r};
use crate::log;

/// Where a client stands: a named list whose elements are values, `NULL`, or failures of their own.
#[extendr]
fn rs_sitrep(client: Robj, patience: f64, log_level: i32) -> Robj {
    let log = log::open(log_level);
    let result = look_around(&client, patience, log.as_ref());
    log::enclose(into_r(result), log.as_ref())
}

/// The credentials a client would use now, secrets and all, as a list; `NULL` when it signs nothing.
#[extendr]
fn rs_credentials(client: Robj, log_level: i32) -> Robj {
    let log = log::open(log_level);
    let result = credentials(&client, log.as_ref());
    log::enclose(into_r(result), log.as_ref())
}

/// What the Rust half was built with: a character vector of versions, named.
#[extendr]
fn rs_built_with() -> List {
    let versions = sitrep::built_with().into_iter();
    List::from_pairs(versions.map(|(name, version)| (name, Robj::from(version))))
}

fn look_around(client: &Robj, patience: f64, log: Option<&Log>) -> Result<List, Failure> {
    let client = Handle::from_r(client)?.client()?;
    let patience = Duration::try_from_secs_f64(patience).unwrap_or(Duration::MAX);
    let sitrep = log::wait(log, Sitrep::of(client, patience))?;
    Ok(list!(
        endpoint = sitrep.endpoint.map_or(null(), Robj::from),
        credentials = part(sitrep.credentials, keys),
        caller = part(sitrep.caller, caller),
        server = part(sitrep.server, server),
        tls = part(sitrep.tls, tls),
        proxy = part(Some(sitrep.proxy), |proxy| proxy.map_or(null(), Robj::from)),
        authorities = part(Some(sitrep.authorities), authorities)
    ))
}

fn credentials(client: &Robj, log: Option<&Log>) -> Result<Robj, Failure> {
    let client = Handle::from_r(client)?.client()?;
    let Some(found) = log::wait(log, client.credentials())?? else {
        return Ok(null());
    };
    Ok(list!(
        access_key_id = found.access_key_id(),
        secret_access_key = found.secret_access_key(),
        session_token = found.session_token().unwrap_or_default(),
        expiration = found.expiry().map_or(null(), seconds)
    )
    .into())
}

fn part<T>(told: Option<Result<T, kmsr_client::Error>>, describe: impl FnOnce(T) -> Robj) -> Robj {
    told.map_or(null(), |told| {
        into_r(told.map(describe).map_err(Failure::from))
    })
}

fn keys(keys: sitrep::Credentials) -> Robj {
    list!(
        access_key_id = keys.access_key_id,
        source = keys.source,
        expires = keys.expires.map_or(null(), seconds)
    )
    .into()
}

fn caller(caller: Caller) -> Robj {
    list!(account = caller.account, arn = caller.arn).into()
}

fn server(server: Server) -> Robj {
    list!(
        status = i32::from(server.status),
        seconds = server.elapsed.as_secs_f64(),
        ahead = server.ahead.map_or(null(), Robj::from)
    )
    .into()
}

fn tls(tls: Tls) -> Robj {
    list!(
        version = tls.version,
        group = tls.group,
        post_quantum = tls.post_quantum,
        cipher = tls.cipher
    )
    .into()
}

fn authorities(sources: Vec<Sourced>) -> Robj {
    let told = sources
        .iter()
        .map(|found| format!("{} ({})", found.value, found.source));
    told.collect::<Vec<_>>().into()
}

fn seconds(time: SystemTime) -> Robj {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64()).into()
}

fn null() -> Robj {
    ().into()
}

extendr_module! {
    mod sitrep;
    fn rs_sitrep;
    fn rs_credentials;
    fn rs_built_with;
}
