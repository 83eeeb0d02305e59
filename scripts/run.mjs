// Runs a TypeScript file of this repository with a Node that can: brings Node 26 and the packages where they are missing.
// This is the only file that must also run on an older Node (20 or newer), so it is plain JavaScript.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'

const nodeMajorMin = 26
const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..')
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'

function install(what, args, cwd) {
  process.stderr.write(`Setting up: ${what} …\n`)
  const result = spawnSync(npm, args, { cwd, encoding: 'utf8' })
  if (result.status !== 0) {
    process.stderr.write(
      `${result.stdout ?? ''}${result.stderr ?? ''}\nSetting up ${what} failed (npm ${args.join(' ')}).\n`,
    )
    process.exit(1)
  }
}

/** The path of a Node of at least `nodeMajorMin`: this one, or the one that the npm package `node` brings. */
function node() {
  if (Number(process.versions.node.split('.')[0]) >= nodeMajorMin) return process.execPath
  const home = join(root, '.cache', `node-${nodeMajorMin}`)
  const path = join(home, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  const works = () => existsSync(path) && spawnSync(path, ['--version']).status === 0
  if (!works()) {
    rmSync(home, { recursive: true, force: true })
    mkdirSync(home, { recursive: true })
    writeFileSync(join(home, 'package.json'), '{"private":true}')
    install(
      `Node ${nodeMajorMin}, beside the machine's ${process.version}`,
      ['install', '--no-audit', '--no-fund', '--ignore-scripts=false', `node@${nodeMajorMin}`],
      home,
    )
    if (!works()) {
      process.stderr.write(
        `The npm package node@${nodeMajorMin} did not bring a working ${path}. Install Node ${nodeMajorMin} and try again.\n`,
      )
      process.exit(1)
    }
  }
  return path
}

/** Installs the packages of package-lock.json where they are missing or older than it. */
function packages() {
  const stamp = join(root, 'node_modules', '.cadastre-lock')
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8')
  if (existsSync(stamp) && statSync(stamp).isFile() && readFileSync(stamp, 'utf8') === lock) return
  install('packages', ['ci', '--no-audit', '--no-fund'], root)
  writeFileSync(stamp, lock)
}

const [file, ...args] = process.argv.slice(2)
if (file === undefined) {
  process.stderr.write('usage: node scripts/run.mjs FILE.ts [ARGUMENT …]\n')
  process.exit(2)
}
const path = node()
packages()
const env = {
  // Each test file is a process of its own, and so is each server and command: what they load is compiled once.
  NODE_COMPILE_CACHE: join(root, '.cache', 'compiled'),
  ...process.env,
}
const child = spawn(path, [join(root, file), ...args], { stdio: 'inherit', env })
// A terminal signals the whole process group; a supervisor signals only us, so it is passed on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(signal ? 128 + (constants.signals[signal] ?? 0) : (code ?? 1)))
