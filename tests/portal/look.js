// How a page looks in both themes and two widths: nothing that axe finds
// against WCAG 2.2 AA, nothing wider than the window. With WRIT_SHOTS=FOLDER a
// picture of each is kept there.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const SIZES = { wide: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };

export async function look(page, name) {
  // What is looked at is the page, and not that it is not there.
  assert.equal(await page.locator("#failed").count(), name === "missing" ? 1 : 0, name);
  for (const colorScheme of ["light", "dark"]) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(viewport);
      if (process.env.WRIT_SHOTS) {
        await page.screenshot({ path: join(process.env.WRIT_SHOTS, `${name}-${colorScheme}-${size}.png`), fullPage: true });
      }
      const { scrollWidth, clientWidth } = await page.evaluate(() => {
        const { scrollWidth, clientWidth } = document.documentElement;
        return { scrollWidth, clientWidth };
      });
      assert.ok(scrollWidth <= clientWidth, `${name} is ${scrollWidth} wide on ${clientWidth}`);
      // Not by a tag of the page: its policy lets none in.
      await page.evaluate(axe);
      const { violations, passes } = await page.evaluate((values) => axe.run({ runOnly: { type: "tag", values } }), TAGS);
      assert.ok(passes.length > 10, `axe looked at ${name}`);
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
      assert.deepEqual(found, [], `${name}, ${colorScheme}, ${size}`);
    }
  }
}
