// Things with names as files: small ones in a stable order, with ids and owners in comments.
import { createHash } from 'node:crypto'
import { lstat, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isMap, isScalar, isSeq, type Node } from 'yaml'
import { Stopped } from '#cli/exit-codes.ts'
import { documentOf, yamlTextOf } from '#cli/yaml.ts'
import { isAccountId } from '#model/organization.ts'
import type { Compatibility } from '#model/policy/values.ts'
import { makeFolder } from '../folder.ts'
import { type Members, rootKey, type Thing, type ThingKind } from './estate.ts'
import { filesIn } from './folders.ts'
import type { ServerRead } from './from-server.ts'
import { shortDocument, versionOf } from './members.ts'
import { formatVersion, jsonSchema, policyMembers, poolChangeable, poolFixed } from './shape.ts'

/** By its path, what stands in it. */
export type Files = ReadonlyMap<string, string>

const schemaFile = '.cadastre/schema.json'
const written = '# Written by `cadastre export`.'
const nameCharactersMax = 80

type Item = Record<string, unknown>

/** All that a server has, as files. */
export function filesOf(read: ServerRead): Files {
  return new FilesWriter(read).files()
}

class FilesWriter {
  readonly #read: ServerRead
  /** What stands behind the name of an item. */
  readonly #comments = new WeakMap<object, string>()
  readonly #files = new Map<string, string>()
  readonly #taken = new Set<string>()

  constructor(read: ServerRead) {
    this.#read = read
  }

  files(): Files {
    const { exceptions, inside } = this.#read
    const about =
      'What the files are about, also where nothing of it is left: plans list what the server has of it and they do not.'
    this.#write('about.yaml', { ipams: [], pools: [], policies: [] }, about)
    const organization = this.#organization()
    if (organization) this.#write('organization.yaml', { organization })
    this.#write('resource-types.yaml', { resourceTypes: this.#things('resourceType').map(({ members }) => members) })
    for (const ipam of this.#things('ipam'))
      this.#write(`ipams/${fileName(ipam.key)}.yaml`, { ipams: [this.#ipam(ipam)] })
    const pools = this.#things('pool')
    const below = Map.groupBy(pools, ({ parent }) => parent)
    const scopes = this.#read.estate.of('scope')
    for (const pool of pools.filter(({ parent }) => scopes.has(parent!)))
      this.#write(`pools/${pathOf(pool.key)}.yaml`, { pools: [this.#topPool(pool, below)] })
    for (const policy of this.#things('policy')) {
      this.#write(`policies/${pathOf(policy.key)}.yaml`, { policies: [this.#policy(policy)] })
    }
    this.#write('roles.yaml', { roleBindings: this.#things('roleBinding').map((binding) => this.#binding(binding)) })
    const asked = 'To be read alone: exceptions are asked for, approved and ended at the server.'
    this.#write('exceptions.yaml', { exceptions: this.#toBeRead(exceptions, 'exceptionId') }, asked)
    const within = 'To be read alone: pools that divide a network come and go with it.'
    this.#write('networks.yaml', { poolsInNetworks: this.#toBeRead(inside, 'poolId') }, within)
    this.#files.set(schemaFile, `${JSON.stringify(jsonSchema(), null, 2)}\n`)
    return this.#files
  }

  #things = (kind: ThingKind): Thing[] =>
    [...this.#read.estate.of(kind).values()].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))

  #write(path: string, content: Item, note?: string): void {
    let free = path
    // Names that differ only in what no file name can have, or in case: on many disks those are one file.
    for (let again = 2; this.#taken.has(free.toLowerCase()); again++) free = path.replace(/\.yaml$/, `-${again}.yaml`)
    this.#taken.add(free.toLowerCase())
    const up = '../'.repeat(free.split('/').length - 1)
    const document = documentOf({ cadastre: formatVersion, ...content })
    this.#annotate(document.contents, content)
    const head = [
      `# yaml-language-server: $schema=${up}${schemaFile}`,
      written,
      ...(note === undefined ? [] : [`# ${note}`]),
    ]
    this.#files.set(free, `${head.join('\n')}\n${yamlTextOf(document)}`)
  }

  /** Puts comments behind names, wherever they are. */
  #annotate(node: unknown, value: unknown): void {
    if (isMap(node)) {
      const comment = this.#comments.get(value as object)
      for (const { key, value: inner } of node.items) {
        const name = isScalar(key) ? String(key.value) : ''
        if (
          comment !== undefined &&
          (name === 'name' || name === 'principal' || (name === 'account' && !('name' in (value as object)))) &&
          isScalar(inner)
        )
          inner.comment = ` ${comment}`
        this.#annotate(inner as Node, (value as Item)[name])
      }
    } else if (isSeq(node)) {
      for (const [index, inner] of node.items.entries()) this.#annotate(inner, (value as unknown[])[index])
    }
  }

  // Items -----------------------------------------------------------------------------------------------------------------

  #item(thing: Thing, facts: Item, more: string[] = []): Item {
    const item = withoutEmpty(facts)
    const owner = this.#read.ownerOf(thing)
    const words = [thing.id, ...(owner === undefined ? [] : [`owned by ${owner}`]), ...more].filter(
      (word) => word !== undefined,
    )
    if (words.length > 0) this.#comments.set(item, words.join(', '))
    return item
  }
  /** A name, or the id where nothing has it. */
  #called = ({ key, name, id }: Thing): Item =>
    name === undefined || key.endsWith(id!) ? { id, ...(name === undefined ? {} : { name }) } : { name }

  #node = (key: string): string => {
    if (!isAccountId(key)) return key
    return this.#read.accounts.nameOf(key, this.#read.estate.of('account').get(key)?.name)
  }

  #organization(): Item | undefined {
    const [units, accounts] = [this.#things('unit'), this.#things('account')]
    const own = this.#read.estate.of('organization').get(rootKey)
    if (units.length + accounts.length === 0 && !own) return undefined
    const unitsOf = Map.groupBy(units, ({ parent }) => parent)
    const accountsOf = Map.groupBy(accounts, ({ parent }) => parent)
    const below = (key: string): Item =>
      withoutEmpty({
        accounts: (accountsOf.get(key) ?? []).map((account) => this.#account(account)),
        units: (unitsOf.get(key) ?? []).map((unit) =>
          this.#item(unit, { name: unit.name, tags: unit.members.tags, ...below(unit.key) }),
        ),
      })
    const administrator = own?.members.ipamAdministrator as string | undefined
    const ipamAdministrator = administrator === undefined ? null : this.#node(administrator)
    return withoutEmpty({ ...(own ? { ipamAdministrator } : {}), ...below(rootKey) })
  }
  #account({ key, members: { name, parent: _, ...facts } }: Thing): Item {
    const { email, cloud, status } = facts
    // What the server gives an account that says nothing else.
    const isDrawn = email === `account@${key}.invalid`
    return withoutEmpty({
      name,
      account: key,
      ...facts,
      ...(isDrawn ? { email: undefined } : {}),
      ...(cloud === 'aws' ? { cloud: undefined } : {}),
      ...(status === 'active' ? { status: undefined } : {}),
    })
  }

  #ipam(ipam: Thing): Item {
    const { account, region, ...facts } = ipam.members
    const scopes = this.#things('scope').filter(({ parent }) => parent === ipam.key)
    return this.#item(ipam, {
      ...this.#called(ipam),
      account: this.#node(account as string),
      region,
      ...facts,
      scopes: scopes.map((scope) => this.#scope(scope)),
    })
  }
  #scope(scope: Thing): Item {
    const { name: _, ...facts } = scope.members
    const part = scope.key.split('/').at(-1)!
    const isDefault = part === 'private' || part === 'public'
    if (!isDefault) return this.#item(scope, { ...this.#called(scope), ...facts })
    return this.#item(scope, { default: part, name: scope.name, ...facts })
  }

  #topPool(pool: Thing, below: ReadonlyMap<string | undefined, readonly Thing[]>): Item {
    const { id, name, ...rest } = this.#poolFacts(pool, below)
    const item = this.#item(pool, { id, name, scope: pool.parent, family: pool.members.family, ...rest })
    return item
  }
  #poolFacts(pool: Thing, below: ReadonlyMap<string | undefined, readonly Thing[]>): Item {
    const { members } = pool
    return {
      ...this.#called(pool),
      ...inOrder(members, [...poolFixed, ...poolChangeable]),
      sharedWith: ((members.sharedWith ?? []) as string[]).map(this.#node),
      cidrs: members.cidrs,
      pools: (below.get(pool.key) ?? []).map((child) => this.#item(child, this.#poolFacts(child, below))),
    }
  }

  #policy(policy: Thing): Item {
    const { documents, drafts, assignments, ...facts } = policy.members
    const compatibility = facts.compatibility as Compatibility
    return this.#item(policy, {
      ...this.#called(policy),
      ipam: policy.parent,
      ...inOrder(facts, policyMembers),
      documents: this.#documents(documents, compatibility),
      drafts: Object.entries(drafts as Record<string, Members>)
        .sort(([a], [b]) => versionOf(a) - versionOf(b))
        .map(([label, draft]) =>
          withoutEmpty({
            name: draftName(label),
            ...(draft.compatibility === compatibility ? {} : { compatibility: draft.compatibility }),
            documents: this.#documents(draft.documents, draft.compatibility as Compatibility),
          }),
        ),
      assignments: Object.entries(assignments as Record<string, Members>)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([target, assignment]) => {
          const { draft, ...rest } = (assignment.candidate ?? {}) as { readonly draft?: string }
          const candidate = draft === undefined ? rest : { draft: draftName(draft), ...rest }
          return { target: this.#node(target), ...assignment, ...(assignment.candidate ? { candidate } : {}) }
        }),
    })
  }
  #documents = (documents: unknown, compatibility: Compatibility): Item[] =>
    sortedValues(documents as Record<string, Members>).map((document) =>
      this.#document(shortDocument(document, compatibility)),
    )
  #document({ rules, ...document }: Members): Item {
    const shown = (rules as { pool: string; when?: Members }[]).map(({ pool, when }) => ({
      pool,
      ...(when
        ? { when: { ...when, ...(when.accounts ? { accounts: (when.accounts as string[]).map(this.#node) } : {}) } }
        : {}),
    }))
    const { locale, resourceType, ...settings } = document
    return { locale, resourceType, rules: shown, ...settings }
  }

  #binding(binding: Thing): Item {
    const { principal, role, node, effect } = binding.members
    return this.#item(binding, {
      principal,
      role,
      node: this.#node(node as string),
      ...(effect === 'permit' ? {} : { effect }),
    })
  }
  #toBeRead = (items: readonly Members[], id: string): Item[] =>
    items
      .toSorted((a, b) => (String(a[id]) < String(b[id]) ? -1 : 1))
      .map((item) => {
        const nodes = Object.entries(item).flatMap(([name, value]) =>
          (name === 'target' || name === 'account') && value !== undefined ? [[name, this.#node(value as string)]] : [],
        )
        const { sharedWith } = item as { readonly sharedWith?: readonly string[] }
        return withoutEmpty({
          ...item,
          ...Object.fromEntries(nodes),
          ...(sharedWith ? { sharedWith: sharedWith.map(this.#node) } : {}),
        })
      })
}

/** As people write it. */
const draftName = (label: string): string => label.replace(' ', '-')

const inOrder = (members: Members, names: readonly string[]): Item =>
  Object.fromEntries(names.map((name) => [name, members[name]]))
const sortedValues = (values: Record<string, Members>): Members[] =>
  Object.entries(values)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, value]) => value)
const withoutEmpty = (item: Members): Item =>
  Object.fromEntries(
    Object.entries(item).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0)),
  )

/** What every file system takes, however something is called. */
function fileName(part: string): string {
  const plain = part.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+|[.-]+$/g, '')
  if (plain.length > 0 && plain.length <= nameCharactersMax) return plain
  return `${plain.slice(0, nameCharactersMax / 2)}${plain === '' ? '' : '-'}${createHash('sha256').update(part).digest('hex').slice(0, 8)}`
}
const pathOf = (key: string): string => key.split('/').map(fileName).join('/')

// The directory --------------------------------------------------------------------------------------------------------------

/** Writes them, and takes away those that were written before and are no more. Refuses to write beside what somebody else wrote. */
export async function writeFiles(folder: string, files: Files): Promise<void> {
  const before = await ownFiles(folder)
  for (const [path, text] of files) {
    await makeFolder(dirname(join(folder, path)))
    await writeFile(join(folder, path), text)
  }
  for (const path of before) if (!files.has(path)) await rm(join(folder, path))
}

/** Whatever is a link is in the way: what is written and removed is here, and nowhere else. */
async function ownFiles(folder: string): Promise<string[]> {
  if (!(await stat(folder).catch(() => undefined))) return []
  const { files, unread } = await filesIn(folder)
  const links: string[] = unread.map(({ file }) => file)
  for (const path of files) if ((await lstat(join(folder, path))).isSymbolicLink()) links.push(path)
  if (links[0] !== undefined) {
    throw new Stopped('failed', `${join(folder, links[0])} is a link, or no file, and is not written through.`, [
      'Take it away, or export to an empty directory.',
    ])
  }
  for (const path of files) {
    const text = await readFile(join(folder, path), 'utf8')
    if (!text.includes(written)) {
      throw new Stopped(
        'failed',
        `${join(folder, path)} was not written by this command, and says perhaps the same as what would be.`,
        ['Export to an empty directory, and bring over what you want.'],
      )
    }
  }
  return [...files]
}
