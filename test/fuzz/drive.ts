// The drive: nearly right requests from a seed, one after the other on one estate, and what holds of each looked at; as few as can be where
// something does not.

import { signCheckpoint } from '#operations/evidence/checkpoints.ts'
import { growTree, isTreeBehind } from '#operations/evidence/tree.ts'
import { verifyRecord } from '#operations/evidence/verify.ts'
import { verifyEd25519 } from '#operator/ed25519.ts'
import type { Store } from '#store/store.ts'
import { checkSpace } from '#store/upkeep/check.ts'
import type { Tables } from '../database.ts'
import { leaveOut } from '../living/shrink.ts'
import { choicesOf } from '../random.ts'
import { type Answer, changesNothing, isUnseeing, masked, wrongWith } from './claims.ts'
import { type Draft, drawDraft, edited, jsonOf, told, wireOf } from './requests.ts'
import { allDescribed } from './shapes.ts'
import type { Running, Site } from './site.ts'

/** Replays to make a sequence smaller; each begins with an estate of its own. */
const replaysMax = 60

export interface Problem {
  readonly problem: string
  /** Which of the requests showed it; undefined: all of them together. */
  readonly at: number | undefined
}

/** So many sequences, one after the other, have every operation in them. */
export const sequencesOfAll = 6
/** Each comes several times in one, and meets what others have made of the estate. */
const operationsOfSequence = Math.ceil(allDescribed.length / sequencesOfAll)

export function drawSequence(site: Site, seed: number, index: number, length: number): Draft[] {
  const order = choicesOf(seed).some(allDescribed, allDescribed.length, allDescribed.length)
  const choices = choicesOf(seed + index)
  const drawing = { choices, known: site.known, askers: site.askers, exampleOf: site.exampleOf }
  return Array.from({ length }, (_, n) => {
    const operation = index * operationsOfSequence + (n % operationsOfSequence)
    return drawDraft(order[operation % order.length]!, drawing)
  })
}

/** Sends them one after the other; what is wrong first, or undefined. */
export async function play(site: Site, drafts: readonly Draft[]): Promise<Problem | undefined> {
  const running = await site.start()
  try {
    const player = new Player(site, running)
    const given = await givenIn(running.store)
    for (const [at, draft] of drafts.entries()) {
      const problem = await player.ask(draft)
      if (problem !== undefined) return { problem: `${told(draft)}\n  ${problem}`, at }
    }
    const unsound = await findUnsound(running.store, given)
    return unsound === undefined ? undefined : { problem: unsound, at: undefined }
  } finally {
    await running.close()
  }
}

class Player {
  readonly #site: Site
  readonly #running: Running
  #state: Tables | undefined
  #rolesAtFirst: string | undefined
  #sent = 0

  constructor(site: Site, running: Running) {
    this.#site = site
    this.#running = running
  }

  async ask(draft: Draft): Promise<string | undefined> {
    this.#state ??= await this.#running.state()
    this.#rolesAtFirst ??= String(this.#state.role_binding)
    const answer = await this.#send(draft)
    if (typeof answer === 'string') return answer
    const wrong = wrongWith(draft, answer)
    if (wrong !== undefined) return `${wrong}\n  ${answer.status} ${answer.body.slice(0, 1_000)}${this.#faults()}`
    const hasChanged = draft.described.isWrite && !draft.isDryRun && answer.status < 300
    const told = hasChanged ? undefined : await this.#compareWithAbsent(draft, answer)
    if (told !== undefined) return told
    const state = await this.#running.state()
    const difference = hasChanged ? undefined : differenceOf(this.#state, state)
    this.#state = state
    return difference && `is answered with ${answer.status}, and has changed ${difference}`
  }

  async #send(draft: Draft, swap?: (text: string) => string): Promise<Answer | string> {
    const { host, now } = this.#running
    try {
      return await this.#running.send(wireOf(draft, { host, now, invocation: `call-${this.#sent++}` }, swap))
    } catch (error) {
      return `is not answered: ${(error as Error).message}`
    }
  }

  /** The same asked of what is not there is answered with the same. */
  async #compareWithAbsent(draft: Draft, answer: Answer): Promise<string | undefined> {
    const { asker, described, input, edits } = draft
    if (!isUnseeing(asker)) return undefined
    // What is hidden was found by the roles of the beginning.
    if (String(this.#state!.role_binding) !== this.#rolesAtFirst) return undefined
    if (!changesNothing(described) && answer.status < 300) return undefined
    const { known } = this.#site
    const hidden = known.hiddenIn(jsonOf(edited(input, edits)), asker)
    if (hidden.length === 0) return undefined
    const ids = hidden.map((id) => [id, known.absentFor(id)] as const)
    const swap = (text: string): string => ids.reduce((all, [id, absent]) => all.replaceAll(id, absent), text)
    const absent = await this.#send({ ...draft, isDryRun: described.takesDryRun }, swap)
    if (typeof absent === 'string') return absent
    // Both as dry runs, or both not.
    const { takesDryRun: isDryRun } = described
    const first = draft.isDryRun === isDryRun ? answer : await this.#send({ ...draft, isDryRun })
    if (typeof first === 'string') return first
    const [one, other] = [masked(first, hidden), masked(absent, hidden.map(swap))]
    return one === other
      ? undefined
      : `tells ${asker.name} whether ${hidden.join(', ')} is there:\n${one.slice(0, 2_000)}\n  and of what is not there:\n${other.slice(0, 2_000)}`
  }

  #faults(): string {
    const last = this.#running.faults().at(-1)
    return last === undefined ? '' : `\n  ${String((last as Error).stack ?? last)}`
  }
}

function differenceOf(before: Tables, after: Tables): string | undefined {
  for (const [table, rows] of Object.entries(after)) {
    const had = new Set(before[table])
    const added = rows.find((row) => !had.has(row))
    const has = new Set(rows)
    const gone = before[table]!.find((row) => !has.has(row))
    if (added ?? gone) return `${table}: ${gone ? `- ${gone} ` : ''}${added ? `+ ${added}` : ''}`.slice(0, 1_000)
  }
  return undefined
}

const versionsMax = 10_000
/** The estate begins with objects that no request has made. */
async function givenIn(store: Store): Promise<ReadonlySet<string>> {
  const first = { objectId: '', version: 0 }
  const { found } = await store.read((tx) => tx.evidence.unrecordedVersions(first, versionsMax))
  return new Set(found.map(({ objectId }) => objectId))
}

/** Whether space adds up, and the record is what was signed. */
async function findUnsound(store: Store, given: ReadonlySet<string>): Promise<string | undefined> {
  const space = await checkSpace(store)
  if (space.problems.length > 0) return `the check of space says: ${JSON.stringify(space.problems).slice(0, 2_000)}`
  while (await store.read(isTreeBehind)) await growTree(store)
  await signCheckpoint(store)
  const { problems: found } = await verifyRecord(store, { verify: verifyEd25519 })
  const problems = found.filter((problem) => problem.kind !== 'history-unrecorded' || !given.has(problem.object))
  return problems.length > 0 ? `the record says: ${JSON.stringify(problems).slice(0, 2_000)}` : undefined
}

// Shrinking ------------------------------------------------------------------------------------------------------------

/** Plays it; where something is wrong, the sentence that says what, with the fewest requests and edits that still show it. */
export async function findProblem(site: Site, drafts: readonly Draft[]): Promise<string | undefined> {
  const first = await play(site, drafts)
  if (!first) return undefined
  const upTo = first.at === undefined ? drafts : drafts.slice(0, first.at + 1)
  const alone = first.at === undefined ? undefined : upTo.slice(-1)
  // Mostly it needs none of those before it.
  const isAlone = alone !== undefined && (await play(site, alone)) !== undefined
  const isWrong = async (some: readonly Draft[]): Promise<boolean> => (await play(site, some)) !== undefined
  const fewest = isAlone ? alone : await leaveOut(upTo, isWrong, replaysMax)
  const [before, last] = [fewest.slice(0, -1), fewest.at(-1)]
  // The estate alone shows it.
  if (last === undefined) return first.problem
  const edits = await leaveOut(last.edits, (some) => isWrong([...before, { ...last, edits: some }]), replaysMax)
  const smallest = [...before, { ...last, edits }]
  const problem = (await play(site, smallest)) ?? first
  return [problem.problem, ...(before.length > 0 ? ['after', ...before.map((one) => `  ${told(one)}`)] : [])].join('\n')
}
