// How long decisions, and what is over of findings, are kept: set by the operator, acted on by every server's clock, both on record.
import type { ReadTransaction, Store } from '#store/store.ts'
import { recordOwn } from './own-entries.ts'

export const decisionDaysMin = 30
export const decisionDaysMax = 36_500
/** Of what is on record about the setting: its versions are in the history under this id. */
const objectId = 'retention'

/** `400d` or `for-good`; undefined where it is neither, or out of bounds. */
export function parseRetention(text: string): { readonly decisionDays: number | undefined } | undefined {
  if (text === 'for-good') return { decisionDays: undefined }
  const days = Number(/^(\d{1,5})d$/.exec(text)?.[1] ?? 0)
  return days >= decisionDaysMin && days <= decisionDaysMax ? { decisionDays: days } : undefined
}

/** Sets it, on a store that is opened as the database's owner; a problem text where there is no such account. */
export async function keepDecisions(
  store: Store,
  account: string,
  decisionDays: number | undefined,
): Promise<string | undefined> {
  return store.write(async (tx) => {
    if (!(await tx.organizations.findAccount(account))) return `There is no account \`${account}\`.`
    await tx.retention.set(decisionDays, tx.now)
    await tx.history.changed(
      { id: objectId, kind: 'retention', account },
      { id: objectId, decisionDays: decisionDays ?? null },
    )
    const subjects = [objectId, `decisions:${decisionDays ?? 'for-good'}`]
    await recordOwn(tx, 'operator', { action: 'KeepDecisions', account, subjects })
    return undefined
  })
}

export interface RetentionState {
  readonly decisionDays: number | undefined
  /** Undefined: nobody has said anything. */
  readonly setAt: number | undefined
  readonly forgotten: number
  /** Of what is forgotten, all is from before; undefined: nothing is. */
  readonly forgottenBefore: Date | undefined
  /** Of findings, what ended before is gone; undefined: nothing is. */
  readonly findingsForgottenBefore: Date | undefined
}
export async function readRetention({ tx }: { readonly tx: ReadTransaction }): Promise<RetentionState> {
  const { decisionDays, setAt } = await tx.retention.setting()
  const { decisions, beforeAt, endedBeforeAt } = await tx.retention.forgotten()
  return {
    decisionDays,
    setAt,
    forgotten: decisions,
    forgottenBefore: decisions > 0 ? new Date(beforeAt) : undefined,
    findingsForgottenBefore: endedBeforeAt > 0 ? new Date(endedBeforeAt) : undefined,
  }
}
export const findRetention = (store: Store): Promise<RetentionState> => store.read((tx) => readRetention({ tx }))
