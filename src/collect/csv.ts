// Tables of networks and addresses that people keep, as comma-separated values.
import type { Collector } from './collector.ts'
import { observeRows, sheetOptions, sheetOptionsProblem } from './sheet.ts'
import { rowsOf } from './table-file.ts'

export const csv: Collector = {
  kind: 'csv',
  summary: 'Read networks, ranges and addresses of a table, in any delimiter and encoding.',
  options: [
    { flag: 'file', value: 'FILE', meaning: 'The table; `-` is the standard input.', isRequired: true },
    ...sheetOptions,
  ],
  rights: { words: 'None: it reads one file.' },
  optionsProblem: sheetOptionsProblem,
  collect: (around) => observeRows(around, rowsOf(around.read(around.options.get('file')!))),
}
