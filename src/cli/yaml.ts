// Answers as YAML 1.2 that readers of YAML 1.1 understand alike; loaded where somebody asks for it.
import { Document, Scalar, visit } from 'yaml'
import { mustBeEscaped, printableJson } from './printable.ts'

/** One document, with a line break at its end. */
export function yamlOf(value: unknown): string {
  // Aliases are for those who write YAML: whoever reads it finds every value where it is. `no`, `12:30` and numbers with
  // zeroes before them are texts for one version and something else for the other, so that they are quoted.
  return yamlTextOf(documentOf(value))
}

/** The same with room for comments, before it becomes text. */
export const documentOf = (value: unknown): Document =>
  new Document(value, { aliasDuplicateObjects: false, compat: 'yaml-1.1', version: '1.2' })

export function yamlTextOf(document: Document): string {
  visit(document, {
    Scalar(_key, node) {
      // Escapes exist in this form alone.
      if (typeof node.value === 'string' && mustBeEscaped(node.value)) node.type = Scalar.QUOTE_DOUBLE
    },
  })
  return printableJson(document.toString({ lineWidth: 0 }))
}
