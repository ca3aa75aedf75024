// A part of a typeface: `node subset.mjs INPUT OUTPUT FIRST LAST` keeps the letters from one code point to another, and of their
// weights those from normal to bold: the style sheet has no others, and they are a third of the file.
import { readFileSync, writeFileSync } from "node:fs";

import subsetFont from "subset-font";

const [input, output, first, last] = process.argv.slice(2);
const isHalf = (letter) => letter >= 0xd800 && letter <= 0xdfff;
let text = "";
for (let letter = Number(first); letter <= Number(last); letter += 1) {
  if (!isHalf(letter)) text += String.fromCodePoint(letter);
}
const variationAxes = { wght: { min: 400, max: 700 } };
writeFileSync(output, await subsetFont(readFileSync(input), text, { targetFormat: "woff2", variationAxes }));
