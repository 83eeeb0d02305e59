// The demo's estate tells its story to whoever has the link alone: four questions, each answered within a few clicks. The guide's pictures
// are taken here.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { childEnvironment, endWithThisProcess } from '../../test/children.ts'
import { freePort } from '../../test/ports.ts'
import { isShown, openBrowser, openPage, signInBy, type Watched } from './browser.ts'

const root = join(import.meta.dirname, '../..')
/** Where the pictures of the guide go, where somebody names a folder for them (`npm run pictures`). */
const pictures = process.env.CADASTRE_TEST_PICTURES
const ofPictures = { width: 1280, height: 800 }
const dayMs = 86_400_000

let demo: ChildProcess
let browser: Browser
let olga: Watched

before(async () => {
  demo = spawn(process.execPath, [join(root, 'scripts/demo.ts'), '--keep'], {
    env: { ...childEnvironment, CADASTRE_PORT: String(await freePort()) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  endWithThisProcess(demo)
  const link = await linkOf(demo)
  browser = await openBrowser()
  olga = await openPage(browser, new URL(link).origin)
  if (pictures !== undefined) {
    mkdirSync(pictures, { recursive: true })
    await olga.page.setViewportSize(ofPictures)
  }
  await signInBy(olga, link)
})
after(async () => {
  await browser?.close()
  demo.kill('SIGTERM')
  await once(demo, 'exit')
})

/** What the demo ends with. */
function linkOf(child: ChildProcess): Promise<string> {
  let text = ''
  return new Promise((resolve, reject) => {
    child.stdout!.setEncoding('utf8').on('data', (part: string) => {
      text += part
      const link = /http:\S+\/console\/sign-in#\S+(?=\n)/.exec(text)?.[0]
      if (link !== undefined) resolve(link)
    })
    child.once('exit', () => reject(new Error(`The demo ended without a link:\n${text}`)))
  })
}
async function picture(name: string): Promise<void> {
  if (pictures === undefined) return
  await olga.page.mouse.move(0, 0)
  await olga.page.screenshot({ path: join(pictures, `${name}.png`), animations: 'disabled' })
}
/** From wherever somebody is: by the name in the navigation. */
async function goTo(name: string): Promise<void> {
  await olga.page.getByRole('navigation').getByRole('link', { name, exact: true }).click()
  await isShown(olga, name)
}

test('which pool runs dry first stands on the first page, with the day', async () => {
  const { page } = olga
  const first = page.getByRole('link', { name: 'dev-egress' })
  await first.waitFor()
  await picture('overview')
  const text = await page.getByRole('main').innerText()
  const days = [...text.matchAll(/dry on (\d{4}-\d\d-\d\d)/g)].map(([, day]) => day!)
  assert.ok(days.length >= 2, text)
  assert.deepEqual(days, days.toSorted(), 'the first one first')
  // The first is full; the next has a day of its own, some weeks ahead.
  const ahead = Date.parse(days[1] ?? '') - Date.now()
  assert.ok(ahead > 3 * dayMs && ahead < 60 * dayMs, days.join())
  await page.getByRole('link', { name: 'prod-egress' }).click()
  await isShown(olga, 'prod-egress')
  await page.getByRole('heading', { name: 'Map of 203.0.113.0/28' }).waitFor()
  await picture('pool')
})

test('who had an address last Tuesday: typed into the search, and the day chosen', async () => {
  const { page } = olga
  await page.keyboard.press('/')
  await page.keyboard.type('203.0.113.0')
  await page.keyboard.press('Enter')
  await isShown(olga, '203.0.113.0')
  await page.getByText(/^shop .*has/).waitFor()
  await picture('address')
  // Not one of which a part may be less than a day ago.
  const today = new Date()
  const tuesday = new Date(today.getTime() - (((today.getUTCDay() + 3) % 7) + 2) * dayMs)
  assert.equal(tuesday.getUTCDay(), 2)
  await page.getByLabel('On the day').fill(tuesday.toISOString().slice(0, 10))
  await page.keyboard.press('Enter')
  // Whoever has it since is not who had it then.
  await page.getByText(/^shop .*has/).waitFor({ state: 'detached' })
  await page.getByText(/^payments .*had/).waitFor()
})

test('why a team was denied: from the chart to the decision, with the way to comply', async () => {
  const { page } = olga
  await goTo('Overview')
  await page.getByRole('link', { name: /^Denied: \d/ }).click()
  await isShown(olga, 'Decisions')
  await picture('decisions')
  const denied = page
    .getByRole('table', { name: 'Decisions' })
    .getByRole('row')
    .filter({ hasText: /shop[^-].*vpc/s })
  await denied.getByRole('link').first().click()
  await isShown(olga, /denied/i)
  await page
    .getByText(/does not let you choose/)
    .first()
    .waitFor()
  await page.getByRole('button', { name: 'Ask for an exception' }).waitFor()
  await picture('denied')
})

test('what a stricter policy would break: its candidate has counted it', async () => {
  const { page } = olga
  await goTo('Policies')
  await page.getByRole('link', { name: 'production' }).click()
  await page.getByRole('link', { name: /^Candidate/ }).click()
  await isShown(olga, /^Candidate of production/)
  const table = page.getByRole('table', { name: 'What it would have answered otherwise' })
  await table.getByRole('row').filter({ hasText: 'shop' }).waitFor()
  assert.match(await table.getByRole('row').filter({ hasText: 'shop' }).innerText(), /vpc in eu-central-1\s+1/)
  await picture('candidate')
})
