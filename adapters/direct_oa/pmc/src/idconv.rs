//! The PMC ID converter: DOI or PMID to PMCID
//! (<https://pmc.ncbi.nlm.nih.gov/tools/id-converter-api/>).

use paperfall_adapter::ids::Pmcid;
use paperfall_adapter::{Host, Miss, Policy, Request, Work, json, urls};
use serde::Deserialize;

#[derive(Deserialize)]
struct Answer {
    /// `error` when the call as a whole went wrong.
    #[serde(default, deserialize_with = "json::text")]
    status: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    message: Option<String>,
    #[serde(default, deserialize_with = "json::list")]
    records: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default, rename = "requested-id", deserialize_with = "json::text")]
    requested_id: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    status: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    pmcid: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    pmid: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    doi: Option<String>,
}

/// What the converter knows of a work that is in PMC.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) pmcid: Pmcid,
    pub(crate) pmid: Option<String>,
    pub(crate) doi: Option<String>,
}

/// The work's PMCID, asked by PMID, then by DOI: one id type a call.
///
/// # Errors
/// `not_found` when the work is not in PMC, `no_identifier` when there is
/// nothing to ask by.
pub(crate) fn look_up(host: &dyn Host, work: &Work, policy: &Policy) -> Result<Record, Miss> {
    let ids: Vec<String> = [
        work.pmid().map(|pmid| pmid.to_string()),
        // The converter would read a comma as the end of the id.
        work.doi()
            .map(|doi| doi.to_string())
            .filter(|doi| !doi.contains(',')),
    ]
    .into_iter()
    .flatten()
    .collect();
    if ids.is_empty() {
        return Err(Miss::skipped("no_identifier"));
    }
    for id in ids {
        if let Some(record) = ask(host, policy, &id)? {
            return Ok(record);
        }
    }
    Err(Miss::no_pdf("not_found").because("the ID converter says: not in PMC"))
}

fn ask(host: &dyn Host, policy: &Policy, id: &str) -> Result<Option<Record>, Miss> {
    let mut parameters = vec![("ids", id), ("format", "json"), ("tool", "paperfall")];
    parameters.extend(policy.setting("email").map(|email| ("email", email)));
    let url = urls::with_query(
        &format!(
            "{}/tools/idconv/api/v1/articles/",
            policy.base_url("idconv-url")?
        ),
        &parameters,
    );
    let answer: Answer = Request::metadata(url)
        .send(host)?
        .answered()?
        .json("an answer of the PMC ID converter")?;
    if answer.status.as_deref().is_some_and(is_error) {
        let words = answer.message.unwrap_or_default();
        return Err(Miss::bad_answer("a conversion from the PMC ID converter")
            .because(format!("the PMC ID converter refuses: {words:.200}")));
    }
    // By the id asked for, never by position. An entry for it there has to be:
    // "not in PMC" is said, not left out.
    let entry = answer
        .records
        .into_iter()
        .find(|entry| {
            entry
                .requested_id
                .as_deref()
                .is_some_and(|requested| requested.trim().eq_ignore_ascii_case(id))
        })
        .ok_or_else(|| Miss::bad_answer(&format!("a record for {id} from the PMC ID converter")))?;
    if entry.status.as_deref().is_some_and(is_error) {
        return Ok(None);
    }
    Ok(entry.pmcid.as_deref().and_then(|pmcid| {
        Some(Record {
            pmcid: Pmcid::parse(pmcid).ok()?,
            pmid: entry.pmid,
            doi: entry.doi,
        })
    }))
}

fn is_error(status: &str) -> bool {
    status.eq_ignore_ascii_case("error")
}
