// A source's own rule: after each complete snapshot it adopts what policy would have allowed, a part at a time.

import type { ReadTransaction, Transaction } from '#store/store.ts'
import type { Source } from '#store/tables/sources.ts'
import type { ReadContext, ReadOperation, WriteContext, WriteOperation } from '../operation.ts'
import { Adoptable } from './adoptable.ts'
import { adoptPart } from './adopting.ts'
import { Comparing, comparedAtOnce } from './comparing.ts'
import { findDifferences, formatDifference, isUnregistered, parseDifference } from './differences.ts'
import { isRuleStopped, principalOfRule } from './rule-setter.ts'

/** Observations that are looked at in one reading, before what was found is written. */
const lookedPerTurn = 2_000
/** Of them, those that policy allows and that are looked at further, which takes some statements each. */
const triedPerTurn = 100
const triesPerStep = 10

/** What is to be done next: nothing (undefined), to adopt from an observation on, or only to note how far it was looked. */
export interface RuleStep {
  readonly sourceId: string
  readonly snapshot: number
  /** By its number; undefined: all was looked at. */
  readonly after: number | undefined
  readonly isToAdopt: boolean
}

export const sourceWithRule = (tx: ReadTransaction): Promise<Source | undefined> => tx.sources.withRule()

/** Gives the source with a rule whose turn it is its turn, whatever comes of that. */
export async function beginRuleTurn(tx: Transaction): Promise<Source | undefined> {
  const source = await tx.sources.withRule()
  if (source) await tx.sources.beginTurn(source.id, 'ruleTurn', tx.nextSequence())
  return source
}

/** Looks through what a source says until there is something to adopt. */
export const lookByRule: ReadOperation<{ readonly sourceId: string }, RuleStep | undefined> = {
  name: 'lookByRule',
  access: 'read',
  async run(context, { sourceId }) {
    const source = await dueSource(context, sourceId)
    if (!source) return undefined
    const { snapshot } = source
    if (await isStopped(context, source)) return { sourceId, snapshot, after: undefined, isToAdopt: false }
    const comparing = await Comparing.begin(context, source, true)
    const adoptable = new Adoptable(context, comparing, {
      ...{ selection: { filter: { policy: source.adopts } }, spec: {}, isRule: true },
    })
    let after = source.adoptedAfter ?? -1
    let tried = 0
    for (let looked = 0; looked < lookedPerTurn; looked += comparedAtOnce) {
      if (looked > 0) await context.tx.nextTurn()
      const rows = await context.tx.observations.holding(comparing.at, after, comparedAtOnce)
      const found = await findDifferences(
        context,
        comparing,
        rows.map((stored) => ({ aspect: 'observed' as const, stored })),
      )
      const isAllowed = (index: number): boolean => {
        const one = found[index]
        return one !== undefined && isUnregistered(one.kind) && one.evaluated?.answer === source.adopts
      }
      const allowed = rows.filter((_, index) => isAllowed(index)).slice(0, triedPerTurn - tried)
      if (allowed.length > 0) await adoptable.foresee(allowed)
      for (const [index, { number }] of rows.entries()) {
        // What is refused all the same would cost a transaction for fifty of them, again after each snapshot.
        const isTried = isAllowed(index)
        if (isTried && tried % triesPerStep === triesPerStep - 1) await context.tx.nextTurn()
        if (isTried && (await adoptable.isWorthTrying(found[index]!)))
          return { sourceId, snapshot, after, isToAdopt: true }
        after = number
        if (isTried && ++tried === triedPerTurn) return { sourceId, snapshot, after, isToAdopt: false }
      }
      if (rows.length < comparedAtOnce) return { sourceId, snapshot, after: undefined, isToAdopt: false }
    }
    return { sourceId, snapshot, after, isToAdopt: false }
  },
}

/** Adopts a part, or notes how far it was looked. */
export const adoptByRule: WriteOperation<RuleStep, { readonly adopted: number }> = {
  name: 'adoptByRule',
  access: 'write',
  async run(context, { sourceId, snapshot, after, isToAdopt }) {
    const source = await dueSource(context, sourceId)
    // Another one that holds by now is looked through from its beginning.
    if (source?.snapshot !== snapshot) return { adopted: 0 }
    // Somebody else may have set it since it was looked through.
    const { arn, accessKeyId } = principalOfRule(source)
    if (context.caller.arn !== arn || context.caller.accessKeyId !== accessKeyId) return { adopted: 0 }
    const isOver = await isStopped(context, source)
    if (!isToAdopt || isOver) {
      await note(context, source, isOver ? undefined : after)
      return { adopted: 0 }
    }
    const comparing = await Comparing.begin(context, source, true)
    const from =
      after === undefined || after < 0 ? undefined : formatDifference(context.tx, { aspect: 'observed', number: after })
    const { items, next } = await adoptPart(
      context,
      comparing,
      { filter: { policy: source.adopts }, after: from },
      { isRule: true },
    )
    const subject = next === undefined ? undefined : parseDifference(context.tx, next)
    await note(context, source, subject?.aspect === 'observed' ? subject.number : undefined)
    return { adopted: items.filter(({ outcome }) => outcome === 'adopted').length }
  },
}

/** Whoever set the rule may not adopt any more: nothing is done of this snapshot. */
const isStopped = async (context: ReadContext, source: Source): Promise<boolean> =>
  isRuleStopped(await context.snapshot(), source, context.now)

/** The source, as long as its rule has something to do. */
async function dueSource({ tx }: ReadContext, id: string): Promise<Source | undefined> {
  const source = await tx.sources.find(id)
  return source?.adopts !== undefined && source.snapshot > source.adoptedSnapshot ? source : undefined
}
async function note({ tx }: WriteContext, { id, snapshot }: Source, after: number | undefined): Promise<void> {
  await tx.sources.change(
    id,
    after === undefined ? { adoptedSnapshot: snapshot, adoptedAfter: undefined } : { adoptedAfter: after },
  )
}
