// Text that can be kept: PostgreSQL has no NUL in its text, and half a surrogate pair is no character in UTF-8, so that it would come back as another one.

export interface UnfitText {
  /** Where it stands, as in a JSON body: `tags.owner`, `documents.0.locale`. */
  readonly field: string
  readonly value: string
  readonly problem: string
}

const isUnfit = (text: string): boolean => text.includes('\0') || !text.isWellFormed()
/** Such that it can itself be answered and read. */
const shown = (text: string): string => text.toWellFormed().replaceAll('\0', '\u{2400}')

/** The first text of an input, among its values and the names in it, that cannot be kept. */
export function findUnfitText(input: unknown, field = ''): UnfitText | undefined {
  if (typeof input === 'string') {
    if (!isUnfit(input)) return undefined
    return {
      field: shown(field),
      value: shown(input),
      problem: 'it must be text without NUL and without half characters',
    }
  }
  if (typeof input !== 'object' || input === null || ArrayBuffer.isView(input)) return undefined
  for (const [name, value] of Object.entries(input)) {
    const place = field === '' ? name : `${field}.${name}`
    const found = findUnfitText(value, place) ?? (isUnfit(name) ? findUnfitText(name, place) : undefined)
    if (found) return found
  }
  return undefined
}
