// Why a pool could not be given a CIDR, or why one cannot be taken away from it: facts, which stay with the CIDR, and their words.

export type CidrFailure =
  | Fact
  /** As it was put on record until it was facts. */
  | { readonly words: string }

type Fact =
  /** The source pool does not have it, or has handed it out. */
  | { readonly why: 'outside-source' | 'taken-in-source'; readonly source: string }
  /** In milliseconds since 1970. */
  | { readonly why: 'held' | 'in-quarantine'; readonly until: number }
  /** `by` is absent where the other pool is another account's. */
  | { readonly why: 'planned'; readonly network: string; readonly by?: string }
  | ({ readonly why: 'overlaps' } & Overlap)
  /** Public space is provisioned once; what it overlaps is absent where that is another account's. */
  | { readonly why: 'public'; readonly cidr: string; readonly overlaps?: Overlap }
  | { readonly why: 'has-allocations' }
interface Overlap {
  readonly cidr: string
  readonly pool: string
}

const wordsOf: { readonly [W in Fact['why']]: (fact: Extract<Fact, { readonly why: W }>) => string } = {
  'outside-source': ({ source }) => `The CIDR is not inside the provisioned CIDRs of the source pool ${source}.`,
  'taken-in-source': ({ source }) => `The CIDR is allocated from the source pool ${source}, in whole or in part.`,
  held: ({ until }) => `Space in the CIDR is held until ${new Date(until).toISOString()}.`,
  'in-quarantine': ({ until }) => `Released space in the CIDR is in quarantine until ${new Date(until).toISOString()}.`,
  planned: ({ network, by }) =>
    `${by === undefined ? 'Another pool' : `The pool ${by}`} plans this CIDR of ${network}.`,
  overlaps: (overlap) => `${overlapText(overlap)} in the same scope.`,
  public: ({ cidr, overlaps }) =>
    `The public CIDR ${cidr} is already provisioned, in whole or in part.${overlaps ? ` ${overlapText(overlaps)}.` : ''}`,
  'has-allocations': () => 'The CIDR has one or more allocations.',
}
const overlapText = ({ cidr, pool }: Overlap): string => `The CIDR overlaps ${cidr} of the pool ${pool}`

/** What is shown of it. A reason that only a newer server knows stands there by its name. */
export function failureInWords(failure: CidrFailure): string {
  if ('words' in failure) return failure.words
  const words = wordsOf[failure.why] as ((fact: Fact) => string) | undefined
  return words ? words(failure) : failure.why
}
