// One running server: a store with the operations over it, as a server process has them, asked without sockets.
import assert from 'node:assert/strict'
import { createAuthenticator } from '#api/rest/session.ts'
import type { ActingAs } from '#jobs/job.ts'
import type { Principal } from '#model/principal.ts'
import { Refused } from '#model/refusal.ts'
import { type Call, DryRunSucceeded, type Executor, openExecutor } from '#operations/execute.ts'
import type { AnyOperation } from '#operations/operation.ts'
import { nativeOperations } from '#operations/table.native.ts'
import { operationTables } from '#operations/tables.aws.ts'
import type { Store } from '#store/store.ts'
import { StoreTrouble } from '#store/trouble.ts'
import { managementAccount, testSettings } from '../world.ts'

/** How often a client repeats a request that was told to come back later. */
const attemptsMax = 8

/** What a client sends, without a server: the same request may go to any of them, also twice. */
export interface Request {
  readonly api: 'ec2' | 'native'
  readonly name: string
  readonly input: object
  /** EC2: an account, or the id of an access key. Native: a token. */
  readonly as: string
  readonly isDryRun?: boolean
  /** Tells a repeat: `Idempotency-Key` of the native API, the invocation id of an SDK. */
  readonly token?: string
}
export type Answer =
  | {
      readonly kind: 'done'
      readonly output: unknown
      readonly decisions: readonly string[]
      readonly requestId: string
    }
  | { readonly kind: 'refused'; readonly code: string; readonly facts: object }
  /** Try later: the database was out of reach, and the outcome may be unknown. */
  | { readonly kind: 'trouble'; readonly message: string }

/** An answer that no client may ever get: a bug behind a 500. */
export class Fault extends Error {}

const byName = new Map(nativeOperations.map((operation) => [operation.name, operation]))
export const findOperation = ({ api, name }: Request): AnyOperation => {
  const operation = api === 'ec2' ? operationTables.ec2.get(name) : byName.get(name)
  assert(operation, `${name} is an operation`)
  return operation
}
/** Whether a repeat can be told: what answers with a secret is kept for none. */
export const takesToken = (operation: AnyOperation): boolean =>
  operation.access === 'write' && operation.secretOutput !== true

export class Server {
  readonly name: string
  readonly store: Store
  readonly #executor: Executor
  readonly #authenticate: ReturnType<typeof createAuthenticator>
  /** As a server keeps the keys that signed, but for good: whatever is kept, a transaction must find that a key has ended. */
  readonly #keys = new Map<string, Principal>()
  #requests = 0

  static async open(name: string, store: Store): Promise<Server> {
    return new Server(name, store, await openExecutor(store, testSettings))
  }
  private constructor(name: string, store: Store, executor: Executor) {
    this.name = name
    this.store = store
    this.#executor = executor
    this.#authenticate = createAuthenticator(store)
  }

  /** Sends it once. What is sent without waiting in between shares a transaction, where the sender is known already. */
  async send(request: Request): Promise<Answer> {
    const operation = findOperation(request)
    const call = this.#callOf(request, operation)
    const { requestId } = call
    try {
      const known = this.#principalOf(request)
      // Where the sender is known already nothing is waited for, so that the order of sending is that of the transaction.
      const principal = known instanceof Promise ? await known : known
      const { output, decisions } = await this.#executor.execute(operation, { ...call, principal })
      return { kind: 'done', output: asJson(output), decisions: decisions.map(({ id }) => id), requestId }
    } catch (error) {
      if (error instanceof DryRunSucceeded)
        return { kind: 'done', output: asJson(error.answer.output), decisions: [], requestId }
      if (error instanceof Refused) {
        return { kind: 'refused', code: error.refusal.code, facts: asJson(error.refusal) as object }
      }
      if (error instanceof StoreTrouble) return { kind: 'trouble', message: error.message }
      throw new Fault(`${this.name} answers ${request.name} with a 500: ${(error as Error)?.stack ?? error}`)
    }
  }
  /** As a client does: with the same token until it is answered. */
  async ask(request: Request): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.send(request)
      if (answer.kind !== 'trouble' || attempt === attemptsMax) return answer
    }
  }
  /** As a job of the server does it. */
  async act(operation: AnyOperation, input: object, as: string | ActingAs): Promise<unknown> {
    const acting = typeof as === 'string' ? { arn: as, accessKeyId: '' } : as
    const principal = { account: managementAccount, ...acting, userId: acting.arn }
    const call = {
      principal,
      region: '',
      input,
      requestId: `${this.name}-job-${++this.#requests}`,
      sourceAddress: 'local',
    }
    return (await this.#executor.execute(operation, call)).output
  }
  /** So that what is sent next goes to the database in the order in which it is sent. */
  async know(requests: readonly Request[]): Promise<void> {
    for (const request of requests) {
      for (let attempt = 1; attempt <= attemptsMax; attempt++) {
        const isKnown = await Promise.resolve(this.#principalOf(request)).then(
          () => true,
          (error: unknown) => !(error instanceof StoreTrouble),
        )
        if (isKnown) break
      }
    }
  }

  #callOf({ api, input, isDryRun, token }: Request, operation: AnyOperation): Omit<Call, 'principal'> {
    const common = { requestId: `${this.name}-${++this.#requests}`, sourceAddress: '127.0.0.1', isDryRun }
    if (api === 'ec2') return { ...common, region: 'us-east-1', input, invocationId: token }
    const parsed = byName.get(operation.name)!.input.parse(input)
    return { ...common, region: 'global', input: parsed, clientToken: token }
  }
  #principalOf({ api, as }: Request): Principal | Promise<Principal> {
    if (api === 'native') return this.#authenticate(`Bearer ${as}`)
    if (/^\d{12}$/.test(as)) {
      return { account: as, arn: arnOf(as), accessKeyId: 'AKIATEST', userId: 'AIDATEST' }
    }
    return this.#keys.get(as) ?? this.#readKey(as)
  }
  async #readKey(id: string): Promise<Principal> {
    return this.store.read(async (tx) => {
      const found = await tx.accessKeys.find(id)
      if (!found) throw new Refused({ code: 'UnknownAccessKey' })
      const { account, arn, userId } = found
      const principal = { account, arn, userId, accessKeyId: id, keyEpoch: tx.keyEpoch }
      this.#keys.set(id, principal)
      return principal
    })
  }
}

export const arnOf = (account: string): string => `arn:aws:iam::${account}:user/test`
/** What has no body is an empty one, also where a token asks again. */
const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? {}))
