// Verify a webhook of Postbox in JavaScript: Node's standard library only.
//
//     const event = verify(secret, request.headers, body);   // throws: answer 401
//
// `headers` has its names in lower case, as Node gives them; `body` is a Buffer as it came, before any parser
// (in Express: express.raw({ type: "application/json" })).

import { createHmac, timingSafeEqual } from "node:crypto";

const TOLERANCE_SECONDS = 300;

/** The event that a post holds. Throws unless one of its signatures is ours and fresh. */
export function verify(secret, headers, body, now = Date.now() / 1000) {
  const id = headers["webhook-id"] ?? "";
  const timestamp = headers["webhook-timestamp"] ?? "";
  const signatures = headers["webhook-signature"] ?? "";
  if (!/^[0-9]{1,12}$/.test(timestamp)) throw new Error("no timestamp");
  if (Math.abs(now - Number(timestamp)) > TOLERANCE_SECONDS) {
    throw new Error("too old, or from the future: is this machine's clock right?");
  }
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  if (key.length === 0) throw new Error("the secret is empty"); // anybody can sign with an empty one
  const mac = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64");
  const expected = Buffer.from(`v1,${mac}`);
  // One for each live secret: after a rotation there are two for a while.
  const isOurs = signatures.split(" ").some((text) => {
    const given = Buffer.from(text);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
  if (!isOurs) throw new Error("no signature is ours: is this the endpoint's secret?");
  return JSON.parse(body.toString("utf8"));
}
