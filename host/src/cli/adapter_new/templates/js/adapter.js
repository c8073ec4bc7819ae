// @NAME@: the PDF links that publishers deposit with Crossref
// (https://api.crossref.org). Put your own source in its place.
//
// The shapes are the contract's (wit/0.1.0/paperfall-adapter.wit), with names in
// camelCase: `landing-urls` is `landingUrls`.

import { baseUrl, getJson, identifier, inPath, miss, records, text, told } from "./paperfall.js";

const VERSIONS = new Map([["vor", "publishedVersion"], ["am", "acceptedVersion"]]);
const WEB = /^https?:\/\//i;

export const source = {
  describe() {
    return {
      name: "@NAME@",
      version: "0.1.0",
      summary: "PDF links deposited with Crossref",
      hosts: ["api.crossref.org"],
      identifiers: ["doi"],
      settings: [
        { key: "base-url", help: "Where the API lives.", default: "https://api.crossref.org" },
      ],
      secrets: [],
    };
  },

  resolve: told((work, policy) => {
    const doi = identifier(work, "doi");
    if (doi === undefined) throw miss("skipped", "no_doi");
    // No response, a status that is no success, no JSON: each is a miss with a
    // reason of its own.
    const url = `${baseUrl(policy)}/works/${inPath(doi)}`;
    const record = getJson(url, "a Crossref record").message;
    // An answer has to be about the work that was asked for.
    if (String(record?.DOI).toLowerCase() !== doi) throw miss("error", "bad_answer");
    const license = text(records(record.license)[0]?.URL);
    const candidates = records(record.link)
      .filter((link) => link["content-type"] === "application/pdf" && WEB.test(text(link.URL) ?? ""))
      .map((link) => ({
        url: text(link.URL),
        reason: "@NAME@_pdf",
        version: VERSIONS.get(link["content-version"]),
        license,
        checksum: undefined,
        notes: [],
      }));
    // The reason says why, should there be no candidate.
    return {
      candidates: candidates.slice(0, 8),
      landingUrls: [],
      identifiers: [],
      reason: "no_pdf_url",
    };
  }),
};
