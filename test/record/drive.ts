// A drive of random steps against running servers, with a ledger beside them that every answer of the record must agree with.
import fc from 'fast-check'
import { clientTokenMs } from '#operations/execute.ts'
import { checkSpace } from '#store/upkeep/check.ts'
import { lab, network, shop } from '../acme.ts'
import type { Engine } from '../engines.ts'
import { type Beginning, begin, type Place, serversMax } from '../living/places.ts'
import { type Request, Server } from '../living/server.ts'
import { leaveOut } from '../living/shrink.ts'
import { Book } from './book.ts'
import {
  expectedLines,
  finalPartOf,
  type Item,
  type Line,
  lineIn,
  type Question,
  questionOf,
  type Version,
  versionLineIn,
  versionLines,
} from './questions.ts'
import { buildSite, type Site } from './site.ts'
import { type Known, type Numbers, plans } from './steps.ts'

/** What went wrong, in words. */
export class Finding extends Error {}

type Choices = readonly [number, number, number, number, number]
export type Step =
  | {
      readonly do: 'work'
      readonly what: string
      readonly numbers: Numbers
      readonly isDryRun: boolean
      readonly server: number
    }
  | { readonly do: 'pass'; readonly milliseconds: number }
  | { readonly do: 'restart' | 'sweep'; readonly server: number }
  /** Asks for all of it, page after page. */
  | { readonly do: 'ask'; readonly choices: Choices; readonly limit: number; readonly server: number }
  /** Asks for the first page of what was at a moment; the others are asked for one by one while more happens. */
  | { readonly do: 'begin pages'; readonly choices: Choices; readonly server: number }
  /** Asks for all states of one tenure, as versions of an object. */
  | { readonly do: 'ask versions'; readonly n: number; readonly limit: number; readonly server: number }
  /** Asks again what was asked before. */
  | { readonly do: 'ask again'; readonly n: number; readonly server: number }

const accounts = [shop, lab, network] as const
const pageSizes = [1, 2, 3, 50]
const pagesMax = 2_000
/** Questions that are asked again later, and walks that are under way. */
const askedMax = 200
const walksMax = 3
const replaysMax = 200

// Drawing --------------------------------------------------------------------------------------------------------------

const number = fc.nat({ max: 9_999 })
const numbers = fc.tuple(number, number, number, number, number)
function stepsOf(engine: Engine): fc.Arbitrary<Step> {
  const server = fc.nat({ max: serversMax[engine] - 1 })
  const some = (weight: number, arbitrary: fc.Arbitrary<Step>) => ({ weight, arbitrary })
  return fc.oneof(
    some(
      50,
      fc.record({
        do: fc.constant('work' as const),
        what: fc.constantFrom(...Object.keys(plans)),
        numbers,
        isDryRun: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
        server,
      }),
    ),
    some(
      16,
      fc.record({ do: fc.constant('pass' as const), milliseconds: fc.constantFrom(1, 7, 1_000, 5_000, 600_000) }),
    ),
    some(1, fc.record({ do: fc.constant('restart' as const), server })),
    some(3, fc.record({ do: fc.constant('sweep' as const), server })),
    some(
      20,
      fc.record({ do: fc.constant('ask' as const), choices: numbers, limit: fc.constantFrom(...pageSizes), server }),
    ),
    some(
      6,
      fc.record({ do: fc.constant('ask versions' as const), n: number, limit: fc.constantFrom(...pageSizes), server }),
    ),
    some(6, fc.record({ do: fc.constant('begin pages' as const), choices: numbers, server })),
    some(8, fc.record({ do: fc.constant('ask again' as const), n: number, server })),
  )
}
/** Always the same for a seed. */
export function drawSequences(engine: Engine, seed: number, count: number, length: number): Step[][] {
  const sequence = fc.array(stepsOf(engine), { minLength: length, maxLength: length, size: 'max' })
  return fc.sample(sequence, { seed, numRuns: count })
}

// Playing --------------------------------------------------------------------------------------------------------------

interface Page<Shown> {
  readonly items: readonly Shown[]
  readonly nextCursor?: string
  readonly asOf: string
}
/** A question whose pages are asked for one after the other. */
interface Walk {
  readonly question: Question
  readonly lines: Line[]
  cursor: string
}

let beginning: Promise<Beginning<Site>> | undefined
/** Once no drive is under way any more. */
export async function removeBeginning(): Promise<void> {
  await (await beginning)?.remove()
  beginning = undefined
}
async function siteIn(place: Place): Promise<Site> {
  const store = await place.open(0)
  try {
    return await buildSite(await Server.open('the first server', store))
  } finally {
    await store.close()
  }
}

class Drive {
  readonly log: string[] = []
  readonly servers: Server[] = []
  readonly #place: Place
  readonly #known: Known
  /** Questions about a time that is over, with what was answered: that can never change. */
  readonly #asked: { readonly question: Question; readonly lines: readonly Line[] }[] = []
  #walks: Walk[] = []
  questions = 0

  static async open(engine: Engine): Promise<Drive> {
    beginning ??= begin(engine, siteIn)
    const { place, known } = await (await beginning).openPlace()
    const drive = new Drive(place, { ...known, book: new Book() })
    for (let server = 0; server < serversMax[engine]; server++) await drive.#start(server)
    return drive
  }
  private constructor(place: Place, known: Known) {
    this.#place = place
    this.#known = known
  }
  async close(): Promise<void> {
    for (const { store } of this.servers) await store.close()
    await this.#place.remove()
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'work':
        return this.#work(step)
      case 'pass':
        this.log.push(`${step.milliseconds} ms pass`)
        this.#place.now += step.milliseconds
        return this.#known.book.lapse(this.#place.now)
      case 'restart':
        this.log.push(`server ${step.server} is restarted`)
        await this.servers[step.server]!.store.close()
        return this.#start(step.server)
      case 'sweep':
        this.log.push(`server ${step.server} ends quarantines`)
        await this.servers[step.server]!.store.write(async (tx) => {
          await tx.resting.end(3)
          await tx.tokens.forget(tx.now - clientTokenMs, 100)
        })
        return
      case 'ask':
        return this.#ask(step)
      case 'ask versions':
        return this.#askVersions(step)
      case 'begin pages':
        return this.#beginPages(step)
      case 'ask again': {
        const asked = this.#asked[step.n % Math.max(1, this.#asked.length)]
        if (asked) await this.#askAgain(asked, step.server)
        return
      }
    }
  }
  /** Ends all walks, asks everything once more, and proves the tables. */
  async finish(): Promise<void> {
    while (this.#walks.length > 0) await this.#goOn(0)
    for (const asked of this.#asked) await this.#askAgain(asked, 0)
    const { tenures } = this.#known.book
    if (tenures.length > 0) await this.#ask({ choices: [0, 3, 0, 0, 2], limit: 50, server: 0 })
    const { problems } = await checkSpace(this.servers[0]!.store)
    if (problems.length > 0) throw new Finding(`the check of space says: ${JSON.stringify(problems)}`)
  }

  async #start(server: number): Promise<void> {
    this.servers[server] = await Server.open(`server ${server}`, await this.#place.open(server))
  }
  async #work({ what, numbers, isDryRun, server }: Step & { do: 'work' }): Promise<void> {
    const plan = plans[what]!(this.#known, numbers)
    if (!plan) return
    const request = isDryRun ? { ...plan.request, isDryRun: true } : plan.request
    const answer = await this.servers[server]!.ask(request)
    this.log.push(`server ${server} at ${this.#place.now}: ${textOf(request)} → ${JSON.stringify(answer)}`)
    if (answer.kind === 'trouble') throw new Finding(`${what} was answered: ${answer.message}`)
    if (answer.kind === 'done' && !isDryRun) plan.learn(answer.output as never, this.#place.now, answer.decisions)
    // Whatever happened, other pages of what was are asked for in between.
    if (this.#walks.length > 0) await this.#goOn(server)
  }

  async #ask({ choices, limit, server }: { choices: Choices; limit: number; server: number }): Promise<void> {
    const { book } = this.#known
    if (book.tenures.length === 0) return
    const question = questionOf(book, choices, accounts)
    const lines = (await this.#pages<Item>(requestOf(question), limit, server)).map(lineIn)
    this.#compare(question, lines)
    const isOver = question.span.until <= this.#place.now
    if (!isOver || this.#asked.length >= askedMax) return
    // Once more, all at once: up to which moment is it final?
    const { asOf } = await this.#page(requestOf(question), { limit: 1 }, server)
    if (Date.parse(asOf) >= question.span.until - 1)
      this.#asked.push({ question, lines: lines.map(finalPartOf).sort() })
  }
  async #beginPages({ choices: [a, b, c, , e], server }: Step & { do: 'begin pages' }): Promise<void> {
    const { book } = this.#known
    if (book.tenures.length === 0 || this.#walks.length >= walksMax) return
    // At one moment.
    const question = questionOf(book, [a, b, c, 1, e], accounts)
    if (question.span.until > this.#place.now) return
    const page = await this.#page<Item>(requestOf(question), { limit: 2 }, server)
    const lines = page.items.map(lineIn).map(finalPartOf)
    if (page.nextCursor !== undefined) this.#walks.push({ question, lines, cursor: page.nextCursor })
  }
  async #goOn(server: number): Promise<void> {
    const walk = this.#walks.shift()!
    const page = await this.#page<Item>(requestOf(walk.question), { limit: 2, cursor: walk.cursor }, server)
    walk.lines.push(...page.items.map(lineIn).map(finalPartOf))
    if (page.nextCursor !== undefined) this.#walks.push({ ...walk, cursor: page.nextCursor })
    else this.#compareFinal(walk.question, walk.lines, 'page by page, while more happened, ')
  }
  async #askAgain({ question, lines }: { question: Question; lines: readonly Line[] }, server: number): Promise<void> {
    const now = (await this.#pages<Item>(requestOf(question), 50, server)).map(lineIn).map(finalPartOf)
    const difference = differenceOf(lines, now.sort())
    if (difference) throw new Finding(`${textOf(requestOf(question))} is answered otherwise than before: ${difference}`)
    this.#compareFinal(question, now, '')
  }
  async #askVersions({ n, limit, server }: Step & { do: 'ask versions' }): Promise<void> {
    const { tenures } = this.#known.book
    if (tenures.length === 0) return
    const tenure = tenures[n % tenures.length]!
    const request = { api: 'native', name: 'getObjectHistory', input: { objectId: tenure.id } } as const
    const answered = (await this.#pages<Version>(request, limit, server)).map(versionLineIn)
    const difference = differenceOf(versionLines(tenure).toReversed(), answered)
    if (difference) throw new Finding(`${textOf(request)}, asked at ${this.#place.now}: ${difference}`)
  }
  /** What is on all pages. */
  async #pages<Shown>(request: Unsigned, limit: number, server: number): Promise<Shown[]> {
    const items: Shown[] = []
    for (let cursor: string | undefined, pages = 0; pages === 0 || cursor !== undefined; pages++) {
      if (pages > pagesMax) throw new Finding(`${textOf(request)} has pages without end`)
      const page: Page<Shown> = await this.#page(request, { limit, cursor }, server)
      items.push(...page.items)
      cursor = page.nextCursor
    }
    return items
  }
  async #page<Shown>(
    unsigned: Unsigned,
    { limit, cursor }: { limit: number; cursor?: string | undefined },
    server: number,
  ): Promise<Page<Shown>> {
    this.questions++
    const paging = cursor === undefined ? { limit } : { limit, cursor }
    const request: Request = { ...unsigned, as: this.#known.token }
    const answer = await this.servers[server]!.ask({ ...request, input: { ...unsigned.input, ...paging } })
    if (answer.kind !== 'done') throw new Finding(`${textOf(request)} is answered ${JSON.stringify(answer)}`)
    return answer.output as Page<Shown>
  }
  #compare(question: Question, lines: readonly Line[]): void {
    this.#say(question, differenceOf(expectedLines(this.#known.book, question).sort(), [...lines].sort()), '')
  }
  #compareFinal(question: Question, lines: readonly Line[], how: string): void {
    const expected = expectedLines(this.#known.book, question).map(finalPartOf)
    this.#say(question, differenceOf(expected.sort(), [...lines].sort()), how)
  }
  #say(question: Question, difference: string | undefined, how: string): void {
    if (difference === undefined) return
    throw new Finding(`${textOf(requestOf(question))}, asked ${how}at ${this.#place.now}: ${difference}`)
  }
}

type Unsigned = Omit<Request, 'as'>
const requestOf = ({ name, input }: Question): Unsigned => ({ api: 'native', name, input })
const textOf = ({ name, input, isDryRun }: Unsigned): string =>
  `${name} ${JSON.stringify(input)}${isDryRun ? ' (dry run)' : ''}`

/** The first lines that only one of two has; both are in order. */
function differenceOf(expected: readonly string[], answered: readonly string[]): string | undefined {
  if (expected.join('\n') === answered.join('\n')) return undefined
  const only = (some: readonly string[], others: readonly string[]) => {
    const left = [...others]
    return some.filter((line) => {
      const at = left.indexOf(line)
      if (at >= 0) left.splice(at, 1)
      return at < 0
    })
  }
  const shown = (lines: readonly string[]) => lines.slice(0, 3).join('\n    ') || 'nothing'
  return `of ${expected.length} lines\n  only in the ledger:\n    ${shown(only(expected, answered))}\n  only in the answer:\n    ${shown(only(answered, expected))}`
}

/** What is wrong after these steps, with what was done until then, and how many pages were asked for. */
async function play(
  engine: Engine,
  steps: readonly Step[],
): Promise<{ problem?: string; readonly log: readonly string[]; readonly questions: number }> {
  const drive = await Drive.open(engine)
  try {
    for (const step of steps) await drive.take(step)
    await drive.finish()
    return { log: drive.log, questions: drive.questions }
  } catch (error) {
    if (!(error instanceof Finding)) throw error
    return { problem: error.message, log: drive.log, questions: drive.questions }
  } finally {
    await drive.close()
  }
}

/** Plays it; where something is wrong, says what, with the smallest sequence that still shows it. */
export async function findProblem(
  engine: Engine,
  steps: readonly Step[],
): Promise<{ readonly problem?: string; readonly questions: number }> {
  const first = await play(engine, steps)
  if (first.problem === undefined) return { questions: first.questions }
  const isWrong = async (rest: readonly Step[]) => (await play(engine, rest)).problem !== undefined
  const smallest = await leaveOut(steps, isWrong, replaysMax)
  const { problem = first.problem, log } = await play(engine, smallest)
  return { problem: [problem, '', `after ${smallest.length} steps:`, ...log].join('\n  '), questions: first.questions }
}
