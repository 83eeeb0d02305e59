// The formats of answers for programs, each one value: another one is another entry. A table for people is none of them.
import type { Page } from './client.ts'
import { UsageProblem } from './exit-codes.ts'

/** What a format goes by beside the answer. */
export interface Answered {
  /** Members of the answer, or of its items, in the order of their declaration. */
  readonly fields?: readonly string[]
  /** What the answer is to, in the words of the command. */
  readonly title?: string
  /** Those of a table for people. */
  readonly columns?: readonly string[]
  /** A person looks at it. */
  readonly isOnTerminal?: boolean
}

/** A list, printed page by page. */
export interface PagePrinter {
  readonly begin: string
  page(items: Page['items']): string
  /** @param rest what the list says beside its items */
  end(rest: object): string
}

export interface Format {
  /** For the help, such as `YAML`. */
  readonly meaning: string
  /** Whether it says all that the API says: also what stands beside the items, and a refusal. */
  readonly isWhole: boolean
  /** @param text an answer as the API wrote it */
  answer(text: string, answered: Answered): Promise<string>
  /** Undefined where all pages are printed as one answer. */
  pages(answered: Answered): Promise<PagePrinter | undefined>
  /** Of a list that grows: an item as the API wrote it. */
  events(answered: Answered): Promise<(text: string) => string>
}

type Item = Page['items'][number]

export const formats = {
  json: {
    meaning: "the API's JSON",
    isWhole: true,
    // A person gets a line for each member.
    async answer(text, { isOnTerminal }) {
      const { printableJson } = await import('./printable.ts')
      return `${printableJson(isOnTerminal ? JSON.stringify(JSON.parse(text), null, 2) : text)}\n`
    },
    async pages({ isOnTerminal }) {
      if (isOnTerminal) return undefined
      const { printableJson } = await import('./printable.ts')
      let count = 0
      return {
        begin: '{"items":[',
        page: (items) =>
          items.map((item) => `${count++ === 0 ? '' : ','}${printableJson(JSON.stringify(item))}`).join(''),
        end(rest) {
          const members = JSON.stringify(rest).slice(1)
          return `]${members === '}' ? '' : ','}${members}\n`
        },
      }
    },
    async events() {
      const { printableJson } = await import('./printable.ts')
      return (text) => `${printableJson(text)}\n`
    },
  },
  yaml: {
    meaning: 'YAML',
    isWhole: true,
    async answer(text, { fields = [] }) {
      const [{ yamlOf }, { inDeclaredOrder }] = [await import('./yaml.ts'), await import('./table.ts')]
      const answer = JSON.parse(text) as Item
      const { items } = answer as Partial<Page>
      return yamlOf(
        Array.isArray(items)
          ? { ...answer, items: items.map((item) => inDeclaredOrder(item, fields)) }
          : inDeclaredOrder(answer, fields),
      )
    },
    pages: async () => undefined,
    async events({ fields = [] }) {
      const [{ yamlOf }, { inDeclaredOrder }] = [await import('./yaml.ts'), await import('./table.ts')]
      return (text) => `---\n${yamlOf(inDeclaredOrder(JSON.parse(text) as Item, fields))}`
    },
  },
  csv: {
    meaning: 'CSV with every member as a column',
    isWhole: false,
    async answer(text, answered) {
      const { csvColumns, csvHead, csvLines } = await import('./csv.ts')
      const answer = JSON.parse(text) as Item
      const { items } = answer as Partial<Page>
      const rows = Array.isArray(items) ? items : [answer]
      const columns = csvColumns(answered, rows)
      return csvHead(columns) + csvLines(columns, rows)
    },
    async pages(answered) {
      const { csvColumns, csvHead, csvLines } = await import('./csv.ts')
      let columns: readonly string[] | undefined
      return {
        begin: '',
        page(items) {
          const isFirst = columns === undefined
          columns ??= csvColumns(answered, items)
          return (isFirst ? csvHead(columns) : '') + csvLines(columns, items)
        },
        end: () => '',
      }
    },
    async events(answered) {
      const printer = (await this.pages(answered))!
      return (text) => printer.page([JSON.parse(text) as Item])
    },
  },
  html: {
    meaning: 'a page to print',
    isWhole: false,
    async answer(text, { columns = [], title = 'Answer' }) {
      const { htmlOf } = await import('./html.ts')
      const answer = JSON.parse(text) as Item
      const { items, ...facts } = answer as Partial<Page>
      if (!Array.isArray(items)) return htmlOf({ title, facts: answer, columns: [], rows: [] })
      const seen = new Set(items.flatMap((item) => Object.keys(item)))
      const shown = columns.length > 0 ? columns.filter((name) => seen.has(name)) : [...seen]
      return htmlOf({ title, facts, columns: shown, rows: items })
    },
    pages: async () => undefined,
    async events() {
      throw new UsageProblem('A page to print comes to an end: leave `--follow` out.')
    },
  },
} as const satisfies Readonly<Record<string, Format>>

export type FormatName = keyof typeof formats
/** Undefined: a table. */
export const formatOf = (output: FormatName | 'table'): Format | undefined =>
  output === 'table' ? undefined : formats[output]
