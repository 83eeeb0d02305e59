// What is wrong with policy files is found without a server, each with its place, its value and what is allowed.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { governedOperations } from '#operations/governance/operations.native.ts'
import { candidateConflictsOf, conflictsOf } from './conflicts.ts'
import type { FileProblem } from './estate.ts'
import { estateOf } from './from-files.ts'
import { doneByFiles, notByFiles } from './intent.ts'
import { jsonSchema } from './shape.ts'
import { readSource, type Source } from './sources.ts'

function problemsIn(files: Readonly<Record<string, string>>): readonly FileProblem[] {
  const sources: Source[] = []
  for (const [file, text] of Object.entries(files)) {
    const read = readSource(file, text)
    if (!('content' in read)) return read
    sources.push(read)
  }
  const { estate, problems } = estateOf(sources)
  return problems.length > 0 ? problems : [...conflictsOf(estate), ...candidateConflictsOf(estate)]
}
const short = (problems: readonly FileProblem[]) =>
  problems.map(({ file, line, column, problem, value, allowed }) => [
    `${file}:${line}:${column}`,
    problem,
    value,
    allowed,
  ])

const organization = `cadastre: 1
organization:
  accounts:
    - { name: network, account: "222222222222" }
  units:
    - name: Prod
      accounts:
        - { name: shop, account: "333333333333" }
`
const space = `cadastre: 1
ipams:
  - name: main
    account: network
    region: us-east-1
    scopes:
      - default: private
pools:
  - { name: one, scope: main/private, family: ipv4, locale: us-east-1 }
  - { name: other, scope: main/private, family: ipv4, locale: us-east-1 }
`
const policy = (name: string, pool: string, target: string, kind: string, more = '') => `cadastre: 1
policies:
  - name: ${name}
    ipam: main
    documents:
      - locale: us-east-1
        resourceType: vpc
        rules:
          - pool: main/private/${pool}
${more}    assignments:
      - target: ${target}
        kind: ${kind}
`
const company = { 'organization.yaml': organization, 'space.yaml': space }

test('what names what is there is fine, in whatever file it stands', () => {
  assert.deepEqual(problemsIn({ ...company, 'p.yaml': policy('order', 'one', '/Prod', 'default') }), [])
})

test('a member that there is not, a value that is none, and one that is missing', () => {
  const wrong = policy('order', 'one', '/Prod', 'sometimes', '        onExplicit: maybe\n').replace(
    'ipam: main',
    'ipams: main',
  )
  assert.deepEqual(short(problemsIn({ 'p.yaml': wrong })), [
    ['p.yaml:10:9', 'there is no such value', 'maybe', 'deny, steer, allow'],
    ['p.yaml:13:9', 'there is no such value', 'sometimes', 'default, final'],
    [
      'p.yaml:4:5',
      'there is no member `ipams` here',
      undefined,
      'name, id, ipam, contact, compatibility, tags, documents, drafts, assignments',
    ],
  ])
})

test('two of one name, in one file or in two', () => {
  const twice = {
    ...company,
    'a.yaml': policy('order', 'one', '/Prod', 'default'),
    'b.yaml': policy('order', 'other', '/Prod', 'final'),
  }
  assert.deepEqual(short(problemsIn(twice)), [
    ['b.yaml:3:5', 'policy `main/order` is there already, at a.yaml:3', 'main/order', undefined],
  ])
  const key = 'cadastre: 1\npools: []\npools: []\n'
  assert.deepEqual(short(problemsIn({ 'k.yaml': key })), [
    ['k.yaml:3:1', 'the member stands there twice', undefined, undefined],
  ])
})

test('a name that is not there, with those that might have been meant', () => {
  const lost = { ...company, 'p.yaml': policy('order', 'won', '/Production', 'default') }
  assert.deepEqual(short(problemsIn(lost)), [
    ['p.yaml:9:13', 'there is no pool of this name', 'main/private/won', 'main/private/one, main/private/other'],
    ['p.yaml:11:9', 'there is no unit of this name', '/Production', '/Prod'],
  ])
  // Of kinds that no file speaks of, only a server knows.
  assert.deepEqual(problemsIn({ 'p.yaml': policy('order', 'won', '/Production', 'default') }), [])
})

test('a file from a newer version, and one that is no YAML', () => {
  assert.deepEqual(short(problemsIn({ 'n.yaml': 'cadastre: 2\nnews: 1\n' })), [
    ['n.yaml:1:1', 'this Cadastre is older than the file: use a newer one, which knows version', '2', '1'],
  ])
  assert.equal(problemsIn({ 'n.yaml': 'cadastre: 1\npools: [\n' })[0]!.line, 3)
})

test('text that stands for other text is not followed, however much of it there would be', () => {
  const laughs = [
    'a0: &a0 [x]',
    ...Array.from({ length: 30 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}, *a${n}]`),
  ]
  const [problem] = problemsIn({ 'l.yaml': `${laughs.join('\n')}\n` })
  assert.match(problem!.problem, /are not followed/)
})

test('what is nested without end', () => {
  const problems = problemsIn({ 'd.yaml': `cadastre: 1\npools: ${'['.repeat(200_000)}${']'.repeat(200_000)}\n` })
  assert(problems.length > 0)
})

test('policies that stand against each other, by the rules of the server', () => {
  const against = {
    ...company,
    'a.yaml': policy('order', 'one', '/Prod', 'default'),
    'b.yaml': policy('bound', 'other', '/', 'final'),
  }
  const [problem, ...others] = problemsIn(against)
  assert.deepEqual(others, [])
  assert.match(
    problem!.problem,
    /`main\/bound` on \/ and `main\/order` on \/Prod stand against each other for vpc in us-east-1 of/,
  )
  assert.equal(`${problem!.file}:${problem!.line}`, 'b.yaml:11')
  assert.deepEqual(problemsIn({ ...against, 'b.yaml': policy('bound', 'one', '/', 'final') }), [])
})

test('candidates that could not act beside what is in force are told of, and are not wrong; those that act already are', () => {
  const drafted = (pool: string) => `    drafts:
      - name: next
        documents:
          - locale: us-east-1
            resourceType: vpc
            rules:
              - pool: main/private/${pool}
`
  const candidate = (said: string) => `        candidate: { ${said} }\n`
  const bound = { ...company, 'b.yaml': policy('bound', 'one', '/', 'final') }
  const trying = (pool: string, said: string, mode = 'enforce') => ({
    ...bound,
    'a.yaml': `${policy('order', 'one', '/Prod', 'default', drafted(pool))}        mode: ${mode}\n${candidate(said)}`,
  })
  const [problem, ...others] = problemsIn(trying('other', 'draft: next'))
  assert.deepEqual(others, [])
  assert.match(
    problem!.problem,
    /^once it acts, `main\/bound` on \/ and `main\/order` on \/Prod stand against each other for vpc/,
  )
  assert.deepEqual([problem!.isWarning, problem!.file, problem!.line], [true, 'a.yaml', 18])
  // Observed, it would not stand in the way; and the same pool does not.
  assert.deepEqual(problemsIn(trying('other', 'draft: next, mode: observe')), [])
  const wider = trying('one', 'draft: next')
  const sized = wider['a.yaml'].replace(
    '            rules:',
    '            size: { min: 20, default: 24, max: 28 }\n            rules:',
  )
  assert.deepEqual(problemsIn({ ...wider, 'a.yaml': sized }), [])
  // A mode that would act where nothing does now.
  const observed = trying('other', 'mode: enforce', 'observe')
  const enforced = observed['a.yaml'].replaceAll('main/private/one', 'main/private/other')
  assert.match(problemsIn({ ...observed, 'a.yaml': enforced })[0]!.problem, /^once it acts, /)
  for (const files of [trying('one', 'draft: next'), trying('other', 'mode: enforce')]) {
    const found = problemsIn(files).map(({ problem, line, isWarning }) => [problem, line, isWarning])
    assert.deepEqual(found, [['it says what is in force there already', 21, undefined]])
  }
})

test('the schema for editors says what files may say, and nothing that only this program knows', () => {
  const schema = JSON.parse(JSON.stringify(jsonSchema())) as { $schema: string; properties: object }
  assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema')
  assert.deepEqual(Object.keys(schema.properties), [
    'cadastre',
    'organization',
    'resourceTypes',
    'ipams',
    'pools',
    'policies',
    'roleBindings',
    'exceptions',
    'poolsInNetworks',
  ])
})

test('each operation that changes what is governed is done by files, or is named by the guide with why not', async () => {
  assert.deepEqual([...doneByFiles, ...notByFiles].sort(), [...governedOperations.keys()].sort())
  const guide = await readFile(join(import.meta.dirname, '../../docs/guide/policy-in-git.md'), 'utf8')
  const [, section] = guide.split('## What files do not do')
  for (const name of notByFiles) {
    const command = `\`${governedOperations.get(name)!.cli}\``
    assert(section!.includes(command), `${name}: ${command}`)
  }
})
