//! Identifiers inside addresses and texts that are not theirs, one table a kind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod table;

use paperfall_identifiers::{find_arxiv, find_in_address, find_pmcid};
use table::check;

#[test]
fn pmcids_are_mined_from_pmh_ids_and_the_services_own_urls_only() {
    let found = |text: &str| find_pmcid(text).map(|id| id.to_string());
    for text in [
        "oai:pubmedcentral.nih.gov:4234579",
        "https://europepmc.org/articles/pmc4234579?pdf=render",
        "https://www.ncbi.nlm.nih.gov/pmc/articles/PMC4234579/pdf/x.pdf",
        "https://europepmc.org/backend/ptpmcrender.fcgi?accid=PMC4234579&blobtype=pdf",
        "https://pmc-oa-opendata.s3.amazonaws.com/PMC4234579.1/PMC4234579.1.pdf?md5=ab",
        "PMC4234579",
        "deposited as PMC4234579, see there",
    ] {
        assert_eq!(found(text).as_deref(), Some("PMC4234579"), "{text}");
    }
    for text in [
        "https://example.org/pmc4234579.pdf",
        "https://notnih.gov/pmc/articles/PMC4234579",
        "https://europepmc.org/search?query=cats",
        "oai:arXiv.org:4234579",
        "oai:example.org:4234579",
        "xpmc4234579",
        "PMCX",
        "",
    ] {
        assert_eq!(found(text), None, "{text}");
    }
}

#[test]
fn arxiv_ids_are_mined_from_arxiv_urls_only() {
    let found = |text: &str| find_arxiv(text).map(|id| id.to_string());
    assert_eq!(
        found("http://arxiv.org/pdf/2108.03347").as_deref(),
        Some("2108.03347")
    );
    assert_eq!(
        found("https://arxiv.org/pdf/astro-ph/0001001").as_deref(),
        Some("astro-ph/0001001")
    );
    assert_eq!(
        found("oai:arXiv.org:1605.08386").as_deref(),
        Some("1605.08386")
    );
    assert_eq!(found("https://example.org/pdf/2108.03347"), None);
}

#[test]
fn the_identifier_in_an_address_is_cut_out_of_the_known_shapes() {
    let find = |url: &str| find_in_address(url).ok_or("none");
    check(
        find,
        &[
            (
                "https://onlinelibrary.wiley.com/doi/10.1002/ece3.1234",
                "doi:10.1002/ece3.1234",
            ),
            (
                "https://onlinelibrary.wiley.com/doi/epdf/10.1002/ece3.1234",
                "doi:10.1002/ece3.1234",
            ),
            (
                "https://onlinelibrary.wiley.com/doi/full/10.1002/ece3.1234#ece31234-bib-0001",
                "doi:10.1002/ece3.1234",
            ),
            (
                "https://onlinelibrary.wiley.com/doi/pdfdirect/10.1002/ece3.1234?download=true",
                "doi:10.1002/ece3.1234",
            ),
            (
                "https://www.tandfonline.com/doi/full/10.1080/01621459.2020.1800001?scroll=top&needAccess=true",
                "doi:10.1080/01621459.2020.1800001",
            ),
            (
                "https://journals.sagepub.com/doi/abs/10.1177/0956797620904450",
                "doi:10.1177/0956797620904450",
            ),
            (
                "https://journals.sagepub.com/doi/10.1177/0956797620904450#supplementary-materials",
                "doi:10.1177/0956797620904450",
            ),
            (
                "https://dl.acm.org/doi/abs/10.1145/3377811.3380001",
                "doi:10.1145/3377811.3380001",
            ),
            (
                "https://dl.acm.org/doi/fullHtml/10.1145/3377811.3380001",
                "doi:10.1145/3377811.3380001",
            ),
            (
                "https://pubs.acs.org/doi/pdf/10.1021/acs.jctc.0c00001?ref=vi",
                "doi:10.1021/acs.jctc.0c00001",
            ),
            (
                "https://link.springer.com/article/10.1007/s00428-020-02834-8",
                "doi:10.1007/s00428-020-02834-8",
            ),
            (
                "https://link.springer.com/content/pdf/10.1007/s00428-020-02834-8.pdf",
                "doi:10.1007/s00428-020-02834-8",
            ),
            (
                "https://link.springer.com/chapter/10.1007%2F978-3-030-12345-6_3",
                "doi:10.1007/978-3-030-12345-6_3",
            ),
            (
                "https://link.springer.com/article/10.1007/s00428-020-02834-8/fulltext.html",
                "doi:10.1007/s00428-020-02834-8",
            ),
            (
                "https://link.springer.com/article/10.1007/s00428-020-02834-8/figures/1",
                "doi:10.1007/s00428-020-02834-8",
            ),
            (
                "https://bmcbioinformatics.biomedcentral.com/articles/10.1186/s12859-020-3400-0",
                "doi:10.1186/s12859-020-3400-0",
            ),
            (
                "https://bmcbioinformatics.biomedcentral.com/track/pdf/10.1186/s12859-020-3400-0",
                "doi:10.1186/s12859-020-3400-0",
            ),
            (
                "https://www.frontiersin.org/articles/10.3389/fpsyg.2020.00001/full",
                "doi:10.3389/fpsyg.2020.00001",
            ),
            (
                "https://www.frontiersin.org/journals/psychology/articles/10.3389/fpsyg.2020.00001/pdf",
                "doi:10.3389/fpsyg.2020.00001",
            ),
            (
                "https://www.frontiersin.org/articles/10.3389/fpsyg.2020.00001/epub",
                "doi:10.3389/fpsyg.2020.00001",
            ),
            (
                "https://journals.plos.org/plosone/article?id=10.1371/journal.pone.0213978",
                "doi:10.1371/journal.pone.0213978",
            ),
            (
                "https://journals.plos.org/plosone/article/file?id=10.1371/journal.pone.0213978&type=printable",
                "doi:10.1371/journal.pone.0213978",
            ),
            (
                "https://journals.plos.org/plosone/article/authors?id=10.1371/journal.pone.0213978",
                "doi:10.1371/journal.pone.0213978",
            ),
            (
                "https://www.biorxiv.org/content/10.1101/2020.01.02.123456v2.full.pdf",
                "doi:10.1101/2020.01.02.123456",
            ),
            (
                "https://www.biorxiv.org/content/10.1101/2020.01.02.123456v2.full.pdf+html",
                "doi:10.1101/2020.01.02.123456",
            ),
            (
                "https://www.biorxiv.org/content/10.1101/123456v1.abstract",
                "doi:10.1101/123456",
            ),
            (
                "https://www.biorxiv.org/content/10.1101/2020.01.02.123456v2.supplementary-material",
                "doi:10.1101/2020.01.02.123456",
            ),
            (
                "https://www.medrxiv.org/content/10.1101/2020.01.02.20012345v1",
                "doi:10.1101/2020.01.02.20012345",
            ),
            (
                "https://www.pnas.org/doi/abs/10.1073/pnas.2000001117",
                "doi:10.1073/pnas.2000001117",
            ),
            (
                "https://www.science.org/doi/reader/10.1126/science.abb0001",
                "doi:10.1126/science.abb0001",
            ),
            (
                "https://iopscience.iop.org/article/10.1088/1367-2630/ab1234",
                "doi:10.1088/1367-2630/ab1234",
            ),
            (
                "https://iopscience.iop.org/article/10.1088/1367-2630/ab1234/pdf",
                "doi:10.1088/1367-2630/ab1234",
            ),
            (
                "https://iopscience.iop.org/article/10.1088/1367-2630/ab1234/meta",
                "doi:10.1088/1367-2630/ab1234",
            ),
            (
                "https://journals.aps.org/prl/abstract/10.1103/PhysRevLett.124.010001",
                "doi:10.1103/physrevlett.124.010001",
            ),
            (
                "https://link.aps.org/doi/10.1103/PhysRevLett.124.010001",
                "doi:10.1103/physrevlett.124.010001",
            ),
            (
                "https://journals.aps.org/prl/pdf/10.1103/PhysRevLett.124.010001",
                "doi:10.1103/physrevlett.124.010001",
            ),
            (
                "https://aip.scitation.org/doi/10.1063/1.5143190",
                "doi:10.1063/1.5143190",
            ),
            (
                "https://www.degruyter.com/document/doi/10.1515/zfs-2020-2001/html",
                "doi:10.1515/zfs-2020-2001",
            ),
            (
                "https://www.degruyter.com/document/doi/10.1515/zfs-2020-2001/pdf",
                "doi:10.1515/zfs-2020-2001",
            ),
            (
                "https://www.degruyter.com/document/doi/10.1515/zfs-2020-2001/html?lang=en&srsltid=x",
                "doi:10.1515/zfs-2020-2001",
            ),
            (
                "https://www.thieme-connect.com/products/ejournals/abstract/10.1055/s-0040-1701234",
                "doi:10.1055/s-0040-1701234",
            ),
            (
                "https://www.thieme-connect.de/products/ejournals/html/10.1055/s-0040-1701234",
                "doi:10.1055/s-0040-1701234",
            ),
            (
                "https://www.thieme-connect.de/products/ejournals/pdf/10.1055/s-0040-1701234.pdf",
                "doi:10.1055/s-0040-1701234",
            ),
            (
                "https://www.annualreviews.org/doi/10.1146/annurev-psych-010419-050803",
                "doi:10.1146/annurev-psych-010419-050803",
            ),
            (
                "https://www.annualreviews.org/content/journals/10.1146/annurev-psych-010419-050803",
                "doi:10.1146/annurev-psych-010419-050803",
            ),
            (
                "https://royalsocietypublishing.org/doi/full/10.1098/rspb.2020.0001",
                "doi:10.1098/rspb.2020.0001",
            ),
            (
                "https://www.nejm.org/doi/full/10.1056/NEJMoa2001017",
                "doi:10.1056/nejmoa2001017",
            ),
            (
                "https://www.nejm.org/doi/full/10.1056/NEJMoa2001017?query=featured_home",
                "doi:10.1056/nejmoa2001017",
            ),
            (
                "https://projecteuclid.org/journals/annals-of-statistics/volume-48/issue-1/Deep/10.1214/19-AOS1800.full",
                "doi:10.1214/19-aos1800",
            ),
            (
                "https://projecteuclid.org/journals/annals-of-statistics/volume-48/issue-1/Deep/10.1214/19-AOS1800.short",
                "doi:10.1214/19-aos1800",
            ),
            (
                "https://psycnet.apa.org/doi/10.1037/pspp0000001",
                "doi:10.1037/pspp0000001",
            ),
            (
                "https://psycnet.apa.org/doiLanding?doi=10.1037%2Fpspp0000001",
                "doi:10.1037/pspp0000001",
            ),
            (
                "https://www.liebertpub.com/doi/10.1089/cmb.2020.0001",
                "doi:10.1089/cmb.2020.0001",
            ),
            (
                "https://zenodo.org/doi/10.5281/zenodo.3234567",
                "doi:10.5281/zenodo.3234567",
            ),
            (
                "https://chemrxiv.org/doi/full/10.26434/chemrxiv.1234567",
                "doi:10.26434/chemrxiv.1234567",
            ),
            (
                "https://api.openalex.org/works/https://doi.org/10.7717/peerj.4375",
                "doi:10.7717/peerj.4375",
            ),
            (
                "https://api.crossref.org/works/10.7717/peerj.4375",
                "doi:10.7717/peerj.4375",
            ),
            (
                "https://api.crossref.org/v1/works/10.7717%2Fpeerj.4375/transform/application/x-bibtex",
                "doi:10.7717/peerj.4375",
            ),
            (
                "https://api.unpaywall.org/v2/10.7717/peerj.4375?email=a@b.c",
                "doi:10.7717/peerj.4375",
            ),
            (
                "https://unpaywall.org/10.7717/peerj.4375",
                "doi:10.7717/peerj.4375",
            ),
            (
                "https://api.datacite.org/dois/10.5281/zenodo.3234567",
                "doi:10.5281/zenodo.3234567",
            ),
            (
                "https://commons.datacite.org/doi.org/10.5281/zenodo.3234567",
                "doi:10.5281/zenodo.3234567",
            ),
            (
                "https://www.scopus.com/inward/record.uri?eid=2-s2.0-1&doi=10.7717%2fpeerj.4375&partnerID=40",
                "doi:10.7717/peerj.4375",
            ),
            (
                "https://doi.pangaea.de/10.1594/PANGAEA.123456",
                "doi:10.1594/pangaea.123456",
            ),
            (
                "https://hdl.handle.net/10.7717/peerj.4375",
                "doi:10.7717/peerj.4375",
            ),
            ("https://doi-org.proxy.uni.example/10.7717/peerj.4375", "-"),
            (
                "https://onlinelibrary-wiley-com.ezproxy.uni.example/doi/10.1002/ece3.1234",
                "doi:10.1002/ece3.1234",
            ),
            (
                "https://www.ncbi.nlm.nih.gov/pubmed/?term=29456894",
                "pmid:29456894",
            ),
            (
                "https://pubmed.ncbi.nlm.nih.gov/?term=10.7717%2Fpeerj.4375",
                "doi:10.7717/peerj.4375",
            ),
            (
                "https://www.ebi.ac.uk/europepmc/webservices/rest/PMC5815332/fullTextXML",
                "pmcid:PMC5815332",
            ),
            (
                "https://export.arxiv.org/api/query?id_list=2101.00001",
                "arxiv:2101.00001",
            ),
            (
                "https://huggingface.co/papers/2101.00001",
                "arxiv:2101.00001",
            ),
            (
                "https://www.alphaxiv.org/abs/2101.00001v2",
                "arxiv:2101.00001v2",
            ),
            ("https://scirate.com/arxiv/2101.00001", "arxiv:2101.00001"),
            (
                "https://onlinelibrary.wiley.com/doi/10.1002/(SICI)1096-8644(199905)109:1%3C1::AID-AJPA1%3E3.0.CO;2-7/abstract",
                "doi:10.1002/(sici)1096-8644(199905)109:1<1::aid-ajpa1>3.0.co;2-7",
            ),
            (
                "https://onlinelibrary.wiley.com/doi/10.1002/(SICI)1096-8644(199905)109:1%3C1::AID-AJPA1%3E3.0.CO%3B2-7",
                "doi:10.1002/(sici)1096-8644(199905)109:1<1::aid-ajpa1>3.0.co;2-7",
            ),
            (
                "https://www.jstor.org/stable/10.1086/123456",
                "doi:10.1086/123456",
            ),
            ("https://identifiers.org/pmc:PMC5815332", "pmcid:PMC5815332"),
            ("https://identifiers.org/pubmed:29456894", "pmid:29456894"),
            (
                "https://identifiers.org/doi:10.7717/peerj.4375",
                "doi:10.7717/peerj.4375",
            ),
            (
                "https://identifiers.org/arxiv:2101.00001",
                "arxiv:2101.00001",
            ),
            (
                "https://n2t.net/doi:10.7717/peerj.4375",
                "doi:10.7717/peerj.4375",
            ),
            (
                "https://academic.oup.com/bioinformatics/article-abstract/doi/10.1093/bioinformatics/btaa001/5711045",
                "doi:10.1093/bioinformatics/btaa001",
            ),
            (
                "https://academic.oup.com/bioinformatics/article/doi/10.1093/bioinformatics/btaa001/5711045/A-title?x=1",
                "doi:10.1093/bioinformatics/btaa001",
            ),
            (
                "https://academic.oup.com/bioinformatics/article/doi/10.1093/bioinformatics/btaa001",
                "doi:10.1093/bioinformatics/btaa001",
            ),
            (
                "https://iopscience.iop.org/article/10.1088/0004-637X/792/2/123/pdf",
                "doi:10.1088/0004-637x/792/2/123",
            ),
            (
                "https://link.springer.com/article/10.1007/s1/tables/12",
                "doi:10.1007/s1",
            ),
            (
                "https://link.springer.com/book/10.1007/978-3-030-12345-6",
                "doi:10.1007/978-3-030-12345-6",
            ),
            (
                "https://dx.plos.org/10.1371/journal.pone.0213978",
                "doi:10.1371/journal.pone.0213978",
            ),
            (
                "https://www.researchgate.example/article/10.21203/rs.3.rs-12345/v2",
                "doi:10.21203/rs.3.rs-12345/v2",
            ),
            (
                "https://api.openalex.org/works/pmid:29456894?x=1",
                "pmid:29456894",
            ),
            ("https://pub.example/doi/10.1000/a%25b", "doi:10.1000/a%b"),
            ("https://pub.example/doi/suppl/10.1000/a", "-"),
            (
                "https://pubs.acs.org/doi/suppl/10.1021/a/suppl_file/b.pdf",
                "-",
            ),
            ("https://pub.example/doi/10.1000/a/suppl_file/b.pdf", "-"),
            (
                "https://journals.plos.org/plosone/article/figure?id=10.1371/journal.pone.0213978.g001",
                "-",
            ),
            (
                "https://journals.plos.org/plosone/article/file?id=10.1371/journal.pone.0213978.s001&type=supplementary",
                "-",
            ),
            ("https://pub.example/doi/toc/10.1000/a", "-"),
            ("https://pub.example/10.1000/a", "-"),
            ("https://sci-hub.se/10.7717/peerj.4375", "-"),
            ("https://evil.example/doi.org/10.7717/peerj.4375", "-"),
            ("https://pub.example/doi/10.12/a", "-"),
            ("https://pub.example/doi/10.1000/", "-"),
            ("https://pub.example/doi/10.1000", "-"),
            ("https://pub.example/section-10.1000/a", "-"),
            ("https://www.nature.com/articles/s41586-020-2649-2", "-"),
            ("https://pubmed.ncbi.nlm.nih.gov/?term=cats", "-"),
            (
                "https://export.arxiv.org/api/query?id_list=2101.00001,2101.00002",
                "-",
            ),
            ("https://export.arxiv.org/api/query?search_query=all:x", "-"),
            ("https://pub.example/doi/10.1000/a%ff", "-"),
            ("https://identifiers.org/taxonomy:9606", "-"),
            ("pub.example/doi/10.1000/a", "-"),
            ("https://api.unpaywall.org/v2/?email=x", "-"),
        ],
    );
}
