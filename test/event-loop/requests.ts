// Asks what the examples of the filled store ask, past every protocol.
import assert from 'node:assert/strict'
import { createAuthenticator } from '#api/rest/session.ts'
import type { Principal } from '#model/principal.ts'
import { Refused } from '#model/refusal.ts'
import { createOperatorToken } from '#operations/identity/operator-tokens.ts'
import type { NativeOperation } from '#operations/operation.native.ts'
import type { AnyOperation } from '#operations/operation.ts'
import { managementAccount, type World } from '../world.ts'
import type { Asked } from './filled-world.ts'

/** Whoever asks operations of the AWS APIs. */
export const signer: Principal = {
  account: managementAccount,
  arn: `arn:aws:iam::${managementAccount}:user/test`,
  accessKeyId: 'AKIATEST',
  userId: 'AIDATEST',
}
/** Whoever asks those of the native API. */
export async function administratorOf({ store }: World): Promise<Principal> {
  const role = 'organization-administrator'
  const made = await createOperatorToken(store, {
    principal: 'user:asking',
    role,
    node: '*',
    account: managementAccount,
  })
  assert('token' in made)
  return createAuthenticator(store)(`Bearer ${made.token}`)
}

let requests = 0
/** Runs it as a dry run where it changes something: it does everything, and takes it back. Fails where the outcome is another than the example's. */
export async function askExample(
  { executor }: World,
  operation: AnyOperation,
  { input, refused }: Asked,
  principal: Principal,
): Promise<unknown> {
  const isWrite = operation.access === 'write'
  const asked = executor.execute(operation, {
    principal,
    region: principal === signer ? 'us-east-1' : 'global',
    input,
    ...(isWrite ? { isDryRun: true } : {}),
    requestId: `asked-${++requests}`,
    sourceAddress: '127.0.0.1',
  })
  let outcome = 'answered'
  const answer = await asked.catch((error: unknown) => {
    if (!(error instanceof Refused)) throw error
    outcome = error.refusal.code
    return undefined
  })
  const expected = refused ?? (isWrite ? 'DryRunSucceeded' : 'answered')
  assert.equal(outcome, expected, `${operation.name} ${JSON.stringify(input).slice(0, 200)}`)
  return answer?.output
}

/** The input of an example, which may say more than the operation takes. */
export function parsedFor(operation: NativeOperation, asked: Asked): Asked {
  const taken = Object.entries(asked.input).filter(([name]) => name in operation.input.shape)
  return { ...asked, input: operation.input.parse(Object.fromEntries(taken)) as object }
}
