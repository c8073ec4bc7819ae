//! The handle API of doi.org, which tells a DOI that does not exist from one
//! that leads nowhere (<https://www.doi.org/the-identifier/resources/factsheets/doi-resolution-documentation>).

use paperfall_adapter::ids::Doi;
use paperfall_adapter::{Host, Miss, Request, json, urls};
use serde::Deserialize;

/// What the registry knows of a DOI.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Handle {
    Unregistered,
    Registered(Option<String>),
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default, rename = "responseCode", deserialize_with = "json::text")]
    response_code: Option<String>,
    #[serde(default, deserialize_with = "json::list")]
    values: Vec<Value>,
}

#[derive(Deserialize)]
struct Value {
    #[serde(default, rename = "type", deserialize_with = "json::text")]
    kind: Option<String>,
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    // An object for other types than URL.
    #[serde(default, deserialize_with = "json::text")]
    value: Option<String>,
}

/// Asks the registry behind the resolver.
///
/// # Errors
/// As any request; `bad_answer` for a response code the API does not document.
pub(crate) fn look_up(host: &dyn Host, resolver: &str, doi: &Doi) -> Result<Handle, Miss> {
    let url = format!("{resolver}/api/handles/{}?type=URL", doi.url_path());
    let response = Request::metadata(url).send(host)?;
    // "Not found" comes with status 404 and is an answer all the same.
    let response = if response.status == 404 {
        response
    } else {
        response.ok()?
    };
    let answer: Answer = response.json("an answer of doi.org's handle API")?;
    match answer.response_code.as_deref() {
        Some("1") => Ok(Handle::Registered(target(answer.values))),
        // Registered, but without a value of the type asked for.
        Some("200") => Ok(Handle::Registered(None)),
        Some("100") => Ok(Handle::Unregistered),
        _ => Err(Miss::bad_answer("responseCode 1, 100 or 200 from doi.org")),
    }
}

fn target(values: Vec<Value>) -> Option<String> {
    values
        .into_iter()
        .filter(|value| value.kind.as_deref() == Some("URL"))
        .find_map(|value| value.data?.value)
        .filter(|url| urls::host(url).is_some())
}
