//! The part of a Europe PMC search answer the adapter reads
//! (<https://europepmc.org/docs/EBI_Europe_PMC_Web_Service_Reference.pdf>).

use paperfall_adapter::{json, urls};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer {
    #[serde(default, deserialize_with = "json::text")]
    hit_count: Option<String>,
    request: Option<Echo>,
    pub(crate) result_list: Option<Results>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Echo {
    #[serde(default, deserialize_with = "json::text")]
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
    #[serde(default, deserialize_with = "json::text")]
    source: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    pub(crate) pmid: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    pub(crate) pmcid: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    pub(crate) doi: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    license: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    manuscript_id: Option<String>,
    // A note only: however it is written, it must not cost the links.
    #[serde(default, deserialize_with = "json::part")]
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
    #[serde(default, deserialize_with = "json::text")]
    availability_code: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    document_style: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    url: Option<String>,
}

impl Answer {
    pub(crate) fn is_core(&self) -> bool {
        self.request
            .as_ref()
            .and_then(|echo| echo.result_type.as_deref())
            .is_some_and(|kind| kind.eq_ignore_ascii_case("core"))
    }

    /// Whether the service says that nothing matches. An empty list alone is
    /// no such word.
    pub(crate) fn says_none(&self) -> bool {
        self.hit_count.as_deref() == Some("0")
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
        self.availability_code.as_deref().is_some_and(|code| {
            ["OA", "F"]
                .iter()
                .any(|free| code.trim().eq_ignore_ascii_case(free))
        })
    }

    pub(crate) fn is_pdf(&self) -> bool {
        self.document_style
            .as_deref()
            .is_some_and(|style| style.eq_ignore_ascii_case("pdf"))
    }

    /// Its address, freed of HTML's way to write `&`; Europe PMC's own and
    /// arXiv's in https.
    pub(crate) fn https_url(&self) -> Option<String> {
        let url = self.url.as_deref()?.trim().replace("&amp;", "&");
        urls::host(&url)?;
        let has_https = ["europepmc.org", "arxiv.org"]
            .iter()
            .any(|own| urls::is_under(&url, own));
        match url.strip_prefix("http://") {
            Some(rest) if has_https => Some(format!("https://{rest}")),
            _ => Some(url),
        }
    }
}
