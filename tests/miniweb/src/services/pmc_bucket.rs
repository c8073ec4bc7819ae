//! PubMed Central's open-data bucket: listings, metadata and files, as S3
//! serves them.

use std::fmt::Write as _;

use serde_json::json;

use super::pmc::PmcVersion;
use crate::answer::Answer;
use crate::asked::Asked;
use crate::paper::{Paper, Service};
use crate::text::escape;
use crate::world::{Id, Turns, World};

/// Its name in listings and `s3://` addresses.
const BUCKET: &str = "pmc-oa-opendata";

/// The open-data bucket.
pub(crate) fn bucket(world: &World, asked: &Asked, turns: &Turns) -> Option<Answer> {
    if asked.path == "/" {
        return Some(listing(world, asked, turns));
    }
    let object = metadata(world, &asked.path).or_else(|| pdf(world, &asked.path));
    Some(object.unwrap_or_else(|| {
        Answer::xml(format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code>\
             <Message>The specified key does not exist.</Message><Key>{}</Key></Error>",
            escape(asked.path.trim_start_matches('/'))
        ))
        .with_status(404)
    }))
}

fn listing(world: &World, asked: &Asked, turns: &Turns) -> Answer {
    let prefix = asked.query("prefix").unwrap_or_default();
    let (pmcid, rest) = prefix.split_once('.').unwrap_or((prefix, ""));
    let paper = world.find(Id::Pmcid, pmcid);
    if let Some(scripted) = paper.and_then(|p| world.scripted(p, Service::PmcListing, turns)) {
        return scripted;
    }
    // Keys are compared as text, so PMC1.10 comes before PMC1.2.
    let mut folders: Vec<String> = paper
        .and_then(|p| p.pmc.as_ref())
        .map(|pmc| &pmc.versions)
        .into_iter()
        .flatten()
        .map(|version| version.number.to_string())
        .filter(|number| prefix.contains('.') && number.starts_with(rest.trim_end_matches('/')))
        .map(|number| format!("{pmcid}.{number}/"))
        .collect();
    folders.sort();
    let mut entries = String::new();
    for folder in &folders {
        let _ = write!(
            entries,
            "<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>",
            escape(folder)
        );
    }
    Answer::xml(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Name>{BUCKET}</Name><Prefix>{}</Prefix><KeyCount>{}</KeyCount><MaxKeys>1000</MaxKeys><Delimiter>/</Delimiter>\
         <IsTruncated>false</IsTruncated>{entries}</ListBucketResult>",
        escape(prefix),
        folders.len()
    ))
}

/// The article and version of a name like `PMC123.4`.
fn version<'a>(world: &'a World, name: &str) -> Option<(&'a Paper, &'a PmcVersion)> {
    let (pmcid, number) = name.split_once('.')?;
    let number: u32 = number.parse().ok()?;
    let paper = world.find(Id::Pmcid, pmcid)?;
    let versions = &paper.pmc.as_ref()?.versions;
    Some((
        paper,
        versions.iter().find(|version| version.number == number)?,
    ))
}

fn metadata(world: &World, path: &str) -> Option<Answer> {
    let name = path.strip_prefix("/metadata/")?.strip_suffix(".json")?;
    let (paper, version) = version(world, name)?;
    let mut document = json!({
        "pmcid": paper.pmcid,
        "version": version.number,
        "pmid": paper.pmid.as_deref().and_then(|pmid| pmid.parse::<u64>().ok()),
        "doi": paper.doi,
        "title": paper.title,
        "citation": format!("Ann Mini Sch. {} Mar 2;1(1):1-9.", paper.year),
        "is_pmc_openaccess": version.open_access,
        "is_manuscript": version.manuscript,
        "is_historical_ocr": false,
        "is_retracted": version.retracted,
        "license_code": version.license,
        "xml_url": format!("s3://{BUCKET}/{name}/{name}.xml?md5=2ba36e61fa9eb4950c9daef9c9f58812"),
        "text_url": format!("s3://{BUCKET}/{name}/{name}.txt?md5=fc83ba0d98bb1d742486396c8df6e4a8"),
    });
    if let (Some(fields), Some(md5), true) = (
        document.as_object_mut(),
        &version.md5,
        version.pdf.is_some(),
    ) {
        let url = format!("s3://{BUCKET}/{name}/{name}.pdf?md5={md5}");
        fields.insert("pdf_url".to_owned(), json!(url));
    }
    Some(Answer::json(&document).content_type("binary/octet-stream"))
}

fn pdf(world: &World, path: &str) -> Option<Answer> {
    let (name, file) = path.strip_prefix('/')?.split_once('/')?;
    let (_, version) = version(world, name)?;
    (file == format!("{name}.pdf"))
        .then(|| version.pdf.clone())
        .flatten()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::pdf::Pdf;
    use crate::services::pmc::PmcDeposit;
    use serde_json::Value;

    fn world() -> World {
        World::new().paper(
            Paper::new("P")
                .doi("10.5555/p")
                .pmid("38000001")
                .pmcid("PMC9000001")
                .pmc(PmcDeposit::new([
                    PmcVersion::new(2, Pdf::new("P", 2, 3000)),
                    PmcVersion::without_pdf(10),
                ])),
        )
    }

    fn json_of(answer: &Answer) -> Value {
        serde_json::from_slice(&answer.body()).unwrap()
    }

    #[test]
    fn the_bucket_lists_versions_and_its_metadata_leads_to_the_pdf() {
        let ask = |url: &str| bucket(&world(), &Asked::get(url), &Turns::default()).unwrap();
        let base = "https://pmc-oa-opendata.s3.amazonaws.com";
        let list = ask(&format!(
            "{base}/?list-type=2&prefix=PMC9000001.&delimiter=/"
        ));
        let list = String::from_utf8_lossy(&list.body()).into_owned();
        assert!(list.contains("<Prefix>PMC9000001.10/</Prefix></CommonPrefixes><CommonPrefixes><Prefix>PMC9000001.2/</Prefix>"));
        let metadata = json_of(&ask(&format!("{base}/metadata/PMC9000001.2.json")));
        let url = metadata["pdf_url"].as_str().unwrap();
        let pdf = ask(&format!("{base}/PMC9000001.2/PMC9000001.2.pdf"));
        assert_eq!(
            url,
            format!(
                "s3://pmc-oa-opendata/PMC9000001.2/PMC9000001.2.pdf?md5={}",
                pdf.md5()
            )
        );
        assert!(
            json_of(&ask(&format!("{base}/metadata/PMC9000001.10.json")))
                .get("pdf_url")
                .is_none()
        );
        assert_eq!(
            ask(&format!("{base}/metadata/PMC9000001.3.json")).status,
            404
        );
        let empty = ask(&format!("{base}/?list-type=2&prefix=PMC1.&delimiter=/"));
        assert!(
            empty.status == 200
                && !String::from_utf8_lossy(&empty.body()).contains("CommonPrefixes")
        );
    }
}
