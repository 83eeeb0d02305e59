// The two engines, and which test files run once on each: `npm test` goes by this.
export const engines = ['sqlite', 'postgres'] as const
export type Engine = (typeof engines)[number]

/** `CADASTRE_TEST_ENGINE=postgres` puts PostgreSQL under every test that opens an empty database. */
export const engineUnderTest: Engine = parseEngine(process.env.CADASTRE_TEST_ENGINE ?? 'sqlite')

export function parseEngine(text: string): Engine {
  const engine = engines.find((name) => name === text)
  if (!engine) throw new Error(`The engine of tests is one of ${engines.join(', ')}, not \`${text}\`.`)
  return engine
}

/**
 * `CADASTRE_DRIVE_TIMES` above 1, as at night: drives are longer, and both engines are asked for all. By day PostgreSQL is asked once for
 * whatever a store can be asked for, and not again for what is made of it, nor for very much of it.
 */
export const drawnTimes = Number(process.env.CADASTRE_DRIVE_TIMES ?? 1)
const isThorough = drawnTimes > 1
/** Whether this test runs on PostgreSQL by day. */
export const isBrief = engineUnderTest === 'postgres' && !isThorough
/**
 * Skips a test by day on PostgreSQL, and says so: one that asks for the same very often, or over very many rows, to see that a bound holds or
 * that nobody waits. That would be most of what its file costs there. What it asks for is asked there in small by its neighbours.
 */
export function isLeftToNight(test: { skip(message: string): void }): boolean {
  if (isBrief) test.skip('by day on the embedded database alone; CADASTRE_DRIVE_TIMES=2 asks both')
  return isBrief
}

/** Beginnings of the paths of what stands on a store: whatever comes to these folders runs on both engines. */
const onBoth: readonly string[] = [
  // What of the console depends most on the store: maps, search and the past; news, and a server that goes and comes back.
  'console/test/space.test.ts',
  'console/test/trouble.test.ts',
  'src/operations/',
  'src/store/',
  'src/files/namesakes.test.ts',
  'src/files/random.test.ts',
  'src/files/requesting.test.ts',
  'src/files/round-trip.test.ts',
  'src/api/rest/',
  'src/jobs/sending.test.ts',
  'test/changes-stream.test.ts',
  'test/event-loop.test.ts',
  'test/clients/',
  'test/restored.test.ts',
  'test/scenarios/',
  'test/backup.test.ts',
  'test/both-engines.test.ts',
  'test/change-requests.test.ts',
  'test/crash.test.ts',
  'test/interrupted.test.ts',
  'test/list-costs.test.ts',
  'test/living-servers.test.ts',
  'test/moved-clocks.test.ts',
  'test/native-access.test.ts',
  'test/oidc/',
  'test/one-entry.test.ts',
  'test/quarantine.test.ts',
  'test/starting.test.ts',
  'test/twice.test.ts',
  'test/version-before.test.ts',
  'test/witnesses.test.ts',
  'test/record.test.ts',
  'test/refusal-names.test.ts',
  'test/reconcile.test.ts',
  'test/ways-around.test.ts',
]

/** A story takes a server of its own, with a company in it: on PostgreSQL that is most of its time, and says nothing about it. */
const whatPolicyGives =
  'what policy gives, over a client that cannot tell the engines apart; each operation is asked of both beside it, and each way around a policy'

/** A browser takes most of their time: each of them passes on the other engine, too (`npm test -- --engine postgres console/test`). */
const whatPagesShow =
  'pages over an API that both engines are asked for beside its operations; two files of the console run on both'

/** What stands on a store, or beside one, and nevertheless runs once, and why. */
export const runsOnce: Readonly<Record<string, string>> = {
  'console/test/access.test.ts': whatPagesShow,
  'console/test/changes.test.ts': whatPagesShow,
  'console/test/console.test.ts': whatPagesShow,
  'console/test/estate.test.ts': whatPagesShow,
  'console/test/evidence.test.ts': whatPagesShow,
  'console/test/policies.test.ts': whatPagesShow,
  'console/test/security.test.ts': whatPagesShow,
  'test/change-control.test.ts':
    'what needs a change request is asked before anything is read; requests themselves are asked of both',
  'test/simulations.test.ts':
    'what a simulation tells is compared with what happens; what either asks of the store is asked of both engines beside the operations',
  'test/record-sinks.test.ts':
    'a server and its receivers; how far the record was sent is asked of both engines beside it',
  'src/api/rest/openapi.test.ts': 'the description is made of definitions; there is no store in it',
  'src/api/rest/hostile-provider.test.ts': 'what an identity provider does; there is no store in it',
  'src/api/rest/sign-in.test.ts': 'what an identity provider says; there is no store in it',
  'src/jobs/jobs.test.ts': 'a trigger makes a task fail, and each engine has its own words for one',
  'src/operator/remote-log.test.ts': 'a log in memory, over HTTP; there is no store in it',
  'src/store/batching.test.ts': 'transactions that meet others are there on PostgreSQL alone',
  'src/store/tables/list-plans.test.ts': 'opens both engines by itself, and asks each in its own way for its plans',
  'src/store/schema/migrations.test.ts': 'what a step makes of what the embedded database has',
  'src/store/upkeep/move.test.ts': 'opens both engines by itself: a move is from the one to the other',
  'src/store/transaction.test.ts': 'there is no database in it',
  'src/store/tables/plans.test.ts': 'how the embedded database finds what it is asked for',
  'src/store/postgres/link.test.ts': 'what a URL and the settings of PostgreSQL say; there is no store in it',
  'src/store/postgres/rights.test.ts': 'the rights of roles are there on PostgreSQL alone',
  'src/store/postgres/space.test.ts': 'how PostgreSQL finds free space, and what that costs it',
  'src/store/memory.test.ts': 'there is no database in it',
  'src/store/table.test.ts': 'there is no store in it, only the schema that both have',
  'src/store/tables/replay-window.test.ts': 'there is no database in it',
  'src/store/sealer.test.ts': 'there is no store in it',
  'src/store/sqlite/engine.test.ts': 'the files of the embedded database: locks, damage, a second process',
  'test/allocated-bytes.test.ts': 'what the driver of PostgreSQL allocates is not ours',
  'test/away.test.ts': 'connections to a server that can be away are there on PostgreSQL alone',
  'test/clients/aws-cli.test.ts':
    'a client that cannot tell the engines apart; what it calls is asked of both beside each operation',
  'test/clients/aws-collect.test.ts': 'a client that cannot tell the engines apart; others ask both the same',
  'test/clients/python.test.ts':
    'a client that cannot tell the engines apart; that of test/scenarios/repeats.test.ts asks both',
  'test/clients/terraform-like.test.ts':
    'a client that cannot tell the engines apart; what it calls is asked of both beside each operation',
  'test/command-line.test.ts': 'what the command makes of words and answers, which the server has already read',
  'test/command-output.test.ts': 'how the command prints an answer, whatever it was read from',
  'test/operator-output.test.ts': 'how the commands at the server print an answer, whatever it was read from',
  'test/next-steps.test.ts': 'what the command prints under a refusal; refusals themselves are asked of both',
  'test/oidc/command-sign-in.test.ts':
    'how the command and the browser sign in; test/oidc/sign-in.test.ts asks both who somebody is then',
  'test/scenarios/addresses.test.ts': whatPolicyGives,
  'test/scenarios/networks.test.ts': whatPolicyGives,
  'test/scenarios/organization.test.ts': whatPolicyGives,
  'test/scenarios/policies.test.ts': whatPolicyGives,
  'test/scenarios/pools.test.ts': whatPolicyGives,
  'test/clients/generated.test.ts': 'a client that cannot tell the engines apart, and a compiler that takes its time',
  'test/clients/terraform-vpc.test.ts':
    'a client that cannot tell the engines apart, and takes its time; what it calls is asked of both beside each operation',
  'test/clients/terraform.test.ts':
    'a client that cannot tell the engines apart, and takes its time; others ask both the same',
  'test/ended-keys.test.ts': 'opens both engines by itself: two servers on one, one on the other',
  'test/failover.test.ts': 'clusters that fail over are there on PostgreSQL alone',
  'test/full-disk.test.ts': 'a full disk of the embedded database is tried in test/crash.test.ts',
  'test/fuzz.test.ts':
    'requests that are nearly right, which hardly differ in what they ask of a store; `CADASTRE_TEST_ENGINE=postgres` asks the other',
  'test/garbage.test.ts': 'what is in front of the operations; the store behind them is never reached by garbage',
  'test/growth.test.ts': 'opens both engines by itself, and counts what each does in its own way',
  'test/guide.test.ts': 'the pages themselves say which database they are about',
  'test/hostile.test.ts': 'what is held in front of every store',
  'test/findings-failover.test.ts': 'several servers on one database are there on PostgreSQL alone',
  'test/interleavings.test.ts': 'several servers on one database are there on PostgreSQL alone',
  'test/living-failover.test.ts': 'clusters that fail over are there on PostgreSQL alone',
  'test/migrating.test.ts': 'opens both engines by itself, each with what a migration of it is',
  'test/move.test.ts': 'opens both engines by itself: a move is from the one to the other',
  'test/old-copy.test.ts': 'old primaries and copies are there on PostgreSQL alone',
  'test/postgres-roles.test.ts': 'the rights of roles are there on PostgreSQL alone',
  'test/postgres-safety.test.ts': 'the settings of a cluster are there on PostgreSQL alone',
  'test/ports.test.ts': 'there is no store in it',
  'test/proxies.test.ts': 'proxies are in front of every store',
  'test/throttle.test.ts': 'who is let in is decided in front of every store',
  'test/tls.test.ts': 'how a server is reached is the same in front of every store',
  'test/peers.test.ts': 'several servers on one database are there on PostgreSQL alone',
  'test/source-address.test.ts': 'where a request comes from is found in front of every store',
  'test/several-servers.test.ts': 'several servers on one database are there on PostgreSQL alone',
  'test/start.test.ts': 'what is loaded, and how much memory the process may have, is so before there is a store',
  'test/threats.test.ts': 'it reads pages and the titles of tests; the ways that it imports are not tried in it',
}

/**
 * What policy, filters and sentences make of what was read. By day they run once: whatever they ask of a store, files that run on both ask
 * for too, as the end of `npm test` shows.
 */
export const askedByOthers: readonly string[] = [
  'src/api/rest/admission.test.ts',
  'src/files/namesakes.test.ts',
  'src/files/random.test.ts',
  'src/files/round-trip.test.ts',
  'src/operations/documented-filters.test.ts',
  'src/operations/estate/adopted-findings.test.ts',
  'src/operations/estate/adopting-rights.native.test.ts',
  'src/operations/estate/beyond.native.test.ts',
  'src/operations/estate/in-use.native.test.ts',
  'src/operations/evidence/pack-seen.native.test.ts',
  'src/operations/finding/exports.native.test.ts',
  'src/operations/finding/impact.native.test.ts',
  'src/operations/governance/acts-aside.native.test.ts',
  'src/operations/governance/bound-changes.native.test.ts',
  'src/operations/governance/change-clock.native.test.ts',
  'src/operations/governance/change-control.native.test.ts',
  'src/operations/governance/change-rollouts.native.test.ts',
  'src/operations/governance/emergencies.native.test.ts',
  'src/operations/governance/impact-requests.native.test.ts',
  'src/operations/governance/own-rules.native.test.ts',
  'src/operations/governance/proposals.native.test.ts',
  'src/operations/governance/staged-classes.native.test.ts',
  'src/operations/governance/vouching.native.test.ts',
  'src/operations/identity/made-tokens.test.ts',
  'src/operations/identity/shares.test.ts',
  'src/operations/identity/sts.aws.test.ts',
  'src/operations/ipam/capacity.native.test.ts',
  'src/operations/ipam/ipams.native.test.ts',
  'src/operations/ipam/known-pools.test.ts',
  'src/operations/ipam/planning-pools.test.ts',
  'src/operations/ipam/pool-lists.native.test.ts',
  'src/operations/ipam/pools.ec2.test.ts',
  'src/operations/ipam/public-space.test.ts',
  'src/operations/listing.aws.test.ts',
  'src/operations/listing.test.ts',
  'src/operations/marked-shapes.test.ts',
  'src/operations/network/regions.ec2.test.ts',
  'src/operations/organization/node-changes.test.ts',
  'src/operations/organization/organization.native.test.ts',
  'src/operations/organization/organizations.aws.test.ts',
  'src/operations/organization/tags.ec2.test.ts',
  'src/operations/organization/units.aws.test.ts',
  'src/operations/policy/account-bounds.test.ts',
  'src/operations/policy/as-written.test.ts',
  'src/operations/policy/conflicts.test.ts',
  'src/operations/policy/content-shares.test.ts',
  'src/operations/policy/exception-bounds.test.ts',
  'src/operations/policy/exception-leave.test.ts',
  'src/operations/policy/explain.test.ts',
  'src/operations/policy/explanations.native.test.ts',
  'src/operations/policy/hidden-facts.test.ts',
  'src/operations/policy/previews.native.test.ts',
  'src/operations/policy/resource-types.native.test.ts',
  'src/operations/problems.native.test.ts',
  'src/operations/wording.ec2.test.ts',
]

/** Servers in processes of their own: by day on the embedded database alone, and why. */
export const onBothAtNight: Readonly<Record<string, string>> = {
  'test/witnesses.test.ts':
    'what two servers sign of each other’s logs; what a log keeps, and how one is put back, is asked of both beside it',
}

export const runsOnBoth = (file: string): boolean =>
  runsOnce[file] === undefined &&
  (isThorough || (!askedByOthers.includes(file) && onBothAtNight[file] === undefined)) &&
  onBoth.some((beginning) => file.startsWith(beginning))
