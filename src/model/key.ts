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
