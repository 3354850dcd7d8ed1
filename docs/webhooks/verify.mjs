// Checks X-Novatrade-Signature with what Node 18 or newer brings.

import { createHmac, timingSafeEqual } from "node:crypto";

/** Whether `body` (a Buffer: the bytes as they came) was signed with `secret` within the last (or next) 300 seconds. */
export function verify(header, body, secret, now = Date.now() / 1000) {
    const parts = header.split(",").map((part) => part.split("="));
    const times = parts.filter(([name]) => name === "t").map(([, value]) => value);
    if (times.length !== 1 || !/^[0-9]{1,12}$/.test(times[0])) return false;
    if (Math.abs(now - Number(times[0])) > 300) return false;
    const expected = createHmac("sha256", secret).update(`${times[0]}.`).update(body).digest();
    const given = parts.filter(([name, value]) => name === "v1" && /^[0-9a-f]{64}$/.test(value));
    return given.some(([, value]) => timingSafeEqual(expected, Buffer.from(value, "hex")));
}
