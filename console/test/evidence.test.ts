// Evidence in a real browser: what the server answers is checked there, and an answer that was changed on the way is found and located.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser, Route } from 'playwright-core'
import { buildConsole } from '../../scripts/console.ts'
import { findViolations, isShown, narrow, openBrowser, openPage, signInBy, type Watched, wide } from './browser.ts'
import { type Estate, openEstate } from './estate.ts'

const pictures = process.env.CADASTRE_TEST_PICTURES
let estate: Estate
let browser: Browser
let olga: Watched
let folder: string
let key: string

before(async () => {
  await buildConsole()
  estate = await openEstate()
  folder = await mkdtemp(join(tmpdir(), 'cadastre-evidence-'))
  browser = await openBrowser()
  olga = await openPage(browser, estate.url)
  await sign()
  key = (await estate.command('audit', 'key')).trim()
  await signInBy(olga, await estate.linkFor('olga', 'organization-administrator'))
  if (pictures !== undefined) mkdirSync(pictures, { recursive: true })
})
after(async () => {
  await browser?.close()
  await estate?.remove()
  await rm(folder, { recursive: true, force: true })
})

/** A server signs every minute: the operator's command does so at once. */
const sign = (): Promise<string> => estate.command('audit', 'export', '--to', join(folder, 'log'))
const go = async (at: Watched, path: string, heading: string | RegExp): Promise<void> => {
  await at.page.goto(`${estate.url}/console${path}`)
  await isShown(at, heading)
}
async function picture(name: string): Promise<void> {
  if (pictures === undefined) return
  const { page } = olga
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
  await page.setViewportSize(narrow)
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.screenshot({ path: join(pictures, `${name}-narrow.png`), fullPage: true })
  await page.setViewportSize(wide)
  await page.emulateMedia({ colorScheme: 'light' })
}

test('a denied decision is verified in the browser, from its page: whose log, how it grew, and that the page says what it says', async () => {
  const { page } = olga
  await go(olga, `/decisions/${estate.ids.denied}`, 'Denied')
  await page.getByRole('button', { name: 'Verify' }).click()
  await isShown(olga, `Verify ${estate.ids.denied}`)
  await page.getByText('is signed by the key that this server showed first.').waitFor()
  await page.getByText('This browser has seen no checkpoint before').waitFor()
  await page.getByText('The decision is as it was made, and this page says what it says.').waitFor()
  await picture('verify-decision')
  assert.deepEqual(await findViolations(olga), [])
  await page.getByRole('link', { name: 'The decision with its reasons' }).click()
  await isShown(olga, 'Denied')
  assert.deepEqual(olga.said, [])
})

test('the log is held against what this browser saw before, and a record of it is verified by its number', async () => {
  const { page } = olga
  await sign()
  await go(olga, '/evidence', 'Evidence')
  await page.getByText('This browser has checked the log up to').waitFor()
  await page.getByRole('button', { name: 'Verify now' }).click()
  await page.getByText('It is sound').waitFor()
  await page.getByText(/^It begins with the one of [\d,]+ records that this browser checked on/).waitFor()
  await picture('evidence')
  const [change] = (
    await estate.ask<{ items: { changeId: string; action: string }[] }>('GET', '/changes?action=createPolicy')
  ).items
  await page.getByRole('textbox', { name: 'A record, by its number' }).fill(change!.changeId)
  await page.getByRole('button', { name: 'Verify this record' }).click()
  await isShown(olga, `Verify change ${change!.changeId}`)
  await page.getByText('The record is as it was written, and this page says what it says.').waitFor()
  await page.getByRole('link', { name: 'The change in the record' }).click()
  await isShown(olga, 'createPolicy')
  await picture('change')
  assert.deepEqual(olga.said, [])
})

interface Tampering {
  readonly name: string
  readonly url: string
  readonly change: (text: string) => string
  readonly path: () => string
  readonly says: RegExp
}
const flip = (bytes: Buffer): Buffer => {
  bytes[0]! ^= 1
  return bytes
}
test('an answer that was changed on the way is found, and said where', async () => {
  const { page } = olga
  const ofDecision = `/evidence/verify?decision=${estate.ids.denied}`
  const tries: readonly Tampering[] = [
    {
      name: 'decision',
      url: '**/api/v1/decisions/*',
      change: (text) => text.replace('"outcome":"deny"', '"outcome":"allow"'),
      path: () => ofDecision,
      says: /What this page says of the decision is not what the log has/,
    },
    {
      name: 'record',
      url: '**/api/v1/changes/*/proof',
      change: (text) => text.replace('user/olga', 'user/anna'),
      path: () => ofDecision,
      says: /Who asked, and from where, is not what was written/,
    },
    {
      name: 'decision in the record',
      url: '**/api/v1/changes/*/proof',
      change: (text) => text.replace('4:deny', '4:warn'),
      path: () => ofDecision,
      says: /A decision that was made for it is not what was written/,
    },
    {
      name: 'leaf',
      url: '**/api/v1/changes/*/proof',
      change: (text) => text.replace(/"leaf":"../, '"leaf":"00'),
      path: () => ofDecision,
      says: /does not have this record at place/,
    },
    {
      name: 'checkpoint',
      url: '**/api/v1/changes/*/proof',
      change: (text) => text.replace(/(c2sp[^"]*?cadastre\/[0-9a-f]{5}\\n)(\d+)/, '$11$2'),
      path: () => ofDecision,
      says: /The signature of the newest checkpoint does not fit what it says/,
    },
  ]
  for (const { name, url, change, path, says } of tries) {
    let isChanged = false
    const tamper = async (route: Route): Promise<void> => {
      const response = await route.fetch()
      const text = await response.text()
      isChanged ||= change(text) !== text
      await route.fulfill({ response, body: change(text) })
    }
    await page.route(url, tamper)
    await page.goto(`${estate.url}/console${path()}`)
    await page.getByText(/^(This is not what was signed|It is sound|Nothing is wrong)$/).waitFor()
    assert.ok(isChanged, `${name} was changed`)
    await page.getByText(says).first().waitFor()
    await page.unroute(url)
  }
  await picture('tampered')
  // A part of the log itself, which tells that it goes on from what this browser saw.
  await estate.ask('POST', '/exceptions', { decisionId: estate.ids.denied, reason: 'One more', for: '7d' })
  await sign()
  await page.route('**/evidence/log/tile/**', async (route) => {
    const response = await route.fetch()
    await route.fulfill({ response, body: flip(await response.body()) })
  })
  await go(olga, '/evidence', 'Evidence')
  await page.getByRole('button', { name: 'Verify now' }).click()
  await page
    .getByText(/The log does not begin with the one of .* \(tile 0\/0\) is not what was signed/)
    .first()
    .waitFor()
  await page.unroute('**/evidence/log/tile/**')
  await page.getByRole('button', { name: 'Verify now' }).click()
  await page.getByText('It is sound').waitFor()
})

test('a key from elsewhere is compared with what the server shows, and the checks go by it', async () => {
  const { page } = olga
  await go(olga, '/evidence', 'Evidence')
  const field = page.getByRole('textbox', { name: 'A key that you have from elsewhere' })
  const compare = page.getByRole('button', { name: 'Compare, and go by this key' })
  await field.fill('something')
  await compare.click()
  await page.getByText('A key is one line').waitFor()
  await field.fill('cadastre/0a1b2+00000000+AV0zP8l0x1uQ0k3fN2rQ7m9sT4vW6xY8zA1bC3dE5fG7')
  await compare.click()
  await page.getByText('This is no key').waitFor()
  const other = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
  await field.fill(other)
  await compare.click()
  await page.getByText('They are not the same').waitFor()
  await page.getByRole('button', { name: 'Verify now' }).click()
  await page.getByText('The newest checkpoint is not signed by the key that you have brought.').first().waitFor()
  await field.fill(key)
  await compare.click()
  await page.getByText('They are the same').waitFor()
  await page.getByRole('button', { name: 'Verify now' }).click()
  await page.getByText('is signed by the key that you have brought.').waitFor()
  await page.getByRole('button', { name: 'Forget what this browser keeps' }).click()
  await page.getByText('They are the same').waitFor({ state: 'detached' })
})

test('whoever sees a part alone is told what is proven and what is not', async () => {
  const una = await openPage(browser, estate.url)
  await signInBy(una, await estate.linkFor('una', 'auditor', estate.ids.account))
  await una.page.goto(`${estate.url}/console/evidence/verify?decision=${estate.ids.denied}`)
  await una.page.getByText('That there is such a record is proven').waitFor()
  await una.context.close()
})

test('an evidence pack is made, saved, and verified elsewhere with the public key alone', async () => {
  const { page } = olga
  await go(olga, '/evidence', 'Evidence')
  await page.getByRole('button', { name: 'Make an evidence pack' }).click()
  await isShown(olga, 'Evidence pack')
  await page.getByRole('textbox', { name: 'Until, the day after the last one' }).fill('yesterday')
  await page.getByRole('button', { name: 'Make it and save it' }).click()
  await page.getByText('Say a day as YYYY-MM-DD.').waitFor()
  await page.getByRole('textbox', { name: 'Until, the day after the last one' }).fill('2999-01-01')
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Make it and save it' }).click(),
  ])
  await page.getByText('It is saved').waitFor()
  assert.match(new URL(page.url()).search, /until=2999-01-01/)
  await picture('pack')
  assert.deepEqual(await findViolations(olga), [])
  const file = join(folder, 'pack.ndjson')
  await saved.saveAs(file)
  assert.match(await estate.command('audit', 'verify', file, '--key', key), /: sound\./)
  const text = await readFile(file, 'utf8')
  await writeFile(file, text.replace('user:olga', 'user:anna'))
  await assert.rejects(estate.command('audit', 'verify', file, '--key', key), /record-unproven/)
})
