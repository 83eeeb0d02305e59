// The log of evidence at the server's own machine: whether the record is what was signed, and what others keep or are given of it.
import { createHash } from 'node:crypto'
import { open, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { UsageProblem } from '#cli/exit-codes.ts'
import { parseCheckpoint } from '#model/evidence/checkpoint.ts'
import { formatVerifierKey, parseNote, parseVerifierKey, type VerifierKey } from '#model/evidence/note.ts'
import { signedCheckpoint, unwitnessedBy } from '#model/evidence/signed.ts'
import type { Store } from '#store/store.ts'
import { verifyEd25519 } from './ed25519.ts'
import { type Arguments, type AtServer, failed, print, withStore } from './surroundings.ts'

/** What was found: the same members whatever was looked at. */
interface Found {
  readonly problems: readonly { readonly kind: string }[]
  readonly leaves?: number
  readonly checkpoints?: number
  readonly records?: number
  readonly erased?: number
  readonly waiting?: number
  /** Of a pack: what its lines are believed by. */
  readonly proven?: Readonly<Record<string, number>>
  readonly signed?: Readonly<Record<string, number>>
  readonly isRecounted?: boolean
}

export async function auditVerify(args: Arguments, [path]: readonly string[], at: AtServer): Promise<number> {
  const keys = await keysIn(args)
  if (path !== undefined) {
    if (keys.length === 0) throw new UsageProblem('Whose log is it? Give its public key with `--key`.')
    const known = args.get('checkpoint')
    if (!/^https?:\/\//.test(path)) return tell(args, at, await verifyPath(path, keys, known))
    return verifyUrl(args, at, { text: path, keys, known })
  }
  const { verifyRecord } = await import('#operations/evidence/verify.ts')
  return withStore(at.readSettings, async (store) => {
    const report = await verifyRecord(store, { verify: verifyEd25519, ...(keys.length > 0 ? { keys } : {}) })
    const known = args.get('checkpoint')
    const disagrees = known !== undefined && !(await isOfThis(store, await readFile(known, 'utf8')))
    const problems = disagrees
      ? [...report.problems, { kind: 'checkpoints-disagree', checkpoint: known }]
      : report.problems
    return tell(args, at, { ...report, problems })
  })
}
interface RemoteAsked {
  readonly text: string
  readonly keys: readonly VerifierKey[]
  readonly known: string | undefined
}
/** The log of a server, from wherever there is a way to it. */
async function verifyUrl(args: Arguments, at: AtServer, { text, keys, known }: RemoteAsked): Promise<number> {
  const { logUrlOf, RemoteLog, Unreadable } = await import('./remote-log.ts')
  const { findServer } = await import('#cli/profiles.ts')
  const { verifyLog } = await import('#operations/evidence/verify-log.ts')
  const { sha256 } = await import('#operations/evidence/sha256.ts')
  const url = logUrlOf(text)
  if (url === undefined) throw new UsageProblem(`\`${text}\` is no URL such as \`https://cadastre.example.com\`.`)
  const signedIn = await findServer(at.around().settings, {})
  // A token goes to the server that it is of, and to no other.
  const log = new RemoteLog(url, signedIn && url.startsWith(`${signedIn.url}/`) ? signedIn.token : undefined)
  try {
    const checkpoint = await cosignedIn(log, keys)
    const checkpoints = [{ name: 'checkpoint', note: checkpoint }]
    if (known !== undefined) checkpoints.push({ name: known, note: await readFile(known, 'utf8') })
    // How much there is to read is believed of nobody but whoever has the key.
    const newest = signedCheckpoint(checkpoint, { sha256, verify: verifyEd25519, keys })
    const size = typeof newest === 'string' ? 0 : newest.size
    log.expect(size)
    return await tell(
      args,
      at,
      await verifyLog({ read: (file) => log.read(file), checkpoints, size }, keys, verifyEd25519),
    )
  } catch (error) {
    if (error instanceof Unreadable) return failed(`Nothing can be said of the log: ${error.message}.`)
    throw error
  }
}
/** A checkpoint is there before its witnesses have signed it: they are asked within a second. */
const triesMax = 5
const witnessPauseMs = 1_000
/** The newest checkpoint, with its witnesses' signatures where they come. */
async function cosignedIn(log: { checkpoint(): Promise<string> }, keys: readonly VerifierKey[]): Promise<string> {
  const { sha256 } = await import('#operations/evidence/sha256.ts')
  const verifier = { sha256, verify: verifyEd25519, keys }
  for (let tries = 1; ; tries++) {
    const checkpoint = await log.checkpoint()
    if (tries === triesMax || unwitnessedBy(checkpoint, verifier).length === 0) return checkpoint
    await sleep(witnessPauseMs)
  }
}
/** Whether a checkpoint that somebody has kept is of a tree that this one begins with. */
async function isOfThis(store: Store, note: string): Promise<boolean> {
  const { TreeReader } = await import('#operations/evidence/tree.ts')
  const kept = parseCheckpoint(parseNote(note)?.text ?? '')
  return store.read(async (tx) => {
    const { size } = await tx.evidence.log()
    if (!kept || kept.size > size) return false
    return Buffer.compare(kept.root, await new TreeReader(tx).root(kept.size)) === 0
  })
}

async function tell(args: Arguments, at: AtServer, found: Found): Promise<number> {
  const isSound = found.problems.length === 0
  const lines = found.problems.map((problem) => {
    const { kind, ...facts } = problem
    return `${kind}: ${Object.entries(facts)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')}`
  })
  // Whoever asks for a format reads the problems in the answer.
  if (!args.has('output')) for (const line of lines) process.stderr.write(`${line}\n`)
  const counts = (['leaves', 'checkpoints', 'records', 'erased', 'waiting'] as const).flatMap((name) =>
    found[name] === undefined ? [] : [`${found[name]} ${name}`],
  )
  await print(args, at, {
    answer: {
      isSound,
      leaves: found.leaves,
      checkpoints: found.checkpoints,
      records: found.records,
      erased: found.erased,
      waiting: found.waiting,
      proven: found.proven,
      signed: found.signed,
      isRecounted: found.isRecounted,
      problems: found.problems,
    },
    fields: [
      ...(['isSound', 'leaves', 'checkpoints', 'records', 'erased', 'waiting'] as const),
      ...(['proven', 'signed', 'isRecounted', 'problems'] as const),
    ],
    text: `${counts.join(', ')}: ${isSound ? 'sound' : `${lines.length} problems`}.\n${isSound ? believedBy(found) : ''}`,
  })
  return isSound ? 0 : 1
}

/** What of a pack the log proves, and what its signature alone stands for: nobody is to take the one for the other. */
function believedBy({ proven, signed, isRecounted }: Found): string {
  if (!proven || !signed) return ''
  const named = (some: Readonly<Record<string, number>>): string =>
    Object.entries(some)
      .map(([kind, count]) => `${count} ${kind}`)
      .join(', ') || 'nothing'
  const days = isRecounted
    ? 'What does not comply each day was counted again from the findings.'
    : 'What does not comply each day has no findings to be counted again from.'
  const all = [
    `Proven by the log: ${named(proven)}.`,
    `Under the signature alone: ${named(signed)}, and that nothing is left out.`,
    ...(signed.compliance === undefined ? [] : [days]),
  ]
  return `${all.join('\n')}\n`
}

/** Keys as text, or in files with one on each line. */
async function keysIn(args: Arguments): Promise<readonly VerifierKey[]> {
  const given = args.get('key')
  if (given === undefined) return []
  const { sha256 } = await import('#operations/evidence/sha256.ts')
  const text = /^\S+\+[0-9a-f]{8}\+\S+$/.test(given) ? given : await readFile(given, 'utf8')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const key = parseVerifierKey(sha256, line)
      if (!key)
        throw new UsageProblem(
          `\`${line}\` is no public key of a log: \`NAME+HASH+KEY\`, as \`cadastre audit key\` prints it.`,
        )
      return key
    })
}

async function verifyPath(path: string, keys: readonly VerifierKey[], known: string | undefined): Promise<Found> {
  const verifier = { keys, verify: verifyEd25519 }
  if ((await stat(path)).isDirectory()) return verifyFolder(path, keys, known)
  const { packFormat, proofFormat, verifyPack, verifyProof } = await import('#operations/evidence/packs.ts')
  const text = await readFile(path, 'utf8')
  if (text.includes(`"format":"${packFormat}"`)) return verifyPack(text, verifier)
  const proof = text.includes(`"format":"${proofFormat}"`) ? parsed(text) : undefined
  if (!proof) return { problems: [{ kind: 'unreadable' }] }
  return verifyProof(proof as Parameters<typeof verifyProof>[0], verifier)
}
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // It is told as a file that cannot be read.
    return undefined
  }
}

async function verifyFolder(folder: string, keys: readonly VerifierKey[], known: string | undefined): Promise<Found> {
  const { verifyLog } = await import('#operations/evidence/verify-log.ts')
  const read = async (path: string) => {
    try {
      return await readFile(join(folder, path))
    } catch (error) {
      // It is told as missing.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }
  const names = (await readdir(join(folder, 'checkpoints')).catch(() => [])).sort()
  const files = ['checkpoint', ...names.map((name) => `checkpoints/${name}`)]
  const checkpoints: { name: string; note: string }[] = []
  for (const name of files) {
    const note = await read(name)
    if (note) checkpoints.push({ name, note: note.toString() })
  }
  if (known !== undefined) checkpoints.push({ name: known, note: await readFile(known, 'utf8') })
  const newest = parseCheckpoint(parseNote(checkpoints[0]?.note ?? '')?.text ?? '')
  return verifyLog({ read, checkpoints, size: newest?.size ?? 0 }, keys, verifyEd25519)
}

export async function auditKey(args: Arguments, _more: readonly string[], at: AtServer): Promise<number> {
  const { witnessKeyOf } = await import('#operations/evidence/witnessing.ts')
  const { verifierKeyOf } = await import('#operations/evidence/checkpoints.ts')
  const { sha256 } = await import('#operations/evidence/sha256.ts')
  return withStore(at.readSettings, async (store) => {
    const keys = (await store.read((tx) => tx.evidence.keys())).map((key) =>
      formatVerifierKey(sha256, args.has('witness') ? witnessKeyOf(key) : verifierKeyOf(key)),
    )
    if (keys.length === 0) return failed('Nothing was signed yet: a server signs within a minute of its start.')
    await print(args, at, { answer: { keys }, fields: ['keys'], text: keys.map((key) => `${key}\n`).join('') })
    return 0
  })
}

/** Brings the log up to what is on record, and signs it, beside the servers that do so every minute. */
async function signNow(store: Store): Promise<void> {
  const { growTree, isTreeBehind } = await import('#operations/evidence/tree.ts')
  const { signCheckpoint } = await import('#operations/evidence/checkpoints.ts')
  while (await store.read(isTreeBehind)) await growTree(store)
  await signCheckpoint(store)
}

export async function auditExport(args: Arguments, _more: readonly string[], at: AtServer): Promise<number> {
  const { OtherLog, writeLog } = await import('#jobs/evidence-folder.ts')
  const folder = args.get('to')!
  return withStore(at.readSettings, async (store) => {
    await signNow(store)
    try {
      const leaves = await writeLog(store, folder)
      await print(args, at, {
        answer: { folder, leaves },
        fields: ['folder', 'leaves'],
        text: `${leaves} leaves in ${folder}.\n`,
      })
      return 0
    } catch (error) {
      if (error instanceof OtherLog) return failed(`Nothing was written: ${error.message}.`)
      throw error
    }
  })
}

export async function auditProve(_args: Arguments, [change]: readonly string[], at: AtServer): Promise<number> {
  const { proofOf } = await import('#operations/evidence/packs.ts')
  if (change === undefined || !/^\d{1,16}$/.test(change))
    throw new UsageProblem('Which change? `cadastre change list` has their ids.')
  return withStore(at.readSettings, async (store) => {
    await signNow(store)
    const proof = await proofOf(store, Number(change))
    if (!proof) return failed(`There is no change \`${change}\` on record.`)
    process.stdout.write(`${JSON.stringify(proof)}\n`)
    return 0
  })
}

export async function auditPack(args: Arguments, _more: readonly string[], at: AtServer): Promise<number> {
  const { packLines, sealPack } = await import('#operations/evidence/packs.ts')
  const { hasRecord } = await import('#operations/evidence/part.ts')
  const [from, until] = [momentIn(args, 'from', 0), momentIn(args, 'until', Date.now())]
  const file = args.get('to')!
  const { hasDatabaseOf } = await import('../opening.ts')
  const { findServer } = await import('#cli/profiles.ts')
  const server = hasDatabaseOf(at.readSettings()) ? undefined : await findServer(at.around().settings, {})
  const told = (records: number) => ({
    answer: { file, records },
    fields: ['file', 'records'],
    text: `${records} records in ${file}.\n`,
  })
  if (server) {
    const { Unpacked, writePackOf } = await import('./remote-pack.ts')
    try {
      await print(args, at, told(await writePackOf(server, { from, until, node: args.get('node') }, file)))
      return 0
    } catch (error) {
      if (error instanceof Unpacked) return failed(`There is no pack: ${error.message}`)
      throw error
    }
  }
  return withStore(at.readSettings, async (store) => {
    await signNow(store)
    const node = args.get('node')
    const isThere = node === undefined || (await store.read((tx) => hasRecord(tx, node)))
    if (!isThere) {
      return failed(`There is no node \`${node}\` in the organization.`)
    }
    const digest = createHash('sha256')
    const to = (await open(file, 'wx')).createWriteStream()
    let records = 0
    const write = async (line: string): Promise<void> => {
      digest.update(`${line}\n`)
      if (!to.write(`${line}\n`)) await new Promise((resolve) => to.once('drain', resolve))
    }
    for await (const line of packLines(store, { from, until, node })) {
      if (line.kind === 'record') records++
      await write(JSON.stringify(line))
    }
    to.end(`${await sealPack(store, digest.digest())}\n`)
    await finished(to)
    await print(args, at, told(records))
    return 0
  })
}
function momentIn(args: Arguments, flag: string, otherwise: number): number {
  const text = args.get(flag)
  const moment = text === undefined ? otherwise : Date.parse(text)
  if (Number.isNaN(moment))
    throw new UsageProblem(`\`--${flag}\` is a moment, such as \`2026-11-01T00:00:00Z\`, and not \`${text}\`.`)
  return moment
}

export async function auditNewKey(args: Arguments, _more: readonly string[], at: AtServer): Promise<number> {
  const { originOf, verifierKeyOf } = await import('#operations/evidence/checkpoints.ts')
  const { sha256 } = await import('#operations/evidence/sha256.ts')
  return withStore(at.readSettings, async (store, config) => {
    const key = await store.write(async (tx) => {
      const made = await tx.evidence.makeKey(originOf(tx))
      const change = { action: 'MakeEvidenceKey', account: config.bootstrap.account, subjects: [`key:${made.n}`] }
      await tx.journal.recordOwn(tx, 'operator', change)
      return formatVerifierKey(sha256, verifierKeyOf(made))
    })
    await signNow(store)
    await print(args, at, { answer: { key }, fields: ['key'], text: `${key}\n` })
    return 0
  })
}

export async function auditErase(args: Arguments, _more: readonly string[], at: AtServer): Promise<number> {
  const { erasePrincipal } = await import('#operations/evidence/erasing.ts')
  const principal = args.get('principal')!
  const work: Parameters<typeof withStore>[1] = async (store, config) => {
    const found = await erasePrincipal(store, config.bootstrap.account, principal)
    const { erased, made, good } = found
    if (erased + made + good === 0) return failed(`Nothing is on record of \`${principal}\`.`)
    const lines = [
      `Erased from ${erased} kinds of requests, and as a maker of ${made} tokens.`,
      ...(good === 0
        ? []
        : [
            `${good} tokens that they made are good and name them: revoke these (\`cadastre token list\`), and erase again.`,
          ]),
      'What stays: their own tokens, and names in what was changed, asked for and told.',
    ]
    await print(args, at, {
      answer: { ...found },
      fields: ['erased', 'made', 'good'],
      text: `${lines.join('\n')}\n`,
    })
    return 0
  }
  return withStore(at.readSettings, work, { isOwner: true })
}
