// People who change things by change requests, over the native API of a small world: what they ask, what they are told, and what a clock
// does meanwhile.
import assert from 'node:assert/strict'
import { rollOutChanges } from '#jobs/changes.ts'
import { type ActingAs, lookAt } from '#jobs/job.ts'
import type { Role } from '#model/roles.ts'
import type { AnyOperation } from '#operations/operation.ts'
import type { NativeWorld } from '../native-world.ts'
import { managementAccount, workplaceOf } from '../world.ts'

/** A change request as it is shown; each test reads of it what it is about. */
export interface ShownRequest {
  readonly changeRequestId: string
  readonly contentHash: string
  readonly state: string
  readonly operations: readonly object[]
  readonly editors: readonly { readonly by: string }[]
  readonly approvals: readonly { readonly by: string }[]
  readonly needed?: { readonly approvers: number; readonly ofRoot: number; readonly isSimulated?: boolean }
  readonly impact?: {
    readonly class: string
    readonly noncompliant: number
    readonly compliant: number
    readonly isWhole: boolean
    readonly groups: readonly { readonly account: string }[]
    readonly samples: readonly { readonly id: string; readonly becomes: string }[]
    readonly left?: readonly string[]
  }
  readonly references?: readonly { readonly operation: number; readonly name: string; readonly id?: string }[]
  readonly lookedAt?: readonly { readonly operation: number; readonly state: Readonly<Record<string, string>> }[]
  readonly appliesAt?: string
  readonly failed?: { readonly code: string; readonly detail?: string }
  readonly progress?: { readonly stage: number; readonly stages: number; readonly nextAt: string }
  readonly halted?: {
    readonly why: string
    readonly count?: number
    readonly code?: string
    readonly detail?: string
    readonly poolId?: string
    readonly freePercent?: number
    readonly class?: string
    readonly approved?: string
    readonly by?: string
  }
  readonly inverse?: {
    readonly operations: readonly object[]
    readonly left: readonly string[]
    readonly isWhole: boolean
  }
  readonly emergencies?: readonly {
    readonly by: string
    readonly reason: string
    readonly reviewed?: { readonly by: string }
  }[]
  readonly rejected?: { readonly note: string }
  readonly ended?: { readonly by: string; readonly note?: string }
}
/** The same, or why not. */
export interface ToldOfRequest extends ShownRequest {
  readonly code: string
  readonly detail: string
  readonly index?: number
  readonly limit?: number
  readonly used?: number
}
type Told = { readonly status: number; readonly body: ToldOfRequest }

/** What somebody is, and where. */
export type Roles<Person extends string> = Readonly<Record<Person, readonly [role: Role, node: string]>>

export interface Requests<Person extends string> {
  /** A good token of each. */
  readonly people: Readonly<Record<Person, string>>
  /** After more than an hour by the clock of the world. */
  renewTokens(): Promise<void>
  propose(proposal: object, as: string): Promise<Told>
  edit(id: string, changes: object, as: string): Promise<Told>
  act(id: string, verb: string, body: object, as: string): Promise<Told>
  show(id: string, as?: string): Promise<ShownRequest>
  /**
   * One look of the job that goes on with them, as the server that has it does.
   * @param fails operations that fail, whatever they do
   */
  look(fails?: ReadonlySet<string>): Promise<unknown>
}

export async function withRequests<World extends NativeWorld, Person extends string>(
  world: World,
  roles: Roles<Person>,
): Promise<World & Requests<Person>> {
  const people = {} as Record<Person, string>
  async function renewTokens(): Promise<void> {
    for (const [person, [role, node]] of Object.entries(roles) as [Person, Roles<Person>[Person]][]) {
      people[person] = await world.tokenOf(`user:${person}`, role, node)
    }
  }
  await renewTokens()
  async function act(operation: AnyOperation, input: object, as: string | ActingAs): Promise<unknown> {
    const acting = typeof as === 'string' ? { arn: as, accessKeyId: '' } : as
    const principal = { account: managementAccount, ...acting, userId: acting.arn }
    const call = { principal, region: '', input, requestId: 'job', sourceAddress: 'local' }
    return (await world.executor.execute(operation, call)).output
  }
  return {
    ...world,
    people,
    renewTokens,
    propose: (body, as) => world.ask('POST', '/change-requests', { as, body }),
    edit: (id, body, as) => world.ask('PATCH', `/change-requests/${id}`, { as, body }),
    act: (id, verb, body, as) => world.ask('POST', `/change-requests/${id}/${verb}`, { as, body }),
    show: (id, as) => world.get(`/change-requests/${id}`, as === undefined ? {} : { as }),
    look: (fails) => {
      const tried = async (operation: AnyOperation, input: object, as: string | ActingAs) => {
        if (fails?.has(operation.name)) throw new Error(`${operation.name} fails`)
        return act(operation, input, as)
      }
      return lookAt(rollOutChanges, { ...workplaceOf(world.store), act: tried })
    },
  }
}

/** What came of it, where anything else is a failure of the test. */
export async function succeed(asked: Promise<Told>): Promise<ShownRequest> {
  const { status, body } = await asked
  assert(status < 300, JSON.stringify(body))
  return body
}
