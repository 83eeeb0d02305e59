// How the command line prints answers: formats, envelopes, trees, short ids, colour; on terminals of several widths and elsewhere.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { nativeCommands } from '#cli/native.generated.ts'
import { nativeOperations } from '#operations/table.native.ts'
import { readClientConfig } from '../src/config.ts'
import { type Ended, runCommand, runHere } from './clients/command.ts'
import { managementAccount, type ServerProcess, startServer } from './clients/server.ts'

let server: ServerProcess
let home: string
let environment: Record<string, string>

before(async () => {
  server = await startServer()
  home = await mkdtemp(join(tmpdir(), 'cadastre-home-'))
  environment = { XDG_CONFIG_HOME: home }
  const token = await server.cadastre('operator', 'token', '--principal', 'user:ada')
  const login = ['login', '--url', server.endpoint, '--token', '-']
  const { code, errors } = await runCommand(login, { environment, input: token })
  assert.equal(code, 0, errors)
  await makeCompany()
})
after(async () => {
  await server?.stop()
  await rm(home, { recursive: true, force: true })
})

async function cadastre(words: string, looks: Parameters<typeof runHere>[2] = {}): Promise<Ended> {
  const ended = await runHere(wordsOf(words), environment, looks)
  assert.equal(ended.code, 0, ended.output + ended.errors)
  return ended
}
/** Words in quotes are one. */
const wordsOf = (words: string): string[] =>
  words.match(/'[^']*'|\S+/g)!.map((word) => (word.startsWith("'") ? word.slice(1, -1) : word))
const field = async (words: string, name: string): Promise<string> =>
  (await cadastre(`${words} --field ${name}`)).output.trim()

const made = { pool: '', child: '' }
async function makeCompany(): Promise<void> {
  let parent = await field(`organization create --management-account ${managementAccount}`, 'rootId')
  for (const name of ['Prod', 'Europe', 'Retail', 'Stores']) {
    parent = await field(`unit create --name ${name} --parent-id ${parent}`, 'unitId')
  }
  await cadastre(`account create --name shop --email shop@acme.example --parent-id ${parent}`)
  const ipam = await field(`ipam create --account ${managementAccount} --region us-east-1`, 'ipamId')
  const scope = await field(`ipam show ${ipam}`, 'privateScopeId')
  const create = `pool create --scope-id ${scope} --family ipv4`
  made.pool = await field(`${create} --description 'All private space of Acme'`, 'poolId')
  await cadastre(`pool-cidr create ${made.pool} --cidr 10.0.0.0/8`)
  made.child = await field(
    `${create} --parent-pool-id ${made.pool} --locale us-east-1 --description '=HYPERLINK("x")'`,
    'poolId',
  )
  await cadastre(`pool-cidr create ${made.child} --cidr 10.0.0.0/16`)
  await cadastre(`pool-cidr create ${made.child} --cidr 10.2.0.0/16`)
  const take = `allocation create --account ${managementAccount} --resource-type custom --locale us-east-1`
  await cadastre(`${take} --pool-id ${made.child} --netmask-length 17`)
}

const short = (id: string): string => id.replace(/-[0-9a-f]{5}0*([0-9a-f]+)$/, '-$1')

// Where something is -----------------------------------------------------------------------------------------------

test('find draws each space from its top-level pool to whoever has the address', async () => {
  const terminal = { width: 80 }
  const lines = (await cadastre('find 10.0.0.7', terminal)).output.trimEnd().split('\n')
  const expected = [
    /^Private space, scope ipam-scope-\w+: allocated$/,
    /^ID +CIDR +WHAT +NAME +ACCOUNT$/,
    /^ipam-pool-\w+ +10\.0\.0\.0\/8 +pool +All private .* +111111111111$/,
    /^└─ ipam-pool-\w+ +10\.0\.0\.0\/16 +pool +=HYPER.* +111111111111$/,
    /^ {3}└─ ipam-pool-alloc-\w+ +10\.0\.0\.0\/17 +custom +111111111111$/,
    /^Held by 111111111111 since \S+ \S+, by decision-\w+\.$/,
    /^No policy speaks of custom in us-east-1: provider\.$/,
  ]
  assert.equal(lines.length, expected.length)
  for (const [at, line] of lines.entries()) {
    assert.match(line, expected[at]!)
    assert(line.length <= 80, line)
  }
  assert.match((await cadastre('find 10.2.0.7', terminal)).output, /: free\n/)
  const range = (await cadastre('find 10.0.0.0/15', terminal)).output
  assert.match(
    range,
    /: partly used\n(?:.+\n){2}In it:\nCIDR .+\n10\.0\.0\.0\/16 .+ pool .+\n10\.0\.0\.0\/17 .+ custom /,
  )
  assert.match(
    (await cadastre('find shop', terminal)).output,
    /^ID .+ SHOW WITH\n\d{12} +account +shop +\d{12} +account show\n$/,
  )
  assert.equal((await cadastre('find shopper', terminal)).output, 'There is nothing that you may see at `shopper`.\n')
  const { places } = JSON.parse((await cadastre('find 10.0.0.7 -o json')).output) as { places: { chain: object[] }[] }
  assert.deepEqual([places.length, places[0]!.chain.length], [1, 3])
})

// Trees --------------------------------------------------------------------------------------------------------------

test('the organization is a tree, on a terminal and elsewhere', async () => {
  const expected = [
    /^NAME +NODE ID +KIND$/,
    /^Root +r-\w{4} +root$/,
    /^├─ management +111111111111 +account$/,
    /^└─ Prod +ou-\S+ +organizational-unit$/,
    /^ {3}└─ Europe +ou-\S+ +organizational-unit$/,
    /^ {6}└─ Retail +ou-\S+ +organizational-unit$/,
    /^ {9}└─ Stores +ou-\S+ +organizational-unit$/,
    /^ {12}└─ shop +\d{12} +account$/,
  ]
  for (const looks of [{}, { width: 80 }, { width: 60 }]) {
    const lines = (await cadastre('organization tree', looks)).output.trimEnd().split('\n')
    assert.equal(lines.length, expected.length)
    for (const [at, line] of lines.entries()) assert.match(line, expected[at]!)
  }
})

test('pools are a tree with their space, and how much of it is used together with the pools below', async () => {
  const [head, parent, child] = (await cadastre('pool tree', { width: 80 })).output.split('\n')
  assert.match(head!, /^POOL ID +CIDRS +UTILIZATION +DESCRIPTION/)
  // 32,768 of 131,072 addresses below, which are a part of 16,777,216 above.
  assert.match(parent!, /^ipam-pool-\w+ +10\.0\.0\.0\/8 +▏·{9} +0\.2% +All private/)
  assert.match(child!, /^└─ ipam-pool-\w+ +10\.0\.0\.0\/16 \+1 +██▌·{7} +25\.0% +=HYPER/)
  const piped = (await cadastre('pool tree')).output.split('\n')
  assert.match(piped[2]!, /^└─ ipam-pool-\w{17} +10\.0\.0\.0\/16, 10\.2\.0\.0\/16 /)
  const { items } = JSON.parse((await cadastre('pool tree -o json')).output) as { items: Record<string, unknown>[] }
  assert.deepEqual(
    items.map(({ poolId, parentPoolId, cidrs, utilization }) => ({ poolId, parentPoolId, cidrs, utilization })),
    [
      {
        poolId: made.pool,
        parentPoolId: undefined,
        cidrs: ['10.0.0.0/8'],
        utilization: {
          provisioned: '16777216',
          allocated: '131072',
          quarantined: '0',
          held: '0',
          free: '16646144',
          allocations: 2,
        },
      },
      {
        poolId: made.child,
        parentPoolId: made.pool,
        cidrs: ['10.0.0.0/16', '10.2.0.0/16'],
        utilization: {
          provisioned: '131072',
          allocated: '32768',
          quarantined: '0',
          held: '0',
          free: '98304',
          allocations: 1,
        },
      },
    ],
  )
})

// Ids ----------------------------------------------------------------------------------------------------------------

test('ids are short on a terminal, and the short ones work, wherever an id is given', async () => {
  const listed = await cadastre('pool list', { width: 80 })
  assert.match(listed.output, new RegExp(`^${short(made.pool)} {2}`, 'm'))
  assert.doesNotMatch(listed.output, new RegExp(made.pool))
  for (const words of ['pool list', 'pool list --wide']) {
    const whole = await cadastre(words, words === 'pool list' ? {} : { width: 80 })
    assert.match(whole.output, new RegExp(`^${made.pool} {2}`, 'm'))
  }
  assert.equal(await field(`pool show ${short(made.child)}`, 'poolId'), made.child)
  assert.equal(await field(`pool list --parent-pool-id ${short(made.pool)}`, 'poolId'), made.child)
  assert.match((await cadastre(`history object ${short(made.child)}`)).output, / ipam-pool .*\d+$/m)
  assert.equal(
    await field(`change list --subject ${short(made.child)} --order oldest-first --limit 1`, 'action'),
    'createPool',
  )
  const [line] = (await cadastre('decision list --limit 1', { width: 80 })).output.split('\n').slice(1)
  const decision = line!.split(' ')[0]!
  assert.match((await cadastre(`explain ${decision}`)).output, /custom/)
  // At the server itself, too.
  assert.match(await server.cadastre('explain', decision), /custom/)
  await assert.rejects(server.cadastre('explain', 'decision-ffffff'), /no decision `decision-[0-9a-f]{5}000000ffffff`/)
})

test('a short id names one thing or none: of another kind it is refused, and the refusal has the whole one', async () => {
  const absent = await runHere(['pool', 'show', 'ipam-pool-ffffff'], environment)
  assert.equal(absent.code, 5)
  assert.match(absent.errors, /ipam-pool-[0-9a-f]{5}000000ffffff/)
  for (const id of ['ipam-pool-0', 'ipam-pool-FF', `ipam-pool-0${short(made.pool).slice(10)}`, 'ipam-3b', 'pool-3b']) {
    assert.notEqual((await runHere(['pool', 'show', id], environment)).code, 0, id)
  }
})

test('whose token comes from the environment has short ids too', async () => {
  const { token } = JSON.parse((await cadastre('token create -o json')).output) as { token: string }
  const asScript = { CADASTRE_URL: server.endpoint, CADASTRE_TOKEN: token }
  const shown = await runHere(['pool', 'show', short(made.pool), '--field', 'poolId'], asScript)
  assert.equal(shown.output, `${made.pool}\n`)
  assert.match(
    (await runHere(['pool', 'list'], asScript, { width: 80 })).output,
    new RegExp(`^${short(made.pool)} `, 'm'),
  )
})

// Widths -------------------------------------------------------------------------------------------------------------

test('every list fits terminals of 80 and of 60 columns and stays a table; elsewhere nothing is cut or left out', async () => {
  const withMore = new Set<string>()
  for (const command of listsWithoutWords) {
    for (const width of [80, 60]) {
      const { output } = await cadastre(command.words, { width })
      for (const line of output.split('\n')) assert.ok([...line].length <= width, `${command.words}: ${line}`)
      if (!output.startsWith('There are none')) assert.match(output, /^[A-Z][A-Z ()+:\d]+\n/, command.words)
    }
    for (const width of [80, 60]) {
      const { errors } = await cadastre(`${command.words} --limit 1`, { width })
      for (const line of errors.split('\n')) assert.ok([...line].length <= width, `${command.words}: ${line}`)
      if (errors.includes('There is more')) withMore.add(command.words)
    }
    const { output, errors } = await cadastre(command.words)
    assert.doesNotMatch(output, /…/, command.words)
    assert.doesNotMatch(errors, /Left out/, command.words)
  }
  for (const words of ['change list', 'pool list']) assert.ok(withMore.has(words), words)
  const { errors } = await cadastre('allocation list', { width: 60 })
  assert.match(errors.replaceAll('\n', ' '), /^Left out for want of width: .*resourceId.*\. `--wide` shows them\. $/)
})

// Formats ------------------------------------------------------------------------------------------------------------

const paged = nativeCommands.filter(({ isPaged }) => isPaged)
const listsWithoutWords = paged.filter(({ parameters }) => !parameters.some(({ isRequired }) => isRequired))

interface Schema {
  readonly type?: string
  readonly $ref?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly $defs?: Readonly<Record<string, Schema>>
}

test('every list of the definitions has the same envelope, and no answer is an array', () => {
  for (const { name, output, input } of nativeOperations) {
    const whole = z.toJSONSchema(output, { unrepresentable: 'any', io: 'output' }) as Schema
    const named = (schema: Schema | undefined): Schema | undefined =>
      schema?.$ref === undefined ? schema : named(whole.$defs?.[schema.$ref.replace('#/$defs/', '')])
    const schema = named(whole)!
    assert.notEqual(schema.type, 'array', name)
    if (!('cursor' in input.shape)) continue
    assert.equal(named(schema.properties?.items)?.type, 'array', name)
    assert.equal(named(schema.properties?.nextCursor)?.type, 'string', name)
  }
  assert.ok(paged.length > 20)
})

test('the envelope is the same from one page and from all of them, in JSON and in YAML', async () => {
  assert.ok(listsWithoutWords.length > 10)
  for (const { words, streamId } of listsWithoutWords) {
    const one = JSON.parse((await cadastre(`${words} -o json`)).output) as Record<string, unknown>
    const all = JSON.parse((await cadastre(`${words} -o json --all --limit 1`)).output) as Record<string, unknown>
    assert.ok(Array.isArray(one.items), words)
    assert.deepEqual(Object.keys(all).sort(), Object.keys(one).sort(), words)
    // What tokens and decisions were used last changes meanwhile; how many there are does not.
    if (streamId === undefined) assert.equal((all.items as unknown[]).length, one.items.length, words)
    const yaml = parseYaml((await cadastre(`${words} -o yaml`)).output) as Record<string, unknown>
    assert.deepEqual(Object.keys(yaml).sort(), Object.keys(one).sort(), words)
    const terminal = JSON.parse((await cadastre(`${words} --json`, { width: 80 })).output) as object
    assert.deepEqual(Object.keys(terminal).sort(), Object.keys(one).sort(), words)
  }
})

test('YAML says what JSON says, of lists and of single things', async () => {
  for (const words of ['pool list', 'account list', `pool show ${made.pool}`, 'whoami', 'organization show']) {
    const json = JSON.parse((await cadastre(`${words} --json`)).output) as unknown
    assert.deepEqual(parseYaml((await cadastre(`${words} -o yaml`)).output), json, words)
  }
})

test('CSV has a column for every member and no formula; pages and single things have the same columns', async () => {
  const { output } = await cadastre('pool list -o csv')
  const [head, , child] = output.split('\r\n')
  assert.match(head!, /^poolId,name,locale,family,scopeType,description,account,/)
  assert.match(child!, new RegExp(`^${made.child},,us-east-1,ipv4,private,"'=HYPERLINK\\(""x""\\)",`))
  assert.equal((await cadastre('pool list -o csv --all --limit 1')).output, output)
  assert.equal((await cadastre('role-binding list --principal user:nobody -o csv')).output.split('\r\n').length, 2)
  const [single] = (await cadastre(`pool show ${made.pool} -o csv`)).output.split('\r\n')
  assert.deepEqual(single!.split(',').sort(), head!.split(',').sort())
})

test('a refusal is printed in the format that was asked for', async () => {
  const words = ['pool', 'show', 'ipam-pool-ffffff']
  const asJson = await runHere([...words, '-o', 'json'], environment)
  const asYaml = await runHere([...words, '-o', 'yaml'], environment)
  assert.equal((JSON.parse(asJson.errors) as { code: string }).code, 'NotFound')
  assert.equal((parseYaml(asYaml.errors) as { code: string }).code, 'NotFound')
  assert.deepEqual([asJson.output, asYaml.output], ['', ''])
  const wrong = await runHere([...words, '-o', 'xml'], environment)
  assert.equal(wrong.code, 2)
  assert.match(wrong.errors, /Allowed choices are table, json, yaml, csv, html\./)
  assert.equal((await runHere([...words, '-o', 'yaml', '--json'], environment)).code, 2)
  assert.equal((await runHere([...words, '-o', 'yaml', '--field', 'poolId'], environment)).code, 2)
})

// Colour -------------------------------------------------------------------------------------------------------------

test('colour is added where it is wanted, and takes nothing away', async () => {
  for (const words of ['allocation list', 'pool tree', 'organization tree']) {
    const plain = await cadastre(words, { width: 80 })
    const coloured = await cadastre(words, { width: 80, isColoured: true })
    assert.equal(stripVTControlCharacters(coloured.output), plain.output)
    assert.notEqual(coloured.output, plain.output)
  }
  const refused = await runHere(['pool', 'show', 'ipam-pool-ffffff'], environment, { isColoured: true })
  assert.ok(refused.errors.startsWith('\u001b[31m'), refused.errors)
  const wrong = await runHere(['pool', 'nonsense'], environment, { isColoured: true })
  assert.ok(wrong.errors.startsWith('\u001b[31m'), wrong.errors)
})

test('colour is wanted unless NO_COLOR says anything, or the terminal is a dumb one', () => {
  const wanted = (environment: Record<string, string>): boolean => readClientConfig(environment).wantsColour
  assert.equal(wanted({ TERM: 'xterm' }), true)
  assert.equal(wanted({ NO_COLOR: '' }), true)
  for (const NO_COLOR of ['1', '0', 'false', ' ']) assert.equal(wanted({ NO_COLOR, TERM: 'xterm' }), false)
  assert.equal(wanted({ TERM: 'dumb' }), false)
})

test('what goes through a pipe has no colour, whatever the terminal is called', async () => {
  const { output, errors } = await runCommand(['allocation', 'list'], {
    environment: { ...environment, TERM: 'xterm-256color' },
  })
  assert.equal(errors, '')
  assert.match(output, /^ALLOCATION ID /)
})

// Help ---------------------------------------------------------------------------------------------------------------

test('every command says once, in a section of its own, how its answer can be printed', async () => {
  for (const { words } of nativeCommands) {
    const { output } = await cadastre(`${words} --help`)
    const [, section] = output.split('\nOutput:\n')
    assert.equal(output.match(/^ +-o, --output <FORMAT> /gm)?.length, 1, words)
    for (const flag of ['-o, --output', '--json', '--wide', '--field']) assert.ok(section?.includes(`  ${flag}`), words)
  }
})

// Names --------------------------------------------------------------------------------------------------------------

test('what has a name is called by it, and shown with it; where nothing has one, there is no room for names', async () => {
  assert.doesNotMatch((await cadastre('pool list')).output, /NAME/)
  await cadastre(`pool update ${made.child} --name 'the child'`)
  const [head, , child] = (await cadastre('pool list')).output.split('\n')
  assert.match(head!, /^POOL ID +NAME +LOCALE/)
  assert.match(child!, new RegExp(`^${made.child} +the child +us-east-1`))
  assert.match((await cadastre('pool tree')).output, new RegExp(`└─ ${made.child} +the child +10\\.0\\.0\\.0/16`))
  assert.equal(await field(`pool show 'the child'`, 'poolId'), made.child)
  assert.match((await cadastre(`find 'the child'`)).output, new RegExp(`${made.child} +ipam-pool +the child`))
  const until = new Date(Date.now() + 3_600_000).toISOString()
  const ask = `exception request --target ${managementAccount} --locale us-east-1 --resource-type custom --reason test`
  const asked = await cadastre(`${ask} --expires-at ${until} --grants '{"pools":["the child"]}'`)
  assert.match(asked.output, new RegExp(`pools +${made.child} \\(the child\\)\n`))
  assert.doesNotMatch(asked.output, /^names/m)
  await cadastre(`pool update 'the child' --no-name`)
  assert.equal((await runHere(['pool', 'show', 'the child'], environment)).code, 5)
})

test('what somebody else wrote in a table does not steer the terminal of whoever collects it', async () => {
  const input = 'Netz,B\n10.0.0.0/24,ok\n\u001b[2Jowned,bad\n'
  const words = ['collect', 'csv', '--dry-run', '--file', '-', '--columns', 'network=Netz,name=B']
  const { code, errors, output } = await runCommand(words, { environment, input })
  assert.notEqual(code, 0)
  assert.match(errors, /owned/)
  assert.equal(stripVTControlCharacters(errors + output), errors + output)
})

test('what a collector read and what the server says of it comes in every format', async () => {
  const made = await cadastre(`source create --name sheet --kind csv --node ${managementAccount} --field sourceId`)
  const source = made.output.trim()
  const input = 'network,name\n10.0.0.0/24,one\n10.0.1.0/24,two\n'
  const words = [
    'collect',
    'csv',
    '--file',
    '-',
    '--columns',
    'network=network,name=name',
    '--owner',
    managementAccount,
  ]
  const run = (more: readonly string[]) => runCommand([...words, ...more], { environment, input })
  const read = { observations: 2, kinds: { network: 2 }, unlisted: [], notes: [] }
  const dry = await run(['--dry-run', '-o', 'json'])
  assert.deepEqual([dry.code, JSON.parse(dry.output), dry.errors], [0, read, ''])
  const lines = (await run(['--dry-run'])).output.trimEnd().split('\n')
  assert.equal(lines.length, 4, 'a head, each observation, an end')
  const sent = await run(['--source', source, '-o', 'json'])
  assert.equal(sent.code, 0, sent.errors)
  const { snapshot, ...facts } = JSON.parse(sent.output)
  assert.equal(typeof snapshot, 'number')
  const none = { changed: 0, missing: 0, gone: 0, problemCount: 0, problems: [] }
  assert.deepEqual([facts, sent.errors], [{ state: 'complete', added: 2, ...none, ...read }, ''])
  assert.match((await run(['--source', source, '-o', 'yaml'])).output, /^observations: 2$/m)
  const [head] = (await run(['--source', source, '-o', 'csv'])).output.split('\n')
  assert.match(head!, /^snapshot,state,added,changed,missing,gone,problemCount,/)
  assert.match((await run(['--source', source, '-o', 'table'])).output, /^observations +2$/m)
  assert.match((await run(['--source', source])).output, /^Snapshot \d+ is complete: 0 new, 0 changed/)
})
