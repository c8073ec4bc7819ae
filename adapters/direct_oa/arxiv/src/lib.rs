//! arXiv: a valid id is a PDF address. No request is needed to write it down,
//! and the host's probe tells an unknown id (404) from a known one.
//!
//! The machine API (`export.arxiv.org`) is not asked. It allows one request in
//! three seconds from everyone together, and all it could add to an id is the
//! same address: the version is either in the id or, without one, the newest,
//! which is what arXiv serves. What the API says by an empty feed or by an
//! entry titled "Error" (an id it cannot read) the identifier's own rules and
//! the probe's 404 say as plainly, and neither can be misread as a hit.

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
mod tests;
