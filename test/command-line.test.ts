// The command line against a real server: signing in, tables and JSON, pages, refusals and how they end, completion in real shells.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { nativeCommands } from '#cli/native.generated.ts'
import { type Ended, runCommand, runHere, startCommand } from './clients/command.ts'
import { managementAccount, type ServerProcess, startServer } from './clients/server.ts'

let server: ServerProcess
let home: string
let environment: Record<string, string>

before(async () => {
  server = await startServer()
  home = await mkdtemp(join(tmpdir(), 'cadastre-home-'))
  environment = { XDG_CONFIG_HOME: home }
  const token = await server.cadastre('operator', 'token', '--principal', 'user:ada')
  // What the operator's command prints is what `login` reads.
  const { code, errors } = await runCommand(['login', '--url', `${server.endpoint}/`, '--token', '-'], {
    environment,
    input: token,
  })
  assert.equal(code, 0, errors)
})
after(async () => {
  await server?.stop()
  await rm(home, { recursive: true, force: true })
})

const cadastre = (...words: string[]): Promise<Ended> => runHere(words, environment)
async function json<Body>(...words: string[]): Promise<Body> {
  const { code, output, errors } = await cadastre(...words, '--json')
  assert.equal(code, 0, errors)
  return JSON.parse(output) as Body
}
async function fails(code: number, expected: RegExp, ...words: string[]): Promise<Ended> {
  const ended = await cadastre(...words)
  assert.equal(ended.code, code, ended.output + ended.errors)
  assert.match(ended.errors, expected)
  assert.equal(ended.output, '')
  return ended
}
const bind = (name: string, ...more: string[]): string[] => [
  ...['role-binding', 'create', '--principal', `user:${name}`, '--role', 'auditor', '--node', '*'],
  ...more,
]
interface Grown {
  readonly items: readonly { readonly changeId: string }[]
}
interface Binding {
  readonly bindingId: string
  readonly principal: string
}

test('a profile is readable by its owner alone, and nothing else is left beside it', async () => {
  const folder = join(home, 'cadastre')
  assert.equal((await stat(folder)).mode & 0o777, 0o700)
  assert.equal((await stat(join(folder, 'profiles.json'))).mode & 0o777, 0o600)
  assert.deepEqual(await readdir(folder), ['profiles.json'])
  const { output } = await cadastre('profile', 'list')
  assert.match(output, new RegExp(`^default +${server.endpoint} +user:ada +in use +`, 'm'))
  const { profiles } = JSON.parse(await readFile(join(folder, 'profiles.json'), 'utf8')) as {
    profiles: { default: { token: string } }
  }
  for (const format of ['table', 'json', 'yaml', 'csv']) {
    const listed = await cadastre('profile', 'list', '-o', format)
    assert.equal(listed.code, 0, listed.errors)
    assert.match(listed.output, /user:ada/)
    assert(!listed.output.includes(profiles.default.token))
  }
})

test('tables for people, exactly the JSON of the API for scripts, pages to the end', async () => {
  for (const name of ['one', 'two', 'three']) assert.equal((await cadastre(...bind(name))).code, 0)
  const { output } = await cadastre('role-binding', 'list')
  assert.match(output, /^BINDING ID +PRINCIPAL +ROLE +NODE +EFFECT$/m)
  assert.match(output, /^role-binding-\w+ +user:two +auditor +\* +permit$/m)

  const { items } = await json<{ items: Binding[] }>('role-binding', 'list')
  const page = await cadastre('role-binding', 'list', '--limit', '2')
  assert.equal(page.output.split('\n').length, 4)
  const [, cursor] = /^There is more: --all, or\n {2}--cursor (\S+)$/m.exec(page.errors)!
  const second = await json<{ items: Binding[] }>('role-binding', 'list', '--limit', '2', '--cursor', cursor!)
  assert.deepEqual(second.items, items.slice(2, 4))
  assert.deepEqual(await json('role-binding', 'list', '--limit', '1', '--all'), { items })
  assert.match((await cadastre('role-binding', 'list', '--principal', 'user:nobody')).output, /^There are none\.\n$/)
  assert.deepEqual(await json('role-binding', 'list', '--principal', 'user:nobody', '--all'), { items: [] })

  const ids = await cadastre('role-binding', 'list', '--field', 'bindingId', '--all', '--limit', '2')
  assert.equal(ids.output, items.map(({ bindingId }) => `${bindingId}\n`).join(''))
  const [one] = items
  const shown = await cadastre('role-binding', 'show', one!.bindingId, '--field', 'principal')
  assert.deepEqual([shown.output, shown.errors], [`${one!.principal}\n`, ''])
  assert.equal((await cadastre('role-binding', 'list', '--field', 'role', '--limit', '1')).errors, '')
  await fails(2, /no `name`; it has bindingId, /, 'role-binding', 'show', one!.bindingId, '--field', 'name')
  await fails(2, /cannot be used with/, 'whoami', '--field', 'account', '--json')

  // A list that grows has a cursor on its last page too, where it goes forward.
  assert.deepEqual(Object.keys(await json('change', 'list', '--all')), ['items', 'asOf'])
  const grown = await json<Grown>('change', 'list', '--all', '--limit', '2', '--order', 'oldest-first')
  const { items: changes } = grown
  assert.deepEqual(Object.keys(grown), ['items', 'asOf', 'nextCursor'])
  assert(changes.length >= 5)
  assert.equal(new Set(changes.map(({ changeId }) => changeId)).size, changes.length)

  const me = await json<{ tokenId: string }>('whoami')
  const response = await fetch(`${server.endpoint}/api/v1/me`, {
    headers: { authorization: `Bearer ${await ownToken()}` },
  })
  assert.deepEqual(me, await response.json())
  assert.match((await cadastre('whoami')).output, /^principal +user:ada$/m)
})

const ownToken = async (): Promise<string> =>
  (
    JSON.parse(await readFile(join(home, 'cadastre/profiles.json'), 'utf8')) as {
      profiles: Record<string, { token: string }>
    }
  ).profiles.default!.token

test('a dry run changes nothing and says so; a repeat with one key has one effect', async () => {
  const before = await json<{ items: Binding[] }>('role-binding', 'list')
  const dry = await cadastre(...bind('dry', '--dry-run'))
  assert.equal(dry.code, 0)
  assert.match(dry.output, /^principal +user:dry$/m)
  assert.match(dry.errors, /^Dry run: nothing was changed\.$/m)
  assert.deepEqual(await json('role-binding', 'list'), before)

  const first = await json<Binding>(...bind('once', '--idempotency-key', 'key-1'))
  assert.deepEqual(await json<Binding>(...bind('once', '--idempotency-key', 'key-1')), first)
  await fails(6, /another one, or leave `--idempotency-key` out/, ...bind('other', '--idempotency-key', 'key-1'))
  const deleted = await cadastre('role-binding', 'delete', first.bindingId)
  assert.deepEqual([deleted.code, deleted.output], [0, 'Done.\n'])
})

let made: Promise<{ ipamId: string; privateScopeId: string }> | undefined
const ipam = () => {
  made ??= json('ipam', 'create', '--account', managementAccount, '--region', 'us-east-1')
  return made
}

test('a misspelt member of the answer is said before anything is made', async () => {
  const tokens = async () => (await cadastre('token', 'list', '--all', '--json')).output
  const before = await tokens()
  await fails(2, /no `tokn`; it has tokenId, .*, token\./, 'token', 'create', '--field', 'tokn')
  await fails(2, /no `account.x`; it has/, 'token', 'create', '--field', 'account.x')
  await fails(
    2,
    /`role-binding delete` answers nothing/,
    'role-binding',
    'delete',
    'role-binding-1',
    '--field',
    'bindingId',
  )
  assert.equal(await tokens(), before)
  const made = await cadastre('token', 'create', '--field', 'token')
  assert.match(made.output, /^cadastre_\S+\n$/)
  assert.equal((await cadastre('whoami', '--field', 'roles.0.role')).output, 'organization-administrator\n')
})

test('what has changed since it was read is not changed over', async () => {
  const { ipamId } = await ipam()
  const { policyId } = await json<{ policyId: string }>('policy', 'create', '--ipam-id', ipamId)
  const shown = await cadastre('policy', 'show', policyId)
  const [, etag] = /^ETag: (\S+)$/m.exec(shown.errors)!
  const update = ['policy', 'update', policyId, '--tags', 'team=net', '--if-match', etag!]
  const updated = await json<{ tags: object }>(...update)
  assert.deepEqual(updated.tags, { team: 'net' })
  const again = ['policy', 'update', policyId, '--tags', 'team=other', '--if-match', etag!]
  await fails(6, new RegExp(`cadastre policy show ${policyId}\`, repeat with \`--if-match`), ...again)

  const cleared = await json<{ tags: object }>('policy', 'update', policyId, '--no-tags')
  assert.deepEqual(cleared.tags, {})

  const file = join(home, 'rules.json')
  await writeFile(file, '[{"poolId":"ipam-pool-0"}]')
  const put = ['policy-document', 'put', policyId, 'us-east-1', 'eip', '--rules', `@${file}`]
  await fails(5, /ipam-pool-0/, ...put)
})

test('every kind of end has its exit code, and a next step', async () => {
  const nonsense = await runCommand(['nonsense'], { environment })
  assert.equal(nonsense.code, 2)
  assert.match(nonsense.errors, /Unknown command 'nonsense'/)
  await fails(2, /See `cadastre role-binding create --help`/, 'role-binding', 'create')
  await fails(2, /Unknown command 'make'[\s\S]*See `cadastre role-binding --help`/, 'role-binding', 'make')
  await fails(2, /Allowed choices are enforce, warn/, 'assignment', 'list', '--mode', 'never')
  await fails(5, /`cadastre organization tree` shows/, ...bind('x').map((word) => (word === '*' ? 'nowhere' : word)))
  await fails(2, /change `--node`/, ...bind('x').map((word) => (word === '*' ? '' : word)))
  await fails(5, /`cadastre role-binding list` shows/, 'role-binding', 'show', 'role-binding-059bb0000000000ff')
  await fails(8, /http:\/\/127\.0\.0\.1:9 cannot be reached|bad port/, 'login', '--url', 'http://127.0.0.1:9')
  const anybody = { XDG_CONFIG_HOME: join(home, 'nobody') }
  const unknown = await runHere(['whoami'], anybody)
  assert.equal(unknown.code, 3)
  assert.match(unknown.errors, /`cadastre login --url URL`/)
  const wrong = await runCommand(['whoami', '--json'], {
    environment: { ...anybody, CADASTRE_URL: server.endpoint, CADASTRE_TOKEN: 'x' },
  })
  assert.equal(wrong.code, 3)
  assert.equal((JSON.parse(wrong.errors) as { code: string }).code, 'InvalidToken')
})

test('who lacks a role is told which, where, and how it is given', async () => {
  const words = ['--principal', 'user:one', '--role', 'auditor', '--node', managementAccount]
  const printed = await server.cadastre('operator', 'token', ...words)
  const token = printed.trim().replace('CADASTRE_TOKEN=', '')
  const asOne = { XDG_CONFIG_HOME: join(home, 'one'), CADASTRE_URL: server.endpoint, CADASTRE_TOKEN: token }
  const denied = await runHere(bind('friend'), asOne)
  assert.equal(denied.code, 4)
  assert.match(denied.errors, /one of these roles everywhere \(`\*`\): organization-administrator\./)
  const [, proposed] = /`cadastre (role-binding create [^`]*'\*')`/.exec(denied.errors)!
  // The words that it names work.
  assert.equal((await cadastre(...proposed!.replaceAll("'", '').split(' '))).code, 0)
  assert.equal((await runHere(bind('friend'), asOne)).code, 0)
})

test('what policy denies says why, fact by fact, and leads to the explanation; a full pool ends otherwise', async () => {
  const { ipamId, privateScopeId } = await ipam()
  const pair = { locale: 'azure:northeurope', type: 'azure:virtual-network' }
  const pool = async (cidr: string): Promise<string> => {
    const words = ['--scope-id', privateScopeId, '--family', 'ipv4', '--locale', pair.locale]
    const { poolId } = await json<{ poolId: string }>('pool', 'create', ...words)
    await json('pool-cidr', 'create', poolId, '--cidr', cidr)
    return poolId
  }
  const listed = await pool('10.0.0.0/28')
  const other = await pool('10.0.1.0/28')
  const { policyId } = await json<{ policyId: string }>('policy', 'create', '--ipam-id', ipamId)
  const rules = JSON.stringify([{ poolId: listed }])
  assert.equal((await cadastre('policy-document', 'put', policyId, pair.locale, pair.type, '--rules', rules)).code, 0)
  assert.equal((await cadastre('assignment', 'put', policyId, managementAccount)).code, 0)

  const params = [
    '--account',
    managementAccount,
    '--locale',
    pair.locale,
    '--resource-type',
    pair.type,
    '--netmask-length',
    '28',
  ]
  const take = ['allocation', 'create', ...params, '--scope-type', 'private', '--tags', 'team=net']
  const taken = await cadastre(...take, '--dry-run')
  assert.match(taken.output, /^cidr +10\.0\.0\.0\/28$/m)
  assert.match(
    taken.errors,
    /^Policy: .* 10\.0\.0\.0\/28 .*\nDry run/m,
    'which is on no record, so no decision is named',
  )
  const half = { account: managementAccount, locale: pair.locale, resourceType: pair.type, netmaskLength: 29 }
  const halves = [half, half].map((one) => ({ ...one, scopeType: 'private' }))
  await writeFile(join(home, 'halves.json'), JSON.stringify(halves))
  const batch = ['allocation', 'create-batch', '--allocations', `@${join(home, 'halves.json')}`]
  assert.equal((await cadastre(...batch, '--dry-run', '--field', 'allocations.1.cidr')).output, '10.0.0.8/29\n')
  const denied = await fails(4, new RegExp(policyId), 'allocation', 'create', ...params, '--pool-id', other)
  const [, decision] = /^ {2}For an exception, ask .* naming (decision-\w+)\.$/m.exec(denied.errors)!
  assert.match(
    denied.errors,
    /^Next: or ask for an exception: `cadastre exception request --decision decision-\w+ --for 7d --reason 'WHY'`\.$/m,
  )
  const asJson = await cadastre('allocation', 'create', ...params, '--pool-id', other, '--json')
  assert.deepEqual([asJson.code, (JSON.parse(asJson.errors) as { code: string }).code], [4, 'DeniedByPolicy'])
  const [, next] = /^Next: `cadastre ([^`]+)`/m.exec(denied.errors)!
  assert.equal(next, `explain decision ${decision}`)
  const explained = await cadastre(...next.split(' '))
  assert.equal(explained.code, 0, explained.errors)
  assert.match(explained.output, new RegExp(listed))
  assert.equal((await cadastre('explain', decision!)).output, explained.output)

  assert.equal((await cadastre(...take)).code, 0)
  await fails(7, /^Next: ask for a smaller block/m, ...take)
})

test('a file of any length is taken a hundred lines at a time; what is wrong is told with its line, and a repeat goes on', async () => {
  interface Ipam {
    readonly privateScopeId: string
  }
  const { items } = await json<{ items: Ipam[] }>('ipam', 'list')
  const own = ['ipam', 'create', '--account', managementAccount, '--region', 'us-east-1']
  const { privateScopeId } = items[0] ?? (await json<Ipam>(...own))
  const of = ['--scope-id', privateScopeId, '--family', 'ipv4', '--locale', 'onprem:basel']
  const { poolId } = await json<{ poolId: string }>('pool', 'create', ...of)
  assert.equal((await cadastre('pool-cidr', 'create', poolId, '--cidr', '10.90.0.0/16')).code, 0)
  const line = (n: number) =>
    `${managementAccount},onprem:host,onprem:basel,${poolId},10.90.${n >> 8}.${n % 256},host-${n}`
  const head = 'account,resourceType,locale,poolId,cidr,resourceId'
  const lines = Array.from({ length: 250 }, (_, n) => line(n))
  const file = join(home, 'hosts.csv')
  const batch = ['allocation', 'create-batch', '--allocations', `@${file}`, '--idempotency-key', 'hosts-of-basel']
  await writeFile(file, [head, ...lines.with(150, line(3))].join('\n'))
  const told = await fails(
    6,
    /^Line 152: The CIDR `10\.90\.0\.3\/32` .*\. Of lines 102 to 201 nothing was done\. Lines 2 to 101 were done before\.$/m,
    ...batch,
  )
  assert.ok(told.errors.length < 2_000)
  const count = async () =>
    (await cadastre('allocation', 'list', '--pool-id', poolId, '--all', '--field', 'cidr')).output.split('\n').length -
    1
  assert.equal(await count(), 100)
  await writeFile(file, [head, ...lines].join('\n'))
  const done = await cadastre(...batch)
  assert.deepEqual([done.code, done.output], [0, 'Done: 250.\n'], done.errors)
  assert.equal(await count(), 250)
  const again = await json<{ allocations: { resourceId: string }[] }>(...batch)
  assert.deepEqual(
    again.allocations.map(({ resourceId }) => resourceId),
    lines.map((_, n) => `host-${n}`),
  )
})

test("a profile's token goes to the profile's server alone", async () => {
  await fails(3, /not signed in at http:\/\/127\.0\.0\.1:7499/, 'whoami', '--url', 'http://127.0.0.1:7499')
})

test('a request is explained without being made, and a decision by its id', async () => {
  const words = ['--account', '111111111111', '--resource-type', 'eip', '--locale', 'us-east-1']
  const short = await cadastre('explain', ...words)
  const whole = await cadastre('explain', 'request', ...words)
  assert.equal(short.code, 0, short.errors)
  assert.equal(short.output, whole.output)
  assert.match(short.output, /provider-assigned space/)
  assert.match((await cadastre('explain', ...words, '--form', 'long')).output, /^trace$/m)
  await fails(2, /needs `--resource-type`/, 'explain', '--account', '111111111111')
  await fails(5, /decision-059bb0000000000ff/, 'explain', 'decision-059bb0000000000ff')
  // Without a server to ask, the operator's command looks into the database.
  await assert.rejects(server.cadastre('explain', 'decision-059bb0000000000ff'), /There is no decision `decision-/)
})

test('a list that grows is followed, until the token ends', async () => {
  const { token, tokenId } = await json<{ token: string; tokenId: string }>('token', 'create')
  const listener = startCommand(['change', 'list', '--follow'], {
    CADASTRE_URL: server.endpoint,
    CADASTRE_TOKEN: token,
  })
  await listener.said(/createToken/)
  assert.equal((await cadastre(...bind('followed'))).code, 0)
  await listener.said(/^\d+ .* createRoleBinding +Success .* role-binding-/m)
  assert.equal((await cadastre('token', 'revoke', tokenId)).code, 0)
  const { code, errors } = await listener.ended
  assert.equal(code, 8)
  assert.match(errors, /`--follow --cursor \d+` goes on/)
})

test('what signs out ends the token at the server; what is only forgotten is said to go on', async () => {
  const { token } = await json<{ token: string }>('token', 'create')
  const login = ['login', '--url', server.endpoint, '--profile', 'second', '--token', '-']
  const inUse = await json<{ tokenId: string }>('whoami')
  const second = await runCommand(login, { environment, input: token })
  assert.equal(second.code, 0)
  // Who names a profile has another one for everything else.
  assert.match(second.output, /kept as profile `second`; `default` is in use, until `cadastre profile use second`\.$/m)
  assert.deepEqual(await json('whoami'), inUse)
  const script = await json<{ token: string; madeWith: string }>('token', 'create', '--profile', 'second')
  await fails(2, /Those that exist: default, second/, 'profile', 'use', 'third')
  await fails(2, /others on this machine can see/, 'login', '--token', 'cadastre_x')
  assert.equal((await cadastre('logout', '--profile', 'second')).code, 0)
  const over = await runHere(['whoami'], { CADASTRE_URL: server.endpoint, CADASTRE_TOKEN: token })
  assert.equal(over.code, 3)
  const goesOn = () => runHere(['whoami'], { CADASTRE_URL: server.endpoint, CADASTRE_TOKEN: script.token })
  assert.equal((await goesOn()).code, 0)
  const { ended } = await json<{ ended: string[] }>('token', 'revoke', script.madeWith)
  assert.equal(ended.length, 1)
  assert.equal((await goesOn()).code, 3)
  await fails(2, /There is no profile `second`/, 'whoami', '--profile', 'second')
})

// Completion ---------------------------------------------------------------------------------------------------------

const execute = promisify(execFile)

/** A folder with a `cadastre` in it, as an installation has one. */
async function installed(): Promise<Record<string, string>> {
  const main = join(import.meta.dirname, '../src/main.ts')
  const folder = await mkdtemp(join(home, 'bin-'))
  await writeFile(join(folder, 'cadastre'), `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`, { mode: 0o755 })
  return { ...environment, HOME: home, PATH: `${folder}${delimiter}${process.env.PATH}` }
}

test('bash completes commands, flags, values and profiles', async () => {
  const env = await installed()
  const complete = async (...words: string[]): Promise<string[]> => {
    const line = words.map((word) => `'${word}'`).join(' ')
    const script = `source <(cadastre completion bash); COMP_WORDS=(cadastre ${line}); COMP_CWORD=${words.length}; _cadastre; printf '%s\\n' "\${COMPREPLY[@]}"`
    return (await execute('bash', ['-c', script], { env })).stdout.split('\n').filter(Boolean)
  }
  assert.deepEqual(await complete('polic'), ['policy', 'policy-version', 'policy-document'])
  assert.deepEqual(await complete('assignment', 'put', '--mode', '=', 'e'), ['enforce'])
  assert.deepEqual(await complete('whoami', '--profile', ''), ['default'])
})

test('what is proposed follows from the words that are there', async () => {
  const propose = async (...words: string[]): Promise<string[]> =>
    (await cadastre('__complete', 'bash', ...words)).output.split('\n').filter(Boolean)
  assert.deepEqual(await propose('keys', ''), ['create', 'list', 'disable'])
  assert.deepEqual(await propose('assignment', 'put', '--mo'), ['--mode'])
  assert.deepEqual(await propose('assignment', 'put', '--mode', 'e'), ['enforce'])
  assert.deepEqual(await propose('assignment', 'list', '--mode', 'off', '--js'), ['--json'])
  assert.deepEqual(await propose('completion', ''), ['bash', 'zsh', 'fish'])
  assert.deepEqual(await propose('profile', 'use', 'd'), ['default'])
  assert.deepEqual(await propose('policy', 'show', ''), [])
  assert.deepEqual(await propose('nonsense', ''), [])
})

const hasShell = async (shell: string): Promise<boolean> =>
  execute(shell, ['--version']).then(
    () => true,
    () => false, // It is not installed.
  )

test('zsh and fish take what is printed for them, where they are installed', async (context) => {
  const env = await installed()
  const ran: string[] = []
  if (await hasShell('fish')) {
    const script =
      "cadastre completion fish | source; complete -C 'cadastre assignment put --mode=e'; complete -C 'cadastre poli'"
    const { stdout } = await execute('fish', ['-c', script], { env })
    assert.match(stdout, /^--mode=enforce$/m)
    assert.match(stdout, /^policy-version\t/m)
    ran.push('fish')
  }
  if (await hasShell('zsh')) {
    const script = join(home, '_cadastre')
    await writeFile(script, (await cadastre('completion', 'zsh')).output)
    await execute('zsh', ['-n', script], { env })
    // What the script hands to zsh's own `_describe`.
    const stub = `compdef() { :; }; _describe() { print -rl -- \${(P)2}; }; source ${script}; words=(cadastre assignment put --mode=e); CURRENT=4; _cadastre`
    const { stdout } = await execute('zsh', ['-f', '-c', stub], { env })
    assert.equal(stdout, '--mode=enforce\n')
    ran.push('zsh')
  }
  context.diagnostic(`tried: ${ran.join(', ') || 'none is installed'}`)
})

test('every command of the native API says how it is called', async () => {
  const words = nativeCommands.map((command) => command.words)
  assert.equal(new Set(words).size, words.length)
  const { output } = await runCommand(['help'], { environment })
  for (const word of words) assert(output.includes(word.split(' ')[0]!), word)
  for (const code of [0, 1, 2, 3, 4, 5, 6, 7, 8]) assert.match(output, new RegExp(`^  ${code}  `, 'm'))
  assert.match((await cadastre('candidate', 'put', '--help')).output, /<policy-id> <target-id>[\s\S]*--if-match <ETAG>/)
})
