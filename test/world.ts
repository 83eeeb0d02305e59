// A small world for tests: a store on an empty database and the executor over it, without sockets.
import type { Ec2Input, Ec2Operation, Ec2Output } from '#formats/aws/ec2.generated.ts'
import type {
  OrganizationsInput,
  OrganizationsOperation,
  OrganizationsOutput,
} from '#formats/aws/organizations.generated.ts'
import type { StsInput, StsOperation, StsOutput } from '#formats/aws/sts.generated.ts'
import type { Workplace } from '#jobs/job.ts'
import { type Executor, openExecutor } from '#operations/execute.ts'
import type { AnyOperation, OperationSettings } from '#operations/operation.ts'
import { operationTables } from '#operations/tables.aws.ts'
import { createPageTokens } from '#store/page-tokens.ts'
import type { Store } from '#store/store.ts'
import { emptyDatabase, type TestDatabase, testSealer } from './database.ts'
import { type Engine, engineUnderTest } from './engines.ts'
import { alone } from './findings/follow.ts'

export const managementAccount = '111111111111'
export const testSettings: OperationSettings = {
  regions: [
    { name: 'us-east-1', zoneIdPrefix: 'use1', zones: ['a', 'b', 'c'] },
    { name: 'eu-central-1', zoneIdPrefix: 'euc1', zones: ['a', 'b', 'c'] },
  ],
  quarantineSecondsPublic: 0,
  requireCidrAuthorization: false,
  providerIpv4Cidr: '198.18.0.0/15',
  providerIpv6Cidr: '2001:db8::/32',
  publicSpaceAccounts: [],
  isStrictOnReplays: false,
  notifications: { allowsHttp: false, allowedBlocks: [], publicUrl: undefined, sendsMail: false, mailDomains: [] },
}
/** No secret is worth sealing in a test; the real sealer has tests of its own. */
export const openSealer = {
  seal: (text: string) => new TextEncoder().encode(text),
  open: (sealed: Uint8Array) => new TextDecoder().decode(sealed),
  pageTokens: createPageTokens(new Uint8Array(32)),
  // That of the key which test processes are given: they open the same databases.
  fingerprint: testSealer.fingerprint,
  peerKey: testSealer.peerKey,
}

export interface As {
  readonly account?: string
  readonly region?: string
}
export interface World {
  readonly store: Store
  readonly executor: Executor
  readonly database: TestDatabase
  /** Moves the clock: forward, or back. */
  advance(milliseconds: number): void
  /** What the clock says, which is not always what the record goes by. */
  clock(): number
  call<Name extends Ec2Operation>(name: Name, input: Ec2Input[Name], as?: As): Promise<Ec2Output[Name]>
  organizations<Name extends OrganizationsOperation>(
    name: Name,
    input: OrganizationsInput[Name],
    as?: As,
  ): Promise<OrganizationsOutput[Name]>
  sts<Name extends StsOperation>(name: Name, input: StsInput[Name], as?: As): Promise<StsOutput[Name]>
  close(): Promise<void>
}

/**
 * `around` may stand between the operations and the store, to try what a store is free to do. `cluster` is the URL of a
 * PostgreSQL other than the one that all share.
 */
export async function openWorld(
  settings: Partial<OperationSettings> = {},
  around: (store: Store) => Store = (store) => store,
  engine: Engine = engineUnderTest,
  cluster?: string,
): Promise<World> {
  const database = await emptyDatabase(engine, cluster)
  let now = Date.UTC(2026, 0, 1)
  const store = around(await database.open({ clock: () => now, sealer: openSealer }))
  const executor = await openExecutor(store, { ...testSettings, ...settings })
  await store.write(async (tx) => {
    await tx.organizations.insertAccount({
      id: managementAccount,
      name: 'management',
      email: 'management@example.com',
      status: 'ACTIVE',
      joinedMethod: 'INVITED',
      joinedAt: now,
    })
  })
  let requests = 0
  const run = async (operation: AnyOperation | undefined, name: string, input: object, as: As): Promise<unknown> => {
    if (!operation) throw new Error(`${name} is not in the tables`)
    const account = as.account ?? managementAccount
    const { output } = await executor.execute(operation, {
      principal: { account, arn: `arn:aws:iam::${account}:user/test`, accessKeyId: 'AKIATEST', userId: 'AIDATEST' },
      region: as.region ?? 'us-east-1',
      input,
      requestId: `request-${++requests}`,
      sourceAddress: '127.0.0.1',
    })
    return output
  }
  return {
    store,
    executor,
    database,
    advance: (milliseconds) => {
      now += milliseconds
    },
    clock: () => now,
    call: (name, input, as = {}) => run(operationTables.ec2.get(name), name, input, as) as never,
    organizations: (name, input, as = {}) => run(operationTables.organizations.get(name), name, input, as) as never,
    sts: (name, input, as = {}) => run(operationTables.sts.get(name), name, input, as) as never,
    async close() {
      await store.close()
      await database.remove()
    },
  }
}

/** What jobs work with, by the clock of the machine. */
export const workplaceOf = (store: Store): Workplace => ({
  store,
  worker: 'of this test',
  account: managementAccount,
  recordCounted: async () => {},
  act: async () => undefined,
  pace: alone,
})
