#![allow(missing_docs, clippy::all, clippy::unwrap_used)]
use landing_scrape::LandingScrape;
use paperfall_adapter::testing::{self, ScriptedHost, response};
fn rss() -> u64 {
    std::fs::read_to_string("/proc/self/status")
        .unwrap()
        .lines()
        .find(|l| l.starts_with("VmHWM"))
        .unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap()
}
#[test]
fn mem() {
    for (name, unit) in [
        ("links", "<a href=\"/x/NNNNNN.pdf\">P</a>"),
        ("bare", "<a>"),
        ("p", "<p>"),
        ("b", "<b><p>"),
        ("td", "<td>"),
    ] {
        let n = 1usize << 20;
        let n = n * 8 / unit.len();
        let mut s = String::new();
        for i in 0..n / 8 {
            s.push_str(&unit.replace("NNNNNN", &format!("{i:06}")));
        }
        let before = rss();
        let t = std::time::Instant::now();
        let p = paperfall_adapter::Page::parse(&s, "https://a.example/");
        println!(
            "{name}: {} units, {} bytes, +{} kB, {:?}",
            n / 8,
            s.len(),
            rss() - before,
            t.elapsed()
        );
        let t = std::time::Instant::now();
        println!(
            "count {} {:?}",
            p.elements(&["a", "p", "b", "td"]).count(),
            t.elapsed()
        );
    }
}
#[test]
fn fixtures() {
    for (f, u) in [
        (
            "opus_repository_relative",
            "https://opus4.kobv.de/opus4-trr154/frontdoor/index/index/docId/481",
        ),
        (
            "usenix_two_pdfs",
            "https://www.usenix.org/conference/usenixsecurity22/presentation/bulekov",
        ),
        (
            "peerj_link_alternate_relative",
            "https://peerj.com/articles/4886/",
        ),
        (
            "springer_paywalled_with_citation_pdf",
            "https://link.springer.com/article/10.1007/s12652-019-01399-8",
        ),
        (
            "plos_citation_pdf_amp",
            "https://journals.plos.org/plosone/article?id=10.1371/journal.pone.0213978",
        ),
        (
            "nature_news_no_pdf",
            "https://www.nature.com/articles/d41586-023-00001-1",
        ),
        (
            "sciencedirect_json_pdf",
            "https://www.sciencedirect.com/science/article/pii/S146290112300117X",
        ),
        (
            "cloudflare_just_a_moment_acs",
            "https://pubs.acs.org/doi/abs/10.1021/jp003647e",
        ),
        (
            "edp_splash_relative_pdf",
            "https://www.aanda.org/articles/aa/abs/2010/08/aa14485-10/aa14485-10.html",
        ),
    ] {
        let body =
            std::fs::read_to_string(format!("/work/shared/fixtures/landing/{f}.html")).unwrap();
        let host = ScriptedHost::new().answer(u, response(u, 200, "text/html", &body));
        let r = testing::attempt::<LandingScrape>(&host, &testing::work_at(&[], &[u]), &[]);
        println!(
            "{f}: {:?}",
            r.map(|f| f.candidates.into_iter().map(|c| c.url).collect::<Vec<_>>())
                .map_err(|m| m.reason().to_owned())
        );
    }
}
#[test]
fn timing() {
    for unit in [
        "<a href=/x.pdf>PDF</a>",
        "<a href=/x.pdf>",
        "<div class='a b c d e f g h i j k l m n o p'>",
        "<meta name=citation_pdf_url content=/x.pdf>",
        "<iframe src=/x.pdf>",
        "<h2>References</h2>",
        "<script type=application/json>{\"pdfDownload\":1}</script>",
        "&amp;",
        "<",
        "<!--",
        "<title>",
        "word ",
        "\u{FFFD}",
    ] {
        let s=unit.repeat((8<<20)/unit.len());
        let t=std::time::Instant::now();
        let p = paperfall_adapter::Page::parse(&s, "https://a.example/article/1");
        let t1=t.elapsed();
        let host=ScriptedHost::new().answer("https://a.example/article/1",response("https://a.example/article/1",200,"text/html",&s));
        drop(p);
        let t=std::time::Instant::now();
        let _=testing::attempt::<LandingScrape>(&host,&testing::work_at(&[],&["https://a.example/article/1"]),&[]);
        println!("TIMING {unit:?}: parse {:?} all {:?}", t1, t.elapsed());
    }
}
