// The real Terraform with its provider of AWS, in a folder of its own, for the tests that apply something with it.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { endWithThisProcess } from '../children.ts'
import { administrator, type ServerProcess } from './server.ts'

/** A file-system mirror with the provider `hashicorp/aws`, version 5; nothing is asked of a registry. */
const mirror = process.env.CADASTRE_TEST_TERRAFORM_PLUGINS ?? '/opt/tf-plugins'
const provider = 'registry.terraform.io/hashicorp/aws/5.*/*/terraform-provider-aws_v5*'
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
  if (globSync(provider, { cwd: mirror }).length > 0) return undefined
  return `there is no provider hashicorp/aws below ${mirror}; CADASTRE_TEST_TERRAFORM_PLUGINS names a file-system mirror with one`
}

/** Garbage is collected a third as often: both programs read the schemas of all of AWS, which they keep. */
const collectingLess = { GOGC: '400' }

/**
 * The provider, in a process that all commands share: each of them would start it several times, and every start makes those schemas.
 * Configurations have one `provider` block each, since such a process is configured once for a command.
 */
async function startProvider(folder: string) {
  const [path] = globSync(provider, { cwd: mirror })
  const child = spawn(join(mirror, path!), ['-debug'], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      TMPDIR: folder,
      AWS_ACCESS_KEY_ID: administrator.accessKeyId,
      AWS_SECRET_ACCESS_KEY: administrator.secretAccessKey,
      AWS_EC2_METADATA_DISABLED: 'true',
      // Otherwise it writes down all that it does, for nobody, and each request and answer in full.
      TF_LOG_PROVIDER: 'OFF',
      TF_LOG_SDK: 'OFF',
      TF_LOG_SDK_PROTO: 'OFF',
      ...collectingLess,
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  endWithThisProcess(child)
  const ended = once(child, 'exit')
  for await (const line of createInterface({ input: child.stdout })) {
    const attach = /TF_REATTACH_PROVIDERS='(.*)'/.exec(line)?.[1]
    if (attach === undefined) continue
    child.stdout.resume()
    return {
      attach,
      async stop() {
        child.kill('SIGKILL')
        await ended
      },
    }
  }
  throw new Error('the provider ended before it could be used')
}

/** A copy of a folder of configurations beside this file, and `terraform` in it against the server. */
export async function openTerraform(server: ServerProcess, name: string) {
  const folder = await mkdtemp(join(tmpdir(), 'cadastre-terraform-'))
  await cp(join(import.meta.dirname, name), folder, { recursive: true })
  const provider = await startProvider(folder)
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    TF_REATTACH_PROVIDERS: provider.attach,
    TF_IN_AUTOMATION: '1',
    CHECKPOINT_DISABLE: '1',
    ...collectingLess,
    TF_VAR_endpoint: server.endpoint,
  }
  return {
    /** Answers what it printed. Throws where it ends with another code than the expected one. */
    async terraform(words: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<string> {
      const { code, output } = await run(words, folder, { ...env, ...more })
      assert.equal(code, 0, `terraform ${words.join(' ')}:\n${output}`)
      return output
    },
    async remove() {
      await provider.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
