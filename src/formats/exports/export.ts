// What a list can be exported as, beside the API's own JSON: one value for each format, printed page by page.

/** What an export is told besides its items. */
export interface ExportFacts {
  /** Of the program. */
  readonly version: string
  /** When it is made. */
  readonly now: Date
  /** The account and Region that findings are imported into, where the format names them. */
  readonly account: string
  readonly region: string
}

/** One export under way: it may count what it has printed. */
export interface ExportPrinter<Item> {
  readonly begin: string
  page(items: readonly Item[]): string
  /** @returns what comes behind the last page */
  end(): string
}

export interface ExportFormat<Item> {
  /** As `Accept` names it, and as the answer is labelled. */
  readonly mediaType: string
  /** For people, such as `SARIF 2.1.0`. */
  readonly meaning: string
  open(facts: ExportFacts): ExportPrinter<Item>
}

/** A line of JSON for each item. */
export const jsonLines = <Item>(line: (item: Item) => object): ExportPrinter<Item> => ({
  begin: '',
  page: (items) => items.map((item) => `${JSON.stringify(line(item))}\n`).join(''),
  end: () => '',
})

/** Cut to a length that a schema allows, with a sign that it was. */
export const cutTo = (text: string, max: number): string => (text.length <= max ? text : `${text.slice(0, max - 1)}…`)

export const productName = 'Cadastre'
