//! arXiv: a valid id is a PDF address. No request is needed to write it down;
//! the host's probe tells an unknown id (404) from a known one, which spares
//! the machine API its one request per three seconds.

use paperfall_adapter::{Adapter, Candidate, Descriptor, Findings, Host, Miss, Policy, Work};

/// The adapter.
#[derive(Debug)]
pub struct Arxiv;

impl Adapter for Arxiv {
    fn describe() -> Descriptor {
        Descriptor::new(
            "arxiv",
            env!("CARGO_PKG_VERSION"),
            "PDFs of arXiv e-prints by arXiv id",
        )
        // Not "doi": started by any DOI, it would be spent before another
        // source learns the arXiv id.
        .starts_from("arxiv")
        .host("arxiv.org")
        .host("*.arxiv.org")
        .setting_or("base-url", "https://arxiv.org", "Where arXiv's PDFs live.")
    }

    fn resolve(_host: &dyn Host, work: &Work, policy: &Policy) -> Result<Findings, Miss> {
        let id = work.arxiv().ok_or_else(|| Miss::skipped("no_arxiv_id"))?;
        let mut found = Findings::none("no_pdf_url");
        found.propose(
            Candidate::new(
                format!("{}/pdf/{id}", policy.base_url("base-url")?),
                "arxiv_pdf",
            )
            .version("submittedVersion".to_owned()),
        );
        found.learn(id);
        Ok(found)
    }
}

paperfall_adapter::export!(Arxiv);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use paperfall_adapter::testing::{self, ScriptedHost};
    use paperfall_adapter::{Identifier, MissOutcome};

    use super::Arxiv;

    fn pdf_of(identifier: (&str, &str)) -> String {
        let work = testing::work(&[identifier]);
        let found = testing::attempt::<Arxiv>(&ScriptedHost::new(), &work, &[]).unwrap();
        let candidate = found.candidates.first().unwrap();
        assert_eq!(candidate.reason, "arxiv_pdf");
        candidate.url.clone()
    }

    #[test]
    fn every_form_of_id_is_a_pdf_address_without_a_request() {
        for (identifier, url) in [
            (("arxiv", "2101.00001"), "https://arxiv.org/pdf/2101.00001"),
            (
                ("arxiv", "1605.08386v1"),
                "https://arxiv.org/pdf/1605.08386v1",
            ),
            (
                ("arxiv", "quant-ph/0201082v1"),
                "https://arxiv.org/pdf/quant-ph/0201082v1",
            ),
            (
                ("doi", "10.48550/arxiv.2101.00001"),
                "https://arxiv.org/pdf/2101.00001",
            ),
        ] {
            assert_eq!(pdf_of(identifier), url);
        }
    }

    #[test]
    fn the_id_inside_a_doi_is_handed_on() {
        let work = testing::work(&[("doi", "10.48550/arxiv.2101.00001")]);
        let found = testing::attempt::<Arxiv>(&ScriptedHost::new(), &work, &[]).unwrap();
        assert_eq!(found.identifiers, [Identifier::new("arxiv", "2101.00001")]);
    }

    #[test]
    fn a_mirror_takes_arxivs_place() {
        let work = testing::work(&[("arxiv", "2101.00001")]);
        let found = testing::attempt::<Arxiv>(
            &ScriptedHost::new(),
            &work,
            &[("base-url", "https://mirror.example/")],
        )
        .unwrap();
        assert_eq!(
            found.candidates.first().unwrap().url,
            "https://mirror.example/pdf/2101.00001"
        );
    }

    #[test]
    fn a_work_without_an_arxiv_id_is_skipped() {
        for identifier in [("doi", "10.7717/peerj.4375"), ("arxiv", "not an id")] {
            let work = testing::work(&[identifier]);
            let miss = testing::attempt::<Arxiv>(&ScriptedHost::new(), &work, &[]).unwrap_err();
            assert_eq!(
                (miss.outcome(), miss.reason()),
                (MissOutcome::Skipped, "no_arxiv_id")
            );
        }
    }
}
