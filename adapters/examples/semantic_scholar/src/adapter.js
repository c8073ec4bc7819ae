// Semantic Scholar: the one open PDF that its Academic Graph knows of a paper
// (https://api.semanticscholar.org/api-docs/graph).
//
// One request. A PDF becomes a candidate; an address that is a DOI's is a page
// and handed on, and so are the identifiers of the record.

import { baseUrl, getJson, identifier, inPath, miss, setting, text, told } from "./paperfall.js";

const FIELDS = "externalIds,isOpenAccess,openAccessPdf";
// How Semantic Scholar spells the identifiers paperfall knows.
const PREFIXES = [["doi", "DOI:"], ["arxiv", "ARXIV:"], ["pmid", "PMID:"], ["pmcid", "PMCID:"]];

export const source = {
  describe() {
    return {
      name: "semantic_scholar",
      version: "0.1.0",
      summary: "Open-access PDFs from Semantic Scholar's Academic Graph",
      hosts: ["api.semanticscholar.org"],
      identifiers: PREFIXES.map(([scheme]) => scheme),
      settings: [
        {
          key: "base-url",
          help: "Where the Academic Graph API lives.",
          default: "https://api.semanticscholar.org/graph/v1",
        },
        { key: "use-key", help: "yes: send the secret API_KEY with every request.", default: "no" },
      ],
      secrets: [{ name: "API_KEY", help: "Your Semantic Scholar API key, for use-key = yes." }],
    };
  },

  resolve: told((work, policy) => {
    const name = nameOf(work);
    if (name === undefined) throw miss("skipped", "no_identifier");
    const headers = setting(policy, "use-key") === "yes" ? { "X-Api-Key": "{{secret:API_KEY}}" } : {};
    const url = `${baseUrl(policy)}/paper/${inPath(name)}?fields=${FIELDS}`;
    const record = getJson(url, "a paper of Semantic Scholar", headers);
    const ids = record.externalIds ?? {};
    // Another work's record would file another work's paper.
    const [doi, own] = [identifier(work, "doi"), text(ids.DOI)?.toLowerCase()];
    if (doi !== undefined && own !== undefined && own !== doi) {
      throw miss("error", "bad_answer", undefined, `expected the paper ${doi}, not ${own}`);
    }
    return findings(record, ids);
  }),
};

/** The paper's name for the service. */
function nameOf(work) {
  for (const [scheme, prefix] of PREFIXES) {
    const value = identifier(work, scheme);
    // arXiv's versions are not known there, and PMCIDs go without letters.
    if (value !== undefined) return prefix + value.replace(/^PMC/, "").replace(versionOf(scheme), "");
  }
  return undefined;
}

function versionOf(scheme) {
  return scheme === "arxiv" ? /v\d+$/ : /$^/;
}

function findings(record, ids) {
  const open = record.isOpenAccess;
  const pdf = record.openAccessPdf;
  // "Closed" has to be said; nothing said is no answer.
  if (typeof open !== "boolean" && !pdf) {
    throw miss("error", "bad_answer", undefined, "expected isOpenAccess in a paper");
  }
  const found = {
    candidates: [],
    landingUrls: [],
    identifiers: learnt(ids),
    reason: open ? "no_pdf_url" : "not_oa",
  };
  const url = web(pdf?.url);
  if (url === undefined) return found;
  if (/^https?:\/\/(dx\.)?doi\.org\//i.test(url)) {
    found.landingUrls.push(url);
  } else {
    found.candidates.push({
      url,
      reason: "oa_pdf",
      version: undefined,
      license: text(pdf.license, 40)?.toLowerCase(),
      checksum: undefined,
      notes: [text(pdf.status, 40)?.toLowerCase()].filter(Boolean),
    });
  }
  return found;
}

/** The record's identifiers, in paperfall's spelling. */
function learnt(ids) {
  return [
    ["doi", /^10\.\d{4,}\/\S+$/, text(ids.DOI)?.toLowerCase()],
    ["arxiv", /^[\w.-]+(\/\d+)?$/, text(ids.ArXiv)],
    ["pmid", /^\d+$/, text(ids.PubMed)],
    ["pmcid", /^\d+$/, text(ids.PubMedCentral)],
  ]
    .filter(([, shape, value]) => value !== undefined && value.length < 200 && shape.test(value))
    .map(([scheme, , value]) => ({ scheme, value: scheme === "pmcid" ? `PMC${value}` : value }));
}

/** An address of the web, if it is one. */
function web(value) {
  const url = text(value);
  return url !== undefined && /^https?:\/\/[^\s/]/i.test(url) ? url : undefined;
}
