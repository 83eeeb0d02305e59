// A small company whose policy is in files: a server that listens, its commands, and a directory.
import assert from 'node:assert/strict'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Ended, runHere } from './clients/command.ts'
import { type NativeWorld, openNativeWorld } from './native-world.ts'
import { type Organization, withOrganization } from './organization.ts'
import { managementAccount } from './world.ts'

export interface FilesWorld {
  readonly world: NativeWorld & Organization
  readonly server: { readonly url: string; readonly token: string }
  /** The directory that `export` writes. */
  readonly folder: string
  cadastre(...words: string[]): Promise<Ended>
  /** The same, where anything but success is a failure of the test; what it printed. */
  did(...words: string[]): Promise<string>
  read(file: string): Promise<string>
  write(file: string, text: string): Promise<void>
  /** Changes one file by its text; what is to be replaced must be there. */
  edit(file: string, from: string, to: string): Promise<void>
  close(): Promise<void>
}

export async function openFilesWorld(): Promise<FilesWorld> {
  const world = await withOrganization(await openNativeWorld())
  const folder = await mkdtemp(join(tmpdir(), 'cadastre-files-'))
  const url = await world.app.listen({ port: 0, host: '127.0.0.1' })
  const token = await world.tokenOf('user:files', 'organization-administrator', '*')
  const cadastre = (...words: string[]) => runHere(words, { CADASTRE_URL: url, CADASTRE_TOKEN: token })
  const write = (file: string, text: string) => writeFile(join(folder, file), text)
  const read = (file: string) => readFile(join(folder, file), 'utf8')
  return {
    world,
    server: { url, token },
    folder,
    cadastre,
    async did(...words) {
      const { code, output, errors } = await cadastre(...words)
      assert.equal(code, 0, `cadastre ${words.join(' ')}: ${output}${errors}`)
      return output
    },
    read,
    write,
    async edit(file, from, to) {
      const text = await read(file)
      assert(text.includes(from), `${file} has ${from}: ${text}`)
      await write(file, text.replace(from, to))
    },
    async close() {
      await world.close()
      await rm(folder, { recursive: true })
    },
  }
}

/** Makes units, accounts, an IPAM, pools in pools, policies and roles. */
export async function foundCompany({ world }: Pick<FilesWorld, 'world'>): Promise<void> {
  const { rootId } = await world.get<{ rootId: string }>('/organization')
  const pool = (name: string, more: object) => ({
    operation: 'createPool',
    as: name,
    input: { name, family: 'ipv4', ...more },
  })
  const cidr = (poolId: string, block: string) => ({
    operation: 'provisionPoolCidr',
    input: { poolId: `$${poolId}`, cidr: block },
  })
  const inside = { scopeId: '$main.privateScopeId' }
  const operations = [
    { operation: 'createUnit', input: { name: 'Prod', parentId: rootId, tags: { stage: 'prod' } }, as: 'prod' },
    { operation: 'createUnit', input: { name: 'Shops', parentId: '$prod' }, as: 'shops' },
    { operation: 'createUnit', input: { name: 'Lab', parentId: rootId }, as: 'lab' },
    {
      operation: 'createAccount',
      input: { name: 'network', parentId: '$prod', account: '222222222222' },
      as: 'network',
    },
    {
      operation: 'createAccount',
      input: { name: 'shop', parentId: '$shops', account: '333333333333', tags: { team: 'web' } },
      as: 'shop',
    },
    { operation: 'createAccount', input: { name: 'tester', parentId: '$lab', account: '444444444444' }, as: 'tester' },
    { operation: 'putIpamAdministrator', input: { account: '$network' } },
    {
      operation: 'createIpam',
      input: {
        account: '$network',
        region: 'us-east-1',
        name: 'main',
        operatingRegions: ['us-east-1', 'eu-central-1'],
      },
      as: 'main',
    },
    { operation: 'createScope', input: { ipamId: '$main', name: 'overlap', description: 'What stands twice' } },
    pool('company', inside),
    cidr('company', '10.0.0.0/8'),
    pool('us', {
      ...inside,
      parentPoolId: '$company',
      locale: 'us-east-1',
      sharedWith: ['$prod', '$tester'],
      tags: { team: 'net' },
    }),
    cidr('us', '10.1.0.0/16'),
    cidr('us', '10.3.0.0/16'),
    pool('eu', {
      ...inside,
      parentPoolId: '$company',
      locale: 'eu-central-1',
      quarantineSeconds: 60,
      requiredTags: { team: 'web' },
    }),
    {
      operation: 'createPolicy',
      input: { ipamId: '$main', name: 'networks', contact: 'net@example.com' },
      as: 'networks',
    },
    {
      operation: 'putPolicyDocument',
      input: {
        policyId: '$networks',
        locale: 'us-east-1',
        resourceType: 'vpc',
        rules: [{ poolId: '$us', when: { organizationalUnits: ['$prod'], accounts: ['$shop'] } }],
        size: { min: 20, default: 24, max: 28 },
      },
    },
    {
      operation: 'putPolicyAssignment',
      input: { policyId: '$networks', targetId: '$prod', kind: 'default', mode: 'enforce' },
    },
    {
      operation: 'putPolicyAssignment',
      input: { policyId: '$networks', targetId: '$tester', kind: 'default', mode: 'observe' },
    },
    { operation: 'createRoleBinding', input: { principal: 'user:olga', role: 'auditor', node: '$prod' } },
    {
      operation: 'createResourceType',
      input: {
        resourceType: 'oci:gateway',
        summary: 'A gateway.',
        scopeTypes: ['private'],
        takes: 'cidr',
        lengths: { ipv4: { min: 20, max: 28 } },
      },
    },
  ]
  const { status, body } = await world.ask('POST', '/governance/apply', { body: { operations } })
  assert.equal(status, 200, JSON.stringify(body))
  assert(managementAccount)
}

/** All files of a directory, by their paths. */
export async function filesIn(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files: Record<string, string> = {}
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    files[path.slice(folder.length + 1)] = await readFile(path, 'utf8')
  }
  return files
}

export const copyFolder = (from: string, to: string): Promise<void> => cp(from, to, { recursive: true })
