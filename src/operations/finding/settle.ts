// What a control has seen becomes findings: new ones open, those that were resolved open again, and those that are over are resolved.
import { type EventName, eventKindOf, openedAs } from '#model/event.ts'
import { type Facts, type FindingState, isInForce, opened, seenAgain, standingAt, suppressed } from '#model/finding.ts'
import { formatId } from '#model/identifier.ts'
import type { ReadTransaction, Transaction } from '#store/store.ts'
import type { Finding, FindingPlace } from '#store/tables/findings.ts'
import { tell } from '../notification/telling.ts'
import { type Control, unknownControl } from './control.ts'
import { controlNamed } from './controls.ts'

/** What a control has seen of one resource. */
export interface Seen extends FindingPlace {
  readonly resource: string
  /** Of what a source tells: its id. */
  readonly source?: string
  /** Undefined: there is nothing to look at. */
  readonly facts: Facts | undefined
  /** When there was nothing to look at any more, where that is known: what is gone was gone then. */
  readonly until?: number
}
export interface Settled {
  readonly opened: number
  readonly resolved: number
  /** With those that were opened and resolved. */
  readonly changed: number
}

/** Of what a control has seen, what is not known yet: nothing else is to be written. */
export async function unsettled(
  tx: ReadTransaction,
  control: Control,
  seen: readonly Seen[],
): Promise<readonly Seen[]> {
  return (await changesOf(tx, control, seen)).map(({ one }) => one)
}

/** What controls have seen of the same resources. */
export interface Looked {
  readonly control: Control
  readonly seen: readonly Seen[]
}
/**
 * The same of several controls that have looked at the same resources: costs one look at what goes on of these, and little more where
 * there is nothing to look at, as mostly.
 */
export async function unsettledOf(tx: ReadTransaction, looked: readonly Looked[]): Promise<readonly Looked[]> {
  const resources = [...new Set(looked.flatMap(({ seen }) => seen.map(({ resource }) => resource)))]
  const goingOn = new Set((await tx.findings.goingOnOf(resources)).map((one) => `${one.control}\n${keyOf(one)}`))
  const left: Looked[] = []
  for (const { control, seen } of looked) {
    const isOpen = ({ resource, source = '' }: Seen) => goingOn.has(`${control.name}\n${keyOf({ resource, source })}`)
    const some = await unsettled(
      tx,
      control,
      seen.filter((one) => one.facts !== undefined || isOpen(one)),
    )
    if (some.length > 0) left.push({ control, seen: some })
  }
  return left
}

type Named = Pick<Control, 'name'>
/** The same in parts of so many resources, all that was seen of one together: what comes of them is never half written. */
export function inParts(looked: readonly Looked[], size: number): readonly (readonly Looked[])[] {
  const parts: Map<Control, Seen[]>[] = []
  const partOf = new Map<string, Map<Control, Seen[]>>()
  for (const { control, seen } of looked) {
    for (const one of seen) {
      let part = partOf.get(one.resource)
      if (!part) {
        if (partOf.size % size === 0) parts.push(new Map())
        part = parts.at(-1)!
        partOf.set(one.resource, part)
      }
      const ofControl = part.get(control)
      if (ofControl) ofControl.push(one)
      else part.set(control, [one])
    }
  }
  return parts.map((part) => [...part].map(([control, seen]) => ({ control, seen })))
}

/** Writes what a control has seen. It may have been seen before: what is known already is not written again. */
export async function settle(tx: Transaction, control: Named, seen: readonly Seen[]): Promise<Settled> {
  const settled = { opened: 0, resolved: 0, changed: 0 }
  for (const { one, before, state } of await changesOf(tx, control, seen)) {
    const { node, resourceType, locale, resource, source = '', until } = one
    const place = { node, resourceType, locale }
    let n = before?.n
    if (before) await tx.findings.change(before, place, state, until)
    else n = await tx.findings.insert({ control: control.name, resource, source }, place, state)
    const kind = toldAs(control, before, state)
    if (kind) await tellOf(tx, control, kind, { ...place, n: n!, resource, source, facts: state.facts })
    settled.changed++
    if (state.status === 'resolved') settled.resolved++
    else if (!before || before.status === 'resolved') settled.opened++
  }
  return settled
}

/** What is told of a change of a finding; undefined: nothing. Of what is set aside, that it is resolved. */
function toldAs({ name }: Named, before: Finding | undefined, { status, facts }: FindingState): EventName | undefined {
  if (status === 'resolved') return 'finding.resolved'
  if (status === 'suppressed') return undefined
  const kind = openedAs(name)
  if (!before) return kind
  // One that opens again has its own kind still where its control has one: whoever asked for that is told.
  if (before.status !== 'open') return kind === 'finding.opened' ? 'finding.reopened' : kind
  return eventKindOf(kind)?.isToldAgain?.(before.facts, facts) ? kind : undefined
}
/**
 * @param beside what is told beside the finding
 * @param requester whose request has done it, where one has
 */
export async function tellOf(
  tx: Transaction,
  { name }: Named,
  kind: EventName,
  { n, resource, source, node, facts }: Pick<Finding, 'n' | 'resource' | 'source' | 'node' | 'facts'>,
  { beside = {}, requester = '' }: { readonly beside?: object; readonly requester?: string } = {},
): Promise<void> {
  const { severity } = controlNamed(name) ?? unknownControl(name)
  const more = eventKindOf(kind)?.more?.(facts, tx.now)
  const findingId = formatId('finding', tx.installation, n)
  const told = { ...beside, findingId, control: name, of: more ? { ...facts, ...more } : facts }
  await tell(tx, { kind, severity, source, node, subject: resource, facts: told, requester } as Parameters<
    typeof tell
  >[1])
}

interface Change {
  readonly one: Seen
  readonly before: Finding | undefined
  readonly state: FindingState
}

async function changesOf(tx: ReadTransaction, { name }: Named, seen: readonly Seen[]): Promise<readonly Change[]> {
  const identities = seen.map(({ resource, source = '' }) => ({ control: name, resource, source }))
  const known = new Map((await tx.findings.some(identities)).map((one) => [keyOf(one), one]))
  const changes: Change[] = []
  for (const [index, one] of seen.entries()) {
    const before = known.get(keyOf(identities[index]!))
    if (!before) {
      if (one.facts) changes.push({ one, before, state: opened(one.facts, tx.now) })
      continue
    }
    const state = seenAgain(before, one.facts, tx.now)
    if (!state) continue
    const at = state.status === 'resolved' && one.until !== undefined ? { resolvedAt: one.until } : {}
    changes.push({ one: one.facts ? one : { ...one, ...placeOf(before) }, before, state: { ...state, ...at } })
  }
  return changes
}

const keyOf = ({ resource, source }: { readonly resource: string; readonly source: string }): string =>
  `${source}\n${resource}`
export const placeOf = ({ node, resourceType, locale }: FindingPlace): FindingPlace => ({ node, resourceType, locale })

/** Opens again what was set aside until now at the latest; answers how many. */
export async function endSuppressions(tx: Transaction, limit: number): Promise<number> {
  const lapsed = await tx.findings.lapsed(limit)
  for (const finding of lapsed) {
    // It ended when it said, and not when somebody looked.
    const { suppression } = finding
    await tx.findings.change(
      finding,
      placeOf(finding),
      suppressed(standingAt(finding, tx.now), undefined),
      suppression!.until,
    )
    if (finding.status === 'suppressed') await tellOf(tx, { name: finding.control }, 'finding.reopened', finding)
  }
  return lapsed.length
}

/** Whether it is set aside now. */
export const isSetAside = ({ suppression }: FindingState, now: number): boolean => isInForce(suppression, now)
