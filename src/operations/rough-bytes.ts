// About how much an answer takes: what bounds pages in bytes, whatever stands in them.

/** How deep things are looked at: what we answer is no deeper. */
const depthMax = 20

/** About as many bytes as a value takes as JSON: names and texts by their characters, all else by a few bytes. */
export function roughBytes(value: unknown, depth = 0): number {
  if (typeof value === 'string') return value.length + 2
  if (typeof value !== 'object' || value === null || depth === depthMax) return 8
  if (ArrayBuffer.isView(value)) return value.byteLength
  let bytes = 2
  if (Array.isArray(value) || value instanceof Set) {
    for (const one of value) bytes += roughBytes(one, depth + 1)
    return bytes
  }
  if (value instanceof Map) {
    for (const [key, one] of value) bytes += roughBytes(key, depth + 1) + roughBytes(one, depth + 1)
    return bytes
  }
  for (const name in value) {
    const one = (value as Readonly<Record<string, unknown>>)[name]
    if (one !== undefined && typeof one !== 'function') bytes += name.length + 4 + roughBytes(one, depth + 1)
  }
  return bytes
}
