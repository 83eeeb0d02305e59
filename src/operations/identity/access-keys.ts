// Permanent access keys: made by the operator, at the first start or by command.

import { isOver } from '#model/token.ts'
import type { ReadTransaction, Store, Transaction } from '#store/store.ts'
import type { AccessKeyRecord } from '#store/tables/access-keys.ts'
import { tell } from '../notification/telling.ts'
import { accountsCalled } from '../organization/called.ts'
import { recordOwn } from '../record/own-entries.ts'

/** Where randomness comes from; operations draw none themselves. */
export type DrawBytes = (size: number) => Uint8Array

export interface NewKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const userNamePattern = /^[\w+=,.@-]{1,64}$/

/** An access key as AWS writes them: `AKIA` (permanent) or `ASIA` (temporary) and 16 characters, with a secret of 40. */
export function drawKey(draw: DrawBytes, prefix: 'AKIA' | 'ASIA'): NewKey {
  const id = [...draw(16)].map((byte) => base32[byte & 31]).join('')
  return { accessKeyId: prefix + id, secretAccessKey: Buffer.from(draw(30)).toString('base64') }
}

export const isUserName = (text: string): boolean => userNamePattern.test(text)

export function userKey(account: string, user: string, { accessKeyId, secretAccessKey }: NewKey): AccessKeyRecord {
  return {
    id: accessKeyId,
    account,
    arn: `arn:aws:iam::${account}:user/${user}`,
    userId: `AIDA${accessKeyId.slice(4, 20)}`,
    secret: secretAccessKey,
  }
}

/**
 * The first start: the management account and its first key. Undefined where both were there already.
 * @param isToBeShown whether the key was drawn, so that nobody knows it before it is printed
 */
export async function bootstrap(
  store: Store,
  account: string,
  { key, isToBeShown }: { readonly key: NewKey; readonly isToBeShown: boolean },
): Promise<NewKey | undefined> {
  // A server that may not write starts all the same, and reads.
  if (await store.read((tx) => tx.accessKeys.any())) return undefined
  return store.write(async (tx) => {
    if (await tx.accessKeys.any()) return undefined
    if (!(await tx.organizations.findAccount(account))) {
      await tx.organizations.insertAccount({
        id: account,
        name: 'management',
        email: `management@${account}.invalid`,
        status: 'ACTIVE',
        joinedMethod: 'INVITED',
        joinedAt: tx.now,
      })
    }
    const record = userKey(account, 'admin', key)
    await tx.accessKeys.insert(record, tx.now)
    await recordKey(tx, record)
    if (isToBeShown) await tx.accessKeys.keepUnshown(record.id)
    await recordOwn(tx, 'operator', { action: 'CreateAccessKey', account, subjects: [key.accessKeyId] })
    return key
  })
}

/** The key of the first start that nobody has been shown yet: perhaps that start ended before it was printed. */
export function findUnshownKey(store: Store): Promise<NewKey | undefined> {
  return store.read(async (tx) => {
    const key = await tx.accessKeys.findUnshown()
    return key && { accessKeyId: key.id, secretAccessKey: key.secret }
  })
}
/** Whoever operates the server has been shown the key: it is never shown again. */
export const noteShown = (store: Store, { accessKeyId }: NewKey): Promise<void> =>
  store.write((tx) => tx.accessKeys.dropUnshown(accessKeyId))

/** The number of an account that the operator calls by it, by its id in its cloud or by a name that no other has; else a text says what is wrong. */
async function accountCalled(tx: ReadTransaction, called: string): Promise<{ account: string } | { problem: string }> {
  if (await tx.organizations.findAccount(called)) return { account: called }
  const [one, other] = await accountsCalled(tx, called)
  if (other !== undefined) {
    return {
      problem: `Several accounts are called \`${called}\`, such as \`${one}\` and \`${other}\`: give the number.`,
    }
  }
  if (one !== undefined) return { account: one }
  return { problem: `There is no account \`${called}\`.` }
}

/** Another key for a user of an account; a problem text where there is no such account. */
export async function createAccessKey(
  store: Store,
  called: string,
  user: string,
  key: NewKey,
): Promise<string | undefined> {
  return store.write(async (tx) => {
    const found = await accountCalled(tx, called)
    if ('problem' in found) return found.problem
    const { account } = found
    const record = userKey(account, user, key)
    await tx.accessKeys.insert(record, tx.now)
    await recordKey(tx, record)
    await tell(tx, { kind: 'access-key.made', node: account, subject: record.id, facts: { user: record.arn } })
    await recordOwn(tx, 'operator', { action: 'CreateAccessKey', account, subjects: [key.accessKeyId] })
    return undefined
  })
}

/** What is told of a key: never its secret. */
type ToldKey = Pick<AccessKeyRecord, 'id' | 'account' | 'arn'>
const versionOf = ({ id, account, arn }: ToldKey, disabledAt?: number) => ({
  object: { id, kind: 'access-key', account },
  body: { id, account, arn, disabledAt },
})
async function recordKey(tx: Transaction, key: ToldKey): Promise<void> {
  const { object, body } = versionOf(key)
  await tx.history.changed(object, body)
}
/** That these have ended. */
export async function recordDisabledKeys(tx: Transaction, ids: readonly string[]): Promise<void> {
  const keys = await tx.accessKeys.someSummaries(ids)
  await tx.history.changedAll(keys.map((key) => versionOf(key, tx.now)))
}

export interface ListedKey {
  readonly id: string
  readonly arn: string
  readonly createdAt: Date
  readonly state: 'good' | 'disabled' | 'expired'
  /** Of a session. */
  readonly expiresAt: Date | undefined
}

/** The keys and sessions of an account; a text says what is wrong. */
export async function listAccessKeys(store: Store, called: string): Promise<ListedKey[] | string> {
  return store.read(async (tx) => {
    const found = await accountCalled(tx, called)
    if ('problem' in found) return found.problem
    const keys = await tx.accessKeys.list(found.account)
    return keys.map(({ id, arn, createdAt, expiresAt, disabledAt }) => ({
      id,
      arn,
      createdAt: new Date(createdAt),
      state: disabledAt !== undefined ? 'disabled' : isOver({ createdAt, expiresAt }, tx.now) ? 'expired' : 'good',
      expiresAt: expiresAt === undefined ? undefined : new Date(expiresAt),
    }))
  })
}

/** Ends a key and the sessions opened with it; a text says what is wrong. */
export async function disableAccessKey(store: Store, id: string): Promise<readonly string[] | string> {
  return store.write(async (tx) => {
    const key = await tx.accessKeys.findSummary(id)
    if (!key) return `There is no access key \`${id}\`.`
    const ended = await tx.accessKeys.disable([id], tx.now)
    if (ended.length === 0) return `The access key \`${id}\` is disabled already.`
    await recordDisabledKeys(tx, ended)
    await recordOwn(tx, 'operator', { action: 'DisableAccessKey', account: key.account, subjects: ended })
    return ended
  })
}

/** Ends every key of an account and every session in it; a text says what is wrong. */
export async function disableAccessKeysOf(store: Store, called: string): Promise<readonly string[] | string> {
  return store.write(async (tx) => {
    const found = await accountCalled(tx, called)
    if ('problem' in found) return found.problem
    const { account } = found
    const keys = await tx.accessKeys.list(account)
    const ended = await tx.accessKeys.disable(
      keys.map(({ id }) => id),
      tx.now,
    )
    if (ended.length === 0) return `The account \`${account}\` has no access key that could be disabled.`
    await recordDisabledKeys(tx, ended)
    await recordOwn(tx, 'operator', { action: 'DisableAccessKey', account, subjects: ended })
    return ended
  })
}
