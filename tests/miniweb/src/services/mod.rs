//! The seven sources, those of the example adapters, and the publishers' pages,
//! each played from its own file. Every service answers sensibly about works it was told nothing of.

pub(crate) mod arxiv;
pub(crate) mod doi;
pub(crate) mod europe_pmc;
pub(crate) mod openalex;
pub(crate) mod pmc;
mod pmc_bucket;
pub(crate) mod publisher;
pub(crate) mod semantic_scholar;
pub(crate) mod unpaywall;
pub(crate) mod wayback;

use crate::answer::Answer;
use crate::asked::Asked;
use crate::world::{Turns, World};

/// The names the services are played under, whether or not the world mentions
/// them.
pub(crate) const HOSTS: &[&str] = &[
    "api.openalex.org",
    "api.semanticscholar.org",
    "api.unpaywall.org",
    "archive.org",
    "arxiv.org",
    "doi.org",
    "dx.doi.org",
    "europepmc.org",
    "export.arxiv.org",
    "pmc-oa-opendata.s3.amazonaws.com",
    "pmc.ncbi.nlm.nih.gov",
    "web.archive.org",
    "www.ebi.ac.uk",
    "www.ncbi.nlm.nih.gov",
];

/// The service's answer; none if the path is nothing it serves.
pub(crate) fn answer(world: &World, asked: &Asked, turns: &Turns) -> Option<Answer> {
    match asked.host.as_str() {
        "api.openalex.org" => openalex::answer(world, asked, turns),
        "api.semanticscholar.org" => semantic_scholar::answer(world, asked, turns),
        "api.unpaywall.org" => unpaywall::answer(world, asked, turns),
        "arxiv.org" => arxiv::site(world, asked, turns),
        "export.arxiv.org" => arxiv::export(world, asked, turns),
        "doi.org" | "dx.doi.org" => doi::answer(world, asked, turns),
        "pmc.ncbi.nlm.nih.gov" => pmc::site(world, asked, turns),
        "www.ncbi.nlm.nih.gov" => pmc::old_site(asked),
        "pmc-oa-opendata.s3.amazonaws.com" => pmc_bucket::bucket(world, asked, turns),
        "www.ebi.ac.uk" => europe_pmc::api(world, asked, turns),
        "europepmc.org" => europe_pmc::site(world, asked),
        "web.archive.org" => wayback::web(world, asked, turns),
        "archive.org" => wayback::availability(world, asked),
        _ => None,
    }
}
