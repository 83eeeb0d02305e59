// The real Terraform with its provider of AWS: what terraform/*.tf say is applied, changed and destroyed, where both are here.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { administrator, type ServerProcess, startServer } from './server.ts'

/** A file-system mirror with the provider `hashicorp/aws`, version 5; nothing is asked of a registry. */
const mirror = process.env.CADASTRE_TEST_TERRAFORM_PLUGINS ?? '/opt/tf-plugins'
const commandMs = 150_000
const scenarioMs = 400_000
/** Long enough that `destroy` meets released addresses that rest, and short enough that it can wait for them. */
const restSeconds = '12'
const parallelism = '-parallelism=20'

interface Ended {
  /** Undefined where the command could not be started, or was ended. */
  readonly code: number | undefined
  readonly output: string
}
function run(words: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { cwd, env, timeout: commandMs, maxBuffer: 64_000_000 }
    execFile('terraform', words, options, (error, stdout, stderr) => {
      const code = error ? error.code : 0
      resolve({ code: typeof code === 'number' ? code : undefined, output: stdout + stderr })
    })
  })
}

/** Why the scenario cannot run here; undefined where it can. */
async function whatIsMissing(): Promise<string | undefined> {
  const { code } = await run(['version'], tmpdir(), { PATH: process.env.PATH, CHECKPOINT_DISABLE: '1' })
  if (code !== 0) return 'there is no `terraform` on the PATH'
  if (existsSync(join(mirror, 'registry.terraform.io/hashicorp/aws'))) return undefined
  return `there is no provider hashicorp/aws below ${mirror}; CADASTRE_TEST_TERRAFORM_PLUGINS names a file-system mirror with one`
}

/** A folder with both configurations, and `terraform` in it against the server. */
async function openFolder(server: ServerProcess) {
  const folder = await mkdtemp(join(tmpdir(), 'cadastre-terraform-'))
  for (const name of ['main.tf', 'organization.tf']) {
    await copyFile(join(import.meta.dirname, 'terraform', name), join(folder, name))
  }
  const settings = join(folder, 'terraform.rc')
  await writeFile(settings, `provider_installation {\n  filesystem_mirror { path = ${JSON.stringify(mirror)} }\n}\n`)
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    TF_CLI_CONFIG_FILE: settings,
    TF_IN_AUTOMATION: '1',
    CHECKPOINT_DISABLE: '1',
    // Each command reads the schemas of all of AWS: with fewer collections of garbage that costs a third less.
    GOGC: '400',
    AWS_ACCESS_KEY_ID: administrator.accessKeyId,
    AWS_SECRET_ACCESS_KEY: administrator.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
    TF_VAR_endpoint: server.endpoint,
  }
  return {
    /** Answers what it printed. Throws where it ends with another code than the expected one. */
    async terraform(words: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<string> {
      const { code, output } = await run(words, folder, { ...env, ...more })
      assert.equal(code, 0, `terraform ${words.join(' ')}:\n${output}`)
      return output
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

const missing = await whatIsMissing()

/** Which resources of the organization reached an end, such as `Creation`, of themselves. */
const organizationIn = (output: string, end: string): readonly string[] =>
  [...output.matchAll(/^aws_organizations_(\w+\.\w+): (\w+) complete/gm)]
    .filter(([, , word]) => word === end)
    .map(([, name]) => name!)
    .sort()
const organization = ['account.billing', 'account.shop', 'organization.acme', 'organizational_unit.prod']

// One scenario: what a command costs is the provider, which each of them starts several times.
test('Terraform applies, plans no change, changes in place, and destroys, waiting for what rests; an organization with its units and accounts too', {
  skip: missing ?? false,
  timeout: scenarioMs,
}, async () => {
  const server = await startServer({ CADASTRE_QUARANTINE_SECONDS: restSeconds })
  const { terraform, remove } = await openFolder(server)
  const apply = ['apply', '-no-color', '-input=false', '-auto-approve', parallelism]
  // It ends with 2 where there is something to change.
  const plan = ['plan', '-no-color', '-input=false', '-detailed-exitcode', parallelism]
  const changed = { TF_VAR_changed: 'true' }
  try {
    await terraform(['init', '-no-color', '-input=false'])
    const applied = await terraform(apply)
    assert.match(applied, /Resources: \d+ added, 0 changed, 0 destroyed/)
    assert.deepEqual(organizationIn(applied, 'Creation'), organization)
    const found = JSON.parse(await terraform(['output', '-json', 'found'])) as object
    assert.deepEqual(found, {
      ipams: 1,
      locale: 'None',
      pools: 1,
      cidrs: ['203.0.113.0/24'],
      next: '10.0.0.0/28',
      vpc: '10.16.0.0/20',
      subnets: 1,
      eips: 2,
      eip: '203.0.113.0',
      gateway: '203.0.113.0',
      defaults: ['ipam-res-disco-', 'ipam-res-disco-assoc-', false],
    })
    await terraform(plan)
    // What cannot be changed in place is the allocation whose length is another one.
    assert.match(await terraform([...apply, '-refresh=false'], changed), /Resources: 1 added, \d+ changed, 1 destroyed/)
    const destroyed = await terraform(
      ['destroy', '-no-color', '-input=false', '-auto-approve', '-refresh=false', parallelism],
      changed,
    )
    assert.match(destroyed, /aws_vpc_ipam_pool_cidr\.edge: Still destroying/)
    assert.match(destroyed, /Destroy complete!/)
    assert.deepEqual(organizationIn(destroyed, 'Destruction'), organization)
    assert.match(await server.cadastre('check'), /no problems|ok|0 allocations/i)
  } finally {
    await remove()
    await server.stop()
  }
})
