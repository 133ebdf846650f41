// Reads cases from standard input and writes what the example says of each: true, or the error.

import { readFileSync } from "node:fs";

const { verify } = await import(process.argv[2]);
const said = {};
for (const { name, headers, body, now, secret } of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    said[name] = verify(secret, headers, Buffer.from(body, "base64"), now).test === 2432232314;
  } catch (error) {
    said[name] = error.message;
  }
}
console.log(JSON.stringify(said));
