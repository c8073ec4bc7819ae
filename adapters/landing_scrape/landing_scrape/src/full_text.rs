//! Whether what a link says is the name of a full text.
//!
//! Everything may be called "… (PDF)": a whole issue, the rules for authors, a
//! record's print. No list of other things ends. So it is asked the other way
//! round: a text means the full text when nothing is left of it without the
//! words people make such names of ([`crate::lexicon`]), languages, sizes, the
//! file's own name and the paper's title.

use crate::address;
use crate::lexicon::{
    FILLERS, KINDS_OF_WORKS, LANGUAGES, ONLY_WHERE_OWNED, OPENERS, SIGNS, UNPARTED,
};
use crate::names;
use crate::subject::Subject;
use crate::words::{Label, fold, is_unparted, split_by_script};

/// Units of the sizes of files.
const SIZES: [&str; 10] = ["kb", "mb", "gb", "kib", "mib", "ko", "mo", "k", "кб", "мб"];

/// What stands before the number of one version of several.
const VERSIONS: [&str; 8] = [
    "version",
    "v",
    "versión",
    "versão",
    "versione",
    "wersja",
    "версия",
    "версія",
];

/// What a link is said to lead to, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Said {
    /// More, or something else, than a full text.
    SomethingElse,
    /// Nothing that speaks against it: no words, the name of a file or the
    /// title of the page.
    NothingElse,
    /// The full text.
    FullText,
}

/// What the labels of a link to `url` say together. What it shows counts; what
/// it is titled only where it shows no words.
pub(crate) fn said(labels: &[Label], url: &str, subject: &Subject) -> Said {
    labels
        .iter()
        .find(|label| label.is_shown && !label.plain.is_empty())
        .map(|label| one(label, url, subject))
        .unwrap_or_else(|| {
            let all: Vec<Said> = labels
                .iter()
                .map(|label| one(label, url, subject))
                .collect();
            match all.iter().max() {
                Some(most) if !all.contains(&Said::SomethingElse) => *most,
                Some(_) => Said::SomethingElse,
                None => Said::NothingElse,
            }
        })
}

fn one(label: &Label, url: &str, subject: &Subject) -> Said {
    let (rest, names) = without_names(&label.raw, url);
    if names
        .iter()
        .any(|name| names::is_another_name(name, subject))
    {
        return Said::SomethingElse;
    }
    if subject.is_a_title(&label.plain) {
        return Said::NothingElse;
    }
    let rest = rest
        .to_lowercase()
        .replace("version of record", "published version");
    let (mut signs, mut openers, mut less_plain) = (0_usize, 0_usize, !names.is_empty());
    let has_size = split_by_script(&rest)
        .any(|word| SIZES.contains(&word.trim_start_matches(|c: char| c.is_ascii_digit())));
    let mut before = "";
    for word in split_by_script(&rest) {
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            // A size, or a count; but `Version 1` is one of several.
            if VERSIONS.contains(&before) && !has_size {
                return Said::SomethingElse;
            }
        } else if SIGNS.contains(&word) {
            signs += 1;
        } else if OPENERS.contains(&word) {
            openers += 1;
        } else if KINDS_OF_WORKS.contains(&word) {
            less_plain = true;
        } else if !(LANGUAGES.contains(&word)
            || FILLERS.contains(&word)
            || (ONLY_WHERE_OWNED.contains(&word) && subject.is_a(word)))
        {
            match unparted(word) {
                Some(pieces) => signs += pieces,
                None => return Said::SomethingElse,
            }
        }
        before = word;
    }
    if (signs > 0 || openers > 1) && !less_plain {
        Said::FullText
    } else {
        Said::NothingElse
    }
}

/// How many of the known pieces a word in an unparted script is made of, if of
/// nothing else.
fn unparted(word: &str) -> Option<usize> {
    let mut rest = word;
    let mut pieces = 0;
    while let Some(first) = rest.chars().next() {
        if !is_unparted(first) {
            return None;
        }
        rest = UNPARTED.iter().find_map(|piece| rest.strip_prefix(piece))?;
        pieces += 1;
    }
    Some(pieces)
}

/// Whether a text is the name of the file behind an address, with or without
/// its ending and with no other words than those of a view: Pure shows
/// `File Smith_2020`.
pub(crate) fn is_files_name(text: &str, url: &str) -> bool {
    let (rest, names) = without_names(text, url);
    !names.is_empty() && split_by_script(&rest.to_lowercase()).all(|word| OPENERS.contains(&word))
}

/// The name of a file without its ending, if it looks like a name wherever it
/// stands.
fn stem_of(name: &str) -> Option<&str> {
    let stem = name.rsplit_once('.').map(|(stem, _)| stem)?;
    let is_name = stem.contains(|c: char| c.is_ascii_digit() || c == '_');
    (is_name && stem.chars().count() > 4).then_some(stem)
}

/// A text without the names of files in it, and those names: the link's own,
/// single words that end in `.pdf`, and a text that ends so as a whole.
fn without_names(text: &str, url: &str) -> (String, Vec<String>) {
    let mut names = Vec::new();
    let mut rest = text.to_owned();
    let own = fold(&names::file_name(url)).into_owned();
    if own.chars().count() > 4
        && let Some(at) = rest.find(own.as_str())
        && let (Some(before), Some(after)) = (rest.get(..at), rest.get(at + own.len()..))
    {
        rest = format!("{before} {after}");
        names.push(own);
    } else if let Some(stem) = stem_of(&own)
        && rest.split_whitespace().any(|word| word == stem)
    {
        rest = rest.replacen(stem, " ", 1);
        names.push(own);
    }
    let whole = rest.split(['(', '[']).next().unwrap_or(&rest).trim();
    if address::is_pdf_path(whole) && whole.split_whitespace().count() > 1 {
        // `Smith et al 2020.pdf`, but not `Download Smith2020.pdf`: there the
        // last word is the name.
        let known: Vec<&str> = whole.split_whitespace().collect();
        let begins_plainly = known.first().is_some_and(|first| {
            let first = first.to_lowercase();
            SIGNS.contains(&first.as_str()) || OPENERS.contains(&first.as_str())
        });
        if !begins_plainly {
            names.push(whole.to_owned());
            rest = rest.replacen(whole, " ", 1);
        }
    }
    let mut words = Vec::new();
    for word in rest.split_whitespace() {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        if address::is_pdf_path(bare) {
            names.push(bare.to_owned());
        } else {
            words.push(word);
        }
    }
    (words.join(" "), names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use paperfall_adapter::{Page, testing, urls};

    fn said_of(text: &str) -> Said {
        let page = Page::parse(
            "<title>On penguins and their nests</title>",
            "https://a.example/chapter/7",
        );
        let url = urls::absolute(page.url(), "/files/Smith 2020.pdf").unwrap_or_default();
        let label = Label::shown(text);
        said(&[label], &url, &Subject::new(&page, &testing::work(&[])))
    }

    #[test]
    fn the_full_text_is_known_by_words_of_its_own_in_many_languages() {
        for text in [
            "PDF",
            "PDF (1.622 MB)",
            "[PDF]",
            "PDF, 1,2 Mo",
            "Full-Text (PDF)",
            "PDF – English",
            "PDF (Português (Brasil))",
            "PDF/EPUB",
            "View/Open",
            "Visualizar/Abrir",
            "Final published version, 1.27 MB",
            "Accepted author manuscript",
            "Version of record",
            "Publisher's version",
            "Submitted manuscript (PDF)",
            "Fichier principal",
            "Texte complet",
            "Texte intégral",
            "Artigo completo",
            "Texto completo: PDF",
            "Descargar artículo en PDF",
            "Scarica il PDF",
            "PDF herunterladen",
            "Tam Metin",
            "Полный текст (PDF)",
            "Pełny tekst",
            "全文PDF",
            "PDF全文",
            "PDFをダウンロード",
            "원문보기",
            "Article",
            "Manuscript",
            "Download chapter PDF",
            "Accepted version (PDF)",
            "Download this article as a PDF",
            "Print-friendly PDF",
            "Entire article (PDF)",
            "Den ganzen Artikel lesen (PDF)",
            "Texte intégral en libre accès disponible (PDF)",
            "Acceso al texto completo",
            "Descargar PDF del artículo",
            "Baixe o artigo (PDF)",
            "Hent artiklen som PDF",
            "Koko teksti (PDF)",
            "Pobierz plik",
            "Pełny tekst artykułu w formacie PDF",
            "Celý článek v PDF",
            "Puni tekst: hrvatski pdf 412 Kb",
            "Текст статьи (PDF)",
            "Скачать статью в формате PDF",
            "PDF файл",
            "Повний текст статті",
            "Tam Metin İndir",
            "TAM METI\u{307}N",
            "Toàn văn (PDF)",
            "Tải về",
            "النص الكامل",
            "متن کامل (PDF)",
            "Πλήρες κείμενο",
            "डाउनलोड करें",
            "ดาวน์โหลดบทความ",
            "免费下载PDF",
            "PDF形式でダウンロード",
            "원문 파일 다운로드",
            "Te\u{301}le\u{301}charger le PDF",
            "ＰＤＦダウンロード",
        ] {
            assert_eq!(said_of(text), Said::FullText, "{text}");
        }
    }

    #[test]
    fn whatever_else_is_called_a_pdf_is_something_else() {
        for text in [
            "Número completo (PDF)",
            "Revista completa (PDF)",
            "Numéro complet (PDF)",
            "Heft als PDF",
            "Diretrizes para autores (PDF)",
            "Autorenrichtlinien (PDF)",
            "Правила для авторов (PDF)",
            "投稿規定 (PDF)",
            "摘要 PDF",
            "Resumen (PDF)",
            "Plantilla (PDF)",
            "Export PDF",
            "Print this record (PDF)",
            "Commentary (PDF)",
            "Version 1 PDF",
            "Preprint (PDF)",
            "Save this page as PDF",
            "Part 1 PDF",
            "Price list (PDF)",
            "Download book PDF",
            "Plantilla de artículo.pdf (PDF) normas",
            "slides_smith.pdf",
            "PDF of the programme",
            "Cały numer (PDF)",
            "Plik: okładka (PDF)",
            "Полный выпуск (PDF)",
            "Автореферат диссертации (PDF)",
            "Spis treści (PDF)",
            "v. 12 (PDF)",
            "Versión 2 (PDF)",
            "العدد الكامل (PDF)",
            "چکیده (PDF)",
            "英文摘要",
            "영문초록 (PDF)",
            "参考文献 (PDF)",
            "论文格式 (PDF)",
            "Публикации (PDF)",
            "บทคัดย่อ PDF",
            "High resolution image (PDF)",
        ] {
            assert_eq!(said_of(text), Said::SomethingElse, "{text}");
        }
    }

    #[test]
    fn a_files_name_and_the_pages_title_say_nothing_else() {
        for text in [
            "",
            "1.2 MB",
            "Smith2020.pdf",
            "Smith et al 2020.pdf (1.2 MB)",
            "Smith 2020.pdf",
            "Download smith_2020.pdf",
            "Text paper.pdf - Accepted Version",
            "On penguins and their nests",
            "Report (PDF)",
        ] {
            assert_eq!(said_of(text), Said::NothingElse, "{text}");
        }
    }
}
