// Values whose texts are left out or exchanged, in whatever they are nested.

/** A copy of an answer without the members that are one of these texts. */
export function withoutTexts(value: unknown, texts: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((one) => withoutTexts(one, texts))
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([, member]) => !(typeof member === 'string' && texts.has(member)))
  return Object.fromEntries(kept.map(([name, member]) => [name, withoutTexts(member, texts)]))
}

/** A copy in which every text names the new decisions in place of the old ones: the fact, and the words that repeat it. */
export function renamed(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') {
    return [...names].reduce((text, [before, after]) => text.replaceAll(before, after), value)
  }
  if (Array.isArray(value)) return value.map((one) => renamed(one, names))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, renamed(member, names)]))
}
