//! @NAME@: the PDF links that publishers deposit with Crossref
//! (<https://api.crossref.org>). Put your own source in its place.

use paperfall_adapter::ids::Doi;
use paperfall_adapter::{
    Adapter, Candidate, Descriptor, Findings, Host, Miss, Policy, Request, Work, json,
};
use serde::Deserialize;

/// What of Crossref's answer matters here; the rest is ignored.
#[derive(Deserialize)]
struct Answer {
    message: Record,
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "DOI")]
    doi: String,
    // Services write null for an empty list; `json` reads what they do.
    #[serde(default, deserialize_with = "json::list")]
    link: Vec<Link>,
    #[serde(default, deserialize_with = "json::list")]
    license: Vec<License>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Link {
    #[serde(rename = "URL")]
    url: String,
    content_type: Option<String>,
    content_version: Option<String>,
}

#[derive(Deserialize)]
struct License {
    #[serde(rename = "URL")]
    url: String,
}

/// The adapter.
pub struct Source;

impl Adapter for Source {
    fn describe() -> Descriptor {
        Descriptor::new("@NAME@", env!("CARGO_PKG_VERSION"), "PDF links deposited with Crossref")
            .starts_from("doi")
            .host("api.crossref.org")
            .setting_or("base-url", "https://api.crossref.org", "Where the API lives.")
    }

    fn resolve(host: &dyn Host, work: &Work, policy: &Policy) -> Result<Findings, Miss> {
        let doi = work.doi().ok_or_else(|| Miss::skipped("no_doi"))?;
        let url = format!("{}/works/{}", policy.base_url("base-url")?, doi.url_path());
        let answer: Answer = Request::metadata(url)
            .send(host)? // no response: dns, denied host, … are named for you
            .ok()? // 404 is not_found, 429 rate_limited, 5xx http_5xx, …
            .json("a Crossref record")?;
        let record = answer.message;
        // An answer has to be about the work that was asked for.
        if Doi::parse(&record.doi).ok().as_ref() != Some(&doi) {
            return Err(Miss::bad_answer("the Crossref record of the DOI asked for"));
        }
        let license = record.license.first().map(|license| license.url.clone());
        let mut found = Findings::none("no_pdf_url"); // why, should it stay empty
        for link in record.link {
            if link.content_type.as_deref() == Some("application/pdf") {
                let version = match link.content_version.as_deref() {
                    Some("vor") => Some("publishedVersion".to_owned()),
                    Some("am") => Some("acceptedVersion".to_owned()),
                    _ => None,
                };
                found.propose(
                    Candidate::new(link.url, "@NAME@_pdf").version(version).license(license.clone()),
                );
            }
        }
        Ok(found)
    }
}

paperfall_adapter::export!(Source);

#[cfg(test)]
mod tests {
    use super::*;
    use paperfall_adapter::testing::{self, ScriptedHost};

    const ASKED: &str = "https://api.crossref.org/works/10.5555/one";

    fn attempt(answer: &str) -> Result<Findings, Miss> {
        let host = ScriptedHost::new().json(ASKED, answer);
        testing::attempt::<Source>(&host, &testing::work(&[("doi", "10.5555/one")]), &[])
    }

    #[test]
    fn a_deposited_pdf_is_proposed_and_other_types_are_not() {
        let found = attempt(
            r#"{"message":{"DOI":"10.5555/ONE","link":[
                {"URL":"https://a.example/1.xml","content-type":"application/xml"},
                {"URL":"https://a.example/1.pdf","content-type":"application/pdf","content-version":"vor"}]}}"#,
        )
        .unwrap();
        assert_eq!(found.candidates.len(), 1);
        assert_eq!(found.candidates[0].url, "https://a.example/1.pdf");
        assert_eq!(found.candidates[0].version.as_deref(), Some("publishedVersion"));
    }

    #[test]
    fn another_works_record_is_refused() {
        let miss = attempt(r#"{"message":{"DOI":"10.5555/two"}}"#).unwrap_err();
        assert_eq!(miss.reason(), "bad_answer");
    }
}
