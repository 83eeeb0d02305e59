// What each reason of a refusal says, with the names of its facts in their places: for the reference, and for the test of the catalogues.
import { features } from '#model/problems/features.ts'
import { counted, countedFor, remedies } from '#model/problems/limits.ts'
import { problemCatalogues } from '#model/problems/problem.ts'

type Line = (facts: never, say: never) => string
export type Catalogue = Readonly<Record<string, Line>>

/** All lines, by what they are about. */
export const catalogues: Readonly<Record<string, Catalogue>> = {
  ...problemCatalogues,
  'what is not supported': features,
  'what there is too much of': counted,
  'whom it is counted for': countedFor,
  'what helps': remedies,
}

/** Facts that choose words, and are not said themselves. */
const choosing: Readonly<Record<string, string>> = {
  family: '4',
  holder: 'vpc',
  cloud: 'azure',
  done: 'closed',
  action: 'approve',
  for: 'policies-change',
  thing: 'policy',
}

/** Stands for whatever a fact is: its name where it is said, two of them where it is a list, itself where it is asked for a part. */
function named(name: string): unknown {
  const inCapitals = name.replaceAll(/[A-Z]/g, (letter) => `-${letter}`).toUpperCase()
  const asText = (hint: string): string | number => (hint === 'string' ? inCapitals : 1)
  return new Proxy([], {
    get(list, part) {
      if (part === Symbol.toPrimitive) return asText
      if (part === 'toString') return () => inCapitals
      if (part === 'length') return 2
      if (part === '0' || part === '1') return named(name)
      if (typeof part === 'symbol' || part in list) return Reflect.get(list, part)
      return fact(part)
    },
    has: (_, part) => part === '0' || part === '1',
  })
}
const fact = (name: string): unknown => choosing[name] ?? named(name)

/** What a line says of facts that are there all of them, as `it has CHARACTERS characters`. */
export function patternOf(line: Line): string {
  const facts = new Proxy({}, { get: (_, name) => fact(String(name)) })
  const say = { name: (member: unknown) => String(member), told: () => 'WHY', words: (part: unknown) => String(part) }
  return String((line as (facts: unknown, say: unknown) => unknown)(facts, say))
}
