// What the command line advises is true: each command that a refusal or a help text prints is run as it is printed.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { AllocateAddressCommand, EC2Client } from '@aws-sdk/client-ec2'
import { commandWords, ownWords } from '#cli/commands.ts'
import { nativeCommands } from '#cli/native.generated.ts'
import { collectWords } from '#collect/command.ts'
import { fileWords } from '#files/words.ts'
import { nativeOperations } from '#operations/table.native.ts'
import { type Ended, runCommand, runHere } from './clients/command.ts'
import { administrator, managementAccount, type ServerProcess, startServer } from './clients/server.ts'

const root = join(import.meta.dirname, '..')
let server: ServerProcess
let home: string
let environment: Record<string, string>

before(async () => {
  server = await startServer()
  home = await mkdtemp(join(tmpdir(), 'cadastre-home-'))
  environment = { XDG_CONFIG_HOME: home }
  const input = await server.cadastre('operator', 'token', '--principal', 'user:ada')
  const { code, errors } = await runCommand(['login', '--url', server.endpoint, '--token', '-'], { environment, input })
  assert.equal(code, 0, errors)
})
after(async () => {
  await server?.stop()
  await rm(home, { recursive: true, force: true })
})

const cadastre = (words: readonly string[], as = environment): Promise<Ended> => runHere(words, as)
async function make(...words: string[]): Promise<Record<string, string>> {
  const { code, output, errors } = await cadastre([...words, '--json'])
  assert.equal(code, 0, `${words.join(' ')}: ${errors}`)
  return JSON.parse(output) as Record<string, string>
}

/** As a shell reads the line. */
async function split(line: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('sh', ['-c', `printf '%s\\0' ${line}`])
  return stdout.split('\0').slice(0, -1)
}

const printedIn = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('Next: '))
    .flatMap((line) => [...line.matchAll(/`cadastre ([^`]+)`/g)].map(([, words]) => words!))

interface Refusing {
  readonly kind: string
  readonly words: readonly string[]
  readonly ends: number
  /** The commands that are printed, in order. */
  readonly prints: readonly RegExp[]
  readonly as?: Record<string, string>
}

async function refuses({ kind, words, ends, prints, as }: Refusing): Promise<void> {
  const { code, errors } = await cadastre(words, as)
  assert.equal(code, ends, `${kind}: ${errors}`)
  const printed = printedIn(errors)
  assert.equal(printed.length, prints.length, `${kind} prints ${printed.length} commands: ${errors}`)
  for (const [at, line] of printed.entries()) {
    assert.match(line, prints[at]!, kind)
    const ended = await cadastre(await split(line))
    assert.equal(ended.code, 0, `${kind}: \`cadastre ${line}\`: ${ended.errors}`)
  }
}

test('the next step of each kind of refusal is a command that works as it is printed', async () => {
  await make('organization', 'create', '--management-account', managementAccount)
  const { ipamId, privateScopeId } = await make(
    'ipam',
    'create',
    '--account',
    managementAccount,
    '--region',
    'us-east-1',
  )
  const pair = { locale: 'azure:northeurope', type: 'azure:virtual-network' }
  const makePool = async (cidr: string): Promise<string> => {
    const words = ['--scope-id', privateScopeId!, '--family', 'ipv4', '--locale', pair.locale]
    const { poolId } = await make('pool', 'create', ...words)
    await make('pool-cidr', 'create', poolId!, '--cidr', cidr)
    return poolId!
  }
  const [listed, other] = [await makePool('10.0.0.0/27'), await makePool('10.0.1.0/28')]
  const { policyId } = (await make('policy', 'create', '--ipam-id', ipamId!)) as { policyId: string }
  const put = [
    'policy-document',
    'put',
    policyId,
    pair.locale,
    pair.type,
    '--rules',
    JSON.stringify([{ poolId: listed }]),
  ]
  await make(...put, '--size', '{"min":28,"default":28,"max":28}', '--required-tags', '[{"key":"team"}]')
  await make('assignment', 'put', policyId, managementAccount)
  const second = (await make('policy', 'create', '--ipam-id', ipamId!)).policyId!

  const ask = ['--account', managementAccount, '--locale', pair.locale, '--resource-type', pair.type]
  const take = ['allocation', 'create', ...ask, '--scope-type', 'private']
  const team = ['--tags', 'team=net']
  const exception = /^exception request --decision decision-\w+ --for 7d --reason 'WHY'$/
  const explain = /^explain decision decision-/
  const narrow = await server.cadastre('operator', 'token', '--principal', 'user:bob', '--role', 'auditor')
  const asBob = {
    XDG_CONFIG_HOME: join(home, 'bob'),
    CADASTRE_URL: server.endpoint,
    CADASTRE_TOKEN: narrow.trim().slice(15),
  }
  const { token } = await make('token', 'create', '--scopes', 'read')
  const asReader = { ...asBob, CADASTRE_TOKEN: token! }
  const nothing = '059bb0000000000ff'
  const shown = await cadastre(['policy', 'show', policyId])
  const [, etag] = /^ETag: (\S+)$/m.exec(shown.errors)!
  await make('policy', 'update', policyId, '--tags', 'stage=test')

  const kinds: readonly Refusing[] = [
    {
      kind: 'no role',
      words: ['policy', 'delete', policyId],
      ends: 4,
      prints: [/^role-binding create --principal user:bob --role policy-author --node /],
      as: asBob,
    },
    { kind: 'scopes', words: ['policy', 'delete', second], ends: 4, prints: [/^token create$/], as: asReader },
    {
      kind: 'a pool that is not listed',
      words: [...take, ...team, '--netmask-length', '28', '--pool-id', other],
      ends: 4,
      prints: [explain, exception],
    },
    {
      kind: 'a pool that is not listed, in a dry run',
      words: [...take, ...team, '--netmask-length', '28', '--pool-id', other, '--dry-run'],
      ends: 4,
      prints: [exception],
    },
    {
      kind: 'a size that is not allowed',
      words: [...take, ...team, '--netmask-length', '27'],
      ends: 4,
      prints: [explain, exception],
    },
    {
      kind: 'a block whose pool is not named',
      words: [...take, ...team, '--cidr', '10.0.1.0/28'],
      ends: 4,
      prints: [explain, exception],
    },
    { kind: 'tags', words: [...take, '--netmask-length', '28'], ends: 4, prints: [explain] },
    {
      kind: 'tags of a batch',
      words: [
        ...['allocation', 'create-batch', '--allocations'],
        JSON.stringify([
          { account: managementAccount, locale: pair.locale, resourceType: pair.type, scopeType: 'private' },
        ]),
      ],
      ends: 4,
      prints: [explain],
    },
    {
      kind: 'a pool that is not listed, in a batch',
      words: [
        ...['allocation', 'create-batch', '--allocations'],
        JSON.stringify([
          {
            ...{ account: managementAccount, locale: pair.locale, resourceType: pair.type, scopeType: 'private' },
            ...{ netmaskLength: 28, poolId: other, tags: { team: 'net' } },
          },
        ]),
      ],
      ends: 4,
      prints: [explain, exception],
    },
    {
      kind: 'an assignment that is not there',
      words: ['assignment', 'show', second, managementAccount],
      ends: 5,
      prints: [new RegExp(`^assignment list --policy-id ${second}$`)],
    },
    {
      kind: 'an assignment that another one keeps from being made',
      words: ['assignment', 'put', second, managementAccount],
      ends: 6,
      prints: [new RegExp(`^assignment list --policy-id ${second} --target-id 1{12}$`)],
    },
    {
      kind: 'a document that is not there',
      words: ['policy-document', 'show', policyId, 'us-east-1', 'eip'],
      ends: 5,
      prints: [new RegExp(`^policy-document list ${policyId}$`)],
    },
    {
      kind: 'a version that is not there',
      words: ['policy-version', 'show', policyId, '99'],
      ends: 5,
      prints: [new RegExp(`^policy-version list ${policyId}$`)],
    },
    {
      kind: 'a candidate that is not there',
      words: ['candidate', 'show', policyId, managementAccount],
      ends: 5,
      prints: [new RegExp(`^assignment list --policy-id ${policyId}$`)],
    },
    {
      kind: 'a pool that is not there, for an account',
      words: [...take, ...team, '--netmask-length', '28', '--pool-id', `ipam-pool-${nothing}`],
      ends: 5,
      prints: [/^pool list --usable-by 1{12}$/],
    },
    {
      kind: 'a unit to move to that is not there',
      words: ['account', 'move', managementAccount, '--parent-id', 'ou-0000-00000000'],
      ends: 5,
      prints: [/^(?:organization tree|unit list)$/],
    },
    ...(
      [
        [['pool', 'show', `ipam-pool-${nothing}`], 'pool list'],
        [['policy', 'show', `ipam-policy-${nothing}`], 'policy list'],
        [['ipam', 'show', `ipam-${nothing}`], 'ipam list'],
        [['scope', 'show', `ipam-scope-${nothing}`], 'scope list'],
        [['allocation', 'show', `ipam-pool-alloc-000000000000000${nothing}`], 'allocation list'],
        [['exception', 'show', `exception-${nothing}`], 'exception list'],
        [['role-binding', 'show', `role-binding-${nothing}`], 'role-binding list'],
        [['decision', 'show', `decision-${nothing}`], 'decision list'],
        [['change', 'show', '999999'], 'change list'],
        [['account', 'show', '999999999999'], 'account list'],
        [['unit', 'show', 'ou-0000-00000000'], 'unit list'],
        [['resource-type', 'show', 'acme:none'], 'resource-type list'],
        [['token', 'revoke', `token-${nothing}`], 'token list'],
        [['resource', 'show', 'eipalloc-0'], 'resource list'],
      ] as const
    ).map(([words, list]): Refusing => ({ kind: words.join(' '), words, ends: 5, prints: [new RegExp(`^${list}$`)] })),
    {
      kind: 'changed since',
      words: ['policy', 'update', policyId, '--tags', 'x=y', '--if-match', etag!],
      ends: 6,
      prints: [new RegExp(`^policy show ${policyId}$`)],
    },
    {
      kind: 'a state that does not permit it',
      words: ['pool', 'delete', listed],
      ends: 6,
      prints: [new RegExp(`^pool show ${listed}$`)],
    },
    {
      kind: 'a value that is not allowed',
      words: ['role-binding', 'create', '--principal', 'x', '--role', 'auditor', '--node', '*'],
      ends: 2,
      prints: [/^role-binding create --help$/],
    },
  ]
  const wrong: string[] = []
  for (const each of kinds) await refuses(each).catch((error: Error) => wrong.push(error.message))
  assert.equal(wrong.join('\n'), '')

  // What is left of the pool, and then nothing.
  for (let n = 0; n < 2; n++) await make(...take, ...team, '--netmask-length', '28')
  await refuses({
    kind: 'no space left',
    words: [...take, ...team, '--netmask-length', '28'],
    ends: 7,
    prints: [explain],
  })

  // The exceptions are those that were printed; approved by somebody else they let through what was denied.
  const { items } = (await make('exception', 'list')) as unknown as {
    items: { exceptionId: string; reason: string; grants: { pools: string[] } }[]
  }
  const found = items.find((each) => each.grants.pools.includes(other))
  assert.equal(found?.reason, 'WHY')
  const words = await server.cadastre('operator', 'token', '--principal', 'user:eve', '--role', 'approver')
  const asEve = { ...asBob, CADASTRE_TOKEN: words.trim().slice(15) }
  const approved = await cadastre(['exception', 'approve', found.exceptionId], asEve)
  assert.equal(approved.code, 0, approved.errors)
  const granted = await cadastre([...take, ...team, '--netmask-length', '28', '--pool-id', other])
  assert.equal(granted.code, 0, granted.errors)
})

test('a refusal of the EC2 API has the ready command that asks for an exception, which runs as it is', async () => {
  const { items } = (await make('ipam', 'list')) as unknown as { items: Record<string, string>[] }
  const { publicScopeId } = items[0]!
  const pools: string[] = []
  for (const cidr of ['198.51.100.0/28', '198.51.100.16/28']) {
    const of = ['--scope-id', publicScopeId!, '--family', 'ipv4', '--locale', 'us-east-1', '--aws-service', 'ec2']
    const { poolId } = await make('pool', 'create', ...of, '--public-ip-source', 'byoip')
    await make('pool-cidr', 'create', poolId!, '--cidr', cidr)
    pools.push(poolId!)
  }
  const [listed, other] = pools
  const { items: assignments } = (await make('assignment', 'list')) as unknown as { items: Record<string, string>[] }
  const { policyId } = assignments.find(({ targetId }) => targetId === managementAccount)!
  await make('policy-document', 'put', policyId!, 'us-east-1', 'eip', '--rules', JSON.stringify([{ poolId: listed }]))
  const client = new EC2Client({ endpoint: server.endpoint, region: 'us-east-1', credentials: administrator })
  const refused = await client
    .send(new AllocateAddressCommand({ Domain: 'vpc', IpamPoolId: other }))
    .then(() => assert.fail('it is not listed'))
    .catch((error: Error) => error)
  assert.equal(refused.name, 'UnauthorizedOperation')
  assert(refused.message.length < 2_000, refused.message)
  const [, words] = /`cadastre (exception request [^`]+)`/.exec(refused.message)!
  const { target, resourceType, locale, grants } = (await make(...(await split(words!)))) as unknown as {
    target: string
    resourceType: string
    locale: string
    grants: { pools: string[] }
  }
  assert.deepEqual([target, resourceType, locale, grants.pools], [managementAccount, 'eip', 'us-east-1', [other]])
  const short = ['--pool', other!, '--target', managementAccount, '--for', '30d', '--reason', 'the migration']
  const { resourceType: followed } = await make('exception', 'request', ...short)
  assert.equal(followed, 'eip')
})

test('a sign-in that a server refuses is repeated at the same server', async () => {
  const { code, errors } = await runCommand(['login', '--url', server.endpoint, '--token', '-'], {
    environment: { XDG_CONFIG_HOME: join(home, 'nobody') },
    input: 'not-a-token',
  })
  assert.equal(code, 3)
  assert.deepEqual(printedIn(errors), [`login --url ${server.endpoint}`])
})

test('a moment is given in the time zone of the person, and shown in it', async () => {
  const zoned = { ...environment, TZ: 'Asia/Kolkata' }
  const params = ['--target', managementAccount, '--locale', 'us-east-1', '--resource-type', 'eip', '--reason', 'tried']
  const request = ['exception', 'request', ...params, '--grants', '{"provider":true}', '--expires-at', 'tomorrow 18:00']
  const shown = await cadastre(request, zoned)
  assert.equal(shown.code, 0, shown.errors)
  assert.match(shown.output, /^expiresAt +\d{4}-\d{2}-\d{2} 18:00:00\+05:30$/m)
  const { expiresAt } = JSON.parse((await cadastre([...request, '--json'], zoned)).output) as { expiresAt: string }
  assert.match(expiresAt, /T12:30:00\.000Z$/)
  const back = await cadastre(['decision', 'list', '--from', '7d', '--until', 'now', '--limit', '1'], zoned)
  assert.equal(back.code, 0, back.errors)
  assert.match(back.output, /^DECISION ID +AT \(\+05:30\) [\s\S]* \d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} /)
  const wrong = await cadastre(['decision', 'list', '--from', 'last week'], zoned)
  assert.equal(wrong.code, 2)
  assert.match(wrong.errors, /^`--from`: `last week`: a moment is expected: `2026-12-05`, .*`7d`, or RFC 3339\.$/m)
})

test('help shows how a moment and a structured value are written, and the operation takes what it shows', async () => {
  let structured = 0
  for (const command of nativeCommands) {
    const written = command.parameters.filter(({ kind }) => kind === 'json' || kind === 'moment')
    if (written.length === 0) continue
    const { output } = await cadastre([...command.words.split(' '), '--help'])
    // A terminal breaks lines within words of JSON nowhere but at spaces.
    const help = output.replaceAll(/\s+/g, ' ')
    const { input } = nativeOperations.find(({ name }) => name === command.name)!
    for (const { name, flag, kind, example, where } of written) {
      const about = help.slice(help.indexOf(`--${flag} <`))
      if (kind === 'moment') {
        assert.match(about, new RegExp(`^--${flag} <MOMENT> .*?Such as \`2026-12-05\``), `${command.words} --${flag}`)
        assert(about.includes(where === 'query' ? '`7d` (ago)' : '`7d` (from now)'))
        continue
      }
      structured++
      assert(about.startsWith(`--${flag} <JSON> `), `${command.words} --${flag}`)
      assert(help.includes(`Such as '${example}'.`), `${command.words} --${flag}`)
      const read = input.shape[name]!.safeParse(JSON.parse(example!))
      assert(read.success, `${command.words} --${flag} ${example}: ${read.error?.message}`)
    }
  }
  assert(structured >= 10)
})

test('a command that the server names in a message is one that there is', () => {
  const plain = [...Object.values({ ...commandWords, ...ownWords, ...fileWords }), ...collectWords]
  const known = [...plain, ...nativeCommands].map(({ words }) => words)
  let named = 0
  for (const path of globSync('src/**/*.ts', { cwd: root })) {
    if (path.endsWith('.test.ts') || path.endsWith('.generated.ts')) continue
    const text = readFileSync(join(root, path), 'utf8')
    // Only what is written out: what is filled in is run above.
    for (const [, words] of text.matchAll(/\\?`cadastre ([a-z][a-z -]*?)(?= [A-Z<[.'"$-]|\\?`| --)/g)) {
      named++
      const isKnown = known.some((each) => each === words || each.startsWith(`${words} `)) || words === 'help'
      assert(isKnown, `${path}: \`cadastre ${words}\``)
    }
  }
  assert(named >= 10)
})
