// Places of one's own, as tables and address managers call them.

/** A place of one's own, by whatever name it has there; empty where it has none. */
export function siteLocale(name: string | undefined, locales?: ReadonlyMap<string, string>): string {
  if (name === undefined) return ''
  const given = locales?.get(name)
  if (given !== undefined) return given
  const plain = name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
  const site = plain.replaceAll(/^-+|(?<!-)-+$/g, '').slice(0, siteCharactersMax)
  return site === '' ? '' : `onprem:${site}`
}
const siteCharactersMax = 64
