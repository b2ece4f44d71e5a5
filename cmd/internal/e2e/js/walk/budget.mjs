// What comes over the line before anything is touched, and what the page may run.
import { gzipSync } from "node:zlib";
import { check } from "../lib.mjs";

/** The most that the first load may weigh, compressed. */
const budget = 120 * 1024;

/** firstLoad weighs what a first visit loads, and reads the policy of the page. */
export async function firstLoad({ stage, line, browser }) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const loaded = [];
  page.on("response", (response) => loaded.push(response));
  const main = await page.goto(line.url, { waitUntil: "networkidle" });
  await page.getByTestId("welcome").waitFor();
  let total = 0;
  const weights = {};
  for (const response of loaded) {
    const path = new URL(response.url()).pathname;
    if (!/^(\/|\/assets\/.*|.*\.(html|css|js|svg|ico))$/.test(path)) continue;
    const encoded = response.headers()["content-encoding"] !== undefined;
    const { responseBodySize } = await response.request().sizes();
    weights[path] = encoded ? responseBodySize : gzipSync(await response.body()).length;
    total += weights[path];
  }
  check(`the first load is below ${budget} bytes: ${total}`, total > 0 && total < budget, weights);
  console.log(JSON.stringify(weights));
  const policy = main.headers()["content-security-policy"] ?? "";
  const rules = new Map(policy.split(";").map((rule) => rule.trim().split(/\s+/)).map(([name, ...sources]) => [name, sources.join(" ")]));
  check("the page may run and style nothing inline, and evaluate nothing", rules.get("default-src") === "'self'" && rules.get("script-src") === "'self'" &&
    rules.get("style-src") === "'self'" && rules.get("object-src") === "'none'" && !/unsafe|strict-dynamic|\*/.test(policy), policy);
  const html = await main.text();
  check("the page has nothing inline", !/<style|\son\w+=|\sstyle=|<script(?![^>]*\ssrc=)/i.test(html), html);
  stage.faults.splice(0);
  await context.close();
}
