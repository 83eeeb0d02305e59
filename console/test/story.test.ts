// What `npm run demo -- --keep` leaves behind, as somebody finds it who has its link and nothing else: four questions, each answered by
// what is read and clicked, in few steps. The pictures of the pages are made here (`npm run pictures`).
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser, Locator } from 'playwright-core'
import { buildConsole } from '../../scripts/console.ts'
import { childEnvironment, endWithThisProcess } from '../../test/children.ts'
import {
  assertHarmless,
  findViolations,
  isShown,
  narrow,
  openBrowser,
  openPage,
  signInBy,
  type Watched,
} from './browser.ts'
import { shoot } from './pictures.ts'

/** Whoever needs more clicks and fields than these has not found it by themselves. */
const stepsMax = 4
const dayMs = 86_400_000

let demo: ChildProcess
let browser: Browser
let olga: Watched
let steps = 0

before(async () => {
  await buildConsole()
  const link = await startDemo()
  browser = await openBrowser()
  olga = await openPage(browser, new URL(link).origin)
  await signInBy(olga, link)
})
after(async () => {
  await browser?.close()
  if (demo?.exitCode !== null) return
  demo.kill('SIGTERM')
  await once(demo, 'close')
})

/** The demo itself, as the README says it, at a port of the system's. */
async function startDemo(): Promise<string> {
  const home = join(import.meta.dirname, '../..')
  demo = spawn(process.execPath, ['scripts/demo.ts', '--keep'], {
    cwd: home,
    env: { ...childEnvironment, CADASTRE_PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  endWithThisProcess(demo)
  let text = ''
  return new Promise((resolve, reject) => {
    for (const stream of [demo.stdout!, demo.stderr!])
      stream.setEncoding('utf8').on('data', (part: string) => {
        text += part
        const link = /http:\S+\/console\/sign-in#\S+(?=\n)/.exec(text)?.[0]
        if (link !== undefined) resolve(link)
      })
    demo.once('close', () => reject(new Error(`The demo ended before it gave a link:\n${text.slice(-4_000)}`)))
  })
}

/** Begins where the link leads. */
async function begin(): Promise<void> {
  steps = 0
  await olga.page.goto(`${new URL(olga.page.url()).origin}/console/`)
  await isShown(olga, 'Overview')
}
async function click(what: Locator, heading?: string | RegExp): Promise<void> {
  steps++
  await what.click()
  if (heading !== undefined) await isShown(olga, heading)
}
const isRead = async (...texts: readonly (string | RegExp)[]): Promise<void> => {
  for (const text of texts) await olga.page.getByRole('main').getByText(text).first().waitFor()
}
const wasFewSteps = (): void => assert.ok(steps <= stepsMax, `it took ${steps} steps`)

/** Not one of which a part may be less than a day ago: since then it is somebody else's. */
function lastTuesday(): string {
  const today = new Date()
  const tuesday = new Date(today.getTime() - (((today.getUTCDay() + 3) % 7) + 2) * dayMs)
  assert.equal(tuesday.getUTCDay(), 2)
  return tuesday.toISOString().slice(0, 10)
}

test('which pool runs dry first stands on the page that the link leads to', async () => {
  const { page } = olga
  await begin()
  await shoot(olga, 'overview', 1180)
  const rows = page.getByRole('list', { name: 'Pools that run dry first' }).getByRole('listitem')
  await rows.first().getByText('nothing is left').waitFor()
  const next = rows.filter({ hasText: 'dry on' }).first()
  const [, day] = /dry on (\d{4}-\d\d-\d\d)/.exec(await next.innerText())!
  const ahead = Date.parse(day!) - Date.now()
  assert.ok(ahead > 3 * dayMs && ahead < 60 * dayMs, `some weeks ahead, not ${day}`)
  await click(next.getByRole('link', { name: 'prod-egress' }), 'prod-egress')
  await isRead('Runs dry', day!)
  await page.getByRole('img', { name: /^Map of 203\.0\.113\.0\/28/ }).waitFor()
  await shoot(olga, 'pool', 1180)
  wasFewSteps()
})

test('who had an address last Tuesday: the address, then the day', async () => {
  const { page } = olga
  await begin()
  steps++
  await page.keyboard.press('/')
  await page.keyboard.type('203.0.113.0')
  await page.keyboard.press('Enter')
  await isShown(olga, '203.0.113.0')
  const life = page.getByRole('main').getByRole('listitem')
  await life.filter({ hasText: /^shop \(\d+\) has 203\.0\.113\.0/ }).waitFor()
  await shoot(olga, 'address')
  steps++
  const day = lastTuesday()
  await page.getByRole('textbox', { name: 'On the day' }).fill(day)
  await isRead(`Everybody who had it, the latest first, on ${day}`)
  // Whoever has it since is not who had it then.
  await life.filter({ hasText: /^shop / }).waitFor({ state: 'detached' })
  const then = life.filter({ hasText: /^payments \(\d+\) had 203\.0\.113\.0/ })
  await then.waitFor()
  await then.getByRole('link', { name: /^Why: / }).waitFor()
  wasFewSteps()
})

test('why a team was denied: the count on the overview, the decision, its words', async () => {
  const { page } = olga
  await begin()
  await click(page.getByRole('link', { name: /^Denied: [1-9]/ }), 'Decisions')
  const ofTeam = page.getByRole('row').filter({ hasText: /shop \(\d+\).*vpc/ })
  await click(ofTeam.first().getByRole('link').first(), 'Denied')
  await isRead(/does not let you choose 10\.99\.0\.0\/16; allowed: .*\(prod-vpcs\)/, 'The way to comply')
  await shoot(olga, 'decision')
  wasFewSteps()
})

test('what a stricter policy would break: the request that waits, and the candidate beside what is in force', async () => {
  const { page } = olga
  await begin()
  await click(page.getByRole('link', { name: 'Smaller networks in production' }), 'Smaller networks in production')
  await isRead('1 newly denied', '2 no longer compliant', '/26 to /28, /26 where nothing is said')
  await page
    .getByRole('row')
    .filter({ hasText: /shop \(\d+\)/ })
    .first()
    .waitFor()
  await shoot(olga, 'change-request', 1180)
  wasFewSteps()

  await begin()
  const menu = page.getByRole('navigation')
  await click(menu.getByRole('link', { name: 'Policies' }), 'Policies')
  await click(page.getByRole('link', { name: 'production' }), 'production')
  await click(page.getByRole('link', { name: 'Candidate on Prod' }), 'Candidate of production on Prod')
  await page
    .getByRole('row')
    .filter({ hasText: /shop \(\d+\)/ })
    .getByRole('link', { name: /^allow → deny/ })
    .waitFor()
  wasFewSteps()
  await begin()
  await click(menu.getByRole('link', { name: 'Policies' }), 'Policies')
  await click(page.getByRole('button', { name: 'What is in force where' }), 'What is in force where')
  await page
    .getByRole('row')
    .filter({ hasText: /payments \(\d+\)/ })
    .waitFor()
  await shoot(olga, 'matrix', 1060)
})

test('an overview that has all of it is narrow and dark, too, and nothing was asked elsewhere', async () => {
  const { page } = olga
  await page.setViewportSize(narrow)
  await page.emulateMedia({ colorScheme: 'dark' })
  await begin()
  await assertHarmless(olga, '/')
  assert.deepEqual(await findViolations(olga), [])
  assert.deepEqual(olga.said, [])
})
