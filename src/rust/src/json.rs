//! JSON for R, and randomness that R's own generator is no substitute for.
use extendr_api::prelude::*;

use crate::convert::{json_to_r, r_to_json};
use crate::error::{Failure, into_r};

/// Plain R values as indented JSON.
#[extendr]
fn rs_to_json(value: Robj, pretty: bool) -> Robj {
    into_r(
        r_to_json(&value, "value")
            .map_err(Failure::from)
            .map(|json| {
                if pretty {
                    format!("{json:#}")
                } else {
                    json.to_string()
                }
            }),
    )
}

/// JSON as R values; `NULL` if it is none.
#[extendr]
fn rs_from_json(text: &str) -> Robj {
    serde_json::from_str(text).map_or_else(|_| ().into(), |value| json_to_r(&value))
}

extendr_module! {
    mod json;
    fn rs_to_json;
    fn rs_from_json;
}
