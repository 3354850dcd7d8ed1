// Asks the library of Standard Webhooks for Node about each case on stdin, one JSON array in, one out: a signature of its
// own where there is no header to judge, else whether it accepts.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { Webhook } = createRequire(`${process.argv[2]}/`)("standardwebhooks");

function judge({ secret, headers, body, sign }) {
    const webhook = new Webhook(secret);
    if (sign) return webhook.sign(headers["webhook-id"], new Date(headers["webhook-timestamp"] * 1000), body);
    try {
        webhook.verify(body, headers, { jsonParse: false });
        return true;
    } catch (error) {
        if (error.name === "WebhookVerificationError") return false;
        throw error;
    }
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(judge)));
