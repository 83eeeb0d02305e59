// How the commands at the server itself print what they answer: in the same formats and the same envelope as those over the API.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { parse as parseYaml } from 'yaml'
import { commandWords, type LocalCommand } from '#cli/commands.ts'
import { runCommand, runHere } from './clients/command.ts'
import { managementAccount, type ServerProcess, startServer } from './clients/server.ts'

let server: ServerProcess

before(async () => {
  server = await startServer()
})
after(() => server?.stop())

/** Those that have no format to be asked for, and why. */
const withoutFormats: Partial<Readonly<Record<LocalCommand, string>>> = {
  serve: 'runs until it is ended; what happens is on record',
  migrate: 'does something once, and says that it is done',
  accept: 'does something once, and says before what it will do',
  auditProve: 'prints what is to be kept as a file, in the one format that is verified',
  move: 'does something once, and prints its proof table by table while it goes on',
}
const commands = Object.keys(commandWords) as LocalCommand[]

test('every command at the server that answers something prints it as `-o` says', async () => {
  for (const name of commands) {
    const { words } = commandWords[name]
    const { code, output } = await runHere([...words.split(' '), '--help'], {})
    assert.equal(code, 0, words)
    const hasFormats = /^ +-o, --output <FORMAT> .*\bas a table\b/m.test(output)
    assert.equal(hasFormats, withoutFormats[name] === undefined, words)
  }
})

type Answer = Readonly<Record<string, unknown>>
interface Expected {
  readonly words: readonly string[]
  /** The members, of a list those of its items, in their order. */
  readonly fields: readonly string[]
  /** Where no format is asked for. */
  readonly text: RegExp
}

const account = ['--account', managementAccount]
/** Each is called several times: it answers another key or token each time, or the same. */
const examples: Partial<Readonly<Record<LocalCommand, Expected>>> = {
  createKey: {
    words: ['keys', 'create', ...account, '--user', 'dora'],
    fields: ['accessKeyId', 'secretAccessKey'],
    text: /^AWS_ACCESS_KEY_ID=AKIA\w{16}\nAWS_SECRET_ACCESS_KEY=\S{40}\n$/,
  },
  operatorToken: {
    words: ['operator', 'token', '--principal', 'user:ada'],
    fields: ['tokenId', 'principal', 'role', 'node', 'expiresAt', 'token'],
    text: /^CADASTRE_TOKEN=\S+\n$/,
  },
  operatorConsole: {
    words: ['operator', 'console', '--principal', 'user:ada'],
    fields: ['principal', 'role', 'node', 'expiresAt', 'link'],
    text: /^http:\/\/127\.0\.0\.1:\d+\/console\/sign-in#[\w-]+\n$/,
  },
  listKeys: {
    words: ['keys', 'list', ...account],
    fields: ['accessKeyId', 'state', 'arn', 'createdAt', 'expiresAt'],
    text: /^ACCESS KEY ID +STATE +ARN +CREATED AT \(\S+\) +EXPIRES AT\n(AKIA\w{16} +good +arn:aws:iam::\S+ +\d{4}-\S+ \S+\n)+$/,
  },
  decisionsKeep: {
    words: ['decisions', 'keep', '400d'],
    fields: ['decisionDays', 'setAt', 'forgotten'],
    text: /^Decisions are kept for 400 days\. Forgotten so far: none\.\n$/,
  },
  check: {
    words: ['check'],
    fields: ['isSound', 'pools', 'allocations', 'problems'],
    text: /^\d+ pools, \d+ allocations: sound\.\n$/,
  },
  auditNewKey: {
    words: ['audit', 'new-key'],
    fields: ['key'],
    text: /^cadastre\/\S+\+[0-9a-f]{8}\+\S+\n$/,
  },
  auditKey: {
    words: ['audit', 'key'],
    fields: ['keys'],
    text: /^(cadastre\/\S+\+[0-9a-f]{8}\+\S+\n)+$/,
  },
  auditVerify: {
    words: ['audit', 'verify'],
    fields: ['isSound', 'leaves', 'checkpoints', 'erased', 'waiting', 'problems'],
    text: /^\d+ leaves, \d+ checkpoints, \d+ erased, \d+ waiting: sound\.\n$/,
  },
  version: { words: ['version'], fields: ['version'], text: /^cadastre \d+\.\d+\.\d+\n$/ },
}
/** These have a test of their own: what they are asked about must be made first. */
const asked: readonly LocalCommand[] = [
  ...(['auditErase', 'auditExport', 'auditPack', 'disableKey', 'explain'] as const),
  ...(['backup', 'backupVerify', 'restore'] as const),
]

test('what a command at the server answers has the same members each time, and is the text of before without a format', async () => {
  const shown = [...Object.keys(examples), ...asked, ...Object.keys(withoutFormats)]
  assert.deepEqual(shown.sort(), [...commands].sort())
  for (const { words, fields, text } of Object.values(examples)) {
    assert.match(await server.cadastre(...words), text)
    const answer = JSON.parse(await server.cadastre(...words, '-o', 'json')) as Answer
    checkMembers(answer, fields)
  }
})

test('YAML, CSV and tables say the same, of lists and of single things', async () => {
  for (const { words, fields, text } of [examples.listKeys!, examples.check!]) {
    const said = async (format: string): Promise<string> => server.cadastre(...words, '-o', format)
    const answer = parseYaml(await said('yaml')) as Answer
    checkMembers(answer, fields)
    assert.ok((await said('csv')).startsWith(`${fields.join(',')}\r\n`))
    const table = await said('table')
    if ('items' in answer) assert.match(table, text)
    else assert.match(table, /^isSound +true\npools +\d+\nallocations +\d+\nproblems +none\n$/)
  }
})

/** Of a list, those of its items. */
function checkMembers(answer: Answer, fields: readonly string[]): void {
  const { items, ...rest } = answer as { readonly items?: readonly Answer[] }
  if (items) assert.deepEqual([Object.keys(rest), items.length > 0], [[], true])
  for (const thing of items ?? [answer]) {
    assert.deepEqual(
      Object.keys(thing),
      fields.filter((field) => field in thing),
    )
    // A key that does not expire says nothing of when.
    assert.ok(Object.keys(thing).length >= Math.min(fields.length, 4))
  }
}

test('keys are disabled and listed as data', async () => {
  const made = JSON.parse(await server.cadastre(...examples.createKey!.words, '--output', 'json')) as Answer
  const { accessKeyId } = made as { accessKeyId: string }
  assert.equal(
    await server.cadastre('keys', 'disable', accessKeyId, '-o', 'json'),
    `${JSON.stringify({ items: [{ accessKeyId, state: 'disabled' }] })}\n`,
  )
  const { items } = JSON.parse(await server.cadastre('keys', 'list', ...account, '-o', 'json')) as { items: Answer[] }
  assert.equal(items.find((key) => key.accessKeyId === accessKeyId)!.state, 'disabled')
})

test('in a folder without a database a command says that there is none, and makes nothing', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'cadastre-empty-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  for (const data of [folder, join(folder, 'absent')]) {
    const { code, errors } = await runCommand(examples.check!.words, { environment: { CADASTRE_DATA: data } })
    assert.equal(code, 1)
    assert.match(errors, /^There is no database in the data folder `/)
  }
  assert.deepEqual(await readdir(folder), [])
})

test('where no folder can be made, a command that makes one says so and ends', async (t) => {
  const absent = '/proc/absent'
  if (!existsSync('/proc/self')) return t.skip('there is no /proc here')
  const audit = { CADASTRE_DATA: server.folder }
  const client = { CADASTRE_URL: server.endpoint, CADASTRE_TOKEN: await tokenHere() }
  const commands = [
    [['audit', 'export', '--to', absent], audit, `\`${absent}\`: no folder can be made there.`],
    [['export', '--dir', `${absent}/below`], client, `\`${absent}\`: no folder can be made there.`],
    [['serve'], { CADASTRE_DATA: absent }, `The data folder \`${absent}\` cannot be made (`],
    [['login', '--url', server.endpoint, '--token', '-'], { XDG_CONFIG_HOME: absent }, 'The profile cannot be kept: '],
  ] as const
  for (const [words, environment, said] of commands) {
    const { code, errors } = await runCommand(words, { environment, input: client.CADASTRE_TOKEN })
    assert.deepEqual([code, errors.startsWith(said)], [1, true], `${words.join(' ')}: ${code} ${errors}`)
  }
})

/** Asks over the API. */
async function ask(...words: string[]): Promise<Answer> {
  const environment = { CADASTRE_URL: server.endpoint, CADASTRE_TOKEN: await tokenHere() }
  const { code, output, errors } = await runHere([...words, '-o', 'json'], environment)
  assert.equal(code, 0, errors)
  return JSON.parse(output) as Answer
}
let token: string | undefined
async function tokenHere(): Promise<string> {
  token ??= String((JSON.parse(await server.cadastre(...examples.operatorToken!.words, '-o', 'json')) as Answer).token)
  return token
}
let scopeId: string | undefined

async function makePool(name: string): Promise<string> {
  scopeId ??= String((await ask('ipam', 'create', ...account, '--region', 'us-east-1')).privateScopeId)
  const create = ['pool', 'create', '--scope-id', scopeId, '--family', 'ipv4', '--locale', 'us-east-1']
  return String((await ask(...create, '--name', name)).poolId)
}

test('a decision is explained at the server with the members that the API answers, and who asked', async () => {
  const poolId = await makePool('the pool')
  await ask('pool-cidr', 'create', poolId, '--cidr', '10.0.0.0/16')
  const take = ['--resource-type', 'custom', '--locale', 'us-east-1', '--netmask-length', '24']
  const { decisionId } = await ask('allocation', 'create', ...account, '--pool-id', poolId, ...take)
  const { asked: whoAsked, ...here } = JSON.parse(
    await server.cadastre('explain', String(decisionId), '-o', 'json'),
  ) as Answer
  assert.deepEqual(here, await ask('explain', 'decision', String(decisionId)))
  assert.deepEqual(here.names, { [poolId]: 'the pool' })
  assert.equal((whoAsked as Answer).action, 'createAllocation')
  const yaml = parseYaml(await server.cadastre('explain', String(decisionId), '-o', 'yaml')) as Answer
  assert.deepEqual(yaml, { ...here, asked: whoAsked })
  assert.equal(
    await server.cadastre('explain', String(decisionId), '-o', 'table'),
    await server.cadastre('explain', String(decisionId)),
  )
})

test('a format that there is not is refused before anything is done', async () => {
  const { code, errors } = await runCommand(['keys', 'create', ...account, '--user', 'dora', '-o', 'xml'])
  assert.equal(code, 2)
  assert.match(errors, /Allowed choices are table, json, yaml, csv, html\./)
})

test('what `check` finds is in the answer where a format is asked for, and the command fails as without one', async () => {
  const poolId = await makePool('the broken one')
  const database = new DatabaseSync(join(server.folder, 'cadastre.db'), { timeout: 5_000 })
  const setCount = database.prepare('update pool set allocation_count = ? where id = ?')
  setCount.run(1, poolId)
  const environment = { CADASTRE_DATA: server.folder }
  const plain = await runCommand(['check'], { environment })
  const asked = await runCommand(['check', '-o', 'json'], { environment })
  assert.deepEqual([plain.code, asked.code, asked.errors], [1, 1, ''])
  const { isSound, problems } = JSON.parse(asked.output) as { isSound: boolean; problems: string[] }
  assert.deepEqual([isSound, problems.length], [false, 1])
  assert.equal(plain.errors, `${problems[0]}\n`)
  setCount.run(0, poolId)
  database.close()
})
