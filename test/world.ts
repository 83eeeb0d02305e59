// A small world for tests: a store in a temporary folder and the hallway over it, without sockets.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Ec2Input, Ec2Operation, Ec2Output } from '#formats/aws/ec2.generated.ts'
import type {
  OrganizationsInput,
  OrganizationsOperation,
  OrganizationsOutput,
} from '#formats/aws/organizations.generated.ts'
import type { StsInput, StsOperation, StsOutput } from '#formats/aws/sts.generated.ts'
import { type Hallway, openHallway } from '#operations/execute.ts'
import type { AnyOperation, OperationSettings } from '#operations/operation.ts'
import { operationTables } from '#operations/tables.ts'
import { openPostgres } from '#store/postgres.ts'
import { openSqlite } from '#store/sqlite.ts'
import type { Store } from '#store/store.ts'
import { emptyPostgres, executeAt, ownerOf } from './postgres.ts'

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
}
/** No secret is worth sealing in a test; the real sealer has tests of its own. */
export const openSealer = {
  seal: (text: string) => new TextEncoder().encode(text),
  open: (sealed: Uint8Array) => new TextDecoder().decode(sealed),
}

export interface As {
  readonly account?: string
  readonly region?: string
}
export interface World {
  readonly store: Store
  readonly hallway: Hallway
  readonly folder: string
  readonly engine: Engine
  /** Executes SQL beside the store. */
  execute(sql: string): Promise<void>
  /** The same, as nobody should: without foreign keys. */
  tamper(sql: string): Promise<void>
  /** Moves the clock forward. */
  advance(milliseconds: number): void
  call<Name extends Ec2Operation>(name: Name, input: Ec2Input[Name], as?: As): Promise<Ec2Output[Name]>
  organizations<Name extends OrganizationsOperation>(
    name: Name,
    input: OrganizationsInput[Name],
    as?: As,
  ): Promise<OrganizationsOutput[Name]>
  sts<Name extends StsOperation>(name: Name, input: StsInput[Name], as?: As): Promise<StsOutput[Name]>
  close(): Promise<void>
}

/** `CADASTRE_TEST_ENGINE=postgres` runs every test that opens a world on PostgreSQL. */
const engineDefault: Engine = process.env.CADASTRE_TEST_ENGINE === 'postgres' ? 'postgres' : 'sqlite'
export type Engine = 'sqlite' | 'postgres'

interface Opened {
  readonly store: Store
  execute(sql: string, options: { readonly checks: boolean }): Promise<void>
}

async function openStore(
  engine: Engine,
  { folder, clock, cluster }: { folder: string; clock: () => number; cluster: string | undefined },
): Promise<Opened> {
  if (engine === 'sqlite') {
    return {
      store: openSqlite({ folder, clock, sealer: openSealer, exclusive: true }),
      async execute(sql, { checks }) {
        const database = new DatabaseSync(join(folder, 'cadastre.db'), { enableForeignKeyConstraints: checks })
        try {
          database.exec(sql)
        } finally {
          database.close()
        }
      },
    }
  }
  const url = await emptyPostgres(cluster)
  return {
    store: await openPostgres({ url, clock, sealer: openSealer }),
    async execute(sql, { checks }) {
      // As a replica applies changes: without triggers, and foreign keys are triggers.
      const role = checks ? '' : 'set session_replication_role = replica;'
      await executeAt(ownerOf(url), `${role} ${sql.replace(/\bx'(\w+)'/g, "'\\x$1'::bytea")}`)
    },
  }
}

/**
 * `around` may stand between the operations and the store, to try what a store is free to do. `cluster` is the URL of a
 * PostgreSQL other than the one that all share.
 */
export async function openWorld(
  settings: Partial<OperationSettings> = {},
  around: (store: Store) => Store = (store) => store,
  engine: Engine = engineDefault,
  cluster?: string,
): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'cadastre-test-'))
  let now = Date.UTC(2026, 0, 1)
  const { store: opened, execute } = await openStore(engine, { folder, clock: () => now, cluster })
  const store = around(opened)
  const hallway = await openHallway(store, { ...testSettings, ...settings })
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
    const { output } = await hallway.execute(operation, {
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
    hallway,
    folder,
    engine,
    execute: (sql) => execute(sql, { checks: true }),
    tamper: (sql) => execute(sql, { checks: false }),
    advance: (milliseconds) => {
      now += milliseconds
    },
    call: (name, input, as = {}) => run(operationTables.ec2.get(name), name, input, as) as never,
    organizations: (name, input, as = {}) => run(operationTables.organizations.get(name), name, input, as) as never,
    sts: (name, input, as = {}) => run(operationTables.sts.get(name), name, input, as) as never,
    async close() {
      await store.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
