// Asks docs/webhooks/verify.mjs about each case on stdin, one JSON array in, one out.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { verify } = await import(pathToFileURL(`${process.argv[2]}/verify.mjs`));
const cases = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(cases.map((c) => verify(c.header, Buffer.from(c.body, "base64"), c.secret, c.now))));
