// A part of a typeface: `node subset.mjs INPUT OUTPUT FIRST LAST` keeps the letters from one code point to another.
import { readFileSync, writeFileSync } from "node:fs";

import subsetFont from "subset-font";

const [input, output, first, last] = process.argv.slice(2);
let text = "";
for (let letter = Number(first); letter <= Number(last); letter += 1) text += String.fromCodePoint(letter);
writeFileSync(output, await subsetFont(readFileSync(input), text, { targetFormat: "woff2" }));
