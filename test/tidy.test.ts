// The rules of the house that a machine can check, read from the text of every file; each is also tried on a bad sample.
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { test } from 'node:test'
import { mayRemember } from './kept-in-memory.ts'

const root = join(import.meta.dirname, '..')
const linesMax = 900

interface File {
  /** From the root of the repository, with forward slashes. */
  readonly path: string
  readonly text: string
}
/** What is wrong in a file: one sentence each, none where all is well. */
type Rule = (file: File) => string[]

const read = (path: string): File => ({ path, text: readFileSync(join(root, path), 'utf8') })
const readAll = (...patterns: string[]): readonly File[] =>
  globSync(patterns, { cwd: root })
    .map((path) => path.replaceAll('\\', '/'))
    .sort()
    .map(read)

const sources = readAll('src/**/*.ts')
const code = [...sources, ...readAll('test/**/*.ts', 'scripts/**/*.{ts,mjs}', 'bench/**/*.ts')]
/** This file quotes what it forbids. */
const codeButThis = code.filter(({ path }) => path !== 'test/tidy.test.ts')
const words = readAll('*.{md,json}', 'LICENSE', 'NOTICE', 'docs/**/*.md', 'bench/**/*.md', '.ci/*', '.gitignore')
const architecture = read('ARCHITECTURE.md')

const isTest = (path: string): boolean => /\.(test|fixture)\.ts$/.test(path) || path.startsWith('test/')
const isGenerated = (path: string): boolean => path.endsWith('.generated.ts')

/** Comments may speak of what code may not do. Lines stay where they are. */
function withoutComments(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ''))
    .replace(/(^|[^:'"`\\])\/\/[^\n]*/g, '$1')
}

function forbid(pattern: RegExp, what: string, where: (path: string) => boolean): Rule {
  return ({ path, text }) => {
    if (!where(path)) return []
    const bare = withoutComments(text)
    return [...bare.matchAll(new RegExp(pattern, `g${pattern.flags}`))].map(
      ({ 0: found, index }) => `${path}:${bare.slice(0, index).split('\n').length}: ${what}: \`${found.trim()}\``,
    )
  }
}

// Layers -------------------------------------------------------------------------------------------------------------

interface Import {
  readonly from: string
  readonly target: string
  readonly typeOnly: boolean
}

function importsOf({ path, text }: File): Import[] {
  const bare = withoutComments(text)
  const lines = /(?:^|\n)[ \t]*(?:import|export)\s+(type\s+)?(?:[\w*{},\s$]+?\sfrom\s+)?'([^'\n]+)'/g
  const found = [...bare.matchAll(lines)].map(([, type, target]) => ({
    from: path,
    target: target!,
    typeOnly: type !== undefined,
  }))
  const dynamic = [...bare.matchAll(/\bimport\('([^'\n]+)'\)/g)].map(([, target]) => ({
    from: path,
    target: target!,
    typeOnly: false,
  }))
  return [...found, ...dynamic]
}

/** The path of an import inside the repository; undefined for packages and `node:`. */
function resolve({ from, target }: Import): string | undefined {
  if (target.startsWith('#')) return `src/${target.slice(1)}`
  if (target.startsWith('.')) return posix.join(posix.dirname(from), target)
  return undefined
}

/** `model` of `src/model/cidr.ts`, `main` of `src/main.ts`, undefined outside `src`. */
function layerOf(path: string): string | undefined {
  return /^src\/(?:([^/]+)\/|([^/]+)\.ts$)/.exec(path)?.slice(1).find(Boolean)
}

/** Who may import whom: `any` everything, `types` only with `import type`. The page ARCHITECTURE.md says the same. */
const directions: Readonly<Record<string, 'anything' | Readonly<Record<string, 'all' | 'types'>>>> = {
  model: {},
  formats: { model: 'all' },
  store: { model: 'all' },
  operations: { model: 'all', formats: 'all', store: 'types' },
  api: { model: 'all', formats: 'all', operations: 'all', store: 'types' },
  jobs: { model: 'all', formats: 'all', operations: 'all', folder: 'all', store: 'types' },
  peers: { model: 'all', operations: 'all', store: 'all' },
  outbound: { model: 'all', formats: 'all' },
  collect: { model: 'all', formats: 'all', cli: 'all' },
  files: { model: 'all', operations: 'all', cli: 'all', folder: 'all' },
  cli: { model: 'all', folder: 'all' },
  config: { model: 'all', operations: 'types' },
  folder: {},
  late: {},
  telemetry: {},
  opening: { store: 'all', config: 'all', folder: 'all', telemetry: 'all' },
  operator: 'anything',
  server: 'anything',
  main: 'anything',
}

const keepsDirections: Rule = (file) => {
  const own = layerOf(file.path)
  if (own === undefined || isTest(file.path)) return []
  const allowed = directions[own]
  if (allowed === undefined) return [`${file.path}: the layer \`${own}\` is not in the table of ARCHITECTURE.md`]
  return importsOf(file).flatMap((line) => {
    const resolved = resolve(line)
    if (resolved === undefined) return []
    const layer = layerOf(resolved)
    if (layer === undefined) return [`${file.path} imports \`${line.target}\`, which is outside src`]
    if (layer === own) return line.target.startsWith('#') ? [`${file.path} imports its own layer by \`#\``] : []
    const isTopLevel = !resolved.slice('src/'.length).includes('/')
    if (!isTopLevel && !line.target.startsWith('#')) return [`${file.path} imports \`${line.target}\` without \`#\``]
    if (allowed === 'anything' || allowed[layer] === 'all' || (allowed[layer] === 'types' && line.typeOnly)) return []
    const only = allowed[layer] === 'types' ? ' other than types' : ''
    return [`${file.path}: \`${own}\` may not import \`${layer}\`${only} (\`${line.target}\`)`]
  })
}

/** The model stands without a computer: no `node:`, no package. Its tests have tools, and other judges of the same matter. */
const modelStandsAlone: Rule = (file) => {
  if (layerOf(file.path) !== 'model') return []
  return importsOf(file).flatMap((line) => {
    const resolved = resolve(line)
    if (resolved !== undefined && layerOf(resolved) === 'model') return []
    if (file.path.endsWith('.test.ts') && (line.target.startsWith('node:') || line.target === 'fast-check')) return []
    return [`${file.path}: the model imports nothing, and this is \`${line.target}\``]
  })
}

/** `ec2`, `aws` (Organizations, STS, and what serves several AWS APIs) or `native`: the API that a file is a face for. */
const faceOf = (path: string): string | undefined => /\.(ec2|aws|native)\.ts$/.exec(path)?.[1]
/** What it is made of below: the layers that know no API. */
const isVerb = (path: string): boolean =>
  ['model', 'store', 'operations'].includes(layerOf(path) ?? '') && faceOf(path) === undefined && !isTest(path)

/**
 * Verbs and faces (ARCHITECTURE.md, section 2): verbs know no API, so nothing of its text, shapes and operations; and a face of
 * the native API and one of an AWS API know nothing of each other.
 */
const keepsFacesApart: Rule = (file) => {
  if (layerOf(file.path) !== 'operations' || isTest(file.path)) return []
  const own = faceOf(file.path)
  return importsOf(file).flatMap((line) => {
    const resolved = resolve(line)
    const face = resolved?.startsWith('src/operations/') ? faceOf(resolved) : undefined
    if (own === undefined && (line.target === 'zod' || resolved?.startsWith('src/formats/') || face !== undefined)) {
      return [`${file.path}: a verb knows no API, and this is \`${line.target}\``]
    }
    if (own !== undefined && face !== undefined && (own === 'native') !== (face === 'native')) {
      return [`${file.path}: faces do not import each other, and this is \`${line.target}\``]
    }
    return []
  })
}

/** What is no face of any noun, but what all of them are made with: it asks for the right of each, and seals its page tokens. */
const servesFaces = new Set([
  'src/operations/operation.native.ts',
  'src/operations/download.native.ts',
  'src/operations/page-tokens.aws.ts',
])

/**
 * Faces translate (ARCHITECTURE.md, section 2): shapes, a route, words and the call of a verb. None opens a table, asks for a right, looks
 * into the rules, acts for somebody else or notes what has changed: all of that is for verbs, whichever API they serve.
 */
const facesTranslate: Rule = (file) => {
  const { path, text } = file
  if (!path.startsWith('src/operations/') || faceOf(path) === undefined || isTest(path) || servesFaces.has(path)) {
    return []
  }
  const bare = withoutComments(text)
  const works =
    /\btx\b|\bcontext\.record\(|\.(?:snapshot|actingFor|noteNeed|governanceChanged|newId|newSequence|changed)\(|\bsnapshotAtHand\b/g
  const worked = [...bare.matchAll(works)].map(
    ({ 0: found, index }) => `${path}:${bare.slice(0, index).split('\n').length}: work of a verb: \`${found}\``,
  )
  const asks = importsOf(file).filter(
    (line) => !line.typeOnly && resolve(line) === 'src/operations/identity/authority.ts',
  )
  const types = /import \{\s*(?:type \w+,?\s*)+\} from '[^']*authority\.ts'/.test(bare)
  return [...worked, ...(asks.length > 0 && !types ? [`${path}: verbs ask for rights`] : [])]
}

/** What puts decisions into words (`explain.ts`, `trace-words.ts`, `denial-words.ts` and `advice-words.ts` of `src/model/policy/`). */
const decisionWords = ['explain', 'trace-words', 'denial-words', 'advice-words'].map(
  (name) => `src/model/policy/${name}.ts`,
)
/** Who shows them without being a face of an API, and why. */
const mayShow: Readonly<Record<string, string>> = {
  'src/model/policy/explain.ts': 'it is the words, and has the steps in it',
  'src/model/policy/advice-words.ts': 'it is the words too, with the names that those of a decision have',
  'src/model/policy/eligibility.ts': 'a policy that is refused is told why a pool is none for it in the same words',
  'src/model/policy/existing.ts': 'a finding has on record what the API shows, and is compared with that',
  'src/operations/policy/explain.ts': '`cadastre explain` prints the text at the machine',
}

/**
 * Decisions are made, stored and refused as facts; words are made where they are shown, so that what is on record can be said
 * otherwise, and costs no more than it must.
 */
const keepsWordsForShowing: Rule = (file) => {
  if (!isVerb(file.path) || Object.hasOwn(mayShow, file.path)) return []
  return importsOf(file).flatMap((line) => {
    const resolved = resolve(line)
    return resolved !== undefined && decisionWords.includes(resolved)
      ? [`${file.path}: words are made where they are shown, and this is \`${line.target}\``]
      : []
  })
}

/** Who reads denials that have words on record, and who has words in the place of facts because they are to be cut. */
const mayHaveWordedDenials = ['src/store/tables/denials-before.ts', 'src/model/policy/denial-words.ts']

/**
 * What a denial is about, and what would be allowed, are facts. The type takes no text for them; a phrase as the one thing that a fact
 * names, or as what stands on record from before, would be a text all the same.
 */
const denialsAreFacts: Rule = ({ path, text }) => {
  if (!isVerb(path) || mayHaveWordedDenials.includes(path)) return []
  const bare = withoutComments(text)
  const phrase = String.raw`\[?(?:'[^'\n]*'|\x60[^\x60\n]*\x60)`
  const named = new RegExp(String.raw`\{ (?:is|oneOf|pools): ${phrase}`, 'g')
  const asBefore = /\b(?:value|allowed|actual|expected)(?:: | = )\{ words\b[^\n]*/g
  return [...bare.matchAll(named), ...bare.matchAll(asBefore)].map(
    ({ 0: found, index }) => `${path}:${bare.slice(0, index).split('\n').length}: a denial is facts: ${found}`,
  )
}

/** What makes words of the reasons of refusals (`src/model/problems/`), and what is allowed to have words of its own. */
const problemsFolder = 'src/model/problems/'
/** Who is no face, no API and no catalogue, and shows or says such words all the same, and why. */
const mayWord: Readonly<Record<string, string>> = {
  'src/store/upkeep/check.ts': '`cadastre check` prints what it finds at the machine',
  'src/model/policy/settings.ts': 'a setting is one value, with what is said of it',
  'src/operations/identity/access-keys.ts': 'the operator’s command prints it at the machine',
  'src/operations/identity/operator-tokens.ts': 'the operator’s command prints it at the machine',
  'src/store/batching.ts': 'trouble of the store, which the operator reads in the log',
  'src/store/sqlite/engine.ts': 'trouble of the store, which the operator reads in the log',
}

/**
 * Verbs, rules and the store refuse by facts: the type of a problem takes no text but one of `worded`, which is for what an API finds
 * wrong by itself. A sentence among the facts would be one all the same.
 */
const verbsMakeNoSentences: Rule = (file) => {
  const { path, text } = file
  if (!isVerb(path) || path.startsWith(problemsFolder) || Object.hasOwn(mayWord, path)) return []
  const bare = withoutComments(text)
  const imported = importsOf(file).flatMap((line) => {
    const resolved = resolve(line)
    const isWords =
      resolved === `${problemsFolder}worded.ts` || (resolved === `${problemsFolder}problem.ts` && !line.typeOnly)
    return isWords ? [`${path}: a verb makes no sentences, and this is \`${line.target}\``] : []
  })
  const sentence = String.raw`(?:'[^'\n]*[a-z] [^'\n]*'|\x60[^\x60\n]*[a-z] [^\x60\n]*\x60)`
  const members = new RegExp(String.raw`\b(?:problem|because|remedy|countedFor)(?:: | = )${sentence}`, 'g')
  const facts = new RegExp(String.raw`\b(?:why|feature|of|per|do): '[\w-]+'[^{}\n]*: ${sentence}`, 'g')
  return [
    ...imported,
    ...[...bare.matchAll(members), ...bare.matchAll(facts)].map(
      ({ 0: found, index }) =>
        `${path}:${bare.slice(0, index).split('\n').length}: a verb makes no sentences: ${found}`,
    ),
  ]
}

// Names ---------------------------------------------------------------------------------------------------------------

const modelsOfAws = ['ec2', 'organizations', 'sts'].map(
  (name) =>
    JSON.parse(read(`src/formats/aws/models/${name}.json`).text) as {
      readonly operations: object
      readonly shapes: Readonly<Record<string, { readonly members?: object }>>
    },
)
const operationsOfAws = new Set(modelsOfAws.flatMap(({ operations }) => Object.keys(operations)))
const membersOfAws = new Set(
  modelsOfAws.flatMap(({ shapes }) => Object.values(shapes).flatMap(({ members = {} }) => Object.keys(members))),
)
/** Steps of the schema that rows were written by, and versions of the history from before: they are as they were. */
const spellsAsBefore = (path: string): boolean =>
  path.startsWith('src/store/schema/') || path === 'src/store/tables/history-before.ts'
/** Names of types, which are capitalized whatever they are about. */
const typesIn = (bare: string): ReadonlySet<string> =>
  new Set([
    ...[...bare.matchAll(/\b(?:type|interface|class|infer|extends) (\w+)/g)].map(([, name]) => name!),
    ...[...bare.matchAll(/\bimport (?:type )?\{([^}]*)\}/g)].flatMap(([, names]) =>
      names!.split(',').map((name) => name.trim().replace(/^type /, '')),
    ),
  ])

/**
 * The model, the store and verbs say things in words of our own, and the faces of AWS's APIs alone in theirs. A word of two parts, such
 * as `ResourceId`, is one of theirs wherever it stands; one of a single part, such as `Key`, where it names a member.
 */
const knowsNoNameOfAws: Rule = ({ path, text }) => {
  const isBelowFaces = /^src\/(model|store)\//.test(path) || (path.startsWith('src/operations/') && !faceOf(path))
  if (!isBelowFaces || isTest(path) || spellsAsBefore(path) || path.includes('/testdata/')) return []
  const bare = withoutComments(text)
  const types = typesIn(bare)
  const members = /(?<=[{,(]\s*|^\s*|\breadonly |\.)[A-Z][a-z0-9]+(?=\??: |\s*[,}])|(?<=\.)[A-Z][a-z0-9]+\b/gm
  const words = [...bare.matchAll(/\b[A-Z][a-z0-9]+[A-Z]\w*\b/g), ...bare.matchAll(members)]
  return words
    .filter(({ 0: word }) => operationsOfAws.has(word) || (membersOfAws.has(word) && !types.has(word)))
    .map(({ 0: word, index }) => `${path}:${bare.slice(0, index).split('\n').length}: a name of AWS's: \`${word}\``)
}

/** The first cycle that is found, as the paths along it. */
function findCycle(files: readonly File[]): readonly string[] | undefined {
  const edges = new Map(
    files.map((file) => [file.path, importsOf(file).flatMap((line) => resolve(line) ?? [])] as const),
  )
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): readonly string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path]
    if (done.has(path)) return undefined
    for (const next of edges.get(path) ?? []) {
      const cycle = visit(next, [...trail, path])
      if (cycle) return cycle
    }
    done.add(path)
    return undefined
  }
  for (const path of edges.keys()) {
    const cycle = visit(path, [])
    if (cycle) return cycle
  }
  return undefined
}

/** The table of §2, read as `directions` is written. */
function directionsOf(page: string): typeof directions {
  const rows = [...page.matchAll(/^\| (`[^|]+`) \| ([^|]+) \|$/gm)]
  return Object.fromEntries(
    rows.flatMap(([, layers, may]) =>
      [...layers!.matchAll(/`([a-z]+)`/g)].map(([, layer]) => {
        if (may === 'anything') return [layer!, 'anything'] as const
        const found = [...may!.matchAll(/(types of )?`([a-z]+)`/g)]
        const named = found.map(([, types, name]) => [name!, types ? 'types' : 'all'] as const)
        return [layer!, Object.fromEntries(named)] as const
      }),
    ),
  )
}

// Single files -------------------------------------------------------------------------------------------------------

const isPure = (path: string): boolean => /^src\/(model|operations)\//.test(path) && !isTest(path)
const inSource = (path: string): boolean => path.startsWith('src/') && !isTest(path)
/** Programs that are not ours, or hand on what they have been given. */
const startsOtherPrograms: ReadonlySet<string> = new Set([
  'bench/postgres.ts',
  'scripts/run.mjs',
  'test/clients/aws-cli.test.ts',
  'test/clients/python.test.ts',
  'test/postgres.ts',
])

/**
 * STS and the native API draw the credentials that they hand out in `prepare`, before the transaction and therefore once. `run` draws nothing.
 */
const mayDraw: ReadonlySet<string> = new Set([
  'src/operations/identity/sts.aws.ts',
  'src/operations/identity/tokens.ts',
  'src/operations/notification/subscriptions.ts',
])

const opensWithSentence: Rule = ({ path, text }) => {
  const lines = text.split('\n')
  const first = lines[0]!.startsWith('#!') ? lines[1]! : lines[0]!
  return /^\/\/ \S/.test(first) ? [] : [`${path}: a file begins with a comment that says what lives there`]
}

const fitsOneSitting: Rule = ({ path, text }) => {
  const lines = text.split('\n').length - 1
  return isGenerated(path) || lines <= linesMax ? [] : [`${path} has ${lines} lines; ${linesMax} are the most`]
}

/** Written in pieces, so that this file keeps its own rule. */
const workplace = new RegExp(
  [
    String.raw`(?:^|[\s"'\x60(=:])\/wor${'k'}\/`,
    `help${'er'}-\\d`,
    `regis${'try'}\\.(?:npmjs|yarnpkg)`,
    `pypi${'.'}org`,
    `proxy\\.gol${'ang'}`,
  ].join('|'),
  'm',
)
const saysNothingOfTheWorkplace: Rule = ({ path, text }) => {
  const found = workplace.exec(text)
  return found ? [`${path} names the place where it was written: \`${found[0].trim()}\``] : []
}

const remembersByMemory: Rule = ({ path, text }) => {
  if (isTest(path) || !/^src\/(store|operations|jobs)\//.test(path) || path === 'src/store/memory.ts') return []
  const bare = withoutComments(text)
  const containers = String.raw`(?:new (?:Weak)?(?:Map|Set)\b(?:<[^(]*>)?\(\)|\[\])`
  const fields = new RegExp(String.raw`^ +(?:readonly |private |this\.)*(#\w+)(?:: [^=\n]+| )= ?${containers}`, 'gm')
  const constants = new RegExp(String.raw`^(?:export )?const (\w+)(?:: [^=\n]+)? = ${containers}`, 'gm')
  const variables = /^(?:export )?(?:let|var) (\w+)/gm
  return [fields, constants, variables]
    .flatMap((pattern) => [...bare.matchAll(pattern)])
    .map(([, name]) => name!)
    .filter((name) => mayRemember[`${path} ${name}`] === undefined)
    .map((name) => `${path}: \`${name}\` outlives a transaction: make it with \`ConnectionMemory\``)
}

/** The last table of docs/glossary.md: words that we do not use, and what we say. */
const unsaid = [...read('docs/glossary.md').text.matchAll(/^\| ~~([^~]+)~~ \| ([^|]+) \|$/gm)].map(
  ([, word, instead]) => [new RegExp(`(?<![\\w-])${word}(?![\\w-])`, 'i'), instead!.trim()] as const,
)

interface Claim {
  readonly claim: string
  readonly rule: Rule
  readonly over: readonly File[]
  /** Each must be found wanting. */
  readonly bad: readonly File[]
  /** Each must pass: what the rule must not mistake. */
  readonly good?: readonly File[]
}
const inModel = (text: string): File => ({ path: 'src/model/sample.ts', text })
const inOperations = (text: string): File => ({ path: 'src/operations/sample.ts', text })

const claims: readonly Claim[] = [
  {
    claim: 'every import goes in the direction that ARCHITECTURE.md allows',
    rule: keepsDirections,
    over: sources,
    bad: [
      inModel("import { openSqlite } from '#store/sqlite/engine.ts'"),
      inOperations("import {\n  Pools,\n} from '#store/tables/pools.ts'"),
      inOperations("import { refuse } from '../model/refusal.ts'"),
      inOperations("import { grant } from '#operations/space/grant.ts'"),
      inOperations("export async function late() {\n  return import('#api/wording.ts')\n}"),
      { path: 'src/store/sample.ts', text: "import { readConfig } from '../config.ts'" },
      { path: 'src/cellar/sample.ts', text: '' },
      { path: 'src/api/sample.ts', text: "import { world } from '../../test/world.ts'" },
    ],
    good: [
      inOperations("import type { Pools } from '#store/tables/pools.ts'"),
      inOperations("// import { x } from '#store/tables/pools.ts'"),
      { path: 'src/main.ts', text: "import { readConfig } from './config.ts'" },
    ],
  },
  {
    claim: 'verbs know no API, and the faces of two APIs do not know each other',
    rule: keepsFacesApart,
    over: sources,
    bad: [
      { path: 'src/operations/ipam/sample.ts', text: "import { z } from 'zod'" },
      { path: 'src/operations/ipam/sample.ts', text: "import type { IpamPool } from '#formats/aws/ec2.generated.ts'" },
      { path: 'src/operations/ipam/sample.ts', text: "import { show } from './sample.ec2.ts'" },
      { path: 'src/operations/ipam/sample.native.ts', text: "import { createIpamPool } from './pools.ec2.ts'" },
      { path: 'src/operations/ipam/sample.ec2.ts', text: "import { getPool } from './pools.native.ts'" },
    ],
    good: [
      {
        path: 'src/operations/ipam/sample.native.ts',
        text: "import { z } from 'zod'\nimport { a } from './sample.ts'",
      },
      { path: 'src/operations/ipam/sample.ec2.ts', text: "import { a } from '../organization/tags.aws.ts'" },
    ],
  },
  {
    claim: 'faces translate, and leave the work to verbs',
    rule: facesTranslate,
    over: sources,
    bad: [
      { path: 'src/operations/ipam/sample.native.ts', text: 'const rows = await context.tx.pools.list(after, limit)' },
      { path: 'src/operations/ipam/sample.ec2.ts', text: 'run: async ({ tx }) => tx.vpcs.list()' },
      { path: 'src/operations/ipam/sample.aws.ts', text: 'const snapshot = await context.snapshot()' },
      { path: 'src/operations/ipam/sample.native.ts', text: 'await remove(context.actingFor(account, region), found)' },
      { path: 'src/operations/ipam/sample.ec2.ts', text: 'context.changed(id)' },
      { path: 'src/operations/sample.native.ts', text: 'const known = context.snapshotAtHand' },
      {
        path: 'src/operations/ipam/sample.native.ts',
        text: "import { type Place, permitter } from '../identity/authority.ts'",
      },
    ],
    good: [
      {
        path: 'src/operations/ipam/sample.native.ts',
        text: "import type { Place } from '../identity/authority.ts'\n// What tx has.\nconst shown = show(await getPool(context, id))",
      },
      { path: 'src/operations/ipam/sample.ts', text: 'await context.tx.pools.find(id)' },
    ],
  },
  {
    claim: 'decisions are put into words where they are shown, and not where they are made or stored',
    rule: keepsWordsForShowing,
    over: sources,
    bad: [
      { path: 'src/operations/space/sample.ts', text: "import { explainDecision } from '#model/policy/explain.ts'" },
      { path: 'src/store/tables/sample.ts', text: "import { inWords } from '#model/policy/trace-words.ts'" },
      { path: 'src/model/policy/sample.ts', text: "import { inWords } from './trace-words.ts'" },
      { path: 'src/operations/space/sample.ts', text: "import { valueInWords } from '#model/policy/denial-words.ts'" },
    ],
    good: [
      { path: 'src/operations/space/sample.ts', text: "import { toldOf } from '#model/policy/told.ts'" },
      {
        path: 'src/operations/record/sample.native.ts',
        text: "import { inWords } from '#model/policy/trace-words.ts'",
      },
      { path: 'src/api/sample.ts', text: "import { wordsOfTold } from '#model/policy/explain.ts'" },
    ],
  },
  {
    claim: 'what a denial is about is facts, where it is made and stored',
    rule: denialsAreFacts,
    over: sources,
    bad: [
      { path: 'src/model/policy/sample.ts', text: 'const value = { is: `vpc in the office` }' },
      { path: 'src/model/policy/sample.ts', text: "const allowed = { oneOf: ['/16 to /28'] }" },
      { path: 'src/operations/space/sample.ts', text: 'return { ...denial, value: { words: text } }' },
      { path: 'src/store/tables/sample.ts', text: 'const allowed = { words: texts }' },
    ],
    good: [
      { path: 'src/model/policy/sample.ts', text: 'const value = { is: pool.id }' },
      { path: 'src/model/policy/sample.ts', text: 'return deny(setting, { resourceType, locale }, { lengths })' },
      { path: 'src/operations/record/sample.native.ts', text: 'const value = { words: text }' },
    ],
  },
  {
    claim: 'verbs, rules and the store refuse by facts, and make no sentences',
    rule: verbsMakeNoSentences,
    over: sources,
    bad: [
      { path: 'src/operations/space/sample.ts', text: "import { worded } from '#model/problems/worded.ts'" },
      { path: 'src/store/tables/sample.ts', text: "import { problemInWords } from '#model/problems/problem.ts'" },
      { path: 'src/operations/ipam/sample.ts', text: "refuse({ code: 'NotEligible', problem: 'it is not so' })" },
      { path: 'src/operations/ipam/sample.ts', text: 'const because = `the pool is full`' },
      { path: 'src/model/sample.ts', text: "return { why: 'setting-takes', allowed: 'CIDR of any size' }" },
    ],
    good: [
      { path: 'src/operations/ipam/sample.ts', text: "import type { Problem } from '#model/problems/problem.ts'" },
      { path: 'src/operations/ipam/sample.ts', text: "const problem = { why: 'not-free' } as const" },
      {
        path: 'src/operations/ipam/sample.ec2.ts',
        text: "refuse({ code: 'NotEligible', problem: worded('it is so') })",
      },
    ],
  },
  {
    claim: 'the model imports nothing from outside, not even node:',
    rule: modelStandsAlone,
    over: sources,
    bad: [inModel("import { hash } from 'node:crypto'"), inModel("import type { Sql } from '#store/sql.ts'")],
    good: [{ path: 'src/model/sample.test.ts', text: "import { test } from 'node:test'" }],
  },
  {
    claim: 'there is no barrel',
    rule: forbid(/^export\s+\*[^\n]*/m, 'a barrel', () => true),
    over: codeButThis,
    bad: [inModel("\nexport * from './cidr.ts'"), inModel("export * as cidr from './cidr.ts'")],
  },
  {
    claim: 'there is no default export',
    rule: forbid(/^export\s+default\b[^\n]*|\bas default\b/m, 'a default export', () => true),
    over: codeButThis,
    bad: [inModel('export default 1'), inModel('const a = 1\nexport { a as default }')],
  },
  {
    claim: 'nothing has the type any',
    rule: forbid(/[:<,|&]\s*any\b(?!\s*[:'(])|\bas any\b/, 'the type any', () => true),
    over: codeButThis,
    bad: [inModel('const a: any = 1'), inModel('const a = b as any'), inModel('const a = new Map<string, any>()')],
    good: [inModel('const anyone: string = many(any, 1)'), inModel("const a = 'any'")],
  },
  {
    claim: 'only config.ts reads the environment, which main.ts hands to it',
    rule: forbid(
      /\bprocess\.env\b|\bfrom 'node:process'/,
      'the environment',
      (path) => inSource(path) && path !== 'src/main.ts' && path !== 'src/config.ts',
    ),
    over: sources,
    bad: [inOperations('const port = process.env.PORT'), { path: 'src/store/sample.ts', text: 'f(process.env)' }],
  },
  {
    claim: 'main.ts does nothing with the environment but hand it to the configuration',
    rule: forbid(
      /(?<!read(?:Client)?Config\()process\.env\b[^\n]*/,
      'the environment',
      (path) => path === 'src/main.ts',
    ),
    over: sources,
    bad: [{ path: 'src/main.ts', text: 'const port = process.env.PORT' }],
    good: [{ path: 'src/main.ts', text: 'const config = readConfig(process.env)' }],
  },
  {
    claim: 'what the demo, the tests and the bench start has no settings of whoever runs them',
    rule: forbid(
      /\.\.\.process\.env\b/,
      'the environment of whoever runs it: `childEnvironment` is enough',
      (path) => /^(bench|scripts|test)\//.test(path) && !startsOtherPrograms.has(path),
    ),
    over: codeButThis,
    bad: [{ path: 'test/sample.test.ts', text: 'spawn(main, [], { env: { ...process.env, CADASTRE_PORT } })' }],
    good: [{ path: 'test/sample.test.ts', text: 'spawn(main, [], { env: { ...childEnvironment, CADASTRE_PORT } })' }],
  },
  {
    claim: 'model and operations have no clock, no randomness, no timer and no network',
    rule: forbid(
      /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|\bMath\.random\b|\bset(?:Timeout|Interval|Immediate)\b|(?<![.\w])fetch\(|\bfrom 'node:(?:http|https|net|tls|dgram|dns|timers|perf_hooks|fs|child_process|worker_threads)[^']*'/,
      'a clock, chance or the network',
      isPure,
    ),
    over: sources,
    bad: [
      inModel('const now = Date.now()'),
      inModel('const now = new Date()'),
      inOperations('const now = performance.now()'),
      inOperations('const luck = Math.random()'),
      inOperations('setTimeout(retry, 10)'),
      inOperations("const answer = await fetch('http://example.com')"),
      inOperations("import { request } from 'node:https'"),
    ],
    good: [inModel('const at = new Date(now)'), inModel('// Date.now() is not for us'), inModel('facts.fetch(1)')],
  },
  {
    claim: 'operations take nothing but hashes from node:crypto',
    rule: forbid(
      /import \{(?! (?:hash|createHash) \})[^}]*\} from 'node:crypto'|\bcrypto\.(?:random|getRandom)\w*/,
      'chance in an operation',
      (path) => isPure(path) && !mayDraw.has(path),
    ),
    over: sources,
    bad: [inOperations("import { randomBytes } from 'node:crypto'"), inOperations('crypto.randomUUID()')],
    good: [inOperations("import { hash } from 'node:crypto'")],
  },
  {
    claim: 'SQL is written in the store alone',
    rule: forbid(
      /['"`]\s*(?:select\s[^'"`]*\sfrom\s|insert\s+(?:or\s+\w+\s+)?into\s|update\s+\w+\s+set\s|delete\s+from\s|create\s+(?:table|index)\s|pragma\s)/i,
      'SQL',
      (path) => inSource(path) && !path.startsWith('src/store/'),
    ),
    over: sources,
    bad: [
      inOperations("await sql.run('delete from pool where n = ?')"),
      inOperations('const rows = `\n  select n\n  from pool`'),
      inOperations("'INSERT INTO pool (n) values (1)'"),
    ],
    good: [inOperations("refuse('Select a pool of your own.')")],
  },
  {
    claim: 'only main.ts ends the process',
    rule: forbid(
      /\bprocess\.(?:exit|abort|kill|exitCode)\b/,
      'the end of the process',
      (path) => inSource(path) && path !== 'src/main.ts',
    ),
    over: sources,
    bad: [{ path: 'src/server.ts', text: 'process.exit(1)' }],
  },
  {
    claim: 'every file begins with a comment that says what lives there',
    rule: opensWithSentence,
    over: code,
    bad: [inModel("import { a } from './a.ts'"), inModel('//')],
    good: [inModel('#!/usr/bin/env node\n// The command line.')],
  },
  {
    claim: `no file is longer than ${linesMax} lines`,
    rule: fitsOneSitting,
    over: code,
    bad: [inModel('x\n'.repeat(linesMax + 1))],
    good: [{ path: 'src/formats/aws/sample.generated.ts', text: 'x\n'.repeat(linesMax + 1) }],
  },
  {
    claim: 'what is remembered from transaction to transaction is made by src/store/memory.ts',
    rule: remembersByMemory,
    over: sources,
    bad: [
      { path: 'src/store/sample.ts', text: 'class A {\n  readonly #known = new Map<string, number>()\n}' },
      { path: 'src/store/sample.ts', text: 'class A {\n  #known: readonly string[] = []\n}' },
      { path: 'src/store/sample.ts', text: 'class A {\n  #known\n  drop() {\n    this.#known = new WeakMap()\n  }\n}' },
      inOperations('const known = new WeakMap<Snapshot, Map<string, Pool>>()'),
      inOperations('let compiled: Snapshot | undefined'),
      { path: 'src/jobs/sample.ts', text: 'const seen = new Set<string>()' },
    ],
    good: [
      inOperations('const names = new Set(ids)\nfunction f() {\n  const found = new Map<string, Pool>()\n}'),
      { path: 'src/store/sample.ts', text: 'class A {\n  readonly #known: Kept<string, number>\n}' },
    ],
  },
  {
    claim: 'the model, the store and verbs know no name of the APIs of AWS',
    rule: knowsNoNameOfAws,
    over: sources,
    bad: [
      inModel('export interface Tag {\n  readonly Key: string\n}'),
      inModel('const tagOf = ({ Key: key, Value: value }: Stored) => ({ key, value })'),
      inModel('const keyOf = (tag: Stored) => tag.Key'),
      inOperations("refuse({ code: 'NotSupported', what: 'CreateVpc' })"),
      inOperations('const because = `its space is from CreateSubnet of EC2`'),
      inOperations('const asked = call.input.ClientToken'),
      { path: 'src/store/tables/sample.ts', text: "'select json_extract(body, '$.ResourceId') from history'" },
      { path: 'src/store/tables/sample.ts', text: 'return {\n  VpcId: vpc.id,\n  Tags: stored(tags),\n}' },
    ],
    good: [
      inModel('export interface NatGateway {\n  readonly state: State\n}'),
      inModel("import type { PolicyDocument } from './document.ts'\nconst one: PolicyDocument = { name: 'Key' }"),
      { path: 'src/operations/network/vpcs.ec2.ts', text: 'const shown = { VpcId: vpc.id }' },
      { path: 'src/store/schema/sample.ts', text: "json_extract(source_resource, '$.ResourceId')" },
      inModel('const words = `Policy: none. Value: none.`'),
    ],
  },
  {
    claim: 'no class is called after what it does to others',
    rule: forbid(/\bclass \w*(?:Manager|Service|Helper|Handler|Utils?)\b/, 'a name that says nothing', () => true),
    over: codeButThis,
    bad: [inModel('export class PoolManager {}')],
  },
  {
    claim: 'what the glossary says we do not say is not said',
    rule: ({ path, text }) =>
      unsaid.flatMap(([word, instead]) =>
        text
          .split('\n')
          .flatMap((line, index) => (word.test(line) ? [`${path}:${index + 1}: say ${instead}: ${line.trim()}`] : [])),
      ),
    over: [...codeButThis, ...words.filter(({ path }) => !/glossary|CHANGELOG|package/.test(path))],
    bad: [
      inModel('// The hallway that every request walks.'),
      inModel('const wish = 1'),
      { path: 'README.md', text: 'All of them unless said otherwise.' },
    ],
    good: [inModel('// It waits until somebody wishes otherwise.')],
  },
  {
    claim: 'nothing in the tree names the place where it was written, nor a package registry',
    rule: saysNothingOfTheWorkplace,
    over: [...code, ...words],
    bad: [
      { path: 'README.md', text: `See /wor${'k'}/notes.md.` },
      { path: 'package-lock.json', text: `"resolved": "https://regis${'try'}.npmjs.org/x"` },
      { path: 'NOTES.md', text: `written by help${'er'}-3` },
    ],
    good: [{ path: 'README.md', text: 'See docs/working-notes.md.' }],
  },
]

for (const { claim, rule, over, bad, good = [] } of claims) {
  test(claim, () => {
    for (const sample of bad) assert.notDeepEqual(rule(sample), [], `missed: ${sample.path}: ${sample.text}`)
    for (const sample of good) assert.deepEqual(rule(sample), [])
    assert(over.length > 0)
    assert.deepEqual(over.flatMap(rule), [])
  })
}

test('no file imports itself, directly or by way of others', () => {
  const cycle = findCycle([
    { path: 'src/model/a.ts', text: "import { b } from './b.ts'" },
    { path: 'src/model/b.ts', text: "import type { c } from './deep/c.ts'" },
    { path: 'src/model/deep/c.ts', text: "import { a } from '../a.ts'" },
  ])
  assert.deepEqual(cycle, ['src/model/a.ts', 'src/model/b.ts', 'src/model/deep/c.ts', 'src/model/a.ts'])
  assert.equal(findCycle(sources), undefined)
})

// ARCHITECTURE.md ----------------------------------------------------------------------------------------------------

test('the table of directions in ARCHITECTURE.md is the one that is kept', () => {
  assert.deepEqual(directionsOf(architecture.text), directions)
  const lying = architecture.text.replace('| `model` | nothing |', '| `model` | `store` |')
  assert.notDeepEqual(directionsOf(lying), directions)
})

test('ARCHITECTURE.md names every layer and top file that is there, and none that is not', () => {
  const there = new Set(sources.filter(({ path }) => !isTest(path)).map(({ path }) => layerOf(path)!))
  assert.deepEqual([...there].sort(), Object.keys(directions).sort())
})

/** Paths in backticks that look like files of ours: from the root, or from `src`. */
function pathsNamedIn(page: string): string[] {
  return [...page.matchAll(/`([\w.-]+(?:\/[\w.-]+)+\.(?:ts|mjs|md|json))`/g)].map(([, path]) => path!)
}
const isThere = (path: string): boolean => existsSync(join(root, path)) || existsSync(join(root, 'src', path))

test('every file that ARCHITECTURE.md, CONTRIBUTING.md and the decision pages name is there', () => {
  assert.deepEqual(pathsNamedIn('in `model/nowhere.ts`, not `#model/x`').filter(isThere), [])
  const pages = [architecture, read('CONTRIBUTING.md'), ...readAll('docs/decisions/*.md')]
  for (const page of pages) {
    assert.deepEqual(
      pathsNamedIn(page.text).filter((path) => !isThere(path)),
      [],
      page.path,
    )
  }
})

/** `I1 I2 a title` guards both. Titles in `src/api` begin with ids of the threat model, whose I is for input. */
function invariantsGuardedBy(files: readonly File[]): Set<string> {
  const titles = files
    .filter(({ path }) => path.endsWith('.test.ts') && !path.startsWith('src/api/'))
    .flatMap(({ text }) => [...text.matchAll(/\btest\(\s*['"`]((?:I\d+ )+)/g)])
  return new Set(titles.flatMap(([, ids]) => ids!.trim().split(' ')))
}

/** Invariants whose test is still missing, and why. This list may only shrink. */
const unguarded: Readonly<Record<string, string>> = {}

test('every invariant of ARCHITECTURE.md has a test whose title begins with its id', () => {
  const sample = { path: 'test/sample.test.ts', text: "test('I3 I7 a claim', () => {})\ntest('a claim about I9')" }
  assert.deepEqual([...invariantsGuardedBy([sample])], ['I3', 'I7'])
  assert.deepEqual([...invariantsGuardedBy([{ ...sample, path: 'src/api/sample.test.ts' }])], [])

  const invariants = [...architecture.text.matchAll(/^\| (I\d+) \|/gm)].map(([, id]) => id!)
  assert.deepEqual(
    invariants,
    Array.from({ length: 10 }, (_, index) => `I${index + 1}`),
  )
  const guarded = invariantsGuardedBy(code)
  assert.deepEqual(
    invariants.filter((id) => !guarded.has(id)),
    Object.keys(unguarded),
    'tests are missing, or the list of gaps has an entry too many',
  )
})
