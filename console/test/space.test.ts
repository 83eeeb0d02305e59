// Address space in a real browser, on a real server: what is free is allocated or made a pool of, the map of any moment, and a life.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { buildConsole } from '../../scripts/console.ts'
import {
  assertHarmless,
  findViolations,
  isShown,
  narrow,
  openBrowser,
  openPage,
  signInBy,
  type Watched,
  wide,
} from './browser.ts'
import { type Estate, openEstate, payload } from './estate.ts'

const requestsMax = 6
const pictures = process.env.CADASTRE_TEST_PICTURES
let estate: Estate
let browser: Browser
let olga: Watched

before(async () => {
  await buildConsole()
  estate = await openEstate()
  browser = await openBrowser()
  olga = await openPage(browser, estate.url)
  await signInBy(olga, await estate.linkFor('olga', 'organization-administrator'))
  await isShown(olga, 'Overview')
  if (pictures !== undefined) mkdirSync(pictures, { recursive: true })
})
after(async () => {
  await browser?.close()
  await estate?.remove()
})
const go = async (path: string, heading?: string | RegExp): Promise<void> => {
  olga.clear()
  await olga.page.goto(`${estate.url}/console${path}`)
  await isShown(olga, heading)
}
/** Somebody chooses by keyboard: the first letters, and the choice. */
const choose = async (label: string, option: string | RegExp): Promise<void> => {
  await olga.page.getByRole('button', { name: label }).press('Enter')
  await olga.page.getByRole('option', { name: option }).first().click()
}

test('a free block of the map is allocated by keyboard; what policy denies says how to comply and leads to an exception', async () => {
  const { page } = olga
  await page.setViewportSize(wide)
  await go(`/pools/${estate.ids.pool}`, 'prod')
  assert.ok(olga.asked.length <= requestsMax, olga.asked.join(' '))
  await page.getByRole('link', { name: 'Allocate 10.20.128.0/17' }).press('Enter')
  await isShown(olga, 'Allocate from prod')
  const { page: form } = olga
  await form.getByRole('textbox', { name: /^Exactly this CIDR/ }).fill('10.20.200.0/24')
  await form.getByRole('button', { name: 'Allocate', exact: true }).press('Enter')
  await form.getByText('Choose whose it is to be.').waitFor()
  await choose('Account', /img src/)
  await choose('Type', /^vpc\b/)
  await form.getByRole('textbox', { name: /^Name/ }).fill('cart')
  assert.deepEqual(await findViolations(olga), [])
  await form.getByRole('button', { name: 'Allocate', exact: true }).press('Enter')
  await form.getByText('Given: 10.20.200.0/24').waitFor()

  await go(
    `/allocations/new?${new URLSearchParams({ poolId: estate.ids.lab, cidr: '10.30.0.0/28' })}`,
    'Allocate from lab',
  )
  await choose('Account', /img src/)
  await choose('Type', /^vpc\b/)
  await form.getByRole('button', { name: 'Allocate', exact: true }).press('Enter')
  await form.getByText('The way to comply:').waitFor()
  if (pictures !== undefined) await page.screenshot({ path: join(pictures, 'space-denied.png'), fullPage: true })
  await form.getByRole('button', { name: 'Ask for an exception' }).press('Enter')
  await form.getByRole('dialog', { name: 'Ask for an exception' }).waitFor()
})

test('a free tile makes a pool, which lies in the tree and in the map of its scope', async () => {
  const { page } = olga
  await go(`/pools/${estate.ids.pool}?tile=10.20.64.0/24`, 'prod')
  await page.getByRole('button', { name: 'Make a pool here' }).click()
  await isShown(olga, 'Make a pool in prod')
  assert.equal(await page.getByRole('textbox', { name: /^Its space/ }).inputValue(), '10.20.64.0/24')
  await page.getByRole('textbox', { name: 'Name' }).fill('kiosks')
  await page.getByRole('button', { name: 'Make the pool' }).click()
  await isShown(olga, 'kiosks')
  await go('/pools', 'Address space')
  assert.ok(olga.asked.length <= requestsMax, olga.asked.join(' '))
  await page.getByRole('link', { name: 'kiosks', exact: true }).waitFor()
  // One that is made later stands between: what is below a pool is under it all the same.
  const names = await page.getByRole('table').locator('.tree-name a').allTextContents()
  assert.equal(names.indexOf('kiosks'), names.indexOf('prod') + 1, names.join(' '))
  await page.getByRole('img', { name: /^Map of 10\.\S+ of .* scope/ }).waitFor()
})

test('whoever may not make anything is told by each button which role it takes and who gives it', async () => {
  const una = await openPage(browser, estate.url)
  await signInBy(una, await estate.linkFor('una', 'auditor'))
  for (const [path, name, role] of [
    ['/pools', 'Allocate', 'resource-operator'],
    ['/pools', 'Make a pool', 'ipam-administrator'],
    [`/pools/${estate.ids.pool}`, 'Make a pool in it', 'ipam-administrator at .+ or above'],
    ['/sources', 'Make a source', 'ipam-administrator'],
    ['/policies', 'Make a policy', 'policy-author'],
    ['/exceptions', 'Break the glass', 'approver'],
  ] as const) {
    await una.page.goto(`${estate.url}/console${path}`)
    const button = una.page.getByRole('button', { name, exact: true })
    await button.and(una.page.locator('[aria-disabled=true]')).focus()
    const said = una.page.getByRole('tooltip')
    await said.getByText(new RegExp(`It takes the role .*${role}\\. Whoever is organization-administrator`)).waitFor()
  }
  await una.context.close()
})

test('the map of an earlier moment is what it was, and says what has changed since, by whom', async () => {
  const { page } = olga
  const before = new Date().toISOString()
  const taken = { account: estate.ids.account, resourceType: 'vpc', locale: 'eu-central-1' }
  await estate.ask('POST', '/allocations', {
    ...taken,
    scopeType: 'private',
    cidr: '10.20.240.0/24',
    poolId: estate.ids.pool,
  })
  const now = `/pools/${estate.ids.pool}?window=10.20.240.0/20`
  const img = (tiles: number) =>
    page.getByRole('img', { name: new RegExp(`^Map of 10\\.20\\.240\\.0/20 .*: ${tiles} of`) })
  await go(now, 'prod')
  await img(16).waitFor()
  await go(`${now}&at=${before}&tab=changes`, 'prod')
  await img(0).waitFor()
  const row = page.getByRole('row', { name: /10\.20\.240\.0\/24/ })
  await row.getByText('createAllocation').waitFor()
  await row.getByText(/user\/olga/).waitFor()
  await row.getByRole('link', { name: /^Decision of/ }).waitFor()
  // Nothing was there; to the present by keyboard.
  await page.getByRole('slider', { name: 'As of' }).press('End')
  await img(16).waitFor()
  assert.equal(new URL(page.url()).searchParams.has('at'), false)
})

test('of hundreds of tiles the table shows a page, and goes on beside the list of allocations, which stays where it is', async () => {
  const { page } = olga
  await estate.ask('POST', '/allocations', {
    ...{ account: estate.ids.account, resourceType: 'vpc', locale: 'eu-central-1', scopeType: 'private' },
    ...{ cidr: '10.20.224.0/24', poolId: estate.ids.pool },
  })
  await go(`/pools/${estate.ids.pool}?window=10.20.224.0/24`, 'prod')
  assert.equal(await page.getByRole('row', { name: /^10\.20\.224\.\d+\/32/ }).count(), 25)
  await page.getByRole('button', { name: 'Next page' }).press('Enter')
  await page.getByRole('button', { name: 'Open 10.20.224.25/32', exact: true }).waitFor()
  assert.deepEqual([...new URL(page.url()).searchParams.keys()], ['window', 'tiles'])
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'CSV' }).first().click()
  const csv = readFileSync(await (await download).path(), 'utf8')
  assert.equal(csv.trimEnd().split('\n').length, 257, 'a line for each, and the titles')
  // What lies behind the last one, as an old link may ask for, is the last page.
  await go(`/pools/${estate.ids.pool}?window=10.20.224.0/24&tiles=9999`, 'prod')
  await page.getByRole('button', { name: 'Open 10.20.224.255/32', exact: true }).waitFor()
})

test('a life is on one line, of an address, a range, a network and an account', async () => {
  const { page } = olga
  await go('/address?cidr=10.20.0.7', '10.20.0.7')
  await page.getByText('Whom to ask').waitFor()
  await page
    .getByRole('link', { name: /^Why: decision/ })
    .first()
    .waitFor()
  await go('/search?q=10.20.0.250-10.20.1.3', '10.20.0.250-10.20.1.3')
  await page.getByRole('link', { name: '10.20.0.0/24' }).first().waitFor()
  await go(`/address?account=${estate.ids.account}`, payload.slice(0, 50))
  await page.getByText('What it has, and what it had').waitFor()
  await page.getByRole('link', { name: '10.20.200.0/24' }).first().waitFor()
})

test('the pages of space load by their links, narrow and dark or wide and light, without a violation', async () => {
  const { page } = olga
  const { pool, account } = estate.ids
  const at = new Date(Date.now() - 1_000).toISOString()
  const pages: readonly (readonly [string, string, string | RegExp])[] = [
    ['space', '/pools', 'Address space'],
    ['pool', `/pools/${pool}?by=owner&tile=10.20.70.0/24`, 'prod'],
    ['pool-at', `/pools/${pool}?at=${at}&tab=changes`, 'prod'],
    ['pool-by-utilization', `/pools/${pool}?by=utilization&window=10.20.0.0/24`, 'prod'],
    ['allocate', `/allocations/new?poolId=${pool}&cidr=10.20.70.0%2F24`, 'Allocate from prod'],
    ['make-pool', '/pools/new', 'Make a pool'],
    ['life-of-account', `/address?account=${account}`, payload.slice(0, 50)],
    ['life-of-range', '/address?cidr=10.20.0.250-10.20.1.3', '10.20.0.250-10.20.1.3'],
  ]
  const wrong: string[] = []
  for (const [name, path, heading] of pages) {
    await page.setViewportSize(narrow)
    await page.emulateMedia({ colorScheme: 'dark' })
    await go(path, heading)
    if (olga.asked.length > requestsMax) wrong.push(`${path}: ${olga.asked.length} requests: ${olga.asked.join(' ')}`)
    await assertHarmless(olga, path)
    if (pictures !== undefined) await page.screenshot({ path: join(pictures, `${name}-narrow.png`), fullPage: true })
    wrong.push(...(await findViolations(olga)).map((violation) => `${path}, narrow and dark: ${violation}`))
    await page.setViewportSize(wide)
    await page.emulateMedia({ colorScheme: 'light' })
    if (pictures !== undefined) await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
    await assertHarmless(olga, path)
    wrong.push(...olga.said.map((line) => `${path}: ${line}`))
  }
  assert.deepEqual(wrong, [])
})
