// What `find` has found, as people read it: each space from its top-level pool to whoever has the address, and what goes by a name.
import { printable } from './printable.ts'
import { type Item, type Looks, renderTable, textOfMoment } from './table.ts'

type Step = Item & { readonly kind: string; readonly id?: string }
interface Place {
  readonly space: string
  readonly scopeId?: string
  readonly scopeName?: string
  readonly scopeDescription?: string
  readonly state?: string
  readonly chain: readonly Step[]
  readonly policy?: Speaking
  readonly inside: readonly Step[]
  readonly hasMoreInside: boolean
  readonly before: readonly Step[]
}
interface Speaking {
  readonly locale: string
  readonly resourceType: string
  readonly assignments: readonly {
    readonly policyId: string
    readonly policyName?: string
    readonly version: number
    readonly target: string
    readonly kind: string
    readonly mode: string
  }[]
  readonly unmatched: string
  readonly exceptionIds: readonly string[]
}
export interface Found {
  readonly q: string
  readonly places: readonly Place[]
  readonly hasMorePlaces: boolean
  readonly objects: readonly { readonly kind: string; readonly items: readonly Item[]; readonly hasMore: boolean }[]
  /** What sources say is there. */
  readonly observed?: readonly Item[]
  /** Servers before this member do not say. */
  readonly hasMoreObjects?: boolean
}

export function renderFound(
  { q, places, hasMorePlaces, observed = [], objects, hasMoreObjects }: Found,
  looks: Looks,
): string {
  const asked = printable(q)
  const isCut = 'Very many things go by it, and not all were looked at. There may be more: give the id.\n'
  if (places.length + objects.length === 0 && hasMoreObjects) return isCut
  if (places.length + objects.length + observed.length === 0)
    return `There is nothing that you may see at \`${asked}\`.\n`
  const parts = places.map((place) => renderPlace(place, looks))
  if (hasMorePlaces) parts.push('There are more spaces that have it.\n')
  if (observed.length > 0) parts.push(`Sources say:\n${renderTable(observedColumns, observed, looks).text}`)
  if (objects.length > 0) parts.push(renderObjects(objects, looks))
  if (hasMoreObjects) parts.push(isCut)
  return parts.join('\n')
}

const observedColumns = ['cidr', 'kind', 'id', 'account', 'sourceName', 'presence', 'freshness']

// A place ------------------------------------------------------------------------------------------------------------

const spaces: Readonly<Record<string, string>> = {
  public: 'Public space',
  private: 'Private space',
  provider: 'Space of the provider',
  network: 'Outside every scope',
}
const states: Readonly<Record<string, string>> = {
  'partly-used': 'partly used',
  other: 'not all free',
}

function renderPlace(place: Place, looks: Looks): string {
  const { paint, shorten = (id) => id } = looks
  const { scopeId, scopeName, scopeDescription, state, chain, inside, hasMoreInside, before } = place
  const scope = scopeId === undefined ? '' : `, scope ${shorten(scopeId)}`
  const called = scopeName ?? scopeDescription
  const head = `${spaces[place.space] ?? place.space}${scope}${called === undefined ? '' : ` (${printable(called)})`}`
  const ending = state === undefined ? '' : `: ${states[state] ?? state}`
  const lines = [`${paint ? paint.heading(head) : head}${ending}\n`]
  if (chain.length > 0) {
    const drawings = chain.map((_, at) => (at === 0 ? '' : `${'   '.repeat(at - 1)}└─ `))
    lines.push(tableOf(['id', 'cidr', 'what', 'name', 'account', 'locale'], chain, { ...looks, drawings }))
  }
  lines.push(...notesOn(place, looks).map((note) => `${printable(note)}\n`))
  if (inside.length > 0) {
    lines.push(`In it${hasMoreInside ? ', and more' : ''}:\n`)
    lines.push(tableOf(['cidr', 'id', 'what', 'account', 'name'], inside, looks))
  }
  if (before.length > 0) {
    lines.push('Before:\n', tableOf(['cidr', 'account', 'what', 'since', 'until', 'name'], before, looks))
  }
  return lines.join('')
}

/** A tag, a resource's name or words: whatever says most to people. */
const rowOf = (step: Step): Item => ({
  ...step,
  id: step.id ?? step.kind,
  what: step.resourceType ?? step.kind,
  name: step.name ?? step.resourceId ?? step.description,
})
const tableOf = (columns: readonly string[], steps: readonly Step[], looks: Looks): string =>
  renderTable(columns, steps.map(rowOf), looks).text

function notesOn({ chain, policy }: Place, { zone, shorten = (id) => id }: Looks): string[] {
  const notes: string[] = []
  const last = chain.at(-1)
  const moment = (value: unknown): string => textOfMoment(String(value), zone)
  const holder = chain.findLast(({ kind }) => kind === 'allocation' || kind === 'hold')
  if (holder) {
    const { account, decisionId, since, until, usedBy } = holder
    const decided = decisionId === undefined ? '' : `, by ${shorten(String(decisionId))}`
    const lapses = until === undefined ? '' : `, until ${moment(until)}`
    const used = usedBy === undefined ? '' : `, used by ${usedBy}`
    notes.push(`Held by ${account} since ${moment(since)}${lapses}${decided}${used}.`)
  }
  if (last?.kind === 'quarantine') {
    const whose = last.account === undefined ? '' : `; ${last.account} gave it back`
    notes.push(`In quarantine until ${moment(last.until)}${whose}.`)
  }
  if (policy) notes.push(...policyNotes(policy, shorten))
  return notes
}

function policyNotes(
  { locale, resourceType, assignments, unmatched, exceptionIds }: Speaking,
  shorten: (id: string) => string,
): string[] {
  const speaks = assignments.map(
    ({ policyId, policyName, version, target, kind, mode }) =>
      `Policy ${shorten(policyId)}${policyName === undefined ? '' : ` (${policyName})`}, version ${version}, enabled at ${target} as ${kind}: ${mode}.`,
  )
  const exceptions = exceptionIds.length === 0 ? [] : [`In force: ${exceptionIds.map(shorten).join(', ')}.`]
  if (speaks.length > 0) return [...speaks, ...exceptions]
  return [`No policy speaks of ${resourceType} in ${locale}: ${unmatched}.`, ...exceptions]
}

// Objects ------------------------------------------------------------------------------------------------------------

function renderObjects(groups: Found['objects'], looks: Looks): string {
  const rows = groups.flatMap(({ items }) =>
    items.map((item) => ({
      ...item,
      kind: item.isGone === true ? `${item.kind}, gone` : item.kind,
      name: item.name ?? item.resourceId,
      // The words alone: the id stands beside them.
      showWith: String(item.command).replace(` ${item.id}`, ''),
    })),
  )
  const { text } = renderTable(['id', 'kind', 'name', 'cidr', 'account', 'showWith'], rows, looks)
  const more = groups.filter(({ hasMore }) => hasMore).map(({ kind }) => kind)
  return more.length === 0 ? text : `${text}There may be more: ${more.join(', ')}.\n`
}
