// Writes the table of settings into docs/guide/policy-settings.md from the vocabulary that the server checks them by.
import { readFileSync, writeFileSync } from 'node:fs'
import { type SettingCarrier, type SettingWord, settingWords } from '#model/policy/tag-settings.ts'

export const settingsPage = new URL('../docs/guide/policy-settings.md', import.meta.url)
const start = '<!-- settings: written by scripts/settings-table.ts -->\n'
const end = '<!-- settings: end -->\n'

const headings: { readonly [C in SettingCarrier]: string } = {
  policy: 'On a policy (`ipam-policy`)',
  ipam: 'On an IPAM (`ipam`)',
  pool: 'On a pool (`ipam-pool`)',
}
const suffixes = { pair: '`[/TYPE]` or `[/LOCALE/TYPE]`', pool: '`/IPAM-POOL-ID`' } as const

/** The page with its table as the vocabulary has it now. */
export function withSettings(page: string): string {
  const from = page.indexOf(start)
  const to = page.indexOf(end)
  if (from < 0 || to < from) throw new Error('The page has lost the marks that the table of settings stands between.')
  return `${page.slice(0, from + start.length)}\n${settingsTables()}\n${page.slice(to)}`
}

function settingsTables(): string {
  return (Object.keys(headings) as SettingCarrier[])
    .map((carrier) => {
      const rows = settingWords.filter(({ on }) => on === carrier).map(rowOf)
      const head = '| tag | value | default | meaning |\n| --- | --- | --- | --- |'
      return `### ${headings[carrier]}\n\n${head}\n${rows.join('\n')}\n`
    })
    .join('\n')
}

function rowOf({ key, suffix, allowed, default: byDefault, summary }: SettingWord): string {
  const cells = [`\`${key}\`${suffix ? ` ${suffixes[suffix]}` : ''}`, allowed, byDefault, summary]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

if (import.meta.main) writeFileSync(settingsPage, withSettings(readFileSync(settingsPage, 'utf8')))
