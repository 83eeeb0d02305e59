// Access keys, made and ended by the operator at the machine.
import { UsageProblem } from '#cli/exit-codes.ts'
import { type Arguments, type AtServer, failed, print, withStore } from './surroundings.ts'

export async function createKey(args: Arguments, _more: readonly string[], at: AtServer): Promise<number> {
  const account = accountIn(args)
  const user = args.get('user')
  const { randomBytes } = await import('node:crypto')
  const { createAccessKey, drawKey, isUserName } = await import('#operations/identity/access-keys.ts')
  if (user === undefined || !isUserName(user))
    throw new UsageProblem('--user must be 1 to 64 letters, digits or characters of `+=,.@_-`.')
  return withStore(at.readSettings, async (store) => {
    const key = drawKey(randomBytes, 'AKIA')
    const problem = await createAccessKey(store, account, user, key)
    if (problem !== undefined) return failed(problem)
    const { accessKeyId, secretAccessKey } = key
    await print(args, at, {
      answer: { accessKeyId, secretAccessKey },
      fields: ['accessKeyId', 'secretAccessKey'],
      text: `AWS_ACCESS_KEY_ID=${accessKeyId}\nAWS_SECRET_ACCESS_KEY=${secretAccessKey}\n`,
    })
    return 0
  })
}

export async function listKeys(args: Arguments, _more: readonly string[], at: AtServer): Promise<number> {
  const account = accountIn(args)
  const { listAccessKeys } = await import('#operations/identity/access-keys.ts')
  return withStore(at.readSettings, async (store) => {
    const keys = await listAccessKeys(store, account)
    if (typeof keys === 'string') return failed(keys)
    const items = keys.map(({ id, state, arn, createdAt, expiresAt }) => ({
      accessKeyId: id,
      state,
      arn,
      createdAt: createdAt.toISOString(),
      expiresAt: expiresAt?.toISOString(),
    }))
    await print(args, at, { answer: { items }, fields: ['accessKeyId', 'state', 'arn', 'createdAt', 'expiresAt'] })
    return 0
  })
}

export async function disableKey(args: Arguments, [id, ...more]: readonly string[], at: AtServer): Promise<number> {
  if ((id === undefined) !== args.has('account') || more.length > 0)
    throw new UsageProblem('Which key? Give its id, or --account with the number, the id or the name of an account.')
  const account = id === undefined ? accountIn(args) : undefined
  const { disableAccessKey, disableAccessKeysOf } = await import('#operations/identity/access-keys.ts')
  return withStore(at.readSettings, async (store) => {
    const ended = account === undefined ? await disableAccessKey(store, id!) : await disableAccessKeysOf(store, account)
    if (typeof ended === 'string') return failed(ended)
    await print(args, at, {
      answer: { items: ended.map((key) => ({ accessKeyId: key, state: 'disabled' })) },
      fields: ['accessKeyId', 'state'],
      text: ended.map((key) => `${key} is disabled.\n`).join(''),
    })
    return 0
  })
}

function accountIn(args: Arguments): string {
  const account = args.get('account')
  if (!account) throw new UsageProblem('--account must be the number, the id or the name of an account.')
  return account
}
