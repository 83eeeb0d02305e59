// Keys of caches and maps that are made of several texts.

/**
 * Joins texts to one that no other texts give, whatever they contain: each stands behind its length. An absent part is told
 * apart from an empty one.
 */
export function joinKey(...parts: readonly (string | undefined)[]): string {
  let key = ''
  for (const part of parts) key += part === undefined ? '-' : `${part.length}:${part}`
  return key
}

/** The first texts of a key, and what stands behind them; undefined where there are not so many. */
export function splitKey(
  key: string,
  count: number,
): { readonly parts: readonly (string | undefined)[]; readonly rest: string } | undefined {
  const parts: (string | undefined)[] = []
  let at = 0
  while (parts.length < count) {
    if (key[at] === '-') {
      parts.push(undefined)
      at++
      continue
    }
    const [head, digits] = /^(\d{1,16}):/.exec(key.slice(at, at + 17)) ?? []
    const begin = at + (head?.length ?? 0)
    const end = begin + Number(digits)
    if (head === undefined || end > key.length) return undefined
    parts.push(key.slice(begin, end))
    at = end
  }
  return { parts, rest: key.slice(at) }
}
