// The reader of what pack.py writes: the bytes of a table become figures again. Plain JavaScript, without a page.

const ARRAYS = { u1: Uint8Array, i1: Int8Array, u2: Uint16Array, i2: Int16Array, u4: Uint32Array, i4: Int32Array, f4: Float32Array, f8: Float64Array };

/**
 * A flat array as rows of `width` values, those again as rows, …
 * @param {Numbers} flat
 * @param {number[]} columns
 * @returns {Rows}
 */
function inRows(flat, [width, ...deeper]) {
  if (!width) return flat;
  const size = deeper.reduce((a, b) => a * b, width);
  return Array.from({ length: flat.length / size }, (_, i) => inRows(flat.subarray(i * size, (i + 1) * size), deeper));
}

/**
 * The figures of a table, out of its gzip: (index of the state in each group) → figure.
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {(indices: number[]) => Tree}
 */
function unpack(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  /** @type {Header} */
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  let at = 4 + length;
  const blocks = header.blocks.map(([dtype, count]) => {
    const size = ARRAYS[dtype].BYTES_PER_ELEMENT;
    const whole = new Uint8Array(size * count);
    for (let plane = 0; plane < size; plane++)
      for (let i = 0; i < count; i++) whole[i * size + plane] = bytes[at++];
    return new ARRAYS[dtype](whole.buffer);
  });
  const arrays = header.arrays.map(([block, start, count, ...columns]) => inRows(blocks[block].subarray(start, start + count), columns));
  /** @type {Record<string, number>} */
  const special = { nan: NaN, inf: Infinity, "-inf": -Infinity };
  /** @type {(value: any) => any} */
  const decode = (value) => {
    if (value === null || typeof value !== "object") return value;
    if (Array.isArray(value)) return value.map(decode);
    if ("$" in value) return typeof value.$ === "number" ? arrays[value.$] : special[value.$];
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, decode(v)]));
  };
  return (indices) => {
    const figure = decode(header.base);
    header.groups.forEach((group, g) => {
      for (const [pathIndex, value] of group.diffs[group.index[indices[g]]]) {
        const path = [...header.paths[pathIndex]];
        const key = /** @type {string | number} */ (path.pop());
        const parent = path.reduce((node, step) => node[step], figure);
        if (value?.$ === "deleted") delete parent[key];
        else parent[key] = decode(value);
      }
    });
    return figure;
  };
}
