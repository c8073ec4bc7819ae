//! Europe PMC: the search service (which lists full-text links only when asked
//! for `resultType=core`) and the rendering of PDFs.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::asked::Asked;
use crate::paper::{Paper, Service};
use crate::text::escape;
use crate::world::{Id, Turns, World};

/// What Europe PMC has on a paper.
#[derive(Debug, Clone)]
pub struct EuropePmcRecord {
    render: Option<Answer>,
}

impl EuropePmcRecord {
    /// Open, with a PDF rendered as scripted; needs the paper's PMCID.
    #[must_use]
    pub fn open(render: Answer) -> Self {
        Self {
            render: Some(render),
        }
    }

    /// Known, and only by subscription.
    #[must_use]
    pub fn closed() -> Self {
        Self { render: None }
    }
}

/// `www.ebi.ac.uk`.
pub(crate) fn api(world: &World, asked: &Asked, turns: &Turns) -> Option<Answer> {
    if asked.path.trim_end_matches('/') != "/europepmc/webservices/rest/search" {
        return None;
    }
    let query = asked.query("query").unwrap_or_default();
    let found = find(world, query);
    if let Some(scripted) = found.and_then(|p| world.scripted(p, Service::EuropePmcSearch, turns)) {
        return Some(scripted);
    }
    let hit = found.and_then(|paper| paper.europe_pmc.as_ref().map(|record| (paper, record)));
    if asked.query("format") != Some("json") {
        let count = usize::from(hit.is_some());
        return Some(Answer::xml(format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><responseWrapper><version>6.9</version><hitCount>{count}</hitCount></responseWrapper>"
        )));
    }
    let core = asked
        .query("resultType")
        .is_some_and(|kind| kind.eq_ignore_ascii_case("core"));
    let results: Vec<Value> = hit
        .into_iter()
        .map(|(paper, record)| result(paper, record, core))
        .collect();
    Some(Answer::json(&json!({
        "version": "6.9",
        "hitCount": results.len(),
        "request": {
            "queryString": query,
            "resultType": if core { "core" } else { "lite" },
            "cursorMark": "*",
            "pageSize": asked.query("pageSize").and_then(|size| size.parse::<u32>().ok()).unwrap_or(25),
            "sort": "",
            "synonym": false,
        },
        "resultList": {"result": results},
    })))
}

/// Understands `DOI:"…"`, `PMCID:…` and `EXT_ID:… AND SRC:MED`. An unquoted
/// DOI with brackets breaks the query, here as there.
fn find<'a>(world: &'a World, query: &str) -> Option<&'a Paper> {
    let query = query.trim().trim_start_matches('(').trim_end_matches(')');
    let field = |name: &str| {
        let start = query.get(..name.len())?;
        if !start.eq_ignore_ascii_case(name) {
            return None;
        }
        let value = query.get(name.len()..)?;
        match value.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next(),
            None => value
                .split_whitespace()
                .next()
                .filter(|bare| !bare.contains('(')),
        }
    };
    if let Some(doi) = field("DOI:") {
        return world.find(Id::Doi, doi);
    }
    if let Some(pmcid) = field("PMCID:") {
        return world.find(Id::Pmcid, pmcid);
    }
    field("EXT_ID:")
        .filter(|_| query.to_ascii_uppercase().contains("SRC:MED"))
        .and_then(|pmid| world.find(Id::Pmid, pmid))
}

fn result(paper: &Paper, record: &EuropePmcRecord, core: bool) -> Value {
    let open = record.render.is_some();
    let flag = |set: bool| if set { "Y" } else { "N" };
    let mut entry = json!({
        "id": paper.pmid.as_deref().or(paper.pmcid.as_deref()).unwrap_or("PPR100001"),
        "source": if paper.pmid.is_some() { "MED" } else if paper.pmcid.is_some() { "PMC" } else { "PPR" },
        "title": format!("{}.", paper.title),
        "authorString": "Näslund Å, Ó Briain C.",
        "pubYear": paper.year.to_string(),
        "isOpenAccess": flag(open),
        "inEPMC": flag(open),
        "inPMC": flag(paper.pmcid.is_some()),
        "hasPDF": flag(open),
        "hasBook": "N",
        "hasSuppl": "N",
        "citedByCount": 3,
    });
    let Some(fields) = entry.as_object_mut() else {
        return entry;
    };
    for (name, value) in [
        ("pmid", &paper.pmid),
        ("pmcid", &paper.pmcid),
        ("doi", &paper.doi),
    ] {
        if let Some(value) = value {
            fields.insert(name.to_owned(), json!(value));
        }
    }
    if !core {
        return entry;
    }
    let mut links = Vec::new();
    if let Some(doi) = &paper.doi {
        links.push(json!({
            "availability": "Subscription required",
            "availabilityCode": "S",
            "documentStyle": "doi",
            "site": "DOI",
            "url": format!("https://doi.org/{doi}"),
        }));
    }
    if let (true, Some(pmcid)) = (open, &paper.pmcid) {
        for (style, url) in [
            ("html", format!("https://europepmc.org/articles/{pmcid}")),
            (
                "pdf",
                format!("https://europepmc.org/articles/{pmcid}?pdf=render"),
            ),
        ] {
            links.push(json!({
                "availability": "Open access",
                "availabilityCode": "OA",
                "documentStyle": style,
                "site": "Europe_PMC",
                "url": url,
            }));
        }
    }
    fields.insert("fullTextUrlList".to_owned(), json!({"fullTextUrl": links}));
    entry
}

/// `europepmc.org`: the article page is a script's shell, `?pdf=render` is the
/// paper.
pub(crate) fn site(world: &World, asked: &Asked) -> Option<Answer> {
    let pmcid = asked.path.strip_prefix("/articles/")?.trim_end_matches('/');
    let paper = world.find(Id::Pmcid, pmcid);
    let record = paper.and_then(|paper| paper.europe_pmc.as_ref());
    if asked.query("pdf") == Some("render") {
        return Some(
            record
                .and_then(|record| record.render.clone())
                .unwrap_or_else(|| Answer::status(404)),
        );
    }
    Some(match paper {
        Some(paper) => Answer::html(format!(
            "<!doctype html><html lang=\"en\"><head><title>{} - Europe PMC</title></head>\
             <body><div id=\"app\"></div><script src=\"/js/app.js\"></script></body></html>",
            escape(&paper.title)
        )),
        None => Answer::status(404),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::pdf::Pdf;
    use crate::text::encode;

    fn world() -> World {
        World::new()
            .paper(
                Paper::new("O")
                    .doi("10.5555/O(1)")
                    .pmid("38000002")
                    .pmcid("PMC9000002")
                    .europe_pmc(EuropePmcRecord::open(Answer::pdf(Pdf::new("O", 1, 3000)))),
            )
            .paper(
                Paper::new("C")
                    .doi("10.5555/c")
                    .europe_pmc(EuropePmcRecord::closed()),
            )
    }

    fn ask(query: &str, rest: &str) -> Value {
        let url = format!(
            "https://www.ebi.ac.uk/europepmc/webservices/rest/search?query={}&format=json{rest}",
            encode(query)
        );
        let answer = api(&world(), &Asked::get(&url), &Turns::default()).unwrap();
        serde_json::from_slice(&answer.body()).unwrap()
    }

    #[test]
    fn a_core_answer_lists_the_render_link_and_a_lite_one_no_links_at_all() {
        for query in [
            "DOI:\"10.5555/o(1)\"",
            "EXT_ID:38000002 AND SRC:MED",
            "PMCID:PMC9000002",
        ] {
            let core = ask(query, "&resultType=core");
            let links = &core["resultList"]["result"][0]["fullTextUrlList"]["fullTextUrl"];
            assert_eq!(links[0]["availabilityCode"], "S", "{query}");
            assert_eq!(
                links[2]["url"],
                "https://europepmc.org/articles/PMC9000002?pdf=render"
            );
            let lite = ask(query, "");
            assert!(
                lite["resultList"]["result"][0]
                    .get("fullTextUrlList")
                    .is_none()
            );
            assert_eq!(lite["resultList"]["result"][0]["pmcid"], "PMC9000002");
        }
    }

    #[test]
    fn unknown_works_and_broken_queries_have_no_hits() {
        for query in ["DOI:\"10.5555/zzz\"", "DOI:10.5555/O(1)", "EXT_ID:38000002"] {
            assert_eq!(ask(query, "&resultType=core")["hitCount"], 0, "{query}");
        }
        assert_eq!(ask("DOI:\"10.5555/C\"", "&resultType=core")["hitCount"], 1);
    }

    #[test]
    fn only_the_render_link_carries_the_paper() {
        let get = |url: &str| site(&world(), &Asked::get(url)).unwrap();
        let pdf = get("https://europepmc.org/articles/pmc9000002?pdf=render");
        assert!(pdf.body().starts_with(b"%PDF-"));
        let page = get("https://europepmc.org/articles/PMC9000002");
        assert!(!String::from_utf8_lossy(&page.body()).contains("pdf"));
        assert_eq!(
            get("https://europepmc.org/articles/PMC1?pdf=render").status,
            404
        );
    }
}
