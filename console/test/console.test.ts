// The console in a real browser, on a real server: every page, and what somebody does there.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
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

/** Budgets: what a first visit loads, and how much a page may ask. */
const firstBytesMax = 400_000
const requestsMax = 6
/** Screenshots are for people to look at, where somebody names a folder for them. */
const pictures = process.env.CADASTRE_TEST_PICTURES

let estate: Estate
let browser: Browser
let olga: Watched

before(async () => {
  await buildConsole()
  estate = await openEstate()
  browser = await openBrowser()
  olga = await openPage(browser, estate.url)
  if (pictures !== undefined) mkdirSync(pictures, { recursive: true })
})
after(async () => {
  await browser?.close()
  await estate?.remove()
})

const go = async (at: Watched, path: string, heading?: string | RegExp): Promise<void> => {
  await at.page.goto(`${estate.url}/console${path}`)
  await isShown(at, heading)
}

test('a link of the operator signs in, once; whoever is nobody comes back to the page they wanted', async () => {
  const { page } = olga
  const link = await estate.linkFor('olga', 'organization-administrator')
  await signInBy(olga, link)
  assert.doesNotMatch(page.url(), /#/, 'the secret has left the address')
  assert.ok(olga.bytes() > 100_000 && olga.bytes() < firstBytesMax, `the first page loads ${olga.bytes()} bytes`)
  if (pictures !== undefined) console.log(`the first page loads ${olga.bytes()} bytes`)
  assert.deepEqual(olga.said, [])
  const cookies = await olga.context.cookies()
  assert.deepEqual(
    cookies
      .map(({ name, httpOnly, sameSite }) => ({ name, httpOnly, sameSite }))
      .sort((one, other) => one.name.localeCompare(other.name)),
    [
      { name: 'cadastre-page', httpOnly: false, sameSite: 'Strict' },
      { name: 'cadastre-session', httpOnly: true, sameSite: 'Strict' },
    ],
  )
  const other = await openPage(browser, estate.url)
  await other.page.goto(link)
  await other.page.getByText('You are not signed in').waitFor()
  await other.page.goto(`${estate.url}/console/decisions?outcome=deny`)
  await isShown(other, 'Sign in to Cadastre')
  assert.equal(new URL(other.page.url()).searchParams.get('returnTo'), '/decisions?outcome=deny')
  assert.deepEqual(await findViolations(other), [])
  await other.context.close()
})

test('every page loads by its link, narrow and dark or wide and light, without a violation, with few requests', async () => {
  const { ids } = estate
  const pages: readonly (readonly [string, string, string | RegExp])[] = [
    ['overview', '/', 'Overview'],
    ['start', '/start', 'First minutes'],
    ['pools', '/pools', 'Address space'],
    ['pool', `/pools/${ids.pool}`, 'prod'],
    ['allocations', '/allocations', 'Allocations'],
    ['address', '/address?cidr=10.20.0.7', '10.20.0.7'],
    ['account', `/account?id=${ids.account}`, payload.slice(0, 50)],
    ['move-account', `/account/move?id=${ids.account}`, /^Move/],
    ['search', `/search?q=${encodeURIComponent(payload)}`, /Search/],
    ['decisions', '/decisions', 'Decisions'],
    ['decision', `/decisions/${ids.denied}`, 'Denied'],
    ['try', `/try?account=${ids.account}&resourceType=vpc&locale=eu-central-1`, 'Try it'],
    ['policies', '/policies', 'Policies'],
    ['policy', `/policies/${ids.policy}`, 'production'],
    ['policy-versions', `/policies/${ids.policy}/versions`, 'Versions of production'],
    [
      'policy-document',
      `/policies/${ids.policy}/document?locale=eu-central-1&resourceType=vpc&account=${ids.account}`,
      'vpc in eu-central-1',
    ],
    ['policy-new', '/policies/new', 'Make a policy'],
    ['policy-assignment', `/policies/${ids.policy}/assignment`, 'Enable production'],
    ['policy-candidate', `/policies/${ids.policy}/candidate?targetId=${ids.account}`, /^Candidate of production/],
    ['policy-matrix', '/policies/matrix', 'What is in force where'],
    ['simulations', '/simulations', 'Simulations'],
    ['exceptions', '/exceptions', 'Exceptions'],
    ['exception', `/exceptions/${ids.exception}`, payload],
    ['exception-new', '/exceptions/new?kind=break-glass', 'Break the glass'],
    ['change-requests', '/change-requests', 'Change requests'],
    ['change-request', `/change-requests/${ids.changeRequest}`, payload],
    ['change-request-edit', `/change-requests/${ids.changeRequest}/edit`, /^Edit: /],
    ['waiting', '/waiting', 'Waiting for me'],
    ['record', '/changes', 'Record'],
    ['change', `/changes/${ids.change}`, /^\w+$/],
    ['evidence', '/evidence', 'Evidence'],
    ['evidence-pack', '/evidence/pack', 'Evidence pack'],
    ['verify', `/evidence/verify?decision=${ids.denied}`, `Verify ${ids.denied}`],
    ['compliance', '/compliance', 'Compliance'],
    ['findings', '/findings', 'Findings'],
    ['sources', '/sources', 'Estate'],
    ['source-new', '/sources/new', 'Make a source'],
    ['organization', '/organization', 'Organization'],
    ['roles', '/roles', 'Roles'],
    ['tokens', '/tokens', 'Tokens and sessions'],
    ['nowhere', '/nowhere/at/all', 'There is no such page'],
  ]
  const { page } = olga
  const wrong: string[] = []
  for (const [name, path, heading] of pages) {
    await page.setViewportSize(narrow)
    await page.emulateMedia({ colorScheme: 'dark' })
    olga.clear()
    await go(olga, path, heading)
    if (olga.asked.length > requestsMax) wrong.push(`${path}: ${olga.asked.length} requests: ${olga.asked.join(' ')}`)
    await assertHarmless(olga, path)
    if (pictures !== undefined) await page.screenshot({ path: join(pictures, `${name}-narrow.png`) })
    wrong.push(...(await findViolations(olga)).map((violation) => `${path}, narrow and dark: ${violation}`))
    await page.setViewportSize(wide)
    await page.emulateMedia({ colorScheme: 'light' })
    if (pictures !== undefined) await page.screenshot({ path: join(pictures, `${name}.png`) })
    await assertHarmless(olga, path)
    // Lists are made of the same parts: those that have others, too, are looked at once more.
    if (path.includes('-') || name === 'overview' || name === 'try')
      wrong.push(...(await findViolations(olga)).map((violation) => `${path}, wide and light: ${violation}`))
    wrong.push(...olga.said.map((line) => `${path}: ${line}`))
  }
  assert.deepEqual(wrong, [])
})

test('a session that ends and a server that is away cost nothing that was typed', async () => {
  const { page, context } = olga
  await page.setViewportSize(wide)
  await go(olga, `/decisions/${estate.ids.denied}`, 'Denied')
  await page.getByRole('button', { name: 'Ask for an exception' }).click()
  const dialog = page.getByRole('dialog')
  const reason = dialog.getByRole('textbox', { name: 'Reason' })
  const act = dialog.getByRole('button', { name: 'Ask', exact: true })
  await reason.fill('Typed before')
  await context.setOffline(true)
  await act.click()
  await dialog.getByText('The server cannot be reached.').waitFor()
  await page.getByText('The server does not answer.').waitFor()
  await context.setOffline(false)
  await page.getByText('The server does not answer.').waitFor({ state: 'detached' })
  const { tokenId } = await page.evaluate(
    async () => (await fetch('/api/v1/me')).json() as Promise<{ tokenId: string }>,
  )
  await estate.ask('DELETE', `/tokens/${tokenId}`)
  await act.click()
  await page.getByRole('heading', { name: 'Your session is over' }).waitFor()
  assert.equal(await reason.inputValue(), 'Typed before')
  const again = await context.newPage()
  await again.goto(await estate.linkFor('olga', 'organization-administrator'))
  await again.getByRole('button', { name: 'Sign in as olga' }).click()
  await again.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  await again.close()
  await page.getByRole('heading', { name: 'Your session is over' }).waitFor({ state: 'detached' })
  await act.click()
  await isShown(olga, 'Typed before')
})

test('the map is looked at closer by keyboard, says the same as its table, and back leads back', async () => {
  const { page } = olga
  await page.setViewportSize(wide)
  await go(olga, `/pools/${estate.ids.pool}`, 'prod')
  const map = page.getByRole('img', { name: /^Map of 10\.20\.0\.0\/16 of prod: 1 of 256 tiles are not wholly free/ })
  await map.waitFor()
  await page.getByRole('button', { name: 'Open 10.20.0.0/24' }).press('Enter')
  await page.getByRole('heading', { name: 'Map of 10.20.0.0/24' }).waitFor()
  assert.equal(new URL(page.url()).searchParams.get('window'), '10.20.0.0/24')
  await page.goBack()
  await map.waitFor()
  // Pointing at the first tile says what it is; the second is free.
  await map.hover({ position: { x: 5, y: 5 } })
  await page.getByText('10.20.0.0/24: 256 allocated').waitFor()
  await map.click({ position: { x: 5, y: 5 } })
  await page.getByRole('heading', { name: 'Map of 10.20.0.0/24' }).waitFor()
})

test('by keyboard alone: search an address, find out why a team was denied, ask for an exception; its asker cannot approve it', async () => {
  const { page } = olga
  const { keyboard } = page
  await page.setViewportSize(wide)
  await go(olga, '/', 'Overview')
  await keyboard.press('/')
  await keyboard.type('10.20.0.7')
  await keyboard.press('Enter')
  await isShown(olga, '10.20.0.7')
  await page.getByText('Everybody who had it').waitFor()
  await page.goBack()
  await isShown(olga, 'Overview')
  await page.getByRole('link', { name: /^Denied: [1-9]/ }).focus()
  await keyboard.press('Enter')
  await isShown(olga, 'Decisions')
  await page.getByRole('row').nth(1).getByRole('link').first().focus()
  await keyboard.press('Enter')
  await isShown(olga, 'Denied')
  await page.getByText('The way to comply').waitFor()
  await page.getByRole('button', { name: 'Ask for an exception' }).focus()
  await keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: 'Ask for an exception' })
  await dialog.getByRole('button', { name: 'Ask', exact: true }).press('Enter')
  await dialog.getByText('Say why.').waitFor()
  await dialog.getByRole('textbox', { name: 'Reason' }).press('Control+A')
  await keyboard.type('The fair on Saturday')
  assert.deepEqual(await findViolations(olga), [])
  await dialog.getByRole('button', { name: 'Ask', exact: true }).press('Enter')
  await isShown(olga, 'The fair on Saturday')
  await page.getByText('It is in force once somebody else has approved it.').waitFor()
  const approve = page.getByRole('button', { name: 'Approve' })
  await approve.focus()
  await page.getByRole('tooltip').getByText('You asked for it: somebody else').waitFor()
  assert.equal(await approve.getAttribute('aria-disabled'), 'true')

  const anna = await openPage(browser, estate.url)
  await signInBy(anna, await estate.linkFor('anna', 'approver'))
  await anna.page.getByRole('link', { name: 'The fair on Saturday' }).click()
  await isShown(anna, 'The fair on Saturday')
  await anna.page.getByRole('button', { name: 'Approve' }).click()
  await anna.page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click()
  await anna.page.getByText('The exception is approved.').waitFor()
  assert.deepEqual(anna.said, [])
  await anna.context.close()
})

test('I7 no markup can be made of text: the page permits neither inline scripts nor markup from strings', async () => {
  const { page } = olga
  await go(olga, '/', 'Overview')
  olga.clear()
  const tries = [
    "document.body.innerHTML = '<b>x</b>'",
    "document.body.setAttribute('onclick', 'window.hit = 1')",
    "document.createElement('script').src = 'https://elsewhere.example/x.js'",
  ]
  const attempts = tries.map((code) => `() => { ${code} }`)
  const tried = await page.evaluate(
    `[${attempts}].map((attempt) => { try { attempt(); return 'done' } catch (error) { return error.name } })`,
  )
  assert.deepEqual(tried, ['TypeError', 'TypeError', 'TypeError'])
})

test('whoever signs out is nobody, whatever back shows', async () => {
  const { page } = olga
  await go(olga, '/pools', 'Address space')
  await page.getByRole('button', { name: /^olga/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await isShown(olga, 'Sign in to Cadastre')
  assert.equal(await page.evaluate(async () => (await fetch('/api/v1/me')).status), 401)
  await page.goto(`${estate.url}/console/pools`)
  await isShown(olga, 'Sign in to Cadastre')
})
