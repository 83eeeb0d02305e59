// How facts that are said in words are typed: a catalogue has a line for each reason, which takes its facts and makes the words.

/** What words may need beside their facts. */
export interface Say {
  /** What the API that was asked calls a member of its requests. */
  readonly name: (member: string) => string
  /** Why policy says no, where a decision is told. */
  readonly told: () => string
  /** Another problem that is a part of this one. */
  readonly words: (problem: Nested) => string
}
/** A problem among the facts of another one; its type would be a part of itself. */
export interface Nested {
  readonly why: string
}

type FactsOf<Line> = Line extends (facts: infer Facts, say: never) => string
  ? unknown extends Facts
    ? object
    : Facts
  : never

/** One of the reasons of a catalogue, with its facts; `Key` is the member that says which. */
export type Said<Key extends string, Catalogue> = {
  readonly [Reason in keyof Catalogue]: { readonly [K in Key]: Reason } & FactsOf<Catalogue[Reason]>
}[keyof Catalogue]
