// What the house and the gateway say to the same questions, for tests to hold the scripts against.

import { readFileSync } from "node:fs";

export const cases = JSON.parse(readFileSync(new URL("cases.json", import.meta.url)));
