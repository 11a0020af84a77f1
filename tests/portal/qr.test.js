// The QR codes of texts, read again by another's reader.

import assert from "node:assert/strict";
import { test } from "node:test";
import jsqr from "jsqr";
import { modules } from "../../crates/server/assets/qr.js";

// What a camera would see, three dots a module and four modules of margin.
function scanned(rows) {
  const [dots, margin] = [3, 4];
  const width = (rows.length + 2 * margin) * dots;
  const pixels = new Uint8ClampedArray(width * width * 4).fill(255);
  for (let y = 0; y < width; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const dark = rows[Math.floor(y / dots) - margin]?.[Math.floor(x / dots) - margin];
      if (dark) pixels.fill(0, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  }
  return jsqr(pixels, width, width)?.data;
}

test("a text of each size is read as it was written", () => {
  const letters = "writ key add ABCdef-_0123456789";
  for (const length of [0, 1, 17, 18, 60, 106, 134, 154, 192, 230, 231, 271, 272, 321, 367, 425, 426, 458, 520, 586, 644, 718, 792, 858]) {
    const text = letters.repeat(40).slice(0, length);
    assert.equal(scanned(modules(text)) ?? "nothing", text, String(length));
  }
  assert.equal(scanned(modules("Grüße, 漢字")), "Grüße, 漢字");
});

test("what is too long for one has none", () => {
  assert.equal(modules("x".repeat(859)), undefined);
});
