// What is asked of the record, and what the ledger says to it: addresses, accounts, resources; at a moment or between two.
import { always, type Book, type EndedState, overlaps, rangeOf, type Span, statesOf, type Tenure } from './book.ts'

export interface Question {
  readonly name: 'findHolders' | 'findHoldingsOfAccount' | 'findHoldingsOfResource'
  readonly input: Readonly<Record<string, unknown>>
  readonly span: Span
  /** Whether a tenure is asked for in one of its states. */
  readonly isAsked: (tenure: Tenure, state: EndedState) => boolean
}
/** A line of an answer, as far as the ledger knows it, as text: moments as the API writes them. */
export type Line = string

export interface Item {
  readonly allocationId: string
  readonly state: string
  readonly cidr: string
  readonly poolId: string
  readonly account: string
  readonly resourceType: string
  readonly resourceId?: string
  readonly description?: string
  readonly tags?: Readonly<Record<string, string>>
  readonly association?: { readonly resourceId: string }
  readonly from: string
  readonly until?: string
  readonly heldFrom: string
  readonly heldUntil?: string
  readonly ending?: string
  readonly expiresAt?: string
  readonly decisionId?: string
}
const instant = (moment: number | undefined): string | undefined =>
  moment === undefined ? undefined : new Date(moment).toISOString()
const inOrder = (tags: Readonly<Record<string, string>> = {}) => Object.entries(tags).sort()

function lineOf(tenure: Tenure, state: EndedState): Line {
  return JSON.stringify([
    tenure.id,
    state.isHold ? 'held' : 'allocated',
    tenure.cidr,
    tenure.pool,
    tenure.account,
    tenure.resourceType,
    state.resourceId ?? null,
    state.description ?? null,
    inOrder(state.tags),
    state.usedBy?.resourceId ?? null,
    instant(state.from),
    instant(state.until) ?? null,
    instant(tenure.from),
    instant(tenure.until) ?? null,
    tenure.ending ?? null,
    instant(state.expiresAt) ?? null,
    state.decision ?? null,
  ])
}
export function lineIn(item: Item): Line {
  return JSON.stringify([
    item.allocationId,
    item.state,
    item.cidr,
    item.poolId,
    item.account,
    item.resourceType,
    item.resourceId ?? null,
    item.description ?? null,
    inOrder(item.tags),
    item.association?.resourceId ?? null,
    item.from,
    item.until ?? null,
    item.heldFrom,
    item.heldUntil ?? null,
    item.ending ?? null,
    item.expiresAt ?? null,
    item.decisionId ?? null,
  ])
}
/** Of a line: `until`, `heldUntil` and `ending`. */
const laterMembers = [11, 13, 14]
/** What can never change in an answer about a moment: not when the state, or the tenure, ended later. */
export const finalPartOf = (line: Line): string =>
  JSON.stringify((JSON.parse(line) as unknown[]).filter((_, member) => !laterMembers.includes(member)))

/** All lines that must be answered, in no order. */
export const expectedLines = (book: Book, { span, isAsked }: Question): Line[] =>
  book.tenures.flatMap((tenure) =>
    statesOf(tenure)
      .filter((state) => overlaps(state, span) && isAsked(tenure, state))
      .map((state) => lineOf(tenure, state)),
  )

const spanOf = (moments: readonly number[], [a, b, kind]: readonly [number, number, number]) => {
  const one = moments[a % moments.length]!
  const other = moments[b % moments.length]!
  if (kind % 3 === 0) return { span: { from: 0, until: always }, given: {} }
  // A moment just before or after one at which something happened.
  const at = one + [0, 0, -1, 1][b % 4]!
  const [from, until] = one < other ? [one, other] : [other, one + 1]
  return kind % 3 === 1
    ? { span: { from: at, until: at + 1 }, given: { at: instant(at) } }
    : { span: { from, until }, given: { from: instant(from), until: instant(until) } }
}

/** A question made of some numbers and of what there is to ask about. */
export function questionOf(
  book: Book,
  [a, b, c, d, e]: readonly [number, number, number, number, number],
  accounts: readonly string[],
): Question {
  const { span, given } = spanOf([...book.moments], [b, c, d])
  const tenure = book.tenures[a % book.tenures.length]!
  switch (e % 4) {
    case 0: {
      const account = accounts[a % accounts.length]!
      return {
        name: 'findHoldingsOfAccount',
        input: { account, ...given },
        span,
        isAsked: (one) => one.account === account,
      }
    }
    case 1: {
      const state = tenure.states[b % tenure.states.length]!
      const resourceId = (c % 2 === 0 ? state.usedBy?.resourceId : undefined) ?? state.resourceId ?? tenure.id
      return {
        name: 'findHoldingsOfResource',
        input: { resourceId, ...given },
        span,
        isAsked: (one, state) =>
          one.id === resourceId ||
          isOfAddress(one, resourceId) ||
          state.resourceId === resourceId ||
          state.usedBy?.resourceId === resourceId,
      }
    }
    default: {
      const [address] = tenure.cidr.split('/')
      const cidr = [address!, tenure.cidr, '10.0.0.0/8', '0.0.0.0/0'][b % 4]!
      const range = rangeOf(cidr)
      return {
        name: 'findHolders',
        input: { cidr, ...given },
        span,
        isAsked: (one) => one.isIpv4 === range.isIpv4 && one.first <= range.last && one.last >= range.first,
      }
    }
  }
}

/** An Elastic IP is found by its own id whatever it was called, also while it was only held. */
const isOfAddress = ({ id, resourceType }: Tenure, resourceId: string): boolean =>
  resourceType === 'eip' && resourceId.startsWith('eipalloc-') && id.endsWith(resourceId.slice('eipalloc-'.length))

// Versions -------------------------------------------------------------------------------------------------------------

/** A state of an allocation or Elastic IP as an object with a history. */
export interface Version {
  readonly version: number
  readonly from: string
  readonly until?: string
  readonly state: Pick<
    Item,
    'state' | 'resourceId' | 'description' | 'tags' | 'association' | 'expiresAt' | 'decisionId'
  >
}
export const versionLines = (tenure: Tenure): Line[] =>
  statesOf(tenure).map((state, index) =>
    JSON.stringify([
      index + 1,
      instant(state.from),
      instant(state.until) ?? null,
      state.isHold ? 'held' : 'allocated',
      state.resourceId ?? null,
      state.description ?? null,
      inOrder(state.tags),
      state.usedBy?.resourceId ?? null,
      instant(state.expiresAt) ?? null,
      state.decision ?? null,
    ]),
  )
export const versionLineIn = ({ version, from, until, state }: Version): Line =>
  JSON.stringify([
    version,
    from,
    until ?? null,
    state.state,
    state.resourceId ?? null,
    state.description ?? null,
    inOrder(state.tags),
    state.association?.resourceId ?? null,
    state.expiresAt ?? null,
    state.decisionId ?? null,
  ])
