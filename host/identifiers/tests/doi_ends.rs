//! Where a DOI ends in an address that goes on behind it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod table;

use paperfall_identifiers::find_in_address;
use table::check;

#[test]
fn silverchairs_own_number_and_what_follows_it_are_no_part_of_the_doi() {
    let find = |url: &str| find_in_address(url).ok_or("none");
    check(
        find,
        &[
            (
                "https://academic.oup.com/bioinformatics/advance-article/doi/10.1093/bioinformatics/btz001/5544927?login=true",
                "doi:10.1093/bioinformatics/btz001",
            ),
            (
                "https://academic.oup.com/bioinformatics/advance-article-pdf/doi/10.1093/bioinformatics/btz001/12345/btz001.pdf",
                "doi:10.1093/bioinformatics/btz001",
            ),
            (
                "https://direct.mit.edu/isal/proceedings-abstract/doi/10.1162/isal_a_00123/97654/A-title",
                "doi:10.1162/isal_a_00123",
            ),
            (
                "https://pubs.example/books/chapter-pdf/doi/10.1130/2019.2543(01)/123/x.pdf",
                "doi:10.1130/2019.2543(01)",
            ),
            // The number could be the DOI's own.
            ("https://pub.example/article/doi/10.1155/2020/1234567", "-"),
            (
                "https://pub.example/article/doi/10.1088/0004-637X/792/2/123",
                "-",
            ),
            (
                "https://pub.example/article/doi/10.1093/ref:odnb/12345",
                "-",
            ),
            (
                "https://academic.oup.com/x/article-pdf/doi/10.1093/nar/gkz123/12345/gkz123_supplemental_file.pdf",
                "-",
            ),
            (
                "https://academic.oup.com/bioinformatics/article-supplement/doi/10.1093/bioinformatics/btz001/5544927",
                "-",
            ),
        ],
    );
}

#[test]
fn what_stands_behind_a_doi_and_is_no_known_view_makes_it_doubtful() {
    let find = |url: &str| find_in_address(url).ok_or("none");
    let doubtful = [
        "https://www.mdpi.com/article/10.3390/nu12010001/s1",
        "https://bmcx.biomedcentral.com/articles/10.1186/s12859-019-1234-5/open-peer-review",
        "https://www.frontiersin.org/articles/10.3389/fpsyg.2020.00001/bibTex",
        "https://iopscience.iop.org/article/10.1088/1367-2630/ab1234/data",
        "https://iopscience.iop.org/article/10.1088/1367-2630/ab1234/mmc1.pdf",
        "https://pub.example/doi/10.1016/j.cub.2020.01.007/suppl",
        "https://pub.example/doi/10.1016/j.cub.2020.01.007/mmc1.pdf",
        "https://pub.example/doi/10.1016/j.cub.2020.01.007/download",
        "https://pub.example/doi/10.1016/j.cub.2020.01.007/v2/download",
        "https://pub.example/doi/10.1016/j.cub.2020.01.007/v2",
        "https://pub.example/doi/10.1016/j.cub.2020.01.007/2",
        "https://pub.example/article/10.1016/j.cub.2020.01.007/attachments/1",
        "https://pub.example/content/10.1016/j.cub.2020.01.007/issue",
        "https://pub.example/doi/10.1016/j.cub.2020.01.007/A-title",
        "https://pub.example/doi/10.1016/j.cub.2020.01.007/A-title-of-2020",
        "https://pub.example/doi/10.1016/j.cub.2020.01.007/10.1016/j.cub.2020.01.008",
        "https://pub.example/doi/10.1016%2Fj.cub.2020.01.007%2Fsuppl",
        "https://pub.example/doi/10.1016/j.cub.2020.01.007&type=pdf",
        "https://pub.example/doi/10.1016/j.cub%252E2020.01.007",
        "https://pub.example/doi/10.1093/brain/data1",
        "https://pub.example/doi/10.1093/brain/a-title-of-2020",
        "https://pub.example/article/10.1234/abc/def/download/12",
        "https://pub.example/articles/10.1234/abc/comments/10.5678/def",
        "https://www.biorxiv.org/content/10.1101/2020.01.02.123456v2.external-links",
        "https://pubs.acs.org/doi/abs/10.1021/acs.jcim.9b00001.s001",
        "https://psycnet.apa.org/doiLanding?doi=10.1037%2Fpspp0000001.supp",
        "https://www.aeaweb.org/doi/10.1257/aer.20190001.appx",
        "https://pub.example/doi/10.1000/a12.docx",
        "https://projecteuclid.org/journals/annals/volume-48/issue-1/Deep/10.1214/19-AOS1800SUPP.pdf",
        "https://projecteuclid.org/journals/supplementalcontent/10.1214/19-AOS1800/supp_1.pdf",
        "https://pub.example/doi/10.1002/(SICI)1097-0258(19970130)16:2%3C163::AID-SIM487%3E3.0.CO;2-H/A-title",
    ];
    check(find, &doubtful.map(|url| (url, "-")));
}

#[test]
fn a_doi_with_slashes_of_its_own_is_whole() {
    let find = |url: &str| find_in_address(url).ok_or("none");
    for doi in [
        "10.1093/brain/119.2.377",
        "10.1093/bioinformatics/18.suppl_1.s57",
        "10.1088/1475-7516/2020/01/001",
        "10.1088/0264-9381/23/8/s05",
        "10.1027/1234-5678/a000123",
        "10.14254/2071-789x.2020/13-1/1",
        "10.1051/e3sconf/202012345678",
        "10.1051/0004-6361/201912345",
        "10.1155/2020/1234567",
        "10.1155/ijmms/2006/32682",
        "10.18653/v1/2020.acl-main.1",
        "10.18653/v1/s19-2001",
        "10.21203/rs.3.rs-12345/v2",
        "10.17605/osf.io/ab1cd",
        "10.1037//0022-3514.78.1.1",
        "10.1200/jco.2020.38.15_suppl.1234",
        "10.1002/(sici)1097-0258(19980815/30)17:15/16<1661::aid-sim968>3.0.co;2-2",
        "10.1642/0004-8038(2003)120[0001:x]2.0.co;2",
    ] {
        let written = doi.replace('<', "%3C").replace('>', "%3E");
        for behind in ["", "/full", ".pdf", ";jsessionid=1A2B", "?x=y"] {
            check(
                find,
                &[(
                    &format!("https://pub.example/doi/{written}{behind}"),
                    &format!("doi:{doi}"),
                )],
            );
        }
    }
    // Services are asked by it, so it may end as it likes.
    check(
        find,
        &[(
            "https://api.datacite.org/dois/10.7910/DVN/TJCLKP",
            "doi:10.7910/dvn/tjclkp",
        )],
    );
}

#[test]
fn a_querys_doi_is_the_works_only_where_nothing_else_is_asked_for() {
    let find = |url: &str| find_in_address(url).ok_or("none");
    check(
        find,
        &[
            (
                "https://pub.example/action/downloadSupplement?doi=10.1002%2Fece3.1234&file=x.pdf",
                "-",
            ),
            (
                "https://pub.example/servlet/linkout?suffix=CIT0001&doi=10.1080%2F01621459.2020.1800001&key=10.1093%2Fbiomet%2F80.1.27",
                "-",
            ),
            (
                "https://pub.example/x?doi=10.1080/01621459.2020.1800001&key=10.1093%2Fbiomet%2F80.1.27",
                "-",
            ),
            ("https://pub.example/x?doi=10.1000/a1&doi=10.1000/a2", "-"),
            ("https://pub.example/x?doi=10.1000/a1&ref=10.1000/a12", "-"),
            ("https://pub.example/doi/10.1000/a2?doi=10.1000/a1", "-"),
            ("https://pub.example/x?doi=10.1000/a1,10.1000/a2", "-"),
            ("https://pub.example/download?doi=10.1000/a1&type=data", "-"),
            (
                "https://pub.example/x?type=Supplementary&doi=10.1000/a1",
                "-",
            ),
            (
                "https://pub.example/downloadTable?doi=10.1000/a1&id=t1",
                "-",
            ),
            ("https://pub.example/app#/x?doi=10.1000/a1", "-"),
            (
                "https://pub.example/x?doi=10.1000/a1&url=https://pub.example/doi/10.1000/a1",
                "doi:10.1000/a1",
            ),
            (
                "https://pub.example/x?title=caf%E9&doi=10.1000/a1",
                "doi:10.1000/a1",
            ),
        ],
    );
}

#[test]
fn a_doi_is_learnt_in_the_other_spellings_of_queries_and_paths() {
    let find = |url: &str| find_in_address(url).ok_or("none");
    let plos = "doi:10.1371/journal.pone.0213978";
    check(
        find,
        &[
            (
                "https://journals.plos.org/plosone/article/file?id=10.1371%2Fjournal.pone.0213978&type=printable",
                plos,
            ),
            (
                "https://journals.plos.org/plosone/article?id=info:doi/10.1371/journal.pone.0213978",
                plos,
            ),
            (
                "https://journals.plos.org/plosone/article?id=info%3Adoi%2F10.1371%2Fjournal.pone.0213978",
                plos,
            ),
            (
                "https://journals.plos.org/plosone/article/file?type=supplementary&id=info:doi/10.1371/journal.pone.0213978.s001",
                "-",
            ),
            (
                "https://www.aeaweb.org/articles?id=10.1257/aer.20190001",
                "doi:10.1257/aer.20190001",
            ),
            ("https://pub.example/articles?id=10.1257/aer.20190001", "-"),
            (
                "https://pub.example/x?doi=https%3A%2F%2Fdoi.org%2F10.1000%2Fa1",
                "doi:10.1000/a1",
            ),
            ("https://pub.example/x?doi=doi:10.1000/a1", "doi:10.1000/a1"),
            ("https://pub.example/x?DOI=10.1000/a1", "doi:10.1000/a1"),
            (
                "https://bmcx.biomedcentral.com/counter/pdf/10.1186/s12859-019-1234-5.pdf",
                "doi:10.1186/s12859-019-1234-5",
            ),
            (
                "https://link.springer.com/rwe/10.1007/978-3-030-12345-6_7-1",
                "doi:10.1007/978-3-030-12345-6_7-1",
            ),
            (
                "https://www.jstor.org/stable/pdf/10.1086/123456.pdf",
                "doi:10.1086/123456",
            ),
            (
                "https://dl.acm.org/doi/proceedings/10.1145/3377811",
                "doi:10.1145/3377811",
            ),
            (
                "https://www.taylorfrancis.com/books/9780429123456/chapters/10.1201/9780429123456-7",
                "doi:10.1201/9780429123456-7",
            ),
            (
                "https://www.taylorfrancis.com/chapters/edit/10.4324/9780429123456-7/deep-sequencing-smith",
                "doi:10.4324/9780429123456-7",
            ),
            (
                "https://www.taylorfrancis.com/books/mono/10.4324/9780429123456/alpine-plants-smith",
                "doi:10.4324/9780429123456",
            ),
            (
                "https://drops.dagstuhl.de/entities/document/10.4230/LIPIcs.ICALP.2020.1",
                "doi:10.4230/lipics.icalp.2020.1",
            ),
            (
                "https://www.spiedigitallibrary.org/conference-proceedings-of-spie/11234/112340A/Supplies/10.1117/12.2540000.short?SSO=1",
                "doi:10.1117/12.2540000",
            ),
            (
                "https://bioone.org/journals/x/volume-120/issue-3/0004-8038(2003)120[0001:X]2.0.CO;2/Title/10.1642/0004-8038(2003)120[0001:X]2.0.CO;2.full",
                "doi:10.1642/0004-8038(2003)120[0001:x]2.0.co;2",
            ),
            (
                "https://www.microbiologyresearch.org/content/journal/mgen/10.1099/mgen.0.000123",
                "doi:10.1099/mgen.0.000123",
            ),
        ],
    );
}
