// A QR code (ISO/IEC 18004) of a short text: bytes, the lowest level of
// correction, versions 1 to 20. Any reader takes any mask, so there is one.

import { bytesOf } from "./statement.js";

// By version: bytes of data, bytes of correction in a block, blocks.
const SIZES = [
  [19, 7, 1], [34, 10, 1], [55, 15, 1], [80, 20, 1], [108, 26, 1], [136, 18, 2], [156, 20, 2], [194, 24, 2], [232, 30, 2], [274, 18, 4],
  [324, 20, 4], [370, 24, 4], [428, 26, 4], [461, 30, 4], [523, 22, 6], [589, 24, 6], [647, 28, 6], [721, 30, 6], [795, 28, 7], [861, 28, 8],
];

// --- Correction: Reed-Solomon over GF(256) with x^8 + x^4 + x^3 + x^2 + 1 ---

function times(one, other) {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    if ((other >> bit) & 1) product ^= one;
  }
  return product;
}

// The generator's coefficients behind the first, which is 1.
function generator(degree) {
  let factors = [1];
  for (let root = 1, at = 0; at < degree; at += 1, root = times(root, 2)) {
    const next = [...factors, 0];
    factors.forEach((factor, index) => (next[index + 1] ^= times(factor, root)));
    factors = next;
  }
  return factors.slice(1);
}

function correction(data, divisor) {
  const rest = new Array(divisor.length).fill(0);
  for (const byte of data) {
    const factor = byte ^ rest.shift();
    rest.push(0);
    divisor.forEach((coefficient, at) => (rest[at] ^= times(coefficient, factor)));
  }
  return rest;
}

// --- Bytes ---

// The text behind its kind and length, filled up to the data of a version.
function dataOf(bytes, version, room) {
  const bits = [];
  const put = (value, count) => {
    for (let at = count - 1; at >= 0; at -= 1) bits.push((value >> at) & 1);
  };
  put(4, 4);
  put(bytes.length, version < 10 ? 8 : 16);
  for (const byte of bytes) put(byte, 8);
  put(0, Math.min(4, room * 8 - bits.length));
  while (bits.length % 8 !== 0) bits.push(0);
  const data = [];
  for (let at = 0; at < bits.length; at += 8) data.push(parseInt(bits.slice(at, at + 8).join(""), 2));
  for (let fill = 0xec; data.length < room; fill ^= 0xec ^ 0x11) data.push(fill);
  return data;
}

// Blocks, each with its correction, a byte of each in turn.
function interleaved(data, [room, extra, count]) {
  const divisor = generator(extra);
  const short = Math.floor(room / count);
  const blocks = [];
  for (let at = 0, block = 0; block < count; block += 1) {
    const end = at + short + (block >= count - (room % count) ? 1 : 0);
    blocks.push(data.slice(at, end));
    at = end;
  }
  const turns = (parts) => Array.from({ length: Math.max(...parts.map((part) => part.length)) }, (_, at) => parts.flatMap((part) => (at < part.length ? [part[at]] : []))).flat();
  return [...turns(blocks), ...turns(blocks.map((block) => correction(block, divisor)))];
}

// --- Modules ---

// A value with its remainder behind it, as format and version are written.
function coded(value, bits, polynomial) {
  let rest = value;
  for (let at = 0; at < bits; at += 1) rest = (rest << 1) ^ ((rest >> (bits - 1)) * polynomial);
  return (value << bits) | rest;
}

function centres(version, size) {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = Math.ceil((4 * version + 4) / (2 * count - 2)) * 2;
  return [6, ...Array.from({ length: count - 1 }, (_, at) => size - 7 - step * (count - 2 - at))];
}

// What stands still in a version: rows of true, false and, where data go, nothing.
function frame(version, size) {
  const rows = Array.from({ length: size }, () => new Array(size).fill(undefined));
  const set = (x, y, dark) => {
    if (x >= 0 && y >= 0 && x < size && y < size) rows[y][x] = dark;
  };
  const square = (x, y, reach, isDark) => {
    for (let dy = -reach; dy <= reach; dy += 1) {
      for (let dx = -reach; dx <= reach; dx += 1) set(x + dx, y + dy, isDark(Math.max(Math.abs(dx), Math.abs(dy))));
    }
  };
  for (let at = 0; at < size; at += 1) {
    set(6, at, at % 2 === 0);
    set(at, 6, at % 2 === 0);
  }
  for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]]) square(x, y, 4, (ring) => ring !== 2 && ring !== 4);
  const places = centres(version, size);
  const [first, last] = [places[0], places.at(-1)];
  for (const x of places) {
    for (const y of places) {
      const isCorner = (x === first && y === first) || (x === first && y === last) || (x === last && y === first);
      if (!isCorner) square(x, y, 2, (ring) => ring !== 1);
    }
  }
  // Level L is 01, the mask 000.
  const format = coded(0b01000, 10, 0x537) ^ 0x5412;
  for (let at = 0; at < 15; at += 1) {
    const dark = ((format >> at) & 1) === 1;
    set(8, at < 6 ? at : at < 8 ? at + 1 : size - 15 + at, dark);
    set(at < 8 ? size - 1 - at : at < 9 ? 7 : 14 - at, 8, dark);
  }
  set(8, size - 8, true);
  if (version >= 7) {
    const bits = coded(version, 12, 0x1f25);
    for (let at = 0; at < 18; at += 1) {
      const dark = ((bits >> at) & 1) === 1;
      const [near, far] = [Math.floor(at / 3), size - 11 + (at % 3)];
      set(near, far, dark);
      set(far, near, dark);
    }
  }
  return rows;
}

// The rows of a text, of what is dark; nothing if it is too long.
export function modules(text) {
  const bytes = bytesOf(text);
  const version = SIZES.findIndex(([room], at) => bytes.length + (at < 9 ? 2 : 3) <= room) + 1;
  if (version === 0) return undefined;
  const size = 17 + 4 * version;
  const rows = frame(version, size);
  const [room] = SIZES[version - 1];
  const all = interleaved(dataOf(bytes, version, room), SIZES[version - 1]);
  let at = 0;
  // Two columns at a time from the right, up and down, past the one with the beat.
  for (let right = size - 1, up = true; right > 0; right -= 2, up = !up) {
    if (right === 6) right = 5;
    for (let step = 0; step < size; step += 1) {
      const y = up ? size - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (rows[y][x] !== undefined) continue;
        const bit = at < all.length * 8 && ((all[at >> 3] >> (7 - (at & 7))) & 1) === 1;
        rows[y][x] = bit !== ((x + y) % 2 === 0);
        at += 1;
      }
    }
  }
  return rows;
}

// The same as a picture, dark on light in any theme.
export function picture(text, title) {
  const rows = modules(text);
  if (!rows) return undefined;
  const [space, size] = ["http://www.w3.org/2000/svg", rows.length + 8];
  const make = (name, attributes) => {
    const element = document.createElementNS(space, name);
    for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
    return element;
  };
  const path = rows.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x + 4} ${y + 4}h1v1h-1z`] : []))).join("");
  const svg = make("svg", { viewBox: `0 0 ${size} ${size}`, class: "qr", role: "img", "aria-label": title, "shape-rendering": "crispEdges" });
  svg.append(make("rect", { width: size, height: size, fill: "#fff" }), make("path", { d: path, fill: "#000" }));
  return svg;
}
