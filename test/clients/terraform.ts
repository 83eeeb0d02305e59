// The real Terraform with its provider of AWS, in a folder of its own, for the tests that apply something with it.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { administrator, type ServerProcess } from './server.ts'

/** A file-system mirror with the provider `hashicorp/aws`, version 5; nothing is asked of a registry. */
const mirror = process.env.CADASTRE_TEST_TERRAFORM_PLUGINS ?? '/opt/tf-plugins'
const commandMs = 150_000
export const parallelism = '-parallelism=20'

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

/** Why no scenario can run here; undefined where it can. */
export async function whatIsMissing(): Promise<string | undefined> {
  const { code } = await run(['version'], tmpdir(), { PATH: process.env.PATH, CHECKPOINT_DISABLE: '1' })
  if (code !== 0) return 'there is no `terraform` on the PATH'
  if (existsSync(join(mirror, 'registry.terraform.io/hashicorp/aws'))) return undefined
  return `there is no provider hashicorp/aws below ${mirror}; CADASTRE_TEST_TERRAFORM_PLUGINS names a file-system mirror with one`
}

/** A copy of a folder of configurations beside this file, and `terraform` in it against the server. */
export async function openTerraform(server: ServerProcess, name: string) {
  const folder = await mkdtemp(join(tmpdir(), 'cadastre-terraform-'))
  await cp(join(import.meta.dirname, name), folder, { recursive: true })
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
