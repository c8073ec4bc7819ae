//! The part of a Europe PMC search answer the adapter reads
//! (<https://europepmc.org/docs/EBI_Europe_PMC_Web_Service_Reference.pdf>).

use paperfall_adapter::json;
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Answer {
    request: Option<Echo>,
    #[serde(rename = "resultList")]
    pub(crate) result_list: Option<Results>,
}

#[derive(Deserialize)]
struct Echo {
    #[serde(rename = "resultType")]
    result_type: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Results {
    #[serde(default, deserialize_with = "json::list")]
    pub(crate) result: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    source: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    pub(crate) pmid: Option<String>,
    pub(crate) pmcid: Option<String>,
    pub(crate) doi: Option<String>,
    license: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    manuscript_id: Option<String>,
    pub_type_list: Option<PubTypes>,
    pub(crate) full_text_url_list: Option<Links>,
}

#[derive(Deserialize)]
struct PubTypes {
    #[serde(default, rename = "pubType", deserialize_with = "json::list")]
    pub_type: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct Links {
    #[serde(default, rename = "fullTextUrl", deserialize_with = "json::list")]
    full_text_url: Vec<Link>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Link {
    availability_code: Option<String>,
    document_style: Option<String>,
    url: Option<String>,
}

impl Answer {
    pub(crate) fn is_core(&self) -> bool {
        self.request
            .as_ref()
            .and_then(|echo| echo.result_type.as_deref())
            .is_some_and(|kind| kind.eq_ignore_ascii_case("core"))
    }
}

impl Record {
    pub(crate) fn links(&self) -> impl Iterator<Item = &Link> {
        self.full_text_url_list
            .iter()
            .flat_map(|links| &links.full_text_url)
    }

    pub(crate) fn version(&self) -> &'static str {
        if self.source.as_deref() == Some("PPR") {
            "submittedVersion"
        } else if self.manuscript_id.is_some() {
            "acceptedVersion"
        } else {
            "publishedVersion"
        }
    }

    /// The licence in the spelling other sources use: `cc by-nc` is `cc-by-nc`.
    pub(crate) fn license(&self) -> Option<String> {
        let license = self.license.as_deref()?.trim();
        (!license.is_empty()).then(|| license.to_lowercase().replace(' ', "-"))
    }

    pub(crate) fn is_retracted(&self) -> bool {
        self.pub_type_list
            .iter()
            .flat_map(|types| &types.pub_type)
            .any(|kind| kind.eq_ignore_ascii_case("retracted publication"))
    }
}

impl Link {
    /// `OA` is open access, `F` free to read; `S` is subscription.
    pub(crate) fn is_free(&self) -> bool {
        matches!(self.availability_code.as_deref(), Some("OA" | "F"))
    }

    pub(crate) fn is_pdf(&self) -> bool {
        self.document_style
            .as_deref()
            .is_some_and(|style| style.eq_ignore_ascii_case("pdf"))
    }

    /// Its address; Europe PMC's own in https.
    pub(crate) fn https_url(&self) -> Option<String> {
        let url = self.url.as_deref()?.trim();
        match url.strip_prefix("http://europepmc.org/") {
            Some(path) => Some(format!("https://europepmc.org/{path}")),
            None => (!url.is_empty()).then(|| url.to_owned()),
        }
    }
}
